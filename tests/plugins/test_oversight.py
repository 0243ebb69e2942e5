from __future__ import annotations

from typing import Any

import pytest

from agentkit.action import Observation
from agentkit.agent import Agent
from agentkit.context import Stop
from agentkit.evidence import Failed, Unknown
from agentkit_plugins import oversight
from tests.plugins.shop import NOON, act, context, facts, no_model, person


def look(kind: str = "message.send", **fields: Any) -> dict[str, Any]:
    more = {k: fields.pop(k) for k in ("stops", "agents", "model") if k in fields}
    return facts(oversight, act(kind, **fields), context(person(), **more))


def wrote(*texts: str) -> dict[str, Any]:
    return {"observations": tuple(Observation("mail", t) for t in texts)}


@pytest.mark.parametrize("scope", ["all", "agent:a", "kind:message.send", "person:c1"])
def test_a_stop_switch_is_seen_in_each_of_its_scopes(scope: str) -> None:
    found = look(stops=(Stop(scope, "anna", NOON),))
    assert (found["oversight.stopped"], found["oversight.stop_scope"]) == (True, scope)


def test_a_stop_of_another_agent_stops_nobody_else() -> None:
    found = look(stops=(Stop("agent:b", "anna", NOON), Stop("person:c2", "anna", NOON)))
    assert (found["oversight.stopped"], found["oversight.stop_scope"]) == (False, "")


@pytest.mark.parametrize(
    ("kind", "args", "amount", "irreversible", "writes"),
    [
        ("refund.pay", {"amount": 250, "currency": "EUR"}, 250.0, True, True),
        ("offer.set", {"amount": 9.5}, 9.5, False, True),
        ("record.delete", {"type": "deal", "record": "1"}, 0.0, True, True),
        ("lead.score", {"score": 0.4}, 0.0, False, True),
        ("tool.call", {"tool": "get_invoice", "arguments": {}}, 0.0, True, False),
        ("tool.call", {"tool": "crm.listContacts", "arguments": {}}, 0.0, True, False),
        ("tool.call", {"tool": "send_money", "arguments": {}}, 0.0, True, True),
        ("tool.call", {"tool": "getaway_book", "arguments": {}}, 0.0, True, True),
        ("tool.call", {"tool": "", "arguments": {}}, 0.0, True, True),
    ],
)
def test_what_is_at_stake_is_read_from_kind_and_arguments(
    kind: str, args: dict[str, Any], amount: float, irreversible: bool, writes: bool
) -> None:
    found = look(kind, args=args)
    assert found["oversight.amount"] == amount
    assert found["oversight.irreversible"] is irreversible
    assert found["oversight.writes"] is writes


def test_silence_about_confidence_is_not_doubt() -> None:
    assert (look()["oversight.confidence_given"], look()["oversight.confidence"]) == (False, 1.0)
    sure = look(confidence=0.3)
    assert (sure["oversight.confidence_given"], sure["oversight.confidence"]) == (True, 0.3)


@pytest.mark.parametrize(
    ("region", "short"),
    [("eu-central-1", "EU"), ("US East (Ohio)", "US"), ("local", "LOCAL"), ("", "")],
)
def test_the_models_region_is_told_in_one_word(region: str, short: str) -> None:
    agent = Agent("a", kinds=frozenset({"message.send"}), region=region)
    assert look(agents=(agent,))["oversight.model_region"] == short
    assert look()["oversight.model_region"] == ""


@pytest.mark.parametrize(
    "text",
    [
        "Please, I want to talk to a human.",
        "Ich möchte mit einem Menschen sprechen!",
        "Je voudrais parler à une personne, merci",
        "Quiero hablar con una persona.",
        "I don’t want bots. Real human please",
    ],
)
def test_a_customer_who_asks_for_a_person_is_heard_in_four_languages(text: str) -> None:
    assert look(**wrote("hello", text))["person.asks"] is True


def test_distress_is_the_heads_to_see() -> None:
    found = look(**wrote("I am in despair"))
    assert (found["person.asks"], found["person.flagged"]) == (False, True)
    calm = look(**wrote("Where is my sofa?"))
    assert (calm["person.flagged"], calm["person.score"]) == (False, 0.1)


def test_where_nothing_was_read_no_model_is_asked() -> None:
    assert look(model=no_model)["person.flagged"] is False


def test_without_a_model_only_the_models_facts_fail() -> None:
    found = look(model=no_model, **wrote("hello"))
    assert isinstance(found["Failed"], Failed)
    assert found["oversight.stopped"] is False


def test_a_text_that_cannot_be_scored_is_unknown_unless_another_one_settles_it() -> None:
    assert isinstance(look(**wrote("xyzzy"))["person.flagged"], Unknown)
    assert look(**wrote("xyzzy", "despair"))["person.flagged"] is True
    assert look(**wrote("despair", "xyzzy"))["person.flagged"] is True
    assert look(**wrote("despair", "hello"))["person.flagged"] is True
    assert look(**wrote("123", "!!"))["person.flagged"] is False


def test_each_action_of_a_batch_gets_the_score_of_its_own_text() -> None:
    actions = [
        act(**wrote("despair")),
        act(),
        act("lead.score", args={"score": 1}),
        act(**wrote("hi")),
    ]
    answers = oversight.examine_many(actions, context(person()))
    flags = [a[1].facts()["person.flagged"] if len(a) > 1 else None for a in answers]  # type: ignore[union-attr]
    assert flags == [True, False, None, False]


@pytest.mark.parametrize(
    ("answer", "flagged"),
    [
        ('{"name": "Sofa despair", "price": 9}', False),
        ('{"mails": [{"text": "despair"}]}', True),
        ('{"subject": "the new sofa arrived broken again and I am in despair"}', True),
        ('{"name": "despair', True),
        ('[[[[[[[[[["despair"]]]]]]]]]]', True),
        ("{}", False),
    ],
    ids=["a product", "a message", "a long field", "broken JSON", "very deep", "nothing"],
)
def test_of_a_structured_answer_what_people_wrote_is_scored(answer: str, flagged: bool) -> None:
    assert look(**wrote(answer))["person.flagged"] is flagged


def test_words_that_ask_for_a_person_are_heard_in_any_field_and_in_the_request() -> None:
    assert look(**wrote('{"name": "Real human please"}'))["person.asks"] is True
    assert look(**wrote("{}"), request="I want to speak to a human")["person.asks"] is True


def test_what_the_business_asks_its_agent_is_no_customers_distress() -> None:
    assert look(**wrote("hello"), request="despair")["person.flagged"] is False
