"""What clocks show where a person may be: over every plausible zone, so that the strictest binds.

The zone on record counts; without one, the zones of the region on record, else those in which the
telephone number rings, else every zone of the country. Where the zone on record, the country on
record and the number's country contradict each other, all of them are plausible.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from agentkit import zones_of, zones_of_number

__all__ = ["LocalTime", "local_time"]

_QUARTER: Final = 900
"""Seconds for which what clocks show in hours cannot change: offsets are whole quarter hours."""


class LocalTime(NamedTuple):
    """The clocks of one person.

    Attributes:
        hour_min: Smallest hour that any plausible clock shows, 0 to 23.
        hour_max: Largest hour.
        zone: The zone to wait in: the one where a given hour comes last.
        weekday: Day of the week there, Monday 1 to Sunday 7.
        sunday: It is Sunday on some plausible clock.
        days: The dates that plausible clocks show, one or two.
    """

    hour_min: int
    hour_max: int
    zone: str
    weekday: int
    sunday: bool
    days: tuple[date, ...]


def local_time(
    timezone: str,
    country: str,
    region: str,
    now: datetime,
    *,
    number: str = "",
    others: tuple[str, ...] = (),
) -> LocalTime | None:
    """The clocks of a person whose record holds these; None where nothing narrows them down.

    Args:
        timezone: IANA name; empty, or no zone at all, where not on record.
        country: ISO 3166-1 code, empty where not on record.
        region: Part of the country, empty where not on record.
        now: The instant, aware.
        number: Telephone number in E.164, empty where not on record.
        others: Countries that contradict the one on record, and are as plausible.
    """
    return _at(timezone, country, region, number, others, int(now.timestamp()) // _QUARTER)


@lru_cache(maxsize=65_536)
def _at(
    timezone: str, country: str, region: str, number: str, others: tuple[str, ...], quarter: int
) -> LocalTime | None:
    now = datetime.fromtimestamp(quarter * _QUARTER, UTC)
    clocks = _clocks(zones_of(country, region), now)
    recorded = _recorded(timezone, now)
    if recorded is not None:
        agrees = not clocks or recorded.utcoffset() in {c.utcoffset() for c in clocks.values()}
        clocks = {timezone: recorded} if agrees else {timezone: recorded, **clocks}
    elif number and not (region and len(clocks) == 1):
        clocks = _narrowed(clocks, _clocks(zones_of_number(number), now), others)
    for other in others:
        clocks |= _clocks(_elsewhere(other, number), now)
    if not clocks:
        return None
    zone = min(clocks, key=lambda name: clocks[name].utcoffset() or timedelta())
    return LocalTime(
        min(c.hour for c in clocks.values()),
        max(c.hour for c in clocks.values()),
        zone,
        clocks[zone].isoweekday(),
        any(c.isoweekday() == 7 for c in clocks.values()),  # noqa: PLR2004  (ISO: Sunday)
        tuple(sorted({c.date() for c in clocks.values()})),
    )


def _clocks(zones: tuple[str, ...], now: datetime) -> dict[str, datetime]:
    return {name: now.astimezone(ZoneInfo(name)) for name in zones}


def _narrowed(
    placed: dict[str, datetime], ringing: dict[str, datetime], others: tuple[str, ...]
) -> dict[str, datetime]:
    """Of the clocks where a person may be, those that the number agrees with; all if none does."""
    if others or not placed:
        return placed or ringing
    shown = {clock.utcoffset() for clock in ringing.values()}
    return {n: c for n, c in placed.items() if c.utcoffset() in shown} or placed


def _elsewhere(country: str, number: str) -> tuple[str, ...]:
    """Zones of a country that contradicts the record: as narrow as the number tells."""
    known = zones_of(country)
    rings = [zone for zone in zones_of_number(number) if zone in known] if number else []
    return tuple(rings) or known


def _recorded(timezone: str, now: datetime) -> datetime | None:
    try:
        return now.astimezone(ZoneInfo(timezone)) if timezone else None
    except (KeyError, ValueError, OSError):  # no such zone: as if none were on record
        return None
