"""What stands in a text, whoever gets it: read once, compared with each person's records.

The same text is examined again after a revision and before it is performed; a campaign sends it a
thousand times.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final, NamedTuple

from agentkit_plugins.claim_patterns import LIMITS, SCARCE_WORDS
from agentkit_plugins.phrases import AI_DISCLOSED, CLAIMS_HUMAN, PRIOR_CONTACT, RELATIONSHIP, fold
from agentkit_plugins.signatures import signature

__all__ = ["LONGEST", "Place", "Reading", "read"]

LONGEST: Final = 20_000
"""Characters that are searched: longer texts are no messages."""


class Place(NamedTuple):
    """A phrase, and where it begins."""

    phrase: str
    start: int


class Reading(NamedTuple):
    """What a text holds.

    Attributes:
        folded: The text in lower case, with straight apostrophes.
        digits: It has digits, and so perhaps dates, prices or numbers of pieces.
        limits: It has a word for an end, and so perhaps a deadline.
        prior_contact: References to an earlier contact.
        relationship: Statements that the person is a customer.
        scarce: Scarcity without a number.
        discloses_ai: It says that a machine writes.
        claims_human: It says that a person writes.
        signed: The name that signs it; empty if none.
    """

    folded: str
    digits: bool
    limits: bool
    prior_contact: tuple[Place, ...]
    relationship: tuple[Place, ...]
    scarce: tuple[Place, ...]
    discloses_ai: bool
    claims_human: bool
    signed: str

    @property
    def claims(self) -> bool:
        """Whether there is anything to compare with a record."""
        return bool(
            self.digits or self.limits or self.prior_contact or self.relationship or self.scarce
        )


@lru_cache(maxsize=1024)
def read(text: str) -> Reading:
    """Read a text; ten plain searches beat one pattern where there is nothing to find."""
    folded = fold(text[:LONGEST])
    return Reading(
        folded,
        any(digit in folded for digit in "0123456789"),
        any(word in folded for word in LIMITS),
        _places(folded, PRIOR_CONTACT),
        _places(folded, RELATIONSHIP),
        _places(folded, SCARCE_WORDS),
        any(phrase in folded for phrase in AI_DISCLOSED),
        any(phrase in folded for phrase in CLAIMS_HUMAN),
        signature(text),
    )


def _places(folded: str, phrases: tuple[str, ...]) -> tuple[Place, ...]:
    return tuple(Place(p, folded.index(p)) for p in phrases if p in folded)
