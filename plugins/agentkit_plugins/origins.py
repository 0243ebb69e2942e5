"""Tracing each value of an action to the request, the record, or what the agent read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from agentkit import Action, Context
from agentkit_plugins.arguments import ROLES, Leaf, leaves_of
from agentkit_plugins.asking import Asking
from agentkit_plugins.effects import effect_words, mentions, plain, wishes, words_of
from agentkit_plugins.observed import Piece, Reading, holds_value, read_all
from agentkit_plugins.pointing import NAME, SMALL, Pointing, kin, telling
from agentkit_plugins.values import derived, holds, numbers_in

__all__ = ["Origin", "Traced", "suspects", "trace"]

_CENT: Final = 0.011
_WEIGHTY: Final = frozenset({"file", "account", "permission"})
_GIVEN: Final = frozenset({"request", "record"})
_LITERAL: Final = 5
"""A tool's name of so few letters is a word like any other."""


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
    pointing = Pointing(asking, reading)
    tracer = _Tracer(asking, reading, pointing, _record(action, context))
    origins = tuple(tracer.origin(leaf) for leaf in leaves)
    instruction = _Orders(asking, pointing, origins).first(reading)
    doubtful = [p for o in origins if o.where == "untrusted" for p in o.pieces]
    doubtful += [instruction] if instruction is not None else []
    followed = any(p.hidden for p in doubtful)
    doubtful += [p for p in reading.pieces if p.hidden and p.prose and p.orders][:2]
    handed = [p for o in origins if o.where == "delegated" for p in o.pieces]
    return Traced(
        origins,
        instruction,
        tuple(p.text for p in (*doubtful, *handed) if p.prose),
        followed,
        complete and reading.whole,
        reading.sources,
    )


def suspects(action: Action, asking: Asking, most: int) -> list[str]:
    """Sentences that may have led to the action; none of a source that the request hands it to."""
    leaves = [leaf for leaf in leaves_of(action)[0] if telling(leaf)]
    reading = read_all(action.observations)
    pointing = Pointing(asking, reading)
    found = [p for p in reading.pieces if p.prose and not pointing.hands(p.source)]

    def harmless(piece: Piece) -> tuple[bool, ...]:
        carries = any(holds_value(piece, leaf.value) for leaf in leaves)
        return (not piece.hidden, not piece.to_machine, not carries, not piece.orders)

    return [p.text for p in sorted(found, key=harmless)[:most]]


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

    def __init__(self, asking: Asking, reading: Reading, pointing: Pointing, record: str) -> None:
        self._asking = asking
        self._reading = reading
        self._pointing = pointing
        self._record = record
        self._record_folded = plain(record)
        self._trusted: list[float] | None = None

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
            return any(abs(n - value) < _CENT for n in self._asking.numbers)
        if holds(self._asking.text, value, self._asking.folded):
            return True
        if leaf.role in {"url", "account"} or "@" in str(value):
            return False
        words = [w for w in words_of(str(value)) if len(w) >= NAME]
        return bool(words) and all(w in self._asking.words for w in words)

    def _in_record(self, leaf: Leaf) -> bool:
        if not self._record or (isinstance(leaf.value, int | float) and leaf.value < SMALL):
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
        named = named or (leaf.role == "file" and not self._file_meant(str(value)))
        return Origin(leaf, "agent", unnamed=named and bool(self._reading.sources))

    def _file_meant(self, value: str) -> bool:
        """The request speaks of what a file's name says; ids say nothing."""
        words = [w for w in words_of(value) if len(w) > NAME]
        return not words or kin(words, self._asking.words)

    def _matters(self, leaf: Leaf, pieces: Sequence[Piece]) -> bool:
        """Whether an untrusted origin counts: of plain words only where their sentence orders."""
        if leaf.role in ROLES:
            return True
        if isinstance(leaf.value, int | float) and leaf.value < SMALL:
            return False
        if leaf.role == "target":
            return True
        return len(str(leaf.value)) > NAME and all(self._suspicious(p) for p in pieces)

    def _suspicious(self, piece: Piece) -> bool:
        """A place from which not even plain words are taken unasked."""
        if not piece.prose or piece.remark:
            return True  # another record than the one asked for, or a remark in one
        ordered = piece.orders and not self._asking.open
        return piece.hidden or piece.to_machine or piece.redirects or ordered

    def _trusts(self, piece: Piece, leaf: Leaf) -> bool:
        """Whether the request points to this place for this value."""
        if piece.hidden or self._asking.asked in {"no", "none"}:
            return False
        if piece.prose:
            return self._pointing.delegates(piece, leaf)
        if not self._pointing.chooses(piece, leaf):
            return False
        if piece.key == "from":
            return leaf.role != "account"
        if leaf.role in {"account", "url", "file"} and self._reading.outside(piece.source):
            return self._pointing.to(piece.source)
        return True

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
                    self._trusted.extend(n for n in numbers_in(p.text) if n >= SMALL)
        return self._trusted

    def _products(self) -> list[float]:
        """Quantity times price, record by record."""
        found = []
        for pieces in self._reading.records.values():
            numbers = [p.number for p in pieces if p.number is not None]
            if len(numbers) == 2:  # noqa: PLR2004  (a price and a quantity)
                found.append(numbers[0] * numbers[1])
        return found


