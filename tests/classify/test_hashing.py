"""Hashed n-grams do not depend on the company a text is in."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from agentkit.classify.hashing import grams

TEXTS = st.lists(st.text(max_size=60), min_size=1, max_size=6)


def buckets(texts: list[str], index: int) -> list[int]:
    found = grams(texts, bits=16, orders=(3, 4), words=2)
    return sorted(found.buckets[found.bounds[index] : found.bounds[index + 1]].tolist())


@given(TEXTS, st.data())
def test_a_text_has_the_same_grams_alone_and_in_a_batch(
    texts: list[str], data: st.DataObject
) -> None:
    index = data.draw(st.integers(0, len(texts) - 1))
    assert buckets(texts, index) == buckets([texts[index]], 0)


@given(TEXTS)
def test_every_text_has_a_gram_and_every_gram_an_owner(texts: list[str]) -> None:
    found = grams(texts, bits=16, orders=(3,), words=1)
    assert (np.diff(found.bounds) >= 1).all()
    assert found.bounds[-1] == len(found.buckets)
    assert ((found.buckets >= 0) & (found.buckets < 1 << 16)).all()


def test_case_does_not_matter() -> None:
    assert buckets(["Stop Calling"], 0) == buckets(["stop calling"], 0)


def test_word_order_does() -> None:
    assert buckets(["call me not"], 0) != buckets(["not call me"], 0)


def test_sums_are_those_of_a_plain_loop() -> None:
    texts = ["stop calling me", "", "ok"]
    found = grams(texts, bits=16, orders=(3, 4), words=2)
    table = np.random.default_rng(1).normal(size=(1 << 16, 3)).astype(np.float32)
    expected = [
        table[found.buckets[a:b]].sum(0)
        for a, b in zip(found.bounds[:-1], found.bounds[1:], strict=True)
    ]
    np.testing.assert_allclose(found.sums(table), np.array(expected), rtol=1e-4, atol=1e-4)
