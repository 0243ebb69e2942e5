"""Days in a text, and the windows in which an earlier contact is said to have been.

Patterns find what may be a day; `dateparser` reads it in the text's language. It is slow, so what
it read is remembered, and it is asked about candidates only.
"""

# ruff: noqa: E501  (a pattern reads better unbroken)

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any, Final, NamedTuple

from agentkit_plugins.claim_patterns import MONTHS, WEEKDAYS

__all__ = ["Day", "Window", "days_in", "window_near"]

_MONTH: Final = "|".join(sorted(MONTHS, key=len, reverse=True))
_WEEKDAY: Final = "|".join(WEEKDAYS)
_LEAD: Final = rf"(?:\b(?:{_WEEKDAY})\b,?\s(?:den\s|le\s|el\s|the\s|dem\s)?)?"
_CANDIDATE: Final = re.compile(
    rf"\b(?P<iso>20\d\d-\d\d-\d\d)\b"
    rf"|{_LEAD}\b(?P<dm>\d{{1,2}})(?:st|nd|rd|th|er|\.)?\s(?:of\s|de\s)?(?P<dmm>{_MONTH})\b(?:\.?,?\s(?:de\s|del\s)?(?P<dmy>20\d\d))?"
    rf"|{_LEAD}\b(?P<mdm>{_MONTH})\.?\s(?P<md>\d{{1,2}})(?:st|nd|rd|th)?\b(?:,?\s(?P<mdy>20\d\d))?"
    rf"|{_LEAD}\b(?P<n1>\d{{1,2}})(?P<sep>[./])(?P<n2>\d{{1,2}})(?:(?P=sep)(?P<ny>20\d\d|\d\d)?)?(?![\d%]|\s?(?:€|eur|%|bar|l\b|kg|liter|litre))"
    rf"|\b(?:end of|ende|fin|fin de|finales de)\s(?P<eom>(?:the\s|this\s|des\s|du\s|de\s)?(?:month|monats?|mois|mes)|{_MONTH})\b"
    rf"|\b(?P<near>today|tonight|heute|aujourd'hui|ce soir|hoy|esta noche|tomorrow|morgen|demain|mañana)\b"
    rf"|\b(?P<wd>{_WEEKDAY})\b(?!\s(?:dernier|pasado))"
    rf"|\b(?:the|am|le|el)\s(?P<only>\d{{1,2}})(?:st|nd|rd|th)\b"
    rf"|\b(?P<span>\d{{1,3}})[\s-](?P<unit>hours?|stunden|heures|horas|days?|tagen?|jours|días|weeks?|wochen?|semaines?|semanas?)\b",
    re.IGNORECASE,
)
_PAST: Final = re.compile(
    r"\b(?:last|letzte[nmr]?|vergangene[nmr]?|el pasado|past|ago|vor|hace|il y a)\s$"
)
_DATED: Final = re.compile(
    r"\b(?:invoice|quote|order|letter|rechnung|angebot|bestellung|schreiben|facture|devis|commande|"
    r"factura|presupuesto|pedido|carta)\s(?:[\w-]+\s)?(?:of|from|vom|du|del?)\s$"
)
"""The date of a document says when it was written."""
_TOMORROW: Final = frozenset({"tomorrow", "morgen", "demain", "mañana"})


class Day(NamedTuple):
    """A day that a text names, and its place.

    Attributes:
        day: The day; of a year that was guessed where the text names none.
        has_year: The text names the year, or the day is counted from today.
        start: Where it begins in the text that was searched.
        end: Where it ends.
        figure: It is written as a date, not as ``tomorrow`` or ``Friday``.
        today: It is today: what came or was paid today is over, only an offer ends today.
    """

    day: date
    has_year: bool
    start: int
    end: int
    figure: bool = True
    today: bool = False

    def among(self, known: Any) -> bool:
        """Whether a day on record is this one; without a year, day and month decide."""
        if self.has_year:
            return self.day in known
        return any((d.month, d.day) == (self.day.month, self.day.day) for d in known)


