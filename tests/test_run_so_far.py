from __future__ import annotations

from pathlib import Path

import pytest

from agentkit.action import Action
from agentkit.clock import FixedClock
from agentkit.store import Store
from agentkit.verdict import Ruling
from agentkit_plugins import oversight, provenance, sequence
from tests.gates import make_gate, message
from tests.plugins.shop import Words
from tests.worlds import World, make_world


@pytest.fixture
def world(store: Store, clock: FixedClock, tmp_path: Path) -> World:
    return make_world(store, clock, tmp_path)


def seen(world: World, action: Action) -> list[tuple[str, str]]:
    deeds = world.pipeline.gate.context(action).deeds(action)
    return [(d.action.id, d.state) for d in deeds]


def test_what_a_run_proposed_is_seen_by_its_next_action(world: World) -> None:
    world.pipeline.propose(message(id="a1", run="r"))
    world.pipeline.propose(message(id="a2", run="other"))
    assert seen(world, message(id="a3", run="r")) == [("a1", "allowed")]
    assert seen(world, message(id="a3")) == []


def test_what_was_refused_is_left_out(world: World) -> None:
    world.pipeline.propose(message("x" * 300, id="a1", run="r"))
    assert seen(world, message(id="a2", run="r")) == []


def test_an_action_judged_again_sees_only_what_came_before_it(
    world: World, clock: FixedClock
) -> None:
    for id_ in ("a1", "a2", "a3"):
        world.pipeline.propose(message(id=id_, run="r"))
        clock.advance(clock.now() - clock.now())
    assert seen(world, message(id="a2", run="r")) == [("a1", "allowed")]


def test_two_of_a_kind_in_one_batch_are_judged_one_after_the_other(
    world: World, clock: FixedClock, tmp_path: Path
) -> None:
    rule = (
        "  - id: twice\n    principle: p\n    when: sequence.repeated\n    then: escalate\n"
        "    overridable: supervisor\n    because: again\n"
    )
    gate = make_gate(
        tmp_path, clock, rule, oversight, provenance, sequence, people=world.pipeline.gate.people
    )
    gate._scorer._load = Words
    world.pipeline._proposer._gate = gate
    actions = [message("Hello", id=i, run="r") for i in ("a1", "a2")]
    rulings = [p.review.verdict.ruling for p in world.pipeline.propose_many(actions) if p.review]
    assert rulings == [Ruling.ALLOW, Ruling.ESCALATE]
