"""What a request asks for and what a tool does, read from words in four languages.

Both are put into families (``pay``, ``communicate``, ``delete`` ...), so that "Überweise die Miete"
and ``bank.transfer`` meet. Stems are written without accents; a stem that ends in ``$`` is a whole
word, one that ends in ``*`` counts only where a clause begins (an order is a thing, "order two
chairs" is not).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final, Literal

from agentkit_plugins.effect_stems import READ, STEMS, TOOL_WORDS

__all__ = [
    "READ",
    "Asked",
    "Risk",
    "asked_of",
    "effect_words",
    "mentions",
    "plain",
    "risk_of",
    "tool_families",
    "tool_nouns",
    "wishes",
    "words_of",
]

Asked = Literal["yes", "no", "unclear", "none"]
Risk = Literal["read", "write", "send", "pay", "delete", "permission", "unknown"]

_READING_TOOLS: Final = frozenset(
    """
    get list search read fetch find lookup look query describe show count check view browse retrieve
    inspect preview summarize summarise open_url http_get download translate
    """.split()  # noqa: SIM905
)
_FIRST: Final = (
    "permission", "delete", "refund", "pay", "transmit", "submit", "checkin", "merge", "approve",
    "cancel", "close", "archive", "run", "buy", "book", "communicate", "update", "schedule",
    "create", "webcall",
)  # fmt: skip
"""Which family of a name with several counts: the one that does most harm."""
_OVERRIDES: Final[Mapping[str, frozenset[str]]] = {
    "create": frozenset({"refund", "buy", "book", "pay", "permission", "transmit"}),
    "update": frozenset({"permission"}),
    "communicate": frozenset({"pay"}),
    "pay": frozenset({"permission"}),
    "webcall": frozenset({"pay"}),
    "run": frozenset({"pay"}),
}
"""Verbs that say less than the noun beside them: ``refund.create``, ``set_permission``,
``send_money``."""
_ENOUGH: Final[Mapping[str, frozenset[str]]] = {
    "communicate": frozenset({"communicate"}),
    "pay": frozenset({"pay", "buy"}),
    "refund": frozenset({"refund"}),
    "buy": frozenset({"buy", "book"}),
    "book": frozenset({"book", "schedule", "buy"}),
    "schedule": frozenset({"schedule", "create", "book", "communicate"}),
    "create": frozenset({"create", "schedule", "book", "update", "buy"}),
    "update": frozenset({"update", "create", "schedule", "close", "approve"}),
    "archive": frozenset({"archive", "delete"}),
    "delete": frozenset({"delete", "cancel"}),
    "cancel": frozenset({"cancel", "delete"}),
    "close": frozenset({"close", "merge"}),
    "merge": frozenset({"merge", "delete"}),
    "approve": frozenset({"approve"}),
    "permission": frozenset({"permission"}),
    "run": frozenset({"run"}),
    "submit": frozenset({"submit"}),
    "checkin": frozenset({"checkin"}),
    "transmit": frozenset({"transmit", "permission", "communicate"}),
    "webcall": frozenset({"webcall", "transmit"}),
}
"""For a tool of the first family, a request for any of the others asks for it."""

_GRAVE: Final = frozenset({"pay", "refund", "delete", "permission", "transmit", "submit"})
"""What a request for something else never means."""

_CAMEL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_WORD: Final = re.compile(r"[^\W_]+")
_SENTENCE: Final = re.compile(r"[.!?\n]+")
_CLAUSE: Final = re.compile(r"[;:,]+|\b(?:and|then|und|dann|et|puis|y|luego)\b")
_QUESTIONS: Final = frozenset(
    """
    what which how when who where why is are was did does has wer was wie wann wo warum welche qui
    que quel
    quand combien pourquoi quien cual cuant cuando donde
    """.split()  # noqa: SIM905
)
"""Words that ask where a sentence begins, and join where a clause does."""
_LEAD: Final = frozenset(
    """
    please kindly can could would will you to i we d like want need let s us me now also just bitte
    kannst
    konnen konntest du sie ich mochte will wir wollen noch merci de peux pouvez tu vous je veux
    voudrais s il
    te plait por favor puedes quiero podrias the that
    """.split()  # noqa: SIM905
)
"""Words that may stand before the verb of a clause."""
_NOUNS_LEFT_OUT: Final = frozenset(
    """
    tool tools api v1 v2 item items data all agent mcp client service server by id by_id to from
    the of
    """.split()  # noqa: SIM905
)
_SHORTEST: Final = 3


_NAMED: Final = {family: frozenset(words.split()) for family, words in TOOL_WORDS.items()}
_MONEY: Final = re.compile(
    r"\d[.,]\d\d\b|\b(?:eur|usd|gbp|chf|euros?|dollars?|pounds?|pfund|livres|libras)\b|[€$£]"
)
_GIVES: Final = frozenset("send give schick schicke gib envoie donne envia manda da".split())  # noqa: SIM905


def plain(text: str) -> str:
    """Small letters without accents; ``ß`` is ``ss``."""
    if text.isascii():
        return text.lower()
    folded = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in folded if not unicodedata.combining(c))


def words_of(text: str) -> list[str]:
    """The words of a text, plain."""
    return _WORD.findall(plain(text))


def _index() -> tuple[
    dict[str, set[str]], dict[str, set[str]], dict[str, set[str]], dict[str, set[str]]
]:
    """Stems anywhere, whole words anywhere, stems where a clause begins, pairs of words."""
    anywhere: dict[str, set[str]] = {}
    whole: dict[str, set[str]] = {}
    leading: dict[str, set[str]] = {}
    pairs: dict[str, set[str]] = {}
    for family, stems in STEMS.items():
        for stem in stems.split():
            if "-" in stem:
                pairs.setdefault(stem.rstrip("-*$").replace("-", " "), set()).add(family)
            elif stem.endswith("$"):
                whole.setdefault(stem[:-1], set()).add(family)
            elif stem.endswith("*"):
                leading.setdefault(stem[:-1], set()).add(family)
            else:
                anywhere.setdefault(stem, set()).add(family)
    return anywhere, whole, leading, pairs


_ANYWHERE, _WHOLE, _LEADING, _PAIRS = _index()


def _by_stem(word: str, stems: Mapping[str, set[str]]) -> Iterable[str]:
    for end in range(min(len(word), 14), 1, -1):
        yield from stems.get(word[:end], ())


@lru_cache(maxsize=8192)
def _of_word(word: str) -> frozenset[str]:
    """Families of a word wherever it stands."""
    found = set(_WHOLE.get(word, ()))
    if len(word) >= _SHORTEST:
        found.update(_by_stem(word, _ANYWHERE))
    return frozenset(found)


@lru_cache(maxsize=8192)
def _of_lead(word: str) -> frozenset[str]:
    """Families of the word that begins a clause: a stem with three letters more at most."""
    found = set(_of_word(word))
    for end in range(len(word), max(1, len(word) - 4), -1):
        if end > _SHORTEST or len(word) - end <= 1:
            found.update(_LEADING.get(word[:end], ()))
    return frozenset(found)


@lru_cache(maxsize=2048)
def wishes(text: str) -> frozenset[str]:
    """Families that a text asks for; `READ` only where it asks for nothing else."""
    found: set[str] = set()
    for sentence in _SENTENCE.split(plain(text)):
        for place, clause in enumerate(_CLAUSE.split(sentence)):
            found |= _of_clause(_WORD.findall(clause), first=not place)
    if _MONEY.search(plain(text)) and _GIVES & set(words_of(text)):
        found.add("pay")
    writes = found - {READ}
    return frozenset(writes or found)


def _of_clause(words: list[str], *, first: bool) -> set[str]:
    """Families of one clause; a verb of reading that leads it governs the rest."""
    found: set[str] = set()
    lead = 0
    while lead < len(words) and words[lead] in _LEAD:
        lead += 1
    place = 0
    while place < len(words):
        pair = _PAIRS.get(" ".join(words[place : place + 2]), frozenset[str]())
        families = pair or (_of_lead if place == lead else _of_word)(words[place])
        leads = place <= lead and (first or words[place] not in _QUESTIONS)
        if families == {READ} and leads:
            return {READ}
        found |= families if leads else families - {READ}
        place += 2 if pair else 1
    return found


@lru_cache(maxsize=4096)
def _tool_words(tool: str) -> tuple[str, ...]:
    return tuple(words_of(_CAMEL.sub(" ", tool)))


def _verbs(tool: str) -> tuple[str, ...]:
    """The words of a name without its namespace: ``orders.change_address`` is changed."""
    return _tool_words(tool.rpartition(".")[2].rpartition("/")[2])


def _named(word: str) -> frozenset[str]:
    """Families of one word of a name."""
    known = {family for family, words in _NAMED.items() if word in words}
    return frozenset(known or _of_lead(word) - {READ})


@lru_cache(maxsize=4096)
def tool_families(tool: str) -> tuple[str, ...]:
    """Families of a tool by its name, the one that counts first; empty where no word says.

    The verb counts; of a verb that says little (create, add, set) the noun does.
    """
    verbs, words = _verbs(tool), _tool_words(tool)
    found = {f for w in words for f in _named(w)}
    lead = next((_named(w) for w in verbs if _named(w)), frozenset())
    first = next((f for f in _FIRST if f in lead), "")
    if not first:
        return tuple(f for f in _FIRST if f in found)
    nouns = _OVERRIDES.get(first, frozenset()) & found
    first = next((f for f in _FIRST if f in nouns), first)
    return (first, *(f for f in _FIRST if f in found and f != first))


@lru_cache(maxsize=4096)
def tool_nouns(tool: str) -> frozenset[str]:
    """Words of a tool's name that say of what it is: ``insurance`` in ``insurance.buy``."""
    verbs = {w for known in TOOL_WORDS.values() for w in known.split()} | _READING_TOOLS
    return frozenset(
        w for w in _tool_words(tool)
        if w not in verbs and w not in _NOUNS_LEFT_OUT and len(w) >= _SHORTEST and not _of_word(w)
    )  # fmt: skip


