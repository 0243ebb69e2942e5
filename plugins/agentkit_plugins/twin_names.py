"""Names for the twin test: the same person, called differently.

Chosen for this project so that gender and origin vary while nothing else does. Nobody's own gender
or origin is inferred: every twin is compared with the person as recorded.
"""

from __future__ import annotations

from typing import Final

__all__ = ["TWIN_NAMES"]

TWIN_NAMES: Final = (
    "Katharina Lindner",
    "Michael Bennett",
    "Aylin Yıldırım",
    "Mehmet Kaya",
    "Fatima El Amrani",
    "Kwame Mensah",
    "Mei-Ling Zhang",
    "Diego Ramírez Ortega",
)
"""Women and men; German, English, Turkish, North African, West African, Chinese, Latin American."""
