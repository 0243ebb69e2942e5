"""Whether, on what ground and when a person may be contacted.

Consent belongs to a contact point x brand x purpose; its state is derived from the events each
time. What needs consent differs by country and channel, so articles read ``consent.basis`` and not
the status alone: a plain "no consent, deny" would deny lawful business.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import Final, NamedTuple

from agentkit import (
    Action,
    ConsentRecord,
    Contact,
    Context,
    Evidence,
    Finding,
    Manifest,
    Person,
    Unknown,
    consent_state,
    countries_of,
    fact,
    hookimpl,
)
from agentkit_plugins.grounds import (
    NEVER,
    SoftOptIn,
    Status,
    basis_of,
    months_before,
    relation_of,
    soft_opt_in_of,
)
from agentkit_plugins.legal_basis import Basis
from agentkit_plugins.limits import no_contacts, recent
from agentkit_plugins.local_time import LocalTime, local_time
from agentkit_plugins.public_holidays import holidays_at
from agentkit_plugins.purposes import SERVICE_PURPOSES

__all__ = ["Consent"]

_WITHOUT_POINT: Final = frozenset({"chat", "post"})
_CHECKOUT: Final = "params.opt_out_at_checkout"
_OWN_RANGE: Final = "params.own_similar_products"
_NO_PERSON: Final = Unknown("the CRM has no such contact")
_NO_ZONE: Final = Unknown("no time zone and no country on record", "contact.timezone")
_NO_PLACE: Final = Unknown("which holidays are kept is open: no country", "contact.country")
_NO_TABLE: Final = Unknown("no table of public holidays covers the country")
_NOT_ASKED: Final = SoftOptIn(
    from_sale=False, own_similar=False, opt_out_offered=False, holds=False
)


class Consent(
    Evidence, namespace="consent", version=1, kinds=["message.send", "call.place"], volatile=True
):
    """What the records say about contacting this person by this channel for this purpose, now."""

    needed: bool = fact(doc="the purpose is held to the rules of marketing")
    status: Status | Unknown = fact(personal=True, doc="consent of this point, brand, purpose")
    basis: Basis | Unknown = fact(personal=True, doc="the ground that country and channel give")
    suppressed: bool | Unknown = fact(personal=True, doc="never to be contacted for marketing")
    soft_opt_in: bool | Unknown = fact(
        personal=True, doc="ePrivacy Art. 13(2): own customer, as far as records tell"
    )
    existing_customer: bool | Unknown = fact(
        personal=True, doc="purchase or contract, running or ended within two years"
    )
    double_opt_in: bool | Unknown = fact(personal=True, doc="the consent was confirmed twice")
    point_known: bool | Unknown = fact(doc="the record has an address or number for the channel")
    recent_marketing: int | Unknown = fact(personal=True, doc="marketing contacts in seven days")
    recent_day: int | Unknown = fact(personal=True, doc="marketing contacts in 24 hours")
    oldest_recent: datetime | Unknown = fact(
        personal=True, doc="first marketing contact of the last seven days; now if there is none"
    )
    hour_min: int | Unknown = fact(doc="smallest local hour over all plausible zones")
    hour_max: int | Unknown = fact(doc="largest local hour over all plausible zones")
    zone: str | Unknown = fact(doc="the plausible zone where a given hour comes last: wait in it")
    weekday: int | Unknown = fact(doc="Monday 1 to Sunday 7, in `consent.zone`")
    sunday: bool | Unknown = fact(doc="it is Sunday in some plausible zone")
    holiday: bool | Unknown = fact(doc="today is a public holiday in some plausible place")
    holiday_places: tuple[str, ...] | Unknown = fact(doc="those places: DE, DE-BY, US-TX")
    from_sale: bool | Unknown = fact(
        personal=True, doc="soft opt-in 1: the address was obtained in a sale to this person"
    )
    own_similar: bool | Unknown = fact(
        doc="soft opt-in 2: it offers the business's own products, like those bought"
    )
    opt_out_offered: bool | Unknown = fact(
        personal=True, doc="soft opt-in 3: the objection was offered at collection"
    )
    purchased_at: datetime | Unknown = fact(personal=True, doc="last purchase; 1970 if never")
    contract_ends_at: datetime | Unknown = fact(
        personal=True, doc="end of the written contract, in the future while in force; 1970 if none"
    )
    inquired_at: datetime | Unknown = fact(personal=True, doc="last inquiry; 1970 if never")
    inquired_recently: bool | Unknown = fact(personal=True, doc="an inquiry within six months")
    since: datetime | Unknown = fact(personal=True, doc="from when the status holds; 1970 if none")
    lawful_basis: str | Unknown = fact(
        personal=True, doc="lawful basis that the deciding event names; empty if none"
    )
    method: str | Unknown = fact(
        personal=True, doc="how the deciding event was captured: web_form, paper, oral; or empty"
    )
    notice: str | Unknown = fact(personal=True, doc="version of the notice text shown; or empty")
    proven: bool | Unknown = fact(
        personal=True, doc="a reference to the proof of capture is stored, or a second step"
    )
    recent_month: int | Unknown = fact(personal=True, doc="marketing contacts in 30 days")
    recent_same_purpose: int | Unknown = fact(
        personal=True, doc="contacts for this very purpose in 24 hours"
    )
    oldest_day: datetime | Unknown = fact(
        personal=True, doc="first marketing contact of the last 24 hours; now if there is none"
    )
    oldest_month: datetime | Unknown = fact(
        personal=True, doc="first marketing contact of the last 30 days; now if there is none"
    )
    oldest_same_purpose: datetime | Unknown = fact(
        personal=True, doc="first contact for this purpose in 24 hours; now if there is none"
    )


@hookimpl
def declare() -> Manifest:
    """What this plugin brings."""
    return Manifest("consent", "1", evidence=(Consent,))


class _Now(NamedTuple):
    """What every action of a batch is compared with.

    Attributes:
        instant: The instant of judging.
        today: Its date.
        two_years: CASL s.10(10): purchases and contracts from this day on count.
        half_year: Inquiries from this day on.
        checkout: The business's own checkout offers the opt-out.
        own_range: What it offers to own customers is its own, and like what they bought.
    """

    instant: datetime
    today: date
    two_years: date
    half_year: date
    checkout: bool
    own_range: bool


@hookimpl
def examine(action: Action, context: Context) -> Evidence:
    """Look up a person's consent, relationship, limits and local time."""
    declared = context.parameters
    now = _moment(
        context.now,
        checkout=declared.get(_CHECKOUT, False) is True,
        own_range=declared.get(_OWN_RANGE, False) is True,
    )
    return _examine(action, context.person(action), now)


