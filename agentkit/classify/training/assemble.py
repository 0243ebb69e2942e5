"""Put heads together: calibrate, choose thresholds, and pack them into head files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from agentkit.classify.head import Head
from agentkit.classify.heads import ALONE, HEADS, LABELS
from agentkit.classify.training.calibrate import Mixture, mixture, settle_below, threshold
from agentkit.classify.training.data import COLUMNS, OUTPUTS, PLAIN, Row
from agentkit.classify.training.fit import Linear, columns_of, targets_of, weights_of
from agentkit.classify.training.measure import Cut
from agentkit.classify.training.tier import Table, fit_table, hashed

__all__ = ["Material", "Output", "Unseen", "assemble", "choose", "lines_of", "unseen"]

Floats = NDArray[np.float32]
_WRITTEN: Final = {name for labels in LABELS.values() for name in labels} - {"shop_nudge"}
"""Labels that the project's own rows have throughout, and the public sets only by chance."""


@dataclass(frozen=True)
class Material:
    """Rows, and what encoders say of those that they were not trained on.

    Attributes:
        train: Rows that the shipped model is trained on.
        measured: The project's hard pairs and plain traffic, and the public valid rows: of these it
            has seen none.
        cut: Their texts in windows.
        linear: The heads of the shipped encoder.
        logits: (windows, outputs) by the shipped encoder.
    """

    train: Sequence[Row]
    measured: Sequence[Row]
    cut: Cut
    linear: Linear
    logits: Floats


@dataclass(frozen=True)
class Unseen:
    """Logits of texts by models that were not trained on them.

    Attributes:
        rows: The project's own set, then the public valid rows.
        encoder: (rows, outputs) logits of the encoder's heads.
        linear: (rows, columns) logits of the linear tier.
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

    def plain(self) -> NDArray[np.bool_]:
        """Rows of plain daily traffic."""
        return self.native(PLAIN)

    def near_misses(self, head: str) -> NDArray[np.bool_]:
        """Hard rows of other heads in which nothing asks for this one."""
        column = self.column(head)
        negative = np.array([row.label == 0 for row in self.rows])
        quiet = self.targets[:, column] == 0
        others = self.own() & ~self.native(head) & ~self.plain()
        return np.asarray(others & negative & quiet)


def _table(rows: Sequence[Row]) -> Table:
    """Fit the linear tier on rows."""
    targets = columns_of(rows)
    weights = weights_of(rows, targets, COLUMNS)
    return fit_table(hashed([row.text for row in rows]), targets, weights)


def unseen(rows: Sequence[Row], cut: Cut, encoder: Floats, table: Table) -> Unseen:
    """Logits of the own set and of the valid rows, by the encoder's heads and the linear tier.

    Args:
        rows: The rows.
        cut: Their texts in windows.
        encoder: (windows, outputs) by the encoder's heads.
        table: The linear tier. What it adds to a head's score is that of the window in which the
            encoder's is highest; whether there is anything at all, it says of its own highest.
    """
    lines = table.logits(hashed(cut.pieces))
    found = cut.highest(lines)
    for number, name in enumerate(COLUMNS):
        if name in OUTPUTS:
            found[:, number] = cut.beside(encoder[:, OUTPUTS.index(name)], lines[:, number])
    return Unseen(rows, cut.highest(encoder), found, targets_of(rows))


@dataclass(frozen=True)
class Output:
    """What is chosen for one output."""

    both: Mixture
    threshold: float


@dataclass(frozen=True)
class _Alone:
    """What is chosen for the linear tier of one head."""

    score: Mixture
    anything: Mixture
    settle: float


def lines_of(seen: Unseen, output: str) -> Floats:
    """Logits of the linear tier for a score; nothing for a label."""
    if output not in COLUMNS:
        return np.zeros(len(seen.rows), dtype=np.float32)
    return np.asarray(seen.linear[:, COLUMNS.index(output)])


def choose(seen: Unseen, head: str, output: str) -> Output:
    """Calibrate one output and choose its threshold."""
    column, label = seen.column(output), output.partition(".")[2]
    known = seen.native(head) & ~np.isnan(seen.targets[:, column])
    own = seen.own()
    if label in _WRITTEN:
        known &= own
    labels = seen.targets[known, column] == 1
    sets = [own[known], ~own[known]]
    encoder, linear = seen.encoder[:, column], lines_of(seen, output)
    both = mixture(encoder[known], linear[known], labels)
    probability = both.probability(encoder, linear)
    ordinary = (seen.plain() | seen.near_misses(head)) & (seen.targets[:, column] == 0)
    free = head == "promotional" or label not in ("", *ALONE)
    capped = probability[:0] if free else probability[ordinary]
    return Output(both, threshold(probability[known], labels, sets, capped))


def _alone(seen: Unseen, head: str, chosen: dict[str, Output]) -> _Alone:
    """Calibrate the linear tier of a head, and find where it may settle a text."""
    targets, native = columns_of(seen.rows), seen.native(head)
    made = []
    for name in (head, f"{head}:any"):
        column = COLUMNS.index(name)
        known = native & ~np.isnan(targets[:, column])
        logits, labels = seen.linear[known, column], targets[known, column] == 1
        made.append(mixture(logits, np.zeros_like(logits), labels))
    flagged = np.zeros(len(seen.rows), dtype=bool)
    for output, one in chosen.items():
        values = one.both.probability(seen.encoder[:, seen.column(output)], lines_of(seen, output))
        flagged |= values >= one.threshold
    lines = seen.linear[:, COLUMNS.index(f"{head}:any")]
    solo = made[1].probability(lines, np.zeros_like(lines))
    return _Alone(made[0], made[1], settle_below(solo, flagged))


def _pack(
    head: str, encoder: str, linear: Linear, table: Table, chosen: dict[str, Output], alone: _Alone
) -> Head:
    """Fold calibration into the weights."""
    columns = [OUTPUTS.index(output) for output in chosen]
    pair = [COLUMNS.index(head), COLUMNS.index(f"{head}:any")]
    factor = _row([one.both.encoder for one in chosen.values()])
    return Head(
        name=head,
        encoder=encoder,
        outputs=("score", *LABELS[head]),
        weight=(linear.weight[:, columns] * factor).astype(np.float32),
        mix=_row([chosen[head].both.linear]),
        bias=linear.bias[columns] * factor + _row([one.both.bias for one in chosen.values()]),
        threshold=_row([one.threshold for one in chosen.values()]),
        table=table.table[:, pair],
        scale=table.scale[pair],
        offset=table.offset[pair],
        slope=_row([alone.score.encoder, alone.anything.encoder]),
        shift=_row([alone.score.bias, alone.anything.bias]),
        settle=_row([alone.settle]),
    )


def _row(values: list[float]) -> Floats:
    """One number an output."""
    return np.array(values, dtype=np.float32)


def assemble(material: Material, encoder: str) -> list[Head]:
    """Calibrate all heads over features of the encoder with the given digest."""
    table = _table(material.train)
    seen = unseen(material.measured, material.cut, material.logits, table)
    heads = []
    for name in HEADS:
        outputs = [name, *(f"{name}.{label}" for label in LABELS[name])]
        chosen = {output: choose(seen, name, output) for output in outputs}
        heads.append(
            _pack(name, encoder, material.linear, table, chosen, _alone(seen, name, chosen))
        )
    return heads
