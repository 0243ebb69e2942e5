"""Which of the four languages a message is in, as far as its small words tell."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from agentkit_plugins.phrases import fold

__all__ = ["LANGUAGES", "language_of"]

_WORDS: Final = {
    code: frozenset(words.split())
    for code, words in {
        "en": "the and you your is are we for with our this have will from to of",
        "de": "der die das und sie ihr ihre ihren ist wir für mit nicht ein eine von bis zum am",
        "fr": "le la les et vous votre vos est nous pour avec une des du que dans au jusqu'au sur",
        "es": "el la los y usted su sus es nosotros para con una por que en del hasta solo nos",
    }.items()
}
"""Small words that tell the four languages apart."""
LANGUAGES: Final = tuple(_WORDS)


@lru_cache(maxsize=1024)
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
    return spoken[:2] if spoken[:2] in _WORDS else "en"
