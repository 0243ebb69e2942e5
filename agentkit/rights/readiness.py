"""How many people can be contacted today, by channel, purpose and law, and what to fix first.

Everybody is judged by the real gate (`agentkit.crm.reach`). What a missing field costs is found by
judging again with the field filled in: with the value that is most common among people like them.
That is an estimate, and nothing of it is kept.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from agentkit.action import Action
from agentkit.context import Contact, Person, Stop, Touch
from agentkit.crm import People, PeopleSource
from agentkit.crm.reach import LATER, ReviewMany, reasons_of
from agentkit.jurisdiction import jurisdiction_of

__all__ = ["CHANNELS", "Fix", "Line", "Overlay", "Readiness", "readiness"]

CHANNELS: Final = ("email", "sms", "phone")
_FIELDS: Final[Mapping[str, str]] = {
    "country": "country", "region": "state or province", "timezone": "time zone",
    "type": "consumer or business", "language": "language",
    "opt_out_offered": "whether they could opt out at the sale",
}  # fmt: skip
"""Fields that a person of the business can fill in, in words."""
_BATCH: Final = 1_000
_MOST_FIXES: Final = 2


@dataclass(frozen=True, slots=True)
class Line:
    """One channel and purpose.

    Attributes:
        channel: ``email``, ``sms`` or ``phone``.
        purpose: For what.
        people: How many there are.
        now: How many may be contacted at this minute.
        later: How many more later today.
        laws: How many may be contacted today, of how many, by whose law.
        reasons: Why the others may not, and how many, most first.
    """

    channel: str
    purpose: str
    people: int
    now: int
    later: int
    laws: tuple[tuple[str, int, int], ...]
    reasons: tuple[tuple[str, int], ...]

    @property
    def today(self) -> int:
        """How many may be contacted today."""
        return self.now + self.later


@dataclass(frozen=True, slots=True)
class Fix:
    """A field to fill in.

    Attributes:
        field: Its name in the record.
        words: In words.
        missing: How many people lack it.
        people: How many of them could be contacted today, by one channel at least, if it were
            filled with the commonest plausible value: an estimate.
        channels: How many by each channel.
    """

    field: str
    words: str
    missing: int
    people: int
    channels: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Readiness:
    """The whole answer.

    Attributes:
        people: How many there are.
        at: As of when.
        lines: One a channel and purpose.
        fixes: The fields to fill in first, at most two.
    """

    people: int
    at: datetime
    lines: tuple[Line, ...]
    fixes: tuple[Fix, ...]


class Overlay:
    """A source of people that can be asked "what if": every person passes through ``fill``."""

    def __init__(self, source: PeopleSource) -> None:
        """Change nothing yet."""
        self._source = source
        self.fill: Callable[[Contact], Contact] | None = None

    def people(self, tenant: str, actions: Sequence[Action]) -> Mapping[str, Person]:
        """The subjects of the actions, as they would be."""
        found, fill = self._source.people(tenant, actions), self.fill
        if fill is None:
            return found
        return People({i: replace(p, contact=fill(p.contact)) for i, p in found.items()})

    def stops(self, tenant: str) -> Sequence[Stop]:
        """The stop switches that hold now."""
        return self._source.stops(tenant)

    def runs(self, tenant: str, runs: Sequence[str]) -> Mapping[str, Sequence[Touch]]:
        """What each run has done so far."""
        return self._source.runs(tenant, runs)


def readiness(
    review_many: ReviewMany,
    overlay: Overlay,
    contacts: Sequence[Contact],
    now: datetime,
    *,
    tenant: str = "default",
    purposes: Sequence[str] = ("marketing",),
    channels: Sequence[str] = CHANNELS,
) -> Readiness:
    """Judge everybody, and judge again with gaps filled.

    Args:
        review_many: `Gate.review_many` of a gate with an open register, whose people come from
            ``overlay``.
        overlay: Where the gate's people come from.
        contacts: The people.
        now: The instant at which the gate judges.
        tenant: Whose people they are.
        purposes: For what; what to fix is worked out for the first.
        channels: How.
    """

    def judge(people: Sequence[Contact], channel: str, purpose: str) -> dict[str, str]:
        told: dict[str, str] = {}
        for start in range(0, len(people), _BATCH):
            chunk = people[start : start + _BATCH]
            told |= reasons_of(review_many, chunk, channel, now, tenant=tenant, purpose=purpose)
        return told

    lines, first = [], {}
    for purpose in purposes:
        for channel in channels:
            told = judge(contacts, channel, purpose)
            lines.append(_line(channel, purpose, contacts, told))
            if purpose == purposes[0]:
                first[channel] = told
    fixes = _fixes(judge, overlay, contacts, first, purposes[0]) if purposes else []
    return Readiness(len(contacts), now, tuple(lines), tuple(fixes[:_MOST_FIXES]))


def _line(channel: str, purpose: str, contacts: Sequence[Contact], told: Mapping[str, str]) -> Line:
    reasons = Counter(told.values())
    ready, later = reasons.pop("", 0), reasons.pop(LATER, 0)
    total, open_ = Counter[str](), Counter[str]()
    for contact in contacts:
        law = law_of(contact)
        total[law] += 1
        open_[law] += _reachable(told[contact.id])
    laws = tuple((law, open_[law], count) for law, count in total.most_common())
    why = tuple(reasons.most_common())
    return Line(channel, purpose, len(contacts), ready, later, laws, why)


def _reachable(reason: str) -> bool:
    return reason in {"", LATER}


def _fixes(
    judge: Callable[[Sequence[Contact], str, str], dict[str, str]],
    overlay: Overlay,
    contacts: Sequence[Contact],
    told: Mapping[str, Mapping[str, str]],
    purpose: str,
) -> list[Fix]:
    """What each missing field costs, the dearest first."""
    found = []
    for field, words in _FIELDS.items():
        missing = [c for c in contacts if not _value(c, field)]
        commonest = _commonest(contacts, field)
        if not missing or commonest is None:
            continue
        overlay.fill = _filler(field, commonest)
        back: set[str] = set()
        counts = []
        try:
            for channel, reasons in told.items():
                asked = [c for c in missing if _may_help(reasons[c.id])]
                again = judge(asked, channel, purpose)
                mine = {i for i, reason in again.items() if _reachable(reason)}
                back |= mine
                counts.append((channel, len(mine)))
        finally:
            overlay.fill = None
        if back:
            found.append(Fix(field, words, len(missing), len(back), tuple(counts)))
    return sorted(found, key=lambda fix: (-fix.people, fix.field))


def _may_help(reason: str) -> bool:
    """Whether a filled field could change a reason: no field undoes a no, or makes a mailbox."""
    return not (_reachable(reason) or reason == "they said no" or reason.startswith("no "))


def _commonest(contacts: Sequence[Contact], field: str) -> Callable[[Contact], Any] | None:
    """The value that most people have who are like a person; None where nobody has one."""
    overall = Counter[Any]()
    alike: dict[tuple[str, str], Counter[Any]] = {}
    for contact in contacts:
        value = _value(contact, field)
        if value:
            overall[value] += 1
            for key in _likeness(contact, field):
                alike.setdefault(key, Counter())[value] += 1
    if not overall:
        return None
    fallback = overall.most_common(1)[0][0]

    def choose(contact: Contact) -> Any:
        for key in _likeness(contact, field):
            if key in alike:
                return alike[key].most_common(1)[0][0]
        return fallback

    return choose


def _likeness(contact: Contact, field: str) -> list[tuple[str, str]]:
    """What makes two people alike for a field: the nearest first."""
    near = []
    if field in {"region", "timezone", "language", "type"} and contact.country:
        near.append(("country", contact.country))
    if field == "country":
        if contact.phone:
            near.append(("prefix", contact.phone[:3]))
        if contact.timezone:
            near.append(("timezone", contact.timezone))
        if contact.language:
            near.append(("language", contact.language))
    return near


def _value(contact: Contact, field: str) -> Any:
    if field in Contact.__slots__:
        return getattr(contact, field)
    return contact.fields.get(field)


def _filler(field: str, commonest: Callable[[Contact], Any]) -> Callable[[Contact], Contact]:
    def fill(contact: Contact) -> Contact:
        if _value(contact, field):
            return contact
        if field in Contact.__slots__:
            return replace(contact, **{field: commonest(contact)})
        return replace(contact, fields={**contact.fields, field: commonest(contact)})

    return fill


def law_of(contact: Contact) -> str:
    """Whose law a person lives under, in words."""
    place = jurisdiction_of(contact.country, contact.region)
    if not place.country_known:
        return "country not on record"
    for code, words in _LAWS:
        if code in place.codes:
            return words
    return "elsewhere"


_LAWS: Final = (
    ("DE", "Germany: UWG, GDPR"),
    ("EEA", "EU and EEA: ePrivacy, GDPR"),
    ("GB", "United Kingdom: PECR, UK GDPR"),
    ("US-TX", "Texas: TCPA, CAN-SPAM, SB 140"),
    ("US-FL", "Florida: TCPA, CAN-SPAM, FTSA"),
    ("US-CA", "California: TCPA, CAN-SPAM, CCPA"),
    ("US", "United States: TCPA, CAN-SPAM"),
    ("CA", "Canada: CASL"),
)
"""Code and words, the narrower first."""
