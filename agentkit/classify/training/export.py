"""From torch to int8 ONNX, with the checks that an exporter does not make.

The table of words is kept as signed bytes with one scale a row; the other matrices are quantised
per channel by onnxruntime (dynamic: activations at run time), but for those behind activations with
outliers, which one scale for a whole tensor would drown. Weights keep seven bits: with eight, two
products overflow the sixteen bits in which processors without VNNI add them up, and the same file
would give other scores there (cosine to fp32 0.994 instead of 0.998 after the first layers). The
file is compared with torch.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from agentkit.classify.training.trunk import Trunk
from agentkit.errors import ModelError

__all__ = ["Agreement", "Features", "compare", "export"]

_TOLERANCE = 1e-3
"""Largest difference between torch and the fp32 file that is still the same model."""


@dataclass(frozen=True)
class Agreement:
    """How far files are apart: largest difference of fp32, mean and least cosine of int8."""

    fp32_difference: float
    int8_cosine_mean: float
    int8_cosine_least: float


class _Words(nn.Module):  # type: ignore[misc]  # torch is Any where it is not installed
    """A table of words in signed bytes, one scale a row."""

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        scale = weight.abs().amax(1).clamp_min(1e-9) / 127
        self.register_buffer("table", (weight / scale[:, None]).round().to(torch.int8))
        self.register_buffer("scale", scale)

    def forward(self, ids: Tensor) -> Tensor:
        """Vectors of the words."""
        return self.table[ids].to(torch.float32) * self.scale[ids][..., None]


class Features(nn.Module):  # type: ignore[misc]  # as above
    """Token ids and mask in, the normalised pools of the chosen layers side by side out."""

    def __init__(self, trunk: Trunk, pooled: Sequence[int]) -> None:
        """Share the trunk; ``pooled`` are layer numbers, from 1."""
        super().__init__()
        self.trunk, self.pooled = trunk, list(pooled)

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """(batch, features)."""
        pools = self.trunk.pooled(ids, mask)
        return torch.cat(
            [nn.functional.normalize(pools[layer - 1], dim=-1) for layer in self.pooled], -1
        )


def _trace(model: Features, path: Path) -> None:
    """Write the fp32 file; batch and length stay free."""
    example = (torch.tensor([[0, 5, 6, 2], [0, 5, 2, 1]]), torch.tensor([[1.0] * 4, [1, 1, 1, 0]]))
    free = {0: "batch", 1: "length"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            model, example, str(path), input_names=["ids", "mask"], output_names=["features"],
            opset_version=17, dynamo=False, custom_opsets={"com.microsoft": 1},
            dynamic_axes={"ids": free, "mask": free, "features": {0: "batch"}},
        )  # fmt: skip


def export(
    trunk: Trunk, pooled: Sequence[int], plain: Path, path: Path, *, precise: Sequence[int] = ()
) -> Features:
    """Write the fp32 file and the int8 file, and give back the torch module that it must equal.

    The trunk's word table is replaced by its rounded form first, so that both sides share it.

    Args:
        trunk: The encoder.
        pooled: Layers that are read, from 1.
        plain: Where the fp32 file goes.
        path: Where the int8 file goes.
        precise: Layers, from 1, whose second feed-forward matrix stays in fp32.

    Raises:
        ModelError: The file has no such matrix to leave out.
    """
    trunk.words = _Words(trunk.words.weight.detach())
    model = Features(trunk.eval(), pooled)
    quantization: Any = import_module("onnxruntime.quantization")
    _trace(model, plain)
    quantization.quantize_dynamic(
        str(plain), str(path), per_channel=True, reduce_range=True,
        weight_type=quantization.QuantType.QInt8,
        op_types_to_quantize=["MatMul", "Gemm", "Attention"],
        nodes_to_exclude=_matrices(plain, precise),
    )  # fmt: skip
    return model


def _matrices(plain: Path, layers: Sequence[int]) -> list[str]:
    """Names of the second feed-forward matrix products of some layers."""
    onnx: Any = import_module("onnx")
    names = [node.name for node in onnx.load(str(plain)).graph.node if node.op_type == "MatMul"]
    found = [n for layer in layers for n in names if f"layers.{layer - 1}/down/" in n]
    if len(found) != len(layers):
        raise ModelError(f"the exported file lacks a feed-forward matrix of layers {layers}")
    return found


def _features(path: Path, ids: list[list[int]]) -> NDArray[np.float32]:
    """Features by a file, one text at a time."""
    onnxruntime: Any = import_module("onnxruntime")
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    rows = [
        session.run(["features"], {"ids": np.array([i]), "mask": np.ones((1, len(i)), np.float32)})
        for i in ids
    ]
    return np.concatenate([row[0] for row in rows])


def compare(model: Features, plain: Path, path: Path, ids: list[list[int]]) -> Agreement:
    """Compare the fp32 file with torch and the int8 file with the fp32 file.

    Raises:
        ModelError: The fp32 file is another model than torch's.
    """
    with torch.inference_mode():
        expected = np.concatenate(
            [model(torch.tensor([i]), torch.ones(1, len(i))).numpy() for i in ids]
        )
    whole, small = _features(plain, ids), _features(path, ids)
    difference = float(np.abs(expected - whole).max())
    if not difference < _TOLERANCE:
        raise ModelError(f"the exported encoder differs from torch by {difference:.4f}")
    lengths = np.linalg.norm(whole, axis=1) * np.linalg.norm(small, axis=1)
    cosine = (whole * small).sum(1) / lengths
    return Agreement(difference, float(cosine.mean()), float(cosine.min()))
