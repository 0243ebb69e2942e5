"""Which words moved a score: leave each out and look (occlusion; Zeiler and Fergus 2014)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from agentkit.evidence import Span

if TYPE_CHECKING:
    from agentkit.classify.classifier import Classifier

__all__ = ["Moved", "explain"]

_WORD: Final = re.compile(r"\S+")
_MOST: Final = 60
"""Stretches that are left out at most: one pass of the encoder each."""


@dataclass(frozen=True, slots=True)
class Moved:
    """A stretch of the text and what it did.

    Attributes:
        span: Where, in characters of the text as it was given.
        text: The words.
        effect: Score with them minus score without them; positive where they raised it.
    """

    span: Span
    text: str
    effect: float


def _stretches(text: str, window: Span) -> list[tuple[int, int]]:
    """Words of the window, several to a stretch where there are many."""
    words = [m.span() for m in _WORD.finditer(text, window.start, window.end)]
    size = -(-len(words) // _MOST) or 1
    return [
        (words[i][0], words[min(i + size, len(words)) - 1][1]) for i in range(0, len(words), size)
    ]


def explain(classifier: Classifier, text: str, head: str, *, most: int = 5) -> list[Moved]:
    """Name the stretches that moved a head's score most, the strongest first.

    Args:
        classifier: The same session that gave the score.
        text: As it was scored.
        head: Of the score.
        most: How many to name.

    Returns:
        Nothing where the head has no score for this text.

    Raises:
        ModelError: There is no such head.
    """
    (whole,) = classifier.scores([text], [head], cascade=False)
    if head not in whole.scores:
        return []
    window = whole.spans[head]
    stretches = _stretches(text, window)
    without = [text[window.start : a] + text[b : window.end] for a, b in stretches]
    answers = classifier.scores(without, [head], cascade=False)
    moved = [
        Moved(Span(a, b), text[a:b], round(whole.scores[head] - answer.scores[head], 6))
        for (a, b), answer in zip(stretches, answers, strict=True)
        if head in answer.scores
    ]
    return sorted(moved, key=lambda one: -abs(one.effect))[:most]
