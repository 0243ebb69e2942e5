"""Bins that a distribution of scores or lengths is counted in: small enough for a ledger.

A score is binned by its logit, because most scores lie near 0: a tenth of a unit, from -12 to 12. A
length is binned by its logarithm: a twentieth, which is 5 %. So a period of any size is at most a
few hundred numbers, and what drift asks (shares of tenths, distance of two distributions) is kept.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Final, Literal

__all__ = ["What", "bin_of", "spread"]

What = Literal["score", "length"]
_LOGIT: Final = 10
_LOG: Final = 20
_FARTHEST: Final = 12.0


def bin_of(what: What, value: float) -> int:
    """The bin of a score (0 to 1) or a length (0 or more characters)."""
    if what == "length":
        return math.floor(math.log1p(max(value, 0.0)) * _LOG)
    if value <= 0.0 or value >= 1.0:
        return round(math.copysign(_FARTHEST, value - 0.5) * _LOGIT)
    logit = math.log(value / (1.0 - value))
    return math.floor(max(-_FARTHEST, min(_FARTHEST, logit)) * _LOGIT)


def spread(what: What, counts: Mapping[int, int]) -> list[float]:
    """Values that have these counts: those of one bin lie evenly in it."""
    return [value for number, count in sorted(counts.items()) for value in _in(what, number, count)]


def _in(what: What, number: int, count: int) -> Iterable[float]:
    for place in range(count):
        at = number + (place + 0.5) / count
        if what == "length":
            yield math.expm1(at / _LOG)
        else:
            yield 1.0 / (1.0 + math.exp(-at / _LOGIT))
