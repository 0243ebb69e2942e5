"""Purposes in short: terms of the W3C Data Privacy Vocabulary, and which is part of which.

``dpv:DirectMarketing``, ``https://w3id.org/dpv#DirectMarketing`` and ``direct marketing`` are one
purpose. A yes to marketing is a yes to its parts; a no to marketing is a no to everything that is
not a service, because every such purpose is held to the rules of marketing.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

__all__ = ["SERVICE_PURPOSES", "grant_serves", "normal_basis", "normal_purpose", "objection_hits"]

SERVICE_PURPOSES: Final = frozenset(
    {"service", "transactional", "contract", "support", "billing", "security", "legal"}
)
"""Performance of a contract, an answer to a request, a legal duty. Every other purpose, an unknown
or empty one too, is held to the rules of marketing; research and surveys are marketing in law
(Germany: BGH, 10 July 2018, VI ZR 225/17, from memory)."""

_MARKETING: Final = "marketing"
_SHORT: Final = {
    "service_provision": "service",
    "requested_service_provision": "service",
    "services": "service",
    "transaction": "transactional",
    "customer_order_management": "transactional",
    "fulfilment_of_contractual_obligation": "contract",
    "customer_care": "support",
    "communication_for_customer_care": "support",
    "customer_claims_management": "support",
    "payment_management": "billing",
    "invoice": "billing",
    "invoices": "billing",
    "enforce_security": "security",
    "legal_compliance": "legal",
    "research_and_development": "research",
    "newsletters": "newsletter",
    "all": "",
    "*": "",
}
"""Names of the vocabulary, and the usual ones of exports, whose short form differs."""
_PART_OF: Final = {
    "advertising": _MARKETING,
    "direct_marketing": _MARKETING,
    "newsletter": _MARKETING,
    "personalised_advertising": "advertising",
    "public_relations": _MARKETING,
    "social_media_marketing": _MARKETING,
    "targeted_advertising": "personalised_advertising",
    "academic_research": "research",
    "commercial_research": "research",
    "non_commercial_research": "research",
}
"""Each part to the purpose that it belongs to (DPV 2, from memory)."""
_BASES: Final = (
    ("a6_1_a", "consent"), ("a6_1_b", "contract"), ("a6_1_c", "legal_obligation"),
    ("a6_1_d", "vital_interest"), ("a6_1_e", "public_interest"), ("a6_1_f", "legitimate_interest"),
    ("legitimate", "legitimate_interest"), ("consent", "consent"), ("contract", "contract"),
    ("legal", "legal_obligation"), ("vital", "vital_interest"), ("public", "public_interest"),
)  # fmt: skip
"""A word in the name of a ground to the ground (GDPR Art. 6(1)); the first that is found counts."""
_PREFIX: Final = re.compile(r"^(?:https?://w3id\.org/dpv(?:/owl)?[#/]|dpv[:#])", re.IGNORECASE)
_HUMP: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")
_GAP: Final = re.compile(r"[\s\-_]+")
_MAX_LENGTH: Final = 200


@lru_cache(maxsize=4096)
def normal_purpose(text: str) -> str:
    """A purpose's short name; ``*`` and ``all`` become empty: every one."""
    bare = _PREFIX.sub("", text.strip()[:_MAX_LENGTH])
    words = bare if bare.isupper() else _HUMP.sub("_", bare)
    name = _GAP.sub("_", words).strip("_").lower()
    return _SHORT.get(name, name)


@lru_cache(maxsize=1024)
def normal_basis(text: str) -> str:
    """A lawful basis by its short name, as exports, laws and vocabularies write it.

    ``dpv:Consent``, ``eu-gdpr:A6-1-f`` and "Legitimate interest: existing customer" are known;
    any other text is kept in small letters.
    """
    name = _GAP.sub("_", _HUMP.sub("_", text.strip()[:_MAX_LENGTH])).lower()
    return next((basis for word, basis in _BASES if word in name), name)


@lru_cache(maxsize=4096)
def grant_serves(granted: str, asked: str) -> bool:
    """Whether a yes to one purpose is a yes to another: to the same, or to a part of it."""
    granted, asked = normal_purpose(granted), normal_purpose(asked)
    return not granted or granted == asked or granted in _wholes(asked)


@lru_cache(maxsize=4096)
def objection_hits(refused: str, asked: str) -> bool:
    """Whether a no to one purpose is a no to another.

    It is to the same one, to its parts, and to a whole that may contain it; a no to marketing is
    one to everything that is no service. What is left open on either side counts as hit.
    """
    refused, asked = normal_purpose(refused), normal_purpose(asked)
    if not refused or not asked or refused == asked:
        return True
    if refused == _MARKETING and asked not in SERVICE_PURPOSES:
        return True
    return refused in _wholes(asked) or asked in _wholes(refused)


def _wholes(purpose: str) -> tuple[str, ...]:
    """Every purpose that this one is a part of."""
    found: list[str] = []
    while purpose in _PART_OF:
        purpose = _PART_OF[purpose]
        found.append(purpose)
    return tuple(found)
