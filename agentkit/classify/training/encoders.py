"""The encoders of one training, each under a name, kept so that a second run need not wait.

``base`` is tuned on the public sets and on the project's own rows, or read from a model that has
been shipped before. From it ``final``, which is shipped, goes on with the project's rows and some
of the public ones. Neither sees a row that is measured on. The rest are probes: they are only
measured.
"""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

import numpy as np
import orjson
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer

from agentkit.classify.encoder import Encoder
from agentkit.classify.manifest import EncoderFacts, read_manifest
from agentkit.classify.training.data import Row
from agentkit.classify.training.export import Agreement, compare, export
from agentkit.classify.training.finetune import Below, Schedule, lower_layers, tune
from agentkit.classify.training.fit import Linear
from agentkit.classify.training.restore import restore
from agentkit.classify.training.shipped import heads_in, linear_of
from agentkit.classify.training.trunk import Trunk
from agentkit.classify.training.weights import Pretrained

__all__ = ["Encoders", "Layers", "Origin", "Tuned"]

Floats = NDArray[np.float32]
_CHECKED: Final = 200
"""Texts on which an exported file is compared with torch."""
_LONGEST: Final = 112
"""Tokens of a text that is tuned on."""


@dataclass(frozen=True)
class Layers:
    """Which layers are kept, tuned and read.

    Attributes:
        count: Transformer layers kept.
        frozen: Of these, how many stay as they were pretrained.
        below: Pools read from the frozen ones, by number from 1.
        above: Pools read from the tuned ones.
        precise: Layers whose second feed-forward matrix is not quantised. The first two tuned
            layers have activations with outliers there: left in fp32, most of what int8 lost comes
            back.
    """

    count: int
    frozen: int
    below: tuple[int, ...]
    above: tuple[int, ...]
    precise: tuple[int, ...] = ()

    @property
    def pooled(self) -> list[int]:
        """All that are read, in the order of the features."""
        return [*self.below, *self.above]


@dataclass(frozen=True)
class Tuned:
    """An encoder and the heads that it was tuned under, and the name under which it is kept."""

    trunk: Trunk
    linear: Linear
    key: str


@dataclass(frozen=True)
class Origin:
    """What tuning goes on from: its key, and how to get it when it is needed."""

    key: str
    read: Callable[[], Tuned]


