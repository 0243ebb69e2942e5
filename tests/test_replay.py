from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from agentkit.clock import FixedClock
from agentkit.constitution import Binding, Policy
from agentkit.replay import ReplayReport, replay
from agentkit.store import Store
from agentkit.verdict import Ruling
from tests.gates import article
from tests.worlds import ARTICLES, World, make_world, message


@pytest.fixture
def world(any_store: Store, clock: FixedClock, tmp_path: Path) -> World:
    return make_world(any_store, clock, tmp_path)


def policy_of(world: World, folder: Path, articles: str, **binding: Any) -> Policy:
    path = folder / "other.yaml"
    path.write_text(
        "constitution: other\nversion: 1\nprinciples: {p: be good}\narticles:\n" + articles
    )
    catalogue = world.pipeline.gate.policy.catalogue
    return Policy([Binding(constitutions=(str(path),), **binding)], catalogue)


def again(world: World, policy: Policy) -> ReplayReport:
    now = world.clock.now()
    return replay(world.store, policy, now - timedelta(days=30), now + timedelta(days=1))


def fill(world: World) -> None:
    world.add_contact("c2", country="")
    world.pipeline.propose_many(
        [
            message(id="a1"),
            message("x" * 300, id="a2"),
            message(id="a3", channel="sms"),
            message(id="a4", args={"template": "later"}),
            message(id="a5", subject="c2", args={"template": "local"}),
            message(id="a6", channel="fax"),
            message(id="a7", subject="nobody"),
        ]
    )


def test_the_same_policy_rules_as_recorded(world: World, tmp_path: Path) -> None:
    fill(world)
    report = again(world, policy_of(world, tmp_path, ARTICLES))
    assert (report.judged, report.same, report.erased) == (7, 7, 0)
    assert not report.changes
    assert not report.appeared
    assert not report.gone


def test_another_policy_shows_what_would_change_and_by_which_article(
    world: World, tmp_path: Path
) -> None:
    fill(world)
    stricter = ARTICLES.replace("> 200", "> 2").replace("too-long", "longer-than-two")
    report = again(world, policy_of(world, tmp_path, stricter))
    assert report.changes[Ruling.ALLOW, Ruling.DENY] >= 1
    assert report.appeared["longer-than-two"] == 6
    assert report.gone["too-long"] == 1
    first = report.examples[0]
    assert (first.action, first.before, first.after) == ("a1", Ruling.ALLOW, Ruling.DENY)
    assert first.appeared == ("longer-than-two",)


def test_no_plugin_is_asked(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(world)
    policy = policy_of(world, tmp_path, ARTICLES)

    def never(*_: object) -> None:
        raise AssertionError("a plugin was asked")

    monkeypatch.setattr(type(world.pipeline.plugins), "examine_many", never)
    assert again(world, policy).judged == 7


def test_an_erased_person_is_a_gap_and_never_an_allow(world: World, tmp_path: Path) -> None:
    fill(world)
    with world.store.write() as unit:
        world.store.vault.forget(unit, "default", "c1")
    report = again(world, policy_of(world, tmp_path, ARTICLES))
    assert report.erased == 5
    assert report.changes[Ruling.ALLOW, Ruling.DENY] == 1
    assert all(change.after is Ruling.DENY for change in report.examples)


def test_a_charter_holds_under_every_policy(world: World, tmp_path: Path) -> None:
    world.pipeline.propose(message(id="a1", channel="fax"))
    report = again(world, policy_of(world, tmp_path, article("never", "false")))
    assert (report.judged, report.same) == (1, 1)


def test_what_a_person_waived_stays_waived(world: World, tmp_path: Path) -> None:
    world.pipeline.propose(message(id="a1", channel="sms"))
    world.approve("a1")
    world.advance("a1")
    assert world.state("a1") == "performed"
    report = again(world, policy_of(world, tmp_path, ARTICLES))
    assert (report.judged, report.same) == (1, 1)


def test_only_the_asked_time_is_judged(world: World, clock: FixedClock, tmp_path: Path) -> None:
    world.pipeline.propose(message(id="a1"))
    clock.advance(timedelta(days=2))
    world.pipeline.propose(message(id="a2"))
    policy = policy_of(world, tmp_path, ARTICLES)
    now = clock.now()
    report = replay(world.store, policy, now - timedelta(days=1), now + timedelta(days=1))
    assert report.judged == 1
    nothing = replay(world.store, policy, now - timedelta(days=9), now - timedelta(days=8))
    assert nothing.judged == 0


def test_more_than_a_chunk_is_streamed(world: World, tmp_path: Path) -> None:
    world.pipeline.propose_many([message(id=f"a{n:04}") for n in range(1100)])
    report = again(world, policy_of(world, tmp_path, ARTICLES))
    assert (report.judged, report.same) == (1100, 1100)
