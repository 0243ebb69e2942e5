"""Phrases in English, German, French and Spanish that need no model to be understood.

Written for this project. All are lower case, with straight apostrophes; a text is folded the same
way before it is searched.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

__all__ = [
    "AI_DISCLOSED",
    "ASKS_FOR_PERSON",
    "CHEERFUL",
    "CLAIMS_HUMAN",
    "PRESSURE",
    "first_phrase",
    "fold",
    "place_of",
]

ASKS_FOR_PERSON: Final = (
    "speak to a human", "talk to a human", "speak with a human", "talk with a human",
    "speak to a person", "talk to a person", "speak to a real person", "talk to a real person",
    "speak to someone real", "a human being please", "real human", "human agent", "live agent",
    "speak to your manager", "speak to a manager", "speak to your supervisor",
    "not a bot please", "no more bots", "stop sending me bots",
    "mit einem menschen sprechen", "mit einem menschen reden", "einen menschen sprechen",
    "einen echten menschen", "einem echten menschen", "einem mitarbeiter sprechen",
    "einer mitarbeiterin sprechen", "ihren vorgesetzten", "keinen bot", "kein bot mehr",
    "menschlichen ansprechpartner", "persönlichen ansprechpartner",
    "parler à un humain", "parler à une personne", "parler avec un humain", "un être humain",
    "un vrai humain", "une vraie personne", "parler à quelqu'un de réel", "un conseiller humain",
    "parler à un responsable", "parler à votre responsable", "pas un robot",
    "hablar con una persona", "hablar con un humano", "una persona real", "un ser humano",
    "hablar con un agente", "hablar con su supervisor", "hablar con un responsable",
    "no con un robot", "no quiero un robot",
)  # fmt: skip
"""A customer asks for a person."""

AI_DISCLOSED: Final = (
    "ai assistant", "ai-assistant", "ai system", "ai agent", "ai-generated", "ai generated",
    "artificial intelligence", "automated assistant", "virtual assistant", "automated system",
    "chatbot", "written by an ai", "written with ai", "with the help of ai", "i am an ai",
    "i'm an ai", "our ai", "automated message",
    "ki-assistent", "ki assistent", "ki-system", "ki-agent", "ki-gestützt", "ki-generiert",
    "künstliche intelligenz", "künstlichen intelligenz", "künstlicher intelligenz",
    "mit ki erstellt", "von einer ki", "virtueller assistent", "virtuelle assistentin",
    "automatisierter assistent", "automatisch erstellt", "automatisierte nachricht",
    "assistant ia", "assistante ia", "assistant d'ia", "agent ia", "intelligence artificielle",
    "assistant virtuel", "assistante virtuelle", "assistant automatisé", "généré par ia",
    "généré par une ia", "rédigé par une ia", "message automatisé", "message automatique",
    "asistente de ia", "asistente ia", "agente de ia", "inteligencia artificial",
    "asistente virtual", "asistente automatizado", "asistente automático", "generado por ia",
    "mensaje automatizado", "mensaje automático",
)  # fmt: skip
"""The text says that a machine writes."""

CLAIMS_HUMAN: Final = (
    "i am a real person", "i'm a real person", "i am a human", "i'm a human", "i am human",
    "i'm human", "i'm not a bot", "i am not a bot", "i'm not a robot", "i am not a robot",
    "this is not a bot", "not an automated message", "this isn't automated", "i am not an ai",
    "i'm not an ai", "written by a real person", "a real human wrote",
    "ich bin ein mensch", "ich bin ein echter mensch", "ich bin eine echte person",
    "ich bin kein bot", "ich bin kein roboter", "ich bin keine ki", "kein automatischer text",
    "keine automatische nachricht",
    "je suis un humain", "je suis une vraie personne", "je suis une personne réelle",
    "je ne suis pas un robot", "je ne suis pas une ia", "ceci n'est pas un message automatique",
    "soy una persona real", "soy un humano", "soy humana", "soy humano", "no soy un robot",
    "no soy un bot", "no soy una ia", "este no es un mensaje automático",
)  # fmt: skip
"""A machine's text that says a person writes."""

PRESSURE: Final = (
    "act now", "act fast", "hurry", "last chance", "don't miss", "do not miss",
    "before it's too late",
    "before it is too late", "now or never", "final notice", "you will regret", "you'll regret",
    "while stocks last", "while supplies last", "selling fast", "almost gone", "nearly gone",
    "almost sold out", "nearly sold out", "going fast", "limited time only", "offer ends soon",
    "jetzt oder nie", "letzte chance", "nur noch heute", "schnell sein", "beeilen sie sich",
    "greifen sie jetzt zu", "bevor es zu spät ist", "sonst ist es zu spät", "fast ausverkauft",
    "fast vergriffen", "solange der vorrat reicht", "nicht verpassen", "verpassen sie nicht",
    "dépêchez-vous", "dernière chance", "ne manquez pas", "ne ratez pas",
    "avant qu'il ne soit trop tard",
    "maintenant ou jamais", "presque épuisé", "bientôt épuisé", "dans la limite des stocks",
    "agissez maintenant", "vite",
    "actúe ya", "actúe ahora", "dese prisa", "última oportunidad", "no se lo pierda",
    "no te lo pierdas",
    "antes de que sea tarde", "ahora o nunca", "casi agotado", "a punto de agotarse",
    "hasta agotar existencias", "date prisa",
)  # fmt: skip
"""Urgency that carries no information: it can be dropped without losing any."""


CHEERFUL: Final = (
    "great news", "good news", "amazing", "awesome", "fantastic", "exciting", "yay", "woohoo",
    "treat yourself", "don't miss", "special offer", "celebrate", "happy shopping", "hooray",
    "tolle neuigkeiten", "gute nachrichten", "super angebot", "sensationell", "juhu", "hurra",
    "gönnen sie sich", "nicht verpassen", "freuen sie sich", "fantastisch",
    "bonne nouvelle", "excellente nouvelle", "génial", "offre exceptionnelle",
    "faites-vous plaisir", "ne manquez pas", "youpi", "profitez-en", "fantastique",
    "buenas noticias", "gran noticia", "genial", "increíble", "oferta especial", "dese un capricho",
    "no se lo pierda", "fantástico", "yupi", "disfrute",
)  # fmt: skip
"""Cheer that fits an invitation, and no answer to somebody who mourns or complains."""


@lru_cache(maxsize=256)
def fold(text: str) -> str:
    """Lower case with straight apostrophes; same length for the four languages."""
    lower = text.lower()
    if len(lower) != len(text):  # a capital that becomes two characters: keep every place
        lower = "".join(c.lower() if len(c.lower()) == 1 else c for c in text)
    return lower.replace("’", "'")


def place_of(folded: str, phrase: str) -> int:
    """Where a folded text holds a phrase as whole words, or -1: ``our aim`` holds no ``our ai``."""
    at = folded.find(phrase)
    while at >= 0:
        end = at + len(phrase)
        if not (folded[at - 1 : at].isalnum() or folded[end : end + 1].isalnum()):
            return at
        at = folded.find(phrase, at + 1)
    return -1


def first_phrase(text: str, phrases: tuple[str, ...]) -> str | None:
    """The first of ``phrases`` that a text contains as whole words."""
    folded = fold(text)
    return next((p for p in phrases if place_of(folded, p) >= 0), None)
