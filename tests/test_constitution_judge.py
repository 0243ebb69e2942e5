from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentkit.action import Sender
from agentkit.clock import FixedClock
from agentkit.constitution.explain import explain, explain_all
from agentkit.context import Contact, Person
from agentkit.errors import ConstitutionError
from agentkit.evidence import Evidence, Failed, Unknown
from agentkit.jurisdiction import jurisdiction_of
from agentkit.verdict import Outcome, Ruling, join
from tests.gates import Crowd, article, make_gate, message, plugin

NOW = datetime(2026, 11, 23, 8, 30, tzinfo=UTC)
outcomes = st.builds(
    Outcome,
    st.sampled_from(Ruling),
    st.none() | st.integers(0, 1000).map(lambda h: NOW + timedelta(hours=h)),
    st.frozensets(st.sampled_from(["contact.country", "contact.timezone", "contact.type"])),
)


class Listed(Evidence, namespace="listed", kinds=["message.send"]):
    """A fact that is a list."""

    words: tuple[str, ...] | Unknown
    numbers: tuple[int, ...] = (1, 2)


def someone(country: str, region: str = "") -> Crowd:
    return Crowd(Person(Contact("c1", "Jo", "jo@example.com", country=country, region=region)))


@given(st.lists(outcomes, max_size=6), st.randoms())
def test_the_order_of_voices_never_matters(voices: list[Outcome], random: Any) -> None:
    shuffled = list(voices)
    random.shuffle(shuffled)
    assert join(voices) == join(shuffled)


@given(outcomes, outcomes, outcomes)
def test_joining_is_associative_idempotent_and_has_allow_for_nothing(
    a: Outcome, b: Outcome, c: Outcome
) -> None:
    assert (a | b) | c == a | (b | c)
    assert a | a == a
    assert a | Outcome() == a


@given(st.lists(outcomes, max_size=6), outcomes)
def test_one_more_voice_never_softens(voices: list[Outcome], one: Outcome) -> None:
    before, after = join(voices), join([*voices, one])
    assert after.ruling >= max(before.ruling, one.ruling)
    assert before.tasks <= after.tasks
    if before.until is not None:
        assert after.until is not None
        assert after.until >= before.until


@pytest.mark.parametrize(
    ("sender", "country", "ruling"),
    [("CA", "FR", "deny"), ("ca", "FR", "deny"), ("DE", "FR", "allow"), ("", "CA", "deny")],
    ids=["sent from there", "written small", "neither", "received there"],
)
def test_a_law_that_binds_the_sender_holds_wherever_the_recipient_is(
    tmp_path: Path, clock: FixedClock, sender: str, country: str, ruling: str
) -> None:
    scope = "{kinds: [message.send], jurisdictions: [CA], senders: [CA]}"
    gate = make_gate(
        tmp_path, clock, article("law", "mood.pushy", applies_to=scope), people=someone(country)
    )
    found = gate.review(message("hurry", sender=Sender("", sender)))
    assert found.verdict.ruling.word == ruling


def test_a_sender_of_an_unknown_country_widens_nothing_and_waits_for_nothing(
    tmp_path: Path, clock: FixedClock
) -> None:
    scope = "{kinds: [message.send], jurisdictions: [CA], senders: [CA]}"
    law = article("law", "mood.pushy", applies_to=scope)
    found = make_gate(tmp_path, clock, law, people=someone("FR")).review(message("hurry"))
    assert found.verdict.ruling is Ruling.ALLOW


@pytest.mark.parametrize(
    ("scope", "problem"),
    [
        ("{kinds: [message.send], senders: [CA]}", "widens"),
        ("{kinds: [message.send], jurisdictions: [CA], senders: [Canada]}", "'Canada'"),
    ],
)
def test_senders_that_say_nothing_are_refused(
    tmp_path: Path, clock: FixedClock, scope: str, problem: str
) -> None:
    with pytest.raises(ConstitutionError, match=problem):
        make_gate(tmp_path, clock, article("law", "mood.pushy", applies_to=scope))


