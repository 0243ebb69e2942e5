"""Claims as people write them, bad input included, compared with the record."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from agentkit.action import Sender
from agentkit.agent import Agent
from agentkit.context import ConsentRecord, Touch
from agentkit_plugins.claims import Claim, check
from agentkit_plugins.records import Record
from tests.plugins.shop import LAST_YEAR, NOON, act, person

LAST_WEEK = Touch("call.place", "phone", "service", NOON - timedelta(days=5))
LONG_AGO = Touch("call.place", "phone", "service", NOON - timedelta(days=200))


def claims(text: str, records: Any = None, **fields: Any) -> list[Claim]:
    country, action = fields.pop("country", "DE"), fields.pop("action", {})
    agent = fields.pop("agent", None)
    who = person(records=records or {}, country=country, **fields)
    return check(act(text=text, **action), who, NOON, country, agent)


def told(text: str, records: Any = None, **fields: Any) -> set[tuple[str, str]]:
    return {(c.kind, c.outcome) for c in claims(text, records, **fields)}


@pytest.mark.parametrize(
    ("text", "stock"),
    [
        ("Nur noch zwei Stück auf Lager.", 2),
        ("There are just three left.", 3),
        ("Il ne reste que quatre exemplaires.", 4),
        ("Solo nos quedan cinco unidades.", 5),
        ("Nur noch einundzwanzig Stück da.", 21),
        ("Il ne reste que quatre-vingt-deux exemplaires.", 82),
        ("We have only one left.", 1),
    ],
)
def test_numbers_written_out_are_numbers(text: str, stock: int) -> None:
    assert told(text, {"product": {"stock": stock}}) == {("stock", "supported")}
    assert told(text, {"product": {"stock": stock + 400}}) == {("stock", "contradicted")}


@pytest.mark.parametrize(
    ("text", "price"),
    [
        ("Der Preis beträgt zweihundert Euro.", 200.0),
        ("Le prix est de deux cents euros.", 200.0),
        ("El precio es de seiscientos euros.", 600.0),
        ("The price is two hundred and fifty pounds.", 250.0),
        ("Die Schere kostet 24 Euro 90.", 24.9),
    ],
)
def test_money_written_out_is_money(text: str, price: float) -> None:
    assert told(text, {"product": {"price": price}}) == {("price", "supported")}
    assert told(text, {"product": {"price": price + 1}}) == {("price", "contradicted")}


def test_a_finding_points_at_the_words_and_not_at_the_digits_they_stand_for() -> None:
    text = "Zum Preis von zweihundertfünfzig Euro, und es gibt nur noch vier davon."
    found = {c.kind: c for c in claims(text, {"product": {"stock": 90, "price": 10.0}})}
    assert found["price"].said == "zweihundertfünfzig Euro"
    assert text[found["stock"].span.start : found["stock"].span.end].endswith("vier davon")


@pytest.mark.parametrize(
    "text", ["un vélo neuf en stock", "Der eine oder andere Tag.", "One of us will call."]
)
def test_articles_and_adjectives_that_could_be_numbers_are_none(text: str) -> None:
    assert told(text, {"product": {"stock": 400}}) == set()


@pytest.mark.parametrize(
    ("text", "kind", "record", "outcome"),
    [
        ("The fee is between £250 and £300.", "price", {"price": 280.0}, "supported"),
        ("The fee is between £250 and £300.", "price", {"price": 420.0}, "contradicted"),
        ("Der Preis: 200–250 €", "price", {"price": 225.0}, "supported"),
        ("Der Preis: 200–250 €", "price", {"price": 260.0}, "contradicted"),
        ("Rabatt zwischen 10 und 20 %", "discount", {"discount": 0.15}, "supported"),
        ("Rabatt zwischen 10 und 20 %", "discount", {"discount": 0.3}, "contradicted"),
        ("une remise de 5–10 %", "discount", {"discount": 0.07}, "supported"),
    ],
)
def test_a_range_holds_what_lies_in_it(
    text: str, kind: str, record: dict[str, Any], outcome: str
) -> None:
    assert told(text, {"product": record}) == {(kind, outcome)}


def test_another_currency_is_never_the_same_price() -> None:
    euros = {"product": {"price": 780.0, "currency": "EUR"}}
    assert told("The kayak costs 780 EUR.", euros) == {("price", "supported")}
    assert told("The kayak costs 780 USD.", euros) == {("price", "contradicted")}
    assert told("The kayak costs 850 USD.", euros) == {("price", "unsupported")}
    assert told("The kayak costs 780 EUR (about 850 USD).", euros) == {("price", "supported")}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("list_price", 59.0),
        ("price_net", 59.0),
        ("Sale Price", 59.0),
        ("preis", 59),
        ("precio", 59),
    ],
)
def test_a_business_may_call_its_fields_as_it_likes(field: str, value: float) -> None:
    assert told("It costs €59.", {"product": {field: value}}) == {("price", "supported")}
    assert told("It costs €49.", {"product": {field: value}}) == {("price", "contradicted")}


def test_a_record_without_the_field_contradicts_nothing() -> None:
    text = "Only 2 left at €59 with 20% off until 8 December, order of 3 lamps."
    assert {o for _, o in told(text, {"product": {"name": "Lamp"}})} == {"unsupported"}
    assert {o for _, o in told(text)} == {"unsupported"}


@pytest.mark.parametrize("value", [None, "", "many", float("nan"), True, [], {}])
def test_a_field_that_holds_no_number_is_no_field(value: Any) -> None:
    assert told("Only 2 left!", {"product": {"stock": value}}) == {("stock", "unsupported")}


def test_relative_days_count_from_the_day_of_judging_and_others_from_nothing() -> None:
    offer = {"deal": {"valid_until": "2026-12-07"}}
    assert told("The offer is valid for 14 days.", offer) == {("date", "supported")}
    assert told("The offer is valid until the end of the month.", offer) == {
        ("date", "contradicted")
    }
    assert told("Please pay three days after delivery.") <= {("date", "unsupported")}
    assert told("We will be in touch after the holidays.", offer) == set()


@pytest.mark.parametrize(
    ("text", "record"),
    [
        ("Your parcel arrives tomorrow.", {"deal": {"delivery_date": "2026-11-24"}}),
        ("Die Rechnung ist bis 4. Dezember fällig.", {"deal": {"due_date": "2026-12-04"}}),
        ("La visita será el 3 de diciembre.", {"ticket": {"cita": "2026-12-03"}}),
        ("Le rendez-vous est fixé au 2 décembre.", {"ticket": {"rendez_vous": "2026-12-02"}}),
    ],
)
def test_a_day_is_compared_with_the_field_that_it_speaks_of(
    text: str, record: dict[str, Any]
) -> None:
    assert told(text, record) == {("date", "supported")}
    later = {r: dict.fromkeys(f, "2026-12-29") for r, f in record.items()}
    assert told(text, later) == {("date", "contradicted")}
    assert told(text, {"deal": {"close_date": "2026-12-29"}}) == {("date", "unsupported")}


@pytest.mark.parametrize(
    "text",
    [
        "We spoke last week about the roof.",
        "Wie letzte Woche besprochen, hier die Pläne.",
        "Comme convenu la semaine dernière, voici le plan.",
        "Como hablamos la semana pasada, aquí tiene el plano.",
    ],
)
def test_an_earlier_contact_is_looked_for_when_it_is_said_to_have_been(text: str) -> None:
    assert told(text, history=(LAST_WEEK,)) == {("prior_contact", "supported")}
    assert told(text, history=(LONG_AGO,)) == {("prior_contact", "contradicted")}
    assert told(text) == {("prior_contact", "unsupported")}


def test_an_empty_history_that_was_given_is_knowledge_and_none_at_all_is_not() -> None:
    who = person()
    action = act(text="As discussed, here is the plan.")
    assert [c.outcome for c in check(action, who, NOON)] == ["unsupported"]
    known = type(who)(who.contact, history_known=True)
    assert [c.outcome for c in check(action, known, NOON)] == ["contradicted"]


def test_who_says_you_asked_us_needs_an_inquiry_at_that_time() -> None:
    text = "You asked us for a quote in October."
    october = datetime(2026, 10, 14, tzinfo=UTC)
    assert told(text, asked=october) == {("prior_contact", "supported")}
    assert told(text, asked=LAST_YEAR) == {("prior_contact", "contradicted")}


def test_a_lead_is_no_customer_and_a_contract_that_ended_is_none() -> None:
    customer = "As an existing customer you may use it."
    assert told(customer, fields={"lifecycle_stage": "lead"}) == {("relationship", "contradicted")}
    assert told(customer, fields={"customer": False}) == {("relationship", "contradicted")}
    assert told("Your contract is fine.", until=LAST_YEAR) == {("relationship", "contradicted")}
    assert told("Your contract is fine.", until=NOON + timedelta(9)) == {
        ("relationship", "supported")
    }


def test_you_signed_up_needs_a_consent_that_still_holds() -> None:
    def given(status: Any) -> set[tuple[str, str]]:
        consent = ConsentRecord("", "email", "marketing", "", status, LAST_YEAR)
        return told("You signed up for our newsletter.", consents=(consent,))

    assert given("granted") == {("consent", "supported")}
    assert given("withdrawn") == {("consent", "contradicted")}
    assert told("You signed up for our newsletter.") == {("consent", "unsupported")}


def test_who_writes_is_held_against_brand_and_charter() -> None:
    text = "Hello, this is Mara from Nordlicht."
    brand = {"sender": Sender("Nordlicht")}
    assert told(text, action=brand) == {("sender", "supported")}
    assert told(text, action={"sender": Sender("Ostlicht")}) == {("sender", "contradicted")}
    assert told(text) == {("sender", "unsupported")}
    agent = Agent("a", kinds=frozenset({"message.send"}), sender_names=("Jule Berg",))
    assert told("Hello, this is Tom from Elsewhere.", agent=agent) == {("sender", "contradicted")}


@pytest.mark.parametrize(
    "text",
    [
        "Thanks, all clear.\n> On 3 May you wrote: only 2 left at €5, 90% off",
        "All clear.\n\nOn 3 May 2026, Jo <jo@example.com> wrote:\nonly 2 left at €5, 90% off",
        "Danke!\n\nAm 3. Mai 2026 um 10:00 schrieb Jo:\n> nur noch 2 Stück für 5 €",
        "Merci !\n-----Message d'origine-----\nIl ne reste que 2, 90 % de remise",
        "Hi.\n> > > only 2 left\n>> at €5",
    ],
)
def test_what_others_wrote_below_is_not_claimed_here(text: str) -> None:
    assert told(text, {"product": {"stock": 400, "price": 59.0, "discount": 0.1}}) == set()


def test_tags_links_and_hidden_text_are_not_read() -> None:
    shop = {"product": {"stock": 400, "price": 59.0}}
    html = (
        '<p style="color:#123456">It costs <b>€59</b>.</p>'
        '<a href="https://t.example.com/c?price=€5&off=90%25&left=2">see</a>'
        '<div style="display:none">only 2 left</div><!-- 90% off -->'
    )
    assert told(html, shop) == {("price", "supported")}
    (price,) = claims(html, shop)
    assert html[price.span.start : price.span.end] == "€59"


def test_an_impossible_day_and_a_time_are_no_dates() -> None:
    offer = {"deal": {"valid_until": "2026-12-08"}}
    assert told("The offer ends on 31.02.2026.", offer) == set()
    assert told("The price is 5.50 € until sold.", offer) <= {("price", "unsupported")}


@pytest.mark.parametrize(
    "text",
    [
        "between 1 and " * 8_000,
        "valid until tomorrow " * 5_000,
        "order of 3 lamps " * 6_000,
        "we spoke last week " * 6_000,
        "<div hidden>" * 9_000,
        "one hundred " * 9_000,
        "> " * 50_000,
        "<" * 100_000,
        "İ" * 100_000,
        "this is Mara from " * 6_000,
    ],
    ids=range(10),
)
def test_hostile_texts_are_read_to_the_end(text: str) -> None:
    assert len(claims(text[:100_000])) <= 50


def test_a_record_that_is_no_record_is_empty() -> None:
    record = Record(act(text="x"), None, NOON)
    assert (record.stock, record.prices, record.days("offer")) == (None, [], [])
