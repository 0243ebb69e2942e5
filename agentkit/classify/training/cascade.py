"""What the cheap tier settles alone, and which flags of the encoder that costs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from agentkit.classify.head import Head
from agentkit.classify.training.assemble import Unseen
from agentkit.classify.training.calibrate import Mixture
from agentkit.classify.training.data import COLUMNS

__all__ = ["cascade"]

Bools = NDArray[np.bool_]
_ASKED: Final = {"all six": None, "inbound": ("opt_out", "needs_human")}
"""Which heads are asked: the tier settles a text only where it does so for every one of them."""


def _flagged(seen: Unseen, head: Head) -> Bools:
    """Whether the encoder flags, by row."""
    both = Mixture(1.0, float(head.mix[0]), 0.0)
    lines = seen.linear[:, COLUMNS.index(head.name)]
    value = both.probability(seen.encoder[:, seen.column(head.name)], lines)
    return np.asarray(value >= head.threshold[0])


def _settled(seen: Unseen, head: Head) -> Bools:
    """Whether the linear tier is sure that there is nothing, by row."""
    lines = seen.linear[:, COLUMNS.index(f"{head.name}:any")]
    alone = Mixture(float(head.slope[1]), 0.0, float(head.shift[1]))
    value = alone.probability(lines, np.zeros_like(lines))
    return np.asarray(value < head.settle[0])


def cascade(seen: Unseen, heads: Sequence[Head]) -> dict[str, dict[str, Any]]:
    """Share of texts settled, and share of the encoder's flags that are lost by it.

    Args:
        seen: Logits by the heads as they are shipped, calibration included.
        heads: The same heads.

    Returns:
        By which heads are asked, then by set: ``rows``, ``settled`` and ``flags_lost``.
    """
    own, plain = seen.own(), seen.plain()
    sets: dict[str, Bools] = {
        "plain traffic": plain,
        "valid": np.logical_not(own),
        "hard pairs": np.logical_and(own, np.logical_not(plain)),
    }
    found: dict[str, dict[str, Any]] = {}
    for name, asked in _ASKED.items():
        chosen = [head for head in heads if asked is None or head.name in asked]
        flagged = np.stack([_flagged(seen, head) for head in chosen], axis=1)
        sure = np.stack([_settled(seen, head) for head in chosen], axis=1)
        settled = sure.sum(axis=1) == len(chosen)
        found[name] = {
            part: {
                "rows": int(members.sum()),
                "settled": round(float(settled[members].mean()), 4),
                "flags_lost": round(
                    float(flagged[members & settled].sum() / max(1, flagged[members].sum())), 4
                ),
            }
            for part, members in sets.items()
            if members.any()
        }
    return found
