"""Normalisation undoes tricks, keeps honest text, and says which of the two it was."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentkit.classify import text as text_module
from agentkit.classify.text import normalise

TRICKS = {
    "zero width": ("st\u200bop call\u2060ing me", "stop calling me"),
    "homoglyphs": ("ѕtоp cаlling me", "stop calling me"),
    "bidi override": ("pay \u202e0001\u202c now", "pay 0001 now"),
    "NUL": ("stop\0 calling", "stop calling"),
    "lone surrogate": ("stop\ud800 calling", "stop calling"),
    "fullwidth": ("ｓｔｏｐ calling", "stop calling"),
    "mathematical": ("𝐬𝐭𝐨𝐩 calling", "stop calling"),
    "tags": ("hello\U000e0069\U000e0067 there", "hello there"),
    "backspace": ("st\x08op", "stop"),
}
HONEST = [
    "Grüße aus Köln – «très bien», señor Núñez! 20 % Rabatt",
    "Не звоните мне больше",
    "Καλημέρα σας",
    "שלום, אל תתקשרו",
    "thanks 👍🏽 👨\u200d👩\u200d👧 ❤\ufe0f",
    "one\r\ntwo\tthree\xa0four",
    "e\u0301te\u0301",
    "\ufeffDear all",
    "½ price, 5 m²",
]


@pytest.mark.parametrize("trick", TRICKS)
def test_a_trick_is_undone_and_told(trick: str) -> None:
    given_text, expected = TRICKS[trick]
    found = normalise(given_text)
    assert found.text == expected
    assert found.changed


@pytest.mark.parametrize("text", HONEST)
def test_everyday_variety_is_no_trick(text: str) -> None:
    assert not normalise(text).changed


def test_what_is_taken_as_it_is_would_stay_as_it_is() -> None:
    plain = [c for c in map(chr, range(0x20, 0x2100)) if text_module._PLAIN.fullmatch(c)]
    assert len(plain) > 250
    for character in plain:
        assert normalise(f"½{character}").text == f"1⁄2{character}"


def test_a_word_in_another_script_keeps_its_letters() -> None:
    assert normalise("Привет Anna").text == "Привет Anna"


@given(st.text())
def test_normalising_twice_is_normalising_once(text: str) -> None:
    once = normalise(text).text
    assert normalise(once).text == once


@given(st.text(alphabet=st.characters(codec="ascii", categories=["L", "N", "P", "Zs"])))
def test_plain_ascii_is_left_alone(text: str) -> None:
    found = normalise(text)
    assert (found.text, found.changed) == (text, False)


@given(st.text())
def test_no_hidden_or_broken_character_is_left(text: str) -> None:
    found = normalise(text).text
    assert found.encode("utf-8").decode("utf-8") == found
    assert not set(found) & {"\0", "\u200b", "\u202e", "\u2066", "\ufeff", "\u00ad"}


@given(st.text(), st.data())
def test_a_place_in_the_normalised_text_is_a_place_in_the_given_one(
    text: str, data: st.DataObject
) -> None:
    found = normalise(text)
    start = data.draw(st.integers(0, len(found.text)))
    end = data.draw(st.integers(start, len(found.text)))
    first, last = found.place(start, end)
    assert 0 <= first <= last <= len(text)


def test_a_span_points_at_the_words_that_were_given() -> None:
    text = "zero\u200bwidth then STOP"
    found = normalise(text)
    at = found.text.index("STOP")
    first, last = found.place(at, at + 4)
    assert text[first:last] == "STOP"
