from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from agentkit.agent import Register
from agentkit.canonical import from_json
from agentkit.case import Decision
from agentkit.clock import FixedClock
from agentkit.context import Contact, Person
from agentkit.errors import InvalidAction
from agentkit.evidence import Evidence, Failed, Unknown
from agentkit.facts import decode_facts, digest_facts, encode_facts
from agentkit.jurisdiction import jurisdiction_of
from agentkit.verdict import Ruling
from tests.gates import ANKE, Crowd, Mood, article, make_gate, message, plugin

PUSHY = article("no-pressure", "mood.pushy && mood.score > params.limit")


def test_an_article_that_fires_on_a_plugins_fact_denies(tmp_path: Path, clock: FixedClock) -> None:
    gate = make_gate(tmp_path, clock, PUSHY)
    assert gate.review(message("hello")).verdict.ruling is Ruling.ALLOW
    verdict = gate.review(message("hurry up")).verdict
    assert verdict.ruling is Ruling.DENY
    assert [f.article for f in verdict.fired] == ["no-pressure"]


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (RuntimeError("boom"), "failed"),
        ("yes please", "invalid"),
        (None, "invalid"),
        (Mood(3), "invalid"),  # type: ignore[arg-type]
        (Failed("model missing"), "failed"),
        (Mood(Unknown("cannot tell"), 0.9), "unknown"),
    ],
)
def test_whatever_a_plugin_does_wrong_escalates_and_never_allows(
    tmp_path: Path, clock: FixedClock, answer: Any, kind: str
) -> None:
    def examine(action: Any) -> Any:
        if isinstance(answer, Exception):
            raise answer
        return answer

    verdict = make_gate(tmp_path, clock, PUSHY, plugin(examine=examine)).review(message()).verdict
    assert verdict.ruling is Ruling.ESCALATE
    assert {g.kind for g in verdict.gaps} == {kind}


def test_a_condition_that_is_false_anyway_needs_no_more_facts(
    tmp_path: Path, clock: FixedClock
) -> None:
    articles = article("a", "action.channel == 'sms' && mood.pushy")
    gate = make_gate(tmp_path, clock, articles, plugin(examine=lambda a: Failed("down")))
    assert gate.review(message(channel="email")).verdict.ruling is Ruling.ALLOW
    assert gate.review(message(channel="sms")).verdict.ruling is Ruling.ESCALATE


def test_no_binding_for_an_action_is_a_gap_and_not_a_permission(
    tmp_path: Path, clock: FixedClock
) -> None:
    from agentkit.constitution import Selector

    gate = make_gate(tmp_path, clock, PUSHY, select=Selector(tenants=frozenset(["other"])))
    verdict = gate.review(message()).verdict
    assert verdict.ruling is Ruling.ESCALATE
    assert verdict.gaps[0].fact == "binding"


def test_outside_its_charter_an_agent_is_denied_before_any_plugin_runs(
    tmp_path: Path, clock: FixedClock
) -> None:
    asked: list[str] = []

    def examine(action: Any) -> Mood:
        asked.append(action.id)
        return Mood(pushy=False)

    gate = make_gate(tmp_path, clock, PUSHY, plugin(examine=examine))
    verdict = gate.review(message(channel="whatsapp")).verdict
    assert (verdict.ruling, verdict.fired[0].article) == (Ruling.DENY, "charter-channel")
    assert asked == []
    closed = make_gate(tmp_path, clock, PUSHY, plugin(examine=examine), register=Register())
    assert closed.review(message()).verdict.fired[0].article == "charter-unknown-agent"


def test_a_missing_record_field_becomes_a_data_task_and_not_a_case(
    tmp_path: Path, clock: FixedClock
) -> None:
    gate = make_gate(tmp_path, clock, article("a", "contact.language == 'xx'"))
    verdict = gate.review(message()).verdict
    assert verdict.ruling is Ruling.DEFER
    assert verdict.tasks == ("contact.language",)


