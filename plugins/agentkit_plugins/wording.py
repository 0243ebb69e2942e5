"""Taking words out of a text so that what is left still reads: leads, sentences, hidden parts."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from agentkit import Span
from agentkit_plugins.claim_patterns import SENTENCE
from agentkit_plugins.visible import without_hidden

__all__ = ["applied", "lead_of", "sentence_of", "sentences", "tail_of", "without_hidden"]

_AND: Final = r"(?:and|und|et|y)"
_LEAD: Final = re.compile(
    r"^[\s–—-]*[^,:;.!?\n]{0,90}?"
    rf"(?:[,:;!–—]\s+(?:{_AND}\s+)?|\s{_AND}\s(?=(?:the|it|we|der|die|das|le|la|el|los)\b))"
    r"(?!(?:dass|daß|weil|ob|wenn|that|because|whether|if|which|qu[e']|si|car|porque)\b)",
    re.IGNORECASE,
)
_TAIL: Final = re.compile(rf"[,;–—]\s+(?:{_AND}\s+)?[^,:;.!?\n]{{0,90}}(?=[.!?]*\s*$)")
_LEFT: Final = 15
"""Characters of a sentence that must remain behind a lead that is taken out."""


def sentences(text: str) -> list[Span]:
    """The places of all sentences, their white space included."""
    return [Span(m.start(), m.end()) for m in SENTENCE.finditer(text)]


def sentence_of(text: str, span: Span) -> Span | None:
    """The sentence in which a place lies."""
    return next((s for s in sentences(text) if s.start <= span.start < s.end), None)


def lead_of(text: str, span: Span) -> Span | None:
    """The words before the first comma or colon of a sentence, if a place lies in them.

    ``As discussed last week, your quote comes to ...`` can do without its first five words.
    """
    sentence = sentence_of(text, span)
    if sentence is None:
        return None
    whole = text[sentence.start : sentence.end]
    lead = _LEAD.match(whole)
    if lead is None or span.end > sentence.start + lead.end() or len(whole) - lead.end() < _LEFT:
        return None
    return Span(sentence.start, sentence.start + lead.end())


def tail_of(text: str, span: Span) -> Span | None:
    """The words behind the last comma of a sentence, if a place lies in them."""
    sentence = sentence_of(text, span)
    if sentence is None:
        return None
    tail = _TAIL.search(text[sentence.start : sentence.end])
    if tail is None or tail.start() < _LEFT or sentence.start + tail.start() > span.start:
        return None
    return Span(sentence.start + tail.start(), sentence.start + tail.end())


def applied(text: str, edits: Iterable[tuple[int, int, str]], dropped: Iterable[Span]) -> str:
    """The text with edits made and spans taken out; a sentence that lost its lead begins anew."""
    gone = list(dropped)
    kept = [e for e in edits if not any(s.start < e[1] and e[0] < s.end for s in gone)]
    changes = sorted([*kept, *((s.start, s.end, "") for s in gone)])
    parts, end = [], 0
    for start, stop, new in changes:
        if start < end:  # two that overlap: the first one stands
            end = max(end, stop if not new else end)
            continue
        parts += [text[end:start], new]
        end = stop
        if not new and _begins(text, start) and text[stop : stop + 1].islower():
            parts.append(text[stop].upper())
            end = stop + 1
        elif not new:
            gap = text[start:stop]
            parts.append("\n" * gap[len(gap.rstrip()) :].count("\n"))
    return "".join([*parts, text[end:]])


def _begins(text: str, at: int) -> bool:
    """Whether a sentence begins at a place."""
    before = text[:at].rstrip(" ")
    return not before or before[-1] in ".!?\n"
