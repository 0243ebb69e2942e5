"""Money and percentages in a text: found by patterns, read by `price_parser`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final, NamedTuple

from price_parser import Price

__all__ = ["MONEY", "Amount", "Share", "currency_in", "money", "shares"]

_FIGURE: Final = (
    r"\d{1,3}(?:[.,'’ \u00a0\u202f]\d{3})+(?:[.,]\d{1,2})?(?!\d)|\d{1,9}(?:[.,]\d{1,2})?(?!\d)"
)
_SIGN: Final = r"€|\$|£|\b(?:eur|usd|gbp|cad|chf)\b"
_NAME: Final = (
    r"€|\$|£|(?:eur|usd|gbp|cad|chf|euros?|dollars?|pounds?|dólares|dollar|pfund|livres?|libras?|"
    r"franken|francs?)\b"
)
MONEY: Final = re.compile(
    rf"\b(?:between|zwischen|entre)\s(?:{_SIGN})\s?(?P<e>{_FIGURE})\s(?:and|und|et|y)\s"
    rf"(?:{_SIGN})?\s?(?P<f>{_FIGURE})"
    rf"|(?:(?:{_SIGN})\s?(?P<a>{_FIGURE})(?:\s?[–-]\s?(?:{_SIGN})?\s?(?P<b>{_FIGURE}))?(?![\d%]))"
    rf"|(?<![\d.,])(?:(?P<c>{_FIGURE})\s?(?:{_NAME})?\s?(?:[–-]|and|und|et|y|bis|a|à)\s?)?"
    rf"(?P<d>{_FIGURE})\s?(?:{_NAME})(?:\s?(?P<cents>\d\d)(?!\d|[.,]\d|\s?%))?",
    re.IGNORECASE,
)
_PERCENT: Final = re.compile(
    r"(?<![\d.,])(?:(\d{1,3}(?:[.,]\d{1,2})?)\s?%?\s?(?:[–-]|and|und|et|y|bis|a|à|to)\s?(?:el\s)?)?"
    r"(\d{1,3}(?:[.,]\d{1,2})?)\s?(?:%|percent\b|per cent\b|prozent\b|pour cent\b|por ciento\b)",
    re.IGNORECASE,
)
_BETWEEN: Final = re.compile(r"\b(?:between|zwischen|entre)\b[^.!?]{0,12}$")
_CODES: Final = {
    "€": "EUR", "eur": "EUR", "euro": "EUR", "euros": "EUR", "$": "", "usd": "USD", "dollar": "",
    "dollars": "", "dólares": "", "£": "GBP", "gbp": "GBP", "pound": "GBP", "pounds": "GBP",
    "pfund": "GBP", "livre": "GBP", "livres": "GBP", "libra": "GBP", "libras": "GBP",
    "cad": "CAD", "chf": "CHF", "franken": "CHF", "franc": "CHF", "francs": "CHF",
}  # fmt: skip
"""ISO codes; a dollar may be American or Canadian, so it names none."""
_SIGNS: Final = re.compile(rf"{_NAME}", re.IGNORECASE)


class Amount(NamedTuple):
    """An amount of money, or a range of it, and its place in the text that was searched."""

    low: float
    high: float
    currency: str
    start: int
    end: int
    figure: tuple[int, int]

    @property
    def exact(self) -> bool:
        """One figure, no range."""
        return self.low == self.high


class Share(NamedTuple):
    """A percentage, or a range of them, and its place."""

    low: float
    high: float
    start: int
    end: int


def money(sentence: str) -> Iterator[Amount]:
    """Every amount of money that a folded sentence names."""
    for match in MONEY.finditer(sentence):
        low = match["a"] or match["c"] or match["e"]
        high = match["b"] or match["d"] or match["f"]
        main = next(name for name in "aed" if match[name])
        top = _value(match[main]) + (int(match["cents"]) / 100 if match["cents"] else 0.0)
        other = low if main == "d" else high
        ranged = other is not None and _is_range(sentence, match)
        start = match.start() if ranged or main != "d" or not low else match.start("d")
        ends = sorted((top, _value(other))) if ranged and other else (top, top)
        yield Amount(
            ends[0], ends[1], currency_in(match[0]), start, match.end(),
            (match.start(main), match.end("cents") if match["cents"] else match.end(main)),
        )  # fmt: skip


def _is_range(sentence: str, match: re.Match[str]) -> bool:
    """``200-250 €`` and ``between 200 and 250 €``; ``order 17 and 20 €`` is none."""
    dash = any(c in match[0] for c in "–-")
    return dash or match["e"] is not None or _between(sentence, match.start())


def _between(sentence: str, at: int) -> bool:
    return _BETWEEN.search(sentence, max(0, at - 24), at) is not None


def shares(sentence: str) -> Iterator[Share]:
    """Every percentage that a folded sentence names."""
    for match in _PERCENT.finditer(sentence):
        high = _value(match[2])
        if match[1] and (_between(sentence, match.start()) or "–" in match[0]):
            yield Share(_value(match[1]), high, match.start(), match.end())
        else:
            yield Share(high, high, match.start(2), match.end())


@lru_cache(maxsize=4096)
def _value(figure: str) -> float:
    """``1.290,00``, ``1,290.00``, ``1 290`` and ``1'290`` alike."""
    price = Price.fromstring(figure.replace("’", "").replace("'", ""))
    return price.amount_float or 0.0


def currency_in(words: str) -> str:
    """The ISO code of the currency in some words; empty where they name none for certain."""
    named = _SIGNS.search(words)
    return "" if named is None else _CODES.get(named[0].lower(), "")
