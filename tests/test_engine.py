"""The durable engine with real DBOS, and processes that are killed at the worst moments."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from agentkit.clock import FixedClock
from agentkit.engine import new_worker
from agentkit.engine.durable import Engine
from agentkit.errors import ConfigError, Conflict
from agentkit.store import Store
from tests.worlds import World, make_world, message


@pytest.fixture
def world(any_store: Store, clock: FixedClock, tmp_path: Path) -> World:
    return make_world(any_store, clock, tmp_path)


@pytest.fixture
def engine(world: World) -> Iterator[Engine]:
    made = Engine(world.pipeline, listen_seconds=0.05)
    made.launch()
    yield made
    made.shutdown()


def test_what_may_run_runs_and_the_rest_stays_where_it_is(world: World, engine: Engine) -> None:
    world.pipeline.propose_many(
        [
            message(id="a1"),
            message(id="a2", channel="sms"),
            message(id="a3", args={"template": "later"}),
            message("x" * 300, id="a4"),
        ]
    )
    summary = engine.run_until_idle()
    assert [world.state(f"a{n}") for n in (1, 2, 3, 4)] == [
        "performed", "escalated", "deferred", "denied",
    ]  # fmt: skip
    assert summary.states == {"performed": 1}
    assert world.effects() == 1


def test_a_deferred_and_an_approved_action_run_when_they_may(
    world: World, engine: Engine, clock: FixedClock
) -> None:
    world.pipeline.propose(message(id="a1", args={"template": "later"}))
    world.pipeline.propose(message(id="a2", channel="sms"))
    engine.recover()
    engine.run_until_idle()
    assert (world.state("a1"), world.state("a2")) == ("deferred", "escalated")
    world.approve("a2")  # the desk wakes the waiting workflow
    clock.advance(timedelta(hours=2))
    engine.run_until_idle()
    assert (world.state("a1"), world.state("a2")) == ("performed", "performed")


def test_submitting_twice_performs_once(world: World, engine: Engine) -> None:
    world.pipeline.propose(message(id="a1"))
    for _ in range(3):
        engine.submit("a1")
    engine.run_until_idle()
    assert world.effects() == 1


def test_a_second_engine_in_one_process_is_refused(world: World, engine: Engine) -> None:
    with pytest.raises(Conflict, match="already"):
        Engine(world.pipeline).launch()


def test_without_an_engine_a_decision_is_kept_and_the_next_worker_performs_it(
    world: World,
) -> None:
    with pytest.raises(ConfigError, match="no engine"):
        Engine.running()
    world.pipeline.propose(message(id="a1", channel="sms"))
    world.approve("a1")
    engine = Engine(world.pipeline, listen_seconds=0.05)
    engine.launch()
    try:
        engine.run_until_idle()
    finally:
        engine.shutdown()
    assert world.state("a1") == "performed"


def test_a_message_to_a_workflow_holds_ids_only(world: World, engine: Engine) -> None:
    world.pipeline.propose(message("a secret text", id="a1"))
    engine.run_until_idle()
    from dbos import DBOS

    (status,) = DBOS.list_workflows()
    steps = DBOS.list_workflow_steps(status.workflow_id)
    assert status.workflow_id == "default:a1"
    assert "secret" not in f"{status.input} {status.output} {steps}"


def test_a_step_that_fails_is_set_aside_and_the_others_go_on(
    world: World, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agentkit.engine.durable._AFTER_ERROR", 0.01)
    monkeypatch.setattr("agentkit.engine.durable._LOST_MESSAGE", 0.2)
    world.pipeline.propose_many([message(id="a1"), message(id="a2")])
    advance = world.pipeline.advance

    def broken(tenant: str, action: str) -> object:
        if action == "a1":
            raise ValueError(action)
        return advance(tenant, action)

    monkeypatch.setattr(world.pipeline, "advance", broken)
    summary = engine.run_until_idle()
    assert summary.failures == {"a1": "ValueError"}
    assert (world.state("a1"), world.state("a2")) == ("allowed", "performed")


def test_the_next_engine_takes_over_what_the_last_one_left(
    any_store: Store, clock: FixedClock, tmp_path: Path
) -> None:
    first = make_world(any_store, clock, tmp_path)
    first.pipeline.propose(message(id="a1", args={"template": "later"}))
    engine = Engine(first.pipeline, listen_seconds=0.05)
    engine.launch()
    engine.recover()
    engine.run_until_idle()
    engine.shutdown()
    clock.advance(timedelta(hours=2))
    second = make_world(any_store, clock, tmp_path)
    engine = Engine(second.pipeline, listen_seconds=0.05)
    engine.launch()
    try:
        engine.run_until_idle()
    finally:
        engine.shutdown()
    assert second.state("a1") == "performed"
    assert second.kinds("a1").count("claimed") == 1


def test_no_two_workers_share_an_id() -> None:
    assert len({new_worker() for _ in range(100)}) == 100


@pytest.mark.slow
def test_a_worker_that_dies_at_any_point_neither_loses_nor_repeats_an_effect(
    tmp_path: Path,
) -> None:
    """Twenty trials: before the call, after it, inside the transaction, and while waiting."""
    run = subprocess.run(
        [sys.executable, "-m", "tests.crashes", str(tmp_path / "trials"), "20"],
        capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr[-2000:]
    trials = [json.loads(line) for line in run.stdout.splitlines()]
    assert len(trials) == 20
    for trial in trials:
        assert len(trial["sent"]) == len(set(trial["sent"])), trial
        if "blind" in trial["point"]:  # nobody can ask: never twice, and a person is told
            assert set(trial["states"]) <= {"performed", "unknown"}, trial
            assert trial["performed"] == trial["states"].count("performed"), trial
        else:
            assert trial["states"] == ["performed", "performed"], trial
            assert trial["sent"] == ["a0", "a1"], trial
            assert trial["performed"] == 2, trial
