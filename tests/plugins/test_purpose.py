from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentkit.context import Circumstance, Person, Touch
from agentkit.errors import PluginError
from agentkit.evidence import Unknown
from agentkit.plugins import Plugins
from agentkit.verdict import Fired, Review, Ruling, Verdict
from agentkit_plugins import purpose
from agentkit_plugins.compatibility import incompatible
from agentkit_plugins.promotion import sentences, signals_of, without_promotion
from tests.plugins.shop import (
    DISCLOSED,
    LAST_YEAR,
    NOON,
    act,
    context,
    facts,
    granted,
    no_model,
    person,
    shop,
)

VERDICT = Verdict("a", "d", Ruling.DENY, fired=(Fired("x", Ruling.DENY, revise=True),))
INVOICE = "Hello Anke,\n\nhere is invoice 30917 for 412 EUR, payable within 14 days."
LINE = " PS: 20% off all sofas until Sunday."
MIXED = INVOICE + LINE + DISCLOSED
US = {"country": "US", "region": "NY", "timezone": "America/New_York"}


def found(text: str, who: Person | None = None, **fields: Any) -> dict[str, Any]:
    model = {"model": fields.pop("model")} if "model" in fields else {}
    action = act(text=text, **{"purpose": "billing", **fields})
    seen = facts(purpose, action, context(who or person(), **model))
    return {name.removeprefix("purpose."): value for name, value in seen.items()}


def judge(who: Person, text: str = MIXED, **fields: Any) -> Review:
    return shop(who).review(act(text=text, **{"purpose": "billing", **fields}))


def fired(review: Review) -> set[str]:
    return {f.article for f in review.verdict.fired}


def test_an_invoice_with_a_line_of_advertising_is_marketing() -> None:
    facts_ = found(MIXED)
    assert facts_["mismatch"] is True
    assert facts_["effective"] == "marketing"
    assert set(facts_["signals"]) >= {"discount", "deadline", "price"}


@pytest.mark.parametrize(
    "text",
    [
        INVOICE,
        "Ihre Rechnung über 412,00 € enthält 19 % MwSt.",
        "Votre facture de 142,50 € (TVA 20 %) est à régler sous trente jours.",
        "Your order is on its way and comes on Tuesday before noon.",
        "We refund the 50 EUR that you paid twice.",
        "",
    ],
)
def test_an_ordinary_service_message_is_what_it_says(text: str) -> None:
    facts_ = found(text)
    assert (facts_["mismatch"], facts_["effective"]) == (False, "billing")


def test_marketing_that_says_so_is_no_mismatch_and_is_not_scored() -> None:
    assert found(MIXED, purpose="marketing", model=no_model)["mismatch"] is False


def test_the_head_alone_may_find_it() -> None:
    assert found("There is a sale on in our house for you.")["mismatch"] is True


def test_a_subject_line_counts_too() -> None:
    line = {"subject_line": "Invoice 30917, and 20% off sofas until Sunday"}
    assert found(INVOICE, args=line)["mismatch"] is True


def test_without_a_model_the_rules_decide_what_they_can_and_the_rest_is_unknown() -> None:
    assert found(MIXED, model=no_model)["mismatch"] is True
    assert isinstance(found(INVOICE, model=no_model)["mismatch"], Unknown)
    assert isinstance(found("Xyzzy quux frob.")["mismatch"], Unknown)


@pytest.mark.parametrize(
    ("who", "reach"),
    [
        (person(consents=(granted(),)), "permitted"),
        (person(bought=LAST_YEAR), "open"),
        (person(**US), "permitted"),
        (person(), "no_ground"),
        (person(country=""), "open"),
        (person(consents=(granted(status="withdrawn"),)), "objected"),
        (person(**US, suppressed=frozenset({"email"})), "objected"),
    ],
    ids=[
        "agreed",
        "customer, offer unknown",
        "US",
        "stranger",
        "nowhere",
        "withdrew",
        "suppressed",
    ],
)
def test_whom_marketing_may_reach_is_asked_of_the_record(who: Person, reach: str) -> None:
    assert found(MIXED, who)["reach"] == reach
    assert found(INVOICE, who)["reach"] == "as_declared"


@pytest.mark.parametrize(
    "who",
    [person(), person(country=""), person(consents=(granted(status="withdrawn"),))],
    ids=["no consent", "no country", "withdrawn"],
)
def test_the_line_is_taken_out_for_people_whom_marketing_may_not_reach(who: Person) -> None:
    review = judge(who)
    assert review.verdict.ruling.word == "allow"
    assert review.action.text == INVOICE + DISCLOSED
    assert [r.plugin for r in review.verdict.revisions] == ["purpose"]


def test_to_somebody_who_agreed_it_goes_as_it_is_with_a_way_out() -> None:
    review = judge(person(consents=(granted(),)))
    assert review.verdict.ruling.word == "allow"
    assert LINE.strip() in review.action.text
    assert "reply with “unsubscribe”" in review.action.text


def test_where_marketing_is_capped_the_line_goes_and_the_invoice_does_not_wait() -> None:
    days = (6, 3, 1)
    touches = tuple(
        Touch("message.send", "email", "marketing", NOON - timedelta(days=d)) for d in days
    )
    review = judge(person(consents=(granted(),), history=touches))
    assert review.verdict.ruling.word == "allow"
    assert review.action.text == INVOICE + DISCLOSED


