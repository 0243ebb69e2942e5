"""Personal data in what goes out, and in the arguments of a tool call, however deep they are.

    [plugins.privacy]
    own = ["nordlicht.example", "+49 40 123456", "DE02120300000000202051"]

``own`` lists what belongs to the business itself: a domain, a number, an account. Without it, an
address at a free mail provider and a mobile number that nobody is invited to call are somebody
else's; an account is not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, Final, NamedTuple

import phonenumbers
from pydantic import BaseModel, ConfigDict, Field

from agentkit import (
    Action,
    Context,
    Evidence,
    Finding,
    Manifest,
    Person,
    Span,
    Unknown,
    Verdict,
    fact,
    hookimpl,
)
from agentkit_plugins.personal_data import LONGEST, SECRET, SPECIAL, Found, find, masked
from agentkit_plugins.phrases import fold

__all__ = ["Privacy", "PrivacySettings"]

_MOST: Final = LONGEST
"""Characters of an action that are looked through: beyond them nothing is certain."""
_LONGEST_PATH: Final = 200
_TOO_MUCH: Final = Unknown("more text than is looked through")
_FREE_MAIL: Final = frozenset(
    """
    gmail.com googlemail.com yahoo.com yahoo.de yahoo.fr yahoo.es yahoo.co.uk hotmail.com
    hotmail.de hotmail.fr hotmail.es outlook.com outlook.de live.com icloud.com me.com aol.com
    gmx.de gmx.net gmx.at web.de t-online.de freenet.de posteo.de mailbox.org proton.me
    protonmail.com orange.fr wanadoo.fr free.fr laposte.net sfr.fr telefonica.net
    btinternet.com sky.com comcast.net verizon.net
    """.split()  # noqa: SIM905  (a list of domains reads better as text)
)
_INVITES: Final = (
    "call us", "call me", "reach us", "reach me", "text us", "phone", "tel", "mobile", "whatsapp",
    "ruf", "anruf", "erreich", "telefon", "mobil", "appelez", "joindre", "joignable", "tél",
    "llame", "llámenos", "móvil", "teléfono",
)  # fmt: skip
_BEFORE: Final = 40


class PrivacySettings(BaseModel):
    """``[plugins.privacy]`` of the settings."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    own: list[str] = Field(default_factory=list, description="domains, numbers and accounts")


_own: frozenset[str] = frozenset()


class Privacy(
    Evidence,
    namespace="privacy",
    version=1,
    kinds=["message.send", "call.place", "tool.call", "record.update", "ticket.open"],
):
    """Which personal data the text and the arguments hold, and whose they are."""

    kinds: tuple[str, ...] = fact(doc="email, phone, iban, card, national_id, tax_id, ...")
    secret_numbers: bool | Unknown = fact(
        doc="a card, identity or tax number that nobody needs in full"
    )
    of_others: bool | Unknown = fact(
        doc="data that is not the recipient's by the record, nor one's own"
    )
    special: bool | Unknown = fact(
        personal=True, doc="words about the reader's health, belief or sexual life"
    )


@hookimpl
def declare() -> Manifest:
    """What this plugin brings."""
    return Manifest("privacy", "1", evidence=(Privacy,), settings=PrivacySettings)


@hookimpl
def start(settings: object) -> None:
    """Take the settings of the installation."""
    global _own  # noqa: PLW0603  (a plugin is a module: this is its state)
    listed = settings.own if isinstance(settings, PrivacySettings) else []
    _own = frozenset(_plain(item) for item in listed)


@hookimpl
def stop() -> None:
    """Forget them."""
    start(None)


class _Place(NamedTuple):
    """A text of an action, and the path to it."""

    path: str
    text: str


@hookimpl
def examine(action: Action, context: Context) -> Evidence:
    """Look through the text and every argument; what is not certain then is Unknown."""
    person = context.person(action)
    region = person.contact.country if person is not None else ""
    kinds: set[str] = set()
    findings: list[Finding] = []
    others, left = False, _MOST
    for place in _places(action):
        left -= len(place.text) + 1
        if left < 0:
            break
        for found in _found(place.text, region):
            foreign = _is_foreign(found, place.text, person, action)
            kinds.add(found.kind)
            others = others or foreign
            if foreign or found.kind in SECRET | SPECIAL:
                findings.append(_finding(found, place.path, foreign=foreign))
    no: bool | Unknown = False if left >= 0 else _TOO_MUCH
    return Privacy(
        tuple(sorted(kinds)),
        True if kinds & SECRET else no,
        True if others else no,
        True if kinds & SPECIAL else no,
        findings=findings,
    )


