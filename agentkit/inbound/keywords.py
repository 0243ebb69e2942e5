"""Words that are a withdrawal when they are the whole text of a reply by SMS, WhatsApp or chat.

47 CFR 64.1200(a)(10) names the English ones; the others are what people in the served languages
send. In a sentence, and in mail, they say nothing by themselves: "please cancel my order".
"""

from __future__ import annotations

import unicodedata
from typing import Final

__all__ = ["STOP_WORDS", "TEXT_CHANNELS", "is_stop", "plain"]

TEXT_CHANNELS: Final = frozenset({"sms", "whatsapp", "chat"})
"""Where a reply is a text, and a keyword counts."""

_LONGEST: Final = 60

STOP_WORDS: Final = frozenset({
    "stop", "stop all", "stopall", "quit", "end", "revoke", "opt out", "optout", "cancel",
    "unsubscribe", "unsubscribe all", "stop please", "please stop",
    "stopp", "stoppen", "abmelden", "abmeldung", "abbestellen", "austragen", "ende", "widerruf",
    "widerrufen", "bitte abmelden", "stopp bitte", "stop bitte",
    "arret", "arreter", "desabonner", "desabonnement", "desinscrire", "desinscription", "annuler",
    "resilier", "stop svp", "fin",
    "baja", "alto", "parar", "cancelar", "detener", "darse de baja", "darme de baja", "basta",
})  # fmt: skip
"""Folded: lower case, without accents and punctuation, single spaces."""


def is_stop(text: str) -> bool:
    """Whether a text is nothing but a keyword, whatever its case, accents and punctuation."""
    if len(text) > _LONGEST:
        return False
    return plain(text) in STOP_WORDS


def plain(text: str) -> str:
    """Lower case, without accents; everything but letters and digits becomes single spaces."""
    spread = unicodedata.normalize("NFKD", text.casefold())
    letters = (c if c.isalnum() else " " for c in spread if not unicodedata.combining(c))
    return " ".join("".join(letters).split())
