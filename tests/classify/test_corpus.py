"""The project's own text: enough of it, both sides, four languages, and no near-copies."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from agentkit.classify.hashing import grams
from agentkit.classify.heads import CLAIMS, HEADS, LABELS

CORPUS = Path(__file__).parents[2] / "benchmarks" / "corpus"
LEAST = {"deception": 500} | {head: 400 for head in HEADS if head != "deception"}
NEAR = 0.8
"""Cosine of character n-grams from which two rows say the same in the same words."""


def rows_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


NAMES = (*HEADS, "plain")
FILES = [p for p in sorted(CORPUS.glob("**/*.jsonl")) if p.stem in NAMES]
OF_HEADS = [path for path in FILES if path.stem in HEADS]


def profiles(texts: list[str]) -> NDArray[np.float32]:
    """Hashed n-grams of each text, as unit vectors."""
    found = grams(texts, bits=11, orders=(4, 5), words=1)
    table = np.zeros((len(texts), 1 << 11), dtype=np.float32)
    for row in range(len(texts)):
        np.add.at(table[row], found.buckets[found.bounds[row] : found.bounds[row + 1]], 1)
    table /= np.maximum(np.linalg.norm(table, axis=1, keepdims=True), 1e-9)
    return table


def near_pairs(texts: list[str]) -> list[tuple[int, int]]:
    """Pairs of texts whose hashed n-grams nearly agree."""
    table = profiles(texts)
    near = np.argwhere(np.triu(table @ table.T, 1) >= NEAR)
    return [(int(a), int(b)) for a, b in near]


@pytest.mark.parametrize("head", HEADS)
def test_each_head_has_enough_hard_rows_at_least_half_of_them_negative(head: str) -> None:
    rows = rows_of(CORPUS / f"{head}.jsonl")
    assert len(rows) >= LEAST[head]
    assert sum(row["label"] == 0 for row in rows) * 2 >= len(rows)


@pytest.mark.parametrize("head", HEADS)
def test_each_head_is_written_in_four_languages(head: str) -> None:
    count = Counter(row["lang"] for row in rows_of(CORPUS / f"{head}.jsonl"))
    assert set(count) == {"en", "de", "fr", "es"}
    assert min(count.values()) >= 70


@pytest.mark.parametrize("path", OF_HEADS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_label_of_a_row_is_one_that_its_head_may_give(path: Path) -> None:
    for row in rows_of(path):
        if row["label"]:
            assert set(row["labels"]) <= {*LABELS[path.stem], "opt_out"}, row["id"]
        elif path.stem == "deception":
            assert set(row["labels"]) <= set(CLAIMS), row["id"]


def test_ids_are_given_once() -> None:
    count = Counter(row["id"] for path in OF_HEADS for row in rows_of(path))
    assert not [name for name, times in count.items() if times > 1]


@pytest.mark.parametrize("folder", [CORPUS, CORPUS / "wide"], ids=["measured", "wide"])
@pytest.mark.parametrize("head", HEADS)
def test_few_rows_are_near_copies_of_another(head: str, folder: Path) -> None:
    """Minimal pairs are near by intent; beyond them, no row repeats another's words."""
    rows = rows_of(folder / f"{head}.jsonl")
    near = [
        (rows[a]["id"], rows[b]["id"])
        for a, b in near_pairs([row["text"] for row in rows])
        if rows[a]["pair"] != rows[b]["pair"]
    ]
    assert len(near) <= len(rows) // 100, near


@pytest.mark.parametrize("name", NAMES)
def test_no_measured_row_is_a_near_copy_of_one_that_is_trained_on(name: str) -> None:
    measured, trained = (
        [row["text"] for row in rows_of(folder / f"{name}.jsonl")]
        for folder in (CORPUS, CORPUS / "wide")
    )
    nearest = (profiles(measured) @ profiles(trained).T).max(axis=1)
    assert not [text for text, cosine in zip(measured, nearest, strict=True) if cosine >= NEAR]


def test_no_row_that_is_trained_on_stands_in_what_is_measured() -> None:
    measured = {row["text"].casefold() for path in FILES if path.parent.name != "wide"
                for row in rows_of(path)}  # fmt: skip
    trained = {row["text"].casefold() for path in FILES if path.parent.name == "wide"
               for row in rows_of(path)}  # fmt: skip
    assert not measured & trained
