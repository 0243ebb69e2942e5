from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from textual.widgets import Input

from agentkit.action import Observation
from agentkit.clock import FixedClock
from agentkit.errors import Conflict
from agentkit.settings import Settings
from agentkit.store import Store, execute, insert_many, to_micros
from agentkit_tui import paint
from agentkit_tui.app import DeskApp
from agentkit_tui.edit import MessageArea
from agentkit_tui.reading import PAGE
from tests.desks import ANNA, BOB, CHIEF, TRAINEE, Office, add_mail, make_office
from tests.tui.screens import LARGE, SMALL, sitting

SIZES = pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "160x48"])


@SIZES
async def test_a_case_is_shown_with_all_that_decides_it(
    office: Office, size: tuple[int, int]
) -> None:
    add_mail(office.store, "Wann kommt mein Sofa?")
    case = office.propose("Dear Anke, hurry, it ends today")
    async with sitting(office, size=size) as hand:
        screen = hand.text()
        for words in (
            "1 waiting", "anna: name from the operating system: this is not authentication",
            case.id, "Anke Petersen", "marketing email", "72 h left",
            "the mail to Anke Petersen presses for no reason",
            "a approves and waives tone-urgency", "Wann kommt mein Sofa?",
            "Dear Anke, hurry, it ends today", "1/1 false_urgency 0.91: it presses for no reason",
            "a approve", "q quit",
        ):  # fmt: skip
            assert words in screen
        if size == LARGE:
            assert "UCPD Art. 8" in screen
            assert "tone.pushy = yes" in screen


@SIZES
async def test_every_line_fits_and_none_is_cut(office: Office, size: tuple[int, int]) -> None:
    office.propose("Dear Anke, hurry, it ends today")
    async with sitting(office, size=size) as hand:
        lines = hand.text().split("\n")
        assert len(lines) == size[1]
        assert all(len(line) <= size[0] for line in lines)
        assert lines[-1].rstrip().endswith("q quit")
        assert lines[0].rstrip().endswith("authentication")
        assert not any("…" in line for line in lines)


async def test_one_key_approves_and_the_next_case_is_painted(office: Office) -> None:
    first, second = office.propose("hurry one"), office.propose("hurry two")
    order = [line.id for line in office.desk.list()]
    cases = {first.id: first, second.id: second}
    async with sitting(office) as hand:
        assert f"hurry {'one' if order[0] == first.id else 'two'}" in hand.read("message")
        await hand.press("a")
        assert office.action_state(cases[order[0]]) == "approved"
        assert office.action_state(cases[order[1]]) == "escalated"
        assert order[1] in hand.read("heading")
        assert "1 waiting" in hand.text()
        await hand.press("a")
    assert office.action_state(cases[order[1]]) == "approved"
    by = office.rows('select distinct "by" from decisions')
    assert by == [("anna",)]


async def test_an_empty_queue_says_what_to_do_next(office: Office, clock: FixedClock) -> None:
    async with sitting(office) as hand:
        assert "Nothing waits for you." in hand.text()
        assert "agentkit run outreach" in hand.text()
        await hand.press("a", "e", "r", "n", "f", "w", "c", "s")
        assert "Nothing waits for you." in hand.text()
        with office.store.write() as unit:
            columns = ("tenant", "field", "contact", "opened_at")
            row = ("default", "contact.country", "c1", to_micros(clock.now()))
            insert_many(unit.conn, "data_tasks", columns, [row])
        hand.desk.refresh_queue()
        await hand.settle()
        assert "1 records lack data" in hand.text()
        office.propose()
        hand.desk.refresh_queue()
        await hand.settle()
        assert "hurry, it ends today" in hand.text()


@pytest.mark.parametrize(("key", "choice"), [("r", "reject"), ("m", "respond")])
async def test_a_refusal_asks_for_one_line_that_the_agent_reads(
    office: Office, key: str, choice: str
) -> None:
    case = office.propose()
    async with sitting(office) as hand:
        await hand.press(key, "enter")
        assert "one sentence is needed" in hand.text()
        await hand.type("not now, please and no q")
        await hand.press("enter")
        assert "Nothing waits" in hand.text()
    decision = office.desk.case(case.id).case.decisions[0]
    assert (decision.choice, decision.reason) == (choice, "not now, please and no q")


