"""Measure texts as they are scored in use: in windows, of which the highest logit counts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from agentkit.classify.manifest import WindowFacts
from agentkit.classify.windows import windows

__all__ = ["WINDOWS", "highest"]

WINDOWS: Final = WindowFacts(whole=300, size=160, overlap=50, longest=200_000)
"""How the shipped model cuts long texts."""
Floats = NDArray[np.float32]


def _pieces(text: str) -> list[str]:
    """The windows of one text."""
    if len(text) <= WINDOWS.whole:
        return [text]
    return [text[start:end] for start, end in windows(text, WINDOWS.size, WINDOWS.overlap)]


def highest(logits: Callable[[list[str]], Floats], texts: Sequence[str]) -> Floats:
    """Logits of whole texts: (texts, outputs), each the highest of its windows.

    Args:
        logits: Gives (windows, outputs) for windows.
        texts: Whole texts.
    """
    cut = [_pieces(text) for text in texts]
    starts = np.cumsum([0, *map(len, cut)])[:-1]
    values = logits([piece for pieces in cut for piece in pieces])
    return np.asarray(np.maximum.reduceat(values, starts, axis=0), dtype=np.float32)
