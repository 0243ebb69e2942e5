"""A contradicted figure becomes the record's, in the text's own format; the rest is softened."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentkit.verdict import Fired, Ruling, Verdict
from agentkit_plugins.claims import check
from agentkit_plugins.revise import revise
from tests.plugins.shop import DISCLOSED, NOON, act, context, person

VERDICT = Verdict("a", "d", Ruling.ESCALATE, fired=(Fired("x", Ruling.ESCALATE, revise=True),))


def rewritten(text: str, record: dict[str, Any], **fields: Any) -> str | None:
    who = person(records={"product": record}, country=fields.pop("country", "DE"), **fields)
    result = revise(act(text=text + DISCLOSED), VERDICT, context(who))
    return None if result is None else result.text.removesuffix(DISCLOSED)


@pytest.mark.parametrize(
    ("text", "record", "expected"),
    [
        ("The price is €1,490.00.", {"price": 1290.0}, "The price is €1,290.00."),
        ("The price is €1,490.", {"price": 1290.0}, "The price is €1,290."),
        ("The price is $1490.", {"price": 1290.5}, "The price is $1290.50."),
        ("Der Preis beträgt 1.490,00 €.", {"price": 1290.0}, "Der Preis beträgt 1.290,00 €."),
        ("Der Preis beträgt 890 €.", {"price": 1290.0}, "Der Preis beträgt 1.290 €."),
        ("Le prix est de 1 490,00 €.", {"price": 1290.0}, "Le prix est de 1 290,00 €."),
        ("El precio es de 1.490 euros.", {"price": 990.0}, "El precio es de 990 euros."),
        ("Der Preis beträgt zweihundert Euro.", {"price": 250.0}, "Der Preis beträgt 250 Euro."),
        ("You get 40% off.", {"discount": 0.15}, "You get 15% off."),
        ("Sie sparen 40 Prozent.", {"discount": 7.5}, "Sie sparen 7,5 Prozent."),
        ("We have 400 in stock.", {"stock": 38}, "We have 38 in stock."),
    ],
)
def test_a_figure_is_corrected_in_the_format_of_the_text(
    text: str, record: dict[str, Any], expected: str
) -> None:
    assert rewritten(text, record) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The offer ends on 30 November.", "The offer ends on 8 December."),
        ("The offer ends on November 30, 2026.", "The offer ends on December 8, 2026."),
        ("The offer expires 2026-11-30.", "The offer expires 2026-12-08."),
        ("Das Angebot gilt bis zum 30.11.2026.", "Das Angebot gilt bis zum 08.12.2026."),
        ("Das Angebot gilt bis 30. November.", "Das Angebot gilt bis 8. Dezember."),
        ("Das Angebot gilt nur noch heute.", "Das Angebot gilt bis zum 8. Dezember."),
        ("Das Angebot endet am Freitag.", "Das Angebot endet am 8. Dezember."),
        ("L'offre est valable jusqu'à demain.", "L'offre est valable jusqu'au 8 décembre."),
        ("La oferta es válida hasta mañana.", "La oferta es válida hasta el 8 de diciembre."),
        ("The offer is valid until Friday.", "The offer is valid until 8 December."),
    ],
)
def test_a_day_is_corrected_in_the_language_of_the_text(text: str, expected: str) -> None:
    assert rewritten(text, {"valid_until": "2026-12-08"}) == expected


def test_another_year_is_written() -> None:
    text = "The offer ends on 30 November."
    assert rewritten(text, {"valid_until": "2027-01-08"}) == "The offer ends on 8 January 2027."


def test_where_several_values_could_be_meant_the_sentence_goes() -> None:
    text = "We have a new sofa for you in our shop. The price is €99."
    record = {"price": 1290.0, "price_net": 1084.0}
    assert rewritten(text, record) == "We have a new sofa for you in our shop. "


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "As discussed last week, the sofa you saw is now in our shop.",
            "The sofa you saw is now in our shop.",
        ),
        (
            "Comme convenu la semaine dernière, voici le plan de la maison.",
            "Voici le plan de la maison.",
        ),
        (
            "Am Telefon hatten Sie mir letzte Woche gesagt, dass Sie bauen. Hier ist nun der Plan.",
            "Hier ist nun der Plan.",
        ),
    ],
)
def test_an_earlier_contact_that_never_was_is_left_out(text: str, expected: str) -> None:
    who = type(person())(person().contact, history_known=True)
    result = revise(act(text=text + DISCLOSED), VERDICT, context(who))
    assert result is not None
    assert result.text.startswith(expected)


def test_scarcity_goes_and_the_price_beside_it_stays() -> None:
    text = "The Sylt is back. Only 2 left, and the price is €1,290."
    expected = "The Sylt is back. The price is €1,290."
    assert rewritten(text, {"stock": 400, "price": 1290.0}) == expected


def test_what_would_leave_no_message_is_not_rewritten() -> None:
    assert rewritten("Nur noch 2 Stück auf Lager!", {"stock": 400}) is None


@settings(deadline=None)
@given(
    st.decimals(min_value=1, max_value=99_999, places=2),
    st.decimals(min_value=1, max_value=99_999, places=2),
    st.sampled_from(["€{:,.2f}", "{:.2f} €", "EUR {:,.0f}", "£{:,.2f}"]),
)
def test_a_corrected_price_equals_the_record(said: Any, known: Any, form: str) -> None:
    who = person(records={"product": {"price": float(known)}})
    action = act(text=f"The new sofa is in our shop. The price is {form.format(said)}." + DISCLOSED)
    result = revise(action, VERDICT, context(who)) or action
    assert {c.outcome for c in check(result, who, NOON)} <= {"supported"}


@settings(deadline=None)
@given(st.dates(min_value=NOON.date(), max_value=NOON.date().replace(year=2028)))
def test_a_corrected_day_equals_the_record(day: Any) -> None:
    who = person(records={"deal": {"valid_until": day.isoformat()}})
    for text in ("The offer ends on 30 November.", "Das Angebot gilt bis zum 30.11.2026."):
        action = act(text=text + DISCLOSED)
        result = revise(action, VERDICT, context(who)) or action
        assert {c.outcome for c in check(result, who, NOON)} == {"supported"}
