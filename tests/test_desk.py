from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentkit.action import Observation
from agentkit.canonical import canonical
from agentkit.clock import FixedClock
from agentkit.desk import printable
from agentkit.desk.shown import shown
from agentkit.entry import Entry
from agentkit.errors import AgentkitError, Conflict, Expired, Forbidden, InvalidAction, NotFound
from agentkit.store import Store, from_micros, insert_many, to_micros
from agentkit.verdict import Ruling
from tests.desks import ANNA, BOB, CHIEF, TRAINEE, Office, add_mail, make_office

MakeOffice = Callable[..., Office]


@pytest.fixture
def office(store: Store, clock: FixedClock, tmp_path: Path) -> Office:
    return make_office(store, clock, tmp_path)


@pytest.fixture
def any_office(any_store: Store, clock: FixedClock, tmp_path: Path) -> Office:
    return make_office(any_store, clock, tmp_path)


def test_an_opened_case_is_listed_shown_and_in_the_ledger(office: Office) -> None:
    case = office.propose()
    (line,) = office.desk.list()
    assert (line.id, line.name, line.articles) == (case.id, "Anke Petersen", ("tone-urgency",))
    view = office.desk.case(case.id)
    assert view.action is not None
    assert view.action.text == "hurry, it ends today"
    assert [a.because for a in view.articles] == ["the mail to Anke Petersen presses for no reason"]
    assert view.articles[0].cites == ("UCPD Art. 8",)
    assert view.facts == (("tone.pushy", "yes"),)
    assert [(n, f.label) for n, f in view.findings] == [("tone", "false_urgency")]
    assert office.entries() == [("opened", "gate")]


def test_case_ids_are_short_and_hold_no_letter_that_is_misread(office: Office) -> None:
    ids = {office.propose().id for _ in range(50)}
    assert len(ids) == 50
    assert all(len(i) == 5 and not set(i) & set("01ilo") for i in ids)


def test_opening_twice_is_one_case_and_a_changed_judgement_is_another(office: Office) -> None:
    case = office.propose()
    view = office.desk.case(case.id)
    assert view.action is not None
    review = office.gate.review(view.action)
    with office.store.write() as unit:
        assert office.desk.open(unit, review).id == case.id
    other = office.gate.review(view.action.revised(text="hurry, idiot"))
    with office.store.write() as unit:
        assert office.desk.open(unit, other).id != case.id
    with pytest.raises(Conflict, match="withdrawn"):
        office.desk.approve(case.id, CHIEF, case.action_digest)


def test_an_approval_moves_the_action_and_names_what_it_waives(any_office: Office) -> None:
    office, told = any_office, list[tuple[str, str]]()
    office.desk.listeners.append(lambda tenant, action: told.append((tenant, action)))
    case = office.propose()
    decision = office.desk.approve(case.id, ANNA, case.action_digest, "she asked for it")
    assert (decision.waives, decision.waives_gaps) == (("tone-urgency",), ())
    assert office.action_state(case) == "approved"
    assert office.rows("select state, decision from actions") == [("approved", decision.id)]
    assert office.entries() == [("opened", "gate"), ("decided", "operator:anna")]
    assert told == [("default", case.action)]
    with office.store.read() as conn:
        kept = office.desk.decision(conn, "default", decision.id)
    assert kept == decision


def test_what_the_operator_wrote_is_nowhere_in_clear_and_gone_with_the_person(
    office: Office,
) -> None:
    case = office.propose()
    office.desk.reject(case.id, ANNA, case.action_digest, "Anke hates deadlines")
    with office.store.write() as unit:
        unit.append(Entry("note", "default", office.store.clock.now()))
    for path in office.store.home.glob("agentkit.db*"):
        assert b"hates deadlines" not in path.read_bytes()
    assert office.desk.case(case.id).case.decisions[0].reason == "Anke hates deadlines"
    with office.store.write() as unit:
        office.store.vault.forget(unit, "default", "c1")
    view = office.desk.case(case.id)
    assert (view.action, view.case.decisions[0].reason) == (None, "")
    assert [a.fired.article for a in view.articles] == ["tone-urgency"]


