"""Which sentences of a message advertise, by rules and by the promotional head."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final, NamedTuple

from agentkit import Context, ModelError, Person, Span
from agentkit_plugins.amounts import MONEY
from agentkit_plugins.claim_patterns import DISCOUNT, SENTENCE
from agentkit_plugins.phrases import fold, place_of

__all__ = [
    "HEAD",
    "STRONG",
    "Sentence",
    "advertises",
    "is_mixed",
    "sentences",
    "signals_of",
    "without_promotion",
]

HEAD: Final = "promotional"
STRONG: Final = frozenset({"discount", "call_to_action", "product", "deadline"})
"""Signals that are seldom found in a message about an order; a price often is."""
_MOST: Final = 40
"""Sentences that are weighed one by one: a longer message is for a person."""
_WITH_STRONG: Final = 0.0
_WITH_PRICE: Final = 0.7
_ALONE: Final = 0.8
"""Beside its own threshold, what the head's score must reach, by what the rules see."""
_CALMER: Final = 0.2
"""So much lower must the score be without a sentence in which the rules see nothing."""
_ROUNDS: Final = 4
"""Sentences that may be taken out; a message with more advertising than that is advertising."""
_OPENING: Final = re.compile(
    r"(?:subject|betreff|objet|asunto) ?:"
    r"|(?:dear|hello|hi|good (?:morning|afternoon|evening)|guten (?:tag|morgen|abend)|hallo)\b"
    r"|(?:liebe[rs]?|sehr geehrte[rs]?|bonjour|bonsoir|ch[eè]re?s?|madame|monsieur)\b"
    r"|(?:hola|buen[oa]s|estimad[oa]s?|querid[oa]s?)\b"
)
"""A subject line or a greeting: it stays."""
_ACTIONS: Final = (
    "buy now", "order now", "shop now", "shop the", "book now", "get yours", "grab yours",
    "don't miss", "check out our", "discover our", "discover the", "explore our", "upgrade",
    "why not add", "add a", "add an", "take advantage", "treat yourself", "save on", "our offers",
    "special offer", "come and see", "new collection", "new range", "sign up for",
    "jetzt bestellen", "jetzt kaufen", "jetzt sichern", "jetzt buchen", "jetzt entdecken",
    "entdecken sie", "entdecke", "sichern sie sich", "gönnen sie sich", "profitieren sie",
    "schauen sie vorbei", "unser angebot", "unsere angebote", "im angebot", "neue kollektion",
    "greifen sie zu", "nutzen sie", "sonderangebot",
    "commandez", "achetez", "profitez", "découvrez", "offrez-vous", "ne manquez pas",
    "nos offres", "notre offre", "nouvelle collection", "en promotion", "réservez vite",
    "compre ahora", "pida ahora", "reserve ahora", "aproveche", "aprovecha", "descubra",
    "descubre", "no se pierda", "nuestras ofertas", "nueva colección", "en oferta", "llévese",
)  # fmt: skip
"""A call to buy."""
_OFF: Final = re.compile(
    r"(?<![\d.,])[-–−] ?\d{1,2} ?%"
    r"|\d{1,2} ?(?:%|percent|per cent|prozent|pour cent|por ciento) ?(?:off|auf|sur|en|discount|"
    r"\w{0,20}rabatt|nachlass|cheaper|günstiger|de (?:descuento|remise|réduction))\b"
    r"|\b(?:save|sparen sie|remise de|descuento del?) \d{1,2} ?%"
)
"""A percentage that is taken off, and no rate of tax or interest."""
_ENDS: Final = re.compile(
    r"\b(?:until|till?|by|before|only|today|this (?:week|month)|bis|nur|heute|diese woche|jusqu'?|"
    r"avant|seulement|aujourd'hui|hasta|antes|s[oó]lo|hoy)\b"
)
"""Beside a discount: it ends."""
_CHEAPER: Final = (
    "half price", "free delivery", "free shipping", "gratis", "geschenkt", "zum halben preis",
    "offert", "offerte", "moitié prix", "gratuit", "regalo", "mitad de precio", "2 for 1", "2x1",
)  # fmt: skip


class Sentence(NamedTuple):
    """A sentence of a text, with the white space after it."""

    start: int
    end: int
    text: str

    @property
    def span(self) -> Span:
        """Where it stands."""
        return Span(self.start, self.end)


def sentences(text: str) -> list[Sentence]:
    """The sentences of a text; the lines of a greeting and a closing are some, too."""
    return [Sentence(m.start(), m.end(), m[0]) for m in SENTENCE.finditer(text) if m[0].strip()]


