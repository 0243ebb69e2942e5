"""The linear tier: hashed n-grams against one table for all heads."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from agentkit.classify.hashing import grams
from agentkit.classify.head import Head
from agentkit.classify.manifest import Manifest

__all__ = ["LinearTier"]

Floats = NDArray[np.float32]


class LinearTier:
    """The cheap tier: settles what is clearly nothing, lends its logit to the encoder's heads."""

    def __init__(self, manifest: Manifest, heads: Sequence[Head]) -> None:
        """Put the tables of all heads side by side."""
        self._bits, self._orders = manifest.bits, tuple(manifest.orders)
        self._words = manifest.words
        self._table = np.concatenate(
            [head.table.astype(np.float32) * head.scale for head in heads], 1
        )
        self._offset = np.concatenate([head.offset for head in heads])
        self._slope = np.concatenate([head.slope for head in heads])
        self._shift = np.concatenate([head.shift for head in heads])

    def logits(self, texts: Sequence[str]) -> Floats:
        """Two logits a head, score and anything at all: (texts, 2 * heads)."""
        found = grams(texts, bits=self._bits, orders=self._orders, words=self._words)
        count = np.diff(found.bounds).astype(np.float32)[:, None]
        return np.asarray(found.sums(self._table) / np.sqrt(count) + self._offset, dtype=np.float32)

    def probabilities(self, logits: Floats) -> Floats:
        """Calibrated probabilities where this tier answers alone, in the same columns."""
        exponent = np.clip(logits * self._slope + self._shift, -30, 30)
        return np.asarray(1 / (1 + np.exp(-exponent)), dtype=np.float32)