def test_a_law_that_may_apply_where_the_country_is_unknown_waits_for_the_country(
    tmp_path: Path, clock: FixedClock
) -> None:
    rule = article(
        "eu",
        "action.purpose == 'marketing'",
        applies_to="{kinds: [message.send], jurisdictions: [EU]}",
    )
    gate = make_gate(tmp_path, clock, rule)
    assert gate.review(message(subject="c1")).verdict.ruling is Ruling.DENY
    open_country = gate.review(message(subject="c2")).verdict
    assert open_country.ruling is Ruling.DEFER
    assert open_country.tasks == ("contact.country",)
    elsewhere = Person(Contact("c3", country="JP"))
    gate = make_gate(tmp_path, clock, rule, people=Crowd(elsewhere))
    assert gate.review(message(subject="c3")).verdict.ruling is Ruling.ALLOW


def test_a_state_law_is_plausible_only_inside_its_country() -> None:
    assert jurisdiction_of("us", "tx").certain(["US-TX"])
    assert jurisdiction_of("US").plausible(["US-TX"])
    assert not jurisdiction_of("US", "FL").plausible(["US-TX"])
    assert not jurisdiction_of("FR").plausible(["US-TX", "EU-XX"])
    assert jurisdiction_of(None).plausible(["US-TX"])


def test_a_deferral_waits_for_the_latest_instant(tmp_path: Path, clock: FixedClock) -> None:
    articles = article("one", "true", "defer", until="judged_at + duration('2h')") + article(
        "two", "true", "defer", until="next_local(judged_at, mood.zone, 9)"
    )
    verdict = make_gate(tmp_path, clock, articles).review(message()).verdict
    assert verdict.ruling is Ruling.DEFER
    assert verdict.until is not None
    assert verdict.until.isoformat() == "2026-11-24T08:00:00+00:00"


def test_a_deferral_that_outlives_the_actions_deadline_denies(
    tmp_path: Path, clock: FixedClock
) -> None:
    gate = make_gate(
        tmp_path, clock, article("wait", "true", "defer", until="judged_at + duration('2h')")
    )
    late = message(deadline=clock.now() + timedelta(hours=1))
    assert gate.review(late).verdict.ruling is Ruling.DENY
    early = message(deadline=clock.now() + timedelta(hours=3))
    assert gate.review(early).verdict.ruling is Ruling.DEFER


def test_a_deferral_to_the_past_asks_a_person_instead_of_going_in_circles(
    tmp_path: Path, clock: FixedClock
) -> None:
    gate = make_gate(
        tmp_path, clock, article("wait", "true", "defer", until="judged_at - duration('1s')")
    )
    assert gate.review(message()).verdict.ruling is Ruling.ESCALATE


def test_an_instant_that_cannot_be_told_is_a_gap(tmp_path: Path, clock: FixedClock) -> None:
    wait = article("wait", "true", "defer", until="next_local(judged_at, mood.zone, 9)")
    nowhere = plugin(examine=lambda a: Mood(pushy=False, zone="Nowhere/None"))
    assert (
        make_gate(tmp_path, clock, wait, nowhere).review(message()).verdict.ruling
        is Ruling.ESCALATE
    )
    unknown = plugin(
        examine=lambda a: Mood(pushy=False, zone=Unknown("no zone", needs="contact.timezone"))
    )
    verdict = make_gate(tmp_path, clock, wait, unknown).review(message()).verdict
    assert (verdict.ruling, verdict.tasks) == (Ruling.DEFER, ("contact.timezone",))


@pytest.mark.parametrize("mode", ["shadow", "warn"])
def test_shadow_is_really_inert(tmp_path: Path, clock: FixedClock, mode: str) -> None:
    failing = plugin(examine=lambda a: Mood(Unknown("?"), 1.0))
    verdict = make_gate(tmp_path, clock, PUSHY, failing, mode=mode).review(message()).verdict
    assert verdict.ruling is Ruling.ALLOW
    assert verdict.gaps == ()
    verdict = make_gate(tmp_path, clock, PUSHY, mode=mode).review(message("hurry")).verdict
    assert verdict.ruling is Ruling.ALLOW
    assert [f.article for f in verdict.noted] == ["no-pressure"]


