"""Whether a head still sees what it was measured on.

Two questions per head and period, for scores and for lengths: by how much have the shares of ten
bins moved (population stability index; over 0.2 is the usual alarm, Siddiqi 2006), and can the two
samples come from one distribution at all (Kolmogorov-Smirnov, scipy).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from agentkit.errors import ModelError

__all__ = ["ALARM", "Drift", "Profile", "compare", "profile"]

ALARM: Final = 0.2
"""Stability index from which a head counts as drifted."""
_SURE: Final = 0.01
_LEAST: Final = 30
"""With fewer texts than this nothing is said."""
_POINTS: Final = 101
Values = NDArray[np.float64]


@dataclass(frozen=True)
class Profile:
    """A distribution as 101 quantiles, from the least to the greatest value."""

    quantiles: tuple[float, ...]

    def edges(self) -> Values:
        """Inner edges of ten bins that hold a tenth each; equal edges are merged."""
        return np.unique(np.asarray(self.quantiles)[10:-1:10])

    def sample(self) -> Values:
        """A sample that has these quantiles."""
        return np.interp(np.linspace(0, 1, 1001), np.linspace(0, 1, _POINTS), self.quantiles)


@dataclass(frozen=True)
class Drift:
    """What has become of one head's scores or lengths.

    Attributes:
        head: Name of the head.
        what: ``score`` or ``length``.
        psi: Population stability index, 0 for the same shares.
        ks: Largest distance of the two distribution functions, 0 to 1.
        p: Probability of such a distance by chance.
        texts: How many were looked at.
        drifted: Both tests say so.
    """

    head: str
    what: str
    psi: float
    ks: float
    p: float
    texts: int
    drifted: bool


def profile(values: Sequence[float]) -> Profile:
    """Keep a distribution.

    Raises:
        ModelError: There are no values.
    """
    if not len(values):
        raise ModelError("a profile needs at least one value")
    quantiles = np.quantile(np.asarray(values, dtype=np.float64), np.linspace(0, 1, _POINTS))
    return Profile(tuple(round(float(q), 6) for q in quantiles))


def psi(expected: Profile, values: Values) -> float:
    """Population stability index over the bins of the expected distribution."""
    edges = expected.edges()
    before = np.bincount(np.searchsorted(edges, expected.sample()), minlength=len(edges) + 1)
    after = np.bincount(np.searchsorted(edges, values), minlength=len(edges) + 1)
    first, second = (np.maximum(c / c.sum(), 1e-4) for c in (before, after))
    return float(((second - first) * np.log(second / first)).sum())


def _scipy_stats() -> Any:
    """The statistics module.

    Raises:
        ModelError: scipy is not installed.
    """
    try:
        return import_module("scipy.stats")
    except ImportError as error:
        hint = "pip install 'agentkit-crm[train]'"
        raise ModelError("comparing distributions needs scipy", hint=hint) from error


def compare(
    expected: Mapping[str, Mapping[str, Profile]], seen: Mapping[str, Mapping[str, Sequence[float]]]
) -> list[Drift]:
    """Compare a period with the distribution the heads were measured on.

    Args:
        expected: By head, the profiles of ``score`` and ``length``.
        seen: By head, the values of the period; heads without a profile are passed over.

    Returns:
        One entry for each head and kind of value, in the order of ``seen``.

    Raises:
        ModelError: scipy is not installed.
    """
    stats, found = _scipy_stats(), []
    for head, kinds in seen.items():
        for what, raw in kinds.items():
            before = expected.get(head, {}).get(what)
            if before is None:
                continue
            values = np.asarray(raw, dtype=np.float64)
            if len(values) < _LEAST:
                found.append(Drift(head, what, 0.0, 0.0, 1.0, len(values), drifted=False))
                continue
            index, test = psi(before, values), stats.ks_2samp(before.sample(), values)
            moved = index >= ALARM and float(test.pvalue) < _SURE
            found.append(
                Drift(
                    head, what, round(index, 4), round(float(test.statistic), 4),
                    float(test.pvalue), len(values), drifted=moved,
                )
            )  # fmt: skip
    return found
