"""All rows of one training, and which of them each encoder sees."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from agentkit.classify.heads import HEADS
from agentkit.classify.training.data import Row, own_rows, public_rows, wide_rows
from agentkit.classify.training.fit import OURS

__all__ = ["Rows", "choose_rows", "read_rows"]


def choose_rows(rows: Sequence[Row], quota: dict[str, int], seed: int) -> list[Row]:
    """Draw from each head's public rows; all opt-outs and all hand-written rows stay."""
    rng = random.Random(seed)  # noqa: S311  (a reproducible drawing)
    chosen = [row for row in rows if row.source in OURS]
    for head in HEADS:
        pool = [row for row in rows if row.head == head and row.source not in OURS]
        rng.shuffle(pool)
        if head == "opt_out":
            pool.sort(key=lambda row: -row.label)
        chosen += pool[: quota[head]]
    rng.shuffle(chosen)
    return chosen


@dataclass(frozen=True)
class Rows:
    """All rows of one training.

    Attributes:
        public: Rows of the public sets, in random order.
        wide: The project's rows to train on.
        own: The project's rows to measure on.
        valid: The public rows to measure on.
    """

    public: list[Row]
    wide: list[Row]
    own: list[Row]
    valid: list[Row]

    def again(self, replay: int) -> list[Row]:
        """Hand-written rows among the public ones, and so many others a head."""
        taken: dict[str, int] = dict.fromkeys(HEADS, 0)
        found = []
        for row in self.public:
            taken[row.head] += row.source not in OURS
            if row.source in OURS or taken[row.head] <= replay:
                found.append(row)
        return found

    def later(self, replay: int) -> list[Row]:
        """What ``final`` is tuned on: some of the public rows, and the project's."""
        return [*self.again(replay), *self.wide]


def read_rows(data: Path, corpus: Path, quota: dict[str, int], seed: int) -> Rows:
    """Read all sets.

    Args:
        data: Folder of the public sets.
        corpus: Folder of the project's own set.
        quota: How many public rows a head are drawn.
        seed: Of the drawing.

    Raises:
        ModelError: A set is missing.
    """
    return Rows(
        choose_rows(public_rows(data, "train"), quota, seed),
        wide_rows(corpus),
        own_rows(corpus),
        public_rows(data, "valid"),
    )
