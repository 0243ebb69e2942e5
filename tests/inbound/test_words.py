"""Quotation, keywords and plain words, without a database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentkit.classify.scores import Scores
from agentkit.inbound.dates import not_before, wish_of
from agentkit.inbound.keywords import STOP_WORDS, is_stop, plain
from agentkit.inbound.quoting import own_words
from agentkit.inbound.reading import Reading, Scope, read_words

MONDAY = datetime(2026, 11, 23, 8, 30, tzinfo=UTC)


# Quotation


@pytest.mark.parametrize(
    "mark",
    [
        "On Mon, Nov 16, 2026 at 9:00 AM Nordlicht <news@nordlicht.example> wrote:",
        "Am 16.11.2026 um 09:00 schrieb Nordlicht Möbel:",
        "Am Montag, 16. November 2026 schrieb Nordlicht <news@nordlicht.example>:",
        "Am Mo., 16. Nov. 2026 um 09:00 Uhr hat Nordlicht <a@b.example> geschrieben:",
        "Le lun. 16 nov. 2026 à 09:00, Nordlicht <news@nordlicht.example> a écrit :",
        "El lun, 16 nov 2026 a las 9:00, Nordlicht (<news@nordlicht.example>) escribió:",
        "On Mon, Nov 16, 2026 at 9:00 AM Nordlicht Möbel\n<news@nordlicht.example> wrote:",
        "-----Original Message-----",
        "-----Ursprüngliche Nachricht-----",
        "________ Message transféré ________",
        "From: Nordlicht\nSent: Monday\nTo: Anke",
        "Von: Nordlicht\nGesendet: Montag",
        "-- ",
    ],
)
def test_what_stands_below_a_mark_is_not_the_persons(mark: str) -> None:
    found = own_words(f"Danke.\r\n\r\n{mark}\r\nUnsubscribe me\r\n> stop")
    assert found.text == "Danke."


def test_answers_between_quoted_lines_are_the_persons() -> None:
    text = (
        "On Mon, Nov 16, 2026 Nordlicht wrote:\n> New sofas!\n\nNo thanks.\n> Unsubscribe\nGoodbye."
    )
    assert own_words(text).text.split() == ["No", "thanks.", "Goodbye."]


@pytest.mark.parametrize(
    "text",
    [
        "On Friday I wrote:\nplease call",
        "On the phone your colleague wrote: something",
        "From: that moment on I was happy.",
        "I read what she wrote:\nnonsense",
        "Am liebsten wäre mir ein Anruf.",
    ],
)
def test_sentences_that_look_like_marks_are_kept(text: str) -> None:
    assert own_words(text).text == text


@given(st.text(max_size=300))
@settings(max_examples=200, deadline=None)
def test_own_words_invents_nothing_and_is_stable(text: str) -> None:
    once = own_words(text).text
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    assert all(line in lines for line in once.split("\n"))
    assert own_words(once).text == once


# Keywords


@pytest.mark.parametrize(
    "text",
    ["STOP", "stop.", " Stopp! ", "Opt-Out", "opt out", "ARRÊT", "Arret", "BAJA", "ABMELDEN",
     "„STOP“", "cancel", "S T O P".replace(" ", ""), "UNSUBSCRIBE", "Désabonner"],
)  # fmt: skip
def test_a_keyword_is_one_in_any_case_and_with_any_marks(text: str) -> None:
    assert is_stop(text)


@pytest.mark.parametrize(
    "text",
    ["please cancel my order", "stop by tomorrow", "the end", "", "!!", "STOP " * 40, "weekend"],
)
def test_a_keyword_inside_other_words_is_none(text: str) -> None:
    assert not is_stop(text)


def test_keywords_are_kept_in_the_form_that_texts_are_brought_into() -> None:
    assert {plain(word) for word in STOP_WORDS} == STOP_WORDS


# Later


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("Call me Friday", "2026-11-27"),
        ("Rufen Sie mich am Freitag an.", "2026-11-27"),
        ("Appelez-moi vendredi", "2026-11-27"),
        ("Llámeme el viernes, por favor", "2026-11-27"),
        ("not before Monday", "2026-11-30"),
        ("Bitte nicht vor dem 1. Dezember melden", "2026-12-01"),
        ("Pas avant lundi", "2026-11-30"),
        ("No me llame antes del lunes", "2026-11-30"),
        ("I'm travelling. Please contact me next week.", "2026-11-30"),
        ("erst ab 01.12. wieder", "2026-12-01"),
        ("Rappelez-moi dans deux semaines", "2026-12-07"),
        ("write to me on 2026-12-04", "2026-12-04"),
        ("melden Sie sich übermorgen", "2026-11-25"),
    ],
)
def test_a_day_is_read_in_the_persons_zone(text: str, day: str) -> None:
    found = not_before(text, MONDAY, ("Europe/Berlin",))
    assert found == datetime.fromisoformat(f"{day}T00:00:00+01:00")
    assert wish_of(text)


def test_an_hour_counts_where_one_is_said() -> None:
    assert not_before("call me on Friday at 3pm", MONDAY, ("Europe/Berlin",)) == datetime(
        2026, 11, 27, 14, tzinfo=UTC
    )


def test_of_several_plausible_zones_the_latest_instant_counts() -> None:
    zones = ("America/New_York", "America/Los_Angeles")
    assert not_before("call me Friday", MONDAY, zones) == datetime(2026, 11, 27, 8, tzinfo=UTC)
    assert not_before("call me Friday", MONDAY, ()) == datetime(2026, 11, 27, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "Don't call me on Friday", "I called on Monday and nobody answered", "call me by Friday",
        "Bitte bis Freitag zurückrufen", "Ihre Lieferung kam am Montag", "Call me", "", "Friday",
        "Ich habe am Montag angerufen", "call me " * 30_000,
    ],
)  # fmt: skip
def test_other_days_are_nothing_to_wait_for(text: str) -> None:
    assert not_before(text, MONDAY, ("Europe/Berlin",)) is None


# Reading, with scores that the test sets


def reading(
    text: str,
    score: float,
    labels: Sequence[str] = (),
    *,
    channel: str = "email",
    needs: Mapping[str, float] | None = None,
) -> Reading:
    def classify(texts: Sequence[str]) -> list[Scores]:
        found = {"opt_out": score, "needs_human": max((needs or {"": 0.0}).values())}
        flags = {"opt_out": score > 0.5, "needs_human": found["needs_human"] > 0.4}
        told = {"opt_out": tuple(labels), "needs_human": tuple(needs or ())}
        return [Scores("en", found, flags, told) for _ in texts]

    return read_words(text, channel, classify)


@pytest.mark.parametrize(
    ("score", "expected"), [(0.2, "none"), (0.35, "unclear"), (0.89, "unclear"), (0.9, "certain")]
)
def test_two_thresholds_divide_certain_from_unclear_from_none(score: float, expected: str) -> None:
    assert reading("I have had enough of this.", score).withdrawal == expected


def test_plain_words_make_a_flag_certain_and_a_low_score_doubtful() -> None:
    assert reading("Please take me off your list.", 0.6).withdrawal == "certain"
    assert reading("Please take me off your list.", 0.1).withdrawal == "unclear"


@pytest.mark.parametrize(
    ("text", "scope"),
    [
        ("No more newsletters, please.", Scope("email", "marketing")),
        ("Don't call me again.", Scope("phone", "")),
        ("Keine Werbeanrufe mehr!", Scope("phone", "marketing")),
        ("Ne m'envoyez plus de SMS.", Scope("sms", "")),
        ("I have had enough of you.", Scope("email", "marketing")),
        ("No more letters by post.", Scope("post", "")),
    ],
)
def test_the_scope_is_what_the_words_name(text: str, scope: Scope) -> None:
    assert reading(text, 0.95).scope == scope


def test_a_newsletter_by_text_message_is_a_mail_all_the_same() -> None:
    assert reading("Kein Newsletter mehr", 0.95, channel="sms").scope == Scope("email", "marketing")


def test_labels_that_only_ask_for_less_or_for_deletion_are_no_withdrawal() -> None:
    assert reading("Ease up on those.", 0.97, ["reduce"]).withdrawal == "unclear"
    gone = reading("Make it all go away.", 0.97, ["delete_data"])
    assert (gone.withdrawal, gone.rights) == ("none", ("delete_data",))


def test_a_deletion_with_a_plain_withdrawal_is_both() -> None:
    both = reading("Delete my account and unsubscribe me.", 0.95)
    assert (both.withdrawal, both.rights) == ("certain", ("close_account",))


def test_a_need_is_certain_by_its_words_or_as_one_of_few_labels() -> None:
    def kinds(text: str, **needs: float) -> list[str]:
        return [kind for kind, _ in reading(text, 0.0, needs=needs).circumstances]

    assert kinds("My husband died in May.", bereavement=0.5) == ["bereavement"]
    assert kinds("It has been hard since May.", bereavement=0.95) == ["bereavement"]
    assert kinds("It has been hard since May.", bereavement=0.7) == []
    many = {"bereavement": 0.95, "hardship": 0.95, "vulnerability": 0.95}
    assert kinds("No more advertising.", **many) == []
    assert kinds("My lawyer will write to you.", threat_legal=0.6) == ["dispute"]


def test_a_minor_is_one_who_says_so() -> None:
    def kinds(text: str) -> list[str]:
        return [kind for kind, _ in reading(text, 0.0).circumstances]

    assert kinds("I am 15 years old.") == ["minor"]
    assert kinds("Ich bin 15 Jahre alt und habe eine Frage.") == ["minor"]
    assert kinds("J'ai 16 ans.") == ["minor"]
    assert kinds("I am 45 years old.") == []
    assert kinds("I am 15 minutes late.") == []


@given(st.text(max_size=200))
@settings(max_examples=100, deadline=None)
def test_any_text_is_read_as_one_of_three(text: str) -> None:
    assert reading(text, 0.95).withdrawal in {"certain", "unclear", "none"}