@pytest.mark.parametrize(
    ("wanted", "country", "region", "ruling"),
    [
        ("EEA", "DE", "", "deny"),
        ("EEA", "NO", "", "deny"),
        ("EU", "NO", "", "allow"),
        ("EEA", "US", "NY", "allow"),
        ("EEA", "GB", "", "allow"),
        ("UK", "GB", "", "deny"),
        ("US-TX", "US", "TX", "deny"),
        ("US-TX", "US", "NY", "allow"),
        ("US-TX", "US", "", "defer contact.region"),
        ("US-TX", "", "", "defer contact.country"),
        ("EEA", "", "", "defer contact.country"),
        ("US-TX", "DE", "", "allow"),
    ],
)
def test_a_law_binds_where_it_is_certain_and_waits_for_the_record_where_it_is_plausible(
    tmp_path: Path, clock: FixedClock, wanted: str, country: str, region: str, ruling: str
) -> None:
    scope = f"{{kinds: [message.send], jurisdictions: [{wanted}]}}"
    gate = make_gate(
        tmp_path, clock, article("law", "mood.pushy", applies_to=scope),
        people=someone(country, region),
    )  # fmt: skip
    verdict = gate.review(message("hurry")).verdict
    assert " ".join([verdict.ruling.word, *verdict.tasks]) == ruling
    assert gate.review(message("hello")).verdict.ruling is Ruling.ALLOW


def test_a_law_that_only_watches_is_not_noted_where_it_is_merely_plausible(
    tmp_path: Path, clock: FixedClock
) -> None:
    scope = "{kinds: [message.send], jurisdictions: [EEA]}"
    law = article("law", "mood.pushy", applies_to=scope, mode="warn")
    for country, noted in (("DE", ["law"]), ("", []), ("US", [])):
        gate = make_gate(tmp_path, clock, law, people=someone(country))
        assert [f.article for f in gate.review(message("hurry")).verdict.noted] == noted


def test_an_open_jurisdiction_is_certain_of_nothing() -> None:
    nowhere = jurisdiction_of("")
    assert not nowhere.certain(["DE", "EU", "US"])
    assert nowhere.plausible(["US-TX"])


@pytest.mark.parametrize(
    ("day", "ruling"),
    [
        ("2026-08-01T23:59:59+00:00", Ruling.ALLOW),
        ("2026-08-02T00:00:00+00:00", Ruling.DENY),
        ("2026-12-31T23:59:59+00:00", Ruling.DENY),
        ("2027-01-01T00:00:00+00:00", Ruling.ALLOW),
    ],
)
def test_an_article_holds_from_its_first_day_until_before_its_last(
    tmp_path: Path, day: str, ruling: Ruling
) -> None:
    dated = article(
        "dated", "mood.pushy", effective_from="2026-08-02", effective_until="2027-01-01"
    )
    gate = make_gate(tmp_path, FixedClock(datetime.fromisoformat(day)), dated)
    assert gate.review(message("hurry")).verdict.ruling is ruling


@pytest.mark.parametrize("mode", ["shadow", "warn"])
def test_what_only_watches_is_inert_whatever_it_finds(
    tmp_path: Path, clock: FixedClock, mode: Any
) -> None:
    articles = article("watch", "mood.pushy") + article("gap", "mood.zone == 'x'")
    loud = plugin(examine=lambda a: Failed("down"))
    by_binding = make_gate(tmp_path, clock, articles, mode=mode)
    verdict = by_binding.review(message("hurry")).verdict
    assert verdict.ruling is Ruling.ALLOW
    assert [f.article for f in verdict.noted] == ["watch"]
    assert not verdict.fired
    failing = make_gate(tmp_path, clock, articles, loud, mode=mode).review(message("hurry")).verdict
    assert (failing.ruling, failing.gaps) == (Ruling.ALLOW, ())
    alone = make_gate(tmp_path, clock, article("watch", "mood.pushy", mode=mode))
    assert alone.review(message("hurry")).verdict.ruling is Ruling.ALLOW


def test_an_article_cannot_be_stricter_than_its_binding(tmp_path: Path, clock: FixedClock) -> None:
    strict = article("loud", "mood.pushy", mode="enforce")
    gate = make_gate(tmp_path, clock, strict, mode="shadow")
    assert gate.review(message("hurry")).verdict.ruling is Ruling.ALLOW


