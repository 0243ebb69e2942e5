"""What stands in a text, whoever gets it: read once, compared with each person's records.

The same text is examined again after a revision and before it is performed; a campaign sends it a
thousand times.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final, NamedTuple

from agentkit_plugins.footers import body_of
from agentkit_plugins.phrases import AI_DISCLOSED, CLAIMS_HUMAN, fold, place_of
from agentkit_plugins.signatures import signature
from agentkit_plugins.tongues import language_of
from agentkit_plugins.visible import seen
from agentkit_plugins.written_numbers import Digits, in_digits

__all__ = ["LONGEST", "Reading", "read"]

LONGEST: Final = 20_000
"""Characters that are searched: longer texts are no messages."""


class Reading(NamedTuple):
    """What a text holds.

    Attributes:
        visible: The text as a reader sees it: tags, hidden and quoted text are blank.
        digits: It, folded, with the numbers that are written out put into digits.
        language: ``en``, ``de``, ``fr`` or ``es``, by its small words.
        hidden: It holds text that no reader sees.
        discloses_ai: It says that a machine writes.
        claims_human: It says that a person writes.
        signed: The name that signs it; empty if none.
    """

    visible: str
    digits: Digits
    language: str
    hidden: bool
    discloses_ai: bool
    claims_human: bool
    signed: str


@lru_cache(maxsize=1024)
def read(text: str) -> Reading:
    """Read a text."""
    visible, hidden = seen(text[:LONGEST])
    folded, language = fold(visible), language_of(body_of(visible))
    return Reading(
        visible,
        in_digits(folded, language),
        language,
        hidden,
        _says(folded, AI_DISCLOSED),
        _says(folded, CLAIMS_HUMAN),
        signature(visible),
    )


def _says(folded: str, phrases: tuple[str, ...]) -> bool:
    return any(p in folded and place_of(folded, p) >= 0 for p in phrases)
