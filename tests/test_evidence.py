from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentkit.action import Scope
from agentkit.errors import InvalidEvidence
from agentkit.evidence import (
    MAX_LIST,
    Evidence,
    Finding,
    Unknown,
    fact,
)


class Sample(Evidence, namespace="sample", version=3, kinds=["message.send"]):
    word: str | Unknown
    count: int = 0
    share: float = 0.5
    yes: bool = False
    names: tuple[str, ...] = ()
    numbers: tuple[int, ...] = ()
    at: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    lasts: timedelta = timedelta(0)
    secret: str = fact(default="", personal=True, volatile=True, doc="told by the person")


def test_facts_carry_qualified_names_and_exact_values() -> None:
    facts = Sample("hello", 2, names=("a", "b")).facts()
    assert facts["sample.word"] == "hello"
    assert facts["sample.count"] == 2
    assert facts["sample.names"] == ("a", "b")
    assert set(facts) == {f.name for f in Sample.fields}


def test_a_class_declares_its_scope_version_and_volatility() -> None:
    assert Sample.scope == Scope.of(["message.send"])
    assert Sample.version == 3
    assert Sample.volatile
    secret = next(f for f in Sample.fields if f.attr == "secret")
    assert (secret.personal, secret.volatile, secret.doc) == (True, True, "told by the person")


@pytest.mark.parametrize(
    ("values", "names"),
    [
        ({"word": 3}, "sample.word"),
        ({"word": b"bytes"}, "sample.word"),
        ({"word": None}, "sample.word"),
        ({"word": "x", "count": True}, "sample.count"),
        ({"word": "x", "count": 1.0}, "sample.count"),
        ({"word": "x", "share": 1}, "sample.share"),
        ({"word": "x", "share": float("nan")}, "sample.share"),
        ({"word": "x", "yes": 1}, "sample.yes"),
        ({"word": "x", "names": ["a"]}, "sample.names"),
        ({"word": "x", "names": ("a", 1)}, "sample.names"),
        ({"word": "x", "names": ("a",) * (MAX_LIST + 1)}, "sample.names"),
        ({"word": "x", "numbers": (True,)}, "sample.numbers"),
        ({"word": "x", "at": datetime(2026, 1, 1)}, "sample.at"),  # noqa: DTZ001
        ({"word": "x", "count": Unknown("not declared so")}, "sample.count"),
        ({"word": "x" * 10_001}, "sample.word"),
    ],
    ids=lambda v: str(v)[:40],
)
def test_a_value_that_would_blind_the_judge_is_refused_by_name(
    values: dict[str, Any], names: str
) -> None:
    with pytest.raises(InvalidEvidence, match=names.replace(".", r"\.")):
        Sample(**values).facts()


def test_nul_and_lone_surrogates_never_reach_the_expression_runtime() -> None:
    facts = Sample("a\0b\ud800c", names=("x\0",)).facts()
    assert facts["sample.word"] == "abc"
    assert facts["sample.names"] == ("x",)


@given(st.text())
def test_every_text_comes_out_encodable_and_without_nul(text: str) -> None:
    value = Sample(text[:5000]).facts()["sample.word"]
    value.encode()
    assert "\0" not in value


def test_a_personal_value_is_not_repeated_in_an_error() -> None:
    with pytest.raises(InvalidEvidence) as caught:
        Sample("x", secret=["Anke Petersen"]).facts()  # type: ignore[arg-type]
    assert "Anke" not in str(caught.value)


def test_an_unknown_value_keeps_its_reason_and_what_would_settle_it() -> None:
    unknown = Unknown("no country on record", needs="contact.country")
    assert Sample(unknown).facts()["sample.word"] == unknown


def test_evidence_cannot_be_changed_after_it_was_given() -> None:
    given_evidence = Sample("x")
    with pytest.raises(AttributeError):
        given_evidence.word = "y"  # type: ignore[misc]


def test_findings_travel_with_evidence_and_are_never_facts() -> None:
    finding = Finding("false_deadline", "the quote ends in May")
    found = Sample("x", findings=[finding])
    assert found.findings == [finding]
    assert not any("finding" in name for name in found.facts())


def test_a_type_that_cannot_be_judged_is_refused_when_the_class_is_made() -> None:
    with pytest.raises(InvalidEvidence, match="cannot be judged"):

        class Bad(Evidence, namespace="bad"):
            anything: dict[str, str]


@pytest.mark.parametrize("namespace", ["two.parts", "a-b", "", "1st"])
def test_a_namespace_must_be_one_plain_word(namespace: str) -> None:
    with pytest.raises(InvalidEvidence, match="one plain word"):

        class Bad(Evidence, namespace=namespace):
            word: str


def test_facts_without_a_default_come_first() -> None:
    with pytest.raises(InvalidEvidence, match="without a default after one with"):

        class Bad(Evidence, namespace="bad"):
            first: str = "x"
            second: str  # type: ignore[misc]


def test_evidence_compares_and_prints_by_its_facts() -> None:
    assert Sample("x", findings=[Finding("a")]) == Sample("x")
    assert Sample("x") != Sample("y")
    assert "word='x'" in repr(Sample("x"))