@lru_cache(maxsize=256)
def _moment(instant: datetime, *, checkout: bool, own_range: bool) -> _Now:
    today = instant.date()
    years, half = months_before(today, 24), months_before(today, 6)
    return _Now(instant, today, years, half, checkout, own_range)


def _examine(action: Action, person: Person | None, now: _Now) -> Consent:
    needed = action.purpose not in SERVICE_PURPOSES
    if person is None:
        return Consent(needed, *[_NO_PERSON] * (len(Consent.fields) - 1))
    contact = person.contact
    channel = action.channel or ("phone" if action.kind == "call.place" else "")
    countries = countries_of(contact, channel)
    clock = _clock(contact, channel, countries, now)
    relation = relation_of(contact, now.today, now.two_years, now.half_year)
    status: Status = "not_specified"
    basis: Basis | Unknown = "contract"
    soft = _NOT_ASKED
    record: ConsentRecord | None = None
    since: datetime | None = None
    findings: tuple[Finding, ...] = ()
    contacts = no_contacts(now.instant)
    if needed:
        status, since, record, findings = _status(person, action, channel, now)
        soft = soft_opt_in_of(
            person, channel, status, now.today, now.two_years,
            checkout=now.checkout, own_range=now.own_range,
        )  # fmt: skip
        related = relation.customer or relation.inquired
        basis = basis_of(countries, channel, contact.type, status, soft.holds, related=related)
        contacts = recent(person.history, action.purpose, now.instant)
    said = _captured(record)
    return Consent(
        needed,
        status,
        basis,
        channel in person.suppressed or "*" in person.suppressed,
        soft.holds,
        relation.customer,
        status == "granted" and record is not None and record.double_opt_in_at is not None,
        contact.point(channel) != "" or channel in _WITHOUT_POINT,
        contacts.week,
        contacts.day,
        contacts.oldest_week,
        *_hours(clock),
        *_holiday(contact, countries, clock),
        soft.from_sale,
        soft.own_similar,
        soft.opt_out_offered,
        relation.purchased_at,
        relation.contract_ends_at,
        relation.inquired_at,
        relation.inquired,
        since or NEVER,
        said.lawful_basis,
        said.method,
        said.notice,
        said.proven,
        contacts.month,
        contacts.same_purpose,
        contacts.oldest_day,
        contacts.oldest_month,
        contacts.oldest_same_purpose,
        findings=findings,
    )


def _clock(
    contact: Contact, channel: str, countries: tuple[str, ...], now: _Now
) -> LocalTime | None:
    number = contact.point(channel if channel in {"sms", "whatsapp"} else "phone")
    return local_time(
        contact.timezone, contact.country, contact.region, now.instant,
        number=number, others=countries[1:],
    )  # fmt: skip


def _hours(
    clock: LocalTime | None,
) -> tuple[int | Unknown, int | Unknown, str | Unknown, int | Unknown, bool | Unknown]:
    if clock is None:
        return _NO_ZONE, _NO_ZONE, _NO_ZONE, _NO_ZONE, _NO_ZONE
    return clock.hour_min, clock.hour_max, clock.zone, clock.weekday, clock.sunday


def _holiday(
    contact: Contact, countries: tuple[str, ...], clock: LocalTime | None
) -> tuple[bool | Unknown, tuple[str, ...] | Unknown]:
    if not countries or clock is None:
        return _NO_PLACE, _NO_PLACE
    places = holidays_at(countries, contact.region, clock.days)
    return (_NO_TABLE, _NO_TABLE) if places is None else (bool(places), places)


class _Captured(NamedTuple):
    """How the deciding event came about; empty where there is none."""

    lawful_basis: str = ""
    method: str = ""
    notice: str = ""
    proven: bool = False


def _captured(record: ConsentRecord | None) -> _Captured:
    if record is None:
        return _Captured()
    proven = record.proof != "" or record.double_opt_in_at is not None
    return _Captured(record.lawful_basis, record.method, record.notice, proven)


def _status(
    person: Person, action: Action, channel: str, now: _Now
) -> tuple[Status, datetime | None, ConsentRecord | None, tuple[Finding, ...]]:
    events = person.consents
    if not events:
        return "not_specified", None, None, ()
    brand = action.sender.brand or _only_brand(events)
    point = person.contact.point(channel)
    found = consent_state(events, point, channel, action.purpose or "marketing", brand, now.instant)
    return found.status, found.since, found.record, found.findings


def _only_brand(events: Sequence[ConsentRecord]) -> str:
    """The one brand that a person's events name; an action without a brand speaks for it."""
    brands = {e.brand for e in events if e.brand}
    return brands.pop() if len(brands) == 1 else ""
