"""The desk shows every rewrite with the principle that it serves, and keeps the words encrypted."""

from __future__ import annotations

from pathlib import Path

import pytest

from agentkit.action import Action
from agentkit.case import Case
from agentkit.cli.desk_text import case_page
from agentkit.clock import FixedClock
from agentkit.crm import StorePeople
from agentkit.desk import Desk
from agentkit.settings import Settings
from agentkit.store import Store
from agentkit.store.actions import find_action, insert_actions, open_review
from agentkit_tui import paint
from tests.desks import ANNA, Office, add_people, read_tone
from tests.desks import Tone as ToneOfVoice
from tests.gates import article, make_gate, message, plugin

RULES = (
    article("urgency", "tone.pushy", "escalate", revise="true", overridable="operator")
    + article("rude", "tone.rude", "escalate", revise="true", overridable="operator")
    + article("stock", "tone.quiet", "escalate", overridable="operator")
)  # fmt: skip


def calmer(action: Action) -> Action:
    return action.revised(text=action.text.replace("hurry", "please come"))


def kinder(action: Action) -> Action:
    return action.revised(text=action.text.replace("idiot", "dear friend"))


@pytest.fixture
def office(any_store: Store, clock: FixedClock, tmp_path: Path) -> Office:
    gate = make_gate(
        tmp_path, clock, RULES, plugin("tone", read_tone, evidence=(ToneOfVoice,)),
        plugin("calm", revise=calmer, evidence=()), plugin("kind", revise=kinder, evidence=()),
        people=StorePeople(any_store),
    )  # fmt: skip
    add_people(any_store)
    desk = Desk(any_store, gate, Settings(home=any_store.home), clock)
    return Office(desk, any_store, gate)


def propose(office: Office, text: str) -> Case:
    review = office.gate.review(message(text))
    with office.store.write() as unit:
        insert_actions(unit, [review], office.store.clock.now(), states=["escalated"])
        return office.desk.open(unit, review)


def test_a_case_shows_each_round_as_a_difference_with_its_principle(office: Office) -> None:
    case = propose(office, "hurry, idiot, at night")
    first, second = office.desk.case(case.id).rewrites
    assert (first.revision.plugin, second.revision.plugin) == ("calm", "kind")
    assert first.diff == ("-hurry, idiot, at night", "+please come, idiot, at night")
    assert second.diff == ("-please come, idiot, at night", "+please come, dear friend, at night")
    assert first.principles == (("p", "be good"),)
    assert first.revision.articles == ("urgency", "rude")
    assert second.revision.articles == ("rude",)


def test_the_page_and_the_screen_show_all_of_it(office: Office, clock: FixedClock) -> None:
    view = office.desk.case(propose(office, "hurry, idiot, at night").id)
    page = case_page(view, office.desk.waiver(view, ANNA), clock.now())
    screen = paint.details(view).plain
    for shown in (page, screen):
        assert "calm" in shown
        assert "kind" in shown
        assert "p: be good" in shown
        assert "-hurry, idiot, at night" in shown
        assert "+please come, idiot, at night" in shown


def test_the_words_between_are_nowhere_in_clear(office: Office) -> None:
    case = propose(office, "hurry, idiot, at night")
    rows = office.rows("select payload, verdict from actions where id = ?", case.action)
    assert all(b"please come" not in bytes(payload) for payload, _ in rows)
    assert all("please come" not in verdict for _, verdict in rows)
    with office.store.read() as conn:
        stored = find_action(conn, "default", case.action)
        assert stored is not None
        kept = open_review(conn, office.store.vault, stored)
    assert kept is not None
    assert [d.text for d in kept.drafts] == ["please come, idiot, at night"]


def test_an_edit_adds_to_the_rounds_and_loses_none(office: Office) -> None:
    case = propose(office, "hurry, at night")
    shown = office.desk.case(case.id)
    view = office.desk.edit(case.id, ANNA, shown.case.action_digest, text="idiot, at night")
    assert [r.revision.plugin for r in view.rewrites] == ["calm", "kind"]
    assert [r.diff[1] for r in view.rewrites] == [
        "+please come, at night",
        "+dear friend, at night",
    ]


def test_a_case_without_rewrites_shows_none(office: Office, clock: FixedClock) -> None:
    view = office.desk.case(propose(office, "at night").id)
    assert view.rewrites == ()
    assert "rewritten" not in case_page(view, office.desk.waiver(view, ANNA), clock.now())
