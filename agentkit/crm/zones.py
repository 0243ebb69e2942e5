"""Which time zones are plausible for a person whose record names none.

Judging takes the strictest of them. Zones of one country whose clocks agree all year count as
one (Germany has one, although the time zone database lists Büsingen apart).
"""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from importlib.resources import files
from typing import Final
from zoneinfo import ZoneInfo

__all__ = ["countries_in", "distinct_zones", "is_zone", "plausible_zone", "zones_of"]

_SAMPLED: Final = tuple(
    datetime(2025, 1, 1, 12, tzinfo=UTC) + timedelta(days=5 * n) for n in range(220)
)
"""Instants at which two zones must agree to count as one: three years, every five days."""

_E, _C, _M, _P = "America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles"
_A = "America/Halifax"
_T, _W, _AB = "America/Toronto", "America/Winnipeg", "America/Edmonton"

_REGIONS: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    "US": {
        **dict.fromkeys(
            [
                "CT",
                "DE",
                "DC",
                "GA",
                "ME",
                "MD",
                "MA",
                "NH",
                "NJ",
                "NY",
                "NC",
                "OH",
                "PA",
                "RI",
                "SC",
                "VT",
                "VA",
                "WV",
            ],
            (_E,),
        ),
        **dict.fromkeys(["AL", "AR", "IL", "IA", "LA", "MN", "MS", "MO", "OK", "WI"], (_C,)),
        **dict.fromkeys(["CO", "MT", "NM", "UT", "WY"], (_M,)),
        **dict.fromkeys(["CA", "WA"], (_P,)),
        **dict.fromkeys(["FL", "IN", "KY", "MI", "TN"], (_E, _C)),
        **dict.fromkeys(["KS", "NE", "ND", "SD", "TX"], (_C, _M)),
        **dict.fromkeys(["ID", "NV", "OR"], (_M, _P)),
        "AZ": ("America/Phoenix", _M),
        "AK": ("America/Anchorage", "America/Adak"),
        "HI": ("Pacific/Honolulu",),
        "PR": ("America/Puerto_Rico",),
        "VI": ("America/St_Thomas",),
        "GU": ("Pacific/Guam",),
        "MP": ("Pacific/Guam",),
        "AS": ("Pacific/Pago_Pago",),
    },
    "CA": {
        **dict.fromkeys(["NB", "NS", "PE"], (_A,)),
        "AB": (_AB,),
        "BC": ("America/Vancouver", _AB, "America/Creston", "America/Fort_Nelson"),
        "MB": (_W,),
        "NL": ("America/St_Johns", "America/Goose_Bay"),
        "NT": (_AB,),
        "NU": ("America/Iqaluit", "America/Rankin_Inlet", "America/Cambridge_Bay"),
        "ON": (_T, _W, "America/Atikokan"),
        "QC": (_T, "America/Blanc-Sablon"),
        "SK": ("America/Regina", _AB),
        "YT": ("America/Whitehorse",),
    },
    "AU": {
        "ACT": ("Australia/Sydney",),
        "NSW": ("Australia/Sydney", "Australia/Broken_Hill", "Australia/Lord_Howe"),
        "NT": ("Australia/Darwin",),
        "QLD": ("Australia/Brisbane",),
        "SA": ("Australia/Adelaide",),
        "TAS": ("Australia/Hobart",),
        "VIC": ("Australia/Melbourne",),
        "WA": ("Australia/Perth", "Australia/Eucla"),
    },
    "ES": dict.fromkeys(["GC", "TF", "CN"], ("Atlantic/Canary",)),
    "PT": {"20": ("Atlantic/Azores",), "30": ("Atlantic/Madeira",)},
}
_REST: Final = {"ES": ("Europe/Madrid",), "PT": ("Europe/Lisbon",)}
"""Every region of these countries that the table above does not list."""


@lru_cache(maxsize=4096)
def zones_of(country: str, region: str = "") -> tuple[str, ...]:
    """Every plausible IANA zone of a person in ``country`` and ``region``.

    Args:
        country: ISO 3166-1 alpha-2, any case.
        region: The part of an ISO 3166-2 code after the country, or with it; empty if unknown.

    Returns:
        Zones with different clocks; empty where the country is unknown: then every zone on earth
        is plausible.
    """
    country = country.upper()
    code = region.upper().removeprefix(f"{country}-")
    listed = _REGIONS.get(country, {}).get(code)
    if listed is None and code and country in _REST:
        listed = _REST[country]
    return distinct_zones(listed if listed is not None else _table().get(country, ()))


def plausible_zone(country: str, zone: str) -> bool:
    """Whether somewhere in ``country`` clocks go as in ``zone``; true where it is unknown."""
    known = zones_of(country)
    return not known or _clock(zone) in {_clock(other) for other in known}


def distinct_zones(zones: tuple[str, ...]) -> tuple[str, ...]:
    """The first of every group of zones whose clocks agree; names that are none are left out."""
    seen: dict[tuple[timedelta | None, ...], str] = {}
    for zone in zones:
        with suppress(KeyError, ValueError, OSError):
            seen.setdefault(_clock(zone), zone)
    return tuple(seen.values())


def is_zone(name: str) -> bool:
    """Whether this is the name of a time zone."""
    return bool(distinct_zones((name,)))


def countries_in(zone: str) -> tuple[str, ...]:
    """ISO codes of the countries to which the time zone database gives a zone."""
    return tuple(country for country, zones in _table().items() if zone in zones)


@lru_cache(maxsize=1024)
def _clock(zone: str) -> tuple[timedelta | None, ...]:
    """How far a zone's clock is ahead of UTC, at the sampled instants."""
    info = ZoneInfo(zone)
    return tuple(instant.astimezone(info).utcoffset() for instant in _SAMPLED)


@lru_cache(maxsize=1)
def _table() -> dict[str, tuple[str, ...]]:
    """Country to zones, in the order of the time zone database (largest first)."""
    zones: dict[str, tuple[str, ...]] = {}
    table = (files("tzdata") / "zoneinfo" / "zone.tab").read_text(encoding="utf-8")
    for line in table.splitlines():
        if line and not line.startswith("#"):
            country, _, zone = line.split("\t")[:3]
            zones[country] = (*zones.get(country, ()), zone)
    return zones
