"""Values as they are compared: amounts, accounts, addresses, links, in whatever dress."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from agentkit_plugins.effects import plain

__all__ = [
    "ADDRESSES",
    "CARDS",
    "IBANS",
    "PHONES",
    "URLS",
    "compact",
    "derived",
    "holds",
    "link",
    "numbers_in",
    "spoken_in",
    "squeezed",
    "visible",
]

ADDRESSES: Final = re.compile(
    r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,6}"
)
URLS: Final = re.compile(
    r"(?:https?://|ftp://|www\.)[^\s<>\"'\])}]{2,2000}"
    r"|\b[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,5}/[^\s<>\"'\])}]{1,2000}",
    re.IGNORECASE,
)
IBANS: Final = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{2,4}){2,8}(?: ?\d{1,3})?\b")
CARDS: Final = re.compile(
    r"\b\d{4}(?:[ -]?\d{4}){3}\b|\bbc1[a-z0-9]{20,80}\b|\b0x[0-9a-fA-F]{40}\b"
)
PHONES: Final = re.compile(r"\+\d[\d ()/-]{6,18}\d|\b0\d{2,5}[ /-]\d[\d ]{3,12}\d\b|\b0\d{8,12}\b")

_NUMBER: Final = re.compile(
    r"(?<![\w.,])\d{1,3}(?:[.,'\u2019\u00a0 ]\d{3})+(?:[.,]\d{1,2})?(?![\d])|\d+(?:[.,]\d+)?"
)
_SPOKEN: Final = {
    word: float(number)
    for number, words in {
        1: "one ein eine einen un une uno una", 2: "two zwei deux dos both double twice",
        3: "three drei trois tres", 4: "four vier quatre cuatro", 5: "five funf cinq cinco",
        6: "six sechs seis", 7: "seven sieben sept siete", 8: "eight acht huit ocho",
        9: "nine neun neuf nueve", 10: "ten zehn dix diez", 12: "twelve zwolf douze doce",
        0.5: "half halb halbe moitie mitad",
    }.items()
    for word in words.split()
}  # fmt: skip
_MOST: Final = 14
"""So many numbers are combined to see what an amount may come from."""
_HUNDRED: Final = 100.0
_CENT: Final = 0.011
_SHORT_ID: Final = 6


def visible(text: str) -> str:
    """Compatibility forms undone and format characters (zero width, direction, tags) dropped."""
    if text.isascii():
        return text
    plain_form = unicodedata.normalize("NFKC", text)
    return "".join(c for c in plain_form if unicodedata.category(c) not in {"Cf", "Cs", "Co"})


def compact(text: str) -> str:
    """Letters and digits only, small: ``DE89 3704`` and ``de89-3704`` are the same account."""
    return squeezed(plain(text))


def squeezed(folded: str) -> str:
    """`compact` of a text that is plain already."""
    return "".join(c for c in folded if c.isalnum())


def link(url: str) -> str:
    """A link without scheme, ``www.`` and trailing marks, its host in small letters; no query."""
    rest = re.sub(r"^[a-z]{2,6}://", "", url.strip(), flags=re.IGNORECASE)
    rest = rest.split("?", 1)[0].split("#", 1)[0].rstrip("/.,;:!")
    host, slash, path = rest.removeprefix("www.").partition("/")
    return host.rpartition("@")[2].lower() + slash + path


def numbers_in(text: str) -> Iterator[float]:
    """Every number in a text, however its thousands and decimals are marked."""
    for match in _NUMBER.finditer(text):
        value = _number(match.group())
        if value is not None:
            yield value


def spoken_in(words: Iterable[str]) -> Iterator[float]:
    """Small numbers that are written out."""
    for word in words:
        if word in _SPOKEN:
            yield _SPOKEN[word]


def _number(text: str) -> float | None:
    bare = re.sub(r"['\u2019\u00a0 ]", "", text)
    last = max(bare.rfind("."), bare.rfind(","))
    if last >= 0:
        tail = len(bare) - last - 1
        marks = bare.count(".") + bare.count(",")
        thousands = tail == 3 and (marks > 1 or bare[0] != "0")  # noqa: PLR2004  (1.240 is a thousand)
        whole = re.sub(r"[.,]", "", bare if thousands else bare[:last])
        bare = whole if thousands else f"{whole}.{bare[last + 1 :]}"
    return float(bare) if len(bare) < 20 else None  # noqa: PLR2004  (an account, no amount)


def holds(text: str, value: Any, folded: str = "", tight: str = "") -> bool:
    """Whether a text says a value, whatever its dress.

    Args:
        text: Where to look.
        value: A number, or text.
        folded: ``plain(text)``, where it is known already.
        tight: ``compact(text)``, likewise.
    """
    if isinstance(value, int | float):
        return any(_same(n, float(value)) for n in numbers_in(text))
    wanted = str(value)
    folded = folded or plain(text)
    if URLS.match(wanted):
        return link(wanted).lower() in folded
    small = plain(wanted).strip()
    if not small:
        return False
    digits = sum(c.isdigit() for c in small)
    if digits >= _SHORT_ID and "@" not in small:
        number = compact(small)
        tight = tight or squeezed(folded)
        return number in tight or (small[0] == "+" and "0" + number[2:] in tight)
    return _bounded(small, folded)


def _bounded(small: str, folded: str) -> bool:
    """Containment of whole words."""
    start = folded.find(small)
    while start >= 0:
        end = start + len(small)
        before = start == 0 or not (folded[start - 1].isalnum() and small[0].isalnum())
        after = end >= len(folded) or not (folded[end].isalnum() and small[-1].isalnum())
        if "@" in small:
            before = start == 0 or (
                folded[start - 1] not in ".-_%+" and not folded[start - 1].isalnum()
            )
            after = end >= len(folded) or not (folded[end].isalnum() or folded[end] == "-")
        if before and after:
            return True
        start = folded.find(small, start + 1)
    return False


def _same(a: float, b: float) -> bool:
    return abs(a - b) < _CENT


def derived(value: float, numbers: Sequence[float], products: Sequence[float] = ()) -> bool:
    """Whether an amount is a sum, product, share or percentage of known numbers, or a rounding.

    Args:
        value: The amount.
        numbers: Numbers that may be trusted.
        products: Quantity times price of whole records.
    """
    known = list(dict.fromkeys(numbers))[:_MOST]
    totals = [sum(known), sum(products)] if known else []
    pairs = [
        r for i, a in enumerate(known) for b in known[i + 1 :] for r in (a * b, a + b, abs(a - b))
    ]
    pairs += [a / b for a in known for b in known if b and a != b]
    shares = [part for base in [*known, *pairs] for p in known for part in _percent(base, p)]
    rounded = [float(round(k)) for k in known]
    return any(_same(r, value) for r in (*totals, *products, *pairs, *shares, *rounded))


def _percent(base: float, p: float) -> tuple[float, ...]:
    if not 0 < p < _HUNDRED:
        return ()
    share = base * p / _HUNDRED
    return (share, base - share)
