"""Read a shipped encoder back into torch, so that training can go on from it.

The file holds every matrix in signed bytes with one scale a column (or, for those that are left out
of quantisation, as it is). In the graph they stand in the order in which the layers use them:
attention, its output, and the two of the feed-forward block.
"""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from agentkit.classify.training.trunk import Trunk
from agentkit.errors import ModelError

__all__ = ["restore"]

_MATRIX: Final = re.compile(r"(?:onnx::MatMul|com\.microsoft::Attention)_(\d+)(?:_quantized)?$")
_PLACES: Final = ("qkv", "out", "up", "down")
_TRUNK: Final = "trunk."


def restore(trunk: Trunk, path: Path) -> Trunk:
    """Fill a trunk of the same shape with the weights of an exported encoder.

    Raises:
        ModelError: The file is missing, or holds another shape of encoder.
    """
    state = trunk.state_dict()
    try:
        found = _weights(_initializers(path))
        for name, value in found.items():
            state[name].copy_(value)
    except (KeyError, RuntimeError, ValueError) as error:
        raise ModelError(f"{path} is not an encoder of this shape") from error
    if set(found) != set(state):
        raise ModelError(f"{path} lacks some weights of an encoder of this shape")
    return trunk


def _initializers(path: Path) -> dict[str, NDArray[Any]]:
    """Every constant of the graph, by name."""
    onnx: Any = import_module("onnx")
    helper: Any = import_module("onnx.numpy_helper")
    try:
        graph = onnx.load(str(path)).graph
    except Exception as error:  # protobuf raises bare Exception subclasses of its own
        raise ModelError(f"{path} is not an encoder that can be read") from error
    return {one.name: helper.to_array(one) for one in graph.initializer}


def _weights(found: dict[str, NDArray[Any]]) -> dict[str, Tensor]:
    """The same as the tensors of a trunk."""
    plain = {name.removeprefix(_TRUNK): a for name, a in found.items() if name.startswith(_TRUNK)}
    table, scale = plain.pop("words.table"), plain.pop("words.scale")
    plain["words.weight"] = table.astype(np.float32) * scale[:, None]
    matches = [match for name in found if (match := _MATRIX.match(name))]
    ordered = sorted(matches, key=lambda match: int(match.group(1)))
    for number, match in enumerate(ordered):
        layer, place = divmod(number, len(_PLACES))
        plain[f"layers.{layer}.{_PLACES[place]}.weight"] = _matrix(found, match.group()).T
    return {name: torch.from_numpy(np.array(a, order="C")) for name, a in plain.items()}


def _matrix(found: dict[str, NDArray[Any]], name: str) -> NDArray[np.float32]:
    """One matrix (in, out) in full precision."""
    values: NDArray[np.float32] = found[name].astype(np.float32)
    if not name.endswith("_quantized"):
        return values
    scale = found[name.replace("_quantized", "_scale")].astype(np.float32)
    return values * scale
