"""Within what time a request must be answered: dated data in ``deadlines.yaml``."""

from __future__ import annotations

import calendar
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from importlib import resources
from typing import Final, Literal, get_args

from agentkit.jurisdiction import jurisdiction_of
from agentkit.yaml_text import load_yaml

__all__ = ["RIGHTS", "Deadline", "Due", "Right", "deadlines", "due_dates"]

Right = Literal["access", "rectify", "erase", "restrict", "object", "contest"]
RIGHTS: Final[tuple[Right, ...]] = get_args(Right)
_SATURDAY: Final = 5


@dataclass(frozen=True)
class Deadline:
    """One law's time for answering.

    Attributes:
        id: Short name.
        law: The law's name.
        jurisdictions: Codes where it holds; empty: wherever nothing else does.
        rights: For which requests.
        within: One of ``months``, ``days``, ``business_days``, and how many.
        cites: Sources.
        status: ``settled`` or ``policy``.
        effective_from: First day.
        verified_on: When somebody last looked.
        verified_by: By which source.
        extension: How much longer, where it may be extended; empty: not at all.
        pause: When the clock stops.
        note: What else to know.
    """

    id: str
    law: str
    jurisdictions: frozenset[str]
    rights: frozenset[str]
    within: Mapping[str, int]
    cites: tuple[str, ...]
    status: str
    effective_from: date
    verified_on: date
    verified_by: str
    extension: Mapping[str, int]
    pause: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Due:
    """By when one request must be answered under one law.

    Attributes:
        deadline: The rule.
        on: The last day.
        extended: The last day after an extension; None where there is none.
    """

    deadline: Deadline
    on: date
    extended: date | None


@lru_cache(maxsize=1)
def deadlines() -> tuple[Deadline, ...]:
    """Every rule on file."""
    text = resources.files("agentkit.rights").joinpath("deadlines.yaml").read_text("utf-8")
    found = []
    for row in load_yaml(text)["deadlines"]:
        row |= {name: frozenset(row[name]) for name in ("jurisdictions", "rights")}
        row |= {"cites": tuple(row["cites"]), "extension": row.get("extension", {})}
        found.append(Deadline(**row))
    return tuple(found)


def due_dates(right: Right, country: str, region: str, received: datetime) -> tuple[Due, ...]:
    """By when a request must be answered, the earliest first.

    Where the country or region is not known, every law that may hold counts.

    Args:
        right: What is asked for.
        country: ISO code; empty if not on record.
        region: ISO 3166-2 code without the country.
        received: When the request came in.
    """
    place, day = jurisdiction_of(country, region), received.date()
    rules = [d for d in deadlines() if right in d.rights and d.effective_from <= day]
    fits = [
        d
        for d in rules
        if place.certain(d.jurisdictions) or (d.jurisdictions and place.plausible(d.jurisdictions))
    ]
    fits = fits or [d for d in rules if not d.jurisdictions]
    return tuple(sorted((_due(d, day) for d in fits), key=lambda due: (due.on, due.deadline.id)))


def _due(deadline: Deadline, day: date) -> Due:
    last = _later(day, deadline.within)
    return Due(deadline, last, _later(last, deadline.extension) if deadline.extension else None)


def _later(day: date, span: Mapping[str, int]) -> date:
    """A month ends on the day of the same number, or on the last day of a shorter month."""
    month = day.month - 1 + span.get("months", 0)
    year, month = day.year + month // 12, month % 12 + 1
    last = calendar.monthrange(year, month)[1]
    day = day.replace(year=year, month=month, day=min(day.day, last))
    day += timedelta(days=span.get("days", 0))
    left = span.get("business_days", 0)
    while left:
        day += timedelta(days=1)
        left -= day.weekday() < _SATURDAY
    return day
