"""What clocks show where a person may be: over every plausible zone, so that the strictest binds.

The zone on record counts; without one, every zone of the country and region. Where the zone on
record does not belong to the country on record, both are plausible.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from agentkit import zones_of

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
    """

    hour_min: int
    hour_max: int
    zone: str
    weekday: int
    sunday: bool


def local_time(timezone: str, country: str, region: str, now: datetime) -> LocalTime | None:
    """The clocks of a person whose record holds these; None where nothing narrows them down.

    Args:
        timezone: IANA name; empty, or no zone at all, where not on record.
        country: ISO 3166-1 code, empty where not on record.
        region: Part of the country, empty where not on record.
        now: The instant, aware.
    """
    return _at(timezone, country, region, int(now.timestamp()) // _QUARTER)


@lru_cache(maxsize=65_536)
def _at(timezone: str, country: str, region: str, quarter: int) -> LocalTime | None:
    now = datetime.fromtimestamp(quarter * _QUARTER, UTC)
    clocks = {name: now.astimezone(ZoneInfo(name)) for name in zones_of(country, region)}
    recorded = _recorded(timezone, now)
    if recorded is not None:
        agrees = not clocks or recorded.utcoffset() in {c.utcoffset() for c in clocks.values()}
        clocks = {timezone: recorded} if agrees else {timezone: recorded, **clocks}
    if not clocks:
        return None
    zone = min(clocks, key=lambda name: clocks[name].utcoffset() or timedelta())
    return LocalTime(
        min(c.hour for c in clocks.values()),
        max(c.hour for c in clocks.values()),
        zone,
        clocks[zone].isoweekday(),
        any(c.isoweekday() == 7 for c in clocks.values()),  # noqa: PLR2004  (ISO: Sunday)
    )


def _recorded(timezone: str, now: datetime) -> datetime | None:
    try:
        return now.astimezone(ZoneInfo(timezone)) if timezone else None
    except (KeyError, ValueError, OSError):  # no such zone: as if none were on record
        return None
