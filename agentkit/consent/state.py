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

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from agentkit.consent.points import normal_channel, point_key
from agentkit.consent.purposes import grant_serves, objection_hits
from agentkit.context import ConsentRecord, ConsentStatus
from agentkit.evidence import Finding

__all__ = ["CONTROLLER", "OBJECTIONS", "STRICTNESS", "ConsentState", "state"]

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
    covering = sorted((e for e in events if _covers(e, asked)), key=_order)
    deciding: ConsentRecord | None = None
    findings: list[Finding] = []
    for event in covering:
        if event.at > now:
            findings.append(_future(event))
            if event.status not in OBJECTIONS:
                continue
        if deciding is None or _replaces(event, deciding):
            deciding = event
    if deciding is None:
        return ConsentState("not_specified", findings=tuple(findings))
    return _settle(deciding, now, tuple(findings))


def _covers(event: ConsentRecord, asked: tuple[str, str, str, str]) -> bool:
    point, channel, purpose, brand = asked
    if event.status in OBJECTIONS:
        return (
            _open_or_same(event.brand, brand)
            or event.scope == CONTROLLER  # said to one brand, meant for all
        ) and (
            _open_or_same(normal_channel(event.channel), channel)
            and _open_or_same(point_key(event.point), point)
            and objection_hits(event.purpose, purpose)
        )
    return (
        event.brand in {"", brand}
        and normal_channel(event.channel) in {"", channel}
        and point_key(event.point) in {"", point}
        and grant_serves(event.purpose, purpose)
    )


def _open_or_same(said: str, asked: str) -> bool:
    return not said or not asked or said == asked


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
