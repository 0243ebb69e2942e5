"""Public holidays where a person may be: in any plausible place, so that the strictest binds.

The dates come from the library ``holidays``. Where the part of a country is not on record, a day
that is a holiday in any part of it counts.
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from typing import Final

__all__ = ["Holiday", "holidays_at"]

Holiday = tuple[str, ...]
"""Codes of the plausible places that keep a day: ``("DE-BY",)``, ``("US",)``; empty where none."""

_MOST: Final = 50
"""Places that are named; more of them say no more."""


def holidays_at(countries: tuple[str, ...], region: str, days: tuple[date, ...]) -> Holiday | None:
    """Where one of these days is a public holiday; None where no table covers a country.

    Args:
        countries: ISO 3166-1 codes of every plausible country, the record's first.
        region: Part of the first of them, as on record; empty where not.
        days: The local dates on every plausible clock.
    """
    found: list[str] = []
    for place, country in enumerate(countries):
        for day in days:
            kept = _kept(country, "" if place else region.upper(), day)
            if kept is None:
                return None
            found += kept
    return tuple(dict.fromkeys(found))[:_MOST]


@lru_cache(maxsize=8192)
def _kept(country: str, region: str, day: date) -> Holiday | None:
    parts = _parts().get(country)
    if parts is None:
        return None
    if _is_holiday(country, "", day):
        return (country,)
    named = region.removeprefix(f"{country}-")
    plausible = (named,) if named in parts else parts
    return tuple(f"{country}-{part}" for part in plausible if _is_holiday(country, part, day))


def _is_holiday(country: str, part: str, day: date) -> bool:
    return day in _calendar(country, part, day.year)


@lru_cache(maxsize=512)
def _calendar(country: str, part: str, year: int) -> frozenset[date]:
    from holidays import country_holidays

    return frozenset(country_holidays(country, subdiv=part or None, years=year))


@lru_cache(maxsize=1)
def _parts() -> dict[str, tuple[str, ...]]:
    """Every covered country with those of its parts that have holidays of their own."""
    from holidays import list_supported_countries

    return {code: tuple(parts) for code, parts in list_supported_countries().items()}
