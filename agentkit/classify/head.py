"""One head: a few rows of weights over the shared features, and over the hashed n-grams.

A head file (``.npz``, never pickled) is self-contained, so a plugin can add a head over the same
encoder without retraining it: it names the encoder's digest and is refused over another.
"""

from __future__ import annotations

import zipfile
from dataclasses import dataclass, fields
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agentkit.errors import ModelError

__all__ = ["Head", "read_head", "write_head"]

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Head:
    """Weights of a head; output 0 is its score, the others its labels. n outputs, d features.

    The logit of an output is ``features @ weight + bias``, and that of the score adds ``mix`` times
    the linear tier's logit; calibration is folded in, so its logistic is a probability. The linear
    tier has two columns: the score, and whether there is anything at all (score or label).

    Attributes:
        name: Of the head.
        encoder: Digest of the encoder file it was fitted on.
        outputs: ``score`` and the labels.
        weight: (d, n).
        mix: (1,) weight of the linear tier's logit in the score.
        bias: (n,).
        threshold: (n,) probability from which the flag or label is given.
        table: (buckets, 2) signed bytes of the linear tier.
        scale: (2,) what one step of the table is worth.
        offset: (2,) bias of the linear tier.
        slope: (2,) and ``shift``: calibration of the linear tier when it answers alone.
        shift: (2,).
        settle: (1,) probability of anything at all under which the linear tier settles the text.
    """

    name: str
    encoder: str
    outputs: tuple[str, ...]
    weight: Floats
    mix: Floats
    bias: Floats
    threshold: Floats
    table: NDArray[np.int8]
    scale: Floats
    offset: Floats
    slope: Floats
    shift: Floats
    settle: Floats

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the labels."""
        return self.outputs[1:]


def _widths(head: Head) -> dict[str, int]:
    """Last dimension of every array."""
    outputs = dict.fromkeys(("weight", "bias", "threshold"), len(head.outputs))
    linear = dict.fromkeys(("table", "scale", "offset", "slope", "shift"), 2)
    return {**outputs, **linear, "mix": 1, "settle": 1}


def write_head(path: Path, head: Head) -> None:
    """Write a head file, deterministically: the same head gives the same bytes."""
    arrays: dict[str, Any] = {f.name: np.asarray(getattr(head, f.name)) for f in fields(Head)}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, array in arrays.items():
            entry = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            with archive.open(entry, "w") as stream:
                np.lib.format.write_array(stream, array, allow_pickle=False)


def read_head(path: Path) -> Head:
    """Read a head file.

    Raises:
        ModelError: It is missing, is no head file, or its shapes do not fit together.
    """
    try:
        with np.load(BytesIO(path.read_bytes()), allow_pickle=False) as archive:
            arrays = {f.name: archive[f.name] for f in fields(Head)}
    except (OSError, EOFError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
        raise ModelError(f"{path.name} is not a head file") from error
    arrays["outputs"] = tuple(str(name) for name in arrays["outputs"])
    head = Head(**{**arrays, "name": str(arrays["name"]), "encoder": str(arrays["encoder"])})
    if any(np.shape(getattr(head, name))[-1] != width for name, width in _widths(head).items()):
        raise ModelError(f"{path.name} is not a head file: its shapes do not fit together")
    return head
