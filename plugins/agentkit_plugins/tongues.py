"""Which of the four languages a message is in, as far as its small words tell."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from agentkit_plugins.phrases import fold

__all__ = ["LANGUAGES", "language_of"]

_WORDS: Final = {
    code: frozenset(words.split())
    for code, words in {
        "en": "the and you your is are we for with our this have will from to of a an only just "
        "left on it at by be can please more there costs as been has was us i",
        "de": "der die das und sie ihr ihre ihren ihnen ist wir für mit nicht ein eine von bis zum "
        "am auf im zu den dem noch nur kostet gibt davon bei uns aus wie oder haben hat unser "
        "stück ab einen ich als um",
        "fr": "le la les et vous votre vos est nous pour avec une des du que dans au jusqu'au sur "
        "il ne en à ce cette aux sont plus par un comme qui chez je",
        "es": "el la los las y usted su sus es nosotros para con una por que en del hasta solo nos "
        "se un al lo le como más hay quedan son hoy desde ya mi",
    }.items()
}
"""Small words that tell the four languages apart."""
_LETTERS: Final = {
    "de": frozenset("äöüß"),
    "fr": frozenset("çèêëîïôœùû"),
    "es": frozenset("ñ¿¡áíóú"),
}
"""Letters that do, where the words do not."""
_MARKS: Final = ",.;:!?()\"'“”„«»-"
LANGUAGES: Final = tuple(_WORDS)


@lru_cache(maxsize=1024)
def language_of(text: str, spoken: str = "") -> str:
    """The language of a text by its small words: ``en``, ``de``, ``fr`` or ``es``.

    Args:
        text: The message.
        spoken: The person's language, where the text does not tell.
    """
    folded = fold(text)
    words = [w.strip(_MARKS) for w in folded.split()]
    letters = frozenset(folded)
    counts = {
        code: sum(w in small for w in words) + 0.5 * bool(letters & _LETTERS.get(code, frozenset()))
        for code, small in _WORDS.items()
    }
    best = max(counts, key=lambda code: counts[code])
    if counts[best] and list(counts.values()).count(counts[best]) == 1:
        return best
    return spoken[:2] if spoken[:2] in _WORDS else "en"
