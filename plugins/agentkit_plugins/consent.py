"""Whether, on what ground and when a person may be contacted.

Consent belongs to a contact point x brand x purpose; its state is derived from the events each
time. What needs consent differs by country and channel, so articles read ``consent.basis`` and not
the status alone: a plain "no consent, deny" would deny lawful business.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Final, Literal

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
    fact,
    hookimpl,
)
from agentkit.consent.state import state as consent_state  # export
from agentkit_plugins.legal_basis import Basis, basis_without_consent
from agentkit_plugins.local_time import local_time
from agentkit_plugins.purposes import SERVICE_PURPOSES

__all__ = ["Consent"]

Status = Literal["granted", "withdrawn", "refused", "expired", "not_specified"]

_Told = bool | Unknown
_WEEK: Final = timedelta(days=7)
_WRITTEN: Final = frozenset({"email", "sms", "whatsapp", "chat"})
_CHECKOUT: Final = "params.opt_out_at_checkout"
_YES: Final = frozenset({"yes", "true", "1", "ja", "oui", "si", "sí"})
_NO_PERSON: Final = Unknown("the CRM has no such contact")
_NO_COUNTRY: Final = Unknown("which law holds is open: no country on record", "contact.country")
_NO_ZONE: Final = Unknown("no time zone and no country on record", "contact.timezone")
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
    weekday: int | Unknown = fact(doc="Monday 1 to Sunday 7, in `consent.zone`")
    sunday: bool | Unknown = fact(doc="it is Sunday in some plausible zone")
    zone: str | Unknown = fact(doc="the plausible zone where a given hour comes last: wait in it")


@hookimpl
def declare() -> Manifest:
    """What this plugin brings."""
    return Manifest("consent", "1", evidence=(Consent,))


@hookimpl
def examine_many(actions: Sequence[Action], context: Context) -> list[Evidence]:
    """Look up each person's consent, relationship, limits and local time."""
    checkout = context.parameters.get(_CHECKOUT, False) is True
    return [_examine(action, context.person(action), context.now, checkout) for action in actions]


def _examine(action: Action, person: Person | None, now: datetime, checkout: bool) -> Consent:  # noqa: FBT001
    needed = action.purpose not in SERVICE_PURPOSES
    if person is None:
        return Consent(needed, *[_NO_PERSON] * 15)
    contact = person.contact
    channel = action.channel or ("phone" if action.kind == "call.place" else "")
    point = contact.point(channel)
    known = point != "" or channel in {"chat", "post"}
    clock = local_time(contact.timezone, contact.country, contact.region, now)
    when = clock or (_NO_ZONE,) * 5
    suppressed = channel in person.suppressed or "*" in person.suppressed
    if not needed:
        return Consent(
            False, "not_specified", "contract", suppressed, False, _customer(contact, now),
            False, known, 0, 0, now, when[0], when[1], when[3], when[4], when[2],
        )  # fmt: skip
    status, record, findings = _status(person.consents, action, channel, point, now)
    soft = _soft_opt_in(contact, channel, status, now, checkout)
    week, day, oldest = _recent(person.history, now)
    return Consent(
        True,
        status,
        _basis(contact, channel, status, soft, now),
        suppressed,
        soft,
        _customer(contact, now),
        status == "granted" and record is not None and record.double_opt_in_at is not None,
        known,
        week,
        day,
        oldest,
        when[0],
        when[1],
        when[3],
        when[4],
        when[2],
        findings=findings,
    )


def _status(
    events: Sequence[ConsentRecord], action: Action, channel: str, point: str, now: datetime
) -> tuple[Status, ConsentRecord | None, tuple[Finding, ...]]:
    if not events:
        return "not_specified", None, ()
    brand = action.sender.brand or _only_brand(events)
    found = consent_state(events, point, channel, action.purpose or "marketing", brand, now)
    return found.status, found.record, found.findings


