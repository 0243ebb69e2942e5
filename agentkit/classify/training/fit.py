"""Fit the heads: one linear layer over fixed features, all outputs at once, unknowns masked.

The encoder is not touched, so fitting takes a minute and cross-validation is honest about the
project's own text, which the encoder never saw.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from agentkit.classify.training.data import COLUMNS, OUTPUTS, Row, fold_of
from agentkit.errors import ModelError

__all__ = [
    "FOLDS",
    "Linear",
    "columns_of",
    "cross_validate",
    "fit_linear",
    "targets_of",
    "weights_of",
]

FOLDS: Final = 5
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
    own = np.array([row.source in {"own", "handwritten_b", "seed_handwritten"} for row in rows])
    native = np.array([row.head for row in rows])[:, None] == heads[None, :]
    weights = np.where(np.isnan(targets), 0.0, np.where(native, 1.0, 0.5)).astype(np.float32)
    for mask, share in ((own, own_share), (~own, 1 - own_share)):
        total = weights[mask].sum(axis=0, keepdims=True)
        weights[mask] *= share / np.maximum(total, 1e-6)
    return np.asarray(weights / np.maximum(weights.sum(axis=0, keepdims=True), 1e-6), np.float32)


def _minimise(loss: Callable[[], Tensor], parameters: list[nn.Parameter], steps: int) -> None:
    """L-BFGS, deterministic."""
    optimiser = torch.optim.LBFGS(
        parameters, max_iter=steps, history_size=10, line_search_fn="strong_wolfe"
    )

    def closure() -> float:
        optimiser.zero_grad()
        value = loss()
        value.backward()
        return float(value.detach())

    optimiser.step(closure)


def fit_linear(
    features: Floats, targets: Floats, weights: Floats, *, decay: float, steps: int = 50
) -> Linear:
    """Logistic regression of every output on standardised features with an L2 penalty.

    Args:
        features: (rows, features).
        targets: (rows, outputs), NaN where unknown.
        weights: (rows, outputs), summing to one over each output's known rows.
        decay: Strength of the penalty.
        steps: Of L-BFGS.
    """
    mean, spread = features.mean(0), features.std(0) + 1e-6
    x = torch.from_numpy((features - mean) / spread)
    y, w = torch.from_numpy(np.nan_to_num(targets)), torch.from_numpy(weights)
    weight = nn.Parameter(torch.zeros(x.shape[1], y.shape[1]))
    bias = nn.Parameter(torch.zeros(y.shape[1]))

    def loss() -> Tensor:
        each = nn.functional.binary_cross_entropy_with_logits(
            x @ weight + bias, y, w, reduction="sum"
        )
        return each + decay * weight.square().sum()

    _minimise(loss, [weight, bias], steps)
    scaled = weight.detach().numpy() / spread[:, None]
    return Linear(
        scaled.astype(np.float32), (bias.detach().numpy() - mean @ scaled).astype(np.float32)
    )


def folds_of(rows: Sequence[Row]) -> NDArray[np.int64]:
    """Fold of each row; the project's rows by pair, the others by their own group."""
    return np.array([fold_of(row.group, FOLDS) for row in rows])


def cross_validate(
    rows: Sequence[Row], fit: Callable[[NDArray[np.int64]], Callable[[NDArray[np.int64]], Floats]]
) -> Floats:
    """Out-of-fold logits of the project's rows; all other rows are always trained on.

    Args:
        rows: All training rows.
        fit: Takes the indices to train on and gives a function from indices to logits.

    Returns:
        (rows, outputs, ...), NaN for rows that are not the project's.

    Raises:
        ModelError: None of the rows is the project's.
    """
    folds = folds_of(rows)
    own = np.array([row.source == "own" for row in rows])
    found: Floats | None = None
    for fold in range(FOLDS):
        held = np.flatnonzero(own & (folds == fold))
        if len(held):
            logits = fit(np.flatnonzero(~own | (folds != fold)))(held)
            if found is None:
                found = np.full((len(rows), *logits.shape[1:]), np.nan, dtype=np.float32)
            found[held] = logits
    if found is None:
        raise ModelError("the project's own set is empty")
    return found
