from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentkit.action import Sender
from agentkit.context import Person
from agentkit.evidence import Unknown
from agentkit.verdict import Fired, Ruling, Verdict
from agentkit_plugins import privacy
from agentkit_plugins.personal_data import SECRET, find, masked
from agentkit_plugins.privacy import PrivacySettings
from tests.plugins.shop import DISCLOSED, act, context, facts, person, shop

VERDICT = Verdict("a", "d", Ruling.ESCALATE, fired=(Fired("x", Ruling.ESCALATE, revise=True),))
IBAN = "DE89 3704 0044 0532 0130 00"
CARD = "4111 1111 1111 1111"


@pytest.fixture(autouse=True)
def _own_nothing() -> Iterator[None]:
    privacy.start(None)
    yield
    privacy.start(None)


def found(text: str = "", who: Person | None = None, **fields: Any) -> dict[str, Any]:
    seen = facts(privacy, act(text=text, **fields), context(who or person()))
    return {name.removeprefix("privacy."): value for name, value in seen.items()}


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("write to jo.doe+x@mail.example.com please", "email"),
        ("call +49 30 23125001 now", "phone"),
        ("Rufen Sie 030 23125001 an", "phone"),
        (f"pay to {IBAN}.", "iban"),
        (f"your card {CARD} expires", "card"),
        ("card 5500-0000-0000-0004", "card"),
        ("SSN 536-90-4399", "national_id"),
        ("NI number AB 12 34 56 C", "national_id"),
        ("sécu 2 95 10 99 126 111 93", "national_id"),
        ("DNI 54362315K", "national_id"),
        ("NIE X-2482300W", "national_id"),
        ("Ihre Steuer-ID 36 574 261 809", "tax_id"),
        ("Ihr Geburtsdatum 12.03.1980", "birth_date"),
        ("née le 3 mars 1980", "birth_date"),
        ("born on March 3, 1980", "birth_date"),
        ("we read of your diagnosis", "health"),
        ("ihre Konfession", "belief"),
    ],
)
def test_personal_data_are_found(text: str, kind: str) -> None:
    assert [f.kind for f in find(text, "DE")] == [kind]


@pytest.mark.parametrize(
    "text",
    [
        "Order 4111 1111 1111 1112 was shipped",
        "DE89 3704 0044 0532 0130 01",
        "SSN 000-12-3456",
        "DNI 54362315Z",
        "Bestellung 36574261809",
        "Steuer-ID 36 574 261 808",
        "The sale ends on 12.03.2027 at noon",
        "0000 0000 0000 0000",
        "invoice 2026-1182 over 1.290,00 EUR",
        "a diagnosis of our market",
        "me @ home",
        "",
    ],
)
def test_a_number_whose_check_digit_is_wrong_is_any_number(text: str) -> None:
    assert find(text, "DE") == []


def test_spans_are_those_of_the_text() -> None:
    text = f"Grüße 🙂 an a@b.example, Karte {CARD}!"
    assert [text[f.start : f.end] for f in find(text)] == ["a@b.example", CARD]


@given(st.text(max_size=400))
def test_masking_changes_no_length_and_hides_every_secret_number(text: str) -> None:
    hidden = masked(text, find(text))
    assert len(hidden) == len(text)
    assert not {f.kind for f in find(hidden)} & SECRET


@pytest.mark.parametrize(
    "text",
    ["1 " * 10_000, "1" * 20_000, "a@" * 10_000, "+49" * 7_000, "A1" * 10_000, "1-" * 10_000],
)
def test_hostile_text_is_searched_all_the_same(text: str) -> None:
    assert {f.kind for f in find(text + " x@y.example", "DE")} <= {"email", "phone", "card"}


def test_arguments_are_searched_whatever_they_lie_in() -> None:
    deep: Any = f"card {CARD}"
    for _ in range(30):
        deep = {"a": [deep]}
    call: dict[str, Any] = {"kind": "tool.call", "channel": "", "purpose": ""}
    facts_ = found(args={"tool": "pay", "arguments": deep}, **call)
    assert facts_["secret_numbers"] is True
    number = found(args={"tool": "pay", "arguments": {"card": 4111111111111111}}, **call)
    assert number["kinds"] == ("card",)


