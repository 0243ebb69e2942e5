"""How often a person was contacted for marketing, by every agent, over windows that roll.

Contacts dated in the future count too: a clock that runs ahead must not hide one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from agentkit import SERVICE_PURPOSES, Touch

__all__ = ["Recent", "no_contacts", "recent"]

DAY: Final = timedelta(days=1)
WEEK: Final = timedelta(days=7)
MONTH: Final = timedelta(days=30)
_CONTACTS: Final = frozenset({"message.send", "call.place"})


class Recent(NamedTuple):
    """Marketing contacts, and the first of each window; now where there is none.

    A cap of n over a window is kept by waiting until the window's first contact leaves it.

    Attributes:
        week: Contacts of the last seven days.
        day: Contacts of the last 24 hours.
        month: Contacts of the last 30 days.
        same_purpose: Contacts of the last 24 hours for the purpose in question.
        oldest_week: First contact of the last seven days.
        oldest_day: First contact of the last 24 hours.
        oldest_month: First contact of the last 30 days.
        oldest_same_purpose: First contact of the last 24 hours for that purpose.
    """

    week: int
    day: int
    month: int
    same_purpose: int
    oldest_week: datetime
    oldest_day: datetime
    oldest_month: datetime
    oldest_same_purpose: datetime


def no_contacts(now: datetime) -> Recent:
    """Nothing in any window."""
    return Recent(0, 0, 0, 0, now, now, now, now)


def recent(history: Sequence[Touch], purpose: str, now: datetime) -> Recent:
    """Count a person's marketing contacts.

    Args:
        history: Contacts with the person, by whichever agent, in any order.
        purpose: The purpose that would be served now.
        now: The instant of judging.
    """
    since = now - MONTH
    month = [
        t
        for t in history
        if t.at > since and t.purpose not in SERVICE_PURPOSES and t.kind in _CONTACTS
    ]
    if not month:
        return no_contacts(now)
    week = [t.at for t in month if t.at > now - WEEK]
    day = [t for t in month if t.at > now - DAY]
    same = [t.at for t in day if t.purpose == purpose]
    return Recent(
        len(week),
        len(day),
        len(month),
        len(same),
        _first(week, now),
        _first((t.at for t in day), now),
        _first((t.at for t in month), now),
        _first(same, now),
    )


def _first(instants: Iterable[datetime], now: datetime) -> datetime:
    return min(instants, default=now)
