"""Heads and linear tier of a model that was shipped, as training and evaluation use them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from agentkit.classify.head import Head, read_head
from agentkit.classify.heads import HEADS, LABELS
from agentkit.classify.training.fit import Linear
from agentkit.classify.training.tier import Table
from agentkit.errors import ModelError

__all__ = ["heads_in", "linear_of", "table_of"]


def heads_in(folder: Path) -> list[Head]:
    """The six heads of a model, in the order of the outputs.

    Raises:
        ModelError: One is missing, or gives other labels than are known here.
    """
    heads = [read_head(folder / "heads" / f"{name}.npz") for name in HEADS]
    for head in heads:
        if head.labels != LABELS[head.name]:
            raise ModelError(f"the head {head.name} in {folder} has other labels")
    return heads


def linear_of(heads: Sequence[Head]) -> Linear:
    """Their weights over the encoder's features, calibration included."""
    weight = np.concatenate([head.weight for head in heads], axis=1)
    return Linear(weight, np.concatenate([head.bias for head in heads]))


def table_of(heads: Sequence[Head]) -> Table:
    """Their linear tier."""
    return Table(
        np.concatenate([head.table for head in heads], axis=1),
        np.concatenate([head.scale for head in heads]),
        np.concatenate([head.offset for head in heads]),
    )