def test_a_decision_about_something_that_changed_is_refused(office: Office) -> None:
    case = office.propose()
    office.desk.edit(case.id, ANNA, case.action_digest, text="hurry up please")
    with pytest.raises(Conflict, match="changed since you read it") as refused:
        office.desk.approve(case.id, ANNA, case.action_digest)
    assert refused.value.hint == f"agentkit desk show {case.id}"
    assert office.action_state(case) == "escalated"


@pytest.mark.parametrize("second", ["approve", "reject"])
def test_of_two_operators_who_decide_at_once_exactly_one_does(
    any_office: Office, second: str
) -> None:
    office = any_office
    for _ in range(5):
        case = office.propose()
        ready, results = threading.Barrier(2), list[Any]()

        def decide(operator: Any, choice: str, ready: Any = ready, case: Any = case,
                   results: Any = results) -> None:  # fmt: skip
            ready.wait()
            try:
                extra = () if choice == "approve" else ("no",)
                done = getattr(office.desk, choice)(case.id, operator, case.action_digest, *extra)
                results.append(done)
            except AgentkitError as error:
                results.append(error)

        pair = [
            threading.Thread(target=decide, args=(ANNA, "approve")),
            threading.Thread(target=decide, args=(BOB, second)),
        ]
        for thread in pair:
            thread.start()
        for thread in pair:
            thread.join()
        lost = [r for r in results if isinstance(r, Conflict)]
        won = [r for r in results if not isinstance(r, AgentkitError)]
        assert (len(won), len(lost)) == (1, 1)
        assert lost[0].message.startswith(won[0].by)
        count = office.rows('select count(*) from decisions where "case" = ?', case.id)
        assert count == [(1,)]


def test_a_decision_after_the_time_is_refused_and_the_case_expires(
    any_office: Office, clock: FixedClock
) -> None:
    office = any_office
    case = office.propose()
    clock.advance(timedelta(hours=72))
    with pytest.raises(Expired, match="undecided: that is a no"):
        office.desk.approve(case.id, ANNA, case.action_digest)
    assert office.desk.list() == []
    assert [line.state for line in office.desk.list(state="expired")] == ["expired"]
    assert office.desk.expire() == [case.action]
    assert office.desk.expire() == []
    assert office.action_state(case) == "expired"
    assert office.entries()[-1] == ("expired", "system")


def test_a_case_never_outlives_the_deadline_of_its_action(
    office: Office, clock: FixedClock
) -> None:
    soon = clock.now() + timedelta(hours=2)
    assert office.propose(deadline=soon).expires_at == soon


def test_a_claimed_case_is_decided_by_its_holder_until_the_lease_ends(
    office: Office, clock: FixedClock
) -> None:
    case = office.propose()
    office.desk.claim(case.id, ANNA)
    assert office.desk.list()[0].claimed_by == "anna"
    with pytest.raises(Conflict, match=r"anna has claimed case .* until 2026-11-23 08:45 UTC"):
        office.desk.approve(case.id, BOB, case.action_digest)
    clock.advance(timedelta(minutes=16))
    assert office.desk.list()[0].claimed_by == ""
    office.desk.approve(case.id, BOB, case.action_digest)
    assert [kind for kind, _ in office.entries()] == ["opened", "claimed_case", "decided"]


def test_a_released_case_is_free_for_others(office: Office) -> None:
    case = office.propose()
    office.desk.claim(case.id, ANNA)
    assert not office.desk.release(case.id, BOB)
    assert office.desk.release(case.id, ANNA)
    office.desk.claim(case.id, BOB)


def test_a_quorum_counts_different_people(
    any_store: Store, clock: FixedClock, tmp_path: Path
) -> None:
    office = make_office(any_store, clock, tmp_path, quorum=2)
    case = office.propose()
    office.desk.approve(case.id, ANNA, case.action_digest)
    assert office.action_state(case) == "escalated"
    assert [(line.approvals, line.quorum) for line in office.desk.list()] == [(1, 2)]
    with pytest.raises(Conflict, match=r"anna has approved case .* already"):
        office.desk.approve(case.id, ANNA, case.action_digest)
    office.desk.approve(case.id, BOB, case.action_digest)
    assert office.action_state(case) == "approved"


