"""Personal data in a text: addresses, numbers with check digits, dates of birth, health.

Libraries decide what a number is (``phonenumbers``, ``python-stdnum``); patterns only find where
one may stand, and each of them is linear. What any order number could be (eleven digits with a
check digit) counts only beside a word that says so.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

import phonenumbers
from stdnum import iban, luhn
from stdnum.de import idnr
from stdnum.es import dni, nie
from stdnum.fr import nir
from stdnum.us import ssn

from agentkit_plugins.phrases import fold, place_of

__all__ = ["LONGEST", "SECRET", "SPECIAL", "Found", "find", "masked"]

LONGEST: Final = 20_000
"""Characters that are searched."""
SECRET: Final = frozenset({"card", "national_id", "tax_id"})
"""Kinds that no message needs in full."""
SPECIAL: Final = frozenset({"health", "belief", "sexual_life"})
"""Special categories (GDPR Art. 9(1)), as far as plain words tell."""


class Found(NamedTuple):
    """One piece of personal data.

    Attributes:
        kind: ``email``, ``phone``, ``iban``, ``card``, ``national_id``, ``tax_id``,
            ``birth_date``, ``health``, ``belief`` or ``sexual_life``.
        start: Where it begins.
        end: Where it ends.
        value: In its plain form: digits, small letters, E.164.
    """

    kind: str
    start: int
    end: int
    value: str


_EMAIL: Final = re.compile(
    r"(?<![\w.+-])[\w.+%-]{1,64}@(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.){1,8}[^\W\d_]{2,24}(?![\w-])"
)
_IBAN: Final = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{1,4}){3,8}\b")
_CARD: Final = re.compile(r"(?<![\w-])(?:\d[ -]?){12,18}\d(?![\w-])")
_SSN: Final = re.compile(r"(?<![\w-])\d{3}-\d{2}-\d{4}(?![\w-])")
_NINO: Final = re.compile(
    r"\b(?!BG|GB|KN|NK|NT|TN|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d{2} ?\d{2} ?\d{2} ?[A-D]\b"
)
_NIR: Final = re.compile(r"\b[12] ?\d{2} ?\d{2} ?(?:\d{2}|2[AB]) ?\d{3} ?\d{3} ?\d{2}\b")
_DNI: Final = re.compile(r"\b(?:\d{8}|[XYZ]-?\d{7})-?[A-Z]\b")
_IDNR: Final = re.compile(r"\b\d{2} ?\d{3} ?\d{3} ?\d{3}\b")
_TAX_WORDS: Final = (
    "steuer-id", "steuerid", "steueridentifikationsnummer", "steuerliche identifikationsnummer",
    "idnr", "steuernummer", "tax id",
)  # fmt: skip
_DATE: Final = re.compile(
    r"\b(?:\d{1,2}[./-]\d{1,2}[./-]\d{2,4}|\d{4}-\d{2}-\d{2}|"
    r"\d{1,2}\.? (?:de )?[^\W\d_]{3,10} (?:de )?\d{4}|[^\W\d_]{3,10} \d{1,2}, \d{4})\b"
)
_BIRTH_WORDS: Final = (
    "date of birth", "born on", "birth date", "birthdate", "d.o.b", "dob",
    "geburtsdatum", "geboren am", "geb. am", "geb.",
    "date de naissance", "né le", "née le", "fecha de nacimiento", "nacido el", "nacida el",
)  # fmt: skip
_NEAR: Final = 40
"""So many characters before a number may the word stand that says what it is."""
_WORDS: Final = {
    "health": (
        "diagnosed with", "your diagnosis", "chemotherapy", "hiv", "your pregnancy", "miscarriage",
        "depression", "your disability", "your illness", "test result is positive",
        "ihre diagnose", "chemotherapie", "ihre schwangerschaft", "fehlgeburt", "depressionen",
        "ihre krankheit", "ihrer krankheit", "ihre behinderung", "schwerbehinder",
        "votre diagnostic", "chimiothérapie", "votre grossesse", "votre maladie", "votre handicap",
        "su diagnóstico", "quimioterapia", "su embarazo", "su enfermedad", "su discapacidad",
    ),
    "belief": (
        "your religion", "your faith", "trade union membership", "your political",
        "ihre religion", "ihr glaube", "ihre konfession", "gewerkschaftsmitglied",
        "votre religion", "votre foi", "votre syndicat", "su religión", "su fe", "su sindicato",
    ),
    "sexual_life": (
        "sexual orientation", "sexuelle orientierung", "orientation sexuelle",
        "orientación sexual",
    ),
}  # fmt: skip
"""Sparing: words that tell something about the reader, not about the world."""


def find(text: str, region: str = "") -> list[Found]:
    """Everything found in a text, by place; where two overlap, the first of `_DETECTORS` stands.

    Args:
        text: The text.
        region: ISO country in which a number without prefix is read; empty: only with prefix.
    """
    text = text[:LONGEST]
    digits = any(c.isdigit() for c in text)
    found: list[Found] = []
    if digits or "@" in text:
        for detect in _DETECTORS:
            found += _apart(detect(text, region), found)
    found += _words(text)
    return sorted(found, key=lambda f: f.start)


def _apart(new: Iterator[Found], known: list[Found]) -> list[Found]:
    return [n for n in new if all(n.end <= k.start or n.start >= k.end for k in known)]


def _emails(text: str, region: str) -> Iterator[Found]:  # noqa: ARG001  (as the others are called)
    for m in _EMAIL.finditer(text) if "@" in text else ():
        yield Found("email", m.start(), m.end(), m[0].lower())


def _numbers(
    kind: str, pattern: re.Pattern[str], valid: Callable[[str], bool], near: tuple[str, ...] = ()
) -> Callable[[str, str], Iterator[Found]]:
    """A detector: what the pattern finds and the library accepts, beside a word if need be."""

    def detect(text: str, region: str) -> Iterator[Found]:
        del region
        for m in pattern.finditer(text):
            plain = re.sub(r"[ -]", "", m[0])
            if valid(plain) and (not near or _beside(text, m.start(), near)):
                yield Found(kind, m.start(), m.end(), plain.lower())

    return detect


def _beside(text: str, start: int, words: tuple[str, ...]) -> bool:
    before = fold(text[max(0, start - _NEAR) : start])
    return any(place_of(before, word) >= 0 for word in words)


_LENGTHS: Final = {"3": (14, 15), "4": (13, 16, 19), "5": (16,), "6": (16, 19), "2": (16,)}
"""Digits of a card by its first one."""


def _is_card(number: str) -> bool:
    """A length and a first digit of the card networks, and the check digit."""
    if len(number) not in _LENGTHS.get(number[0], ()) or len(set(number)) == 1:
        return False
    mastercard = number[0] != "2" or 2221 <= int(number[:4]) <= 2720  # noqa: PLR2004
    return mastercard and luhn.is_valid(number)


_LIKE_A_NUMBER: Final = re.compile(r"\d[\d ()/.\u00a0-]{4,20}\d")
"""The library takes its time: it is asked only where there is something like a number."""


def _phones(text: str, region: str) -> Iterator[Found]:
    if not _LIKE_A_NUMBER.search(text):
        return
    matcher = phonenumbers.PhoneNumberMatcher(
        text, region or None, leniency=phonenumbers.Leniency.VALID, max_tries=100
    )
    for match in matcher:
        number = phonenumbers.format_number(match.number, phonenumbers.PhoneNumberFormat.E164)
        yield Found("phone", match.start, match.end, number)


def _births(text: str, region: str) -> Iterator[Found]:
    del region
    for m in _DATE.finditer(text):
        if _beside(text, m.start(), _BIRTH_WORDS):
            yield Found("birth_date", m.start(), m.end(), m[0].lower())


def _words(text: str) -> Iterator[Found]:
    folded = fold(text)
    for kind, phrases in _WORDS.items():
        for phrase in phrases:
            at = place_of(folded, phrase) if phrase in folded else -1
            if at >= 0:
                yield Found(kind, at, at + len(phrase), phrase)
                break


_DETECTORS: Final = (
    _emails,
    _numbers("iban", _IBAN, iban.is_valid),
    _numbers("national_id", _SSN, ssn.is_valid),
    _numbers("national_id", _NINO, bool),
    _numbers("national_id", _NIR, nir.is_valid),
    _numbers("national_id", _DNI, lambda n: dni.is_valid(n) or nie.is_valid(n)),
    _numbers("card", _CARD, _is_card),
    _numbers("tax_id", _IDNR, idnr.is_valid, _TAX_WORDS),
    _births,
    _phones,
)  # fmt: skip


def masked(text: str, found: list[Found]) -> str:
    """The text with the secret numbers of ``found`` masked but for their last characters."""
    parts, end = [], 0
    for one in (f for f in found if f.kind in SECRET):
        parts += [text[end : one.start], _mask(text[one.start : one.end])]
        end = one.end
    return "".join([*parts, text[end:]])


def _mask(value: str) -> str:
    """``4111 1111 1111 1111`` becomes ``•••• •••• •••• 1111``; of an identity number, two stay."""
    shown = 4 if len(value) >= 15 else 2  # noqa: PLR2004  (a card shows four, by its network's rules)
    kept, out = 0, []
    for char in reversed(value):
        if char.isalnum():
            kept += 1
            out.append(char if kept <= shown else "•")
        else:
            out.append(char)
    return "".join(reversed(out))
