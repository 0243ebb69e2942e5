"""The manifest of a model: which files, with which digests, measured how.

A file that is not the one the manifest names is refused before anything reads it.
"""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import orjson
from pydantic import BaseModel, ConfigDict, ValidationError

from agentkit.errors import ModelError

__all__ = ["MODELS", "EncoderFacts", "Manifest", "WindowFacts", "digest_of", "read_manifest"]

MODELS: Final = Path(__file__).with_name("models")
"""Where the shipped model lies."""
_HINT: Final = "install agentkit again, or train a model with `agentkit model train --data DIR`"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class EncoderFacts(_Strict):
    """What the encoder is.

    Attributes:
        name: Of the pretrained encoder.
        layers: Transformer layers kept.
        pooled: Layers whose mean is part of the features.
        features: Width of the features.
        max_tokens: Longest window in tokens; what is longer is cut.
        pieces: Size of the vocabulary.
    """

    name: str
    layers: int
    pooled: list[int]
    features: int
    max_tokens: int
    pieces: int


class WindowFacts(_Strict):
    """How long texts are cut, in characters.

    Attributes:
        whole: A text up to this length is one window.
        size: Longest window of a longer text: short, so that little drowns in the mean.
        overlap: How much of a window the next one may repeat.
        longest: A longer text is not scored.
    """

    whole: int
    size: int
    overlap: int
    longest: int


class Manifest(_Strict):
    """All that is needed to load a model and to know it is the right one.

    Attributes:
        format: Layout of the files; this code reads 1.
        version: Of the model.
        heads: Names of the heads, one file each.
        files: Hex sha256 by path relative to the manifest.
        encoder: What the encoder is.
        windows: How long texts are cut.
        languages: Languages that are served.
        bits: The linear tier has 2**bits buckets.
        orders: Lengths of its character n-grams.
        words: Its longest word n-gram.
    """

    format: int
    version: str
    heads: list[str]
    files: dict[str, str]
    encoder: EncoderFacts
    windows: WindowFacts
    languages: list[str]
    bits: int
    orders: list[int]
    words: int

    def digest(self) -> str:
        """Hex sha256 over the digests of all files: the identity of the model."""
        named = orjson.dumps(self.files, option=orjson.OPT_SORT_KEYS)
        return sha256(named).hexdigest()


def digest_of(path: Path) -> str:
    """Hex sha256 of a file.

    Raises:
        ModelError: It cannot be read.
    """
    try:
        return sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise ModelError(f"the model file {path.name} is missing", hint=_HINT) from error


def read_manifest(folder: Path, *, verify: bool = True) -> Manifest:
    """Read and check the manifest and, unless told otherwise, the digest of every file.

    Raises:
        ModelError: Something is missing, unreadable or not what the manifest names.
    """
    try:
        raw: Any = orjson.loads((folder / "manifest.json").read_bytes())
        manifest = Manifest.model_validate(raw)
    except OSError as error:
        raise ModelError(f"no model in {folder}: manifest.json is missing", hint=_HINT) from error
    except (orjson.JSONDecodeError, ValidationError) as error:
        raise ModelError(f"{folder / 'manifest.json'} is not a manifest", hint=_HINT) from error
    if manifest.format != 1:
        raise ModelError(
            f"the model has format {manifest.format}; this agentkit reads 1", hint=_HINT
        )
    for name, expected in manifest.files.items() if verify else ():
        _check_file(folder, name, expected)
    return manifest


def _check_file(folder: Path, name: str, expected: str) -> None:
    """Refuse a file outside the folder or with another digest."""
    path = (folder / name).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise ModelError(f"the manifest names {name}, which is outside its folder", hint=_HINT)
    if digest_of(path) != expected:
        raise ModelError(f"the model file {name} is not the one the manifest names", hint=_HINT)
