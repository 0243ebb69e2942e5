"""When a person asks to be left until: "call me Friday", "nicht vor Montag", in four languages.

Only short clauses with a plain expression of time are read, by `dateparser`, as of the message's
time in the person's own zone; where several zones are plausible the latest instant counts. The
instant is the first second of the day named, or the hour where one is named.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

__all__ = ["not_before", "wish_of"]

_LONGEST: Final = 400
_FARTHEST: Final = timedelta(days=366)
_LATEST_ON_EARTH: Final = "Etc/GMT+12"
"""Where a day begins last: for people of whom no zone is plausible."""

_DAYS: Final = (
    "monday|tuesday|wednesday|thursday|friday|saturday|sunday|"
    "montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonnabend|sonntag|"
    "lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche|"
    "lunes|martes|miércoles|miercoles|jueves|viernes|sábado|sabado|domingo"
)
_MONTHS: Final = (
    "january|february|march|april|may|june|july|august|september|october|november|december|"
    "januar|februar|märz|mai|juni|juli|oktober|dezember|"
    "janvier|février|mars|avril|juin|juillet|août|septembre|octobre|novembre|décembre|"
    "enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|octubre|noviembre|diciembre"
)
_UNITS: Final = (
    "days?|weeks?|months?|tage?n?|wochen?|monate?n?|jours?|semaines?|mois|días?|dias?|semanas?|"
    "mes(?:es)?"
)
_NUMBERS: Final = (
    r"\d{1,2}|a|an|one|two|three|four|six|einem|einer|zwei|drei|vier|sechs|un|une|deux|trois|quatre|"
    "una|dos|tres|cuatro|seis"
)
_WHEN: Final = re.compile(
    rf"\b(?P<iso>\d{{4}}-\d{{2}}-\d{{2}})\b"
    rf"|\b(?P<dotted>\d{{1,2}}\.\d{{1,2}}\.(?:\d{{4}})?)"
    rf"|\b(?P<date>\d{{1,2}}(?:st|nd|rd|th|\.|er)?(?: de| of)? (?:{_MONTHS})(?: \d{{4}})?|"
    rf"(?:{_MONTHS}) \d{{1,2}}(?:st|nd|rd|th)?)\b"
    rf"|\b(?P<day>{_DAYS})\b"
    r"|\b(?P<tomorrow>tomorrow|morgen(?! früh vorbei)|demain|mañana)\b"
    r"|\b(?P<overmorrow>the day after tomorrow|übermorgen|après-demain|pasado mañana)\b"
    r"|\b(?P<week>next week|nächste[rn]? woche|kommende[rn]? woche|la semaine prochaine|"
    r"semaine prochaine|la semana que viene|la próxima semana|próxima semana)\b"
    r"|\b(?P<month>next month|nächste[nmr]? monat|le mois prochain|el mes que viene|"
    r"el próximo mes|próximo mes)\b"
    rf"|\b(?:in|dans|en|within) (?P<in>(?:{_NUMBERS}) (?:{_UNITS}))\b"
)
_HOUR: Final = re.compile(
    r"\b(?:at|um|gegen|ab|à|a las|after|nach) (\d{1,2})(?::(\d{2}))? ?(uhr|h|am|pm|a\.m\.|p\.m\.)?"
)
_VERB: Final = re.compile(
    r"\b(?:call|ring|phone|contact|reach|write|text|email|mail|get back|get in touch|try me|"
    r"ruf\w{0,3}|anrufen|anzurufen|zurückrufen|meld\w{1,3}|kontaktier\w{1,3}|schreib\w{0,3}|"
    r"r?appel\w{1,5}|contact\w{1,4}|écriv\w{1,4}|recontact\w{1,4}|"
    r"llám\w{1,4}|llam\w{1,5}|contáct\w{1,5}|escríb\w{1,5}|escrib\w{1,5})\b"
)
_LIMIT: Final = re.compile(
    r"\b(?:not (?:before|until)|(?:don't|do not|dont|never|nobody|no calls?)(?: \w{1,20}){0,6} "
    r"(?:before|until)|wait (?:until|till)|(?:only )?(?:from|after)|"
    r"nicht vor|frühestens|erst (?:wieder |ab |am |nach )?|nicht(?: \w{1,20}){0,5} vor|"
    r"warten sie bis|pas avant|seulement (?:à partir|après)|attendez|à partir d|"
    r"no (?:\w{1,20} ){0,5}antes de|espere|esperen|a partir del?|después del?)"
)
_NOT: Final = re.compile(
    r"\b(?:don't|dont|do not|never|not|nicht|nie|kein\w{0,2}|pas|jamais|no|nunca)\b"
)
_BY: Final = re.compile(r"\b(?:by|before|bis|vor|spätestens|d'ici|avant|antes|hasta)\b")
"""A latest time, unless it is negated: "call me before Friday" asks for no wait."""
_CLAUSES: Final = re.compile(
    r"[,;!?\n]|\s(?:but|sondern|aber|mais|sino|pero|und|and|et|y)\s|(?<=\D)[.:](?:\s|$)"
)


def wish_of(text: str) -> str:
    """The clause that asks for a later time; empty where none does."""
    return next((clause for clause, _ in _wishes(text)), "")


def not_before(text: str, at: datetime, zones: Sequence[str]) -> datetime | None:
    """The instant that the text asks to wait for; None where it asks for none.

    Args:
        text: The person's own words, as written.
        at: When they were written.
        zones: Plausible zones of the person; empty: none is known.
    """
    found = [
        instant
        for _, when in _wishes(text)
        for zone in zones or (_LATEST_ON_EARTH,)
        if (instant := _instant(when, at, ZoneInfo(zone))) is not None
    ]
    ahead = [instant for instant in found if at < instant <= at + _FARTHEST]
    return max(ahead) if ahead else None


def _wishes(text: str) -> Iterator[tuple[str, re.Match[str]]]:
    for clause in _CLAUSES.split(text.replace("’", "'")[: 50 * _LONGEST]):
        folded = clause[:_LONGEST].lower()
        when = _WHEN.search(folded)
        if when is None:
            continue
        if _LIMIT.search(folded) or (_VERB.search(folded) and not _refuses(folded)):
            yield clause.strip(), when


def _refuses(folded: str) -> bool:
    """Whether the day that is named is not the one to wait for: "not on Friday", "by Friday"."""
    return bool(_NOT.search(folded) or _BY.search(folded))


def _instant(when: re.Match[str], at: datetime, zone: ZoneInfo) -> datetime | None:
    local = at.astimezone(zone)
    day = _day(when, local.replace(tzinfo=None))
    if day is None:
        return None
    day = day.replace(hour=0, minute=0, second=0, microsecond=0)
    hour = _HOUR.search(when.string, when.end())
    if hour is not None:
        day = _at_hour(day, hour)
    return day.replace(tzinfo=zone).astimezone(UTC)


def _day(when: re.Match[str], local: datetime) -> datetime | None:
    if when["tomorrow"] or when["overmorrow"]:
        return local + timedelta(days=1 if when["tomorrow"] else 2)
    if when["week"]:
        return local + timedelta(days=7 - local.weekday())
    if when["month"]:
        return (local.replace(day=1) + timedelta(days=32)).replace(day=1)
    return _read(_spelled(when), local)


def _spelled(when: re.Match[str]) -> str:
    """As dateparser reads it."""
    if when["dotted"]:
        day, month, year = (*when["dotted"].split("."), "", "")[:3]
        return f"{day}.{month}.{year}" if year else f"{day}/{month}"
    return re.sub(r"(?<=\d)(?:st|nd|rd|th|er)\b", "", when[0])


def _read(words: str, local: datetime) -> datetime | None:
    import dateparser

    for language in ("en", "de", "fr", "es"):
        found: datetime | None = dateparser.parse(
            words,
            languages=[language],
            settings={
                "PREFER_DATES_FROM": "future",
                "PREFER_DAY_OF_MONTH": "first",
                "DATE_ORDER": "DMY",
                "RELATIVE_BASE": local,
                "RETURN_AS_TIMEZONE_AWARE": False,
            },
        )
        if found is not None:
            return found
    return None


def _at_hour(day: datetime, match: re.Match[str]) -> datetime:
    hour, minute = int(match[1]), int(match[2] or 0)
    if (match[3] or "").startswith("p") and hour < 12:  # noqa: PLR2004
        hour += 12
    return day.replace(hour=hour, minute=minute) if hour < 24 and minute < 60 else day  # noqa: PLR2004
