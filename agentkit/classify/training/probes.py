"""Encoders that are tuned only to be measured: what a training is worth elsewhere.

``without-N`` says how a head does on a source that neither encoder nor head has seen. ``fold-N``
goes on from the shipped encoder with two thirds of the measured set: it says what some rows by the
very people who write are worth, beside what is measured on authors that were never read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from agentkit.classify.heads import HEADS
from agentkit.classify.training.data import OUTPUTS, Row, fold_of
from agentkit.classify.training.encoders import Encoders, Origin, Tuned
from agentkit.classify.training.evaluate import auroc
from agentkit.classify.training.finetune import Schedule
from agentkit.classify.training.measure import Cut
from agentkit.classify.training.rows import Rows

__all__ = ["LeftOut", "cross_validated", "left_out", "sources_left_out"]

LeftOut = dict[str, dict[str, float]]
"""AUROC by head and source."""
_LEFT_OUT: Final = 3
"""Encoders that are tuned without some public sources."""
_FOLDS: Final = 3
_REPLAY: Final = 150
"""Public rows a head that a fold sees, beside those that are hand-written."""
_SHARE: Final = 12
"""One in so many rows of the wide set is seen again by a fold."""


def _measured(
    encoders: Encoders, tuned: Tuned, some: list[Row], held: list[Row]
) -> NDArray[np.float32]:
    """Logits of rows by an encoder, exported and checked on some rows; windows joined."""
    folder, _ = encoders.exported(tuned, [row.text for row in some])
    cut = Cut.of([row.text for row in held])
    return cut.highest(encoders.logits(folder, tuned.linear, cut.pieces))


def sources_left_out(valid: Sequence[Row]) -> list[set[tuple[str, str]]]:
    """Which (head, source) each of the encoders ``without-N`` does not see: one a head."""
    groups: list[set[tuple[str, str]]] = [set() for _ in range(_LEFT_OUT)]
    for head in HEADS:
        labels: dict[str, list[int]] = {}
        for row in valid:
            if row.head == head:
                labels.setdefault(row.source, []).append(row.label)
        both = [s for s, found in labels.items() if min(sum(found), len(found) - sum(found)) >= 10]  # noqa: PLR2004
        if len(both) > 1:
            for number, source in enumerate(sorted(both, key=lambda s: -len(labels[s]))):
                groups[number % _LEFT_OUT].add((head, source))
    return groups


def left_out(encoders: Encoders, rows: Rows, schedule: Schedule) -> LeftOut:
    """AUROC of a head on the valid rows of a source that neither encoder nor head has seen."""
    found: LeftOut = {}
    for number, group in enumerate(sources_left_out(rows.valid)):
        names = {source for _, source in group}
        seen = [row for row in rows.public if row.source not in names]
        name = f"without-{number}"
        tuned = encoders.tuned(name, [*seen, *rows.wide], replace(schedule, epochs=1))
        for head, source in sorted(group):
            held = [row for row in rows.valid if (row.head, row.source) == (head, source)]
            logits = _measured(encoders, tuned, rows.own, held)[:, OUTPUTS.index(head)]
            value = auroc(np.array([row.label == 1 for row in held]), logits)
            if value is not None:
                found.setdefault(head, {})[source] = value
    return found


def cross_validated(
    encoders: Encoders, rows: Rows, final: Origin, schedule: Schedule
) -> dict[str, float]:
    """AUROC by head on the measured set, out of fold by pair."""
    folds = np.array([fold_of(row.group, _FOLDS) for row in rows.own])
    logits = np.zeros((len(rows.own), len(OUTPUTS)), dtype=np.float32)
    again = [*rows.again(_REPLAY), *rows.wide[::_SHARE]]
    for fold in range(_FOLDS):
        held = np.flatnonzero(folds == fold)
        seen = [*again, *(rows.own[int(i)] for i in np.flatnonzero(folds != fold))]
        name = f"fold-{fold}"
        tuned = encoders.tuned(name, seen, schedule, final)
        logits[held] = _measured(encoders, tuned, rows.own, [rows.own[int(i)] for i in held])
    found = {}
    for head in HEADS:
        native = np.array([row.head == head for row in rows.own])
        labels = np.array([row.label == 1 for row in rows.own])
        value = auroc(labels[native], logits[native, OUTPUTS.index(head)])
        if value is not None:
            found[head] = value
    return found
