"""What people say when they say no, in four languages, and what only looks like it.

Written for this project. All are tried on one sentence in the form of `plain`: lower case, without
accents and punctuation, and cut to a bounded length; no pattern holds a repetition of a
repetition.
"""

from __future__ import annotations

import re
from typing import Final

__all__ = [
    "ABOUT_ORDER",
    "ACCOUNT",
    "CHANNEL_WORDS",
    "CONDITIONAL",
    "DATA",
    "FOR_NOW",
    "LESS",
    "MARKETING_WORDS",
    "MINOR",
    "NEEDS_WORDS",
    "NO_MORE",
    "STAYS",
]


def _any(*phrases: str) -> re.Pattern[str]:
    return re.compile(r"\b(?:" + "|".join(phrases) + r")\b")


NO_MORE: Final = _any(
    "unsubscribe me", "please unsubscribe", "opt me out", "opt out", "take me off",
    "remove me from", "stop (?:sending|emailing|mailing|texting|messaging|calling|contacting)",
    "(?:do not|don t|dont|never) (?:send|email|mail|text|message|call|contact|write)",
    "no more (?:mails?|emails?|e mails?|texts?|messages|calls|newsletters?|advertising)",
    "(?:withdraw|revoke) my consent",
    "streichen sie mich", "nehmen sie mich", "melden sie mich", "mich abmelden", "abmelden",
    "vom newsletter ab", "newsletter abbestellen", "bestelle ich ab", "aus dem verteiler",
    "keine (?:weiteren |mehr )?(?:werbung|newsletter|mails|e mails|nachrichten|anrufe|sms)",
    "nicht mehr (?:an|anrufen|kontaktieren|anschreiben|schreiben|zusenden|schicken|senden)",
    "keine werbung", "widerrufe ich", "ich widerrufe", "widerspreche ich", "ich widerspreche",
    "desinscri\\w{1,8}", "desabonn\\w{1,8}", "me retirer de", "retirez moi", "ne plus recevoir",
    "ne m (?:envoyez|appelez|ecrivez|contactez) plus", "ne me contactez plus",
    "plus de (?:publicite|newsletters?|mails?|messages|appels)", "retire mon consentement",
    "dar\\w{0,3} de baja", "den\\w{0,2} de baja", "deme de baja", "borrenme de", "quitenme de",
    "no me (?:envie|envien|llame|llamen|escriba|escriban|mande|manden|contacte|contacten)",
    "no (?:quiero|deseo) (?:recibir|mas)", "dejen? de (?:enviar|llamar|mandar|escribir)\\w{0,4}",
    "no mas (?:correos|mensajes|llamadas|publicidad)", "retiro mi consentimiento",
)  # fmt: skip
"""Plain words of a withdrawal."""

STAYS: Final = _any(
    "(?:do not|don t|dont|did not|didn t|never) (?:want to |wish to |mean to )?"
    "(?:unsubscribe|opt out|be unsubscribed)",
    "keep me (?:subscribed|on)", "keep (?:it|them) coming", "stay subscribed",
    "don t (?:stop|take me off|remove me)", "do not (?:stop|take me off|remove me)",
    "nicht abmelden", "nicht abbestellen", "nicht vom newsletter", "angemeldet bleiben",
    "weiterhin (?:den newsletter|newsletter|erhalten|bekommen)",
    "ne (?:me|veux|souhaite) (?:pas )?(?:pas |me )?(?:desinscri\\w{1,8}|desabonn\\w{1,8})",
    "ne me (?:desinscrivez|desabonnez) pas", "rester abonne\\w?",
    "no me (?:de|den) de baja", "no quiero (?:darme|que me den) de baja", "seguir recibiendo",
)  # fmt: skip
"""The contrary: they want to stay."""

