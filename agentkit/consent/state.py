"""What a person has agreed to, derived from events and never stored.

An event covers a question where each of its point, channel, purpose and brand is empty (every
one) or the same; purposes have parts (`agentkit.consent.purposes`), and an objection whose scope
is the controller holds for every brand. Covering events are read in order of time:

* a grant, a withdrawal and a refusal each replace what was there;
* an expiry or "not specified" ends a grant, and never softens a withdrawal or a refusal;
* at one instant the stricter of two holds;
* a grant dated in the future is ignored, an objection dated in the future holds at once (a clock
  that runs ahead must not lose it); both are shown as findings.

A question may leave a dimension open (no brand known, say). Then a grant counts only where it was
given for every one, and an objection counts whatever it was made for: what is not known is never
consent.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from agentkit.consent.points import normal_channel, point_key
from agentkit.consent.purposes import grant_serves, objection_hits
from agentkit.context import ConsentRecord, ConsentStatus
from agentkit.evidence import Finding

__all__ = [
    "CONTROLLER",
    "OBJECTIONS",
    "STRICTNESS",
    "ConsentState",
    "Question",
    "answers",
    "covers",
    "derive",
    "state",
]

Question = tuple[str, str, str, str]
"""Point, channel, purpose and brand; an empty one is open."""

STRICTNESS: Final[dict[ConsentStatus, int]] = {
    "granted": 0,
    "not_specified": 1,
    "expired": 2,
    "refused": 3,
    "withdrawn": 4,
}
"""Larger is stricter."""
CONTROLLER: Final = "controller"
"""`ConsentRecord.scope` of an objection that holds for every brand, whichever it was said to."""
OBJECTIONS: Final[frozenset[ConsentStatus]] = frozenset({"withdrawn", "refused"})
"""Statuses by which a person says no: only a newer grant ends one."""


@dataclass(frozen=True, slots=True)
class ConsentState:
    """The answer to one question.

    Attributes:
        status: What holds; ``not_specified`` where no event covers the question.
        since: From when it holds; None where no event does.
        record: The event that decided; None where no event does.
        findings: Events that were set aside, for people.
    """

    status: ConsentStatus
    since: datetime | None = None
    record: ConsentRecord | None = None
    findings: tuple[Finding, ...] = ()


def state(
    events: Iterable[ConsentRecord],
    point: str,
    channel: str,
    purpose: str,
    brand: str,
    now: datetime,
) -> ConsentState:
    """Derive the state of one contact point x channel x purpose x brand.

    Args:
        events: All events of the person, in any order.
        point: The mailbox or number that would be reached.
        channel: The channel.
        purpose: The purpose.
        brand: The brand that speaks; empty where it is not known.
        now: As of when, aware.
    """
    asked = (point_key(point), normal_channel(channel), purpose, brand)
    return derive([e for e in events if answers(e, asked)], now)


def derive(covering: Sequence[ConsentRecord], now: datetime) -> ConsentState:
    """The state that events give which all cover the question, in any order."""
    deciding: ConsentRecord | None = None
    findings: list[Finding] = []
    for event in sorted(covering, key=_order) if len(covering) > 1 else covering:
        if event.at > now:
            findings.append(_future(event))
            if event.status not in OBJECTIONS:
                continue
        if deciding is None or _replaces(event, deciding):
            deciding = event
    if deciding is None:
        return ConsentState("not_specified", findings=tuple(findings))
    return _settle(deciding, now, tuple(findings))


def covers(said: Question, status: str, scope: str, asked: Question) -> bool:
    """Whether an event that said this, in normal form, answers the question."""
    point, channel, purpose, brand = said
    if status not in OBJECTIONS:
        return (
            brand in {"", asked[3]}
            and channel in {"", asked[1]}
            and point in {"", asked[0]}
            and grant_serves(purpose, asked[2])
        )
    return (
        (not brand or not asked[3] or brand == asked[3] or scope == CONTROLLER)
        and (not channel or not asked[1] or channel == asked[1])
        and (not point or not asked[0] or point == asked[0])
        and objection_hits(purpose, asked[2])
    )


def answers(event: ConsentRecord, asked: Question) -> bool:
    """Whether an event covers the question, however its parts are written."""
    said = (point_key(event.point), normal_channel(event.channel), event.purpose, event.brand)
    return covers(said, event.status, event.scope, asked)


def _order(event: ConsentRecord) -> tuple[datetime, int, float, str, str, str, str]:
    """Time, then strictness, then the earlier expiry last; the scope makes the order total."""
    lapse = float("-inf") if event.expires is None else -event.expires.timestamp()
    scope = (event.point, event.channel, event.purpose, event.brand)
    return (event.at, STRICTNESS[event.status], lapse, *scope)


def _replaces(event: ConsentRecord, held: ConsentRecord) -> bool:
    if event.status == "granted" or event.status in OBJECTIONS:
        return True
    return held.status not in OBJECTIONS


def _settle(event: ConsentRecord, now: datetime, findings: tuple[Finding, ...]) -> ConsentState:
    if event.status == "granted" and event.expires is not None and event.expires <= now:
        return ConsentState("expired", event.expires, event, findings)
    return ConsentState(event.status, event.at, event, findings)


def _future(event: ConsentRecord) -> Finding:
    what = "holds already" if event.status in OBJECTIONS else "is ignored until then"
    return Finding(
        label="consent-dated-in-the-future",
        message=f"an event '{event.status}' is dated {event.at:%Y-%m-%d %H:%M} UTC and {what}",
        source=event.source,
    )