def test_an_edit_takes_back_the_approvals_of_the_earlier_text(
    store: Store, clock: FixedClock, tmp_path: Path
) -> None:
    office = make_office(store, clock, tmp_path, quorum=2)
    case = office.propose()
    office.desk.approve(case.id, ANNA, case.action_digest)
    changed = office.desk.edit(case.id, BOB, case.action_digest, text="hurry a little")
    assert [line.approvals for line in office.desk.list()] == [0]
    again = office.desk.edit(case.id, BOB, changed.case.action_digest, text="hurry, it ends today")
    assert again.case.action_digest == case.action_digest
    office.desk.approve(case.id, BOB, case.action_digest)
    assert office.action_state(case) == "escalated"


@pytest.mark.parametrize(
    ("text", "operator", "says"),
    [
        ("hurry", TRAINEE, "the article tone-urgency takes the role 'operator'"),
        ("idiot", ANNA, "the article tone-rude takes the role 'supervisor'"),
        ("thirteen abcd", CHIEF, "nobody may waive the article never"),
        ("in stock", CHIEF, "nobody may waive the missing fact tone.stock"),
    ],
)
def test_an_approval_without_authority_is_refused_by_name(
    office: Office, text: str, operator: Any, says: str
) -> None:
    case = office.propose(text)
    with pytest.raises(Forbidden, match=says):
        office.desk.approve(case.id, operator, case.action_digest)
    assert office.action_state(case) == "escalated"
    assert office.rows("select count(*) from decisions") == [(0,)]


def test_a_gap_is_waived_only_by_the_role_that_the_binding_names(
    store: Store, clock: FixedClock, tmp_path: Path
) -> None:
    office = make_office(store, clock, tmp_path, gap_role="supervisor")
    case = office.propose("in stock")
    with pytest.raises(Forbidden, match=r"tone.stock takes the role 'supervisor'.*anna has: oper"):
        office.desk.approve(case.id, ANNA, case.action_digest)
    view = office.desk.case(case.id)
    assert office.desk.waiver(view, CHIEF).overrules == ("tone.stock",)
    decision = office.desk.approve(case.id, CHIEF, case.action_digest)
    assert decision.waives_gaps == ("tone.stock",)


def test_an_approval_never_waives_a_deferral(office: Office) -> None:
    case = office.propose("hurry, good night")
    view = office.desk.case(case.id)
    assert {a.fired.ruling for a in view.articles} == {Ruling.ESCALATE, Ruling.DEFER}
    decision = office.desk.approve(case.id, CHIEF, case.action_digest)
    assert decision.waives == ("tone-urgency",)


def test_an_empty_role_in_the_settings_opens_nothing(office: Office) -> None:
    from agentkit.case import Operator

    case = office.propose("thirteen abcd")
    with pytest.raises(Forbidden):
        office.desk.approve(case.id, Operator("eve", frozenset([""])), case.action_digest)


def test_an_edit_is_judged_again_and_the_case_shows_it(any_office: Office) -> None:
    office = any_office
    case = office.propose()
    view = office.desk.edit(case.id, ANNA, case.action_digest, text="take your time")
    assert view.verdict.ruling is Ruling.ALLOW
    assert (view.articles, view.findings) == ((), ())
    assert view.case.action_digest != case.action_digest
    assert view.changed
    assert view.proposed is not None
    assert view.proposed.text == "hurry, it ends today"
    assert office.action_state(case) == "escalated"
    assert office.desk.release(case.id, ANNA)
    office.desk.approve(case.id, TRAINEE, view.case.action_digest)
    assert office.action_state(case) == "approved"
    kinds = [kind for kind, _ in office.entries()]
    assert kinds == ["opened", "edited", "decided"]


