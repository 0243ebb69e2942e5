"""Put heads together: fit, calibrate, choose thresholds, and pack them into head files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agentkit.classify.head import Head
from agentkit.classify.heads import HEADS, LABELS
from agentkit.classify.training.calibrate import Mixture, mixture, settle_below, threshold
from agentkit.classify.training.data import OUTPUTS, Row
from agentkit.classify.training.fit import (
    Linear,
    cross_validate,
    fit_linear,
    targets_of,
    weights_of,
)
from agentkit.classify.training.tier import Table, fit_table, hashed

__all__ = ["DECAY", "Material", "Unseen", "assemble", "choose", "unseen"]

Floats = NDArray[np.float32]
DECAY = 2e-2
"""Strength of the heads' penalty, chosen by cross-validation among 1e-4 to 1e-1."""


@dataclass(frozen=True)
class Material:
    """Rows with their features: what is trained on and what is only measured on."""

    train: Sequence[Row]
    train_features: Floats
    valid: Sequence[Row]
    valid_features: Floats


@dataclass(frozen=True)
class Unseen:
    """Logits of texts by models that were not trained on them.

    Attributes:
        rows: The project's own set (out of fold), then the public valid rows.
        encoder: (rows, outputs) logits of the encoder's heads.
        linear: (rows, outputs) logits of the linear tier.
        targets: (rows, outputs), NaN where unknown.
    """

    rows: Sequence[Row]
    encoder: Floats
    linear: Floats
    targets: Floats

    def column(self, output: str) -> int:
        """Column of an output."""
        return OUTPUTS.index(output)

    def native(self, head: str) -> NDArray[np.bool_]:
        """Rows that were collected for a head."""
        return np.array([row.head == head for row in self.rows])

    def own(self) -> NDArray[np.bool_]:
        """Rows of the project's own set."""
        return np.array([row.source == "own" for row in self.rows])

    def ordinary(self, head: str) -> NDArray[np.bool_]:
        """Business messages in which nothing asks for this head: near-misses of other heads."""
        column = self.column(head)
        plain = np.array([row.label == 0 for row in self.rows])
        quiet = self.targets[:, column] == 0
        return np.asarray(self.own() & ~self.native(head) & plain & quiet)


def fitted(material: Material) -> tuple[Linear, Table]:
    """Fit heads and linear tier on all training rows."""
    targets = targets_of(material.train)
    weights = weights_of(material.train, targets)
    linear = fit_linear(material.train_features, targets, weights, decay=DECAY)
    return linear, fit_table(hashed([row.text for row in material.train]), targets, weights)


def unseen(material: Material, linear: Linear, table: Table) -> Unseen:
    """Logits of the own set out of fold, and of the valid rows by the models given."""
    rows, features = material.train, material.train_features
    targets = targets_of(rows)
    found = hashed([row.text for row in rows])

    def fit(chosen: NDArray[np.int64]) -> tuple[Linear, Table]:
        part = targets[chosen]
        weights = weights_of([rows[i] for i in chosen], part)
        heads = fit_linear(features[chosen], part, weights, decay=DECAY)
        return heads, fit_table(hashed([rows[i].text for i in chosen]), part, weights)

    def both(chosen: NDArray[np.int64]) -> Floats:
        heads, tier = fit(chosen)
        return np.stack([heads.logits(features), tier.logits(found)], 2)

    out = cross_validate(rows, lambda chosen: both(chosen).__getitem__)
    own = np.array([row.source == "own" for row in rows])
    valid = list(material.valid)
    lines = table.logits(hashed([row.text for row in valid]))
    return Unseen(
        [*(row for row in rows if row.source == "own"), *valid],
        np.concatenate([out[own, :, 0], linear.logits(material.valid_features)]),
        np.concatenate([out[own, :, 1], lines]),
        np.concatenate([targets[own], targets_of(valid)]),
    )


@dataclass(frozen=True)
class _Output:
    """What is chosen for one output."""

    both: Mixture
    alone: Mixture
    threshold: float
    settle: float


def choose(seen: Unseen, head: str, output: str) -> _Output:
    """Calibrate one output and choose its threshold."""
    column = seen.column(output)
    known = seen.native(head) & ~np.isnan(seen.targets[:, column])
    own = seen.own()
    labels = seen.targets[known, column] == 1
    sets = [own[known], ~own[known]]
    encoder, linear = seen.encoder[:, column], seen.linear[:, column]
    both = mixture(encoder[known], linear[known], labels, sets)
    alone = mixture(linear[known], np.zeros_like(linear[known]), labels, sets)
    probability = both.probability(encoder, linear)
    ordinary = seen.ordinary(head) & (seen.targets[:, column] == 0)
    capped = probability[ordinary] if head != "promotional" else probability[:0]
    limit = threshold(probability[known], labels, sets, capped)
    solo = alone.probability(linear, np.zeros_like(linear))
    return _Output(both, alone, limit, settle_below(solo, probability >= limit))


def _pack(name: str, encoder: str, linear: Linear, table: Table, chosen: list[_Output]) -> Head:
    """Fold calibration into the weights."""
    columns = [OUTPUTS.index(o) for o in (name, *(f"{name}.{label}" for label in LABELS[name]))]
    factor = _row([c.both.encoder for c in chosen])
    return Head(
        name=name,
        encoder=encoder,
        outputs=("score", *LABELS[name]),
        weight=(linear.weight[:, columns] * factor).astype(np.float32),
        mix=_row([c.both.linear for c in chosen]),
        bias=(linear.bias[columns] * factor + _row([c.both.bias for c in chosen])),
        threshold=_row([c.threshold for c in chosen]),
        table=table.table[:, columns],
        scale=table.scale[columns],
        offset=table.offset[columns],
        slope=_row([c.alone.encoder for c in chosen]),
        shift=_row([c.alone.bias for c in chosen]),
        settle=_row([c.settle for c in chosen]),
    )


def _row(values: list[float]) -> Floats:
    """One number an output."""
    return np.array(values, dtype=np.float32)


def assemble(material: Material, encoder: str) -> tuple[list[Head], Unseen]:
    """Fit all heads over features of the encoder with the given digest."""
    linear, table = fitted(material)
    seen = unseen(material, linear, table)
    heads = []
    for name in HEADS:
        outputs = [name, *(f"{name}.{label}" for label in LABELS[name])]
        chosen = [choose(seen, name, output) for output in outputs]
        heads.append(_pack(name, encoder, linear, table, chosen))
    return heads, seen
