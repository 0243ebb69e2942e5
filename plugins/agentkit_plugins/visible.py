"""What a reader of a message sees of it: no tags, no hidden text, no quoted mail, no addresses.

What is not seen becomes spaces, so that every place stays where it is.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

__all__ = ["Seen", "seen", "without_hidden"]

_HIDDEN: Final = re.compile(
    r"<!--.{0,20000}?-->|<(script|style|template|title)\b[^>]{0,500}>.{0,20000}?</\1>"
    r"|<(\w{1,20})\b[^>]{0,300}?(?:display\s?:\s?none|visibility\s?:\s?hidden|font-size\s?:\s?0"
    r"|opacity\s?:\s?0(?![.\d])|\shidden\b)[^>]{0,300}>.{0,20000}?</\2>",
    re.IGNORECASE | re.DOTALL,
)
"""Comments, scripts, and elements that a style hides."""
_CODE: Final = re.compile(r"<(?:script|style|template|title)\b", re.IGNORECASE)
_TAG: Final = re.compile(r"</?[a-zA-Z!][^<>]{0,2000}>")
_ADDRESS: Final = re.compile(
    r"(?:https?://|www\.)[^\s<>\"']{1,2000}|[\w.+-]{1,64}@[\w-]{1,63}\.[\w.-]{2,63}"
)
_QUOTED_LINE: Final = re.compile(r"^[ \t]*>[^\n]*$", re.MULTILINE)
_QUOTED_REST: Final = re.compile(
    r"^[ \t]*(?:-{2,}\s?(?:original message|ursprüngliche nachricht|message d'origine|"
    r"mensaje original)"
    r"|on\b[^\n]{5,150}\bwrote:|am\b[^\n]{5,150}\bschrieb\b[^\n]{0,80}:"
    r"|le\b[^\n]{5,150}\ba écrit\s?:|el\b[^\n]{5,150}\bescribió:)",
    re.MULTILINE | re.IGNORECASE,
)
"""The line above a quoted mail: everything below it is somebody else's."""


class Seen(NamedTuple):
    """A text as it is seen, and whether it holds text that is not."""

    text: str
    hidden: bool


def seen(text: str) -> Seen:
    """Blank what no reader sees, and what others wrote; lengths stay."""
    hidden = False
    if "<" in text:
        blank = _HIDDEN.sub(_spaces, text)
        hidden = any(_words(m[0]) for m in _HIDDEN.finditer(text))
        text = _TAG.sub(_spaces, blank)
    if "\n>" in text or text.startswith(">"):
        text = _QUOTED_LINE.sub(_spaces, text)
    if ":" in text or "--" in text:
        rest = _QUOTED_REST.search(text)
        if rest is not None:
            text = text[: rest.start()] + _blank(text[rest.start() :])
    if "@" in text or "://" in text or "www." in text:
        text = _ADDRESS.sub(_spaces, text)
    return Seen(text, hidden)


def without_hidden(text: str) -> str:
    """A text without the parts of its HTML that no reader sees."""
    return _HIDDEN.sub(lambda m: "" if _words(m[0]) else m[0], text)


def _spaces(match: re.Match[str]) -> str:
    return _blank(match[0])


def _blank(text: str) -> str:
    return re.sub(r"[^\n]", " ", text)


def _words(element: str) -> bool:
    """Whether an element that is not shown holds words; scripts and styles never did."""
    if element.startswith("<!--") or _CODE.match(element):
        return False
    return any(c.isalpha() for c in _TAG.sub("", element))
