"""What training and evaluation share: texts in windows, and the heads of a shipped model."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from agentkit.classify.head import read_head, write_head
from agentkit.classify.heads import LABELS
from agentkit.classify.manifest import MODELS, read_manifest
from agentkit.errors import ModelError

LONG = "The invoice is attached. " * 30 + "Stop calling me. " + "Many thanks for the parcel. " * 30


def lengths(texts: list[str]) -> NDArray[np.float32]:
    return np.array([[len(text), -len(text)] for text in texts], dtype=np.float32)


def test_a_long_text_is_measured_by_the_highest_of_its_windows() -> None:
    from agentkit.classify.training.measure import WINDOWS, Cut

    cut = Cut.of(["Hello", LONG, "Bye"])
    values = lengths(cut.pieces)
    found = cut.highest(values)
    assert found[0].tolist() == [5, -5]
    assert found[2].tolist() == [3, -3]
    assert len(LONG) > WINDOWS.size >= found[1, 0] > -found[1, 1] > 0
    beside = cut.beside(values[:, 0], values[:, 1])
    assert beside.tolist() == [-5, -found[1, 0], -3]


def test_what_a_text_claims_is_unknown_where_nobody_read_it_for_claims() -> None:
    from agentkit.classify.training.data import own_rows

    rows = own_rows(Path(__file__).parents[2] / "benchmarks" / "corpus")
    opt_out = next(row for row in rows if row.head == "opt_out" and row.label)
    assert opt_out.targets["deception.guilt"] == 0
    assert "deception.prior_contact" not in opt_out.targets
    read = next(row for row in rows if "prior_contact" in row.kinds and not row.label)
    assert read.targets["deception.prior_contact"] == 1
    assert read.targets["deception.scarcity"] in {0, 1}


def test_public_rows_are_seen_again_from_both_sides() -> None:
    pytest.importorskip("torch")
    from agentkit.classify.training.data import Row
    from agentkit.classify.training.rows import Rows, choose_rows

    public = [Row(f"text {n}", {}, "bitext", "opt_out", int(n < 40), str(n)) for n in range(400)]
    public.append(Row("stop", {}, "seed_handwritten", "opt_out", 1, "s"))
    rows = Rows(choose_rows(public, dict.fromkeys(LABELS, 200), seed=7), [], [], [])
    again = rows.again(60)
    assert len(again) == 61
    assert {row.label for row in again if row.source == "bitext"} == {0, 1}
    assert sum(row.label for row in rows.public) == 41


def test_nothing_is_called_an_advertisement_that_is_none() -> None:
    from agentkit.classify.training.data import Row
    from agentkit.classify.training.endings import with_endings

    told = {"promotional": 0.0}
    rows = [Row("Your order left today.", told, "wide", "plain", 0, str(n)) for n in range(400)]
    texts = [row.text for row in with_endings(rows, seed=7)]
    assert len(texts) > 50
    assert not [text for text in texts if "advertisement" in text]
    adverts = [replace(row, targets={"promotional": 1.0}) for row in rows]
    assert [row for row in with_endings(adverts, seed=7) if "advertisement" in row.text]


def test_texts_are_measured_in_the_windows_of_the_shipped_model() -> None:
    from agentkit.classify.training.measure import WINDOWS

    assert read_manifest(MODELS).windows == WINDOWS


def test_a_model_whose_heads_give_other_labels_is_not_gone_on_from(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    from agentkit.classify.training.shipped import heads_in

    shutil.copytree(MODELS / "heads", tmp_path / "heads")
    assert [head.name for head in heads_in(tmp_path)] == list(LABELS)
    head = read_head(tmp_path / "heads" / "bias.npz")
    renamed = tuple("estate" if name == "gender" else name for name in head.outputs)
    write_head(tmp_path / "heads" / "bias.npz", replace(head, outputs=renamed))
    with pytest.raises(ModelError, match="other labels"):
        heads_in(tmp_path)


def test_the_card_counts_what_the_cheap_tier_settles_and_loses() -> None:
    pytest.importorskip("torch")
    pytest.importorskip("sklearn")
    from agentkit.classify.training.assemble import Unseen
    from agentkit.classify.training.cascade import cascade
    from agentkit.classify.training.data import COLUMNS, OUTPUTS, Row

    head = read_head(MODELS / "heads" / "opt_out.npz")
    sources = ("own", "own", "own", "public")
    rows = [Row(str(n), {}, source, "opt_out", 0, str(n)) for n, source in enumerate(sources)]
    encoder = np.full((4, len(OUTPUTS)), -20, dtype=np.float32)
    linear = np.full((4, len(COLUMNS)), 20, dtype=np.float32)
    anything = COLUMNS.index("opt_out:any")
    encoder[:3, OUTPUTS.index("opt_out")] = 20  # flagged by the encoder
    linear[0, anything] = linear[3, anything] = -20  # settled before it
    targets = np.zeros(encoder.shape, dtype=np.float32)
    found = cascade(Unseen(rows, encoder, linear, targets), [head])["all six"]
    assert found["hard pairs"] == {"rows": 3, "settled": 0.3333, "flags_lost": 0.3333}
    assert found["valid"] == {"rows": 1, "settled": 1.0, "flags_lost": 0.0}


def test_a_shipped_encoder_is_read_back_into_torch(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    pytest.importorskip("onnx")
    from agentkit.classify.encoder import Encoder
    from agentkit.classify.training.export import Features
    from agentkit.classify.training.restore import restore
    from agentkit.classify.training.trunk import Trunk
    from agentkit.classify.training.weights import Pretrained

    facts = read_manifest(MODELS).encoder
    size = facts.features // len(facts.pooled)
    empty = blank(Pretrained, size, facts.layers, facts.pieces)
    trunk = restore(Trunk(empty, list(range(facts.pieces)), facts.layers), MODELS / "encoder.onnx")
    encoder = Encoder(MODELS, facts)
    text = "Rufen Sie mich bitte nicht mehr an."
    (ids,) = encoder.tokens([text])
    with torch.inference_mode():
        again = Features(trunk.eval(), facts.pooled)(torch.tensor([ids]), torch.ones(1, len(ids)))
    cosine = float((again.numpy() * encoder.features([text])).sum()) / len(facts.pooled)
    assert cosine > 0.97
    (tmp_path / "encoder.onnx").write_bytes(b"no such file")
    with pytest.raises(ModelError, match="is not an encoder"):
        restore(trunk, tmp_path / "encoder.onnx")


def blank(kind: Any, hidden: int, layers: int, pieces: int) -> Any:
    """Pretrained weights of the right shapes, all zero."""
    wide = 4 * hidden
    matrices = {"emb.word": (pieces, hidden), "emb.pos": (512, hidden), "emb.type": (1, hidden)}
    shapes: dict[str, tuple[int, ...]] = {**matrices, "emb.ln.w": (hidden,), "emb.ln.b": (hidden,)}
    square = dict.fromkeys(("q", "k", "v", "ao"), (hidden, hidden))
    for layer in range(layers):
        for name, shape in {**square, "fi": (wide, hidden), "fo": (hidden, wide)}.items():
            shapes |= {f"l{layer}.{name}.w": shape, f"l{layer}.{name}.b": shape[:1]}
        for name in ("aln", "oln"):
            shapes |= {f"l{layer}.{name}.w": (hidden,), f"l{layer}.{name}.b": (hidden,)}
    tensors = {name: np.zeros(shape, np.float32) for name, shape in shapes.items()}
    return kind(hidden, layers, 12, 1e-12, [], {}, tensors)