def signals_of(text: str, person: Person | None = None) -> frozenset[str]:
    """What in a text is like advertising.

    Returns:
        ``price``, ``discount``, ``deadline`` (of a discount), ``call_to_action``, and ``product``:
        one of the record that the person is not known to own.
    """
    folded = fold(text)
    found = set()
    if MONEY.search(text):
        found.add("price")
    cheaper = any(p in folded and place_of(folded, p) >= 0 for p in _CHEAPER)
    if cheaper or _OFF.search(folded) or ("price" in found and DISCOUNT.search(text)):
        found.add("discount")
    if "discount" in found and _ENDS.search(folded):
        found.add("deadline")
    if any(p in folded and place_of(folded, p) >= 0 for p in _ACTIONS):
        found.add("call_to_action")
    if person is not None and _names_new_product(folded, person):
        found.add("product")
    return frozenset(found)


def _names_new_product(folded: str, person: Person) -> bool:
    name = fold(str(person.records.get("product", {}).get("name") or ""))
    owned = person.contact.fields.get("owned_products")
    if not name or owned is None or place_of(folded, name) < 0:
        return False
    return name not in fold(str(owned))


def without_promotion(text: str, context: Context, person: Person | None = None) -> str:
    """The text without the sentences that advertise; the same text where that cannot be done.

    A sentence goes where rules see advertising in it, or where the head calms down without it.
    Never the greeting, and never all: what is left must still say something.

    Raises:
        ModelError: no model is installed.
    """
    left = text
    for _ in range(_ROUNDS):
        if not _still(left, context, person):
            break
        worst = _worst(left, context, person)
        if worst is None:
            break
        left = _cut(left, worst)
    return left if left != text and not _still(left, context, person) else text


def advertises(text: str, scores: Any, signals: Iterable[frozenset[str]]) -> bool | None:
    """Whether a text advertises, as the head and the rules see it together.

    The head alone must be surer than where the rules see a price, and there surer than where they
    see a discount or a call to buy. Two of these in one sentence are advertising without a head.

    Args:
        text: The text; without words nothing advertises.
        scores: `agentkit.classify.Scores` of the text; None where no model is installed.
        signals: What the rules see, sentence by sentence.

    Returns:
        None where the head cannot say and the rules alone do not.
    """
    seen = list(signals)
    if any(len(STRONG & s) > 1 for s in seen):
        return True
    if not any(c.isalpha() for c in text):
        return False
    if scores is None or HEAD not in scores.scores:
        return None
    found = frozenset().union(*seen)
    enough = _WITH_STRONG if STRONG & found else _WITH_PRICE if found else _ALONE
    return bool(scores.flags.get(HEAD)) and float(scores.scores[HEAD]) >= enough


def is_mixed(text: str, context: Context, person: Person | None) -> bool:
    """Whether a text that is declared as something else certainly advertises."""
    try:
        scores = context.classify(HEAD, [text])[0] if text.strip() else None
    except ModelError:
        scores = None
    return advertises(text, scores, [signals_of(s.text, person) for s in sentences(text)]) is True


def _still(text: str, context: Context, person: Person | None) -> bool:
    """Whether anything is left to take out."""
    seen = [signals_of(s.text, person) for s in sentences(text)]
    if any(STRONG & s for s in seen):
        return True
    return advertises(text, context.classify(HEAD, [text])[0], seen) is not False


def _worst(text: str, context: Context, person: Person | None) -> Sentence | None:
    """The sentence that advertises most: by rules first, then by what is left without it."""
    found = sentences(text)
    parts = [s for s in found if not _OPENING.match(fold(s.text))]
    if not parts or len(found) < 2 or len(found) > _MOST:  # noqa: PLR2004  (one is the message)
        return None
    whole, *rest = context.classify(HEAD, [text, *(_cut(text, s) for s in parts)])
    weights = [
        (len(STRONG & signals_of(s.text, person)), -float(r.scores.get(HEAD, 1.0)))
        for s, r in zip(parts, rest, strict=True)
    ]
    best = max(weights)
    calmer = float(whole.scores.get(HEAD, 1.0)) + best[1]
    return parts[weights.index(best)] if best[0] or calmer >= _CALMER else None


def _cut(text: str, sentence: Sentence) -> str:
    """The text without a sentence, and with the wider of the gaps before and after it."""
    if "\n" not in sentence.text[-4:]:
        return (text[: sentence.start] + text[sentence.end :]).rstrip(" ")
    before = text[: sentence.start].rstrip()
    gap = text[len(before) : sentence.start].count("\n")
    after = sentence.text[len(sentence.text.rstrip()) :].count("\n")
    return before + "\n" * max(gap, after) + text[sentence.end :]
