"""Hashed n-grams of many texts at once, in numpy.

A polynomial over the bytes is summed once; the hash of any stretch is a difference of two sums
times a power of the inverse base, modulo 2**64. So characters and words of every length cost a few
vector operations each and no Python loop over the text.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["Grams", "grams"]

_BASE: Final = 0x9E3779B97F4A7C15 | 1
_INVERSE: Final = pow(_BASE, -1, 1 << 64)
_MIX: Final = np.uint64(0xD6E8FEB86659FD93)
_WORD_BYTE: Final = np.zeros(256, dtype=bool)
_WORD_BYTE[[*range(48, 58), *range(97, 123), 39, *range(128, 256)]] = True

Index = NDArray[np.int64]
Hash = NDArray[np.uint64]


class Grams:
    """Buckets of a batch's n-grams: those of text ``i`` are ``buckets[bounds[i]:bounds[i+1]]``."""

    def __init__(self, buckets: NDArray[np.int64], bounds: Index) -> None:
        self.buckets = buckets
        self.bounds = bounds

    def sums(self, table: NDArray[np.float32]) -> NDArray[np.float32]:
        """Sum the table's rows over the n-grams of each text: (texts, columns)."""
        total = np.add.reduceat(table[self.buckets], self.bounds[:-1], axis=0)
        return np.asarray(total, dtype=np.float32)


@lru_cache(maxsize=1)
def _powers(length: int) -> tuple[Hash, Hash]:
    """Powers of the base and of its inverse, up to ``length``."""
    with np.errstate(over="ignore"):
        ups = np.full(length, _BASE, dtype=np.uint64)
        downs = np.full(length, _INVERSE, dtype=np.uint64)
        ups[0] = downs[0] = 1
        return np.multiply.accumulate(ups), np.multiply.accumulate(downs)


def _room(length: int) -> int:
    """Round up, so that a few sizes of the power tables serve every batch."""
    return max(1 << 14, 1 << (length - 1).bit_length())


def _word_spans(data: NDArray[np.uint8]) -> tuple[Index, Index]:
    """Start and end of every run of word bytes."""
    inside = np.concatenate(([False], _WORD_BYTE[data], [False]))
    edges = np.flatnonzero(inside[1:] != inside[:-1])
    return edges[::2], edges[1::2]


def _spans(
    data: NDArray[np.uint8], breaks: Index, orders: Sequence[int], words: int
) -> list[tuple[Index, Index]]:
    """Spans of character n-grams (none crosses a text's end) and of word n-grams."""
    found = []
    for order in orders:
        starts = np.arange(len(data) - order + 1)
        starts = starts[breaks[starts + order] == breaks[starts]]
        found.append((starts, starts + order))
    first, last = _word_spans(data)
    for order in range(1, words + 1):
        starts, ends = first[: len(first) - order + 1], last[order - 1 :]
        same = breaks[starts] == breaks[ends]
        found.append((starts[same], ends[same]))
    return found


def _hash(sums: Hash, downs: Hash, span: tuple[Index, Index], salt: int, bits: int) -> Index:
    """Bucket of every span; the salt keeps kinds of n-gram apart."""
    mixed = (sums[span[1]] - sums[span[0]]) * downs[span[0]] + np.uint64(salt)
    mixed = (mixed ^ (mixed >> np.uint64(31))) * _MIX
    return (mixed >> np.uint64(64 - bits)).astype(np.int64)


def grams(
    texts: Sequence[str], *, bits: int, orders: Sequence[int], words: int, limit: int = 4000
) -> Grams:
    """Hash the n-grams of every text.

    Args:
        texts: Lower-cased here; surrogates are replaced.
        bits: 2**bits buckets.
        orders: Lengths of character n-grams, in bytes of UTF-8.
        words: Longest word n-gram; 0 for none.
        limit: Characters of a text that are read.

    Returns:
        The buckets; every text has at least one (bucket 0 stands for "there is a text").
    """
    joined = "\0".join(f" {text[:limit].lower()} ".replace("\0", " ") for text in texts)
    data = np.frombuffer(joined.encode("utf-8", "replace"), dtype=np.uint8)
    ups, downs = _powers(_room(len(data) + 1))
    with np.errstate(over="ignore"):
        terms = (data.astype(np.uint64) + np.uint64(1)) * ups[: len(data)]
        sums = np.concatenate((np.zeros(1, dtype=np.uint64), np.cumsum(terms, dtype=np.uint64)))
        breaks = np.concatenate(([0], np.cumsum(data == 0)))
        spans = _spans(data, breaks, orders, words)
        salts = [*orders, *(100 + n for n in range(words))]
        hashes = [_hash(sums, downs, s, salt, bits) for s, salt in zip(spans, salts, strict=True)]
    owner = [breaks[span[0]] for span in spans]
    return _grouped(np.concatenate(hashes), np.concatenate(owner), len(texts))


def _grouped(hashes: Index, owner: Index, count: int) -> Grams:
    """Bring the n-grams of one text together, led by bucket 0."""
    owner = np.concatenate((np.arange(count), owner))
    small = owner.astype(np.uint16) if count < 1 << 16 else owner
    order = np.argsort(small, kind="stable")  # of 16 bits: a radix sort
    buckets = np.concatenate((np.zeros(count, dtype=np.int64), hashes))[order]
    bounds = np.concatenate(([0], np.cumsum(np.bincount(owner, minlength=count))))
    return Grams(buckets, bounds)