CONDITIONAL: Final = _any(
    "if you", "if this", "if i", "unless", "otherwise i", "or i will", "or else", "next time",
    "wenn sie", "wenn das", "falls", "sonst", "andernfalls", "beim nachsten mal",
    "si vous", "si cela", "sinon", "a moins que", "la prochaine fois",
    "si (?:no|siguen|sigue|vuelven)", "de lo contrario", "a menos que", "la proxima vez",
)  # fmt: skip
"""A threat or a condition: perhaps, not yet."""

FOR_NOW: Final = _any(
    "now", "today", "tonight", "this (?:morning|afternoon|evening|week)", "at the moment",
    "heute", "jetzt", "gerade", "diese woche", "vormittags", "nachmittags", "im moment",
    "aujourd hui", "maintenant", "ce (?:matin|soir)", "cette semaine", "en ce moment",
    "hoy", "ahora", "(?:por|en) la (?:manana|tarde|noche)", "esta (?:semana|tarde|noche)",
)  # fmt: skip
"""Perhaps not now, and another time gladly."""

ABOUT_ORDER: Final = _any(
    "(?:cancel|stop|end|revoke)\\w{0,4} (?:\\w{1,20} ){0,3}"
    "(?:order|booking|reservation|delivery|appointment|subscription|contract|payment|shipment)",
    "storniere\\w{0,3}", "stornierung",
    "(?:bestellung|auftrag|termin|buchung|lieferung|vertrag|abo)(?: \\w{1,20}){0,4} "
    "(?:abbestellen|kundigen|stornieren|absagen|widerrufen)",
    "annul\\w{1,5} (?:\\w{1,20} ){0,3}(?:commande|reservation|livraison|rendez)",
    "(?:cancelar|cancele|anular|anule) (?:\\w{1,20} ){0,3}(?:pedido|reserva|cita|envio)",
)  # fmt: skip
"""Something is cancelled that is no consent: an order, an appointment, a contract."""

LESS: Final = _any(
    "fewer", "less often", "less frequently", "not so (?:many|often)", "too (?:many|often)",
    "once a (?:week|month)", "only (?:weekly|monthly)",
    "weniger", "seltener", "nicht so (?:oft|viele)", "zu (?:oft|viele)", "nur einmal",
    "moins (?:de|souvent)", "trop (?:de|souvent)", "une fois par",
    "menos", "demasiad\\w{1,3}", "una vez (?:al|por)",
)  # fmt: skip
"""Less, not nothing."""

_DELETE: Final = (
    "delete", "erase", "remove", "close", "losch\\w{1,3}", "schliess\\w{1,3}", "loschung",
    "supprim\\w{1,4}", "efface\\w{0,2}", "ferm\\w{1,3}", "elimin\\w{1,3}", "borr\\w{1,4}",
    "suprim\\w{1,4}", "cierr\\w{1,3}", "cerrar",
)  # fmt: skip
_VERB: Final = f"(?:{'|'.join(_DELETE)})"


def _with_delete(nouns: str) -> re.Pattern[str]:
    gap = r"(?: \w{1,20}){0,5} "
    return re.compile(rf"\b(?:{_VERB}{gap}(?:{nouns})|(?:{nouns}){gap}{_VERB})\b")


DATA: Final = _with_delete(
    "data|information|records?|daten|datos|donnees|informations|informacion|everything about me"
)
"""A request to delete data."""
ACCOUNT: Final = _with_delete(
    "account|profile|konto|kundenkonto|benutzerkonto|profil|compte|cuenta|perfil"
)
"""A request to close an account."""

CHANNEL_WORDS: Final = {
    "phone": _any(
        "calls?", "calling", "phone", "ring me", "(?:werbe)?anruf\\w{0,3}", "angerufen", "rufen",
        "ruft", "telefon\\w{0,6}", "appel\\w{0,4}", "telephon\\w{0,4}", "llam\\w{1,4}",
        "telefono",
    ),
    "sms": _any("sms", "texts?", "texting", "textos?", "simsen"),
    "whatsapp": _any("whatsapp"),
    "email": _any(
        "e ?mails?", "emailing", "mails?", "newsletters?", "mailing list", "courriels?",
        "infolettre", "correos?", "boletin\\w{0,2}", "rundbrief\\w{0,2}", "verteiler",
    ),
    "post": _any("letters?", "by post", "briefe?n?", "postalisch", "courrier", "cartas?"),
}  # fmt: skip
"""Words that name a channel, in the order in which they are tried."""