def days_in(sentence: str, now: datetime, language: str, country: str = "") -> Iterator[Day]:
    """Every day to come that a folded sentence names.

    Args:
        sentence: Folded, numbers in digits.
        now: For ``tomorrow`` and ``Friday``.
        language: Of the text.
        country: Of the reader: ``US`` writes the month first.
    """
    for match in _CANDIDATE.finditer(sentence):
        before = sentence[max(0, match.start() - 40) : match.start()]
        if _PAST.search(before) or _DATED.search(before):
            continue
        found = _day(match, now.date(), language, country)
        if found is not None:
            day, has_year, figure = found
            today = not figure and day == now.date()
            yield Day(day, has_year, match.start(), match.end(), figure, today)


def _day(
    match: re.Match[str], today: date, language: str, country: str
) -> tuple[date, bool, bool] | None:
    part = match.groupdict()
    if part["near"]:
        ahead = 1 if part["near"] in _TOMORROW else 0
        return today + timedelta(ahead), True, False
    if part["wd"]:
        ahead = (WEEKDAYS[part["wd"]] - today.isoweekday()) % 7
        return today + timedelta(ahead), True, False
    if part["eom"]:
        return _month_end(part["eom"], today), True, False
    if part["span"]:
        return _counted(int(part["span"]), part["unit"], today)
    return _written(part, today, language, country)


def _month_end(words: str, today: date) -> date:
    month = MONTHS.get(words.strip(), today.month)
    year = today.year + (month < today.month)
    return date(year, month, monthrange(year, month)[1])


def _counted(count: int, unit: str, today: date) -> tuple[date, bool, bool] | None:
    weeks = unit.startswith(("week", "woch", "sem"))
    hours = unit.startswith(("hour", "stund", "heure", "hora"))
    days = count // 24 if hours else count * 7 if weeks else count
    return today + timedelta(days), True, False


def _written(
    part: dict[str, Any], today: date, language: str, country: str
) -> tuple[date, bool, bool] | None:
    year = part["dmy"] or part["mdy"] or part["ny"]
    order = "MDY" if country == "US" and part["sep"] == "/" else "DMY"
    if part["iso"]:
        text, year, order = part["iso"], part["iso"][:4], "YMD"
    elif part["only"]:
        text = f"{part['only']}/{today.month}/{today.year}"
    elif part["n1"]:
        text = f"{part['n1']}/{part['n2']}/{year or today.year}"
    else:
        day, month = part["dm"] or part["md"], part["dmm"] or part["mdm"]
        text = f"{day} {month} {year or today.year}"
    read = _parsed(text, language, order)
    return None if read is None else (read, bool(year), True)


@lru_cache(maxsize=8192)
def _parsed(text: str, language: str, order: str) -> date | None:
    found = _reader(language, order).get_date_data(text).date_obj
    return None if found is None else found.date()


@lru_cache(maxsize=16)
def _reader(language: str, order: str) -> Any:
    from dateparser.date import DateDataParser

    settings = {
        "DATE_ORDER": order,
        "REQUIRE_PARTS": ["day", "month", "year"],
        "PARSERS": ["absolute-time"],
    }
    return DateDataParser(languages=[language], settings=settings, try_previous_locales=False)


class Window(NamedTuple):
    """A stretch of time in the past, both days included."""

    first: date
    last: date

    def holds(self, day: date) -> bool:
        """Whether a day lies in it."""
        return self.first <= day <= self.last


