"""Dates and flags as exports write them."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final

__all__ = ["ImpossibleDate", "read_date", "read_flag", "read_instant"]

_ISO: Final = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ](.*))?")
_GERMAN: Final = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})")
_YES: Final = frozenset(
    ["true", "yes", "y", "1", "x", "ja", "j", "wahr", "oui", "vrai", "si", "sí", "on", "opted_out"]
)
_NO: Final = frozenset(["false", "no", "n", "0", "nein", "falsch", "non", "faux", "off"])


class ImpossibleDate(ValueError):
    """Written like a date, but there is no such day or time."""


def read_date(text: str) -> datetime | None:
    """A day or instant; without a zone it counts as UTC. None where it is not written like one.

    Understood: ISO 8601 (``2026-08-29``, ``2026-08-29 13:26``, ``2025-11-30T16:23:00.000+0000``)
    and ``29.08.2026``. ``03/04/2026`` is March or April, so it stays unknown.

    Raises:
        ImpossibleDate: 30 February, month 13 and the like.
    """
    text = text.strip()
    german = _GERMAN.fullmatch(text)
    if german:
        text = f"{german[3]}-{german[2]:0>2}-{german[1]:0>2}"
    if not _ISO.fullmatch(text):
        return None
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        raise ImpossibleDate(str(error)) from error
    return (instant if instant.tzinfo else instant.replace(tzinfo=UTC)).astimezone(UTC)


def read_instant(text: str) -> datetime | None:
    """An instant that means the same everywhere; None where it has a time but no zone.

    Raises:
        ImpossibleDate: there is no such instant.
    """
    match = _ISO.fullmatch(text.strip())
    if match is None or match[4] is None:
        return read_date(text)
    try:
        instant = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise ImpossibleDate(str(error)) from error
    return instant.astimezone(UTC) if instant.tzinfo else None


def read_flag(text: str) -> bool | None:
    """Yes or no in English, German, French or Spanish; None where it is neither, or empty."""
    word = text.strip().lower()
    if word in _YES:
        return True
    return False if word in _NO else None
