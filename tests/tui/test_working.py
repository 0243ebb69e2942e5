from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from agentkit.action import Action
from agentkit.case import Operator
from agentkit.pipeline import Pipeline, build
from agentkit.settings import Settings
from agentkit.store import Store, execute, insert_many, to_micros
from agentkit_tui import app, working
from agentkit_tui.screen import DeskScreen
from tests.tui.screens import Hand

CONSTITUTION = """
constitution: house
version: 1
principles: {care: be careful}
articles:
  - id: large-offer
    principle: care
    applies_to: {kinds: [offer.set]}
    when: args.amount > 100.0
    then: escalate
    overridable: operator
    because: an offer of {args.amount}
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "house.yaml").write_text(CONSTITUTION)
    return Settings(
        home=tmp_path / "data",
        constitutions=(str(tmp_path / "house.yaml"),),
        disabled=frozenset(["consent", "bias", "deception", "oversight"]),
        operators={"*": frozenset(["operator"])},
    )


@pytest.fixture
def pipeline(settings: Settings) -> Iterator[Pipeline]:
    made = build(settings)
    now = to_micros(made.clock.now())
    with made.store.write() as unit:
        columns = ("tenant", "id", "name", "country", "created_at", "updated_at")
        insert_many(unit.conn, "contacts", columns, [("default", "c1", "Anke", "DE", now, now)])
    yield made
    made.close()


def offer(pipeline: Pipeline) -> str:
    action = Action.create(kind="offer.set", agent="sales", subject="c1", args={"amount": 500.0})
    assert pipeline.propose(action).state == "escalated"
    return action.id


def state(store: Store, action: str) -> str:
    with store.read() as conn:
        found = execute(conn, "select state from actions where id = ?", (action,)).scalar_one()
    return str(found)


async def test_what_a_key_approves_is_performed_while_the_desk_is_open(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(working, "_PAUSE", 0.02)
    action = offer(pipeline)
    desk_app = app.DeskApp(pipeline.desk, Operator("anna", frozenset(["operator"])))
    with working.working(pipeline) as works:
        assert works
        async with desk_app.run_test(size=(80, 24)) as pilot:
            hand = Hand(desk_app, pilot)
            await hand.until(lambda: any(isinstance(s, DeskScreen) for s in desk_app.screen_stack))
            await hand.settle()
            await hand.press("a")
            await hand.until(lambda: state(pipeline.store, action) == "performed")
    with pipeline.store.read() as conn:
        assert execute(conn, "select count(*) from effects").scalar_one() == 1


def test_a_desk_beside_a_worker_or_an_outside_crm_does_not_work(pipeline: Pipeline) -> None:
    now = to_micros(pipeline.clock.now())
    outside = replace(pipeline.settings, crm="hubspot://eu1")
    pipeline.settings, own = outside, pipeline.settings
    with working.working(pipeline) as works:
        assert not works
    pipeline.settings = own
    with pipeline.store.write() as unit:
        columns = ("tenant", "id", "host", "pid", "beat_at")
        insert_many(unit.conn, "workers", columns, [("default", "w", "elsewhere", 1, now)])
    with working.working(pipeline) as works:
        assert not works


def test_the_worker_ends_with_the_desk(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(working, "_PAUSE", 0.01)
    with working.working(pipeline):
        pass
    action = offer(pipeline)
    view = pipeline.desk.case(pipeline.desk.list()[0].id)
    digest = view.case.action_digest
    pipeline.desk.approve(view.case.id, Operator("a", frozenset(["operator"])), digest)
    time.sleep(0.1)
    assert state(pipeline.store, action) == "approved"
