from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentkit.canonical import from_json
from agentkit.evidence import Unknown
from agentkit.facts import decode_facts, digest_facts, encode_facts

_INT64 = st.integers(-(2**63), 2**63 - 1)
_FLOATS = st.floats(allow_nan=False, allow_infinity=False)
_TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
_INSTANTS = st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=2))]))
_VALUES = st.one_of(
    _TEXTS, st.booleans(), _INT64, _FLOATS, _INSTANTS, st.timedeltas(),
    st.builds(Unknown, _TEXTS, _TEXTS),
    *(st.lists(items, max_size=3).map(tuple) for items in (_TEXTS, _INT64, _FLOATS)),
)  # fmt: skip
_FACTS = st.dictionaries(st.sampled_from(["a.b", "a.c", "consent.at", "z.a"]), _VALUES)

ALIKE = [
    1, 1.0, True, "1", "true", (1,), (1.0,), ("1",), (), "", 0, 0.0, False,
    Unknown("1"), Unknown("1", "a"), Unknown(""), timedelta(seconds=1), timedelta(0),
    datetime(1970, 1, 1, tzinfo=UTC), "1970-01-01T00:00:00Z", "1970-01-01T00:00:00+00:00",
    '{"at":0}', '{"unknown":"1","needs":""}', ("at", "0"),
]  # fmt: skip
"""Values that a careless form would write alike."""


def strict(value: Any) -> tuple[str, str]:
    """What tells two values apart: type, and value; instants in one zone."""
    if isinstance(value, datetime):
        value = value.astimezone(UTC).replace(fold=0)
    return type(value).__name__, repr(value)


def strictly(facts: dict[str, Any]) -> dict[str, tuple[str, str]]:
    return {name: strict(value) for name, value in facts.items()}


@given(_FACTS, _FACTS)
def test_facts_have_one_digest_exactly_where_they_are_equal(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    same = digest_facts(one, "s") == digest_facts(other, "s")
    assert same == (strictly(one) == strictly(other))


@given(_VALUES, _VALUES)
def test_values_have_one_form_exactly_where_they_are_equal(one: Any, other: Any) -> None:
    same = encode_facts({"a.b": one}) == encode_facts({"a.b": other})
    assert same == (strict(one) == strict(other))


@pytest.mark.parametrize("one", range(len(ALIKE)))
def test_values_that_look_alike_are_told_apart(one: int) -> None:
    forms = [encode_facts({"a.b": value}) for value in ALIKE]
    assert forms.count(forms[one]) == 1


@given(_FACTS, st.randoms())
def test_the_order_of_facts_does_not_matter(facts: dict[str, Any], random: Any) -> None:
    items = list(facts.items())
    random.shuffle(items)
    assert encode_facts(dict(items)) == encode_facts(facts)


@given(_FACTS)
def test_what_is_recorded_reads_back_as_it_was(facts: dict[str, Any]) -> None:
    back = decode_facts(from_json(encode_facts(facts)))
    assert strictly(back) == strictly(facts)
    assert encode_facts(back) == encode_facts(facts)


def test_an_instant_has_one_form_in_every_zone() -> None:
    berlin = datetime(2026, 7, 1, 11, tzinfo=timezone(timedelta(hours=2)))
    assert encode_facts({"a.b": berlin}) == encode_facts({"a.b": berlin.astimezone(UTC)})


def test_the_digest_of_guessed_facts_is_another_without_the_salt() -> None:
    facts = {"contact.country": "DE"}
    assert digest_facts(facts, "") != digest_facts(facts, "ab")


def test_what_is_no_fact_is_not_recorded() -> None:
    with pytest.raises(TypeError, match="not JSON serializable"):
        encode_facts({"a.b": object()})
