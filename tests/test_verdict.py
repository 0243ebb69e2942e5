from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentkit.canonical import canonical, from_json
from agentkit.evidence import Gap
from agentkit.verdict import Fired, Outcome, Revision, Ruling, Verdict, join

INSTANTS = st.datetimes(
    min_value=datetime(2026, 1, 1),  # noqa: DTZ001  (hypothesis adds the zone)
    max_value=datetime(2027, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)
OUTCOMES = st.builds(
    Outcome,
    st.sampled_from(Ruling),
    st.none() | INSTANTS,
    st.frozensets(st.sampled_from(["contact.country", "contact.timezone", "deal.amount"])),
)


@given(OUTCOMES, OUTCOMES)
def test_the_order_of_two_voices_never_matters(one: Outcome, other: Outcome) -> None:
    assert one | other == other | one


@given(OUTCOMES, OUTCOMES, OUTCOMES)
def test_the_grouping_of_voices_never_matters(a: Outcome, b: Outcome, c: Outcome) -> None:
    assert (a | b) | c == a | (b | c)


@given(OUTCOMES)
def test_hearing_a_voice_twice_changes_nothing(voice: Outcome) -> None:
    assert voice | voice == voice


@given(st.lists(OUTCOMES), OUTCOMES)
def test_one_more_voice_never_softens(voices: list[Outcome], more: Outcome) -> None:
    before, after = join(voices), join([*voices, more])
    assert after.ruling >= before.ruling
    assert after.tasks >= before.tasks
    if before.until is not None:
        assert after.until is not None
        assert after.until >= before.until


@given(st.lists(OUTCOMES, min_size=1))
def test_the_strictest_of_all_voices_binds(voices: list[Outcome]) -> None:
    assert join(voices).ruling == max(v.ruling for v in voices)
    assert join(voices) == reduce(lambda a, b: a | b, voices)


def test_no_voice_at_all_allows_and_so_the_gate_must_never_join_nothing_by_accident() -> None:
    assert join([]).ruling is Ruling.ALLOW


NOW = datetime(2026, 11, 23, 8, 30, tzinfo=UTC)
VERDICT = Verdict(
    action="a1",
    action_digest="d1",
    ruling=Ruling.DENY,
    fired=(
        Fired("quiet-hours", Ruling.DEFER, "crm-default", until=NOW + timedelta(hours=9)),
        Fired("needs-consent", Ruling.DENY, "crm-default", overridable="dpo"),
    ),
    noted=(Fired("tone", Ruling.ESCALATE, "strict", mode="warn"),),
    gaps=(Gap("contact.country", "unknown", "not on record", "contact.country"),),
    gap_rulings=(("contact.country", Ruling.DEFER),),
    revisions=(Revision("revise", ("disclosure",), "d0", "d1"),),
    evidence="e",
    binding="b",
    models=(("classifier", "abc"),),
    judged_at=NOW,
)


def test_a_verdict_reads_back_as_it_was_written() -> None:
    assert Verdict.from_json(from_json(canonical(VERDICT.to_json()))) == VERDICT


def test_waiving_an_article_leaves_what_else_fired_in_force() -> None:
    left = VERDICT.waiving(["needs-consent"], [])
    assert left.ruling is Ruling.DEFER
    assert left.until == NOW + timedelta(hours=9)
    assert left.tasks == ("contact.country",)


def test_waiving_everything_by_name_allows() -> None:
    left = VERDICT.waiving(["needs-consent", "quiet-hours"], ["contact.country"])
    assert left.ruling is Ruling.ALLOW
    assert left.until is None
    assert left.tasks == ()


@given(st.sets(st.sampled_from(["quiet-hours", "needs-consent", "unknown-article"])))
def test_waiving_never_makes_stricter(names: set[str]) -> None:
    assert VERDICT.waiving(names, []).ruling <= VERDICT.ruling


@pytest.mark.parametrize("ruling", list(Ruling))
def test_every_ruling_reads_back_from_its_word(ruling: Ruling) -> None:
    assert Ruling.read(ruling.word) is ruling
