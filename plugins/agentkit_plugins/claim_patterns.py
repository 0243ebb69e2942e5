"""How dates, prices, discounts and stock are written in English, German, French and Spanish.

Every pattern is linear in the text: no nested repetition, lengths are bounded.
"""

# ruff: noqa: E501  (a pattern reads better unbroken)

from __future__ import annotations

import re
from typing import Final

__all__ = [
    "DATE_ISO",
    "DATE_NUMBERS",
    "DATE_WORDS",
    "DEADLINE",
    "DISCOUNT",
    "HOURS",
    "LIMITS",
    "MONEY",
    "MONTHS",
    "NOT_THE_PRICE",
    "OFFER",
    "PERCENT",
    "PRICE",
    "RELATIVE_DAY",
    "SCARCE",
    "SCARCE_WORDS",
    "SENTENCE",
    "STOCK",
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

DATE_ISO: Final = re.compile(r"\b(20\d\d)-(\d\d)-(\d\d)\b")
DATE_NUMBERS: Final = re.compile(r"\b(\d{1,2})([./])(\d{1,2})\2(20\d\d|\d\d)?(?!\d)")
"""Day first, but month first with slashes in a message to the US: the caller says which."""
DATE_WORDS: Final = re.compile(
    rf"\b(\d{{1,2}})(?:st|nd|rd|th|er|\.)?\s(?:of\s|de\s)?({_MONTH})\b\.?(?:,?\s(?:de\s|del\s)?(20\d\d))?"
    rf"|\b({_MONTH})\.?\s(\d{{1,2}})(?:st|nd|rd|th)?\b(?:,?\s(20\d\d))?",
    re.IGNORECASE,
)
RELATIVE_DAY: Final = re.compile(
    r"\b(today|tonight|heute|aujourd'hui|ce soir|hoy|esta noche)\b"
    r"|\b(tomorrow|morgen|demain|mañana)\b"
    rf"|\b({'|'.join(WEEKDAYS)})\b",
    re.IGNORECASE,
)
HOURS: Final = re.compile(
    r"\b(\d{1,3})\s?(?:-\s?)?(hours?|stunden|heures|horas|hrs?|days?|tagen?|jours|días)\b",
    re.IGNORECASE,
)
DEADLINE: Final = re.compile(
    r"\b(?:until|till|by|before|expires?|ends?|ending|valid|deadline|closes|last day|only|within|"
    r"good for|bis|endet|läuft|spätestens|gültig|gilt|innerhalb|noch|nur|befristet|jusqu'au|jusqu'à|"
    r"avant|expire|valable|termine|fin|délai|dernier jour|hasta|antes del?|caduca|vence|válid[ao]|"
    r"termina|dentro de|plazo|último día|solo|sólo|holds)\b",
    re.IGNORECASE,
)
OFFER: Final = re.compile(
    r"\b(?:offers?|prices?|quotes?|quotation|discounts?|deals?|sale|valid|expires?|ends|ending|off|"
    r"angebot\w*|preis\w*|rabatt\w*|aktion\w*|gültig|gilt|endet|läuft|offre|prix|devis|remise|promo\w*|"
    r"valable|expire|ofertas?|precios?|presupuesto|descuentos?|válid[ao]|caduca|vence|termina)\b|%",
    re.IGNORECASE,
)
"""The sentence speaks of an offer, so that a date in it is the offer's end."""
MONEY: Final = re.compile(
    r"(?:(€|\$|£|\b(?:EUR|USD|GBP|CAD|CHF)\b)\s?(\d{1,3}(?:[.,'’ \u00a0\u202f]\d{3})*(?:[.,]\d{1,2})?(?!\d)|\d{1,9}(?:[.,]\d{1,2})?))"
    r"|(?:(\d{1,3}(?:[.,'’ \u00a0\u202f]\d{3})*(?:[.,]\d{1,2})?|\d{1,9}(?:[.,]\d{1,2})?)\s?"
    r"(€|\$|£|(?:EUR|USD|GBP|CAD|CHF|euros?|dollars?|pounds?|dólares)\b))",
    re.IGNORECASE,
)
PERCENT: Final = re.compile(
    r"(?<![\d.,])(\d{1,3}(?:[.,]\d{1,2})?)\s?(?:%|percent\b|per cent\b|prozent\b|pour cent\b|por ciento\b)",
    re.IGNORECASE,
)
DISCOUNT: Final = re.compile(
    r"\b(?:off|discounts?|save|saving|cheaper|reduced|reduction|rabatt|nachlass|reduziert|günstiger|"
    r"sparen|remise|réduction|rabais|réduit|économisez|descuentos?|rebajas?|ahorr[ae]|menos)\b",
    re.IGNORECASE,
)
PRICE: Final = re.compile(
    r"\b(?:prices?|priced|costs?|quote[ds]?|offers?|total|yours for|for only|pay|preis|kostet|kosten|"
    r"angebot|gesamt|gesamtpreis|prix|coûte|devis|offre|montant|precio|cuesta|oferta|presupuesto|"
    r"importe)\b",
    re.IGNORECASE,
)
NOT_THE_PRICE: Final = re.compile(
    r"\b(?:deliver\w*|shipping|deposit|save|saving|voucher|gift|fee|over|above|more than|from|"
    r"per month|a month|monthly|vat|tax|refund\w*|liefer\w*|versand\w*|anzahlung|gutschein\w*|sparen|"
    r"ersparnis|über|ab|monatlich|mwst|erstatt\w*|livraison|acompte|bon|frais|plus de|dès|partir|"
    r"par mois|tva|rembours\w*|envío|depósito|cupón|gastos|más de|desde|al mes|iva|reembols\w*|"
    r"old price|was|instead of|statt|au lieu|en lugar|rrp|uvp)\b",
    re.IGNORECASE,
)
"""Amounts near such words are not the price of the deal: unsupported, never contradicted."""
SCARCE: Final = re.compile(
    r"\b(?:only|just|last|final)\s(?:have\s)?(\d{1,6})\s(?:\w+\s){0,4}?(?:left|remaining|remain|in stock|available)\b"
    r"|\b(\d{1,6})\s(?:\w+\s){0,3}?(?:left in stock|left|remaining)\b"
    r"|\b(?:the|our)\slast\s(\d{1,6})\b"
    r"|\bnur(?:\snoch)?\s(\d{1,6})\s(?:\w+\s){0,3}?(?:stück|stk|auf lager|verfügbar|übrig|vorrätig|da)\b"
    r"|\bnur\snoch\s(\d{1,6})\b(?!\s?(?:%|€|eur|euro|tage|stunden|wochen|minuten))"
    r"|\b(?:die|unsere)\sletzten\s(\d{1,6})\b(?!\s(?:tage|stunden|wochen|monate|jahre))"
    r"|\b(?:plus\sque|que|seulement|dernières|derniers|les)\s(\d{1,6})\s(?:\w+\s){0,3}?(?:en stock|disponibles?|exemplaires?|pièces?|restants?|restantes?)\b"
    r"|\bil\sn'en\sreste\s(?:plus\s)?que\s(\d{1,6})\b"
    r"|\b(?:solo|sólo|últim[ao]s)\s(?:quedan\s|nos\squedan\s)?(\d{1,6})\s(?:\w+\s){0,3}?(?:unidades|disponibles|en stock|piezas)\b"
    r"|\bquedan\s(?:solo\s|sólo\s)?(\d{1,6})\b",
    re.IGNORECASE,
)
"""So few are left, with the number."""
STOCK: Final = re.compile(
    r"\b(\d{1,6})\s(?:\w+\s){0,3}?(?:in stock|available now|auf lager|vorrätig|lieferbar|en stock|disponibles)\b",
    re.IGNORECASE,
)
"""So many are there."""
SCARCE_WORDS: Final = (
    "almost gone", "nearly gone", "almost sold out", "nearly sold out", "selling out", "last pieces",
    "last one", "only a few left", "fast ausverkauft", "fast vergriffen", "letzte exemplare",
    "letzte stücke", "nur noch wenige", "presque épuisé", "bientôt épuisé", "derniers exemplaires",
    "dernières pièces", "casi agotado", "a punto de agotarse", "últimas unidades", "quedan pocas",
    "quedan pocos",
)  # fmt: skip
"""Scarcity without a number."""
SENTENCE: Final = re.compile(
    rf"[^.!?\n]+(?:(?:[.!?](?!\s|$)|\.(?=\s(?:{_MONTH})\b))[^.!?\n]*)*[.!?]*\s*", re.IGNORECASE
)
"""A sentence; the full stop in ``8. Dezember`` ends none."""
LIMITS: Final = (
    "until", "by ", "only", "end", "expir", "last", "bis ", "nur ", "gilt", "jusqu", "avant",
    "valable", "hasta", "antes", "solo", "sólo", "caduca", "vence", "midnight", "before",
)  # fmt: skip
"""One of these stands in every sentence that sets a limit: without one nothing is searched."""
