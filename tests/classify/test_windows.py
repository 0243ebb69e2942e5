"""Windows cover a text, end between sentences, and overlap."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from agentkit.classify.windows import sentences, windows

LETTERS = st.text(alphabet="ab .!?\nü", max_size=600)


def test_a_short_text_is_one_window() -> None:
    assert windows("Hello there.", 50, 10) == [(0, 12)]


@given(LETTERS, st.integers(20, 80))
def test_every_character_lies_in_a_window(text: str, size: int) -> None:
    found = windows(text, size, size // 3)
    covered = {i for start, end in found for i in range(start, end)}
    assert covered == set(range(len(text)))


@given(LETTERS, st.integers(20, 80))
def test_no_window_is_too_long_and_each_begins_later(text: str, size: int) -> None:
    found = windows(text, size, size // 3)
    assert all(end - start <= size for start, end in found)
    assert all(b[0] > a[0] for a, b in pairwise(found))


@given(LETTERS, st.integers(10, 60))
def test_sentences_are_the_text_cut_up(text: str, longest: int) -> None:
    assert "".join(text[a:b] for a, b in sentences(text, longest)) == text


def test_windows_begin_at_sentences() -> None:
    text = "One sentence here. " * 40
    for start, _ in windows(text, 100, 40):
        assert text[start:].startswith("One")


def test_neighbours_share_a_sentence() -> None:
    text = "".join(f"This is sentence number {n}. " for n in range(40))
    found = windows(text, 200, 60)
    assert all(b[0] < a[1] for a, b in pairwise(found))
