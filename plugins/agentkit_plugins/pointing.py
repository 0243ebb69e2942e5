"""Whether a request points to something that was read, and for which values."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from agentkit_plugins.arguments import Leaf
from agentkit_plugins.asking import Asking
from agentkit_plugins.effects import plain, words_of
from agentkit_plugins.observed import Piece, Reading, holds_value
from agentkit_plugins.values import ADDRESSES, IBANS, URLS, numbers_in

__all__ = ["NAME", "SMALL", "Pointing", "kin", "telling"]

SMALL: Final = 5
"""Numbers below it are too common to say where they come from."""
NAME: Final = 3
"""Words up to this length name nobody."""
_STEM: Final = 5
"""Words that share so many first letters are kin: insure, insurance."""
_COMMON: Final = frozenset(
    """
    the and for with from this that his her their our your all new last next mail mails email
    message order orders ticket tickets customer list invoice contact please der die das und mit
    von des dem den ein eine les des une pour avec los las del con para por una send reply answer
    pay set add open close change update tell write book
    """.split()  # noqa: SIM905
)
_ROLE_WORDS: Final[Mapping[str, frozenset[str]]] = {
    role: frozenset(words.split())
    for role, words in {
        "recipient": "address addresses adresse anschrift direccion number phone nummer numero "
        "telefonnummer sender absender organiser organizer expediteur remitente channel",
        "account": "account konto compte cuenta iban card karte",
        "amount": "amount price total sum fee betrag preis summe montant prix importe precio cost",
        "url": "link url page room website site",
        "file": "attachment file anhang datei piece fichier adjunto archivo document attached",
        "permission": "role permission access rolle zugriff acces permiso",
    }.items()
}
"""Words by which a request speaks of a value."""
_FROM: Final = (
    r"\b(?:from|in|on|of|per|by|aus|in|im|vom|laut|par|du|de la|dans|del|de la|en) "
    r"(?:(?:the|this|that|his|her|their|der|dem|die|le|la|el|su) )?(?:\w+ ){0,2}?"
)
_MONEY: Final = frozenset(
    ["eur", "euro", "euros", "usd", "dollar", "dollars", "gbp", "pound", "pounds"]
)
_PAYS: Final = frozenset({"pay", "refund", "buy", "book", "create"})
_BILLS: Final = frozenset({"bill", "file", "list", "offer"})


class Pointing:
    """What a request points to, in all that was read."""

    def __init__(self, asking: Asking, reading: Reading) -> None:
        """Compare the request with each source once."""
        self._asking = asking
        self._reading = reading
        self._tokens = frozenset(
            w for w in asking.words if (len(w) >= NAME and w not in _COMMON) or w.isdigit()
        )
        self._pointed = [self._points_to(i) for i in range(len(reading.sources))]
        self._matched: dict[int, int] = {}
        self._best = self._best_matches()

    def to(self, index: int) -> bool:
        """The request speaks of this source."""
        return self._pointed[index]

    def hands(self, index: int) -> bool:
        """The request hands values over to this source: "the one in her mail"."""
        return self._pointed[index] and (self._asking.open or self._taken_from(index))

    def chooses(self, piece: Piece, leaf: Leaf) -> bool:
        """Not one record of a list while the request names another."""
        whole = leaf.role == "other" and isinstance(leaf.value, str) and len(leaf.value) > NAME
        if leaf.role not in {"target", "recipient", "account"} and not whole:
            return True
        return not self._best.get(piece.source, 0) or self._matches(piece.record) > 0

    def delegates(self, piece: Piece, leaf: Leaf) -> bool:
        """A sentence that somebody wrote: only what the request asks to take from it."""
        if piece.to_machine or piece.redirects or self._given(leaf) or self._strange(piece):
            return False
        if leaf.role == "account":
            return self._account(piece, leaf)
        if leaf.role == "amount":
            return self._amount(piece)
        if leaf.role in _ROLE_WORDS:
            return self._spoken_of(piece, leaf) or self._only_address(piece, leaf)
        return self.hands(piece.source) or not piece.orders

    def _strange(self, piece: Piece) -> bool:
        """A remark nothing was handed to, or a sentence beside what an unclear request names."""
        if self._asking.asked == "unclear" and not self._fits(piece):
            return True
        return piece.remark and not self.hands(piece.source)

    # What is handed over

    def _billed(self, piece: Piece) -> bool:
        """The request pays, and this is a bill or a list of what to pay."""
        kinds = self._reading.categories[piece.source]
        return bool(kinds & _BILLS and self._asking.wished & _PAYS)

    def _account(self, piece: Piece, leaf: Leaf) -> bool:
        billed = self._billed(piece) and self._pointed[piece.source]
        return (billed or self.hands(piece.source)) and not self._rival(piece, leaf)

    def _amount(self, piece: Piece) -> bool:
        asking = self._asking
        named = bool(self._reading.categories[piece.source] & asking.sources) and not piece.orders
        meant = self._billed(piece) or self.hands(piece.source) or named
        meant = meant or bool(_ROLE_WORDS["amount"] & asking.words)
        meant = meant or bool(asking.wished & {"buy", "book"})
        return meant and not (piece.orders and self._calmer(piece))

    def _spoken_of(self, piece: Piece, leaf: Leaf) -> bool:
        if not self._pointed[piece.source]:
            return False
        said = bool(_ROLE_WORDS[leaf.role] & self._asking.words)
        payee = leaf.role == "recipient" and self._billed(piece)
        return said or payee or self.hands(piece.source)

    def _taken_from(self, index: int) -> bool:
        """The request says to take something from this source, by its name: "from the flyer"."""
        names = [w for w in words_of(self._reading.sources[index]) if len(w) > NAME]
        return any(re.search(rf"{_FROM}{re.escape(name)}", self._asking.folded) for name in names)

    # What speaks against it

    def _fits(self, piece: Piece) -> bool:
        """No other sentence of the text, but not this one, speaks of what the request names."""
        if self._tokens & set(words_of(piece.text)):
            return True
        return not any(
            self._tokens & set(words_of(p.text))
            for p in self._reading.pieces
            if p.source == piece.source and p.prose
        )

    def _calmer(self, piece: Piece) -> bool:
        """Another amount of the same text stands in a sentence that asks for nothing."""
        return any(
            p is not piece
            and p.source == piece.source
            and not p.orders
            and any(n > SMALL for n in numbers_in(p.text))
            for p in self._reading.pieces
        )

    def _only_address(self, piece: Piece, leaf: Leaf) -> bool:
        """The one address in all that was read, in a text that the request speaks of."""
        if leaf.role != "recipient" or "@" not in str(leaf.value):
            return False
        if piece.orders or not self._pointed[piece.source]:
            return False
        found = {plain(m) for p in self._reading.pieces for m in ADDRESSES.findall(p.text)}
        return found <= {plain(str(leaf.value))}

    def _given(self, leaf: Leaf) -> bool:
        """The request gives a value of this sort itself, and this is another one."""
        asking = self._asking
        if leaf.role == "amount":
            exact = any(n > SMALL and not n.is_integer() for n in asking.numbers)
            money = bool(asking.words & _MONEY) and bool(asking.numbers)
            return exact or (asking.asked == "yes" and money)
        if leaf.role == "recipient" and "@" in str(leaf.value):
            return "@" in asking.text
        return leaf.role == "url" and URLS.search(asking.text) is not None

    def _rival(self, piece: Piece, leaf: Leaf) -> bool:
        """Another account stands where the request points more plainly."""
        kinds, sources = self._reading.categories, self._asking.sources
        own = kinds[piece.source] & sources
        return any(
            not p.prose or (kinds[p.source] & sources and not own)
            for p in self._reading.pieces
            if p is not piece and IBANS.search(p.text) and not holds_value(p, leaf.value)
        )

    # What the request speaks of

    def _points_to(self, index: int) -> bool:
        """By the kind of the source, its name, or who or what stands in it."""
        asking, reading = self._asking, self._reading
        if reading.categories[index] & asking.sources:
            return True
        if set(words_of(reading.sources[index])) & asking.words:
            return True
        named = {w for w in self._tokens if len(w) > (1 if w.isdigit() else NAME)}
        return any(
            named & set(words_of(p.text))
            for p in reading.pieces
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


def kin(nouns: Iterable[str], words: Iterable[str]) -> bool:
    """Whether one of the nouns is among the words, or begins as one of them does."""
    stems = {n[:_STEM] for n in nouns}
    return any(w[:_STEM] in stems for w in words)


def telling(leaf: Leaf) -> bool:
    """A value that is not said by chance."""
    if isinstance(leaf.value, int | float):
        return leaf.value >= SMALL
    return len(str(leaf.value)) > NAME
