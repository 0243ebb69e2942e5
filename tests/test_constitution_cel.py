"""The traps of the expression runtime, each closed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentkit.constitution.cel import MAX_EXPRESSION, Dialect, next_local
from agentkit.errors import ConstitutionError, InvalidEvidence
from agentkit.evidence import Evidence, Unknown

FACTS = Dialect(
    {
        "consent.status": "string",
        "consent.known": "bool",
        "deal.discount": "double",
        "deal.tags": "list(string)",
        "judged_at": "timestamp",
        "run.actions": "int",
    }
)


class Loose(Evidence, namespace="loose"):
    """One fact of each type."""

    text: str = ""
    flag: bool = False
    count: int = 0
    rate: float = 0.0
    at: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    names: tuple[str, ...] = ()


def truth(source: str, **facts: Any) -> str:
    values = {name.replace("__", "."): value for name, value in facts.items()}
    return FACTS.compile(source).truth(FACTS.env.Activation(values))


def test_a_typo_is_refused_with_the_nearest_fact() -> None:
    with pytest.raises(ConstitutionError) as caught:
        FACTS.compile("consent.statu == 'granted'")
    assert "consent" in caught.value.message
    assert caught.value.hint == "did you mean 'consent.status'?"


@pytest.mark.parametrize(
    "source",
    [
        "consent.status == 3",
        "deal.discount > 'x'",
        "run.actions + 1.5 > 2.0",
        "consent.status",
        "run.actions",
        "consent.status ==",
        "'x' in consent.status",
        "judged_at > 5",
    ],
)
def test_a_wrong_type_or_syntax_is_refused_at_load(source: str) -> None:
    with pytest.raises(ConstitutionError):
        FACTS.compile(source)


@pytest.mark.parametrize(
    "source",
    [
        "has(consent.status)",
        "has ( consent.status )",
        "has\n(consent.status)",
        "has // a comment\n (consent.status)",
        "consent.known && has(consent.status)",
    ],
)
def test_has_is_refused_however_it_is_written(source: str) -> None:
    with pytest.raises(ConstitutionError):
        FACTS.compile(source)


@pytest.mark.parametrize(
    "source", ["consent.status == 'has(x)'", 'consent.status == "has (x)"', "true // has(x)"]
)
def test_has_inside_a_literal_or_comment_is_only_text(source: str) -> None:
    assert FACTS.compile(source).source == source


@pytest.mark.parametrize("name", ["consent", "deal", "run", "judged_at"])
def test_a_loop_variable_may_not_hide_a_fact(name: str) -> None:
    with pytest.raises(ConstitutionError, match="hides a declared fact"):
        FACTS.compile(f"deal.tags.exists({name}, {name} == 'vip')")


def test_a_loop_over_its_own_name_is_fine_and_its_variable_is_no_fact() -> None:
    expression = FACTS.compile("deal.tags.exists(tag, tag == 'vip')")
    assert expression.needs == {"deal.tags"}
    assert expression.truth(FACTS.env.Activation({"deal.tags": ["vip"]})) == "true"


def test_an_error_is_neither_true_nor_false() -> None:
    assert truth("consent.status == 'granted'") == "error"
    assert truth("consent.known && consent.status == 'granted'", consent__known=True) == "error"
    assert truth("consent.known && consent.status == 'granted'", consent__known=False) == "false"
    assert truth("consent.known || consent.status == 'granted'", consent__known=True) == "true"


def test_every_fact_that_an_expression_reads_is_known_though_the_runtime_names_one() -> None:
    expression = FACTS.compile("consent.known && consent.status == 'x' && deal.discount > 0.1")
    assert expression.needs == {"consent.known", "consent.status", "deal.discount"}


def test_an_expression_that_raises_is_an_error_and_not_an_exception() -> None:
    assert truth("1 / run.actions > 0", run__actions=0) == "error"
    assert truth("deal.tags[3] == 'x'", deal__tags=["a"]) == "error"
    assert truth("consent.status.matches('(')", consent__status="x") == "error"


def test_running_out_of_the_budget_is_an_error() -> None:
    source = "deal.tags.all(a, deal.tags.all(b, deal.tags.all(c, a + b + c != 'x')))"
    assert truth(source, deal__tags=[str(n) for n in range(100)]) == "error"


def test_a_very_long_expression_is_refused_with_a_message() -> None:
    source = " || ".join(["consent.known"] * (MAX_EXPRESSION // 10))
    with pytest.raises(ConstitutionError, match="characters"):
        FACTS.compile(source)


def test_a_nul_in_an_expression_is_refused() -> None:
    with pytest.raises(ConstitutionError):
        FACTS.compile("consent.status == 'a\0b'")


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"count": True}, "bool is no int"),
        ({"rate": True}, "bool is no double"),
        ({"rate": 1}, "int is no double"),
        ({"count": 1.0}, "double is no int"),
        ({"text": b"bytes"}, "bytes are no string"),
        ({"rate": float("nan")}, "NaN compares to nothing"),
        ({"at": datetime(2026, 1, 1)}, "naive instants are read as UTC"),  # noqa: DTZ001
        ({"names": ["a"]}, "lists are tuples"),
        ({"names": ("a", 3)}, "of one type"),
        ({"names": ("a",) * 101}, "and short"),
        ({"text": "x" * 10_001}, "as texts are"),
        ({"text": Unknown("?")}, "unknown only where declared"),
        ({"text": None}, "None is no value"),
        ({"count": 2**63}, "an int has 64 bits"),
    ],
)
def test_a_value_of_another_type_never_reaches_an_expression(
    values: dict[str, Any], why: str
) -> None:
    with pytest.raises(InvalidEvidence):
        Loose(**values).facts()


def test_nul_and_lone_surrogates_are_taken_out_of_facts() -> None:
    found = Loose(text="gran\0ted\ud800", names=("a\0", "b\udfff")).facts()
    assert found["loose.text"] == "granted"
    assert found["loose.names"] == ("a", "b")


@pytest.mark.parametrize(
    ("instant", "zone", "hour", "expected"),
    [
        ("2026-10-24T20:00:00+02:00", "Europe/Berlin", 9, "2026-10-25T09:00:00+01:00"),
        ("2026-03-28T20:00:00+01:00", "Europe/Berlin", 9, "2026-03-29T09:00:00+02:00"),
        ("2026-03-29T00:30:00+01:00", "Europe/Berlin", 2, "2026-03-29T03:00:00+02:00"),
        ("2026-10-25T00:30:00+02:00", "Europe/Berlin", 2, "2026-10-25T02:00:00+02:00"),
        ("2026-11-23T08:59:59-06:00", "America/Chicago", 9, "2026-11-23T09:00:00-06:00"),
        ("2026-11-23T09:00:00-06:00", "America/Chicago", 9, "2026-11-24T09:00:00-06:00"),
        ("2026-11-23T09:00:00+05:30", "Asia/Kolkata", 10, "2026-11-23T10:00:00+05:30"),
    ],
)
def test_next_local_is_right_across_a_change_of_the_clocks(
    instant: str, zone: str, hour: int, expected: str
) -> None:
    found = next_local(datetime.fromisoformat(instant), zone, hour)
    assert found == datetime.fromisoformat(expected)


@given(
    st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    st.sampled_from(["Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"]),
    st.integers(0, 23),
)
def test_next_local_is_later_within_two_days_and_shows_the_hour(
    instant: datetime, zone: str, hour: int
) -> None:
    found = next_local(instant, zone, hour)
    assert instant < found <= instant + timedelta(hours=49)
    shown = found.astimezone(ZoneInfo(zone))
    assert shown.hour in {hour, (hour + 1) % 24}


@pytest.mark.parametrize(("zone", "hour"), [("Mars/Base", 9), ("Europe/Berlin", 24), ("", 9)])
def test_a_zone_or_hour_that_does_not_exist_leaves_no_instant(zone: str, hour: int) -> None:
    expression = FACTS.compile(f"next_local(judged_at, {zone!r}, {hour})", "timestamp")
    activation = FACTS.env.Activation({"judged_at": datetime(2026, 11, 23, tzinfo=UTC)})
    assert expression.instant(activation) is None
