from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentkit.action import Action, Sender
from agentkit.constitution.explain import explain_all
from agentkit.errors import PluginError
from agentkit.plugins import Plugins
from agentkit.verdict import Fired, Ruling, Verdict
from agentkit_plugins import duties
from agentkit_plugins.footers import Identity, body_of, footer
from agentkit_plugins.senders import DutySettings, introduce
from tests.plugins.shop import DISCLOSED, act, context, facts, no_model, person, shop

VERDICT = Verdict("a", "d", Ruling.ESCALATE, fired=(Fired("x", Ruling.ESCALATE, revise=True),))
US: dict[str, str] = {"country": "US", "region": "NY", "timezone": "America/New_York"}
TEXT = "Hello, the new sofas are in the shop for you to see."
FULL = {
    "sender": "Nordlicht Möbel",
    "postal_address": "Hafenstr. 1, 20457 Hamburg",
    "unsubscribe_url": "https://nordlicht.example/stop?c={contact}",
    "brands": {"Nordlicht Outlet": {"postal_address": "Am Kai 7, 20457 Hamburg"}},
}


@pytest.fixture(autouse=True)
def _nobody_said_anything() -> Iterator[None]:
    introduce(None)
    yield
    introduce(None)


def configure(**settings: Any) -> None:
    introduce(DutySettings.model_validate(settings))


def found(text: str, **fields: Any) -> dict[str, Any]:
    seen = facts(duties, act(text=text, **fields), context(person()))
    return {name.removeprefix("message."): value for name, value in seen.items()}


def rewritten(text: str, language: str = "", **fields: Any) -> Action | None:
    seen = context(person(language=language), model=no_model)
    return duties.revise(act(text=text, **fields), VERDICT, seen)


@pytest.mark.parametrize(
    "text",
    [
        "Unsubscribe here: https://x.example",
        "Reply STOP to end",
        "Sie können den Newsletter jederzeit abbestellen.",
        "Pour vous désinscrire, cliquez ici.",
        "Puede darse de baja cuando quiera.",
    ],
)
def test_a_way_to_object_is_found_in_four_languages(text: str) -> None:
    assert found(text)["opt_out"]


@pytest.mark.parametrize(
    "text", ["The bus will stop at our door.", "Precio más baja que nunca", "", "We opt for oak."]
)
def test_other_words_are_no_way_to_object(text: str) -> None:
    assert not found(text)["opt_out"]


@pytest.mark.parametrize(
    "text",
    [
        "Nordlicht, Hafenstr. 1, 20457 Hamburg",
        "Acme Inc., 1200 Market Street, Suite 3, San Francisco, CA 94103",
        "P.O. Box 12, Austin, TX 78701",
        "12 High Street, Leeds LS1 4AP",
        "Meubles du Nord, 4 rue de la Paix, 75002 Paris",
        "Muebles Sol, Calle Mayor 5, 28013 Madrid",
        "88 Queen Street, Toronto, ON M5C 1S1",
    ],
)
def test_a_postal_address_is_found(text: str) -> None:
    assert found(f"Our new sofas are here.\n\n{text}")["postal_address"]


@pytest.mark.parametrize(
    "text", ["Call 94103.", "Down the street you find us.", "Order 20457 is on its way to you.", ""]
)
def test_a_number_or_a_street_alone_is_no_address(text: str) -> None:
    assert not found(text)["postal_address"]


def test_only_an_https_header_is_one_click() -> None:
    def header(value: str) -> Any:
        return found("Hello", args={"list_unsubscribe": value})["one_click"]

    assert header("<https://x.example/u?1>")
    assert header("<mailto:x@x.example>, <https://x.example/u>")
    assert not header("<mailto:x@x.example>")
    assert not header("")


def test_a_name_or_a_signature_says_who_sends() -> None:
    assert found("Nordlicht writes", sender=Sender("Nordlicht"))["sender_identified"]
    assert found("Hello.\n\nKind regards\nPaula Winter")["sender_identified"]
    assert not found("Hello.", sender=Sender("Nordlicht"))["sender_identified"]
    assert not found("Hello.")["sender_known"]


@pytest.mark.parametrize(
    ("text", "channel", "line"),
    [
        (TEXT, "email", "To stop these messages, reply with “unsubscribe”."),
        (TEXT, "sms", "Reply STOP to opt out."),
        ("Die neuen Sofas sind für Sie da, und wir auch.", "sms", "Abmelden: Antwort mit STOP."),
        (
            "Nos nouveaux canapés sont là pour vous, avec nous.",
            "email",
            "Pour ne plus recevoir nos offres, répondez « désabonner ».",
        ),
        (
            "Los nuevos sofás están en la tienda para usted con nosotros.",
            "whatsapp",
            "Baja: responda STOP.",
        ),
    ],
)
def test_what_is_missing_is_added_once_in_the_language_of_the_message(
    text: str, channel: str, line: str
) -> None:
    once = rewritten(text, channel=channel)
    assert once is not None
    assert once.text.startswith(text)
    assert once.text.endswith(line)
    assert rewritten(once.text, channel=channel) is None


