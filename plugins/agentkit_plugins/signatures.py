"""Who signs a message, as far as its last lines tell."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

__all__ = ["is_known", "signature"]

_CLOSINGS: Final = (
    "best regards", "kind regards", "warm regards", "regards", "sincerely", "best wishes",
    "yours truly", "yours faithfully", "cheers", "all the best", "many thanks",
    "mit freundlichen grüßen", "freundliche grüße", "beste grüße", "viele grüße", "herzliche grüße",
    "liebe grüße", "mit besten grüßen", "schöne grüße", "hochachtungsvoll",
    "cordialement", "bien cordialement", "bien à vous", "salutations distinguées", "sincèrement",
    "meilleures salutations", "à bientôt",
    "atentamente", "saludos cordiales", "un saludo", "saludos", "un cordial saludo", "cordialmente",
)  # fmt: skip
_TEAM: Final = frozenset(
    """
    team equipo équipe service support kundenservice vertrieb assistant assistent assistante
    asistente ai ki ia gmbh ltd inc ag sl sas
    """.split()  # noqa: SIM905
)
_MAX_WORDS: Final = 5


def signature(text: str) -> str:
    """The line after the closing of a letter; empty where there is none."""
    lines = [line.strip(" ,-–—*_") for line in text[-800:].splitlines()]
    lines = [line for line in lines if line]
    for index in range(len(lines) - 1, -1, -1):
        line = lines[index].lower().rstrip(".!")
        closing = next((c for c in _CLOSINGS if line.startswith(c)), None)
        if closing is None:
            continue
        rest = lines[index][len(closing) :].strip(" ,.!")
        after = lines[index + 1] if index + 1 < len(lines) else ""
        name = rest or after
        return name if 0 < len(name.split()) <= _MAX_WORDS else ""
    return ""


def is_known(name: str, allowed: Iterable[str], brand: str) -> bool:
    """Whether a signature is one that the charter allows, a team, or the brand itself."""
    words = set(name.lower().replace(",", " ").replace("'s", " ").split())
    if words & _TEAM or (brand and brand.lower() in name.lower()):
        return True
    return any(words & set(known.lower().split()) for known in allowed)
