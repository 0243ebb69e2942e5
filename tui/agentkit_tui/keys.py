"""The line of keys at the bottom, fitted to the width."""

from __future__ import annotations

from typing import Final

from textual.content import Content

__all__ = ["WIDE", "key_bar"]

WIDE: Final = 120
"""Columns from which queue and case stand side by side."""
_FULL: Final = (
    ("a", "approve"), ("e", "edit"), ("r", "reject"), ("m", "respond"), ("n/p", "next, previous"),
    ("f", "finding"), ("c", "claim"), ("s", "stop agent"), ("/", "filter"), ("?", "help"),
    ("q", "quit"),
)  # fmt: skip
_SHORT: Final = (
    ("a", "approve"), ("e", "edit"), ("r", "reject"), ("m", "respond"), ("n/p", "next"),
    ("c", "claim"), ("s", "stop"), ("/", "filter"), ("?", ""), ("q", "quit"),
)  # fmt: skip


def key_bar(width: int) -> Content:
    """The keys that fit."""
    keys = _FULL if width >= WIDE else _SHORT
    gap = "  " if width >= WIDE else " "
    parts: list[tuple[str, str]] = []
    for key, word in keys:
        parts += [(key, "bold $accent"), (f" {word}".rstrip() + gap, "")]
    return Content.assemble(*parts).rstrip()
