from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentkit.consent import state
from agentkit.consent.state import OBJECTIONS
from agentkit.context import ConsentRecord, ConsentStatus

NOW = datetime(2026, 11, 23, 8, 30, tzinfo=UTC)
MAILBOX = "anke.petersen@example.org"

STATUSES: list[ConsentStatus] = ["granted", "withdrawn", "refused", "expired", "not_specified"]
instants = st.integers(-40, 10).map(lambda days: NOW + timedelta(days=days))
records = st.builds(
    ConsentRecord,
    point=st.sampled_from(["", MAILBOX, "other@example.org"]),
    channel=st.sampled_from(["", "email", "sms"]),
    purpose=st.sampled_from(["", "marketing", "service"]),
    brand=st.sampled_from(["", "Möbel", "Outlet"]),
    status=st.sampled_from(STATUSES),
    at=instants,
    expires=st.none() | instants,
)
questions = st.tuples(
    st.sampled_from(["", MAILBOX]),
    st.sampled_from(["email", "sms"]),
    st.sampled_from(["", "marketing", "service"]),
    st.sampled_from(["", "Möbel", "Outlet"]),
)


def event(
    status: ConsentStatus,
    days_ago: float,
    *,
    point: str = MAILBOX,
    channel: str = "email",
    purpose: str = "marketing",
    brand: str = "Möbel",
    expires: datetime | None = None,
) -> ConsentRecord:
    at = NOW - timedelta(days=days_ago)
    return ConsentRecord(point, channel, purpose, brand, status, at, expires)


def ask(*events: ConsentRecord, brand: str = "Möbel", point: str = MAILBOX) -> str:
    return state(events, point, "email", "marketing", brand, NOW).status


@given(st.lists(records, max_size=6), records, questions)
def test_adding_an_objection_never_makes_a_grant(
    events: list[ConsentRecord], added: ConsentRecord, question: tuple[str, str, str, str]
) -> None:
    before = state(events, *question, NOW).status
    after = state([*events, added], *question, NOW).status
    if added.status != "granted":
        assert after != "granted" or before == "granted"


@given(st.lists(records, max_size=6).flatmap(lambda e: st.tuples(st.just(e), st.permutations(e))))
def test_the_order_of_events_does_not_matter(
    both: tuple[list[ConsentRecord], list[ConsentRecord]],
) -> None:
    one, other = (state(e, MAILBOX, "email", "marketing", "Möbel", NOW) for e in both)
    assert (one.status, one.since) == (other.status, other.since)


@given(st.lists(records, max_size=6), questions)
def test_a_newest_objection_to_everything_always_holds(
    events: list[ConsentRecord], question: tuple[str, str, str, str]
) -> None:
    past = [e for e in events if e.at <= NOW]
    latest = ConsentRecord("", "", "", "", "withdrawn", NOW)
    assert state([*past, latest], *question, NOW).status == "withdrawn"


@given(st.lists(records, max_size=6), questions)
def test_an_objection_is_ended_by_a_newer_grant_and_nothing_else(
    events: list[ConsentRecord], question: tuple[str, str, str, str]
) -> None:
    without_grants = [e for e in events if e.status != "granted"]
    before = state(without_grants, *question, NOW).status
    newest = ConsentRecord("", "", "", "", "not_specified", NOW)
    after = state([*without_grants, newest], *question, NOW).status
    assert (before in OBJECTIONS) == (after in OBJECTIONS)


def test_without_events_nothing_is_specified() -> None:
    assert ask() == "not_specified"


def test_a_broader_withdrawal_beats_an_older_narrower_grant() -> None:
    broad = event("withdrawn", 1, point="", channel="", brand="")
    assert ask(event("granted", 2), broad) == "withdrawn"


def test_a_withdrawal_for_one_brand_leaves_the_other_alone() -> None:
    outlet = event("granted", 9, brand="Outlet")
    assert ask(outlet, event("withdrawn", 1), brand="Outlet") == "granted"


def test_a_new_grant_after_a_withdrawal_counts() -> None:
    assert ask(event("withdrawn", 9), event("granted", 1)) == "granted"


def test_at_one_instant_the_stricter_holds() -> None:
    assert ask(event("withdrawn", 3), event("granted", 3)) == "withdrawn"


