"""By when a withdrawal must be honoured: the law's clock, and what operators ask on top of it.

agentkit honours a certain one in the transaction that records it. The clocks say how long a person
at the desk has for an uncertain one, and what an outside system is measured by.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any, Final

__all__ = ["Clocks", "clocks_for"]

_TEN: Final = 10
_TWO_DAYS: Final = timedelta(days=2)
_MONTH: Final = timedelta(days=30)
_AT_ONCE: Final = "GDPR Art. 7(3), 21(3): at once"
_LAWS: Final = {
    ("US", "email"): "15 USC 7704(a)(4) (CAN-SPAM): 10 business days",
    ("US", ""): "47 CFR 64.1200(a)(10) (TCPA): 10 business days",
    ("CA", ""): "CASL s.11(3): 10 business days",
}
_OPERATORS: Final = {"email": "mailbox providers (bulk sender rules): two days"}


@dataclass(frozen=True, slots=True)
class Clocks:
    """Two deadlines, each with what sets it.

    Attributes:
        law: The law and its period.
        legal_by: When it is over; the message's own time where the law says "at once".
        operator: What an operator of the channel asks; empty where none does.
        operator_by: When that is over.
    """

    law: str
    legal_by: datetime
    operator: str = ""
    operator_by: datetime | None = None

    def to_json(self) -> dict[str, Any]:
        """As part of an output line."""
        found: dict[str, Any] = {"legal": {"rule": self.law, "by": self.legal_by}}
        if self.operator:
            found["operator"] = {"rule": self.operator, "by": self.operator_by}
        return found


def clocks_for(country: str, channel: str, at: datetime, *, rights: bool = False) -> Clocks:
    """The clocks of a message.

    Args:
        country: ISO code of the person; where it is not known the strictest holds: at once.
        channel: Channel that the withdrawal is about.
        at: When the person wrote.
        rights: It asks for deletion or closing, not for silence.
    """
    country = country.upper()
    if rights:
        return Clocks("GDPR Art. 12(3): one month (30 days here)", at + _MONTH)
    law = _LAWS.get((country, channel)) or _LAWS.get((country, ""))
    rule = _OPERATORS.get(channel, "")
    until = at + _TWO_DAYS if rule else None
    if law is None:
        return Clocks(_AT_ONCE, at, rule, until)
    return Clocks(law, _business_days(country, at, _TEN), rule, until)


def _business_days(country: str, at: datetime, days: int) -> datetime:
    """So many weekdays later that are no public holiday of the country."""
    left, when = days, at
    while left:
        when += timedelta(days=1)
        if when.weekday() < 5 and not _holiday(country, when.date()):  # noqa: PLR2004
            left -= 1
    return when


@lru_cache(maxsize=1024)
def _holiday(country: str, day: date) -> bool:
    import holidays

    return day in holidays.country_holidays(country, years=day.year)
