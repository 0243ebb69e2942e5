"""Whether, on what ground and when a person may be contacted.

Consent belongs to a contact point x brand x purpose; its state is derived from the events each
time. What needs consent differs by country and channel, so articles read ``consent.basis`` and not
the status alone: a plain "no consent, deny" would deny lawful business.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Final, Literal, NamedTuple

from agentkit import (
    Action,
    ConsentRecord,
    Contact,
    Context,
    Evidence,
    Finding,
    Manifest,
    Person,
    Touch,
    Unknown,
    consent_state,
    fact,
    hookimpl,
)
from agentkit_plugins.legal_basis import Basis, basis_without_consent
from agentkit_plugins.local_time import local_time
from agentkit_plugins.purposes import SERVICE_PURPOSES

__all__ = ["Consent"]

Status = Literal["granted", "withdrawn", "refused", "expired", "not_specified"]

_Told = bool | Unknown
_CONTACTS: Final = frozenset({"message.send", "call.place"})
_WITHOUT_POINT: Final = frozenset({"chat", "post"})
_WRITTEN: Final = frozenset({"email", "sms", "whatsapp", "chat"})
_CHECKOUT: Final = "params.opt_out_at_checkout"
_YES: Final = frozenset({"yes", "true", "1", "ja", "oui", "si", "sí"})
_NO_PERSON: Final = Unknown("the CRM has no such contact")
_NO_COUNTRY: Final = Unknown("which law holds is open: no country on record", "contact.country")
_NO_ZONE: Final = Unknown("no time zone and no country on record", "contact.timezone")
_NO_CLOCK: Final = (_NO_ZONE,) * 5
_NO_TYPE: Final = Unknown("consumer or business is not on record", "contact.type")
_NO_OFFER: Final = Unknown(
    "whether the opt-out was offered at the sale is not on record", "contact.opt_out_offered"
)


class Consent(
    Evidence, namespace="consent", version=1, kinds=["message.send", "call.place"], volatile=True
):
    """What the records say about contacting this person by this channel for this purpose, now."""

    needed: bool = fact(doc="the purpose is held to the rules of marketing")
    status: Status | Unknown = fact(personal=True, doc="consent of this point, brand, purpose")
    basis: Basis | Unknown = fact(personal=True, doc="the ground that country and channel give")
    suppressed: bool | Unknown = fact(personal=True, doc="never to be contacted for marketing")
    soft_opt_in: bool | Unknown = fact(personal=True, doc="ePrivacy Art. 13(2): own customer")
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
        week: Marketing contacts after this instant.
        day: Those of the last 24 hours.
        checkout: The business's own checkout offers the opt-out.
    """

    instant: datetime
    today: date
    two_years: date
    half_year: date
    week: datetime
    day: datetime
    checkout: bool


@hookimpl
def examine(action: Action, context: Context) -> Evidence:
    """Look up a person's consent, relationship, limits and local time."""
    checkout = context.parameters.get(_CHECKOUT, False) is True
    return _examine(action, context.person(action), _moment(context.now, checkout=checkout))


@lru_cache(maxsize=256)
def _moment(instant: datetime, *, checkout: bool) -> _Now:
    today = instant.date()
    return _Now(
        instant,
        today,
        _months_before(today, 24),
        _months_before(today, 6),
        instant - timedelta(days=7),
        instant - timedelta(days=1),
        checkout,
    )


def _months_before(day: date, months: int) -> date:
    count = day.year * 12 + day.month - 1 - months
    year, month = divmod(count, 12)
    return date(year, month + 1, min(day.day, 28))