_SEASONS: Final = {
    name: months
    for months, names in {
        (3, 6): "spring frühling frühjahr printemps primavera",
        (6, 9): "summer sommer été verano",
        (9, 12): "autumn fall herbst automne otoño",
        (12, 3): "winter hiver invierno",
    }.items()
    for name in names.split()
}
_WHEN: Final = re.compile(
    rf"\b(?P<yesterday>yesterday|gestern|hier(?!\s(?:schreibt|ist|spricht|die|der|das))|d'hier|ayer)\b"
    rf"|\b(?P<today>today|this morning|heute|aujourd'hui|ce matin|hoy|esta mañana)\b"
    rf"|\b(?P<ago>\d{{1,2}})\s(?P<unit>days?|weeks?|months?)\sago\b"
    rf"|\b(?:vor|il y a|hace)\s(?P<ago2>\d{{1,2}}|einer|einem|une?|una?)\s(?P<unit2>tag\w*|woche\w*|monat\w*|jours?|semaines?|mois|días?|semanas?|mes\w*)"
    rf"|\b(?P<week>last week|letzte[rn]? woche|vergangene[rn]? woche|vorige[rn]? woche|la semaine dernière|la semaine passée|la semana pasada)\b"
    rf"|\b(?P<month>last month|letzte[nm]? monat|vergangene[nm]? monat|le mois dernier|el mes pasado)\b"
    rf"|\b(?P<year>last year|letzte[sn]? jahr|l'année dernière|l'an dernier|el año pasado)\b"
    rf"|\b(?P<recent>recently|the other day|kürzlich|neulich|récemment|l'autre jour|hace poco|recientemente)\b"
    rf"|\b(?:(?P<wd>{_WEEKDAY})\b)"
    rf"|\b(?P<dm>\d{{1,2}})(?:st|nd|rd|th|er|\.)?\s(?:of\s|de\s)?(?P<dmm>{_MONTH})\b|\b(?P<mdm>{_MONTH})\s(?P<md>\d{{1,2}})\b"
    rf"|\b(?:in|im|en|d'|de|du)\s?(?P<in>{_MONTH})\b"
    rf"|\b(?:in|im|en|au|l'|this|last|letzte[nrm]?)\s?(?:the\s|el\s|cet\s)?(?P<season>{'|'.join(_SEASONS)})\b",
    re.IGNORECASE,
)


def window_near(sentence: str, at: int, now: datetime) -> Window | None:
    """The window that a sentence names closest to a place in it; None where it names none."""
    near = sorted(_WHEN.finditer(sentence), key=lambda m: abs(m.start() - at))
    for match in near:
        if abs(match.start() - at) <= 60:  # noqa: PLR2004  (characters: the same clause)
            return _window(match, now.date())
    return None


def _window(match: re.Match[str], today: date) -> Window:
    part = {name: words for name, words in match.groupdict().items() if words}
    named = next((name for name in _FIXED if name in part), "")
    if named:
        first, last = _FIXED[named](today)
        return Window(first, last)
    if "wd" in part:
        back = (today.isoweekday() - WEEKDAYS[part["wd"]]) % 7 or 7
        return _around(today - timedelta(back), 1)
    if "ago" in part or "ago2" in part:
        return _ago(part.get("ago") or part["ago2"], part.get("unit") or part["unit2"], today)
    return _calendar(part, today)


_FIXED: Final[dict[str, Callable[[date], tuple[date, date]]]] = {
    "yesterday": lambda today: (today - timedelta(2), today),
    "today": lambda today: (today - timedelta(1), today),
    "week": lambda today: (today - timedelta(today.weekday() + 8), today),
    "recent": lambda today: (today - timedelta(60), today),
    "year": lambda today: (date(today.year - 1, 1, 1), date(today.year - 1, 12, 31)),
}
"""Windows by their words alone, one day of slack included."""


def _calendar(part: dict[str, str], today: date) -> Window:
    if "dmm" in part or "mdm" in part:
        day, month = int(part.get("dm") or part["md"]), MONTHS[part.get("dmm") or part["mdm"]]
        last = min(day, monthrange(today.year, month)[1]) or 1
        then = date(today.year, month, last)
        return _around(then if then <= today else date(today.year - 1, month, min(last, 28)), 1)
    if "season" in part:
        first, end = _SEASONS[part["season"]]
        year = today.year - (first > today.month)
        return Window(date(year, first, 1), date(year + (end < first), end, 1) + timedelta(14))
    month = MONTHS[part["in"]] if "in" in part else (today.month - 2) % 12 + 1
    year = today.year - (month > today.month)
    return Window(date(year, month, 1), date(year, month, monthrange(year, month)[1]))


def _ago(count: str, unit: str, today: date) -> Window:
    number = int(count) if count.isdigit() else 1
    if unit.startswith(("day", "tag", "jour", "día")):
        return _around(today - timedelta(number), 1)
    if unit.startswith(("month", "monat", "mois", "mes")):
        return _around(today - timedelta(30 * number), 18)
    return _around(today - timedelta(7 * number), 4)


def _around(day: date, slack: int) -> Window:
    return Window(day - timedelta(slack), day + timedelta(slack))
