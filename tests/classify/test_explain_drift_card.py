"""Explanations name the words, drift names the head, the card fits the files."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentkit.classify import Classifier
from agentkit.classify.card import in_step
from agentkit.classify.drift import compare, profile, psi
from agentkit.classify.explain import explain
from agentkit.errors import ModelError


def test_the_words_that_moved_the_score_are_named(classifier: Classifier) -> None:
    text = "Hi there, about the kitchen: please stop calling me. Regards, Ann"
    moved = explain(classifier, text, "opt_out")
    assert moved
    assert all(text[m.span.start : m.span.end] == m.text for m in moved)
    assert {"stop", "calling", "me."} & {m.text for m in moved[:3]}
    assert moved[0].effect > 0


def test_a_text_without_a_score_has_no_explanation(classifier: Classifier) -> None:
    assert explain(classifier, "👍👍", "opt_out") == []


def test_effects_come_strongest_first(classifier: Classifier) -> None:
    moved = explain(classifier, "Please take me off the list, thanks, Bob", "opt_out", most=4)
    assert len(moved) <= 4
    assert [abs(m.effect) for m in moved] == sorted((abs(m.effect) for m in moved), reverse=True)


def drawn(shift: float, seed: int, count: int = 400) -> list[float]:
    rng = random.Random(seed)  # noqa: S311  (reproducible)
    return [rng.gauss(0.3 + shift, 0.1) for _ in range(count)]


def test_the_same_distribution_is_steady() -> None:
    pytest.importorskip("scipy")
    expected = {"bias": {"score": profile(drawn(0, 1))}}
    (found,) = compare(expected, {"bias": {"score": drawn(0, 2)}})
    assert not found.drifted


def test_a_moved_distribution_is_named_with_its_head() -> None:
    pytest.importorskip("scipy")
    expected = {h: {"score": profile(drawn(0, 1))} for h in ("bias", "opt_out")}
    found = compare(expected, {"bias": {"score": drawn(0.2, 2)}, "opt_out": {"score": drawn(0, 3)}})
    assert [one.head for one in found if one.drifted] == ["bias"]


def test_a_handful_of_texts_is_no_alarm() -> None:
    pytest.importorskip("scipy")
    expected = {"bias": {"score": profile(drawn(0, 1))}}
    (found,) = compare(expected, {"bias": {"score": [0.99] * 10}})
    assert (found.drifted, found.texts) == (False, 10)


@given(st.lists(st.floats(0, 1), min_size=30, max_size=200))
def test_the_stability_index_is_never_negative(values: list[float]) -> None:
    import numpy as np

    assert psi(profile(drawn(0, 1)), np.array(values)) >= 0


def test_a_profile_of_nothing_is_refused() -> None:
    with pytest.raises(ModelError, match="at least one value"):
        profile([])


def test_the_shipped_card_is_about_the_shipped_files() -> None:
    assert in_step() == []


def test_a_changed_file_is_out_of_step(model_copy: Path) -> None:
    with (model_copy / "heads" / "bias.npz").open("ab") as stream:
        stream.write(b"x")
    assert in_step(model_copy) == ["heads/bias.npz is not the file that manifest.json names"]


def test_an_edited_card_is_out_of_step(model_copy: Path) -> None:
    card = model_copy / "CARD.md"
    card.write_text(card.read_text("utf-8").replace("| own |", "| ours |"), "utf-8")
    assert in_step(model_copy) == ["CARD.md is not what card.json says: run `agentkit model eval`"]