@lru_cache(maxsize=1024)
def _found(text: str, region: str) -> list[Found]:
    return find(text, region)


def _places(action: Action) -> Iterator[_Place]:
    if action.text:
        yield _Place("text", action.text)
    yield from _inside(action.args) if action.args else ()


def _inside(args: Mapping[str, Any]) -> Iterator[_Place]:
    """Every text and whole number of the arguments, however deep; no recursion to exhaust."""
    stack: list[tuple[str, Any]] = [("args", args)]
    while stack:
        path, value = stack.pop()
        if isinstance(value, str):
            yield _Place(path, value)
        elif isinstance(value, int) and not isinstance(value, bool):
            yield _Place(path, str(value))
        elif isinstance(value, Mapping):
            stack += [(f"{path}.{name}"[:_LONGEST_PATH], item) for name, item in value.items()]
        elif isinstance(value, list | tuple):
            stack += [(f"{path}.{i}"[:_LONGEST_PATH], item) for i, item in enumerate(value)]


def _is_foreign(found: Found, text: str, person: Person | None, action: Action) -> bool:
    """Certainly somebody else's: neither the recipient's by the record nor the business's own."""
    if found.kind in SPECIAL or found.value in _record_of(person):
        return False
    if found.kind == "email":
        return _foreign_mailbox(found.value, action)
    if found.value in _own:
        return False
    if found.kind == "phone":
        return _foreign_number(found, text)
    if found.kind == "iban":
        return any(_IBAN.fullmatch(own) for own in _own)
    return found.kind in SECRET and person is not None and _holds(person, found.kind)


_IBAN: Final = re.compile(r"[a-z]{2}\d{2}[a-z0-9]{10,30}")


def _holds(person: Person, kind: str) -> bool:
    """Whether the record holds such a number, and this is another one."""
    return any(f.kind == kind for v in person.contact.fields.values() for f in find(str(v)[:200]))


def _record_of(person: Person | None) -> frozenset[str]:
    if person is None:
        return frozenset()
    contact = person.contact
    values = [contact.email, contact.phone, *contact.fields.values()]
    return frozenset(_plain(str(v)[:200], contact.country) for v in values if v)


def _foreign_mailbox(mailbox: str, action: Action) -> bool:
    domain = mailbox.partition("@")[2]
    if mailbox in _own or domain in _own:
        return False
    brand = re.sub(r"[^\w]", "", fold(action.sender.brand))
    if brand and brand[:5] in domain:
        return False
    return domain in _FREE_MAIL


def _foreign_number(found: Found, text: str) -> bool:
    before = fold(text[max(0, found.start - _BEFORE) : found.start])
    if any(word in before for word in _INVITES):
        return False
    number = phonenumbers.parse(found.value)
    return phonenumbers.number_type(number) == phonenumbers.PhoneNumberType.MOBILE


@lru_cache(maxsize=4096)
def _plain(value: str, region: str = "") -> str:
    """A value as `find` gives it: E.164, or small letters without blanks."""
    if "@" in value:
        return value.strip().lower()
    try:
        number = phonenumbers.parse(value, region or None)
    except phonenumbers.NumberParseException:
        return re.sub(r"[ -]", "", value).lower()
    if phonenumbers.is_valid_number(number):
        return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return re.sub(r"[ -]", "", value).lower()


def _finding(found: Found, path: str, *, foreign: bool) -> Finding:
    whose = "somebody else's" if foreign else "a"
    name = found.kind.replace("_", " ")
    return Finding(
        "personal_data", f"{whose} {name}", Span(found.start, found.end, path), source="privacy"
    )


@hookimpl
def revise(action: Action, verdict: Verdict, context: Context) -> Action | None:
    """Mask card and identity numbers in the text and the subject line of a message."""
    if action.kind != "message.send" or not any(f.revise for f in verdict.fired):
        return None
    person = context.person(action)
    region = person.contact.country if person is not None else ""
    text = masked(action.text, _found(action.text, region))
    args = dict(action.args)
    subject = args.get("subject_line")
    if isinstance(subject, str):
        args["subject_line"] = masked(subject, _found(subject, region))
    if text == action.text and args == action.args:
        return None
    return action.revised(text=text, args=args)