async def test_escape_leaves_the_case_undecided(office: Office) -> None:
    case = office.propose()
    async with sitting(office) as hand:
        for key in ("r", "m", "s", "slash", "e", "question_mark"):
            await hand.press(key, "escape")
        assert case.id in hand.read("heading")
    assert office.action_state(case) == "escalated"
    assert [kind for kind, _ in office.entries()] == ["opened"]


async def test_overruling_a_denial_is_confirmed_by_name(office: Office) -> None:
    case = office.propose("you idiot")
    async with sitting(office, CHIEF) as hand:
        await hand.press("a")
        assert "Approving waives tone-rude. Approve all the same?" in hand.text()
        await hand.press("n")
        assert office.action_state(case) == "escalated"
        await hand.press("a", "y")
    assert office.action_state(case) == "approved"


async def test_what_is_not_ones_own_to_approve_says_whose(office: Office) -> None:
    case = office.propose()
    async with sitting(office, TRAINEE) as hand:
        assert "not yours to approve: tone-urgency takes the role operator" in hand.read("reasons")
        await hand.press("a")
        assert "trainee has: none" in hand.told()
    assert office.action_state(case) == "escalated"


async def test_an_edit_is_judged_again_and_the_marks_go_out(office: Office) -> None:
    case = office.propose("Dear Anke, hurry, it ends today")
    async with sitting(office) as hand:
        await hand.press("e")
        area = hand.app.screen.query_one(MessageArea)
        assert "1 of 1 findings left  false_urgency" in hand.text()
        assert area.cursor_location == (0, 11)
        await hand.press(*["delete"] * 6)
        assert "0 of 1 findings left" in hand.text()
        await hand.press("ctrl+s")
        assert "nothing speaks against it any more" in hand.read("reasons")
        assert "changed since it was proposed" in hand.text()
        assert "+Dear Anke, it ends today" in hand.read("details").replace(",  ", ", ")
        assert office.action_state(case) == "escalated"
        await hand.press("a")
    assert office.action_state(case) == "approved"
    assert [kind for kind, _ in office.entries()] == ["opened", "edited", "decided"]


async def test_an_edit_that_is_refused_loses_nothing_that_was_typed(office: Office) -> None:
    case = office.propose()
    async with sitting(office) as hand:
        await hand.press("e", "ctrl+s")
        assert "the edit changes nothing" in hand.text()
        area = hand.app.screen.query_one(MessageArea)
        area.text = "take your time"
        office.desk.claim(case.id, BOB)
        await hand.press("ctrl+s")
        assert "bob has claimed case" in hand.text()
        assert area.text == "take your time"
        await hand.press("escape")


async def test_arguments_are_edited_as_json(office: Office) -> None:
    case = office.propose("", kind="offer.set", args={"amount": 500.0}, channel="")
    async with sitting(office) as hand:
        assert hand.read("message").endswith("amount 500")
        await hand.press("e")
        area = hand.app.screen.query_one(MessageArea)
        area.text = "{"
        await hand.press("ctrl+s")
        assert "this is not JSON" in hand.text()
        area.text = "[]"
        await hand.press("ctrl+s")
        assert "arguments are an object" in hand.text()
        area.text = '{"amount": 50.0}'
        await hand.press("ctrl+s")
        assert hand.read("message").endswith("amount 50")
    assert office.desk.case(case.id).verdict.ruling.word == "allow"


async def test_two_desks_at_once_decide_once_and_the_other_is_told(office: Office) -> None:
    case = office.propose()
    async with sitting(office) as anna, sitting(office, BOB) as bob:
        await bob.press("a")
        await anna.press("a")
        assert "bob approved case" in anna.told()
        assert "bob approved this case" in anna.read("reasons")
    assert office.rows('select "by" from decisions') == [("bob",)]
    assert office.action_state(case) == "approved"


async def test_a_case_that_another_decided_meanwhile_says_so_before_a_key(office: Office) -> None:
    cases = {c.id: c for c in (office.propose("hurry one"), office.propose("hurry two"))}
    async with sitting(office) as hand:
        shown = hand.desk.query_one("#queue").lines[0].id  # type: ignore[attr-defined]
        office.desk.reject(shown, BOB, cases[shown].action_digest, "no")
        hand.desk.refresh_queue()
        await hand.settle()
        assert "bob rejected this case" in hand.read("reasons")
        await hand.press("a")
        assert "this case is closed" in hand.told()
        await hand.press("n")
        other = next(i for i in cases if i != shown)
        assert other in hand.read("heading")
        await hand.press("a")
        assert office.action_state(cases[other]) == "approved"


