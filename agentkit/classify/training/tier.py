"""Fit the linear tier: logistic regression of all outputs over hashed n-grams."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from agentkit.classify.hashing import Grams, grams

__all__ = ["BITS", "ORDERS", "WORDS", "Table", "fit_table"]

BITS: Final = 16
ORDERS: Final = (3, 4, 5)
WORDS: Final = 2
_BATCH: Final = 256
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Table:
    """Weights in signed bytes with a scale a column, and the bias."""

    table: NDArray[np.int8]
    scale: Floats
    offset: Floats

    def logits(self, found: Grams) -> Floats:
        """Logits of every output: (texts, outputs)."""
        count = np.diff(found.bounds).astype(np.float32)[:, None]
        sums = found.sums(self.table.astype(np.float32) * self.scale)
        return np.asarray(sums / np.sqrt(count) + self.offset, dtype=np.float32)


def hashed(texts: Sequence[str]) -> Grams:
    """N-grams as the linear tier sees them."""
    return grams(texts, bits=BITS, orders=ORDERS, words=WORDS)


def _slices(found: Grams, chosen: Sequence[int]) -> tuple[Tensor, Tensor, Tensor]:
    """Buckets, starts and the root of the count for some of the texts."""
    parts = [found.buckets[found.bounds[i] : found.bounds[i + 1]] for i in chosen]
    counts = np.array([len(part) for part in parts])
    starts = np.concatenate(([0], np.cumsum(counts)[:-1]))
    root = torch.from_numpy(np.sqrt(counts).astype(np.float32))[:, None]
    return torch.from_numpy(np.concatenate(parts)), torch.from_numpy(starts), root


def fit_table(
    found: Grams, targets: Floats, weights: Floats, *, epochs: int = 4, seed: int = 7
) -> Table:
    """Fit by Adam on batches; few epochs are the regularisation.

    Args:
        found: N-grams of the rows.
        targets: (rows, outputs), NaN where unknown.
        weights: (rows, outputs), of any scale by output.
        epochs: Passes over the rows.
        seed: Of the order.
    """
    torch.manual_seed(seed)
    count = (~np.isnan(targets)).sum(0)
    y = torch.from_numpy(np.nan_to_num(targets))
    w = torch.from_numpy((weights * np.maximum(count, 1)).astype(np.float32)).clamp_max(20)
    table = nn.EmbeddingBag(1 << BITS, targets.shape[1], mode="sum", sparse=True)
    nn.init.zeros_(table.weight)
    bias = nn.Parameter(torch.zeros(targets.shape[1]))
    fast = torch.optim.SparseAdam(table.parameters(), lr=0.01)
    slow = torch.optim.Adam([bias], lr=0.02)
    order = list(range(len(targets)))
    rng = random.Random(seed)  # noqa: S311  (a reproducible order)
    for epoch in range(epochs):
        rng.shuffle(order)
        for group in fast.param_groups:
            group["lr"] = 0.01 / (1 + epoch)
        for start in range(0, len(order), _BATCH):
            chosen = order[start : start + _BATCH]
            buckets, starts, root = _slices(found, chosen)
            logits = table(buckets, starts) / root + bias
            loss = nn.functional.binary_cross_entropy_with_logits(
                logits, y[chosen], w[chosen], reduction="sum"
            ) / len(chosen)
            fast.zero_grad()
            slow.zero_grad()
            loss.backward()
            fast.step()
            slow.step()
    return _packed(table.weight.detach().numpy(), bias.detach().numpy())


def _packed(weight: Floats, bias: Floats) -> Table:
    """Round to signed bytes."""
    scale = np.maximum(np.abs(weight).max(0), 1e-9).astype(np.float32) / 127
    return Table(np.round(weight / scale).astype(np.int8), scale, bias.astype(np.float32))
