from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from agentkit.classify import Classifier
from agentkit.errors import ModelError
from agentkit.gate import Scorer
from tests.plugins.shop import Words


class Counting(Words):
    def __init__(self) -> None:
        self.asked: list[str] = []

    def vectors(self, texts: Sequence[str]) -> list[list[float]]:
        self.asked += texts
        return super().vectors(texts)


def test_each_text_is_embedded_once() -> None:
    model = Counting()
    scorer = Scorer(lambda: model)
    assert scorer.embed(["money", "tea", "money"]) == [[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]]
    scorer.embed(["tea"])
    assert model.asked == ["money", "tea"]


def test_old_vectors_make_room_and_the_answer_stays_whole() -> None:
    scorer = Scorer(Words)
    texts = [f"text {n}" for n in range(1000)]
    assert len(scorer.embed(texts)) == 1000
    assert scorer.embed(texts[:3]) == [[0.0, 1.0]] * 3


def test_a_model_without_vectors_or_languages_is_an_error_and_no_guess() -> None:
    scorer = Scorer(lambda: SimpleNamespace(scores=lambda texts: []))
    for ask in (scorer.embed, scorer.languages):
        with pytest.raises(ModelError, match="the classifier in use gives no"):
            ask(["x"])


def test_a_verdict_names_the_model_by_its_digest_and_not_by_its_method() -> None:
    manifest = SimpleNamespace(digest=lambda: "abc")
    model: Any = SimpleNamespace(manifest=manifest, languages=lambda texts: ["en"] * len(texts))
    scorer = Scorer(lambda: model)
    scorer.languages(["x"])
    assert scorer.digests == (("classifier", "abc"),)


def test_the_shipped_model_tells_languages_and_nearness() -> None:
    model = Classifier.load()
    assert model.languages(["Guten Tag, wo ist mein Sofa?", "いつ届きますか"]) == ["de", "ja"]
    one, same, other = model.vectors(
        ["Pay the invoice of the carpenter.", "Pay the carpenter's bill.", "The cat sleeps."]
    )
    near = sum(a * b for a, b in zip(one, same, strict=True))
    far = sum(a * b for a, b in zip(one, other, strict=True))
    assert near > far
    assert sum(a * a for a in one) == pytest.approx(1.0, abs=1e-4)