def test_a_rewrite_that_cures_is_taken_and_kept_with_its_articles(
    tmp_path: Path, clock: FixedClock
) -> None:
    calm = plugin("calm", revise=lambda a: a.revised(text=a.text.replace("hurry", "")), evidence=())
    rule = article("no-pressure", "mood.pushy", revise="true")
    review = make_gate(tmp_path, clock, rule, plugin(), calm).review(message("please hurry"))
    assert review.verdict.ruling is Ruling.ALLOW
    assert review.action.text == "please "
    assert review.proposed.text == "please hurry"
    assert review.verdict.revisions[0].articles == ("no-pressure",)
    assert review.verdict.action_digest == review.action.digest != review.proposed.digest


def test_a_rewrite_that_loops_or_makes_it_worse_is_dropped(
    tmp_path: Path, clock: FixedClock
) -> None:
    worse = plugin("worse", revise=lambda a: a.revised(text=a.text + " hurry!"), evidence=())
    rule = article("no-pressure", "mood.pushy", then="escalate", revise="true") + article(
        "no-shouting", "action.text_length > 11"
    )
    review = make_gate(tmp_path, clock, rule, plugin(), worse).review(message("hurry"))
    assert review.verdict.ruling is Ruling.ESCALATE
    assert review.verdict.revisions == ()
    assert review.action.text == "hurry"


def test_what_nothing_can_cure_is_not_offered_for_a_rewrite(
    tmp_path: Path, clock: FixedClock
) -> None:
    offered: list[str] = []

    def revise(action: Any) -> None:
        offered.append(action.id)

    rule = article("a", "mood.pushy", revise="true") + article("b", "mood.pushy")
    plugins = (plugin(), plugin("r", revise=revise, evidence=()))
    make_gate(tmp_path, clock, rule, *plugins).review(message("hurry"))
    assert offered == []


def test_an_approval_waives_only_what_it_names_and_only_for_its_digest(
    tmp_path: Path, clock: FixedClock
) -> None:
    rules = article("one", "mood.pushy", "escalate", overridable="lead") + article(
        "two", "mood.score > 0.5", "escalate"
    )
    gate = make_gate(tmp_path, clock, rules)
    action = message("hurry")

    def approve(*names: str, digest: str = action.digest) -> Ruling:
        decision = Decision(
            "d", "c", "approve", "anna", frozenset(["lead"]), clock.now(), digest, waives=names
        )
        return gate.review(action, approval=decision).verdict.ruling

    assert approve("one") is Ruling.ESCALATE
    assert approve("one", "two") is Ruling.ALLOW
    assert approve("one", "two", digest="of another text") is Ruling.ESCALATE


def test_a_batch_gives_the_same_answers_as_one_by_one_with_one_look_up(
    tmp_path: Path, clock: FixedClock
) -> None:
    crowd = Crowd(ANKE)
    gate = make_gate(tmp_path, clock, PUSHY, people=crowd)
    actions = [message("hurry" if i % 3 == 0 else "hello") for i in range(30)]
    batch = gate.review_many(actions)
    assert crowd.asked == 1
    assert [r.verdict for r in batch] == [gate.review(a).verdict for a in actions]


def test_awaiting_gives_the_same_answers(tmp_path: Path, clock: FixedClock) -> None:
    async def examine_many(actions: Any, context: Any) -> list[Mood]:
        await asyncio.sleep(0)
        return [Mood("hurry" in a.text, 0.9) for a in actions]

    from agentkit.hookspecs import hookimpl

    module = plugin()
    module.examine_many = hookimpl(examine_many)  # type: ignore[attr-defined]
    gate = make_gate(tmp_path, clock, PUSHY, module)
    actions = [message("hurry"), message("hello")]
    expected = [Ruling.DENY, Ruling.ALLOW]
    assert [r.verdict.ruling for r in gate.review_many(actions)] == expected
    awaited = asyncio.run(gate.areview_many(actions))
    assert [r.verdict.ruling for r in awaited] == expected


