"""How dates, prices, discounts and stock are written in English, German, French and Spanish.

Every pattern is linear in the text: no nested repetition, lengths are bounded.
"""

# ruff: noqa: E501  (a pattern reads better unbroken)

from __future__ import annotations

import re
from typing import Final

__all__ = [
    "APPROXIMATE",
    "AT_LEAST",
    "CONSENT",
    "CONTRACT",
    "CUSTOMER",
    "DISCOUNT",
    "ENDS",
    "LIMIT",
    "MONTHS",
    "NOT_THE_PRICE",
    "OFFER",
    "OLD_PRICE",
    "ORDER",
    "PART_OF",
    "PIECES",
    "PRICE",
    "PRIOR",
    "SCARCE",
    "SCARCE_WORDS",
    "SENDER",
    "SENTENCE",
    "SHARES",
    "SINCE",
    "STARTING",
    "STOCK",
    "TOPICS",
    "WEEKDAYS",
]

MONTHS: Final = {
    name: number
    for number, names in enumerate(
        (
            "january jan januar jänner janvier janv enero ene",
            "february feb februar février févr febrero",
            "march mar märz mars marzo",
            "april apr avril avr abril abr",
            "may mai mayo",
            "june jun juni juin junio",
            "july jul juli juillet juil julio",
            "august aug août agosto ago",
            "september sept sep septembre septiembre",
            "october oct oktober okt octobre octubre",
            "november nov novembre noviembre",
            "december dec dezember dez décembre déc diciembre dic",
        ),
        1,
    )
    for name in names.split()
}
WEEKDAYS: Final = {
    name: number
    for number, names in enumerate(
        (
            "monday montag lundi lunes",
            "tuesday dienstag mardi martes",
            "wednesday mittwoch mercredi miércoles",
            "thursday donnerstag jeudi jueves",
            "friday freitag vendredi viernes",
            "saturday samstag sonnabend samedi sábado",
            "sunday sonntag dimanche domingo",
        ),
        1,
    )
    for name in names.split()
}
_MONTH: Final = "|".join(sorted(MONTHS, key=len, reverse=True))

