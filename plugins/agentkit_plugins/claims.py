"""Claims of a text that a CRM record can settle: dates, prices, discounts, stock, earlier contact.

A claim is *supported* where the record says the same, *contradicted* where the record speaks of the
same thing and says otherwise, *unsupported* where the record has no such field.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any, Final, Literal

from agentkit import Action, Person, Span
from agentkit_plugins import claim_patterns as say
from agentkit_plugins.reading import Place, Reading, is_limit, read

__all__ = ["Claim", "Kind", "Outcome", "check"]

Kind = Literal["date", "price", "discount", "stock", "prior_contact", "relationship"]
Outcome = Literal["supported", "contradicted", "unsupported"]

_DATES: Final = (
    "valid_until", "expires", "expires_at", "expiry", "deadline", "offer_until", "offer_ends",
    "ends_at", "close_date", "due", "due_date",
)  # fmt: skip
"""Fields of a deal or product that end an offer."""
_SCARCE_UP_TO: Final = 20
"""Pieces up to which "nearly sold out", without a number, is fair."""
_CENT: Final = 0.005
_MAX_CLAIMS: Final = 50


@dataclass(frozen=True, slots=True)
class Claim:
    """One claim, where it stands, and what the record says."""

    kind: Kind
    outcome: Outcome
    span: Span
    said: str
    record: str = ""


def check(action: Action, person: Person | None, now: datetime, country: str = "") -> list[Claim]:
    """Find the claims of an action's text and compare each with the records.

    Args:
        action: Its text, and its arguments (an amount or discount that is about to be set counts).
        person: Records, history and relationship; None: nothing is on record.
        now: For relative dates.
        country: Of the reader: ``US`` writes the month first.
    """
    reading = read(action.text)
    if not reading.claims:
        return []
    facts = _Facts(action, person, now)
    found: list[Claim] = []
    if reading.digits:
        for sentence in say.SENTENCE.finditer(reading.folded):
            if _has_digit(sentence[0]):
                found += _in_sentence(sentence[0], sentence.start(), facts, country)
    found += _in_words(reading, action, person, facts)
    return found[:_MAX_CLAIMS]


def _has_digit(text: str) -> bool:
    return any(digit in text for digit in "0123456789")


class _Facts:
    """What the records say about offers, ready for comparing."""

    def __init__(self, action: Action, person: Person | None, now: datetime) -> None:
        records = person.records if person is not None else {}
        self.now = now
        self._deal, self._product = records.get("deal") or {}, records.get("product") or {}
        self._args = action.args

    @cached_property
    def ends(self) -> list[date]:
        """When offers end."""
        both = (self._deal, self._product)
        return [day for record in both for name in _DATES if (day := _day(record.get(name)))]

    @cached_property
    def stock(self) -> int | None:
        """Pieces in stock."""
        stock = self._product.get("stock")
        return stock if type(stock) is int else None

    @cached_property
    def discounts(self) -> list[float]:
        """Discounts in percent."""
        rates = _numbers(*(r.get("discount") for r in (self._deal, self._product, self._args)))
        return [rate * 100 if rate <= 1 else rate for rate in rates]

    @cached_property
    def prices(self) -> list[float]:
        """Amounts that may be called the price."""
        return list(_prices(self._deal, self._product, self._args))


def _prices(
    deal: Mapping[str, Any], product: Mapping[str, Any], args: Mapping[str, Any]
) -> Iterator[float]:
    """Every amount that may honestly be called the price, before and after the discount."""
    rates = list(_numbers(deal.get("discount"), product.get("discount"), args.get("discount")))
    for amount in _numbers(deal.get("amount"), product.get("price"), args.get("amount")):
        yield amount
        for rate in rates:
            if 0 < rate < 1:
                yield from (amount * (1 - rate), amount / (1 - rate))


def _numbers(*values: object) -> Iterator[float]:
    for value in values:
        if isinstance(value, int | float) and not isinstance(value, bool):
            yield float(value)


def _day(value: object) -> date | None:
    if isinstance(value, datetime):
        return value.date()
    if not isinstance(value, str):
        return None
    try:
        return date.fromisoformat(value[:10])
    except ValueError:
        return None


def _in_sentence(sentence: str, at: int, facts: _Facts, country: str) -> Iterator[Claim]:
    yield from _stock(sentence, at, facts)
    yield from _discounts(sentence, at, facts)
    yield from _amounts(sentence, at, facts)
    if say.OFFER.search(sentence):
        yield from _deadlines(sentence, at, facts, country)


def _stock(sentence: str, at: int, facts: _Facts) -> Iterator[Claim]:
    scarce = list(say.SCARCE.finditer(sentence))
    for match in scarce:
        said = int(next(g for g in match.groups() if g))
        yield _claim("stock", match, at, _compare(said, facts.stock, lambda a, b: a == b),
                     _pieces(facts))  # fmt: skip
    if not scarce:
        for match in say.STOCK.finditer(sentence):
            outcome = _compare(int(match[1]), facts.stock, lambda a, b: b >= a)
            yield _claim("stock", match, at, outcome, _pieces(facts))


def _compare(said: int, known: int | None, fits: Any) -> Outcome:
    if known is None:
        return "unsupported"
    return "supported" if fits(said, known) else "contradicted"


def _pieces(facts: _Facts) -> str:
    return "" if facts.stock is None else f"{facts.stock} in stock"


def _claim(kind: Kind, match: Any, at: int, outcome: Outcome, record: str) -> Claim:
    start, end = match.start() + at, match.end() + at
    return Claim(kind, outcome, Span(start, end), match[0].strip(), record)


def _discounts(sentence: str, at: int, facts: _Facts) -> Iterator[Claim]:
    if not say.DISCOUNT.search(sentence):
        return
    for match in say.PERCENT.finditer(sentence):
        said = float(match[1].replace(",", "."))
        near = any(abs(said - known) < 0.5 for known in facts.discounts)  # noqa: PLR2004  (rounded)
        outcome: Outcome = "supported" if near else "contradicted"
        if not facts.discounts:
            outcome = "unsupported"
        record = ", ".join(f"{d:g} %" for d in facts.discounts)
        yield _claim("discount", match, at, outcome, record)


def _amounts(sentence: str, at: int, facts: _Facts) -> Iterator[Claim]:
    for match in say.MONEY.finditer(sentence):
        said = _number(match[2] or match[3])
        if any(abs(said - known) < max(_CENT, known * 1e-4) for known in facts.prices):
            outcome: Outcome = "supported"
        elif not facts.prices or _not_the_price(sentence, match):
            outcome = "unsupported"
        else:
            outcome = "contradicted"
        record = ", ".join(f"{p:,.2f}" for p in facts.prices[:3])
        yield _claim("price", match, at, outcome, record)


def _not_the_price(sentence: str, match: Any) -> bool:
    near = sentence[max(0, match.start() - 40) : match.end() + 25]
    return bool(say.NOT_THE_PRICE.search(near)) or not say.PRICE.search(sentence)


def _number(text: str) -> float:
    """``1.290,00``, ``1,290.00``, ``1 290`` and ``1'290`` alike."""
    text = "".join(c for c in text if c not in "'’ \u00a0\u202f")
    last = max(text.rfind("."), text.rfind(","))
    if last >= 0 and len(text) - last - 1 != 3:  # noqa: PLR2004  (three digits: thousands)
        return float(text[:last].replace(".", "").replace(",", "") + "." + text[last + 1 :])
    return float(text.replace(".", "").replace(",", ""))


