"""Numbers written out, put into digits: ``nur noch zwei Stück`` becomes ``nur noch 2 Stück``.

The words are read by `text_to_num`, a library; what each character of the result stood for in the
original is kept, so that a finding still points at what was written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Final, NamedTuple

from text_to_num import find_numbers  # type: ignore[attr-defined]  # its list names objects

__all__ = ["Digits", "in_digits"]

_WORD: Final = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+){0,6}")
_HINTS: Final = {
    "en": re.compile(
        r"\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twel|thir|fif|twen|forty|"
        r"eighty|ninety|hundred|thousand|dozen)"
    ),
    "de": re.compile(
        r"zwei|drei|vier|fünf|sechs|sieben|acht\b|achtz|neun|zehn|\belf\b|zwölf|zwanzig|dreißig|"
        r"hundert|tausend|dutzend|\beine?n?\b"
    ),
    "fr": re.compile(
        r"\b(?:une?|deux|trois|quatre|cinq|six|sept|huit|neuf|dix|onze|douze|treize|quatorze|"
        r"quinze|seize|vingt|trente|quarante|soixante|cent|mille)|aine\b"
    ),
    "es": re.compile(
        r"\b(?:una?|dos|tres|cuatro|cinco|seis|siete|ocho|nueve|diez|once|doce|trece|catorce|"
        r"quince|dieci|veint|treinta|cuarenta|cincuenta|sesenta|setenta|ochenta|noventa|cien|"
        r"\w{0,6}cientos|mil|docena)"
    ),
}
"""Without one of these a text has no number in words: nothing is taken apart."""
_ONE: Final = frozenset("one un une uno una unas unos ein eine einen".split())  # noqa: SIM905
_ONE_AFTER: Final = frozenset(
    "only just got genau noch nur que reste queda solo sólo last letzte".split()  # noqa: SIM905
)
"""``one`` is a number after these; elsewhere it is an article."""
_NOT_NEW: Final = frozenset("que reste restent les de à pour".split())  # noqa: SIM905
"""French ``neuf`` is nine after these; elsewhere it says *new*."""
_PER: Final = frozenset({"per", "pour", "por"})
_HUNDRED: Final = frozenset({"cent", "cien", "ciento"})
"""``pour cent`` is a share, no hundred."""
_ABOUT: Final = {
    "dozen": "12", "dutzend": "12", "dizaine": "10", "douzaine": "12", "quinzaine": "15",
    "vingtaine": "20", "trentaine": "30", "quarantaine": "40", "cinquantaine": "50",
    "soixantaine": "60", "centaine": "100", "docena": "12", "centenar": "100",
}  # fmt: skip
"""Round numbers that are nouns, which the library does not read."""


class Digits(NamedTuple):
    """A text with its numbers in digits.

    Attributes:
        text: The text.
        places: For each character of it, and its end, the place in the original; None where
            nothing was changed.
    """

    text: str
    places: tuple[int, ...] | None

    def origin(self, at: int) -> int:
        """Where a character of the text stands in the original."""
        return at if self.places is None else self.places[at]


class _Word(NamedTuple):
    """A token as the library wants it."""

    word: str
    start: int
    end: int

    def text(self) -> str:
        return self.word

    def nt_separated(self, previous: _Word) -> bool:
        """A comma or a full stop between two words keeps their numbers apart."""
        return self.start - previous.end > 1

    def not_a_number_part(self) -> bool:
        return False


def in_digits(folded: str, language: str) -> Digits:
    """A folded text with the numbers that are written out in ``language`` put into digits."""
    if _HINTS[language].search(folded) is None:
        return Digits(folded, None)
    words = [_Word(m[0], m.start(), m.end()) for m in _WORD.finditer(folded)]
    found = sorted([*_ones(words), *_rounds(words), *_read(words, language)])
    if not found:
        return Digits(folded, None)
    parts: list[str] = []
    places: list[int] = []
    end = 0
    for start, stop, digits in found:
        if start < end:
            continue
        parts += [folded[end:start], digits]
        places += [*range(end, start), *([start] * len(digits))]
        end = stop
    parts.append(folded[end:])
    return Digits("".join(parts), (*places, *range(end, len(folded) + 1)))


def _read(words: list[_Word], language: str) -> Iterator[tuple[int, int, str]]:
    for number in find_numbers(words, language, threshold=0):
        first, last = words[number.start], words[number.end - 1]
        before = words[number.start - 1].word if number.start else ""
        new = first.word == "neuf" and before not in _NOT_NEW
        share = before in _PER and first.word in _HUNDRED
        if not (number.is_ordinal or new or share or (first.word in _ONE and first is last)):
            yield first.start, last.end, f"{number.value:.0f}"


def _ones(words: list[_Word]) -> Iterator[tuple[int, int, str]]:
    for before, word in pairwise(words):
        if word.word in _ONE and before.word in _ONE_AFTER:
            yield word.start, word.end, "1"


def _rounds(words: list[_Word]) -> Iterator[tuple[int, int, str]]:
    for word in words:
        if word.word in _ABOUT:
            yield word.start, word.end, _ABOUT[word.word]
