"""Text that others wrote, made fit for a terminal: nothing in it moves a cursor or hides."""

from __future__ import annotations

import unicodedata
from typing import Final

__all__ = ["printable"]

_KEPT: Final = frozenset("\n\u00ad\u200c\u200d")
"""New line; soft hyphen and the joiners that German, Persian and emoji need."""


class _Table(dict[int, str]):
    """Replacement by character, worked out when it is first met; always one for one."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        self[code] = replaced = _replaced(character)
        return replaced


def _replaced(character: str) -> str:
    if character in _KEPT:
        return character
    if character in "\t\r":
        return " "
    if character in "\u2028\u2029":
        return "\n"
    category = unicodedata.category(character)
    if category == "Cc":
        code = ord(character)
        return "\u2421" if code == 0x7F else chr(0x2400 + code) if code < 0x20 else "\ufffd"  # noqa: PLR2004
    return "\ufffd" if category in {"Cf", "Cs"} else character


_TABLE: Final = _Table()


def printable(text: str, *, lines: bool = True) -> str:
    """Neutralise control characters, escape sequences and invisible formatting.

    Each character becomes exactly one, so spans of findings stay where they are: an escape becomes
    the picture ``␛``, text direction overrides and hidden tags become ``�``.

    Args:
        text: What somebody else wrote.
        lines: Keep line breaks; otherwise they become spaces.
    """
    clean = text.translate(_TABLE)
    return clean if lines else clean.replace("\n", " ")
