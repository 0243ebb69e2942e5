from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentkit.action import MAX_TEXT, Action, Observation, Scope, Sender
from agentkit.canonical import canonical, clean_json, digest, from_json
from agentkit.errors import InvalidAction
from agentkit.kinds import BUILTIN_KINDS, ActionKind, Arg, Kinds

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(st.text(), JSON)
def test_an_action_reads_back_as_it_was_written(text: str, arguments: Any) -> None:
    action = Action.create(
        kind="tool.call",
        text=text,
        args={"tool": "t", "arguments": arguments},
        observations=(Observation("mail", text),),
        sender=Sender("Nordlicht", "DE"),
        deadline=datetime(2026, 12, 1, tzinfo=UTC),
    )
    again = Action.from_json(from_json(canonical(action.to_json())))
    assert again.digest == action.digest
    assert again.text == action.text


@given(JSON)
def test_cleaning_removes_what_blinds_a_judge_at_every_depth(value: Any) -> None:
    dirty = {"a": ["\0", {"b\ud800": "x\udfffy\0"}], "given": value}
    written = canonical(clean_json(dirty))
    assert b"\\u0000" not in written


def test_hostile_characters_are_removed_and_that_is_a_fact() -> None:
    action = Action.create(
        kind="message.send", subject="c1", text="pay\0 now", args={"x": "\ud800"}
    )
    assert action.text == "pay now"
    assert action.args == {"x": ""}
    assert action.cleaned
    assert not Action.create(kind="message.send", subject="c1", text="pay now").cleaned


def test_two_equal_actions_have_different_digests_because_of_their_salt() -> None:
    one, other = (Action.create(id="a", kind="message.send", subject="c1") for _ in range(2))
    assert one.digest != other.digest


@given(st.sampled_from(["text", "args", "purpose", "channel", "subject", "kind", "reason"]))
def test_any_change_changes_the_digest(name: str) -> None:
    action = Action.create(kind="message.send", subject="c1", salt="s")
    other = Action.from_json({**action.to_json(), name: {"x": 1} if name == "args" else "other"})
    assert other.digest != action.digest


@pytest.mark.parametrize("name", ["kind", "subject", "tenant", "agent", "id"])
def test_a_revision_may_not_become_another_action(name: str) -> None:
    action = Action.create(kind="message.send", subject="c1")
    with pytest.raises(InvalidAction, match=name):
        action.revised(**{name: "other"})


def test_a_megabyte_of_text_is_refused_with_its_length() -> None:
    with pytest.raises(InvalidAction, match="1,000,000 characters"):
        Action.create(kind="message.send", text="x" * 1_000_000)
    assert len(Action.create(kind="message.send", text="x" * MAX_TEXT).text) == MAX_TEXT


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"kind": "message.sent", "subject": "c"}, "did you mean 'message.send'"),
        ({"kind": "lead.score", "subject": "c"}, "needs argument 'score'"),
        (
            {"kind": "lead.score", "subject": "c", "args": {"score": 1, "sex": "f"}},
            "no argument 'sex'",
        ),
        ({"kind": "lead.score", "subject": "c", "args": {"score": "high"}}, "must be double"),
        ({"kind": "lead.score", "subject": "c", "args": {"score": True}}, "must be double"),
        ({"kind": "lead.score", "subject": "c", "args": {"score": float("inf")}}, "must be double"),
        ({"kind": "message.send"}, "needs a subject"),
        ({"kind": "message.send", "subject": "c", "args": []}, "must be an object"),
        ({"kind": 7}, "kind must be text"),
        ({"kind": "message.send", "colour": "red"}, "no field 'colour'"),
    ],
)
def test_a_wrong_action_is_refused_with_what_is_wrong(fields: dict[str, Any], says: str) -> None:
    with pytest.raises(InvalidAction) as caught:
        Kinds().check(Action.create(**fields))
    assert says in str(caught.value)


def test_arguments_of_more_than_a_megabyte_are_refused() -> None:
    action = Action.create(kind="tool.call", args={"tool": "t", "arguments": "x" * 1_000_001})
    with pytest.raises(InvalidAction, match="the most is 1,000,000"):
        Kinds().check(action)


