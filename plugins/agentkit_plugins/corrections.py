"""A value of the record, written the way the text writes it: format, language, year or none."""

from __future__ import annotations

import re
from datetime import date
from typing import Final

from agentkit_plugins.claim_patterns import MONTHS
from agentkit_plugins.claims import Claim

__all__ = ["correction"]

# fmt: off
_MONTHS: Final = {
    "en": "January February March April May June July August September October November December",
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre "
          "décembre",
    "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre "
          "diciembre",
}
# fmt: on
_MARKS: Final = {"en": (".", ","), "de": (",", "."), "fr": (",", " "), "es": (",", ".")}
"""Decimal mark and thousands mark, where the text shows none."""
_UNTIL: Final = {
    "en": (re.compile(r"\b(until|till|by|before)\s(?:midnight\s)?$"), r"\1 "),
    "de": (re.compile(r"\b(bis)\s(?:zum\s|einschließlich\s)?$"), r"\1 zum "),
    "fr": (re.compile(r"\b(jusqu')(?:à|au)\s$"), r"\1au "),
    "es": (re.compile(r"\b(hasta|antes de|antes del)\s(?:el\s)?$"), r"\1 el "),
}
"""What stands before a day that ends something, and how it reads before a date."""
_ENDS: Final = {
    "en": (re.compile(r"\b(ends|expires|closes)\s(?:on\s)?$"), r"\1 on "),
    "de": (re.compile(r"\b(endet)\s(?:am\s)?$"), r"\1 am "),
    "fr": (re.compile(r"\b(expire|prend fin|se termine)\s$"), r"\1 le "),
    "es": (re.compile(r"\b(termina|caduca|vence)\s(?:el\s)?$"), r"\1 el "),
}


_ON: Final = {
    "en": (re.compile(r"(?:\bon\s)?$"), "on "),
    "de": (re.compile(r"(?:\bam\s)?$"), "am "),
    "fr": (re.compile(r"(?:\ble\s)?$"), "le "),
    "es": (re.compile(r"(?:\bel\s)?$"), "el "),
}
_ONLY: Final = {
    "en": (re.compile(r"\b(?:only)\s$"), "until "),
    "de": (re.compile(r"\b(?:nur noch|nur)\s(?:bis\s)?$"), "bis zum "),
    "fr": (re.compile(r"\b(?:seulement)\s$"), "jusqu'au "),
    "es": (re.compile(r"\b(?:solo|sólo)\s$"), "hasta el "),
}
"""``nur noch heute`` becomes ``bis zum 8. Dezember``."""


def correction(text: str, claim: Claim, language: str, today: date) -> tuple[int, int, str] | None:
    """What to write where, so that a contradicted claim says what the record says.

    None where there is no figure to correct, or the record does not hold exactly one value for it.
    """
    said, meant = claim.statement, claim.meant
    if said is None or meant is None or said.form in {"scarce", "least", "words"}:
        return None
    if isinstance(meant, date):
        return _day(text, claim, meant, language, today)
    figure = said.figure
    if figure is None or said.form == "saving":  # worked out from two prices: on no record
        return None
    written = text[figure.start : figure.end]
    if claim.kind == "discount" and said.form == "figure":
        return figure.start, figure.end, _share(written, meant, language)
    if claim.kind in {"stock", "quantity"}:
        return figure.start, figure.end, f"{meant:.0f}"
    return figure.start, figure.end, _money(written, meant, language)


def _share(written: str, value: float, language: str) -> str:
    number = f"{value:g}".replace(".", _MARKS[language][0])
    digits = re.match(r"[\d.,]+", written)
    if digits:
        return number + written[digits.end() :]
    return f"{number}%" if language == "en" else f"{number} %"


def _money(written: str, value: float, language: str) -> str:
    """``1.490,00`` becomes ``1.290,00``, and ``840`` becomes ``960``."""
    decimal, thousands = _MARKS[language]
    cents = re.search(r"([.,])\d{1,2}$", written)
    if cents:
        decimal = cents[1]
        thousands = "," if decimal == "." else "." if thousands == "," else thousands
    group = re.search(r"\d([.,'’ \u00a0\u202f])\d{3}(?!\d)", written)
    if group:
        thousands = group[1]
        decimal = decimal if decimal != thousands else _other(thousands)
    whole = value == int(value) and not cents
    number = f"{value:,.0f}" if whole else f"{value:,.2f}"
    plain = not group and re.search(r"\d{4}", written) is not None
    marks = str.maketrans({",": "" if plain else thousands, ".": decimal})
    return number.translate(marks)


def _other(mark: str) -> str:
    return "." if mark == "," else ","


def _day(
    text: str, claim: Claim, day: date, language: str, today: date
) -> tuple[int, int, str] | None:
    start, end = claim.span.start, claim.span.end
    said = claim.statement.day if claim.statement is not None else None
    if said is None:
        return None
    if said.figure:
        return start, end, _written(text[start:end], day, language, today)
    date_text = _in_words(day, language, year=day.year != today.year)
    before = text[max(0, start - 24) : start]
    plain = _ON if claim.statement is not None and claim.statement.topic != "offer" else _ONLY
    for pattern, lead in (_UNTIL[language], _ENDS[language], plain[language]):
        match = pattern.search(before)
        if match:
            return start - len(match[0]), end, match.expand(lead) + date_text
    return None


def _written(written: str, day: date, language: str, today: date) -> str:
    """A date in the format of the one that it replaces; a weekday is left out."""
    if re.fullmatch(r"20\d\d-\d\d-\d\d", written):
        return day.isoformat()
    has_year = re.search(r"20\d\d", written) is not None or day.year != today.year
    numbers = re.search(r"(\d{1,2})([./])(\d{1,2})(?:\2(20\d\d|\d\d)?)?", written)
    if numbers:
        return _numeric(numbers, day, has_year=has_year)
    lead = re.search(r"([^\W\d]+)\.?\s\d", written)
    if language == "en" and lead and lead[1].lower() in MONTHS:
        name = _MONTHS["en"].split()[day.month - 1]
        return f"{name} {day.day}, {day.year}" if has_year else f"{name} {day.day}"
    return _in_words(day, language, year=has_year)


def _numeric(numbers: re.Match[str], day: date, *, has_year: bool) -> str:
    wide = len(numbers[1]) == len(numbers[3]) == 2  # noqa: PLR2004
    parts = [f"{n:02d}" if wide else str(n) for n in (day.day, day.month)]
    mark = numbers[2]
    if has_year or numbers[4]:
        year = f"{day.year % 100:02d}" if numbers[4] and len(numbers[4]) == 2 else str(day.year)  # noqa: PLR2004
        return mark.join([*parts, year])
    return mark.join(parts) + (mark if numbers[0].endswith(mark) else "")


def _in_words(day: date, language: str, *, year: bool) -> str:
    month = _MONTHS[language].split()[day.month - 1]
    tail = f" {day.year}" if year else ""
    if language == "de":
        return f"{day.day}. {month}{tail}"
    if language == "es":
        return f"{day.day} de {month}" + (f" de {day.year}" if year else "")
    return f"{day.day} {month}{tail}"
