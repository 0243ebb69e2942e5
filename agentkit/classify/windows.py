"""Overlapping windows over a long text, cut between sentences where that is possible."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from agentkit.classify.manifest import WindowFacts

__all__ = ["cuts", "sentences", "windows"]

_END: Final = re.compile(r"(?<=[.!?…])[\"'»”)\]]*\s+|\n+")


def sentences(text: str, longest: int) -> Iterator[tuple[int, int]]:
    """Stretches of text, one a sentence, none longer than ``longest`` characters.

    Together they cover the text; a sentence that is too long is cut at a space where there is one.
    """
    start = 0
    for end in [*(m.end() for m in _END.finditer(text)), len(text)]:
        while end - start > longest:
            space = text.rfind(" ", start + longest // 2, start + longest)
            cut = space + 1 if space > 0 else start + longest
            yield start, cut
            start = cut
        if end > start:
            yield start, end
            start = end


def _next_start(parts: Sequence[tuple[int, int]], first: int, last: int, overlap: int) -> int:
    """Index of the sentence that the next window begins with: at least one further on."""
    index = last
    while index - 1 > first and parts[last - 1][1] - parts[index - 1][0] <= overlap:
        index -= 1
    return index


def cuts(text: str, facts: WindowFacts) -> list[tuple[int, int]]:
    """What of a text a model reads at once: all of a short one, windows of a long one."""
    if len(text) <= facts.whole:
        return [(0, len(text))]
    return windows(text, facts.size, facts.overlap)


def windows(text: str, size: int, overlap: int) -> list[tuple[int, int]]:
    """Windows of whole sentences, as character offsets.

    Args:
        text: What to cut.
        size: Longest window, in characters.
        overlap: How much of a window the next one may repeat, in characters.

    Returns:
        At least one window; every character lies in one.
    """
    if len(text) <= size:
        return [(0, len(text))]
    parts = list(sentences(text, size))
    found, first = [], 0
    while first < len(parts):
        last = first + 1
        while last < len(parts) and parts[last][1] - parts[first][0] <= size:
            last += 1
        found.append((parts[first][0], parts[last - 1][1]))
        if last == len(parts):
            break
        first = _next_start(parts, first, last, overlap)
    return found