def _deadlines(sentence: str, at: int, facts: _Facts, country: str) -> Iterator[Claim]:
    for match, day in _days(sentence, facts.now, country):
        if is_limit(sentence, match):
            yield _claim("date", match, at, _ending(day, facts), _ends(facts))


def _ending(day: date, facts: _Facts) -> Outcome:
    if not facts.ends:
        return "unsupported"
    return "supported" if day in facts.ends else "contradicted"


def _ends(facts: _Facts) -> str:
    return ", ".join(d.isoformat() for d in facts.ends)


def _days(sentence: str, now: datetime, country: str) -> Iterator[tuple[Any, date]]:
    """Every day that a sentence names, with its place."""
    today = now.date()
    for match in say.DATE_ISO.finditer(sentence):
        yield from _valid(match, int(match[1]), int(match[2]), int(match[3]))
    for match in say.DATE_NUMBERS.finditer(sentence):
        first, second = int(match[1]), int(match[3])
        if match[2] == "/" and country == "US":
            first, second = second, first
        yield from _valid(match, _year(match[4], today), second, first)
    for match in say.DATE_WORDS.finditer(sentence):
        day, month, year = match[1] or match[5], match[2] or match[4], match[3] or match[6]
        yield from _valid(match, _year(year, today), say.MONTHS[month.lower()], int(day))
    for match in say.HOURS.finditer(sentence):
        unit = "hours" if match[2][0] in "hs" else "days"
        yield match, (now + timedelta(**{unit: int(match[1])})).date()


def _year(text: str | None, today: date) -> int:
    if not text:
        return today.year
    return int(text) if len(text) == 4 else 2000 + int(text)  # noqa: PLR2004  (digits of a year)


def _valid(match: Any, year: int, month: int, day: int) -> Iterator[tuple[Any, date]]:
    try:
        yield match, date(year, month, day)
    except ValueError:
        return


def _in_words(
    reading: Reading, action: Action, person: Person | None, facts: _Facts
) -> Iterator[Claim]:
    """Claims without digits: earlier contact, being a customer, scarcity, days by name."""
    for place in reading.prior_contact:
        yield _phrase("prior_contact", place, _known(_in_touch(action, person)))
    for place in reading.relationship:
        yield _phrase("relationship", place, _known(_customer(person)))
    for place in reading.scarce:
        outcome = _compare(_SCARCE_UP_TO, facts.stock, lambda most, has: has <= most)
        yield _phrase("stock", place, outcome, _pieces(facts))
    for place, day in reading.near_days:
        end = _date_of(day, facts.now.date())
        yield _phrase("date", place, _ending(end, facts), _ends(facts))


def _known(on_record: bool) -> Outcome:  # noqa: FBT001
    return "supported" if on_record else "unsupported"


def _phrase(kind: Kind, place: Place, outcome: Outcome, record: str = "") -> Claim:
    span = Span(place.start, place.start + len(place.phrase))
    return Claim(kind, outcome, span, place.phrase, record)


def _in_touch(action: Action, person: Person | None) -> bool:
    """The person was contacted, asked, or wrote what the agent has just read."""
    if action.observations:
        return True
    if person is None:
        return False
    return bool(person.history) or person.contact.relationship.last_inquiry is not None


def _customer(person: Person | None) -> bool:
    if person is None:
        return False
    relationship = person.contact.relationship
    return relationship.last_purchase is not None or relationship.contract_until is not None


def _date_of(day: int, today: date) -> date:
    ahead = day if day >= 0 else (-day - today.isoweekday()) % 7
    return today + timedelta(days=ahead)
