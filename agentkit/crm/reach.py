"""Who can be contacted today, and why the others cannot: asked of the gate, not guessed.

Every person gets a probe: a message without words, judged like any other and never recorded. So
the answer changes with the constitution and not with this module.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from agentkit.action import Action, Sender
from agentkit.consent.points import normal_channel
from agentkit.context import Contact
from agentkit.verdict import Review, Ruling

__all__ = ["LATER", "Reach", "ReviewMany", "reach_of", "reasons_of"]

ReviewMany = Callable[[Sequence[Action]], Sequence[Review]]

_OBJECTIONS: Final = frozenset({"withdrawn", "refused"})
LATER: Final = "later today"
"""The reason of those who may be contacted later on the same day (UTC)."""
_POINTS: Final[Mapping[str, str]] = {
    "email": "no e-mail address on record",
    "sms": "no mobile number on record",
    "phone": "no telephone number on record",
}
_MISSING: Final[Mapping[str, str]] = {
    "contact.country": "country not on record, so nobody knows which law holds",
    "contact.region": "state not on record, and state law differs",
    "contact.timezone": "time zone and country not on record",
    "contact.type": "consumer or business not on record",
    "contact.opt_out_offered": "not on record whether they could opt out at the sale",
}


@dataclass(frozen=True, slots=True)
class Reach:
    """How many people one channel reaches on one day.

    Attributes:
        channel: ``email``, ``sms`` or ``phone``.
        people: How many there are.
        allowed: CRM ids of those who may be contacted at this minute.
        later: How many more may be later on the same day (UTC).
        reasons: Why the others may not, with how many each, most first.
    """

    channel: str
    people: int
    allowed: tuple[str, ...]
    later: int
    reasons: tuple[tuple[str, int], ...]

    @property
    def today(self) -> int:
        """How many may be contacted today."""
        return len(self.allowed) + self.later


def reach_of(
    review_many: ReviewMany,
    contacts: Sequence[Contact],
    channel: str,
    now: datetime,
    *,
    tenant: str = "default",
    purpose: str = "marketing",
) -> Reach:
    """Judge a probe for each contact.

    Args:
        review_many: `Gate.review_many` of a gate whose register is open, as no agent asks.
        contacts: The people.
        channel: How they would be contacted.
        now: The instant at which the gate judges.
        tenant: Whose people they are.
        purpose: For what.
    """
    channel = normal_channel(channel)
    told = reasons_of(review_many, contacts, channel, now, tenant=tenant, purpose=purpose)
    reasons = Counter(told.values())
    later = reasons.pop(LATER, 0)
    reasons.pop("", None)
    allowed = tuple(id_ for id_, reason in told.items() if not reason)
    return Reach(channel, len(contacts), allowed, later, tuple(reasons.most_common()))


def reasons_of(
    review_many: ReviewMany,
    contacts: Sequence[Contact],
    channel: str,
    now: datetime,
    *,
    tenant: str = "default",
    purpose: str = "marketing",
) -> dict[str, str]:
    """Why each person may not be contacted: empty if they may now, `LATER` if later today.

    Args:
        review_many: `Gate.review_many` of a gate whose register is open, as no agent asks.
        contacts: The people.
        channel: How they would be contacted.
        now: The instant at which the gate judges.
        tenant: Whose people they are.
        purpose: For what.
    """
    channel = normal_channel(channel)
    nowhere = _POINTS.get(channel, "no contact point")
    told = {c.id: nowhere for c in contacts}
    probes = [_probe(c, channel, purpose, tenant) for c in contacts if _point(c, channel)]
    for review in review_many(probes):
        told[review.action.subject] = _reason(review, now)
    return told


def _point(contact: Contact, channel: str) -> str:
    if channel == "sms":
        return str(contact.fields.get("mobile") or contact.phone)
    return contact.point(channel)


def _probe(contact: Contact, channel: str, purpose: str, tenant: str) -> Action:
    return Action.create(
        id=f"reach:{channel}:{contact.id}",
        kind="call.place" if channel == "phone" else "message.send",
        tenant=tenant,
        subject=contact.id,
        channel=channel,
        purpose=purpose,
        sender=Sender(str(contact.fields.get("brand", ""))),
    )


def _reason(review: Review, now: datetime) -> str:
    """Empty where the person may be contacted now, `LATER` where later today; else why not."""
    verdict, facts = review.verdict, review.facts
    if verdict.ruling is Ruling.ALLOW:
        return ""
    if verdict.ruling is Ruling.DENY:
        return _denied(review)
    if verdict.ruling is Ruling.ESCALATE:
        return "a person must decide first"
    if verdict.tasks:
        return _MISSING.get(verdict.tasks[0], f"{verdict.tasks[0]} not on record")
    if verdict.until is not None and verdict.until.date() == now.date():
        return LATER
    return (
        "contacted often enough for now" if facts.get("consent.recent_marketing") else "not today"
    )


def _denied(review: Review) -> str:
    facts = review.facts
    if facts.get("consent.suppressed") is True or facts.get("consent.status") in _OBJECTIONS:
        return "they said no"
    if facts.get("consent.basis") == "none":
        expired = facts.get("consent.status") == "expired"
        return "their consent has expired" if expired else "never agreed, and the law asks for it"
    return review.verdict.fired[0].article.replace("-", " ")