LIMIT: Final = re.compile(
    r"\b(?:until|till|by|before|expires?|ends?|ending|valid|deadline|closes?|last day|only|within|"
    r"through|good for|for|hold|holds|bis|vor|endet|läuft|spätestens|gültig|gilt|innerhalb|noch|nur|"
    r"befristet|letzter tag|jusqu'au|jusqu'à|avant|expire|valable|termine|prend fin|fin|délai|"
    r"dernier jour|hasta|antes|caduca|vence|válid[ao]|termina|dentro de|plazo|último día|solo|sólo)\b",
    re.IGNORECASE,
)
"""A word that makes a day an end."""
OFFER: Final = re.compile(
    r"\b(?:offers?|prices?|quotes?|quotation|discounts?|deals?|sale|valid|off|save|saving|angebot\w*|"
    r"preis\w*|rabatt\w*|nachlass|aktion\w*|gültig|sparen|offre|prix|devis|remise|réduction|rabais|"
    r"promo\w*|valable|ofertas?|precios?|presupuesto|importe|descuentos?|rebajas?|ahorr[ae]|menos|"
    r"válid[ao])\b|%|[€$£]",
    re.IGNORECASE,
)
"""The sentence speaks of an offer, so that a day in it may be the offer's end."""
ENDS: Final = re.compile(
    r"\b(?:expires?|ends|ending|closes|gilt|endet|läuft|expire|prend fin|caduca|vence|termina)\b",
    re.IGNORECASE,
)
"""Something ends: an offer, where the sentence names nothing else."""
TOPICS: Final = {
    "contract": re.compile(
        r"\b(?:contract|subscription|membership|policy|\w*vertrag\w*|abo|abonnements?|"
        r"mitgliedschaft|contrat|adhésion|contrato|suscripción|abono)\b"
    ),
    "due": re.compile(
        r"\b(?:due|payable|payment|invoice|instalment|balance|collected|pay|fällig\w*|zahl\w+|"
        r"überweis\w+|rechnung\w*|facture|régler|solde|paiement|pago|pagar|factura|vencimiento)\b"
    ),
    "delivery": re.compile(
        r"\b(?:deliver\w*|arriv(?:es|al|ing)|ships?|shipped|dispatch\w*|parcel|dock|liefer\w+|lieferung|paket|"
        r"unterwegs|versand\w*|livr\w+|colis|commande|lleg\w+|entrega\w*|reparto|pedido|the rest|"
        r"der rest)\b"
    ),
    "appointment": re.compile(
        r"\b(?:appointment|booked|technician|engineer|visit\w*|check-up|termins?|terminen|monteur|techniker\w*|"
        r"rendez-vous|visite|technicien|cita|visita|técnico)\b"
    ),
}
"""What a day is the day of, where it ends no offer."""
PRICE: Final = re.compile(
    r"\b(?:prices?|priced|costs?|quote[ds]?|offers?|total|comes to|goes for|yours for|for only|pay|"
    r"balance|invoice|fee|proposal|each|all in|renewal|now|down to|kit|instalment|preis\w*|kostet|"
    r"kosten|angebot\w*|gesamt\w*|insgesamt|für|zu|rechnung|überweis\w+|je|jetzt|prix|coûte|vaut|"
    r"devis|offre|montant|total|tarif\w*|facture|solde|pour|passe|pièce|precio\w*|cuesta|oferta|"
    r"presupuesto|importe|total|pago|plan|por|for|at|à|a|ahora|is|it's|ist|est)\b",
    re.IGNORECASE,
)
"""An amount near such a word is a price."""
OLD_PRICE: Final = re.compile(
    r"\b(?:instead of|was|old price|regular price|rrp|uvp|msrp|statt|früher|vorher|au lieu de|"
    r"avant|prix public|passe de|en lugar de|antes|baja de|pvp|reduced from|down from)\b[^.!?\d]{0,12}$",
    re.IGNORECASE,
)
"""Right before the amount."""
STARTING: Final = re.compile(r"\b(?:down to|baja|passe|rebajad[ao])\b", re.IGNORECASE)
NOT_THE_PRICE: Final = re.compile(
    r"\b(?:shipping|deposit|voucher|gift|over|above|orders of|more than|vat|tax|refund\w*|"
    r"excess|free delivery|delivery for|versand\w*|lieferung für|anzahlung|gutschein\w*|wert von über|einkauf über|mehr als|mwst|"
    r"erstatt\w*|zurückerstatt\w*|livraison pour|acompte|bon d'achat|frais|plus de|tva|"
    r"rembours\w*|envío (?:por|de|gratis)|depósito|cupón|gastos de envío|más de|iva|reembols\w*|devuelt\w+|claim|limit)\b",
    re.IGNORECASE,
)
"""Amounts near such words are not the price of the deal: unsupported, never contradicted."""
DISCOUNT: Final = re.compile(
    r"\b(?:off|discounts?|save|saving|savings|cheaper|reduced|reduction|rabatt\w*|nachlass|reduziert|"
    r"günstiger|sparen|ersparnis|remise|réduction|rabais|réduit|économisez|moins|descuentos?|"
    r"rebajas?|ahorr[aeo]\w*|menos)\b|(?:^|[\s:])-\d{1,2}\s?%|\d\s?%\s(?:auf|sur|en|de dto)\b",
    re.IGNORECASE,
)
SHARES: Final = re.compile(
    r"\b(?:(?P<half>half[- ]price|half off|halber preis|zum halben preis|(?:à )?moitié prix|"
    r"(?:a )?(?:la )?mitad de precio)|(?P<third>a third off|ein drittel (?:rabatt|nachlass|günstiger)|"
    r"un tiers de (?:remise|réduction)|un tercio de descuento)|(?P<quarter>a quarter off|"
    r"ein viertel (?:rabatt|nachlass|günstiger)|un quart de (?:remise|réduction)|"
    r"un cuarto de descuento))\b",
    re.IGNORECASE,
)
"""Discounts in words."""
_TIME: Final = (
    r"(?!\d|[.,]\d|\s?(?:%|€|\$|£|eur|days?|hours?|weeks?|minutes?|months?|years?|tage|stunden|wochen|minuten|"
    r"monate|jahre|jours|heures|semaines|mois|ans|días|horas|semanas|meses|años|uhr|cm|mm|kg|prozent))"
)
_N: Final = r"(\d{1,6})" + _TIME
_A_FEW: Final = r"\s(?:[\w-]+\s){0,4}?"
SCARCE: Final = re.compile(
    rf"\b(?:only|just)\s(?:have\s|got\s|has\s)?{_N}{_A_FEW}(?:left|remaining|remain|in stock|available)\b"
    rf"|\b(?:only|just)\s(?:got|have)\s{_N}\b"
    rf"|\b{_N}{_A_FEW}(?:left in stock|left|remaining)\b(?!\sour\b)"
    rf"|\b(?:the|our)\slast\s{_N}\b"
    rf"|\bnur(?:\snoch)?\s{_N}{_A_FEW}(?:stück|stk|auf lager|verfügbar|übrig|vorrätig|da|davon|plätze|exemplare)\b"
    rf"|\bnur\snoch\s{_N}\b|\bnoch\s(?:genau\s){_N}\b|\bnoch\s{_N}\s(?:\w+\s)?(?:plätze|platz|exemplare)\b"
    rf"|\b(?:die|unsere)\sletzten\s{_N}\b"
    rf"|\b(?:plus\sque|seulement|dernières|derniers|les)\s{_N}{_A_FEW}(?:en stock|disponibles?|exemplaires?|pièces?|restants?|restantes?)\b"
    rf"|\bplus\sque\s{_N}\b"
    rf"|\bil\s(?:n'en\s|ne\s|nous\s|vous\s|n'y\s){{0,2}}(?:en\s)?reste(?:nt)?\s(?:plus\s)?(?:que\s|seulement\s)?{_N}\b"
    rf"|\b(?:solo|sólo|últim[ao]s)\s(?:quedan?\s|nos\squedan?\s)?{_N}{_A_FEW}(?:unidades|unidad|disponibles|en stock|piezas|plazas)\b"
    rf"|\bquedan?\s(?:solo\s|sólo\s)?{_N}\b",
    re.IGNORECASE,
)
"""So few are left, with the number."""
STOCK: Final = re.compile(
    rf"\b{_N}{_A_FEW}(?:in stock|available now|auf lager|vorrätig|lieferbar|stück da|en stock|disponibles)\b",
    re.IGNORECASE,
)
"""So many are there."""
AT_LEAST: Final = re.compile(
    r"\b(?:more than|over|at least|mehr als|über|mindestens|plus de|au moins|más de|al menos)\s$"
)
APPROXIMATE: Final = re.compile(
    r"\b(?:around|about|some|roughly|nearly|approximately|rund|etwa|circa|ca\.|ungefähr|environ|"
    r"quelque|unas|unos|alrededor de|aproximadamente)\s$|\w+aine\b|\bdozen|\bdutzend"
)
SCARCE_WORDS: Final = re.compile(
    r"\b(?:(?:almost|nearly)\s(?:all\s)?(?:gone|sold out)|selling (?:out|fast)|last pieces|last one|"
    r"only a (?:few|handful)(?: left)?|fast (?:ausverkauft|vergriffen|weg)|"
    r"letzten? (?:exemplare|stücke|plätze)|nur noch wenige|(?:presque|bientôt) (?:épuisée?s?|en rupture)|"
    r"(?:derniers|dernières) (?:exemplaires|pièces|places)|casi (?:agotad[ao]s?|no quedan?)|"
    r"a punto de agotarse|últim[ao]s (?:unidades|piezas|plazas)|quedan poc[ao]s)\b",
    re.IGNORECASE,
)
"""Scarcity without a number."""
PIECES: Final = re.compile(
    r"(?<![\d.,:/€$£-])\b(\d{1,6})\s(?:x\s)?(?!%|€|eur\b|usd\b|gbp\b|cad\b|\$|£)"
    r"(?!(?:days?|hours?|weeks?|minutes?|months?|years?|euros?|dollars?|pounds?|percent|per|and|and|or|to|of|at|on|in|by|"
    r"tagen?|stunden|wochen|minuten|monaten?|jahren?|uhr|euro|prozent|und|oder|bis|von|zu|am|im|"
    r"jours|heures|semaines|mois|ans|euros|pour|et|ou|de|à|le|la|les|"
    r"días|horas|semanas|meses|años|por|y|o|a|el|cm|mm|km|kg|kwh|liter|litres?|litros|"
    rf"{_MONTH}|left|remaining|in stock|th|st|nd|rd)\b)([^\W\d_][\w-]{{2,}})",
    re.IGNORECASE,
)
"""A number of things."""
PART_OF: Final = re.compile(r"\b\d{1,6}\s(?:of|von|sur|de)\s$")
ORDER: Final = re.compile(
    r"\b(?:orders?|ordered|bought|purchased|quote|quotation|parcel|delivery|fleet|table|booked|we spoke about|"
    r"bestell\w+|liefern|liefer\w+|unterwegs|angebot|angekommen|paletten|sprachen|lizenzen|paket|"
    r"commande|commandé|devis|livr\w+|tarif|pedido|presupuesto|entrega\w*|encarg\w+)\b",
    re.IGNORECASE,
)
"""The sentence speaks of an order, so that a number of things in it is its quantity."""
PRIOR: Final = re.compile(
    r"\bas (?:we )?(?:discussed|agreed|promised|requested|arranged|you requested|mentioned)\b"
    r"|\bwe (?:spoke|talked|chatted|met|discussed|agreed)\b|\bgood to (?:speak|talk|see|meet)\b"
    r"|\b(?:our|your|per our|last|the) (?:recent |last )?(?:call|chat|conversation|meeting|phone call|talk|discussion)\b"
    r"|\byou (?:had |have )?(?:asked|told|called|contacted|wrote|emailed|mentioned|requested|enquired|inquired|reached out)\b"
    r"|\bi promised\b"
    r"|\bwie (?:[\w-]+ ){0,4}?(?:besprochen|vereinbart|abgesprochen|gewünscht|versprochen|telefonisch)\b"
    r"|\bwir (?:[\w-]+ ){0,4}?(?:gesprochen|telefoniert|getroffen)\b|\bsprachen wir\b"
    r"|\bsie baten (?:uns|mich)\b"
    r"|\b(?:sie (?:haben|hatten)|(?:haben|hatten) sie) (?:uns|mir|mich)\b"
    r"|\b(?:unser\w*|das|dem|beim|ihr\w*) (?:[\w-]+ )?(?:gespräch|telefonat|treffen|anruf)s?\b"
    r"|\bcomme (?:convenu|discuté|promis|demandé|vu ensemble)\b"
    r"|\b(?:notre|nos|votre) (?:[\w-]+ )?(?:conversation|appel|échange|entretien|rencontre|discussion)s?\b"
    r"|\bvous (?:nous |m')(?:avez|aviez) (?:demandé|contacté|écrit|dit|appelé|parlé)"
    r"|\bnous (?:nous sommes |avons )(?:parlé|discuté|convenu|échangé|vus|rencontrés)"
    r"|\b(?:tal )?como (?:hablamos|comentamos|acordamos|quedamos|prometí|solicitó|pidió)\b|\bsegún lo acordado\b"
    r"|\b(?:usted )?(?:nos|me) (?:pidió|escribió|llamó|preguntó|dijo|solicitó|contactó)\b|\bhablamos\b"
    r"|\b(?:nuestra|la) (?:última )?(?:conversación|llamada|reunión|charla)\b|\ble (?:llamé|prometí)\b",
    re.IGNORECASE,
)
"""The text refers to an earlier contact."""
CONTRACT: Final = re.compile(
    r"\byour (?:[\w-]+ )?(?:contract|subscription|membership)\b"
    r"|\bihr(?:e|em|en|er|es)? (?:[\w-]+ )?\w*(?:vertrag|abo|abonnement|mitgliedschaft)s?\b"
    r"|\bvotre (?:[\w-]+ )?(?:contrat|abonnement|adhésion)\b|\bsu (?:[\w-]+ )?(?:contrato|suscripción|abono)\b"
    r"|\b(?:already|still) have a (?:subscription|contract)\b",
    re.IGNORECASE,
)
"""The text speaks of a contract that the person has."""
CUSTOMER: Final = re.compile(
    r"\bas (?:an?|our|one of our) (?:[\w-]+ ){0,2}?(?:customers?|clients?|members?|subscribers?)\b"
    r"|\bas our customer\b|\byour (?:last|recent|previous|latest) (?:order|purchase)\b"
    r"|\balready (?:buys?|owns?|shops?|orders?|a customer|a member|a client)\b"
    r"|\byou(?:'ve| have) been (?:a |our )?(?:[\w-]+ )?(?:customer|client|member)\b"
    r"|\bals (?:[\w-]+ ){0,2}?(?:bestands|stamm)?(?:kundin|kunde|mitglied|abonnent\w*)\b"
    r"|\b(?:bereits|schon|ja) (?:[\w-]+ ){0,2}?(?:kunde|kundin)\b"
    r"|\bihr\w{0,2} (?:letzte\w*|jüngste\w*) (?:bestellung|kauf|einkauf|auftrag)\b"
    r"|\ben tant que (?:[\w-]+ ){0,2}?(?:cliente?|membre|abonnée?)\b|\b(?:fidèle cliente?|cliente? fidèle)\b"
    r"|\bvous êtes (?:déjà|bien) (?:[\w-]+ )?cliente?\b|\bdéjà cliente?\b"
    r"|\bvotre (?:dernière|récente) commande\b|\bvotre dernier achat\b|\bvotre récente commande\b"
    r"|\bcomo (?:ya es |nuestro )?(?:[\w-]+ )?cliente\b|\bpor ser (?:[\w-]+ )?cliente\b|\bcliente (?:habitual|fiel)\b"
    r"|\bya es (?:[\w-]+ )?cliente\b|\bsu (?:último pedido|última compra|reciente compra)\b",
    re.IGNORECASE,
)
"""The text says that the person is a customer already."""
SINCE: Final = re.compile(r"\b(?:since|seit|depuis|desde)\s(20\d\d|19\d\d)\b")
CONSENT: Final = re.compile(
    r"\byou (?:have )?(?:signed up|subscribed|opted in|agreed to (?:receive|get|hear))\b"
    r"|\bsie haben (?:[\w-]+ ){0,5}?(?:abonniert|zugestimmt|eingewilligt|angemeldet)\b"
    r"|\bvous (?:vous êtes|avez) (?:inscrite?|abonnée?|accepté de recevoir|donné votre (?:accord|consentement))"
    r"|\b(?:usted )?(?:se suscribió|se apuntó|aceptó recibir|dio su consentimiento)\b",
    re.IGNORECASE,
)
"""The text says that the person has agreed to be written to."""
_NAME: Final = r"[A-ZÄÖÜÉÈÁÍÓÚÑÇ][\w'’-]+(?: [A-ZÄÖÜÉÈÁÍÓÚÑÇ][\w'’-]+)?"
_BRAND: Final = r"(?P<{}>[A-ZÄÖÜÉÈÁÍÓÚÑÇ][\w&.'’-]*(?: (?:del? |du |la |und |& |and )?[A-ZÄÖÜÉÈÁÍÓÚÑÇ][\w&'’-]*){{0,3}})"
SENDER: Final = re.compile(
    rf"\b(?:[Tt]his is|[Mm]y name is|I'm|I am) (?P<n1>{_NAME})(?:,? (?:calling |writing )?(?:from|of|with)| and I (?:work|am) (?:for|with)) (?:the )?{_BRAND.format('b1')}"
    rf"|\b(?:[Hh]ier (?:schreibt|ist|spricht)|[Mm]ein Name ist|[Ii]ch bin|[Ii]ch heiße) (?P<n2>{_NAME}),? (?:von|vom|aus|bei)(?: der| dem)?(?: Firma)? {_BRAND.format('b2')}"
    rf"|\b(?:[Jj]e m'appelle|[Jj]e suis|[Ii]ci) (?P<n3>{_NAME}),? (?:je vous écris )?(?:de la part )?(?:de |d'|du |chez )(?:la )?{_BRAND.format('b3')}"
    rf"|\b(?:[Ss]oy|[Mm]e llamo|[Ll]e escribe|[Ll]e saluda) (?P<n4>{_NAME}),? (?:de|del)(?: equipo)?(?: de)?(?: la)? {_BRAND.format('b4')}"
    rf"|(?:^|(?<=[.!?\n] ))(?P<n5>{_NAME}), (?:de la|de|du|del|from|von|vom) {_BRAND.format('b5')}",
    re.MULTILINE,
)
"""Who says that they write, and for whom; searched in the text as written, capitals and all."""
SENTENCE: Final = re.compile(
    rf"[^.!?\n]+(?:(?:[.!?](?!\s|$)|\.(?=\s(?:{_MONTH}|an|um|ab|und|bis|sind)\b))[^.!?\n]*)*[.!?]*\s*",
    re.IGNORECASE,
)
"""A sentence; the full stop in ``8. Dezember`` and ``26.11. an`` ends none."""