def _keys(leaves: Iterable[Leaf], asking: Asking) -> dict[str, bool]:
    """Words in the names of arguments that the request does not say; whether they weigh much."""
    found: dict[str, bool] = {}
    for leaf in leaves:
        for word in leaf.key:
            if len(word) > NAME and not kin([word], asking.words):
                found[word] = found.get(word, False) or leaf.role in _WEIGHTY
    return found


class _Orders:
    """What a sentence has to say to count as an order to do just this."""

    def __init__(self, asking: Asking, pointing: Pointing, origins: Iterable[Origin]) -> None:
        origins = list(origins)
        self._asking = asking
        self._pointing = pointing
        self._new = [o.leaf for o in origins if o.where not in _GIVEN and telling(o.leaf)]
        self._nouns = frozenset(n for n in asking.nouns if not kin([n], asking.words))
        self._keys = _keys((o.leaf for o in origins), asking)
        self._wanted = effect_words(asking.families)
        self._tool = plain(asking.tool) if len(asking.tool) > _LITERAL else ""

    def first(self, reading: Reading) -> Piece | None:
        """The first sentence that asks for this very action, and brings what the request lacks."""
        return next((p for p in reading.pieces if p.prose and self._holds(p)), None)

    def _holds(self, piece: Piece) -> bool:
        literal = bool(self._tool) and self._tool in piece.folded
        doubtful = piece.hidden or piece.to_machine
        if not (literal or doubtful or piece.orders):
            return False
        strange = kin(self._nouns, words_of(piece.text))
        carried = any(holds_value(piece, leaf.value) for leaf in self._new)
        keyed = piece.orders and self._keyed(piece)
        about = literal or bool(mentions(piece.text) & self._wanted)
        if not (about or (strange and (carried or piece.remark)) or keyed):
            return False
        handed = self._pointing.hands(piece.source)
        if self._asking.asked == "yes":
            named = (literal and self._asking.tool not in self._asking.text) or (
                keyed and not handed
            )
            unseen = piece.hidden and piece.orders
            return named or unseen or (strange and piece.orders) or (doubtful and carried)
        if self._asking.asked == "unclear" and handed and not doubtful:
            return literal
        told = self._asking.asked == "unclear" and bool(wishes(piece.text) & self._wanted)
        return literal or strange or carried or doubtful or told

    def _keyed(self, piece: Piece) -> bool:
        """It speaks of an argument of the action of which the request does not."""
        return any(
            kin([word], words_of(piece.text))
            for word, weighty in self._keys.items()
            if weighty or piece.remark
        )
