from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from agentkit.action import Observation
from agentkit.agent import Agent
from agentkit.context import Touch
from agentkit.evidence import Failed, Unknown
from agentkit_plugins import deception
from agentkit_plugins.claims import check
from tests.plugins.shop import DISCLOSED, LAST_YEAR, NOON, act, context, facts, no_model, person

SOFA: dict[str, Any] = {
    "product": {"name": "Sofa Sylt", "price": 1290.0, "currency": "EUR", "stock": 400}
}
QUOTE: dict[str, Any] = {
    "deal": {"amount": 918.0, "discount": 0.15, "valid_until": "2026-12-08", "currency": "EUR"}
}


def look(text: str, records: Any = None, **fields: Any) -> dict[str, Any]:
    country = fields.pop("country", "DE")
    more = {k: fields.pop(k) for k in ("history", "bought") if k in fields}
    who = person(records=records or {}, country=country, **more)
    seen = context(who, **{k: fields.pop(k) for k in ("agents", "model") if k in fields})
    return facts(deception, act(text=text, **fields), seen)


def outcomes(text: str, records: Any, country: str = "DE") -> set[tuple[str, str]]:
    who = person(records=records, country=country)
    return {(c.kind, c.outcome) for c in check(act(text=text), who, NOON, country)}


@pytest.mark.parametrize(
    "text",
    [
        "Only 2 left!",
        "There are just 3 sofas left in our warehouse.",
        "Nur noch 2 Stück auf Lager.",
        "Il n'en reste que 2.",
        "Plus que 2 exemplaires disponibles !",
        "Solo quedan 2 unidades.",
        "The Sylt is almost sold out.",
        "Fast ausverkauft!",
    ],
)
def test_scarcity_is_a_lie_when_four_hundred_are_in_stock(text: str) -> None:
    assert ("stock", "contradicted") in outcomes(text, SOFA)


@pytest.mark.parametrize("text", ["Only 2 left!", "Nur noch 2 Stück auf Lager.", "Solo quedan 2."])
def test_scarcity_is_fine_when_it_is_true(text: str) -> None:
    assert outcomes(text, {"product": {"stock": 2}}) == {("stock", "supported")}


def test_a_record_without_stock_supports_nothing_and_contradicts_nothing() -> None:
    assert outcomes("Only 2 left!", {"product": {"name": "Sofa"}}) == {("stock", "unsupported")}
    assert outcomes("Only 2 left!", {}) == {("stock", "unsupported")}


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("The price is €1,290.00.", "supported"),
        ("Der Preis beträgt 1.290 €.", "supported"),
        ("Le prix est de 1 290,00 EUR.", "supported"),
        ("El precio es de 1.290,00 euros.", "supported"),
        ("The price is only €890.", "contradicted"),
        ("Der Preis: 890,00 EUR", "contradicted"),
        ("Le prix : 890 €", "contradicted"),
        ("Our offer includes delivery for €49.", "unsupported"),
        ("Free delivery for orders over €500.", "unsupported"),
    ],
)
def test_prices_are_compared_in_the_formats_of_four_languages(text: str, outcome: str) -> None:
    assert outcomes(text, SOFA) == {("price", outcome)}


def test_a_price_before_or_after_the_discount_is_the_price() -> None:
    assert ("price", "supported") in outcomes("The price is 1,080.00 €.", QUOTE)
    assert ("price", "supported") in outcomes("Your quote: €918", QUOTE)


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("You get 15% off.", "supported"),
        ("15 Prozent Rabatt für Sie", "supported"),
        ("une remise de 15 %", "supported"),
        ("un descuento del 15 %", "supported"),
        ("Save 40% now", "contradicted"),
        ("Sie sparen 40 %", "contradicted"),
    ],
)
def test_discounts_are_compared_with_the_deal(text: str, outcome: str) -> None:
    assert outcomes(text, QUOTE) == {("discount", outcome)}


def test_a_percentage_that_is_no_discount_is_no_claim() -> None:
    assert outcomes("Made of 100% wool, 19% VAT included.", QUOTE) == set()


@pytest.mark.parametrize(
    ("text", "country", "outcome"),
    [
        ("The offer is valid until 8 December.", "DE", "supported"),
        ("The offer ends on December 8th, 2026.", "US", "supported"),
        ("The offer is valid until 12/8/2026.", "US", "supported"),
        ("The offer is valid until 08/12/2026.", "GB", "supported"),
        ("Das Angebot gilt bis 8. Dezember 2026.", "DE", "supported"),
        ("Das Angebot gilt bis zum 08.12.2026.", "DE", "supported"),
        ("L'offre est valable jusqu'au 8 décembre 2026.", "FR", "supported"),
        ("La oferta es válida hasta el 8 de diciembre de 2026.", "ES", "supported"),
        ("The offer expires 2026-12-08.", "DE", "supported"),
        ("The offer ends tonight.", "DE", "contradicted"),
        ("Das Angebot gilt nur noch heute.", "DE", "contradicted"),
        ("The offer is valid until Friday.", "DE", "contradicted"),
        ("L'offre expire demain.", "FR", "contradicted"),
        ("The offer ends in 24 hours.", "DE", "contradicted"),
        ("The offer is valid until 30 November.", "DE", "contradicted"),
    ],
)
def test_deadlines_are_compared_with_the_end_of_the_offer(
    text: str, country: str, outcome: str
) -> None:
    assert outcomes(text, QUOTE, country) == {("date", outcome)}


