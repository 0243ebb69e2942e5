"""What stands in a text, whoever gets it: read once, compared with each person's records.

The same text is examined again after a revision and before it is performed; a campaign sends it a
thousand times.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final, NamedTuple

from agentkit_plugins.claim_patterns import (
    DEADLINE,
    LIMITS,
    OFFER,
    RELATIVE_DAY,
    SCARCE_WORDS,
    SENTENCE,
    WEEKDAYS,
)
from agentkit_plugins.phrases import (
    AI_DISCLOSED,
    CLAIMS_HUMAN,
    PRIOR_CONTACT,
    RELATIONSHIP,
    fold,
    place_of,
)
from agentkit_plugins.signatures import signature

__all__ = ["LONGEST", "NearDay", "Place", "Reading", "is_limit", "read"]

LONGEST: Final = 20_000
"""Characters that are searched: longer texts are no messages."""


class Place(NamedTuple):
    """A phrase, and where it begins."""

    phrase: str
    start: int


class NearDay(NamedTuple):
    """A day by name that ends an offer: ``today`` 0, ``tomorrow`` 1, Monday -1 to Sunday -7."""

    place: Place
    day: int


class Reading(NamedTuple):
    """What a text holds.

    Attributes:
        folded: The text in lower case, with straight apostrophes.
        digits: It has digits, and so perhaps dates, prices or numbers of pieces.
        near_days: Offers that end on a day by name.
        prior_contact: References to an earlier contact.
        relationship: Statements that the person is a customer.
        scarce: Scarcity without a number.
        discloses_ai: It says that a machine writes.
        claims_human: It says that a person writes.
        signed: The name that signs it; empty if none.
    """

    folded: str
    digits: bool
    near_days: tuple[NearDay, ...]
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
            self.digits or self.near_days or self.prior_contact or self.relationship or self.scarce
        )


@lru_cache(maxsize=1024)
def read(text: str) -> Reading:
    """Read a text; ten plain searches beat one pattern where there is nothing to find."""
    folded = fold(text[:LONGEST])
    return Reading(
        folded,
        any(digit in folded for digit in "0123456789"),
        tuple(_near_days(folded)) if any(word in folded for word in LIMITS) else (),
        _places(folded, PRIOR_CONTACT),
        _places(folded, RELATIONSHIP),
        _places(folded, SCARCE_WORDS),
        bool(_places(folded, AI_DISCLOSED)),
        bool(_places(folded, CLAIMS_HUMAN)),
        signature(text),
    )


def _places(folded: str, phrases: tuple[str, ...]) -> tuple[Place, ...]:
    found = [Place(p, place_of(folded, p)) for p in phrases if p in folded]
    return tuple(place for place in found if place.start >= 0)


def _near_days(folded: str) -> Iterator[NearDay]:
    for sentence in SENTENCE.finditer(folded):
        if OFFER.search(sentence[0]):
            for match in RELATIVE_DAY.finditer(sentence[0]):
                if is_limit(sentence[0], match):
                    place = Place(match[0], sentence.start() + match.start())
                    yield NearDay(place, _day(match))


def _day(match: re.Match[str]) -> int:
    if match[3]:
        return -WEEKDAYS[match[3]]
    return 0 if match[1] else 1


def is_limit(sentence: str, match: re.Match[str]) -> bool:
    """Whether a word for an end stands close before the match, or right after it."""
    before, after = sentence[max(0, match.start() - 40) : match.start()], match.end()
    return bool(DEADLINE.search(before) or DEADLINE.search(sentence[after : after + 12]))