def _examine(action: Action, person: Person | None, now: _Now) -> Consent:
    needed = action.purpose not in SERVICE_PURPOSES
    if person is None:
        return Consent(needed, *[_NO_PERSON] * 15)
    contact = person.contact
    channel = action.channel or ("phone" if action.kind == "call.place" else "")
    clock = local_time(contact.timezone, contact.country, contact.region, now.instant)
    status: Status = "not_specified"
    basis: Basis | Unknown = "contract"
    soft: _Told = False
    record: ConsentRecord | None = None
    findings: tuple[Finding, ...] = ()
    recent = (0, 0, now.instant)
    customer = _customer(contact, now)
    if needed:
        status, record, findings = _status(person, action, channel, now)
        soft = _soft_opt_in(contact, channel, status, now)
        basis = _basis(contact, channel, status, soft, related=customer or _inquired(contact, now))
        recent = _recent(person.history, now)
    return Consent(
        needed,
        status,
        basis,
        channel in person.suppressed or "*" in person.suppressed,
        soft,
        customer,
        status == "granted" and record is not None and record.double_opt_in_at is not None,
        contact.point(channel) != "" or channel in _WITHOUT_POINT,
        recent[0],
        recent[1],
        recent[2],
        *(clock or _NO_CLOCK),
        findings=findings,
    )


def _status(
    person: Person, action: Action, channel: str, now: _Now
) -> tuple[Status, ConsentRecord | None, tuple[Finding, ...]]:
    events = person.consents
    if not events:
        return "not_specified", None, ()
    brand = action.sender.brand or _only_brand(events)
    point = person.contact.point(channel)
    found = consent_state(events, point, channel, action.purpose or "marketing", brand, now.instant)
    return found.status, found.record, found.findings


def _only_brand(events: Sequence[ConsentRecord]) -> str:
    """The one brand that a person's events name; an action without a brand speaks for it."""
    brands = {e.brand for e in events if e.brand}
    return brands.pop() if len(brands) == 1 else ""


def _basis(
    contact: Contact, channel: str, status: Status, soft: _Told, *, related: bool
) -> Basis | Unknown:
    """The ground for marketing; an objection leaves none, whatever the country."""
    if status == "granted":
        return "consent"
    if status in {"withdrawn", "refused"}:
        return "none"
    return _ground(contact.country, channel, contact.type, soft, related)


@lru_cache(maxsize=4096)
def _ground(country: str, channel: str, kind: str, soft: _Told, related: bool) -> Basis | Unknown:  # noqa: FBT001
    """None, or Unknown where a field that is not on record could still give a ground."""
    country = country.upper()
    facts = {"related": related, "soft_opt_in": soft is True}
    who: Literal["consumer", "business"] = "business" if kind == "business" else "consumer"
    basis = basis_without_consent(country, channel, who, **facts)
    if basis != "none":
        return basis
    if not country:
        return _NO_COUNTRY
    if not kind and basis_without_consent(country, channel, "business", **facts) != "none":
        return _NO_TYPE
    return soft if type(soft) is Unknown and country not in {"US", "CA"} else "none"


def _soft_opt_in(contact: Contact, channel: str, status: Status, now: _Now) -> _Told:
    """EPrivacy Art. 13(2): a sale, no objection, and the opt-out offered when it was collected.

    That the message offers own similar products, and the opt-out again, is for other articles.
    """
    bought = contact.relationship.last_purchase
    if bought is None or channel not in _WRITTEN or status in {"withdrawn", "refused"}:
        return False
    if not now.two_years <= bought.date() <= now.today:
        return False
    offered = contact.fields.get("opt_out_offered")
    if offered is None or offered == "":
        return True if now.checkout else _NO_OFFER
    return offered is True or str(offered).strip().lower() in _YES


def _customer(contact: Contact, now: _Now) -> bool:
    """A purchase, or a contract in force or ended, within two years (CASL s.10(10))."""
    relationship = contact.relationship
    bought, until = relationship.last_purchase, relationship.contract_until
    return (bought is not None and now.two_years <= bought.date() <= now.today) or (
        until is not None and until.date() >= now.two_years
    )


def _inquired(contact: Contact, now: _Now) -> bool:
    """An inquiry within six months (CASL s.10(10)(e))."""
    asked = contact.relationship.last_inquiry
    return asked is not None and now.half_year <= asked.date() <= now.today


def _recent(history: Sequence[Touch], now: _Now) -> tuple[int, int, datetime]:
    """Marketing contacts of seven days and of one, and the first of them.

    One that is dated in the future counts too: a clock that runs ahead must not hide it.
    """
    found = [
        t.at
        for t in history
        if t.at > now.week and t.purpose not in SERVICE_PURPOSES and t.kind in _CONTACTS
    ]
    if not found:
        return 0, 0, now.instant
    return len(found), sum(at > now.day for at in found), min(found)
