"""Instants as the database keeps them: whole microseconds since 1970-01-01T00:00Z."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from agentkit.errors import ConfigError

__all__ = ["from_micros", "to_micros"]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


def to_micros(instant: datetime) -> int:
    """Whole microseconds since the epoch; exact, unlike ``timestamp()``.

    Raises:
        ConfigError: the instant has no time zone.
    """
    if instant.tzinfo is None:
        raise ConfigError(
            f"{instant} has no time zone", hint="pass an aware datetime, clock.now() say"
        )
    return (instant - _EPOCH) // _MICROSECOND


def from_micros(micros: int) -> datetime:
    """The aware instant, in UTC."""
    return _EPOCH + timedelta(microseconds=micros)
