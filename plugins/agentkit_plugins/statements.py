"""The statements of a text that a record can settle, before any record is looked at.

Found once a text: a campaign compares them with a thousand people's records.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache
from itertools import islice
from typing import Final, Literal, NamedTuple

from agentkit import Span
from agentkit_plugins import claim_patterns as say
from agentkit_plugins.amounts import money, shares
from agentkit_plugins.days import Day, Window, days_in, window_near
from agentkit_plugins.reading import Reading, read

__all__ = ["Kind", "Statement", "statements"]

Kind = Literal[
    "date", "price", "discount", "stock", "quantity", "prior_contact", "relationship", "consent",
    "sender",
]  # fmt: skip
Form = Literal[
    "figure", "about", "least", "scarce", "words", "old", "other", "converted", "saving",
    "contract", "customer", "",
]  # fmt: skip
_MOST: Final = 50
_SHARES: Final = {"half": 50.0, "third": 100 / 3, "quarter": 25.0}
_SAVING: Final = re.compile(
    r"\b(?:save|saving|sparen sie|sie sparen|spare|économisez|ahorr[aeo]\w*)\s(?:up to )?(?:de )?$"
)
_OFF: Final = re.compile(
    r"\s(?:off|discount|rabatt|nachlass|günstiger|de (?:remise|réduction|descuento))\b"
)
_NEAR: Final = 200
"""Characters around a day in which a word may say what it is the day of."""
_CONVERTED: Final = re.compile(
    r"\b(?:about|approx\w*|around|circa|rund|etwa|environ|unos|aprox\w*)\s$"
)


class Statement(NamedTuple):
    """One statement, and its place in the text as written.

    Attributes:
        kind: What it speaks of.
        form: How it says it; ``other`` is an amount that is not the price.
        span: Its place.
        said: Its words.
        low: The figure, or the lower end of a range.
        high: The figure, or the upper end.
        currency: ISO code, where the words name one.
        day: The day, of a date.
        topic: What the day is the day of.
        window: When an earlier contact is said to have been; None: at any time.
        name: Who is said to write.
        figure: Place of the bare figure, where a correction would go; None where there is none.
    """

    kind: Kind
    form: Form
    span: Span
    said: str
    low: float = 0.0
    high: float = 0.0
    currency: str = ""
    day: Day | None = None
    topic: str = ""
    window: Window | None = None
    name: str = ""
    figure: Span | None = None


@lru_cache(maxsize=2048)
def statements(text: str, today: datetime, country: str = "") -> tuple[Statement, ...]:
    """Find every statement of a text.

    Args:
        text: As written.
        today: For relative days; pass midnight, so that the answer can be kept for the day.
        country: Of the reader: ``US`` writes the month first.
    """
    reading = read(text)
    finder = _Finder(reading, today, country)
    found = list(finder.sender())
    for match in say.SENTENCE.finditer(reading.digits.text):
        found += finder.sentence(match[0], match.start())
        if len(found) >= _MOST:
            break
    return tuple(found[:_MOST])


class _Finder:
    """Finds the statements of one text."""

    def __init__(self, reading: Reading, today: datetime, country: str) -> None:
        self._reading = reading
        self._today = today
        self._country = country
        self._at = 0

    def sentence(self, sentence: str, at: int) -> Iterator[Statement]:
        """The statements of one sentence, figures first."""
        self._at = at
        if any(c in sentence for c in "0123456789"):
            yield from self._stock(sentence)
            yield from self._shares(sentence)
            yield from self._money(sentence)
            yield from self._pieces(sentence)
        yield from self._days(sentence)
        yield from self._words(sentence)

    def _made(self, kind: Kind, form: Form, start: int, end: int, **more: object) -> Statement:
        figure = more.pop("figure", None)
        if isinstance(figure, tuple):
            more["figure"] = self._span(*figure)
        span = self._span(start, end)
        said = self._reading.visible[span.start : span.end]
        return Statement(kind, form, span, said, **more)  # type: ignore[arg-type]

    def _span(self, start: int, end: int) -> Span:
        """The place in the text as written of a place in the sentence, without outer blanks."""
        digits = self._reading.digits
        first, last = digits.origin(self._at + start), digits.origin(self._at + end)
        if last == first and end > start:
            last = first + 1
        written = self._reading.visible[first:last]
        return Span(first + len(written) - len(written.lstrip()), first + len(written.rstrip()))

    def _stock(self, sentence: str) -> Iterator[Statement]:
        taken: list[tuple[int, int]] = []
        for match in say.SCARCE.finditer(sentence):
            group = next(n for n, g in enumerate(match.groups(), 1) if g)
            taken.append(match.span())
            yield self._count(sentence, match, group, "scarce")
        for match in say.STOCK.finditer(sentence):
            if not any(s < match.end() and match.start() < e for s, e in taken):
                yield self._count(sentence, match, 1, "figure")
        if not taken:
            for match in say.SCARCE_WORDS.finditer(sentence):
                yield self._made("stock", "words", *match.span())

    def _count(self, sentence: str, match: re.Match[str], group: int, form: Form) -> Statement:
        number = float(match[group])
        before = sentence[max(0, match.start(group) - 24) : match.start(group)]
        written = self._span(max(0, match.start(group) - 2), match.end(group))
        words = self._reading.visible[written.start : written.end].lower()
        if say.APPROXIMATE.search(before) or say.APPROXIMATE.search(words):
            form = "about"
        elif say.AT_LEAST.search(before):
            form = "least"
        return self._made("stock", form, *match.span(), low=number, high=number,
                          figure=match.span(group))  # fmt: skip

    def _shares(self, sentence: str) -> Iterator[Statement]:
        if not say.DISCOUNT.search(sentence):
            return
        for share in shares(sentence):
            figure = (share.start, share.end) if share.low == share.high else None
            yield self._made("discount", "figure", share.start, share.end, low=share.low,
                             high=share.high, figure=figure)  # fmt: skip

    def _money(self, sentence: str) -> Iterator[Statement]:
        seen = list(islice(money(sentence), _MOST))
        for index, amount in enumerate(seen):
            before = sentence[max(0, amount.start - 40) : amount.start]
            after = sentence[amount.end : amount.end + 25]
            follows = index + 1 < len(seen) and seen[index + 1].start - amount.end < 8  # noqa: PLR2004
            form = _role(before, after, follows=follows)
            kind: Kind = "discount" if form == "saving" else "price"
            yield self._made(
                kind, form, amount.start, amount.end, low=amount.low, high=amount.high,
                currency=amount.currency, figure=amount.figure if amount.exact else None,
            )  # fmt: skip

    def _pieces(self, sentence: str) -> Iterator[Statement]:
        order = say.ORDER.search(sentence)
        if order is None:
            return
        whole = list(islice(say.PIECES.finditer(sentence), _MOST))
        if whole and not (say.SCARCE.search(sentence) or say.STOCK.search(sentence)):
            near = min(whole, key=lambda m: abs(m.start() - order.start()))
            parts = [m for m in whole if say.PART_OF.search(sentence[: m.start()][-12:])]
            match = parts[0] if parts else near
            number = float(match[1])
            yield self._made("quantity", "figure", *match.span(), low=number, high=number,
                             figure=match.span(1))  # fmt: skip

    def _days(self, sentence: str) -> Iterator[Statement]:
        if not _may_name_a_day(sentence):
            return
        found = days_in(sentence, self._today, self._reading.language, self._country)
        for day in islice(found, _MOST):
            topic = _topic(sentence, day)
            if topic:
                figure = (day.start, day.end) if day.figure else None
                yield self._made("date", "figure", day.start, day.end, day=day, topic=topic,
                                 figure=figure)  # fmt: skip

    def _words(self, sentence: str) -> Iterator[Statement]:
        scarce = say.SCARCE_WORDS.search(sentence)
        if scarce and not any(c in sentence for c in "0123456789"):
            yield self._made("stock", "words", *scarce.span())
        for match in say.SHARES.finditer(sentence):
            share = _SHARES[str(match.lastgroup)]
            yield self._made("discount", "words", *match.span(), low=share, high=share)
        prior = say.PRIOR.search(sentence)
        if prior:
            window = window_near(sentence, prior.start(), self._today)
            yield self._made("prior_contact", "", *prior.span(), window=window)
        consent = say.CONSENT.search(sentence)
        if consent:
            yield self._made("consent", "", *consent.span())
        yield from self._relation(sentence)

    def _relation(self, sentence: str) -> Iterator[Statement]:
        contract, customer = say.CONTRACT.search(sentence), say.CUSTOMER.search(sentence)
        if contract:
            yield self._made("relationship", "contract", *contract.span())
        elif customer:
            since = say.SINCE.search(sentence)
            year = float(since[1]) if since else 0.0
            yield self._made("relationship", "customer", *customer.span(), low=year, high=year)

    def sender(self) -> Iterator[Statement]:
        """Who says that they write: at most one."""
        match = say.SENDER.search(self._reading.visible)
        if match:
            groups = match.groupdict()
            name = next((v for k, v in groups.items() if k[0] == "n" and v), "")
            span = Span(*match.span())
            yield Statement("sender", "", span, match[0], name=name)


def _role(before: str, after: str, *, follows: bool) -> Form:
    """What an amount is, by the words around it."""
    if _CONVERTED.search(before) and before.count("(") > before.count(")"):
        return "converted"
    if say.OLD_PRICE.search(before) or (follows and say.STARTING.search(before)):
        return "old"
    near = before[-25:] + " " + after
    if _saves(before, after):
        return "saving"
    if say.NOT_THE_PRICE.search(near):
        return "other"
    return "figure" if say.PRICE.search(before) or say.PRICE.search(after) else "other"


def _saves(before: str, after: str) -> bool:
    return bool(_SAVING.search(before) or _OFF.match(after))


def _may_name_a_day(sentence: str) -> bool:
    return say.LIMIT.search(sentence) is not None or any(
        p.search(sentence) for p in say.TOPICS.values()
    )


def _topic(sentence: str, day: Day) -> str:
    """What a day is the day of: the nearest word that says so; empty where nothing does."""
    limit = _is_limit(sentence, day)
    at = max(0, day.start - _NEAR)
    around = sentence[at : day.end + _NEAR]
    near = [
        (abs(at + m.start() - day.start), topic)
        for topic, pattern in say.TOPICS.items()
        for m in pattern.finditer(around)
    ]
    if limit:
        near += [(abs(at + m.start() - day.start), "offer") for m in say.OFFER.finditer(around)]
    topic = min(near)[1] if near else "offer" if limit and say.ENDS.search(around) else ""
    vague = (day.today and topic != "offer") or (topic == "due" and not (day.figure or limit))
    return "" if vague else topic


def _is_limit(sentence: str, day: Day) -> bool:
    """Whether a word for an end stands close before a day, or right after it."""
    before = sentence[max(0, day.start - 40) : day.start]
    return bool(say.LIMIT.search(before) or say.LIMIT.search(sentence[day.end : day.end + 12]))