def test_whole_numbers_are_welcome_where_a_kind_wants_a_double() -> None:
    action = Action.create(kind="lead.score", subject="c", args={"score": 1})
    assert Kinds().check(action).name == "lead.score"


def test_a_kind_cannot_be_given_two_meanings_under_one_version() -> None:
    kinds = Kinds()
    with pytest.raises(InvalidAction, match="another meaning"):
        kinds.add(ActionKind("message.send", args=(Arg("colour"),)))
    kinds.add(ActionKind("message.send", version=2, args=(Arg("colour"),)))
    assert kinds.get("message.send").version == 2


SCOPES = st.builds(
    Scope,
    kinds=st.frozensets(st.sampled_from(["message.send", "lead.score"])),
    channels=st.frozensets(st.sampled_from(["email", "sms"])),
    purposes=st.frozensets(st.sampled_from(["marketing", "service"])),
)
ACTIONS = st.builds(
    lambda kind, channel, purpose: Action("1", kind, channel=channel, purpose=purpose),
    st.sampled_from(["message.send", "lead.score"]),
    st.sampled_from(["email", "sms"]),
    st.sampled_from(["marketing", "service"]),
)


@given(SCOPES, SCOPES, ACTIONS)
def test_a_scope_that_covers_another_holds_whatever_the_other_holds(
    wide: Scope, narrow: Scope, action: Action
) -> None:
    if wide.covers(narrow) and narrow.holds(action):
        assert wide.holds(action)


def test_every_builtin_kind_has_one_name() -> None:
    names = [k.name for k in BUILTIN_KINDS]
    assert len(names) == len(set(names))


@given(st.dictionaries(st.text(), JSON, max_size=5))
def test_the_digest_does_not_depend_on_the_order_of_keys(value: dict[str, Any]) -> None:
    clean = clean_json(value)
    assert digest(clean) == digest(dict(reversed(list(clean.items()))))


def test_keys_that_are_no_text_have_the_same_canonical_form() -> None:
    assert canonical({2: "b", 1: "a"}) == canonical({"1": "a", "2": "b"})


@pytest.mark.parametrize(
    ("kind", "args"),
    [
        ("refund.pay", {"amount": -500_000.0, "currency": "EUR"}),
        ("offer.set", {"amount": -1.0}),
        ("offer.set", {"amount": 1.0, "discount": -3.0}),
    ],
)
def test_money_below_zero_is_refused_because_it_would_pass_under_every_limit(
    kind: str, args: dict[str, Any]
) -> None:
    with pytest.raises(InvalidAction, match="must be 0 or more"):
        Kinds().check(Action.create(kind=kind, subject="c1", args=args))


@pytest.mark.parametrize(
    ("word", "near"), [("E-Mail", "email"), ("emial", "email"), ("SMS", "sms"), ("text", "sms")]
)
def test_a_misspelt_channel_is_no_channel_of_its_own(word: str, near: str) -> None:
    action = Action.create(kind="message.send", subject="c1", channel=word, text="hello")
    with pytest.raises(InvalidAction, match=f"did you mean '{near}'"):
        Kinds().check(action)
    Kinds().check(Action.create(kind="message.send", subject="c1", channel="fax", text="hello"))


def test_a_changed_copy_has_a_digest_of_its_own() -> None:
    action = Action.create(kind="lead.score", text="one")
    assert action.digest == digest(dict(reversed(action.to_json().items())))
    assert action.revised(text="two").digest != action.digest


def test_the_sender_is_cleaned_like_every_other_text() -> None:
    action = Action.create(kind="message.send", sender=Sender("Ac\0me\ud800"))
    assert (action.sender.brand, action.cleaned) == ("Acme", True)
    assert action.digest


@pytest.mark.parametrize("number", [2**64, -(10**400)])
def test_a_number_that_nobody_can_write_down_is_refused(number: int) -> None:
    action = Action.create(kind="lead.score", subject="c1", args={"score": number})
    with pytest.raises(InvalidAction, match="64-bit"):
        Kinds().check(action)
