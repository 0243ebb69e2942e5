"""Normalisation: what a reader sees, whatever the bytes are.

Hidden and look-alike characters are how a text is made to read one way to people and another way
to a model. They are undone before anything is scored, and the answer says so (``changed``).
Composition (NFC), line ends and no-break spaces are everyday variety and not worth a remark.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

__all__ = ["Normalised", "normalise"]

_KEEP: Final = "\n\t"
_DELETE: Final = 0x7F
_PILED: Final = 4
"""A letter with more marks than three is decorated beyond any language served."""
_HIDDEN: Final = {
    *range(0x200B, 0x2010),  # zero width space, joiners, marks of direction
    *range(0x202A, 0x202F),  # embeddings and overrides
    *range(0x2060, 0x2070),  # word joiner, invisible operators, isolates
    *range(0xFE00, 0xFE10),  # variation selectors
    *range(0xE0000, 0xE0200),  # tags, more variation selectors
    0x00AD,  # soft hyphen
    0x034F,
    0x061C,
    0x115F,
    0x1160,
    0x17B4,
    0x17B5,
    0x180E,
    0x3164,
    0xFEFF,
    0xFFA0,
    0xFFFC,
    0xFFFD,
}
_EVERYDAY: Final = {0x00AD, 0x200D, 0x200C, 0x200E, 0x200F, 0xFE0E, 0xFE0F, 0xFEFF, 0xFFFC, 0xFFFD}
"""Dropped, but seen in honest mail: emoji, soft hyphens, right-to-left names, a byte order mark."""
_TWINS: Final = dict(
    zip(
        "аеорсухіјѕԁһӏвкмнтАВЕКМНОРСТУХІЈЅԌαικνορτυχΑΒΕΖΗΙΚΜΝΟΡΤΥΧɑɡıⅼ",
        "aeopcyxijsdhlbkmhtABEKMHOPCTYXIJSGaiknoptuxABEZHIKMNOPTYXagil",
        strict=True,
    )
)
"""Cyrillic, Greek and other letters that are drawn like Latin ones."""
_CLUSTER: Final = re.compile(r"[^\u0300-\u036f][\u0300-\u036f]*|[\u0300-\u036f]+", re.DOTALL)
_TWINNED: Final = re.compile(rf"\b\w*[{''.join(_TWINS)}]\w*\b")
_PLAIN: Final = re.compile(r"[\n\t\x20-\x7e¡§«°·»¿À-İĴ-ľŁ-ňŊ-ž‐–—‘’‚“”„•‹›€]*")
"""Characters that stay as they are, whatever stands beside them: most texts have no other."""


@dataclass(frozen=True, slots=True)
class Normalised:
    """A text as it is scored.

    Attributes:
        text: The normalised text.
        changed: Something was hidden or disguised.
        starts: For each character (and the end) its place in the given text; None where both are
            the same text.
    """

    text: str
    changed: bool = False
    starts: tuple[int, ...] | None = None

    def place(self, start: int, end: int) -> tuple[int, int]:
        """Translate a stretch of the normalised text into one of the given text."""
        if self.starts is None:
            return start, end
        return self.starts[start], self.starts[end]


def normalise(text: str) -> Normalised:
    """Undo hidden characters, compatibility forms and look-alike letters; never fails.

    Idempotent: normalising a normalised text changes nothing.
    """
    if _PLAIN.fullmatch(text):
        return Normalised(text)
    parts, starts, changed = [], [], False
    for match in _CLUSTER.finditer(text.replace("\r\n", " \n")):
        plain, odd = _cluster(match.group())
        changed = changed or odd
        parts.append(plain)
        starts.extend([match.start()] * len(plain))
    joined = "".join(parts)
    untwinned = _TWINNED.sub(_untwin, joined)
    starts.append(len(text))
    return Normalised(untwinned, changed or untwinned != joined, tuple(starts))


def _cluster(cluster: str) -> tuple[str, bool]:
    """Normalise one character with its marks; say whether it was a trick."""
    code = ord(cluster[0])
    if code < _DELETE and len(cluster) == 1:
        if cluster >= " " or cluster in _KEEP:
            return cluster, False
        return (" ", False) if cluster in "\r\v\f" else ("", True)
    if code in _HIDDEN:
        return cluster[1:], code not in _EVERYDAY
    category = unicodedata.category(cluster[0])
    if category in {"Cc", "Cs", "Cf", "Co", "Cn"}:
        return cluster[1:], True
    if category in {"Zs", "Zl", "Zp"}:
        return (" " if category == "Zs" else "\n") + cluster[1:], False
    return _compatible(cluster)


def _compatible(cluster: str) -> tuple[str, bool]:
    """Apply NFKC to one cluster; letters in disguise (fullwidth, mathematical) are a trick."""
    piled = len(cluster) > _PILED
    plain = unicodedata.normalize("NFKC", cluster[:_PILED])
    plain = "".join(c for c in plain if ord(c) not in _HIDDEN)
    composed = unicodedata.normalize("NFC", cluster[:_PILED])
    disguised = plain != composed and plain.isascii() and plain.isalpha() and len(plain) == 1
    return plain, piled or disguised


def _untwin(match: re.Match[str]) -> str:
    """Write a word in Latin letters if it mixes them with twins."""
    word = match.group()
    if not any("a" <= c <= "z" or "A" <= c <= "Z" for c in word):
        return word
    return "".join(_TWINS.get(c, c) for c in word)
