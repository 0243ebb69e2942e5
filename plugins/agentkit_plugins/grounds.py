"""The ground for marketing that records give: consent, soft opt-in, a running relationship.

What is not on record and could settle the question is `Unknown`, and names the field.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any, Final, Literal, NamedTuple

from agentkit import Contact, Person, Unknown
from agentkit_plugins.legal_basis import Basis, basis_without_consent

__all__ = ["NEVER", "Relation", "SoftOptIn", "Status", "basis_of", "months_before", "relation_of",
           "soft_opt_in_of"]  # fmt: skip

Status = Literal["granted", "withdrawn", "refused", "expired", "not_specified"]
Told = bool | Unknown

NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""Stands for a date of an event that has not happened: older than any window."""
_WRITTEN: Final = frozenset({"email", "sms", "whatsapp", "chat"})
_YES: Final = frozenset({"yes", "true", "1", "ja", "oui", "si", "sí"})
_SALES: Final = frozenset({"sale", "checkout", "order", "purchase", "contract"})
_OBJECTIONS: Final = frozenset({"withdrawn", "refused"})
_STRICTEST_FIRST: Final[tuple[Basis, ...]] = (
    "none", "soft_opt_in", "existing_customer", "presumed_b2b", "opt_out_regime",
)  # fmt: skip
_NO_COUNTRY: Final = Unknown("which law holds is open: no country on record", "contact.country")
_NO_TYPE: Final = Unknown("consumer or business is not on record", "contact.type")
_NO_OFFER: Final = Unknown(
    "whether the opt-out was offered at the sale is not on record", "contact.opt_out_offered"
)
_NO_RANGE: Final = Unknown(
    "whether own products like those bought are offered is not on record", "product.category"
)


class Relation(NamedTuple):
    """The dated events on which exceptions hang; `NEVER` where one has not happened.

    Attributes:
        purchased_at: Last purchase.
        contract_ends_at: When the written contract ends or ended.
        inquired_at: Last inquiry.
        customer: A purchase, or a contract in force or ended, within two years.
        inquired: An inquiry within six months.
    """

    purchased_at: datetime | Unknown
    contract_ends_at: datetime
    inquired_at: datetime | Unknown
    customer: bool
    inquired: bool


class SoftOptIn(NamedTuple):
    """EPrivacy Art. 13(2), condition by condition.

    The fourth, an opt-out in this very message, is another plugin's to see.

    Attributes:
        from_sale: The address was obtained in a sale to this person.
        own_similar: What is offered is the business's own and like what was bought.
        opt_out_offered: The objection was offered when the address was collected.
        holds: What the records say of all three: recent enough, and no objection since.
    """

    from_sale: bool
    own_similar: Told
    opt_out_offered: Told
    holds: Told


def months_before(day: date, months: int) -> date:
    """The same day so many months earlier; the month's last where it has no such day."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    for last in (day.day, 30, 29):
        try:
            return date(year, month + 1, min(day.day, last))
        except ValueError:
            continue
    return date(year, month + 1, 28)


def relation_of(contact: Contact, today: date, two_years: date, half_year: date) -> Relation:
    """The dated relationship of a person; a date in the future is none of a past event."""
    relation = contact.relationship
    bought, until, asked = (
        relation.last_purchase,
        relation.contract_until,
        relation.last_inquiry,
    )
    customer = (bought is not None and two_years <= bought.date() <= today) or (
        until is not None and until.date() >= two_years
    )
    inquired = asked is not None and half_year <= asked.date() <= today
    return Relation(
        _past(bought, today, "contact.last_purchase"),
        NEVER if until is None else until,
        _past(asked, today, "contact.last_inquiry"),
        customer,
        inquired,
    )


def _past(event: datetime | None, today: date, field: str) -> datetime | Unknown:
    if event is None:
        return NEVER
    return event if event.date() <= today else Unknown("dated in the future", field)


def soft_opt_in_of(
    person: Person,
    channel: str,
    status: Status,
    today: date,
    two_years: date,
    *,
    checkout: bool,
    own_range: bool,
) -> SoftOptIn:
    """The conditions of the soft opt-in, as far as records tell.

    Args:
        person: The person, with the product that the action names.
        channel: The channel.
        status: Consent of the point, brand and purpose.
        today: The date of judging.
        two_years: The day two years before it.
        checkout: The business declares that its checkout offers the opt-out.
        own_range: It declares that what it offers so is its own, and like what was bought.
    """
    contact = person.contact
    bought = contact.relationship.last_purchase
    sold = _from_sale(contact, bought, today)
    offered = _offered(contact.fields, declared=checkout)
    similar = _own_similar(person, declared=own_range)
    stale = bought is None or not two_years <= bought.date() <= today
    if not sold or stale or channel not in _WRITTEN or status in _OBJECTIONS:
        return SoftOptIn(sold, similar, offered, holds=False)
    return SoftOptIn(sold, similar, offered, similar is not False and offered)


def _from_sale(contact: Contact, bought: datetime | None, today: date) -> bool:
    source = str(contact.fields.get("address_source") or "").strip().lower()
    if source:
        return source in _SALES
    return bought is not None and bought.date() <= today


def _offered(fields: Mapping[str, Any], *, declared: bool) -> Told:
    said = fields.get("opt_out_offered")
    if said is None or said == "":
        return True if declared else _NO_OFFER
    return said is True or str(said).strip().lower() in _YES


def _own_similar(person: Person, *, declared: bool) -> Told:
    product = person.records.get("product") or {}
    if product.get("own") is False:
        return False
    category = product.get("category")
    bought = person.contact.fields.get("bought_categories")
    if isinstance(category, str) and category and isinstance(bought, list | tuple):
        return category in bought
    return True if declared else _NO_RANGE


def basis_of(
    countries: Sequence[str], channel: str, kind: str, status: Status, soft: Told, *, related: bool
) -> Basis | Unknown:
    """The ground for marketing, the strictest over every plausible country.

    An objection leaves none, whatever the country.
    """
    if status == "granted":
        return "consent"
    if status in _OBJECTIONS:
        return "none"
    if len(countries) < 2:  # noqa: PLR2004  (nothing to compare)
        return _ground(countries[0] if countries else "", channel, kind, soft, related)
    return _strictest([_ground(c, channel, kind, soft, related) for c in countries])


def _strictest(grounds: Sequence[Basis | Unknown]) -> Basis | Unknown:
    if "none" in grounds:
        return "none"
    unknown = next((g for g in grounds if isinstance(g, Unknown)), None)
    if unknown is not None:
        return unknown
    return min((g for g in grounds if g in _STRICTEST_FIRST), key=_STRICTEST_FIRST.index)


@lru_cache(maxsize=4096)
def _ground(country: str, channel: str, kind: str, soft: Told, related: bool) -> Basis | Unknown:  # noqa: FBT001
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