MARKETING_WORDS: Final = _any(
    "newsletters?", "marketing", "advertising", "ads?", "adverts?", "promotions?", "promotional",
    "offers?", "werb\\w{1,12}", "angebote?", "rundbrief\\w{0,2}", "publicite\\w{0,2}",
    "promotion\\w{0,6}", "offres?", "infolettre", "publicidad", "ofertas?", "promocion\\w{0,4}",
    "boletin\\w{0,2}",
)  # fmt: skip
"""Words that name promotion."""

NEEDS_WORDS: Final = {
    "bereavement": _any(
        "died", "death", "dead", "passed away", "funeral", "deceased", r"widow\w{0,3}", "mourning",
        "gestorben", r"verstorben\w{0,2}", "tod", "todesfall", "beerdigung", "witwer?",
        r"trauer\w{0,8}",
        r"decede\w{0,2}", "deces", r"mort\w{0,2}", "obseques", "veu[fv]e?", "deuil", "enterrement",
        r"falleci\w{1,6}", r"muri\w{1,4}", "muerte", "entierro", "viud[ao]", "luto",
    ),
    "hardship": _any(
        "lost my job", "unemployed", "laid off",
        "(?:can t|cannot|can not|unable to) (?:pay|afford)",
        r"bankrupt\w{0,4}", "in debt", "behind on", "arbeitslos", "job verloren", "arbeit verloren",
        "nicht (?:mehr )?(?:be)?zahlen", r"insolven\w{1,4}", "schulden", "pleite",
        "perdu mon (?:emploi|travail)", "au chomage", "(?:peux|pouvons) (?:pas|plus) payer",
        r"surendett\w{1,6}", "perdi(?:do)? (?:mi|el) (?:trabajo|empleo)", "desempleo", "en paro",
        "no puedo pagar", "no podemos pagar",
    ),
    "vulnerability": _any(
        "dementia", r"alzheimer\w{0,2}", "disabled", "my carer", "guardian", "in hospital",
        "cancer",
        "demenz", "behindert", r"betreuer\w{0,2}", "krankenhaus", "krebs", "pflegefall",
        "demence", r"handicape\w{0,2}", "tutelle", "hopital", "hospital", "discapacidad",
        "demencia",
    ),
    "complaint": _any(
        r"complain\w{0,4}", "unacceptable", "outrageous", r"beschwer\w{1,4}", r"reklam\w{1,9}",
        r"unverschamt\w{0,4}", "inakzeptabel", "plainte", "reclamation", "inadmissible",
        "inacceptable", "queja", "reclamacion", "inaceptable", "quejarme",
    ),
    "dispute": _any(
        "lawyer", "attorney", "solicitor", "sue", "legal action", "court", "chargeback",
        r"anwalt\w{0,6}", r"rechtsanwalt\w{0,6}", "klage", r"verklag\w{1,3}", "gericht",
        "avocat", "tribunal", "justice", "abogad[ao]", r"demandar\w{0,3}", "juzgado",
    ),
}  # fmt: skip
"""Words that bear out what the needs_human head says, by circumstance."""

MINOR: Final = re.compile(
    r"\b(?:(?:i am|i m|im|ich bin(?: erst)?|tengo|j ai) (?:only |nur )?(\d{1,2})"
    r"(?: years? old| jahre alt| jahre| ans| anos|$| and| und| et| y)"
    r"|i am (?:a minor|underage)|ich bin (?:minderjahrig|noch nicht volljahrig)"
    r"|je suis mineure?|soy menor de edad)"
)
"""Somebody says how old they are, or that they are under age."""