def test_the_settings_say_who_sends_from_where_and_how_to_stop() -> None:
    configure(**FULL)
    once = rewritten(TEXT)
    assert once is not None
    assert once.text == (
        f"{TEXT}\n\nThis is an advertisement.\nNordlicht Möbel, Hafenstr. 1, 20457 Hamburg\n"
        "Unsubscribe: https://nordlicht.example/stop?c=c1"
    )
    assert once.args == {"list_unsubscribe": "<https://nordlicht.example/stop?c=c1>"}
    assert rewritten(once.text, args=once.args) is None


def test_a_brand_has_its_own_address() -> None:
    configure(**FULL)
    once = rewritten(TEXT, sender=Sender("Nordlicht Outlet"))
    assert once is not None
    assert "Nordlicht Outlet, Am Kai 7, 20457 Hamburg" in once.text


def test_a_service_mail_gets_no_advertising_lines() -> None:
    configure(**FULL)
    assert rewritten("Your invoice is attached.", purpose="billing") is None


def test_an_agents_own_lines_are_not_doubled() -> None:
    text = f"{TEXT} This is an advertisement. You can opt out by a reply.\n\nKind regards\nPaula"
    assert rewritten(text) is None


def test_nothing_is_added_where_no_article_asks() -> None:
    calm = Verdict("a", "d", Ruling.DENY, fired=(Fired("x", Ruling.DENY),))
    assert duties.revise(act(text=TEXT), calm, context(person())) is None


def test_an_american_mail_without_settings_is_allowed_with_a_way_out_and_the_lack_is_noted() -> (
    None
):
    review = shop(person(**US)).review(act(text=TEXT))
    assert review.verdict.ruling.word == "allow"
    assert "reply with “unsubscribe”" in review.action.text
    assert review.action.text.endswith(DISCLOSED.strip())
    assert "duties-not-configured" in {f.article for f in review.verdict.noted}


def test_with_an_address_in_the_settings_the_mail_is_complete() -> None:
    configure(**FULL)
    review = shop(person(**US), sections={"duties": FULL}).review(act(text=TEXT))
    assert review.verdict.ruling.word == "allow"
    assert "Hafenstr. 1" in review.action.text
    assert not {f.article for f in review.verdict.noted} & {"duties-not-configured"}


def test_settings_that_lack_the_address_escalate_and_say_which_to_fill() -> None:
    configure(sender="Nordlicht")
    gate = shop(person(**US))
    review = gate.review(act(text=TEXT))
    assert review.verdict.ruling.word == "escalate"
    assert {f.article for f in review.verdict.fired} == {"us-can-spam-postal-address"}
    said = " ".join(explain_all(review, gate.policy))
    assert "set postal_address under [plugins.duties] in agentkit.toml" in said


def test_the_strict_constitution_asks_for_the_settings() -> None:
    review = shop(person(**US), constitutions=("strict",)).review(act(text=TEXT))
    assert "duties-must-be-configured" in {f.article for f in review.verdict.fired}


@pytest.mark.parametrize(
    "section",
    [
        {"unsubscribe_url": "http://x.example"},
        {"unsubscribe_url": "https://x.example/> <script"},
        {"postal_adress": "typo"},
        {"sender": "two\nlines"},
    ],
)
def test_wrong_settings_are_refused_and_named(section: dict[str, str]) -> None:
    with pytest.raises(PluginError, match=r"\[plugins\.duties\]|duties"):
        Plugins.of(duties, settings_plugins={"duties": section})


def test_settings_reach_the_plugin_when_it_starts_and_leave_with_it() -> None:
    plugins = Plugins.of(duties, settings_plugins={"duties": FULL})
    plugins.start()
    assert found("x")["configured"]
    plugins.stop()
    assert not found("x")["configured"]


def test_the_lines_that_a_law_asks_for_are_not_scored_as_pressure() -> None:
    identity = Identity("Nordlicht", "Hafenstr. 1", "")
    lines = footer(["advertising", "sender", "postal_address", "opt_out"], "en", "email", identity,
                   "c1")  # fmt: skip
    assert body_of(f"{TEXT}\n\n{lines}{DISCLOSED}", identity, "c1") == TEXT
    assert body_of("Reply STOP to opt out", identity, "c1") == ""


@pytest.mark.parametrize(
    "line",
    [
        "Reply STOP to opt out, but hurry, this is your last chance!",
        "Unsubscribe: https://evil.example",
        "This is an advertisement. Act now!",
    ],
)
def test_pressure_in_such_a_line_is_scored(line: str) -> None:
    assert body_of(f"{TEXT}\n{line}", Identity("Nordlicht"), "c1").endswith(line)


@given(st.text(max_size=300), st.sampled_from(["en", "de", "fr", "es"]))
def test_a_footer_comes_off_as_it_went_on(text: str, language: str) -> None:
    identity = Identity("Nordlicht", "Hafenstr. 1, 20457 Hamburg", "https://n.example/{contact}")
    bare = body_of(text, identity, "c1")
    lines = footer(["advertising", "postal_address", "opt_out"], language, "email", identity, "c1")
    assert body_of(f"{bare}\n\n{lines}", identity, "c1") == bare.rstrip()
