"""Measure texts as they are scored in use: in windows, of which the highest score counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from agentkit.classify.manifest import WindowFacts
from agentkit.classify.windows import cuts

__all__ = ["WINDOWS", "Cut"]

WINDOWS: Final = WindowFacts(whole=300, size=160, overlap=50, longest=200_000)
"""How the shipped model cuts long texts."""
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Cut:
    """Texts in windows.

    Attributes:
        pieces: The windows of all texts, those of one text together.
        starts: Where the windows of each text begin.
    """

    pieces: list[str]
    starts: NDArray[np.int64]

    @classmethod
    def of(cls, texts: Sequence[str], facts: WindowFacts = WINDOWS) -> Cut:
        """Cut texts as a model with these windows does."""
        cut = [[text[start:end] for start, end in cuts(text, facts)] for text in texts]
        starts = np.cumsum([0, *map(len, cut)])[:-1]
        return cls([piece for pieces in cut for piece in pieces], starts)

    def highest(self, values: Floats) -> Floats:
        """From (windows, outputs) to (texts, outputs): each the highest of its windows."""
        return np.asarray(np.maximum.reduceat(values, self.starts, axis=0), dtype=np.float32)

    def beside(self, values: Floats, others: Floats) -> Floats:
        """By text, what ``others`` (windows,) has in the window where ``values`` is highest."""
        ends = [*self.starts[1:], len(values)]
        best = [
            start + int(values[start:end].argmax())
            for start, end in zip(self.starts, ends, strict=True)
        ]
        return np.asarray(others[best], dtype=np.float32)
