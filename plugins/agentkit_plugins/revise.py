"""Deterministic rewrites: disclose the machine, drop what the record contradicts or what presses.

A revision only takes sentences out or adds the one line of disclosure: it never adds a claim, a
recipient or an amount.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from agentkit import Action, Context, Manifest, ModelError, Span, Verdict, hookimpl
from agentkit_plugins.claim_patterns import SENTENCE
from agentkit_plugins.claims import check
from agentkit_plugins.footers import DISCLOSURES
from agentkit_plugins.phrases import PRESSURE, fold, place_of
from agentkit_plugins.reading import read
from agentkit_plugins.senders import words_of

__all__ = ["language_of"]

_WORDS: Final = {
    code: frozenset(words.split())
    for code, words in {
        "en": "the and you your is are we for with our this have will from to of",
        "de": "der die das und sie ihr ihre ihren ist wir für mit nicht ein eine von",
        "fr": "le la les et vous votre vos est nous pour avec une des du que dans",
        "es": "el la los y usted su sus es nosotros para con una por que en del",
    }.items()
}
"""Small words that tell the four languages apart."""
_LEAST_LEFT: Final = 20
"""Characters that must remain: less is no message."""


@hookimpl
def declare() -> Manifest:
    """What this plugin brings: rewrites only."""
    return Manifest("revise", "1")


@hookimpl
def revise(action: Action, verdict: Verdict, context: Context) -> Action | None:
    """Drop contradicted sentences and empty urgency, then disclose; None where nothing is to do."""
    if not action.text or not any(f.revise for f in verdict.fired):
        return None
    text = _without(action.text, _contradicted(action, context))
    if _flagged(words_of(action.revised(text=text)), context):
        text = _without(text, _pressure(text))
    if len(words_of(action.revised(text=text))) < min(_LEAST_LEFT, len(words_of(action))):
        return None
    text = _disclosing(text, action, context)
    return None if text == action.text else action.revised(text=text)


def _contradicted(action: Action, context: Context) -> list[Span]:
    person = context.person(action)
    country = person.contact.country if person is not None else ""
    claims = check(action, person, context.now, country)
    return [claim.span for claim in claims if claim.outcome == "contradicted"]


def _flagged(text: str, context: Context) -> bool:
    try:
        return any(s.flags.get("deception") for s in context.classify("deception", [text]))
    except ModelError:  # without a model nothing is flagged, and nothing needs dropping
        return False


def _pressure(text: str) -> list[Span]:
    folded = fold(text)
    found = ((place_of(folded, phrase), len(phrase)) for phrase in PRESSURE)
    return [Span(at, at + size) for at, size in found if at >= 0]


def _without(text: str, spans: Iterable[Span]) -> str:
    """The text without the sentences in which a span lies."""
    drop = list(spans)
    if not drop:
        return text
    parts, end = [], 0
    for match in SENTENCE.finditer(text):
        parts.append(text[end : match.start()])
        end = match.end()
        if any(s.start < match.end() and match.start() < s.end for s in drop):
            parts.append("\n" if match[0].endswith("\n") else "")
        else:
            parts.append(match[0])
    return "".join([*parts, text[end:]])


def _disclosing(text: str, action: Action, context: Context) -> str:
    """The text with one line that a machine wrote it, unless it says so, or says the contrary."""
    reading = read(text)
    if reading.discloses_ai or reading.claims_human:
        return text
    person = context.person(action)
    spoken = person.contact.language if person is not None else ""
    return f"{text.rstrip()}\n\n{DISCLOSURES[language_of(text, spoken)]}"


def language_of(text: str, spoken: str = "") -> str:
    """The language of a text by its small words: ``en``, ``de``, ``fr`` or ``es``.

    Args:
        text: The message.
        spoken: The person's language, where the text does not tell.
    """
    words = fold(text).split()
    counts = {code: sum(w in small for w in words) for code, small in _WORDS.items()}
    best = max(counts, key=lambda code: counts[code])
    if counts[best] and list(counts.values()).count(counts[best]) == 1:
        return best
    return spoken[:2] if spoken[:2] in DISCLOSURES else "en"