def test_an_article_that_uses_up_the_budget_takes_none_from_the_others(
    tmp_path: Path, clock: FixedClock
) -> None:
    numbers = "[" + ",".join(map(str, range(40))) + "]"
    greedy = f"({numbers}).all(a, {numbers}.all(b, {numbers}.all(c, a + b + c >= 0)))"
    articles = article("greedy", greedy, "escalate") + article("plain", "mood.pushy")
    gate = make_gate(tmp_path, clock, articles)
    hurried, calm = gate.review(message("hurry")).verdict, gate.review(message("hello")).verdict
    assert [f.article for f in hurried.fired] == ["plain"]
    assert hurried.ruling is Ruling.DENY
    assert calm.ruling is Ruling.ESCALATE
    assert [g.fact for g in calm.gaps] == ["greedy.when"]


def test_a_hundred_articles_with_loops_all_get_their_own_budget(
    tmp_path: Path, clock: FixedClock
) -> None:
    numbers = "[" + ",".join(map(str, range(60))) + "]"
    loops = "".join(
        article(f"a{n}", f"({numbers}).exists(x, {numbers}.exists(y, x + y == 1000 + {n}))")
        for n in range(100)
    )
    gate = make_gate(tmp_path, clock, loops)
    assert gate.review(message("hello")).verdict.ruling is Ruling.ALLOW


def test_every_missing_fact_is_named_though_the_runtime_names_one(
    tmp_path: Path, clock: FixedClock
) -> None:
    silent = plugin(examine=lambda a: Failed("down"))
    rule = article("both", "mood.pushy && mood.score > 0.5 && mood.zone == 'x'")
    verdict = make_gate(tmp_path, clock, rule, silent).review(message()).verdict
    assert {g.fact for g in verdict.gaps} == {"mood.pushy", "mood.score", "mood.zone"}


def test_a_fact_that_is_a_list_can_be_judged(tmp_path: Path, clock: FixedClock) -> None:
    def examine(action: Any) -> Listed:
        return Listed(tuple(action.text.split()))

    words = plugin("listed", examine, evidence=(Listed,))
    rule = (
        article("size", "size(listed.words) > 3")
        + article("inside", "('hurry' in listed.words)", "escalate")
        + article("codes", "('XX' in jurisdiction.codes)")
        + article("numbers", "listed.numbers.exists(n, n == 7)")
    )
    gate = make_gate(tmp_path, clock, rule, words)
    assert gate.review(message("hello there")).verdict.ruling is Ruling.ALLOW
    assert gate.review(message("hurry up")).verdict.ruling is Ruling.ESCALATE
    assert gate.review(message("a b c d")).verdict.ruling is Ruling.DENY


def test_because_is_filled_in_when_it_is_shown_and_never_recorded(
    tmp_path: Path, clock: FixedClock
) -> None:
    rule = "  - id: rule\n    principle: p\n    applies_to: {kinds: [message.send]}\n"
    rule += "    when: mood.pushy && mood.score > params.limit\n    then: deny\n"
    shown = "{contact.name}: {mood.score} over {params.limit} by {action.channel}, {mood.zone}"
    rule += f'    because: "{shown}"\n'
    gate = make_gate(tmp_path, clock, rule)
    review = gate.review(message("hurry"))
    (sentence,) = explain_all(review, gate.policy, contact_name="Anke Petersen")
    assert sentence == "Anke Petersen: 0.9 over 0.5 by email, Europe/Berlin"
    assert "Anke" not in str(review.verdict.to_json())
    located = gate.policy.article("rule")
    assert located is not None
    assert explain(review, located.article).startswith("this person: 0.9 over unknown")


def test_gaps_and_charters_are_explained_too(tmp_path: Path, clock: FixedClock) -> None:
    doubtful = plugin(examine=lambda a: Failed("the model is missing"))
    gate = make_gate(tmp_path, clock, article("rule", "mood.pushy"), doubtful)
    (gap,) = explain_all(gate.review(message()), gate.policy)
    assert gap == "mood.pushy could not be found out: the model is missing"
    (charter,) = explain_all(gate.review(message(channel="fax")), gate.policy)
    assert charter == "the agent's charter does not allow this channel"
