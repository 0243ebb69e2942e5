"""What a rewrite may not bring along: figures, links and addresses that nobody has on record.

A revision never adds a claim, a recipient or an amount. A figure that was not in the text before
must equal a value of the records, the contact, the arguments or the operator's settings; a link or
an address must have stood there already, or stand in those.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from typing import Any, Final

from agentkit.action import Action
from agentkit.context import Person
from agentkit.errors import InvalidAction

__all__ = ["check_added", "texts_in"]

_FIGURE: Final = re.compile(r"(?<![*•…\d])\d(?:[\d.,'’\u00a0\u202f/-]|\s(?=\d{3}\b)){0,30}")
"""A figure; what a mask leaves of a number (``***1234``) is none."""
_LINK: Final = re.compile(r"(?:https?://|www\.)[^\s<>\"')\]]{1,2000}", re.IGNORECASE)
_ADDRESS: Final = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")
_CURRENCY: Final = re.compile(r"[€$£¥]|\b(?:EUR|USD|GBP|CAD|CHF|JPY|AUD)\b")
_WORTH: Final = re.compile(
    r"\s?(?:[€$£¥%]|(?:EUR|USD|GBP|CAD|CHF|JPY|AUD|euros?|dollars?|pounds?|dólares|pfund|prozent|"
    r"percent|per cent|pour cent|por ciento)\b)",
    re.IGNORECASE,
)
_SIGNED: Final = re.compile(r"(?:[€$£¥]|\b(?:EUR|USD|GBP|CAD|CHF|JPY|AUD))\s?$", re.IGNORECASE)
_CODES: Final = {"€": "EUR", "£": "GBP", "¥": "JPY", "$": "USD"}
_DEPTH: Final = 8


def check_added(
    before: Action,
    after: Action,
    person: Callable[[Action], Person | None],
    settings: Sequence[str] = (),
) -> None:
    """Refuse a rewrite that brings a figure, a currency, a link or an address of its own.

    Args:
        before: The action as it was.
        after: The rewrite; only its words differ.
        person: Looks up the person with the records; asked only where something was added.
        settings: Texts of the operator's settings: what they say may be written.

    Raises:
        InvalidAction: something was added that is nowhere on record.
    """
    old, new = _words(before), _words(after)
    figures = [(f, worth) for f, worth in _figures(new) if not _stands_in(f, old)]
    links = _links(new) - _links(old)
    signs = set(_CURRENCY.findall(new)) - set(_CURRENCY.findall(old))
    if not (figures or links or signs):
        return
    known = _Known(before, person(before), settings)
    for figure, worth in figures:
        if not known.figure(figure, worth=worth):
            raise InvalidAction("a revision may not write a figure that is not on record")
    for link in links:
        if not known.link(link):
            raise InvalidAction("a revision may not write a link or address that is not on record")
    for sign in signs:
        if not known.currency(sign):
            raise InvalidAction("a revision may not name another currency")


def texts_in(value: Any, depth: int = _DEPTH) -> list[str]:
    """Every text in a nested value, numbers as text too."""
    return [str(v) for v in _scalars(value, depth)]


def _stands_in(figure: str, text: str) -> bool:
    """Whether a text holds a figure as a whole: ``400`` holds no ``4``."""
    return re.search(rf"(?<!\d){re.escape(figure)}(?!\d)", text) is not None


def _words(action: Action) -> str:
    return "\n".join([action.text, *(v for v in action.args.values() if isinstance(v, str))])


def _figures(text: str) -> list[tuple[str, bool]]:
    """Every figure, and whether it is money or a share."""
    text = _LINK.sub(" ", text)
    found = []
    for match in _FIGURE.finditer(text):
        figure = match[0].rstrip(" .,'’\u00a0\u202f/-")
        after = match.start() + len(figure)
        worth = _WORTH.match(text, after) or _SIGNED.search(
            text, max(0, match.start() - 5), match.start()
        )
        found.append((figure, worth is not None))
    return found


def _links(text: str) -> frozenset[str]:
    found = [*_LINK.findall(text), *_ADDRESS.findall(text)]
    return frozenset(link.rstrip(".,;:!?").lower() for link in found)


class _Known:
    """What is on record about an action, flat."""

    def __init__(self, action: Action, person: Person | None, settings: Sequence[str]) -> None:
        values = list(_scalars([person, action.args, action.sender, action.records], _DEPTH))
        self._days = [d for v in values if (d := _day(v)) is not None]
        self._numbers = [float(v) for v in values if type(v) in (int, float)]
        self._texts = [v for v in values if isinstance(v, str)] + list(settings)
        self._words = "\n".join(self._texts).lower()
        self._plain = "\n".join(t for t in self._texts if _day(t) is None).lower()
        self._worths = frozenset(_figures(self._plain))

    def figure(self, figure: str, *, worth: bool) -> bool:
        """Whether a figure is a number, a share, a day or part of a text on record.

        Args:
            figure: As written.
            worth: It is money or a share: the 8 of 8 December is no price.
        """
        if (figure, True) in self._worths or (not worth and _stands_in(figure, self._plain)):
            return True
        parts = [int(p) for p in re.findall(r"\d+", figure)]
        if not worth and any(_is_day(parts, day) for day in self._days):
            return True
        read = _readings(figure)
        shares = [n * 100 for n in self._numbers if 0 < n <= 1]
        return any(abs(r - n) < 0.005 for r in read for n in (*self._numbers, *shares))  # noqa: PLR2004

    def link(self, link: str) -> bool:
        """Whether a link, or the folder that it points into, is on record."""
        if link in self._words:
            return True
        home = re.match(r"(?:https?://|www\.)[^/?#]+", link)
        return home is not None and f"{home[0]}/" in f"{self._words}/"

    def currency(self, sign: str) -> bool:
        """Whether a currency is one of the records'."""
        return _CODES.get(sign, sign).lower() in self._words.split()


def _scalars(value: Any, depth: int) -> Iterator[Any]:
    if value is None or depth == 0 or isinstance(value, bool):
        return
    if is_dataclass(value) and not isinstance(value, type):
        value = [getattr(value, f.name) for f in fields(value)]
    if hasattr(value, "model_dump"):
        value = value.model_dump()
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, Iterable) and not isinstance(value, str | bytes):
        for inner in value:
            yield from _scalars(inner, depth - 1)
    else:
        yield value


def _day(value: Any) -> date | None:
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(value[:10]) if isinstance(value, str) else None
    except ValueError:
        return None


def _is_day(parts: list[int], day: date) -> bool:
    """``8``, ``8.12.`` and ``08/12/2026`` are parts of 8 December 2026."""
    return 0 < len(parts) <= 3 and set(parts) <= {day.day, day.month, day.year, day.year % 100}  # noqa: PLR2004


def _readings(figure: str) -> list[float]:
    """A figure as number: its last separator may mark the decimals or the thousands."""
    plain = re.sub(r"[\s'’\u00a0\u202f]", "", figure)
    found = []
    for decimal, thousands in ((".", ","), (",", ".")):
        try:
            found.append(float(plain.replace(thousands, "").replace(decimal, ".")))
        except ValueError:
            continue
    return found
