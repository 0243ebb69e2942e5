"""What an agent read, taken apart: fields and sentences, seen and hidden, and who may write them.

A structured answer of the business's own systems is one thing, a sentence in a mail another:
somebody wrote the sentence, and it may be written for the agent.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from html.parser import HTMLParser
from typing import Any, Final

from agentkit import Observation
from agentkit_plugins.effects import plain, wishes, words_of
from agentkit_plugins.values import URLS, compact, holds, link, numbers_in, squeezed, visible

__all__ = ["LONGEST", "Piece", "Reading", "categories", "holds_value", "read_all"]

LONGEST: Final = 200_000
"""So many characters of all that an agent read are looked at; of more, nothing can be excluded."""
_MOST: Final = 4_000
_DEPTH: Final = 40
_GREAT: Final = 1e15
_CENT: Final = 0.011
_WORDS: Final = 5
"""A field with more words than this holds what somebody wrote."""

_SOURCES: Final[Mapping[str, frozenset[str]]] = {
    name: frozenset(words.split())
    for name, words in {
        "mail": "mail mails email emails inbox postfach posteingang correo courriel message "
        "messages nachricht mensaje letter sender newsletter absender reply writes wrote",
        "bill": "invoice invoices bill bills rechnung facture factura receipt receipts beleg "
        "quittung recibo statement",
        "file": "file files pdf docx document documents dokument datei form formular contract "
        "attached attachment anhang adjunto joint cv sheet pdf jpg md order itinerary",
        "web": "web page pages website site webseite pagina url online shop link browser",
        "chat": "chat slack message sms whatsapp nachricht conversation call transcript",
        "ticket": "ticket tickets issue issues case jira comment comments complaint "
        "beschwerde request",
        "list": "list lists liste lista directory contacts adressbuch carnet agenda members team "
        "table everybody everyone all alle tous todos",
        "review": "review reviews feedback survey bewertung avis",
        "calendar": "calendar kalender agenda calendrier calendario invite invitation "
        "einladung event",
        "note": "note notes notiz notas wiki handover runbook minutes protokoll knowledge",
        "offer": "offer offers angebot devis presupuesto quote price prices tarif",
    }.items()
}
_OUTSIDE: Final = frozenset(
    {"mail", "bill", "file", "web", "chat", "review", "note", "ticket", "offer"}
)
"""Kinds of source that people outside may have written."""
_SENTENCE: Final = re.compile(r"(?<=[.!?;])\s+|\n+")
_HEADER: Final = re.compile(
    r"^(from|to|cc|reply-to|subject|date|von|an|betreff|datum|de|a|objet|asunto|fecha|sender)\s?:\s*(.*)$",
    re.IGNORECASE,
)
_PROSE: Final = frozenset(
    """
    text body message messages note notes comment comments content description remark remarks hint
    advice
    annotation agenda reason summary title subject notiz hinweis nota texto motivo anmerkung
    internal comentario
    feedback deprecated policy bemerkung remarque observaciones obs msg mitteilung info
    condition bedingung letter display tip carrier_message last_log agent_note merchant_action
    """.split()  # noqa: SIM905
)
"""Fields that people fill with sentences."""
_MARKUP: Final = re.compile(r"<(?:!--|/?[a-zA-Z][a-zA-Z0-9]{0,15}(?:[\s/>]|$))")
_MAILBOX: Final = re.compile(r"<(?=[^<>\s]{1,64}@)")
_UNSEEN: Final = re.compile(
    r"display\s{0,4}:\s{0,4}none|visibility\s{0,4}:\s{0,4}hidden|font-size\s{0,4}:\s{0,4}[01](?![.\d])"
    r"|opacity\s{0,4}:\s{0,4}0(?![.\d])|(?<![-\w])color\s{0,4}:\s{0,4}(?:white|#fff(?:fff)?)(?!\w)",
    re.IGNORECASE,
)
_VOID: Final = frozenset("br img hr input meta link area base col embed source track wbr".split())  # noqa: SIM905
_TAG: Final = range(0xE0020, 0xE007F)
_TO_MACHINE: Final = re.compile(
    r"\b(?:assistants?|agents?|ai|bots?|chatbot|automation|automated system|reading system|"
    r"system prompt|"
    r"language model|llm|ki|assistenten?|assistentin|sistema|asistente|agente|"
    r"lecteur automatique|api users|"
    r"everybody reading|everyone reading|whoever reads|who reads this|wer das liest|"
    r"qui lit ceci|quien lea|"
    r"previous instructions|the tool|mit dem tool|par la fonction|automatically|automatica)\b"
)
_REDIRECTS: Final = re.compile(
    r"\b(?:instead|(?:has|have|was|were) (?:changed|moved|replaced)|(?:our|my|the|is|"
    r"with) new\b|changes? too|"
    r"no longer|from (?:now|today)|is full|stattdessen|geandert|neue[rns]? (?:bank|konto|"
    r"adresse|iban)|ab sofort|"
    r"desormais|dorenavant|nouve(?:au|lle)s? (?:compte|rib|adresse|iban)|en su lugar|"
    r"nueva cuenta|a partir de ahora|"
    r"error bancario|moved|copy goes|is to be|are to be|must be|should be|goes to|go to|"
    r"needs? to)\b"
)
_WORD: Final = re.compile(r"[^\W_]+")
_MUST: Final = re.compile(
    r"\b(?:please|kindly|must|shall|should|have to|has to|need|needs|needed|required|is to|"
    r"are to|be sure|also|"
    r"at once|immediately|now|urgent|mandatory|always|wants?|pending|standing approval|confirm|"
    r"confirms|right|to be \w+ed|"
    r"bitte|sofort|umgehend|soll|sollen|muss|mussen|sind|wird|werden|ist|erhalten|auch|"
    r"merci de|priere|veuillez|doit|doivent|il faut|aussi|devra|"
    r"por favor|debe|deben|tiene que|hay que|tambien|queda|favor de)\b"
)


@dataclass(frozen=True, slots=True)
class Piece:
    """A field or a sentence of what was read.

    Attributes:
        source: Index of the observation.
        key: The words of its field's name; ``from`` for the sender of a mail.
        text: As a person would see it.
        prose: Somebody wrote it as a sentence; else it is the value of a field.
        hidden: No person would see it.
        record: Number of the record that the field belongs to.
        number: The value, where the field holds a number.
        folded: ``plain(text)``.
    """

    source: int
    key: str
    text: str
    prose: bool
    hidden: bool = False
    record: int = 0
    number: float | None = None
    folded: str = ""

    @property
    def remark(self) -> bool:
        """A sentence in a field of a structured answer: few requests hand anything to it."""
        return self.prose and self.key not in {"", "from"}

    @property
    def to_machine(self) -> bool:
        """It speaks to an agent, or of what one shall do."""
        return self.prose and _TO_MACHINE.search(self.folded) is not None

    @property
    def redirects(self) -> bool:
        """It says that something goes elsewhere from now on."""
        return self.prose and _REDIRECTS.search(self.folded) is not None

    @property
    def orders(self) -> bool:
        """It asks for something: an imperative, or a word such as please or must."""
        if not self.prose:
            return False
        return _MUST.search(self.folded) is not None or bool(wishes(self.text) - {"read"})


@dataclass(frozen=True)
class Reading:
    """All that an agent read.

    Attributes:
        pieces: Fields and sentences, in order.
        categories: What kind of source each observation is.
        sources: Their names.
        whole: Nothing was left out for its length.
    """

    pieces: list[Piece]
    categories: tuple[frozenset[str], ...]
    sources: tuple[str, ...]
    whole: bool = True
    records: dict[int, list[Piece]] = field(default_factory=dict)

    def holding(self, value: Any) -> tuple[Piece, ...]:
        """The pieces that say a value; most values stand nowhere, and that is seen at once."""
        if isinstance(value, int | float):
            found = self._numbers.get(round(float(value) * 100), ())
            return tuple(self.pieces[n] for n in found)
        if not self._may_hold(str(value)):
            return ()
        places = [self._words[w] for w in words_of(str(value)) if w in self._words]
        likely = min(places, key=len, default=())
        near = tuple(self.pieces[n] for n in likely if holds_value(self.pieces[n], value))
        return near or tuple(p for p in self.pieces if holds_value(p, value))

    @cached_property
    def _words(self) -> dict[str, list[int]]:
        """Places of words."""
        found: dict[str, list[int]] = {}
        for place, piece in enumerate(self.pieces):
            for word in set(words_of(piece.text)):
                found.setdefault(word, []).append(place)
        return found

    def _may_hold(self, value: str) -> bool:
        """Whether letters and digits of a value follow each other in all that was read."""
        wanted = compact(link(value) if URLS.match(value) else value).lstrip("0")
        if value[:1] == "+":
            wanted = wanted[2:].lstrip("0")
        return wanted in self._squeezed

    @cached_property
    def _squeezed(self) -> str:
        return " ".join(squeezed(p.folded) for p in self.pieces)

    @cached_property
    def _numbers(self) -> dict[int, list[int]]:
        """Places of numbers, by hundredths."""
        found: dict[int, list[int]] = {}
        for place, piece in enumerate(self.pieces):
            numbers = {piece.number} if piece.number is not None else set(numbers_in(piece.text))
            for number in numbers:
                if number is not None and abs(number) < _GREAT:
                    found.setdefault(round(number * 100), []).append(place)
        return found

    def outside(self, index: int) -> bool:
        """People outside may have written this observation."""
        kinds = self.categories[index]
        return bool(kinds & _OUTSIDE) and "list" not in kinds


def holds_value(piece: Piece, value: Any) -> bool:
    """Whether a piece says a value."""
    if isinstance(value, int | float) and piece.number is not None:
        return abs(piece.number - value) < _CENT
    if piece.number is not None:
        return str(value) == piece.text
    return holds(piece.text, value, piece.folded)


@lru_cache(maxsize=1024)
def categories(text: str) -> frozenset[str]:
    """Kinds of source that words name: in the name of a source, or in a request."""
    words = set(words_of(text))
    return frozenset(name for name, known in _SOURCES.items() if words & known)


def read_all(observations: Iterable[Observation]) -> Reading:
    """Take apart what an agent read, up to `LONGEST` characters of all of it."""
    pieces: list[Piece] = []
    kinds: list[frozenset[str]] = []
    names: list[str] = []
    left, whole = LONGEST, True
    counter = iter(range(1, 1 << 30))
    for index, seen in enumerate(observations):
        kinds.append(categories(seen.source))
        names.append(seen.source)
        whole = whole and len(seen.text) <= left
        text = seen.text[: max(left, 0)]
        left -= len(text)
        pieces.extend(_pieces(index, text, counter))
    whole = whole and len(pieces) <= _MOST
    reading = Reading(pieces[:_MOST], tuple(kinds), tuple(names), whole)
    for piece in reading.pieces:
        reading.records.setdefault(piece.record, []).append(piece)
    return reading


def _pieces(index: int, text: str, counter: Iterator[int]) -> Iterator[Piece]:
    smuggled = (
        "".join(chr(ord(c) - 0xE0000) for c in text if ord(c) in _TAG) if not text.isascii() else ""
    )
    if smuggled:
        yield from _sentences(index, "", smuggled, hidden=True, record=next(counter))
    if text.lstrip()[:1] in {"{", "["}:
        try:
            yield from _fields(index, json.loads(text), counter)
        except (ValueError, RecursionError):  # it only looks structured
            pass
        else:
            return
    yield from _prose(index, "", text, next(counter))


def _fields(index: int, value: Any, counter: Iterator[int]) -> Iterator[Piece]:
    """Fields of a structured answer; each object is a record."""
    stack: list[tuple[str, Any, int, int]] = [("", value, next(counter), 0)]
    while stack:
        key, inner, record, depth = stack.pop()
        if isinstance(inner, Mapping):
            own = next(counter)
            for name, part in reversed(list(inner.items())):
                if "@" in str(name):
                    yield Piece(index, key, str(name), False, record=own, folded=plain(str(name)))
                stack.append((str(name), part, own, depth + 1))
        elif isinstance(inner, list):
            stack.extend((key, part, record, depth + 1) for part in reversed(inner))
        elif isinstance(inner, bool) or inner is None:
            continue
        elif isinstance(inner, int | float):
            yield Piece(
                index,
                plain(key),
                str(inner),
                False,
                record=record,
                number=float(inner),
                folded=str(inner),
            )
        elif depth > _DEPTH or _written(key, inner):
            yield from _prose(index, plain(key), inner, record)
        else:
            shown = visible(inner)
            yield Piece(index, plain(key), shown, False, record=record, folded=plain(shown))


def _written(key: str, text: str) -> bool:
    """Whether a field holds what somebody wrote, and not just a value."""
    words = sum(word.isalpha() for word in _WORD.findall(text))
    told = plain(key) in _PROSE or bool(set(words_of(key)) & _PROSE)
    return words > _WORDS or (told and words > 1) or ";" in text or "\n" in text


def _prose(index: int, key: str, text: str, record: int) -> Iterator[Piece]:
    if _MARKUP.search(text):
        shown, hidden = _seen(text)
        yield from _sentences(index, key, hidden, hidden=True, record=record)
        text = shown
    yield from _sentences(index, key, text, hidden=False, record=record)


def _sentences(index: int, key: str, text: str, *, hidden: bool, record: int) -> Iterator[Piece]:
    for part in _SENTENCE.split(text):
        shown = visible(part).strip()
        if not shown:
            continue
        header = _HEADER.match(shown) if not key and not hidden else None
        name = _header_key(header.group(1)) if header else key
        yield Piece(
            index, name, shown, prose=not (header and name == "from"), hidden=hidden, record=record,
            folded=plain(shown),
        )  # fmt: skip


def _header_key(name: str) -> str:
    return "from" if plain(name) in {"from", "von", "de", "sender", "reply-to"} else plain(name)


class _Page(HTMLParser):
    """Splits a page into what is seen and what is not."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.shown: list[str] = []
        self.hidden: list[str] = []
        self._stack: list[tuple[str, bool]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        unseen = tag in {"script", "style", "template", "noscript"} or "hidden" in values
        unseen = unseen or _UNSEEN.search(values.get("style") or "") is not None
        self.hidden += [v for n, v in attrs if n in {"alt", "title", "aria-label"} and v]
        if tag not in _VOID:
            self._stack.append((tag, unseen or bool(self._stack and self._stack[-1][1])))
        else:
            self._add("\n")

    def handle_endtag(self, tag: str) -> None:
        self._add("\n")
        for place in range(len(self._stack) - 1, max(-1, len(self._stack) - 50), -1):
            if self._stack[place][0] == tag:
                del self._stack[place:]
                break

    def handle_data(self, data: str) -> None:
        self._add(data)

    def handle_comment(self, data: str) -> None:
        self.hidden.append(data + "\n")

    def _add(self, data: str) -> None:
        (self.hidden if self._stack and self._stack[-1][1] else self.shown).append(data)


def _seen(text: str) -> tuple[str, str]:
    """What a person would see of a page, and what not; a broken page is all seen."""
    page = _Page()
    try:
        page.feed(_MAILBOX.sub(" ", text))
        page.close()
    except (ValueError, AssertionError, RecursionError):  # html.parser on hostile markup
        return text, ""
    return "".join(page.shown), "".join(page.hidden)