def test_a_grant_lapses_at_its_date() -> None:
    lapsed = state([event("granted", 30, expires=NOW)], MAILBOX, "email", "marketing", "Möbel", NOW)
    assert (lapsed.status, lapsed.since) == ("expired", NOW)
    assert ask(event("granted", 30, expires=NOW + timedelta(seconds=1))) == "granted"


def test_of_two_grants_of_one_instant_the_earlier_expiry_binds() -> None:
    assert ask(event("granted", 30), event("granted", 30, expires=NOW)) == "expired"


def test_a_grant_dated_in_the_future_is_set_aside_and_shown() -> None:
    answer = state([event("granted", -1)], MAILBOX, "email", "marketing", "Möbel", NOW)
    assert answer.status == "not_specified"
    assert [f.label for f in answer.findings] == ["consent-dated-in-the-future"]


def test_an_objection_from_a_clock_that_runs_ahead_is_not_lost() -> None:
    answer = state(
        [event("granted", 5), event("withdrawn", -0.01)],
        MAILBOX, "email", "marketing", "Möbel", NOW,
    )  # fmt: skip
    assert answer.status == "withdrawn"
    assert answer.findings


def test_an_unknown_brand_is_covered_by_no_narrower_grant_but_by_any_objection() -> None:
    assert ask(event("granted", 5), brand="") == "not_specified"
    assert ask(event("granted", 5, brand=""), brand="") == "granted"
    assert ask(event("granted", 5, brand=""), event("refused", 1), brand="") == "refused"


def test_case_and_spelling_of_a_mailbox_do_not_hide_a_withdrawal() -> None:
    assert ask(event("withdrawn", 1, point=" Anke.Petersen@EXAMPLE.org")) == "withdrawn"


def test_another_mailbox_of_the_person_is_another_consent() -> None:
    assert ask(event("granted", 1), point="anke@example.net") == "not_specified"


def test_an_objection_to_the_controller_holds_for_every_brand() -> None:
    said = ConsentRecord(
        MAILBOX, "email", "marketing", "Möbel", "withdrawn", NOW - timedelta(days=1),
        scope="controller",
    )  # fmt: skip
    outlet = event("granted", 9, brand="Outlet")
    assert ask(outlet, said, brand="Outlet") == "withdrawn"
    assert ask(outlet, replace(said, scope=""), brand="Outlet") == "granted"
    given = replace(outlet, scope="controller")
    assert ask(given, brand="Möbel") == "not_specified"


@pytest.mark.parametrize(
    ("said", "asked", "granted", "objected"),
    [
        ("marketing", "marketing", True, True),
        ("dpv:DirectMarketing", "direct marketing", True, True),
        ("marketing", "newsletter", True, True),
        ("marketing", "https://w3id.org/dpv#TargetedAdvertising", True, True),
        ("marketing", "greetings", False, True),
        ("marketing", "research", False, True),
        ("marketing", "service", False, False),
        ("newsletter", "marketing", False, True),
        ("newsletter", "advertising", False, False),
        ("research", "CommercialResearch", True, True),
        ("research", "marketing", False, False),
        ("service", "marketing", False, False),
        ("", "service", True, True),
    ],
)
def test_a_yes_covers_its_parts_and_a_no_to_marketing_everything_that_is_no_service(
    said: str, asked: str, *, granted: bool, objected: bool
) -> None:
    yes = event("granted", 2, purpose=said)
    no = event("withdrawn", 1, purpose=said)
    open_ = event("granted", 3, purpose="")
    assert (state([yes], MAILBOX, "email", asked, "Möbel", NOW).status == "granted") is granted
    after = state([open_, no], MAILBOX, "email", asked, "Möbel", NOW).status
    assert (after == "withdrawn") is objected


@given(st.lists(records, max_size=6), questions, st.sampled_from(["", "controller"]))
def test_a_wider_scope_never_makes_a_grant(
    events: list[ConsentRecord], question: tuple[str, str, str, str], scope: str
) -> None:
    before = state(events, *question, NOW).status
    after = state([replace(e, scope=scope) for e in events], *question, NOW).status
    assert after != "granted" or before == "granted"
