"""Calibration, thresholds and where the linear tier may settle a text alone.

Everything here is measured on logits of texts that were not trained on: the project's measured set
and the public valid files.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

__all__ = ["ORDINARY", "Mixture", "ece", "f1_threshold", "mixture", "settle_below", "threshold"]

ORDINARY: Final = 0.015
"""Share of ordinary messages flagged where a threshold is chosen; 0.02 is promised elsewhere."""
_MISSED: Final = 0.01
"""Share of flagged texts that the linear tier may settle as absent, by output."""
Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Mixture:
    """Logit = encoder * a + linear * b + c."""

    encoder: float
    linear: float
    bias: float

    def probability(self, encoder: Floats, linear: Floats) -> Floats:
        """Calibrated probability."""
        logit = encoder * self.encoder + linear * self.linear + self.bias
        return np.asarray(1 / (1 + np.exp(-np.clip(logit, -30, 30))), dtype=np.float32)


def _even(labels: Bools, sets: Sequence[Bools]) -> Floats:
    """Weights that make every set count the same, whatever its size."""
    weights = np.zeros(len(labels), dtype=np.float32)
    for members in sets:
        if members.any():
            weights[members] += len(labels) / (len(sets) * members.sum())
    return weights


def mixture(encoder: Floats, linear: Floats, labels: Bools) -> Mixture:
    """Fit the mixture on unseen texts; a single class gives the encoder as it is."""
    if labels.all() or not labels.any():
        return Mixture(1.0, 0.0, 0.0)
    model = LogisticRegression(C=1.0, max_iter=500)
    model.fit(np.stack([encoder, linear], 1), labels)
    (first, second), bias = model.coef_[0], model.intercept_[0]
    if first > 0 and second >= 0:
        return Mixture(float(first), float(second), float(bias))
    alone = LogisticRegression(C=1.0, max_iter=500).fit(encoder[:, None], labels)
    return Mixture(max(float(alone.coef_[0][0]), 0.05), 0.0, float(alone.intercept_[0]))


def ece(probability: Floats, labels: Bools, bins: int = 15) -> float:
    """Expected calibration error over bins of equal width (Naeini et al. 2015)."""
    index = np.minimum((probability * bins).astype(int), bins - 1)
    total = 0.0
    for number in range(bins):
        chosen = index == number
        if chosen.any():
            gap = abs(float(probability[chosen].mean()) - float(labels[chosen].mean()))
            total += gap * float(chosen.mean())
    return total


def f1_threshold(probability: Floats, labels: Bools, weights: Floats) -> float:
    """The threshold of the highest weighted F1; half way to the next lower probability."""
    order = np.argsort(-probability, kind="stable")
    ranked, hit = probability[order], weights[order] * labels[order]
    true, flagged = np.cumsum(hit), np.cumsum(weights[order])
    f1 = 2 * true / (flagged + hit.sum())
    best = int(f1.argmax())
    below = ranked[best + 1] if best + 1 < len(ranked) else 0.0
    return float((ranked[best] + below) / 2)


def threshold(probability: Floats, labels: Bools, sets: Sequence[Bools], ordinary: Floats) -> float:
    """The F1 threshold, raised until at most `ORDINARY` of ordinary messages are flagged."""
    best = f1_threshold(probability, labels, _even(labels, sets))
    least = float(np.quantile(ordinary, 1 - ORDINARY)) + 1e-4 if len(ordinary) else 0.0
    return float(np.clip(max(best, least), 0.02, 0.98))


def settle_below(linear: Floats, flagged: Bools) -> float:
    """Linear probability under which no more than a hundredth of the flagged texts lie."""
    if not flagged.any():
        return 0.05
    return float(np.quantile(linear[flagged], _MISSED))