def reads_by_name(tool: str) -> bool:
    """Whether a tool's name says that it only reads: ``get_invoice``, ``crm.search``."""
    name = tool.rpartition(".")[2].rpartition("/")[2].lstrip("_")
    words = words_of(_CAMEL.sub(" ", name))
    joined = "_".join(words)
    return bool(words) and (words[0] in _READING_TOOLS or joined in _READING_TOOLS)


_RISKS: Final[Mapping[str, Risk]] = {
    "pay": "pay", "refund": "pay", "buy": "pay", "book": "pay", "delete": "delete",
    "permission": "permission", "communicate": "send", "transmit": "send",
}  # fmt: skip


@lru_cache(maxsize=4096)
def risk_of(tool: str) -> Risk:
    """What a tool may do, by its name; ``unknown`` where no word says."""
    if reads_by_name(tool):
        return "read"
    families = tool_families(tool)
    risks = [_RISKS[f] for f in families if f in _RISKS]
    if families and families[0] in _RISKS:
        return _RISKS[families[0]]
    return next(
        (r for r in risks if r in {"pay", "permission"}), "write" if families else "unknown"
    )


@lru_cache(maxsize=4096)
def mentions(text: str) -> frozenset[str]:
    """Families of every word of a text, verbs and nouns alike: what it may be about."""
    return frozenset(f for word in words_of(text) for f in _of_lead(word))


@lru_cache(maxsize=1024)
def effect_words(families: tuple[str, ...]) -> frozenset[str]:
    """Families of words that ask for what a tool of these families does."""
    return frozenset(families) | (_ENOUGH[families[0]] if families else frozenset())


def asked_of(tool: str, request: str) -> Asked:
    """Whether a request asks for what a tool does, as far as words tell.

    Args:
        tool: Its name.
        request: In the principal's words; empty: nobody asked for anything.
    """
    if not request.strip():
        return "none"
    wished, families = wishes(request), tool_families(tool)
    if families and wished & _ENOUGH[families[0]]:
        return "yes"
    if wished and wished <= {READ}:
        return "no"
    verbs, spoken = _verbs(tool), set(words_of(request))
    if verbs and len(verbs[0]) > _SHORTEST and verbs[0] in spoken:
        return "yes"
    return "no" if families and wished and families[0] in _GRAVE else "unclear"