def test_an_action_built_by_hand_is_cleaned_before_it_is_judged(
    tmp_path: Path, clock: FixedClock
) -> None:
    from dataclasses import replace

    raw = replace(message(), text="hur\0ry", salt="")
    review = make_gate(tmp_path, clock, PUSHY).review(raw)
    assert review.action.text == "hurry"
    assert review.verdict.ruling is Ruling.DENY
    assert review.facts["action.cleaned"] is True


def test_what_no_gate_can_judge_is_refused_aloud(tmp_path: Path, clock: FixedClock) -> None:
    with pytest.raises(InvalidAction, match="no action kind"):
        make_gate(tmp_path, clock, PUSHY).review(message(kind="message.sent"))


def test_a_subject_that_the_crm_does_not_know_leaves_gaps(
    tmp_path: Path, clock: FixedClock
) -> None:
    gate = make_gate(tmp_path, clock, article("a", "contact.country == 'DE'"))
    verdict = gate.review(message(subject="nobody")).verdict
    assert verdict.ruling is Ruling.ESCALATE


def test_the_digest_of_what_judges_changes_with_a_parameter(
    tmp_path: Path, clock: FixedClock
) -> None:
    one = make_gate(tmp_path, clock, PUSHY).policy.digest
    assert make_gate(tmp_path, clock, PUSHY).policy.digest == one
    assert make_gate(tmp_path, clock, PUSHY, parameters={"limit": 0.9}).policy.digest != one


class Paused(Evidence, namespace="paused", kinds=["message.send"]):
    """Facts of the types that JSON has none for."""

    lasts: timedelta
    since: datetime


def test_durations_and_instants_are_judged_and_recorded(tmp_path: Path, clock: FixedClock) -> None:
    paused = Paused(timedelta(days=2), clock.now())
    long = article("long-pause", "paused.lasts > duration('24h') && paused.since <= judged_at")
    gate = make_gate(tmp_path, clock, long, plugin("paused", lambda _: paused, evidence=(Paused,)))
    review = gate.review(message())
    assert [f.article for f in review.verdict.fired] == ["long-pause"]
    assert decode_facts(from_json(encode_facts(review.facts))) == review.facts


def test_the_evidence_digest_is_of_the_salt_and_the_recorded_facts(
    tmp_path: Path, clock: FixedClock
) -> None:
    gate = make_gate(tmp_path, clock, PUSHY)
    for review in gate.review_many([message(), message("hurry up"), message(channel="fax")]):
        assert review.verdict.evidence == digest_facts(review.facts, review.action.salt)


@pytest.mark.parametrize(
    "answer",
    [Failed("no"), Mood("yes"), Mood.__new__(Mood), None],  # type: ignore[arg-type]
    ids=["failed", "mistyped", "unmade", "missing"],
)
def test_what_a_plugin_does_not_give_is_no_fact_at_all(
    tmp_path: Path, clock: FixedClock, answer: Any
) -> None:
    gate = make_gate(tmp_path, clock, PUSHY, plugin(examine=lambda _: answer))
    review = gate.review(message())
    assert not any(name.startswith("mood.") for name in review.facts)
    assert review.verdict.ruling is Ruling.ESCALATE


def test_every_fact_is_written_and_none_is_left_over_from_another_action(
    tmp_path: Path, clock: FixedClock
) -> None:
    gate = make_gate(tmp_path, clock, PUSHY)
    deal = Person(ANKE.contact, records={"deal": {"amount": 5}})
    gate.people = Crowd(Person(Contact("c1", country="DE")), Person(Contact("c2")))
    plain = gate.review_many([message(), message(subject="c2"), message(subject="c9")])
    gate.people = Crowd(deal)
    gate.review(message("hurry up", args={"subject_line": "x"}))
    gate.people = Crowd(Person(Contact("c1", country="DE")), Person(Contact("c2")))
    again = gate.review_many([message(), message(subject="c2"), message(subject="c9")])
    for one, other in zip(plain, again, strict=True):
        assert one.facts == other.facts
        assert list(one.facts) == sorted(one.facts)
        assert Unknown("nobody looked") not in one.facts.values()
