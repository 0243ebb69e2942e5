"""Where a person may be, as far as the record, a number and a time zone tell.

The country on record counts. Where the time zone on record, or the number that a channel reaches,
certainly belongs to another country, both are plausible, and judging takes the stricter. Numbers
are read by `phonenumbers`' own tables; nothing is looked up on a network.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from agentkit.consent.points import PHONE_CHANNELS
from agentkit.crm.zones import countries_in, distinct_zones, is_zone, plausible_zone
from agentkit.jurisdiction import Jurisdiction, jurisdiction_of

if TYPE_CHECKING:
    from phonenumbers import PhoneNumber

    from agentkit.context import Contact

__all__ = ["contradicts", "countries_of", "jurisdiction_at", "regions_of_number", "zones_of_number"]

_NOWHERE: Final = "001"
"""What the tables call a number of no country: satellite, international freephone."""
_PLACED: Final = frozenset({0, 1, 2})
"""`phonenumbers.PhoneNumberType`: fixed line, mobile, either. A freephone or personal number is
everybody's who shares the prefix."""


def countries_of(contact: Contact, channel: str) -> tuple[str, ...]:
    """Plausible countries of a person: the record's first, then those that contradict it.

    Empty where no country is on record: then every law is plausible, whatever a number says.

    Args:
        contact: The person.
        channel: The channel that would be used; a number speaks only where it is reached.
    """
    if not contact.country:
        return ()
    number = contact.point(channel) if channel in PHONE_CHANNELS else ""
    return _countries(contact.country.upper(), contact.timezone, number)


def jurisdiction_at(contact: Contact, channel: str) -> Jurisdiction:
    """Whose law may hold for a person: of every plausible country, so that the strictest binds."""
    return _jurisdiction(contact.country, contact.region, countries_of(contact, channel))


def contradicts(number: str, country: str) -> bool:
    """Whether a number certainly belongs to other countries than this one."""
    regions = regions_of_number(number)
    return bool(regions and country) and country.upper() not in regions


@lru_cache(maxsize=65_536)
def regions_of_number(number: str) -> tuple[str, ...]:
    """ISO codes of the countries that a number in E.164 may belong to; empty where none is."""
    import phonenumbers

    parsed = _parsed(number)
    if parsed is None:
        return ()
    placed = phonenumbers.number_type(parsed) in _PLACED
    exact = phonenumbers.region_code_for_number(parsed) if placed else ""
    codes = (
        [exact] if exact else phonenumbers.region_codes_for_country_code(parsed.country_code or 0)
    )
    return tuple(code for code in codes if code and code != _NOWHERE)


@lru_cache(maxsize=65_536)
def zones_of_number(number: str) -> tuple[str, ...]:
    """Zones with different clocks that a number in E.164 may ring in; empty where unknown."""
    from phonenumbers import timezone

    parsed = _parsed(number)
    names = () if parsed is None else timezone.time_zones_for_number(parsed)
    return distinct_zones(tuple(n for n in names if n != timezone.UNKNOWN_TIMEZONE))


@lru_cache(maxsize=65_536)
def _countries(country: str, timezone: str, number: str) -> tuple[str, ...]:
    found = [country]
    if timezone and is_zone(timezone) and not plausible_zone(country, timezone):
        found += countries_in(timezone)
    if number and contradicts(number, country):
        found += regions_of_number(number)
    return tuple(dict.fromkeys(found))


@lru_cache(maxsize=4096)
def _jurisdiction(country: str, region: str, countries: tuple[str, ...]) -> Jurisdiction:
    found = jurisdiction_of(country, region)
    for other in countries[1:]:
        found = found.joined(jurisdiction_of(other))
    return found


def _parsed(number: str) -> PhoneNumber | None:
    import phonenumbers

    if not number.startswith("+"):
        return None
    try:
        return phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return None