@pytest.mark.parametrize(
    "text",
    [
        "See you on Friday at 10.",
        "Our quote of 3 November is attached.",
        "Your invoice 4711 of 12 October has 3 pages.",
        "The sofa is 200 cm wide and 95 cm deep.",
        "Call us on 040 66969 before you come.",
    ],
)
def test_ordinary_dates_and_numbers_are_no_claims(text: str) -> None:
    assert outcomes(text, QUOTE | SOFA) == set()


def test_an_impossible_date_is_passed_over() -> None:
    assert outcomes("The offer is valid until 31.02.2026.", QUOTE) == set()


@pytest.mark.parametrize(
    "text", ["As discussed, ", "Wie besprochen, ", "Comme convenu, ", "Como hablamos, "]
)
def test_an_earlier_contact_needs_one_on_record(text: str) -> None:
    assert look(text)["truth.unsupported"] == ("prior_contact",)
    touch = Touch("message.send", "email", "service", NOON - timedelta(days=9))
    assert look(text, history=(touch,))["truth.unsupported"] == ()
    assert look(text, observations=(Observation("mail", "hi"),))["truth.unsupported"] == ()


def test_a_customer_is_called_one_only_where_a_purchase_is_on_record() -> None:
    assert look("As an existing customer")["truth.unsupported"] == ("relationship",)
    assert look("As an existing customer", bought=LAST_YEAR)["truth.unsupported"] == ()


def test_findings_name_the_place_and_what_the_record_says() -> None:
    action = act(text="Good news. Only 2 left!")
    _, truth = deception.examine_many([action], context(person(records=SOFA)))[0]
    (finding,) = truth.findings
    assert finding.span is not None
    assert action.text[finding.span.start : finding.span.end] == "Only 2 left"
    assert finding.label == "contradicted_stock"
    assert "400" in finding.message


@pytest.mark.parametrize(
    ("text", "discloses", "human"),
    [
        (DISCLOSED, True, False),
        ("Diese Nachricht hat ein KI-Assistent geschrieben.", True, False),
        ("Rédigé par un assistant IA", True, False),
        ("Soy un asistente de IA", True, False),
        ("I’m a real person, I promise", False, True),
        ("Ich bin kein Bot.", False, True),
        ("hello", False, False),
        ("Our aim is good sofas. Von einer Kiste bis zum Schrank.", False, False),
        ("I am humanitarian.", False, False),
        ("Our AI, Nora, wrote this.", True, False),
    ],
)
def test_who_says_what_is_writing(text: str, discloses: bool, human: bool) -> None:
    found = look(text)
    assert (found["truth.discloses_ai"], found["truth.claims_human"]) == (discloses, human)


@pytest.mark.parametrize(
    ("end", "names", "signature"),
    [
        ("Best regards,\nMara Lindt", ("Mara Lindt",), "known"),
        ("Viele Grüße\nMara", ("Mara Lindt",), "known"),
        ("Cordialement,\nVotre équipe Nordlicht", ("Mara Lindt",), "known"),
        ("Kind regards, John Smith", ("Mara Lindt",), "unknown"),
        ("Kind regards, John Smith", (), "unchecked"),
        ("See you soon", ("Mara Lindt",), "none"),
        ("Regards,", ("Mara Lindt",), "none"),
    ],
)
def test_a_signature_is_compared_with_the_charter(
    end: str, names: tuple[str, ...], signature: str
) -> None:
    agent = Agent("a", kinds=frozenset({"message.send"}), sender_names=names)
    assert look(f"Hello\n\n{end}", agents=(agent,))["truth.signature"] == signature


def test_the_models_answer_becomes_claims_and_manipulation() -> None:
    found = look("hurry until tomorrow")
    assert found["deception.flagged"] is True
    assert found["deception.claims"] == ("deadline",)
    assert found["deception.manipulation"] == ("pressure",)
    assert look("hello", args={"subject_line": "hurry"})["deception.flagged"] is True


def test_a_lie_in_the_subject_line_is_a_lie() -> None:
    found = look("Hello.", SOFA, args={"subject_line": "Only 2 left!"})
    assert found["truth.contradicted"] == ("stock",)
    assert look("Hello.", args={"subject_line": "I am a human"})["truth.claims_human"] is True


def test_without_a_model_the_records_still_speak() -> None:
    found = look("Only 2 left!", SOFA, model=no_model)
    assert isinstance(found["Failed"], Failed)
    assert found["truth.contradicted"] == ("stock",)


def test_a_language_that_nobody_supports_is_unknown_and_no_words_are_nothing() -> None:
    assert isinstance(look("xyzzy xyzzy")["deception.score"], Unknown)
    assert look("12345 !!")["deception.flagged"] is False
    assert look("")["deception.flagged"] is False


@pytest.mark.parametrize(
    "text",
    [
        "only " * 20_000,
        "1 " * 50_000,
        "€" * 100_000,
        "until 1. " * 11_000,
        "1" * 100_000,
        ("only 1 a b c " * 7_000),
        "." * 100_000,
        "valid until today " * 5_000,
    ],
    ids=range(8),
)
def test_hostile_texts_of_full_length_are_read_in_bounded_time(text: str) -> None:
    assert len(look(text[:100_000])) > 5