async def test_a_locked_database_is_a_sentence_and_the_case_stays(
    store: Store, sqlite_url: str, clock: FixedClock, tmp_path: Path
) -> None:
    office = make_office(store, clock, tmp_path)
    case = office.propose()
    impatient = Store.open(sqlite_url, clock=clock, home=store.home, busy_seconds=0.05)
    office.desk.store = impatient
    other = sqlite3.connect(store.engine.url.database or "", isolation_level=None)
    try:
        async with sitting(office) as hand:
            other.execute("begin immediate")
            await hand.press("a")
            assert "locked" in hand.told() or "holds" in hand.told()
            assert case.id in hand.read("heading")
            other.execute("rollback")
            await hand.press("a")
        assert office.action_state(case) == "approved"
    finally:
        other.close()
        impatient.close()


async def test_an_error_that_nobody_expected_is_a_sentence_too(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.propose()
    async with sitting(office) as hand:
        monkeypatch.setattr(office.desk, "approve", lambda *_: 1 / 0)
        await hand.press("a")
        assert "something is wrong: ZeroDivisionError" in hand.told()


async def test_what_the_desk_refuses_is_text_and_no_markup(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.propose()

    def refuse(*_: Any) -> Any:
        raise Conflict("[/red]\x1b[2J [@click=app.quit]eve[/] was first")

    async with sitting(office) as hand:
        monkeypatch.setattr(office.desk, "claim", refuse)
        await hand.press("c")
        assert "[/red]␛[2J [@click=app.quit]eve[/] was first" in hand.told()
        await hand.until(lambda: "[@click" in hand.text())


def test_a_screen_that_fails_prints_no_traceback_and_no_customer_data(
    office: Office, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    office.propose()

    def fail(*_: Any, **__: Any) -> Any:
        raise KeyError("anke@example.de")

    monkeypatch.setattr(paint, "heading", fail)
    app = DeskApp(office.desk, ANNA)
    app.run(headless=True)
    told = capfd.readouterr()
    assert "The desk had to close" in told.out + told.err
    assert "Traceback" not in told.out + told.err
    assert "anke@example.de" not in told.out + told.err


@SIZES
async def test_hostile_text_stays_text(office: Office, size: tuple[int, int]) -> None:
    evil = "hurry \x1b[2J\x1b]52;c;ZXZpbA==\x07 [bold red]x[/] [@click=app.quit]y[/] \u202eabc"
    add_mail(office.store, evil)
    with office.store.write() as unit:
        execute(unit.conn, "update contacts set name = ?", ("A \x1b[5m[b]K\u202e",))
    office.propose(evil, observations=(Observation("[/]\x1b", evil),), agent="outreach")
    async with sitting(office, size=size) as hand:
        screen = hand.text()
        assert "␛[2J" in screen
        assert screen.count("A ␛[5m[b]K") >= 2
        assert "[bold red]x[/] [@click=app.quit]y[/]" in " ".join(screen.split())
        assert not set(screen) & {"\x1b", "\x07", "\u202e"}
        assert "1/1 false_urgency" in screen
        await hand.press("e")
        assert not set(hand.text()) & {"\x1b", "\x07", "\u202e"}


async def test_a_message_of_100_kb_is_shown_in_part_and_whole_on_demand(office: Office) -> None:
    office.propose("hurry. " + "word " * 19_990)
    async with sitting(office) as hand:
        assert "79,957 more characters; w shows all of it" in hand.read("message")
        await hand.press("w")
        assert "more characters" not in hand.read("message")
        await hand.press("e")
        assert "1 of 1 findings left" in hand.text()


async def test_the_cursor_goes_through_the_findings(office: Office) -> None:
    office.propose("please hurry")
    async with sitting(office) as hand:
        spans = hand.desk.query_one("#message").render().spans  # type: ignore[union-attr]
        assert [(s.start, s.end) for s in spans] == [(7, 12)]
        await hand.press("f")
        assert "1/1" in hand.read("label")


async def test_a_filter_narrows_the_queue_and_an_empty_line_opens_it(office: Office) -> None:
    office.propose("hurry")
    rude = office.propose("you idiot")
    async with sitting(office) as hand:
        await hand.press("slash")
        await hand.type("rude")
        await hand.press("enter")
        assert '1 waiting with "rude"' in hand.text()
        assert rude.id in hand.read("heading")
        await hand.press("slash")
        hand.app.screen.query_one(Input).value = "nobody has this"
        await hand.press("enter")
        assert 'No waiting case has "nobody has this" in it.' in hand.text()
        await hand.press("slash")
        hand.app.screen.query_one(Input).value = ""
        await hand.press("enter")
        assert "2 waiting" in hand.text()


async def test_claims_and_stops_are_made_by_key(office: Office, clock: FixedClock) -> None:
    case = office.propose()
    async with sitting(office) as hand:
        await hand.press("c")
        assert office.desk.list()[0].claimed_by == "anna"
        assert "[anna]" in hand.text()
        await hand.press("s")
        await hand.type("it repeats itself")
        await hand.press("enter")
        assert "stopped: agent:outreach" in hand.text()
    assert [s.reason for s in office.desk.stops()] == ["it repeats itself"]
    clock.advance(timedelta(hours=80))
    assert office.desk.expire() == [case.action]


async def test_the_queue_is_walked_in_both_directions_and_stops_at_its_ends(
    office: Office,
) -> None:
    for number in range(4):
        office.propose(f"hurry {number}")
    ids = [line.id for line in office.desk.list()]
    async with sitting(office) as hand:
        seen = []
        for key in ("n", "down", "j", "n", "p", "up", "k", "p"):
            await hand.press(key)
            seen.append(hand.read("heading").split()[0])
        assert seen == [ids[i] for i in (1, 2, 3, 3, 2, 1, 0, 0)]


async def test_a_quorum_is_counted_on_the_screen(
    store: Store, clock: FixedClock, tmp_path: Path
) -> None:
    office = make_office(store, clock, tmp_path, quorum=2)
    case = office.propose()
    async with sitting(office) as hand:
        assert "(0 of 2 so far)" in hand.read("reasons")
        await hand.press("a")
        assert "(1 of 2 so far)" in hand.read("reasons")
        assert office.action_state(case) == "escalated"
    async with sitting(office, BOB) as hand:
        await hand.press("a")
    assert office.action_state(case) == "approved"


@pytest.mark.slow
async def test_a_long_queue_is_read_page_by_page(office: Office) -> None:
    with office.store.write() as unit:
        from agentkit.store.actions import insert_actions
        from tests.gates import message

        reviews = office.gate.review_many([message("hurry") for _ in range(PAGE + 40)])
        insert_actions(unit, reviews, office.store.clock.now(), states=["escalated"] * len(reviews))
        for review in reviews:
            office.desk.open(unit, review)
    async with sitting(office) as hand:
        assert f"{PAGE} of {PAGE + 40} waiting" in hand.text()
        queue = hand.desk.query_one("#queue")
        queue.move_cursor(row=PAGE - 5)  # type: ignore[attr-defined]
        await hand.press("n")
        assert f"{PAGE + 40} waiting" in hand.text()


async def test_a_person_who_was_erased_leaves_a_case_that_can_still_be_rejected(
    office: Office,
) -> None:
    case = office.propose()
    with office.store.write() as unit:
        office.store.vault.forget(unit, "default", "c1")
    async with sitting(office) as hand:
        assert "the person was erased" in hand.text()
        await hand.press("e")
        assert "nothing left to edit" in hand.told()
        await hand.press("r")
        await hand.type("erased")
        await hand.press("enter")
    assert office.action_state(case) == "rejected"


async def test_resizing_changes_the_layout_and_keeps_the_case(office: Office) -> None:
    office.propose("hurry one")
    office.propose("hurry two")
    async with sitting(office) as hand:
        await hand.press("n")
        shown = hand.read("heading").split()[0]
        await hand.pilot.resize_terminal(*LARGE)
        await hand.settle()
        assert "n/p next, previous" in hand.text()
        assert "│" in hand.text() or "▏" in hand.text()
        assert hand.read("heading").split()[0] == shown
        await hand.pilot.resize_terminal(*SMALL)
        await hand.settle()
        assert hand.text().split("\n")[-1].rstrip().endswith("q quit")


def test_who_sits_at_the_desk_has_the_roles_of_the_settings(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import getpass

    from agentkit_tui.app import operator_of

    monkeypatch.setattr(getpass, "getuser", lambda: "eva")
    roles = {"*": frozenset(["operator"]), "eva": frozenset(["dpo"])}
    settings = replace(Settings(), operators=roles)
    assert operator_of(settings).roles == {"operator", "dpo"}