def test_an_edit_that_makes_it_worse_cannot_be_approved(office: Office) -> None:
    case = office.propose()
    view = office.desk.edit(case.id, ANNA, case.action_digest, text="you idiot")
    assert view.verdict.ruling is Ruling.DENY
    with pytest.raises(Forbidden, match="tone-rude"):
        office.desk.approve(case.id, ANNA, view.case.action_digest)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"text": "hurry, it ends today"}, "changes nothing"),
        ({}, "changes nothing"),
        ({"text": "x" * 100_001}, "the most is 100,000"),
        ({"args": {"amount": 3.0}}, "has no argument 'amount'"),
        ({"args": {"tool": "delete_everything"}}, "would be another action"),
    ],
)
def test_an_edit_that_is_none_or_makes_another_action_is_refused(
    office: Office, change: Any, says: str
) -> None:
    case = office.propose()
    with pytest.raises(InvalidAction, match=says):
        office.desk.edit(case.id, ANNA, case.action_digest, **change)
    assert office.desk.case(case.id).case.action_digest == case.action_digest


def test_arguments_are_edited_within_their_kind(office: Office) -> None:
    case = office.propose(
        "", kind="offer.set", args={"amount": 500.0}, channel="", purpose="marketing"
    )
    assert case.articles == ("large-offer",)
    view = office.desk.edit(case.id, ANNA, case.action_digest, args={"amount": 50.0})
    assert view.verdict.ruling is Ruling.ALLOW


@pytest.mark.parametrize("choice", ["reject", "respond"])
def test_a_refusal_needs_a_reason_and_keeps_it_for_the_agent(office: Office, choice: str) -> None:
    case = office.propose()
    with pytest.raises(InvalidAction, match="a reason is needed"):
        getattr(office.desk, choice)(case.id, ANNA, case.action_digest, "  ")
    decision = getattr(office.desk, choice)(case.id, ANNA, case.action_digest, "ask her first ")
    assert (decision.choice, decision.reason) == (choice, "ask her first")
    assert office.action_state(case) == "rejected"


def test_a_case_whose_action_was_stopped_meanwhile_cannot_be_decided(office: Office) -> None:
    from agentkit.consent import withdraw

    case = office.propose()
    with office.store.write() as unit:
        withdraw(unit, "default", "c1", now=office.store.clock.now())
    with pytest.raises(Conflict, match="withdrawn"):
        office.desk.approve(case.id, ANNA, case.action_digest)
    assert office.desk.list() == []


def test_an_unknown_case_says_how_to_find_the_others(office: Office) -> None:
    with pytest.raises(NotFound, match="there is no case") as missing:
        office.desk.case("nope")
    assert "agentkit desk list" in missing.value.hint


def test_the_conversation_is_oldest_first_and_holds_what_the_agent_read(any_office: Office) -> None:
    office = any_office
    add_mail(office.store, "Wann kommt mein Sofa?")
    add_mail(office.store, "Noch eine Frage", "2026-11-20T10:00:00+01:00", "m2")
    seen = (Observation("ticket T-9", "wants a refund"), Observation("mail", "Noch eine Frage"))
    case = office.propose(observations=seen)
    turns = office.desk.case(case.id).conversation
    assert [(t.who, t.text) for t in turns] == [
        ("person", "Noch eine Frage"),
        ("person", "Wann kommt mein Sofa?"),
        ("read", "wants a refund"),
    ]


def test_waiting_customers_come_first_and_the_list_can_be_searched(any_office: Office) -> None:
    office = any_office
    later = office.propose()
    first = office.propose("hurry, you asked", observations=(Observation("mail", "when?"),))
    assert [line.id for line in office.desk.list()] == [first.id, later.id]
    assert [line.id for line in office.desk.list(text="PETERSEN")] != []
    assert office.desk.list(text="tone-rude") == []
    assert office.desk.list(text="100%_") == []
    assert [line.id for line in office.desk.list(limit=1, offset=1)] == [later.id]
    assert office.desk.count() == 2


