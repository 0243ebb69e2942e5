"""Which language a text is in: hashed character n-grams, a small table, a few microseconds.

Only four languages are served. A text in any other must not get a low score for want of
understanding, so the question asked here is not "which of the four" but "any of the four at all".
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from agentkit.classify.hashing import grams

__all__ = ["SERVED", "Identifier", "script_of"]

SERVED: Final = ("en", "de", "fr", "es")
"""Languages whose scores are shipped."""

_SURE: Final = 0.85
"""Probability that another language must reach before a text counts as foreign."""
_SHORT: Final = 12
"""With fewer letters than this, one of the four is assumed unless the script says otherwise."""
_SCRIPTS: Final = {
    "CYRILLIC": "ru", "GREEK": "el", "ARABIC": "ar", "HEBREW": "he", "CJK": "zh", "HIRAGANA": "ja",
    "KATAKANA": "ja", "HANGUL": "ko", "THAI": "th", "DEVANAGARI": "hi", "BENGALI": "bn",
    "TAMIL": "ta", "TELUGU": "te", "GEORGIAN": "ka", "ARMENIAN": "hy",
}  # fmt: skip
_WORD: Final = re.compile(r"[^\W\d_]+")
_NOISE: Final = re.compile(r"https?://\S+|\S+@\S+|[\d_]+")
_SAMPLE: Final = 400


def script_of(text: str) -> tuple[str, float]:
    """The script most letters are in, and its share; ``("", 0.0)`` without letters."""
    letters = [c for c in text[:_SAMPLE] if c.isalpha()]
    if not letters:
        return "", 0.0
    counts: dict[str, int] = {}
    for letter in letters:
        name = "LATIN" if letter.isascii() else unicodedata.name(letter, "?").split()[0]
        counts[name] = counts.get(name, 0) + 1
    best = max(counts, key=lambda name: counts[name])
    return best, counts[best] / len(letters)


@dataclass(frozen=True)
class Identifier:
    """A linear model over hashed n-grams.

    Attributes:
        table: (2**bits, languages) weights.
        bias: (languages,).
        codes: Language codes, in column order; all four served ones among them.
        bits: Of the table.
        orders: Lengths of the n-grams.
    """

    table: NDArray[np.float32]
    bias: NDArray[np.float32]
    codes: tuple[str, ...]
    bits: int
    orders: tuple[int, ...]

    def probabilities(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Probability of each language by text; Latin script is taken for granted."""
        found = grams(
            [_NOISE.sub(" ", text[:_SAMPLE]) for text in texts],
            bits=self.bits, orders=self.orders, words=1, limit=_SAMPLE,
        )  # fmt: skip
        count = np.diff(found.bounds).astype(np.float32)[:, None]
        logits = found.sums(self.table) / np.sqrt(count) + self.bias
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        return np.asarray(powers / powers.sum(axis=1, keepdims=True), dtype=np.float32)

    def identify(self, texts: Sequence[str]) -> list[str]:
        """Name the language of each text: a code, ``und`` or ``zxx`` (no words)."""
        rows = self.probabilities(texts) if texts else np.zeros((0, len(self.codes)))
        return [self._decide(text, row) for text, row in zip(texts, rows, strict=True)]

    def _decide(self, text: str, row: NDArray[np.float32]) -> str:
        """Weigh script, length and probabilities of one text."""
        if not text.isascii():
            script, _ = script_of(text)
            if script and script != "LATIN":
                return _SCRIPTS.get(script, "und")
        letters = sum(map(len, _WORD.findall(text[:_SAMPLE])))
        if letters == 0:
            return "zxx"
        best = int(row.argmax())
        code = self.codes[best]
        if code in SERVED or (letters >= _SHORT and row[best] >= _SURE):
            return code
        ours = [self.codes.index(served) for served in SERVED]
        if letters >= _SHORT and row[ours].sum() < 1 - _SURE:
            return "und"
        return SERVED[int(row[ours].argmax())]
