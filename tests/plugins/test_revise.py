from __future__ import annotations

from typing import Any

import pytest

from agentkit.verdict import Fired, Ruling, Verdict
from agentkit_plugins.revise import language_of, revise
from tests.plugins.shop import DISCLOSED, act, context, no_model, person

VERDICT = Verdict("a", "d", Ruling.ESCALATE, fired=(Fired("x", Ruling.ESCALATE, revise=True),))
SOFA: dict[str, Any] = {"product": {"stock": 400, "price": 1290.0}}


def rewritten(text: str, records: Any = None, **fields: Any) -> str | None:
    model = {"model": fields.pop("model")} if "model" in fields else {}
    action = act(text=text)
    result = revise(action, VERDICT, context(person(records=records or {}, **fields), **model))
    return None if result is None else result.text


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            "Thank you for your order, we will send it.",
            "This message was written by an AI assistant.",
        ),
        (
            "Vielen Dank für Ihre Bestellung, wir sind für Sie da.",
            "Diese Nachricht hat ein KI-Assistent geschrieben.",
        ),
        (
            "Merci pour votre commande, nous sommes là pour vous.",
            "Ce message a été rédigé par un assistant IA.",
        ),
        (
            "Gracias por su pedido, estamos para usted en la tienda.",
            "Este mensaje lo ha redactado un asistente de IA.",
        ),
    ],
)
def test_the_disclosure_is_added_once_in_the_language_of_the_message(text: str, line: str) -> None:
    once = rewritten(text)
    assert once == f"{text}\n\n{line}"
    assert rewritten(once) is None


def test_a_text_that_tells_no_language_takes_the_persons() -> None:
    assert language_of("Ok!", "fr") == "fr"
    assert language_of("Ok!", "it") == "en"
    assert language_of("Ok!") == "en"


def test_a_sentence_that_the_record_contradicts_is_dropped_and_nothing_else() -> None:
    text = "The new sofa is here. Only 2 left! It costs €1,290.00.\nKind regards" + DISCLOSED
    assert rewritten(text, SOFA) == text.replace("Only 2 left! ", "")


def test_empty_urgency_is_dropped_where_the_model_flags_it() -> None:
    text = "We have new sofas in our shop. Hurry, act now! Come and see them." + DISCLOSED
    assert rewritten(text) == text.replace("Hurry, act now! ", "")


def test_urgency_that_no_model_flags_stays() -> None:
    text = "We have new sofas in our shop. Don't miss the tea on Sunday." + DISCLOSED
    assert rewritten(text) is None
    assert rewritten(text, model=no_model) is None


def test_a_message_that_is_nothing_but_a_lie_is_not_rewritten() -> None:
    assert rewritten("Only 2 left!", SOFA) is None


def test_a_text_that_says_a_person_writes_is_not_given_a_disclosure_beside_it() -> None:
    assert rewritten("I am a real person, and we have new sofas for you.") is None


def test_nothing_is_rewritten_where_no_article_asks_for_it() -> None:
    verdict = Verdict("a", "d", Ruling.DENY, fired=(Fired("x", Ruling.DENY),))
    assert revise(act(text="Hello there"), verdict, context(person())) is None


def test_a_revision_adds_no_digit_and_no_address() -> None:
    text = "Only 2 left! The offer ends tonight. We have new sofas, see www.example.com."
    revised = rewritten(text, SOFA) or ""
    assert {c for c in revised if c.isdigit()} <= {c for c in text if c.isdigit()}
    assert revised.count("www") == 1


def test_one_small_word_is_enough_to_tell_the_language_of_a_short_message() -> None:
    assert language_of("Hello, our sale ends tonight!", "de") == "en"
    assert language_of("Sale!", "de") == "de"
    assert language_of("Sale!") == "en"
