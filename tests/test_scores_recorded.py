"""Distributions of scores in the ledger: what drift is asked of, without a text or a name."""

from __future__ import annotations

import math
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentkit.classify import Scores
from agentkit.classify.bins import bin_of, spread
from agentkit.cli.model import _recorded
from agentkit.clock import FixedClock
from agentkit.errors import ImportFileError
from agentkit.gate.context import Scorer
from agentkit.ledger import read, seal, verify
from agentkit.settings import Settings
from agentkit.store import Store
from tests.worlds import World, make_world

NAME = "Anke Petersen"


def model(score: float = 0.25) -> Any:
    def scores(texts: list[str]) -> list[Scores]:
        return [Scores("de", {"deception": score} if t else {}) for t in texts]

    return SimpleNamespace(digest="d1", scores=scores)


@given(st.floats(1e-5, 1 - 1e-5))
def test_a_score_comes_back_close_to_what_it_was(score: float) -> None:
    (value,) = spread("score", {bin_of("score", score): 1})
    logits = [math.log(v / (1 - v)) for v in (value, score)]
    assert abs(logits[0] - logits[1]) <= 0.06


@pytest.mark.parametrize("score", [0.0, 1.0, 1e-300])
def test_a_score_at_the_end_of_the_scale_is_counted_there(score: float) -> None:
    (value,) = spread("score", {bin_of("score", score): 1})
    assert abs(value - score) < 1e-4


@given(st.integers(0, 2_000_000))
def test_a_length_comes_back_within_a_few_percent(length: int) -> None:
    (value,) = spread("length", {bin_of("length", float(length)): 1})
    assert abs(value - length) <= 0.05 * length + 0.06


@given(st.dictionaries(st.integers(-120, 119), st.integers(1, 20), max_size=8))
def test_spread_values_fall_into_the_bins_they_come_from(counts: dict[int, int]) -> None:
    assert Counter(bin_of("score", v) for v in spread("score", counts)) == Counter(counts)


def world_that_scores(store: Store, clock: FixedClock, folder: Path) -> World:
    world = make_world(store, clock, folder)
    scorer = Scorer(model, clock)
    world.pipeline.gate._scorer = scorer
    world.pipeline.gate.tally = scorer.tally
    return world


def test_a_thousand_texts_are_one_entry_without_a_word_of_them(
    any_store: Store, clock: FixedClock, home: Path, tmp_path: Path
) -> None:
    world = world_that_scores(any_store, clock, tmp_path)
    scorer = world.pipeline.gate._scorer
    scorer.score([f"{NAME} {n}" for n in range(999)])
    assert not world.pipeline.record_scores(), "not yet"
    scorer.score(["", f"{NAME} again"])
    assert world.pipeline.record_scores()
    assert not world.pipeline.record_scores(all_of_them=True), "nothing twice"
    (entry,) = read(any_store, kinds=["scores"])
    assert entry.public["texts"] == 1001
    assert sum(entry.public["heads"]["deception"]["score"].values()) == 1000
    assert entry.public["models"] == [["classifier", "d1"]]
    assert (entry.private, entry.person_token) == (None, "")
    assert "Anke" not in str(entry.public)
    seal(any_store)
    assert verify(any_store, home).ok


def test_a_quiet_day_is_written_down_too(store: Store, clock: FixedClock, tmp_path: Path) -> None:
    world = world_that_scores(store, clock, tmp_path)
    world.pipeline.gate._scorer.score(["one text"])
    clock.advance(timedelta(days=1))
    assert world.pipeline.record_scores()


def test_what_was_not_due_is_written_when_the_pipeline_closes(
    store: Store, clock: FixedClock, home: Path, sqlite_url: str, tmp_path: Path
) -> None:
    world = world_that_scores(store, clock, tmp_path)
    world.pipeline.gate._scorer.score(["one text"])
    world.pipeline.close()
    again = Store.open(sqlite_url, clock=clock, home=home)
    try:
        assert len(list(read(again, kinds=["scores"]))) == 1
    finally:
        again.close()


def test_a_period_of_the_ledger_is_asked_for_by_day(
    store: Store, clock: FixedClock, home: Path, tmp_path: Path
) -> None:
    world = world_that_scores(store, clock, tmp_path)
    for _ in range(2):
        world.pipeline.gate._scorer.score(["a text of thirty characters!!!"] * 40)
        world.pipeline.record_scores(all_of_them=True)
        clock.advance(timedelta(days=1))
    settings = Settings(home=home)
    found = _recorded(settings, None, None)["deception"]
    assert len(found["score"]) == len(found["length"]) == 80
    assert max(abs(v - 0.25) for v in found["score"]) < 0.02
    day = datetime(2026, 11, 24)  # noqa: DTZ001  (as click reads it)
    assert len(_recorded(settings, day, day)["deception"]["score"]) == 40
    with pytest.raises(ImportFileError, match="no scores of that time"):
        _recorded(settings, datetime(2030, 1, 1), None)  # noqa: DTZ001  (as click reads it)
