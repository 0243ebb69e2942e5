"""Tracing each value of an action to the request, the record, or what the agent read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from agentkit import Action, Context
from agentkit_plugins.arguments import ROLES, Leaf, leaves_of
from agentkit_plugins.asking import Asking
from agentkit_plugins.effects import READ, effect_words, mentions, plain, wishes, words_of
from agentkit_plugins.observed import Piece, Reading, holds_value, read_all
from agentkit_plugins.values import ADDRESSES, URLS, derived, holds, numbers_in

__all__ = ["Origin", "Traced", "suspects", "trace"]

_SMALL: Final = 5
"""Numbers below it are too common to say where they come from."""
_NAME: Final = 3
_STEM: Final = 5
"""Words that share so many first letters are kin: insure, insurance."""
_COMMON: Final = frozenset(
    """
    the and for with from this that his her their our your all new last next mail mails email
    message order orders
    ticket tickets customer list invoice contact please der die das und mit von des dem den ein
    eine les des une pour
    avec los las del con para por una send reply answer pay set add open close change update tell
    write book
    """.split()  # noqa: SIM905
)
_ROLE_WORDS: Final[Mapping[str, frozenset[str]]] = {
    "recipient": frozenset(
        [
            "address",
            "addresses",
            "adresse",
            "anschrift",
            "direccion",
            "number",
            "phone",
            "nummer",
            "numero",
            "telefonnummer",
            "sender",
            "absender",
            "organiser",
            "organizer",
            "expediteur",
            "remitente",
            "channel",
        ]
    ),
    "account": frozenset("account konto compte cuenta iban card karte".split()),  # noqa: SIM905
    "amount": frozenset(
        [
            "amount",
            "price",
            "total",
            "sum",
            "fee",
            "betrag",
            "preis",
            "summe",
            "montant",
            "prix",
            "importe",
            "precio",
            "cost",
        ]
    ),
    "url": frozenset("link url page room website site".split()),  # noqa: SIM905
    "file": frozenset(
        [
            "attachment",
            "file",
            "anhang",
            "datei",
            "piece",
            "fichier",
            "adjunto",
            "archivo",
            "document",
            "attached",
        ]
    ),
    "permission": frozenset("role permission access rolle zugriff acces permiso".split()),  # noqa: SIM905
}
_FROM: Final = (
    r"\b(?:from|in|on|of|per|by|aus|in|im|vom|laut|par|du|de la|dans|del|de la|en) "
    r"(?:(?:the|this|that|his|her|their|der|dem|die|le|la|el|su) )?(?:\w+ ){0,2}?"
)
_PAYS: Final = frozenset({"pay", "refund", "buy", "book", "create"})
_BILLS: Final = frozenset({"bill", "file", "list", "offer"})


@dataclass(frozen=True)
class Origin:
    """Where one value comes from.

    Attributes:
        leaf: The value.
        where: request, record, delegated, agent or untrusted.
        source: Name of the observation that it stands in.
        pieces: Where it stands in what was read.
        unnamed: It stands nowhere, and is one that somebody has to name.
    """

    leaf: Leaf
    where: str
    source: str = ""
    pieces: tuple[Piece, ...] = ()
    unnamed: bool = False


@dataclass(frozen=True)
class Traced:
    """All values of an action, and what asks for it.

    Attributes:
        origins: One a value that matters.
        instruction: A sentence that was read and asks for this action, where the request does not.
        windows: Sentences that values and instructions come from, the most suspicious first.
        hidden: A value or the instruction stands in hidden text.
        whole: All was looked at.
        sources: Names of the observations.
    """

    origins: tuple[Origin, ...]
    instruction: Piece | None
    windows: tuple[str, ...]
    hidden: bool
    whole: bool
    sources: tuple[str, ...] = field(default=())

    def named(self, piece: Piece) -> str:
        """The name of the observation that a piece stands in."""
        return self.sources[piece.source]


def trace(action: Action, asking: Asking, context: Context) -> Traced:
    """Trace every value of an action that matters."""
    leaves, complete = leaves_of(action)
    reading = read_all(action.observations)
    record = _record(action, context)
    tracer = _Tracer(asking, reading, record, leaves)
    origins = tuple(tracer.origin(leaf) for leaf in leaves)
    instruction = tracer.instruction(origins)
    suspects = [p for o in origins if o.where == "untrusted" for p in o.pieces]
    suspects += [instruction] if instruction is not None else []
    followed = any(p.hidden for p in suspects)
    suspects += [p for p in reading.pieces if p.hidden and p.prose and p.orders][:2]
    handed = [p for o in origins if o.where == "delegated" for p in o.pieces]
    return Traced(
        origins,
        instruction,
        tuple(p.text for p in (*suspects, *handed) if p.prose),
        followed,
        complete and reading.whole,
        reading.sources,
    )


def suspects(action: Action, asking: Asking, context: Context, most: int) -> list[str]:
    """Sentences that were read and may have led to the action: none of a source that the request
    hands it to."""
    leaves, _ = leaves_of(action)
    reading = read_all(action.observations)
    tracer = _Tracer(asking, reading, _record(action, context), leaves)
    found = [p for p in reading.pieces if p.prose and not tracer.handed(p.source)]
    new = [leaf for leaf in leaves if _telling(leaf)]
    found.sort(
        key=lambda p: (
            not p.hidden,
            not p.to_machine,
            not any(holds_value(p, leaf.value) for leaf in new),
            not p.orders,
        )
    )
    return [p.text for p in found[:most]]


def _record(action: Action, context: Context) -> str:
    """What the CRM knows of the person and the records concerned, and what the charter says."""
    person, agent = context.person(action), context.agent(action)
    parts: list[Any] = [action.subject, *action.records.values(), action.sender.brand]
    if person is not None:
        contact = person.contact
        parts += [contact.name, contact.email, contact.phone, contact.company, contact.owner]
        parts += [*contact.fields.values()]
        for fields in person.records.values():
            parts += [*fields.values()]
    if agent is not None:
        parts += [agent.name, agent.owner, *agent.sender_names, *agent.segments]
    return "\n".join(str(p) for p in parts if isinstance(p, str | int | float) and p != "")


class _Tracer:
    """One action's values against all that could have given them."""

    def __init__(
        self, asking: Asking, reading: Reading, record: str, leaves: Sequence[Leaf]
    ) -> None:
        self._asking = asking
        self._reading = reading
        self._record = record
        self._record_folded = plain(record)
        self._leaves = leaves
        self._pointed = [self._points_to(i) for i in range(len(reading.sources))]
        self._tokens = frozenset(
            w for w in asking.words if (len(w) >= _NAME and w not in _COMMON) or w.isdigit()
        )
        self._matched: dict[int, int] = {}
        self._best = self._best_matches()
        self._trusted: list[float] | None = None

    # Where a value comes from

    def origin(self, leaf: Leaf) -> Origin:
        """Trace one value."""
        if self._in_request(leaf):
            return Origin(leaf, "request")
        if self._in_record(leaf):
            return Origin(leaf, "record")
        pieces = self._reading.holding(leaf.value)
        if not pieces:
            return self._composed(leaf)
        good = [p for p in pieces if self._trusts(p, leaf)]
        if good:
            return Origin(leaf, "delegated", self._reading.sources[good[0].source], tuple(good))
        if not self._matters(leaf, pieces):
            return Origin(leaf, "delegated", self._reading.sources[pieces[0].source])
        return Origin(leaf, "untrusted", self._reading.sources[pieces[0].source], pieces)

    def _in_request(self, leaf: Leaf) -> bool:
        value = leaf.value
        if isinstance(value, int | float):
            return any(abs(n - value) < 0.011 for n in self._asking.numbers)  # noqa: PLR2004  (a cent)
        if holds(self._asking.text, value, self._asking.folded):
            return True
        if leaf.role in {"url", "account"} or "@" in str(value):
            return False
        words = [w for w in words_of(str(value)) if len(w) >= _NAME]
        return bool(words) and all(w in self._asking.words for w in words)

    def _in_record(self, leaf: Leaf) -> bool:
        if not self._record or (isinstance(leaf.value, int | float) and leaf.value < _SMALL):
            return False
        return holds(self._record, leaf.value, self._record_folded)

    def _composed(self, leaf: Leaf) -> Origin:
        """A value that stands nowhere: worked out, or the agent's own."""
        value = leaf.value
        if leaf.role == "amount" and isinstance(value, int | float):
            if derived(float(value), self._asking.numbers):
                return Origin(leaf, "request")
            if derived(float(value), [*self._asking.numbers, *self._known()], self._products()):
                return Origin(leaf, "delegated")
        named = leaf.role in {"account", "url"} or (leaf.role == "recipient" and "@" in str(value))
        return Origin(leaf, "agent", unnamed=named and bool(self._reading.sources))

    def _matters(self, leaf: Leaf, pieces: Sequence[Piece]) -> bool:
        """Whether it counts that a value is from untrusted text: of plain words only where they
        order."""
        if leaf.role in ROLES:
            return True
        if isinstance(leaf.value, int | float) and leaf.value < _SMALL:
            return False
        if leaf.role == "target":
            return True
        return len(str(leaf.value)) > _NAME and all(
            p.hidden or p.to_machine or p.redirects or (p.orders and not self._asking.open)
            for p in pieces
        )

    # Whom to believe

    def _trusts(self, piece: Piece, leaf: Leaf) -> bool:
        """Whether the request points to this place for this value."""
        if piece.hidden or self._asking.asked in {"no", "none"}:
            return False
        if piece.prose:
            return self._delegates(piece, leaf)
        return self._field(piece, leaf)

    def _field(self, piece: Piece, leaf: Leaf) -> bool:
        """A field of a structured answer, or the sender of a mail."""
        if not self._chosen(piece, leaf):
            return False
        if piece.key == "from":
            return leaf.role != "account"
        if leaf.role in {"account", "url", "file"} and self._reading.outside(piece.source):
            return self._pointed[piece.source]
        return True

    def _chosen(self, piece: Piece, leaf: Leaf) -> bool:
        """Not one record of a list while the request names another."""
        if leaf.role not in {"target", "recipient", "account"}:
            return True
        best = self._best.get(piece.source, 0)
        return not best or self._matches(piece.record) > 0

    def _delegates(self, piece: Piece, leaf: Leaf) -> bool:
        """A sentence that somebody wrote: only what the request asks to take from it."""
        if piece.to_machine or piece.redirects:
            return False
        asking, pointed = self._asking, self._pointed[piece.source]
        if self._given(leaf) or (asking.asked == "unclear" and not self._fits(piece)):
            return False
        handed = self.handed(piece.source)
        billed = self._reading.categories[piece.source] & _BILLS and asking.wished & _PAYS
        if leaf.role == "account":
            return bool((billed and pointed) or handed) and not self._rival(piece, leaf)
        if leaf.role == "amount":
            meant = bool(billed) or pointed or bool(asking.wished & {"buy", "book", "refund"})
            return meant and not (piece.orders and self._calmer(piece))
        if leaf.role in {"recipient", "url", "file", "permission"}:
            said = bool(_ROLE_WORDS[leaf.role] & asking.words)
            if pointed and (handed or said or bool(billed and leaf.role == "recipient")):
                return True
            return leaf.role == "recipient" and self._only_address(piece, leaf)
        return handed or not piece.orders

    def _fits(self, piece: Piece) -> bool:
        """No other sentence of the same text speaks of what the request names while this one does
        not."""
        if self._tokens & set(words_of(piece.text)):
            return True
        return not any(
            self._tokens & set(words_of(p.text))
            for p in self._reading.pieces
            if p.source == piece.source and p.prose
        )

    def _taken_from(self, index: int) -> bool:
        """The request says to take something from this source, by its name: "from the flyer"."""
        names = [w for w in words_of(self._reading.sources[index]) if len(w) > _NAME]
        return any(re.search(rf"{_FROM}{re.escape(name)}", self._asking.folded) for name in names)

    def _calmer(self, piece: Piece) -> bool:
        """Another amount of the same text stands in a sentence that asks for nothing."""
        return any(
            p is not piece
            and p.source == piece.source
            and not p.orders
            and any(n > _SMALL for n in numbers_in(p.text))
            for p in self._reading.pieces
        )

    def _only_address(self, piece: Piece, leaf: Leaf) -> bool:
        """The one address in all that was read, beside a name or a thing that the request speaks
        of."""
        if "@" not in str(leaf.value) or piece.orders or not self._pointed[piece.source]:
            return False
        wanted = plain(str(leaf.value))
        found = {plain(m) for p in self._reading.pieces for m in ADDRESSES.findall(p.text)}
        return found <= {wanted}

    def _given(self, leaf: Leaf) -> bool:
        """The request gives a value of this sort itself, and this is another one."""
        if leaf.role == "amount":
            return any(n > _SMALL and not n.is_integer() for n in self._asking.numbers) or (
                self._asking.asked == "yes" and self._money_given()
            )
        if leaf.role == "recipient" and "@" in str(leaf.value):
            return "@" in self._asking.text
        return leaf.role == "url" and URLS.search(self._asking.text) is not None

    def _money_given(self) -> bool:
        words = self._asking.words & {
            "eur",
            "euro",
            "euros",
            "usd",
            "dollar",
            "dollars",
            "gbp",
            "pound",
            "pounds",
        }
        return bool(words) and bool(self._asking.numbers)

    def _rival(self, piece: Piece, leaf: Leaf) -> bool:
        """Another account stands where the request points more plainly."""
        from agentkit_plugins.values import IBANS

        others = [
            p for p in self._reading.pieces
            if p is not piece and IBANS.search(p.text) and not holds_value(p, leaf.value)
        ]  # fmt: skip
        own = self._reading.categories[piece.source] & self._asking.sources
        return any(
            not p.prose or (self._reading.categories[p.source] & self._asking.sources and not own)
            for p in others
        )

    def _points_to(self, index: int) -> bool:
        """Whether the request speaks of this source: of its kind, its name, or who or what is in
        it."""
        asking = self._asking
        if self._reading.categories[index] & asking.sources:
            return True
        if set(words_of(self._reading.sources[index])) & asking.words:
            return True
        named = {
            w
            for w in asking.words
            if (len(w) > _NAME and w not in _COMMON) or (w.isdigit() and len(w) > 1)
        }
        return any(
            named & set(words_of(p.text))
            for p in self._reading.pieces
            if p.source == index and not p.hidden
        )

    def _matches(self, record: int) -> int:
        if record not in self._matched:
            text = " ".join(p.folded for p in self._reading.records.get(record, ()) if not p.prose)
            self._matched[record] = len(self._tokens & set(words_of(text)))
        return self._matched[record]

    def _best_matches(self) -> dict[int, int]:
        """By source: how well its best record fits the request, where it has several."""
        sources: dict[int, set[int]] = {}
        for piece in self._reading.pieces:
            if not piece.prose:
                sources.setdefault(piece.source, set()).add(piece.record)
        return {
            source: max(self._matches(r) for r in records)
            for source, records in sources.items()
            if len(records) > 1
        }

    # What amounts may come from

    def _known(self) -> list[float]:
        """Numbers that may be trusted: fields, and sentences without cues."""
        if self._trusted is None:
            self._trusted = []
            for p in self._reading.pieces:
                if p.hidden or p.to_machine or p.redirects:
                    continue
                if p.number is not None:
                    self._trusted.append(p.number)
                elif p.prose:
                    self._trusted.extend(n for n in numbers_in(p.text) if n >= _SMALL)
        return self._trusted

    def _products(self) -> list[float]:
        """Quantity times price, record by record."""
        found = []
        for pieces in self._reading.records.values():
            numbers = [p.number for p in pieces if p.number is not None]
            if len(numbers) == 2:  # noqa: PLR2004  (a price and a quantity)
                found.append(numbers[0] * numbers[1])
        return found

    # What asks for the action

    def instruction(self, origins: Iterable[Origin]) -> Piece | None:
        """A sentence that was read, asks for this very action, and brings what the request does
        not."""
        asking = self._asking
        if asking.families and asking.families[0] == READ:
            return None
        new = [
            o.leaf
            for o in origins
            if o.where in {"untrusted", "delegated", "agent"} and _telling(o.leaf)
        ]
        nouns = frozenset(n for n in asking.nouns if not _kin([n], asking.words))
        wanted = effect_words(asking.families)
        for piece in self._reading.pieces:
            if piece.prose and self._orders_it(piece, new, nouns, wanted):
                return piece
        return None

    def _orders_it(
        self, piece: Piece, new: Sequence[Leaf], nouns: frozenset[str], wanted: frozenset[str]
    ) -> bool:
        asking = self._asking
        literal = len(asking.tool) > 5 and plain(asking.tool) in piece.folded  # noqa: PLR2004  (a short name is a word)
        if not (literal or piece.hidden or piece.to_machine or piece.orders):
            return False
        strange = _kin(nouns, words_of(piece.text))
        carried = any(holds_value(piece, leaf.value) for leaf in new)
        if not (literal or mentions(piece.text) & wanted or (strange and carried)):
            return False
        if asking.asked == "yes":
            doubtful = piece.hidden or piece.to_machine
            return (
                (strange and piece.orders)
                or (doubtful and carried)
                or (literal and asking.tool not in asking.text)
            )
        if (
            asking.asked == "unclear"
            and self.handed(piece.source)
            and not (piece.to_machine or piece.hidden)
        ):
            return literal
        told = asking.asked == "unclear" and bool(wishes(piece.text) & wanted)
        return literal or strange or carried or told or piece.hidden or piece.to_machine

    def handed(self, index: int) -> bool:
        """The request hands values over to this source."""
        return self._pointed[index] and (self._asking.open or self._taken_from(index))


def _kin(nouns: Iterable[str], words: Iterable[str]) -> bool:
    """Whether one of the nouns is among the words, or begins as one of them does."""
    stems = {n[:_STEM] for n in nouns}
    return any(w[:_STEM] in stems for w in words)


def _telling(leaf: Leaf) -> bool:
    """A value that is not said by chance."""
    if isinstance(leaf.value, int | float):
        return leaf.value >= _SMALL
    return len(str(leaf.value)) > _NAME