class Encoders:
    """Tunes, exports and measures with encoders over one vocabulary."""

    def __init__(
        self,
        source: Pretrained,
        kept: list[int],
        tokenizer: Tokenizer,
        layers: Layers,
        keep: Path,
        say: Callable[[str], None],
    ) -> None:
        """Start from the pretrained weights, cut to the vocabulary ``kept``."""
        self.tokenizer, self.layers = tokenizer, layers
        self._source, self._kept, self._keep, self._say = source, kept, keep, say
        device = "cuda" if torch.cuda.is_available() else "cpu"
        self._plain = Trunk(source, kept, layers.count).eval().to(device)
        self._below: dict[str, Below] = {}

    @property
    def facts(self) -> EncoderFacts:
        """What the exported encoders are."""
        return EncoderFacts(
            name="multilingual-e5-small", layers=self.layers.count, pooled=self.layers.pooled,
            features=self._source.hidden * len(self.layers.pooled), max_tokens=160,
            pieces=self.tokenizer.get_vocab_size(),
        )  # fmt: skip

    def ids(self, texts: Sequence[str]) -> list[list[int]]:
        """Token ids for tuning."""
        encodings = self.tokenizer.encode_batch([text[:1500] for text in texts])
        return [encoding.ids[:_LONGEST] for encoding in encodings]

    def tuned(
        self,
        name: str,
        rows: Sequence[Row],
        schedule: Schedule,
        origin: Origin | None = None,
    ) -> Tuned:
        """The encoder of this name: from ``keep`` if it is there, else tuned now.

        Args:
            name: Under which it is kept, with a digest of all the rest.
            rows: What it is tuned on.
            schedule: How long.
            origin: What it goes on from; the pretrained weights without it.
        """
        key = f"{name}-{self._digest(rows, schedule, origin)}"
        file = self._keep / f"{key}.pt"
        if file.exists():
            self._say(f"{name}: reusing the tuned encoder")
            return self._read(file)
        self._say(f"{name}: tuning on {len(rows):,} rows")
        start = origin.read() if origin else None
        trunk, linear = tune(
            start.trunk if start else self._plain, self._lower(rows), rows, schedule,
            frozen=self.layers.frozen, upper=self.layers.above,
            start=start.linear if start else None, say=self._say,
        )  # fmt: skip
        state = {"trunk": trunk.state_dict(), "weight": torch.from_numpy(linear.weight),
                 "bias": torch.from_numpy(linear.bias)}  # fmt: skip
        torch.save(state, file)
        return Tuned(trunk, linear, key)

    def _digest(self, rows: Sequence[Row], schedule: Schedule, origin: Origin | None) -> str:
        """What a tuned encoder depends on, in twelve digits."""
        told = [self.layers, schedule, origin.key if origin else "", self._kept]
        parts = [*map(repr, told), *(f"{row.text}\0{row.targets}" for row in rows)]
        return sha256("\0".join(parts).encode()).hexdigest()[:12]

    def shipped(self, folder: Path) -> Origin:
        """The encoder and the heads of a model that was shipped, to go on from.

        Only the tuned layers are taken from its file: the frozen ones are known in full precision.

        Raises:
            ModelError: The folder holds no such model.
        """
        return Origin(read_manifest(folder).digest(), lambda: self._shipped(folder))

    def _shipped(self, folder: Path) -> Tuned:
        """Read it."""
        restored = restore(copy.deepcopy(self._plain).cpu(), folder / "encoder.onnx")
        trunk = copy.deepcopy(self._plain)
        tuned = zip(trunk.layers, restored.layers, strict=True)
        for layer, other in itertools.islice(tuned, self.layers.frozen, None):
            layer.load_state_dict(other.state_dict())
        return Tuned(trunk.eval(), linear_of(heads_in(folder)), folder.name)

    def _read(self, file: Path) -> Tuned:
        """A tuned encoder as it was kept."""
        saved = torch.load(file, weights_only=True, map_location=self._plain.places.device)
        trunk = Trunk(self._source, self._kept, self.layers.count).to(self._plain.places.device)
        trunk.load_state_dict(saved["trunk"])
        linear = Linear(saved["weight"].cpu().numpy(), saved["bias"].cpu().numpy())
        return Tuned(trunk.eval(), linear, file.stem)

    def _lower(self, rows: Sequence[Row]) -> list[Below]:
        """What the frozen layers give, which is the same for every encoder: computed once."""
        new = list({row.text: None for row in rows if row.text not in self._below})
        found = lower_layers(self._plain, self.ids(new), self.layers.frozen, self.layers.below)
        self._below.update(zip(new, found, strict=True))
        return [self._below[row.text] for row in rows]

    def exported(self, tuned: Tuned, texts: Sequence[str]) -> tuple[Path, Agreement]:
        """Write the encoder as int8 ONNX with its tokenizer, and compare it with torch.

        Returns:
            The folder of the two files, and how far they are from torch.
        """
        folder = self._keep / tuned.key
        record = folder / "agreement.json"
        if record.exists():
            return folder, Agreement(**orjson.loads(record.read_bytes()))
        folder.mkdir(exist_ok=True)
        self.tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
        plain, path = folder / "encoder.fp32.onnx", folder / "encoder.onnx"
        trunk = copy.deepcopy(tuned.trunk).cpu()
        model = export(trunk, self.layers.pooled, plain, path, precise=self.layers.precise)
        some = texts[:: max(1, len(texts) // _CHECKED)]
        agreement = compare(model, plain, path, self.ids(some))
        record.write_bytes(orjson.dumps(asdict(agreement)))
        self._say(f"{tuned.key}: exported, {agreement}")
        return folder, agreement

    def logits(self, folder: Path, linear: Linear, texts: list[str]) -> Floats:
        """Logits of every output by an exported file: (texts, outputs)."""
        return linear.logits(self._features(folder, texts))

    def _features(self, folder: Path, texts: list[str]) -> Floats:
        """Features by an exported file, kept beside it."""
        name = sha256("\0".join(texts).encode()).hexdigest()[:16]
        file = folder / f"features-{name}.npy"
        if not file.exists():
            self._say(f"{folder.name}: features of {len(texts):,} windows")
            np.save(file, Encoder(folder, self.facts, threads=2).features(texts))
        return np.asarray(np.load(file), dtype=np.float32)