def test_more_text_than_is_looked_through_is_a_gap_and_no_permission() -> None:
    facts_ = found("x" * 19_000, args={"subject_line": "y" * 2_000})
    assert isinstance(facts_["of_others"], Unknown)
    assert isinstance(found("x" * 30_000)["secret_numbers"], Unknown)
    assert found(f"{CARD} " + "x" * 15_000, args={"subject_line": "y" * 9_000})["secret_numbers"]


def test_a_finding_says_where() -> None:
    action = act(text="Hello", args={"subject_line": f"Card {CARD}"})
    evidence = privacy.examine(action, context(person()))
    (finding,) = evidence.findings
    assert finding.span is not None
    assert (finding.span.path, finding.span.start) == ("args.subject_line", 5)
    assert CARD not in finding.message


@pytest.mark.parametrize(
    "text",
    [
        "We write to anke@example.de and call +49 30 23125000.",
        "Wir rufen 030 23125000 an.",
        "Questions? info@nordlicht.example or service@gmail-help.example",
        "Call us: +49 1512 3456789",
        f"Please pay to {IBAN}",
    ],
    ids=["own", "own, as written at home", "a business", "an invitation", "an account to pay to"],
)
def test_data_of_the_recipient_and_of_the_business_are_nobody_elses(text: str) -> None:
    assert found(text)["of_others"] is False


@pytest.mark.parametrize(
    "text", ["Your neighbour is jane.roe@gmail.com.", "Frau Roe hat die +49 1512 3456789."]
)
def test_a_private_address_that_is_not_the_recipients_is_somebody_elses(text: str) -> None:
    assert found(text)["of_others"] is True


def test_the_settings_say_what_is_the_businesss_own() -> None:
    privacy.start(PrivacySettings(own=["gmail.com", "+49 1512 3456789", "DE02120300000000202051"]))
    assert not found("Mail shop@gmail.com, or +49 1512 3456789.")["of_others"]
    assert not found("Pay to DE02 1203 0000 0000 2020 51")["of_others"]
    assert found(f"Pay to {IBAN}")["of_others"]


def test_a_brand_at_a_free_provider_is_the_business() -> None:
    assert not found("x", sender=Sender("Nordlicht"))["of_others"]
    text = "Write to nordlicht@web.de"
    assert found(text)["of_others"] is True


def test_a_card_number_is_masked_and_the_message_goes_out() -> None:
    text = f"Your card {CARD} was charged." + DISCLOSED
    review = shop(person()).review(act(text=text, purpose="billing"))
    assert review.verdict.ruling.word == "allow"
    assert review.action.text == text.replace(CARD, "•••• •••• •••• 1111")
    assert [r.plugin for r in review.verdict.revisions] == ["privacy"]


def test_an_identity_number_keeps_two_characters_and_an_account_all() -> None:
    text = f"SSN 536-90-4399, account {IBAN}"
    assert masked(text, find(text)) == f"SSN •••-••-••99, account {IBAN}"


def test_a_subject_line_is_masked_too() -> None:
    action = act(text="Hello", args={"subject_line": f"Card {CARD}"})
    revised = privacy.revise(action, VERDICT, context(person()))
    assert revised is not None
    assert revised.args["subject_line"] == "Card •••• •••• •••• 1111"
    assert privacy.revise(revised, VERDICT, context(person())) is None


def test_somebody_elses_address_goes_to_a_person() -> None:
    text = "Hello, jane.roe@gmail.com has your parcel." + DISCLOSED
    review = shop(person()).review(act(text=text, purpose="service"))
    assert {f.article for f in review.verdict.fired} == {"no-data-of-others"}
    assert review.verdict.ruling.word == "escalate"


def test_a_card_number_in_a_tool_call_goes_to_a_person() -> None:
    call = act("tool.call", subject="", args={"tool": "get_x", "arguments": {"q": CARD}})
    review = shop(person()).review(call)
    assert "no-secret-numbers-in-tool-calls" in {f.article for f in review.verdict.fired}
