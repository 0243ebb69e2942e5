"""What rows say as arrays: targets with unknowns, and weights; and linear heads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from agentkit.classify.training.data import COLUMNS, OUTPUTS, Row

__all__ = [
    "OURS",
    "Linear",
    "columns_of",
    "targets_of",
    "weights_of",
]

OURS: Final = frozenset({"wide", "handwritten_b", "seed_handwritten"})
"""Sources of in-domain text to train on."""
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Linear:
    """Weights (features, outputs) and bias (outputs,)."""

    weight: Floats
    bias: Floats

    def logits(self, features: Floats) -> Floats:
        """Logits of every output: (rows, outputs)."""
        return np.asarray(features @ self.weight + self.bias, dtype=np.float32)


def targets_of(rows: Sequence[Row]) -> Floats:
    """Targets as (rows, outputs), NaN where nothing is known."""
    found = np.full((len(rows), len(OUTPUTS)), np.nan, dtype=np.float32)
    index = {name: column for column, name in enumerate(OUTPUTS)}
    for number, row in enumerate(rows):
        for name, value in row.targets.items():
            found[number, index[name]] = value
    return found


def columns_of(rows: Sequence[Row]) -> Floats:
    """Targets of the linear tier as (rows, columns), NaN where nothing is known."""
    found = np.full((len(rows), len(COLUMNS)), np.nan, dtype=np.float32)
    for number, row in enumerate(rows):
        for column, name in enumerate(COLUMNS):
            found[number, column] = _column(row, name)
    return found


def _column(row: Row, name: str) -> float:
    """Target of one column: anything at all is the greatest of what is known."""
    head, _, anything = name.partition(":")
    score = row.targets.get(head, np.nan)
    if not anything:
        return score
    labels = [value for output, value in row.targets.items() if output.startswith(f"{head}.")]
    greatest = max(labels, default=score)
    return greatest if greatest == 1 or np.isnan(score) else max(score, greatest)


def weights_of(
    rows: Sequence[Row],
    targets: Floats,
    outputs: Sequence[str] = OUTPUTS,
    *,
    own_share: float = 0.5,
) -> Floats:
    """Weight of each known target, so that the project's rows make up a share of every output.

    A row counts fully where it was collected for the output's head and less as another's negative.
    """
    heads = np.array([name.partition(":")[0].split(".")[0] for name in outputs])
    own = np.array([row.source in OURS for row in rows])
    native = np.array([row.head for row in rows])[:, None] == heads[None, :]
    weights = np.where(np.isnan(targets), 0.0, np.where(native, 1.0, 0.5)).astype(np.float32)
    for mask, share in ((own, own_share), (~own, 1 - own_share)):
        total = weights[mask].sum(axis=0, keepdims=True)
        weights[mask] *= share / np.maximum(total, 1e-6)
    return np.asarray(weights / np.maximum(weights.sum(axis=0, keepdims=True), 1e-6), np.float32)
