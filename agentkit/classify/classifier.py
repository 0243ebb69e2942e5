"""The scoring service: texts in, `Scores` out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from agentkit.classify.answers import Piece, Values, answers, refused
from agentkit.classify.encoder import Encoder
from agentkit.classify.head import Head, read_head
from agentkit.classify.language import SERVED, Identifier
from agentkit.classify.linear import LinearTier
from agentkit.classify.manifest import MODELS, Manifest, read_manifest
from agentkit.classify.scores import Scores
from agentkit.classify.text import Normalised, normalise
from agentkit.classify.windows import cuts
from agentkit.errors import ModelError

__all__ = ["Classifier"]

Floats = NDArray[np.float32]
_SAMPLE: Final = 2_000
"""So many characters tell the language."""
_CHUNK: Final = 128
"""Texts that are scored together; memory stays flat whatever the input."""


class Classifier:
    """Six heads (and those that plugins add) over one encoder pass.

    Not tied to a thread: several threads may call `scores` at once.
    """

    def __init__(
        self, manifest: Manifest, encoder: Encoder, heads: Sequence[Head], identifier: Identifier
    ) -> None:
        """Use `load`, which checks the files first."""
        self.manifest = manifest
        self._encoder = encoder
        self._identifier = identifier
        self._heads = tuple(heads)
        self._linear = LinearTier(manifest, heads)
        self._weight = np.concatenate([head.weight for head in heads], axis=1)
        self._bias = np.concatenate([head.bias for head in heads])
        self._mix, self._settle = (
            np.concatenate([getattr(head, name) for head in heads]) for name in ("mix", "settle")
        )
        ends = np.cumsum([len(head.outputs) for head in heads])
        self._columns = {
            head.name: slice(int(end) - len(head.outputs), int(end))
            for head, end in zip(heads, ends, strict=True)
        }

    @classmethod
    def load(
        cls, path: Path | None = None, threads: int = 1, *, extra: Iterable[Path] = ()
    ) -> Classifier:
        """Load a model after checking the digest of each of its files.

        Args:
            path: Folder with a ``manifest.json``; without one, the shipped model.
            threads: Cores that one call may use.
            extra: Head files that plugins add over the same encoder.

        Raises:
            ModelError: A file is missing, corrupt, or not the one that the manifest names.
        """
        folder = path or MODELS
        manifest = read_manifest(folder)
        heads = [read_head(folder / "heads" / f"{name}.npz") for name in manifest.heads]
        heads += [read_head(file) for file in extra]
        names = [head.name for head in heads]
        if len(set(names)) < len(names):
            raise ModelError(f"two heads share a name: {', '.join(sorted(names))}")
        encoder = manifest.files["encoder.onnx"]
        for head in heads:
            if head.encoder != encoder:
                raise ModelError(f"the head {head.name} was fitted over another encoder")
        opened = Encoder(folder, manifest.encoder, threads=threads)
        return cls(manifest, opened, heads, read_identifier(folder / "language.npz"))

    @property
    def heads(self) -> tuple[str, ...]:
        """Names of the heads, shipped ones first."""
        return tuple(head.name for head in self._heads)

    def labels(self, head: str) -> tuple[str, ...]:
        """Labels a head may give."""
        return self._chosen([head])[0].labels

    def scores(
        self, texts: Sequence[str], heads: Sequence[str] | None = None, *, cascade: bool = True
    ) -> list[Scores]:
        """Score texts, in their order.

        Args:
            texts: As they came; anything a Python string can hold.
            heads: Which heads to ask; all without it.
            cascade: Let the linear tier settle what is clearly nothing.

        Raises:
            ModelError: There is no such head.
        """
        chosen = self._chosen(heads)
        found: list[Scores] = []
        for start in range(0, len(texts), _CHUNK):
            found += self._score(texts[start : start + _CHUNK], chosen, cascade=cascade)
        return found

    def features(self, texts: Sequence[str]) -> Floats:
        """Features of normalised texts, for heads that are fitted elsewhere."""
        return self._encoder.features([normalise(text).text for text in texts])

    def vectors(self, texts: Sequence[str]) -> list[list[float]]:
        """What texts mean: a middle layer as a unit vector, for the angle between two.

        The last layers are drawn to the six heads; on agents' requests and calls the second of
        the four that are pooled tells related from unrelated best.
        """
        if not texts:
            return []
        size = self._encoder.facts.features // 4
        middle = self.features(texts)[:, size : 2 * size]
        lengths = np.maximum(np.linalg.norm(middle, axis=1, keepdims=True), 1e-9)
        unit: list[list[float]] = (middle / lengths).tolist()
        return unit

    def languages(self, texts: Sequence[str]) -> list[str]:
        """The language of each text; the encoder is not asked."""
        return self._identifier.identify([normalise(text[:_SAMPLE]).text for text in texts])

    def _chosen(self, names: Sequence[str] | None) -> list[Head]:
        """Heads by name."""
        known = {head.name: head for head in self._heads}
        unknown = [name for name in names or () if name not in known]
        if unknown:
            hint = f"known heads: {', '.join(known)}"
            raise ModelError(f"there is no head {unknown[0]!r}", hint=hint)
        return [known[name] for name in names] if names is not None else list(self._heads)

    def _score(self, texts: Sequence[str], heads: list[Head], *, cascade: bool) -> list[Scores]:
        """Score one chunk."""
        clean = [normalise(text) for text in texts]
        languages = self._identifier.identify([text.text for text in clean])
        reasons = [self._refusal(t, code) for t, code in zip(clean, languages, strict=True)]
        told = {i: (clean[i], languages[i]) for i, reason in enumerate(reasons) if not reason}
        pieces = [p for owner, (text, _) in told.items() for p in self._pieces(owner, text.text)]
        values = self._values([piece.text for piece in pieces], heads, cascade=cascade)
        found = answers(told, pieces, values, heads)
        return [
            found[i] if i in found else refused(heads, languages[i], reasons[i], clean[i])
            for i in range(len(texts))
        ]

    def _refusal(self, text: Normalised, language: str) -> str:
        """Why a text is not scored at all; empty if it is."""
        if language == "zxx":
            return "there are no words in it"
        if language not in SERVED:
            return f"the language ({language}) is not one of {', '.join(SERVED)}"
        longest = self.manifest.windows.longest
        return f"it is longer than {longest:,} characters" if len(text.text) > longest else ""

    def _pieces(self, owner: int, text: str) -> Iterable[Piece]:
        """The windows of one text."""
        for start, end in cuts(text, self.manifest.windows):
            yield Piece(owner, start, end, text[start:end])

    def _values(self, texts: list[str], heads: list[Head], *, cascade: bool) -> Values:
        """Probabilities by window and output, columns of all heads."""
        if not texts:
            none = np.zeros((0, len(self._bias)), np.float32)
            return Values(none, np.zeros(0, np.bool_), self._columns)
        lines = self._linear.logits(texts)
        alone = self._linear.probabilities(lines)
        asked = [self.heads.index(head.name) for head in heads]
        settled = (alone[:, 1::2][:, asked] < self._settle[asked]).all(axis=1)
        encoded = np.logical_not(settled) if cascade else np.ones(len(texts), dtype=np.bool_)
        scores = [self._columns[name].start for name in self.heads]
        values = np.zeros((len(texts), len(self._bias)), dtype=np.float32)
        values[:, scores] = alone[:, ::2]
        open_ = np.flatnonzero(encoded)
        if len(open_):
            logits = self._encoder.features([texts[i] for i in open_]) @ self._weight + self._bias
            logits[:, scores] += lines[open_, ::2] * self._mix
            values[open_] = 1 / (1 + np.exp(-np.clip(logits, -30, 30)))
        return Values(values, encoded, self._columns)


def read_identifier(path: Path) -> Identifier:
    """Read the language table.

    Raises:
        ModelError: It is missing or is no such file.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            codes = tuple(str(code) for code in file["codes"])
            table = file["table"].astype(np.float32) * file["scale"].astype(np.float32)
            bits, orders = int(file["bits"]), tuple(int(n) for n in file["orders"])
            return Identifier(table, file["bias"].astype(np.float32), codes, bits, orders)
    except (OSError, ValueError, KeyError) as error:
        raise ModelError(f"{path.name} is not a language table") from error
