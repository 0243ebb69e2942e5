"""Time, injected: rules, permits and desks ask a clock, never the system."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol

from agentkit.errors import ConfigError

__all__ = ["Clock", "FixedClock", "SystemClock", "parse_instant"]


class Clock(Protocol):
    """Whatever can tell the time."""

    def now(self) -> datetime:
        """The current instant, aware, in UTC."""
        ...


class SystemClock:
    """The clock of the machine."""

    def now(self) -> datetime:
        """The current instant, aware, in UTC."""
        return datetime.now(UTC)


@dataclass
class FixedClock:
    """A clock that stands still until it is told to move: ``--now``, demos and tests."""

    instant: datetime
    _moves: int = field(default=0, repr=False)

    def __post_init__(self) -> None:
        """Refuse a naive instant, which would be read as UTC by some and as local by others."""
        if self.instant.tzinfo is None:
            msg = "a clock needs an instant with a time zone"
            raise ConfigError(msg, hint="write it like 2026-11-23T09:30:00+01:00")
        self.instant = self.instant.astimezone(UTC)

    def now(self) -> datetime:
        """The instant it was set to, in UTC."""
        return self.instant

    def advance(self, by: timedelta) -> None:
        """Move forward (or, with a negative delta, backward)."""
        self.instant += by
        self._moves += 1


def parse_instant(text: str) -> datetime:
    """Read an ISO 8601 date or date-time; a date means its first second in UTC.

    Raises:
        ConfigError: the text is no instant, or has a time but no zone.
    """
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        msg = f"{text!r} is not a date or time"
        raise ConfigError(msg, hint="write it like 2026-11-23T09:30:00+01:00") from error
    if instant.tzinfo is None:
        if "T" in text or ":" in text:
            msg = f"{text!r} has no time zone"
            raise ConfigError(msg, hint="write it like 2026-11-23T09:30:00+01:00")
        instant = instant.replace(tzinfo=UTC)
    return instant.astimezone(UTC)