def test_in_a_hard_time_the_line_goes_even_for_somebody_who_agreed() -> None:
    mourning = replace(
        person(consents=(granted(),)), circumstances=(Circumstance("bereavement", LAST_YEAR),)
    )
    review = judge(mourning)
    assert review.action.text == INVOICE + DISCLOSED
    assert review.verdict.ruling.word == "allow"


def test_what_is_nothing_but_advertising_is_never_sent_empty() -> None:
    only = "20% off all sofas until Sunday. Buy now!" + DISCLOSED
    assert judge(person(), only).verdict.ruling.word == "escalate"
    gone = person(consents=(granted(status="withdrawn"),))
    assert judge(gone, only).verdict.ruling.word == "deny"


def test_advertising_in_the_subject_line_alone_goes_to_a_person() -> None:
    line = {"subject_line": "Your invoice, and 20% off sofas until Sunday"}
    review = judge(person(), INVOICE + DISCLOSED, args=line)
    assert fired(review) == {"promotion-in-service-message"}


@pytest.mark.parametrize(
    ("text", "gone"),
    [
        (
            "Guten Tag,\n\nanbei Ihre Rechnung.\nUnd: 20 % auf Sofas bis Sonntag!\n\nGruß\nPaula",
            "Und: 20 % auf Sofas bis Sonntag!\n",
        ),
        (
            "Bonjour, votre commande part demain. Profitez-en : -50 % sur les lampes !\n\nMerci",
            " Profitez-en : -50 % sur les lampes !",
        ),
        (
            "Hola Ana: su pedido ya está aquí. Aproveche: sofás en oferta. Gracias por todo.",
            "Aproveche: sofás en oferta. ",
        ),
    ],
)
def test_nothing_but_the_promotional_sentence_goes(text: str, gone: str) -> None:
    assert without_promotion(text, context()) == text.replace(gone, "")


def test_a_message_without_advertising_is_left_alone() -> None:
    action = act(text=INVOICE, purpose="billing")
    assert purpose.revise(action, VERDICT, context(person())) is None
    assert purpose.revise(act(text=MIXED), VERDICT, context(person())) is None


@given(st.text(max_size=400))
def test_taking_out_never_adds_a_word(text: str) -> None:
    left = without_promotion(text, context())
    words = iter(text.split())
    assert all(any(word in other for other in words) for word in left.split())


def test_the_sentences_make_up_the_text() -> None:
    assert [s.text for s in sentences("One. Two!\nThree")] == ["One. ", "Two!\n", "Three"]


def test_a_product_that_the_person_is_not_known_to_own_is_a_signal() -> None:
    product = {"product": {"name": "Lounge Chair"}}
    said = "The Lounge Chair would go well with it."
    other = person(fields={"owned_products": "Sofa Nord"}, records=product)
    owner = person(fields={"owned_products": "Sofa Nord, Lounge Chair"}, records=product)
    assert "product" in signals_of(said, other)
    assert "product" not in signals_of(said, owner)
    assert "product" not in signals_of(said, person(records=product))


@pytest.mark.parametrize(
    ("kind", "inputs", "refused"),
    [
        ("lead.score", {"visits": 3, "open_tickets": 2}, ("open_tickets",)),
        ("lead.score", {"deal": {"stage": "won", "lastComplaint": "x"}}, ("lastComplaint",)),
        ("segment.add", ["visits", "reklamationen"], ("reklamationen",)),
        ("offer.set", {"open_tickets": 2}, ()),
        ("offer.set", {"gpsTrack": 1}, ("gpsTrack",)),
        ("lead.score", {"has_bought": True, "deal_amount": 1.0, "is_business": True}, ()),
        ("lead.score", None, ()),
    ],
)
def test_data_serves_what_it_was_given_for(
    kind: str, inputs: Any, refused: tuple[str, ...]
) -> None:
    assert incompatible(kind, inputs, {}) == refused


def test_a_business_may_list_what_else_its_data_serve() -> None:
    inputs = {"open_tickets": 2, "password_resets": 1}
    assert incompatible("lead.score", inputs, {"lead.score": ["support"]}) == ("password_resets",)
    with pytest.raises(PluginError, match="no category 'suport'"):
        Plugins.of(
            purpose, settings_plugins={"purpose": {"compatible": {"lead.score": ["suport"]}}}
        )


def test_support_data_that_scores_a_lead_goes_to_a_person() -> None:
    score = act("lead.score", args={"score": 0.5, "inputs": {"open_tickets": 2}})
    assert fired(shop(person()).review(score)) == {"data-serves-its-purpose"}


def test_whoever_objects_to_all_marketing_belongs_to_no_audience() -> None:
    add = act("segment.add", args={"segment": "sofa lovers", "inputs": {"visits": 1}})
    everything = granted("", "marketing", status="withdrawn")
    for who in (person(suppressed=frozenset({"*"})), person(consents=(everything,))):
        assert fired(shop(who).review(add)) == {"no-audience-for-an-objector"}
    newsletter = person(consents=(granted(status="withdrawn"),))
    assert shop(newsletter).review(add).verdict.ruling.word == "allow"


@pytest.mark.parametrize("value", [True, "yes", "ja"])
def test_restricted_data_rest(value: Any) -> None:
    who = person(fields={"processing_restricted": value})
    review = shop(who).review(act(text=INVOICE + DISCLOSED, purpose="billing"))
    assert fired(review) == {"restricted-data-rests"}
    assert (
        shop(person(fields={"processing_restricted": ""}))
        .review(act(text=INVOICE + DISCLOSED, purpose="billing"))
        .verdict.ruling.word
        == "allow"
    )
