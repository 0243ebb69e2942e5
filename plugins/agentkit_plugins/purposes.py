"""Which declared purposes need no marketing consent (W3C Data Privacy Vocabulary, in short)."""

from __future__ import annotations

from typing import Final

__all__ = ["SERVICE_PURPOSES"]

SERVICE_PURPOSES: Final = frozenset(
    {"service", "transactional", "contract", "support", "billing", "security", "legal"}
)
"""Performance of a contract, an answer to a request, a legal duty. Every other purpose, an unknown
or empty one too, is held to the rules of marketing; research and surveys are marketing in law
(Germany: BGH, 10 July 2018, VI ZR 225/17, from memory)."""