def _only_brand(events: Sequence[ConsentRecord]) -> str:
    """The one brand that a person's events name; an action without a brand speaks for it."""
    brands = {e.brand for e in events if e.brand}
    return brands.pop() if len(brands) == 1 else ""


def _basis(
    contact: Contact, channel: str, status: Status, soft: _Told, now: datetime
) -> Basis | Unknown:
    """The ground for marketing; an objection leaves none, whatever the country."""
    if status == "granted":
        return "consent"
    if status in {"withdrawn", "refused"}:
        return "none"
    country = contact.country.upper()
    related = _customer(contact, now) or _inquired(contact, now)
    basis = basis_without_consent(
        country,
        channel,
        "business" if contact.type == "business" else "consumer",
        related=related,
        soft_opt_in=soft is True,
    )
    if basis != "none":
        return basis
    return _open_question(contact, country, channel, soft)


def _open_question(contact: Contact, country: str, channel: str, soft: _Told) -> Basis | Unknown:
    """None, or Unknown where a field that is not on record could still give a ground."""
    if not country:
        return _NO_COUNTRY
    if not contact.type:
        as_business = basis_without_consent(
            country, channel, "business", related=False, soft_opt_in=False
        )
        if as_business != "none":
            return _NO_TYPE
    if type(soft) is Unknown and country not in {"US", "CA"}:
        return soft
    return "none"


def _soft_opt_in(
    contact: Contact,
    channel: str,
    status: Status,
    now: datetime,
    checkout: bool,  # noqa: FBT001
) -> bool | Unknown:
    """EPrivacy Art. 13(2): a sale, no objection, and the opt-out offered when it was collected.

    That the message offers own similar products, and the opt-out again, is for other articles.
    """
    bought = contact.relationship.last_purchase
    if bought is None or channel not in _WRITTEN or status in {"withdrawn", "refused"}:
        return False
    if not _years_ago(now.date(), 2) <= bought.date() <= now.date():
        return False
    offered = contact.fields.get("opt_out_offered")
    if offered is None or offered == "":
        return True if checkout else _NO_OFFER
    return offered is True or str(offered).strip().lower() in _YES


def _customer(contact: Contact, now: datetime) -> bool:
    """A purchase, or a contract in force or ended, within two years (CASL s.10(10))."""
    relationship = contact.relationship
    today = now.date()
    since = _years_ago(today, 2)
    bought, until = relationship.last_purchase, relationship.contract_until
    return (bought is not None and since <= bought.date() <= today) or (
        until is not None and until.date() >= since
    )


def _inquired(contact: Contact, now: datetime) -> bool:
    """An inquiry within six months (CASL s.10(10)(e))."""
    asked = contact.relationship.last_inquiry
    return asked is not None and _half_year_ago(now.date()) <= asked.date() <= now.date()


@lru_cache(maxsize=64)
def _years_ago(day: date, years: int) -> date:
    last = min(day.day, 28) if day.month == 2 else day.day  # noqa: PLR2004  (29 February)
    return day.replace(year=day.year - years, day=last)


@lru_cache(maxsize=64)
def _half_year_ago(day: date) -> date:
    year, month = (day.year, day.month - 6) if day.month > 6 else (day.year - 1, day.month + 6)  # noqa: PLR2004
    return date(year, month, min(day.day, 28))


def _recent(history: Sequence[Touch], now: datetime) -> tuple[int, int, datetime]:
    """Marketing contacts of seven days and of one, and the first of them.

    One that is dated in the future counts too: a clock that runs ahead must not hide it.
    """
    if not history:
        return 0, 0, now
    since = now - _WEEK
    found = [
        t.at
        for t in history
        if t.at > since
        and t.purpose not in SERVICE_PURPOSES
        and t.kind in {"message.send", "call.place"}
    ]
    if not found:
        return 0, 0, now
    yesterday = now - timedelta(days=1)
    return len(found), sum(at > yesterday for at in found), min(found)