def test_stop_switches_hold_until_somebody_lifts_them_and_says_why(any_office: Office) -> None:
    office = any_office
    office.desk.stop("agent:outreach", ANNA, "it repeats itself")
    assert [(s.scope, s.by) for s in office.gate.people.stops("default")] == [
        ("agent:outreach", "anna")
    ]
    with pytest.raises(InvalidAction, match="say why"):
        office.desk.lift("agent:outreach", BOB, "")
    assert office.desk.lift("agent:outreach", BOB, "prompt fixed") == 1
    assert office.desk.stops() == ()
    assert office.entries() == [("stopped", "operator:anna"), ("lifted", "operator:bob")]
    with pytest.raises(NotFound, match="no stop switch"):
        office.desk.lift("agent:outreach", BOB, "again")
    with pytest.raises(InvalidAction, match="no scope"):
        office.desk.stop("everything", ANNA, "")


def test_a_stopped_person_stands_in_the_ledger_by_token_only(office: Office) -> None:
    office.desk.stop("person:c1", ANNA, "asked to be left alone")
    ((public, token),) = office.rows("select public, person_token from entries")
    assert b"c1" not in bytes(public)
    assert token == office.store.vault.token("default", "c1")


def test_missing_data_is_one_line_a_field(any_office: Office, clock: FixedClock) -> None:
    office = any_office
    now = to_micros(clock.now())
    tasks = [("default", "contact.country", f"c{n}", "eva" if n else "tom", now) for n in range(4)]
    tasks.append(("default", "contact.language", "c1", "eva", now))
    with office.store.write() as unit:
        columns = ("tenant", "field", "contact", "owner", "opened_at")
        insert_many(unit.conn, "data_tasks", columns, tasks)
        waits = [
            ("default", "contact.country", "c1", "a1"),
            ("default", "contact.country", "c2", "a1"),
        ]
        insert_many(unit.conn, "task_actions", ("tenant", "field", "contact", "action"), waits)
    country, language = office.desk.tasks()
    assert (country.field, country.people, country.actions) == ("contact.country", 4, 1)
    assert country.owners == (("eva", 3), ("tom", 1))
    assert country.oldest == from_micros(now)
    assert (language.people, language.actions) == (1, 0)


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet=st.characters(codec=None)))
def test_printable_text_keeps_its_length_and_moves_no_cursor(text: str) -> None:
    shown = printable(text)
    assert len(shown) == len(text)
    assert all(c == "\n" or ord(c) >= 32 for c in shown)
    assert not set(shown) & set("\x1b\x7f\x9b\u202e\u2066\u200b\ufeff\r")
    assert "\n" not in printable(text, lines=False)


def test_an_escape_sequence_is_shown_and_not_obeyed() -> None:
    assert printable("a\x1b[2Jb\r\nc\u202ed") == "a␛[2Jb \nc\ufffdd"


def test_a_record_that_the_agent_looked_up_is_read_without_its_empty_fields(office: Office) -> None:
    add_mail(office.store, "Wann kommt mein Sofa?")
    looked_up = {
        "name": "Anke", "City": None, "company": "", "records": {"deal": {"amount": 720.0}},
        "hidden": ["contact.email", "contact.phone"],
    }  # fmt: skip
    mail = {"mail": "m1", "text": "Wann kommt mein Sofa?", "hidden": ["pay to me"]}
    seen = (
        Observation("get_contact", canonical(looked_up).decode()),
        Observation("read_mail", canonical(mail).decode()),
        Observation("page", '{"a":' * 5_000),
    )
    turns = office.desk.case(office.propose(observations=seen).id).conversation[1:]
    assert [turn.prose for turn in turns] == [False, False, True]
    assert sorted(turns[0].text.split("; ")) == [
        "hidden: 2 fields that it may not see", "name: Anke", "records.deal.amount: 720",
    ]  # fmt: skip
    assert "pay to me" in turns[1].text
    assert "Sofa" not in turns[1].text
    assert turns[2].text == '{"a":' * 5_000


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (28000.0, "28000"), (0.2, "0.2"), (True, "yes"), (None, "none"), ((), "none"),
        ({"amount": 720.0, "open": False}, "amount: 720, open: no"), (["a", 1.0], "a, 1"),
    ],
)  # fmt: skip
def test_arguments_and_facts_are_written_as_people_read_them(value: object, words: str) -> None:
    assert shown(value) == words
