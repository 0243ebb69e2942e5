"""The arguments of an action that matter: whom, which account, how much, where, what, who may.

Arguments of every depth are looked into, and so is text, in which addresses and accounts may stand.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from agentkit import Action
from agentkit_plugins.effects import words_of
from agentkit_plugins.values import ADDRESSES, CARDS, IBANS, PHONES, URLS, compact

__all__ = ["ROLES", "Leaf", "Role", "leaves_of"]

Role = Literal["recipient", "account", "amount", "url", "file", "permission", "target", "other"]
ROLES: Final[tuple[Role, ...]] = ("recipient", "account", "amount", "url", "file", "permission")
"""Roles that a fact of their own speaks of; a ``target`` is the record that is acted on."""

_MOST: Final = 1_000
"""So many values of an action are looked at."""
_DEPTH: Final = 200
_LONG: Final = 200_000
"""So many characters of an action's own text are looked through."""

_KEY_WORDS: Final[Mapping[Role, str]] = {
    "recipient": "to cc bcc recipient recipients email mail mails emails address addresses phone "
    "number mobile attendee attendees participants invitee invitees guests with user users member "
    "members channel assignee payee beneficiary destinatario destinataire empfanger contact "
    "contacts handle shared forward name",
    "account": "iban account accounts konto cuenta compte card wallet bic swift routing "
    "sort_code payment_method",
    "amount": "amount total price sum value cost fee betrag summe montant prix importe precio "
    "quantity qty tip bonus discount value values salary hourly wage payment budget menge anzahl "
    "credit",
    "url": "url link href uri endpoint webhook registry website site domain",
    "file": "file files path paths attachment attachments document documents datei fichier archivo",
    "permission": "role permission permissions access scope visibility privilege rights",
    "target": "id ids",
}
"""Words in the names of arguments."""
_KEYS: Final[Mapping[Role, frozenset[str]]] = {
    role: frozenset(words.split()) for role, words in _KEY_WORDS.items()
}
_TEXT_KEYS: Final = frozenset(
    """
    body text message content note notes comment description subject title subject_line reason
    summary html
    script template memo
    """.split()  # noqa: SIM905
)
"""Keys of what the agent wrote: only what stands in it is looked at."""
_OWN: Final = frozenset({"tool", "annotations", "schema"})
_FILE: Final = re.compile(r"[^\s/\\]{1,120}\.[A-Za-z0-9]{2,5}\Z")
_TEXT_WORDS: Final = 12
_ID: Final = re.compile(r"[A-Za-z]{0,6}[-_#]?\d[\w-]{0,40}\Z|[a-z]{1,4}-\w{1,40}\Z")


@dataclass(frozen=True, slots=True)
class Leaf:
    """One value that matters.

    Attributes:
        path: Where it stands: ``arguments.transfers[0].iban``.
        role: What it is for.
        value: The value.
        key: The words of its key.
        inside: It stands inside a text that the agent wrote.
    """

    path: str
    role: Role
    value: Any
    key: tuple[str, ...] = ()
    inside: bool = False


def leaves_of(action: Action) -> tuple[list[Leaf], bool]:
    """The values of an action that matter, and whether all of it was looked at."""
    found: list[Leaf] = []
    args = {k: v for k, v in action.args.items() if k not in _OWN or action.kind != "tool.call"}
    whole = True
    for path, key, value in _walk(args):
        if len(found) >= _MOST:
            whole = False
            break
        if value is _DEEPER or (isinstance(value, str) and len(value) > _LONG):
            whole = False
            value = value[:_LONG] if isinstance(value, str) else ""  # noqa: PLW2901
        found.extend(_leaves(path, key, value))
    if action.text:
        found.extend(_inside("text", action.text))
    return found, whole


_DEEPER: Final = object()


def _walk(value: Any) -> Iterator[tuple[str, str, Any]]:
    """Scalars with their paths and keys, without recursion: nesting is hostile, too."""
    stack: list[tuple[str, str, Any, int]] = [("", "", value, 0)]
    while stack:
        path, key, inner, depth = stack.pop()
        if isinstance(inner, Mapping | list | tuple) and depth >= _DEPTH:
            yield path, key, _DEEPER
        elif isinstance(inner, Mapping):
            for name, part in reversed(list(inner.items())):
                stack.append((f"{path}.{name}" if path else str(name), str(name), part, depth + 1))
        elif isinstance(inner, list | tuple):
            for number, part in reversed(list(enumerate(inner))):
                stack.append((f"{path}[{number}]", key, part, depth + 1))
        elif inner is not None and inner != "":
            yield path, key, inner


def _leaves(path: str, key: str, value: Any) -> Iterator[Leaf]:
    words = tuple(words_of(key))
    if isinstance(value, bool):
        return
    if isinstance(value, int | float):
        yield Leaf(path, _role_of_number(words), value, words)
        return
    text = str(value).strip()
    if set(words) & _TEXT_KEYS or len(text.split()) > _TEXT_WORDS:
        yield from _inside(path, text)
        return
    yield Leaf(path, _role_of_text(words, text), text, words)
    if not _single(text):
        yield from _inside(path, text)


def _single(text: str) -> bool:
    return (
        not any(c.isspace() for c in text)
        or bool(IBANS.fullmatch(text))
        or bool(PHONES.fullmatch(text))
    )


def _role_of_number(words: tuple[str, ...]) -> Role:
    for role in ("amount", "account", "recipient", "target"):
        if set(words) & _KEYS[role]:
            return role
    return "other"


def _role_of_text(words: tuple[str, ...], text: str) -> Role:
    """What a value is for: by its shape where that says it, else by its key."""
    shape = _shape(text)
    if shape in {"url", "recipient", "account"}:
        return shape
    named = next((role for role, keys in _KEYS.items() if set(words) & keys), None)
    if named == "file" and shape == "target":
        return "target"
    return named or shape


def _shape(text: str) -> Role:
    """What a value looks like."""
    patterns: tuple[tuple[Role, bool], ...] = (
        ("url", URLS.match(text) is not None),
        ("recipient", ADDRESSES.fullmatch(text) is not None),
        ("account", (IBANS.fullmatch(text) or CARDS.fullmatch(text)) is not None),
        ("file", _FILE.search(text) is not None),
        ("target", _ID.fullmatch(text) is not None),
    )
    return next((role for role, fits in patterns if fits), "other")


def _inside(path: str, text: str) -> Iterator[Leaf]:
    """Addresses, accounts and links that stand in a text, each once."""
    seen: set[str] = set()
    for role, pattern in (
        ("url", URLS), ("recipient", ADDRESSES), ("account", IBANS), ("account", CARDS),
        ("recipient", PHONES),
    ):  # fmt: skip
        for match in pattern.finditer(text):
            value = match.group().rstrip(".,;:!?")
            if compact(value) not in seen:
                seen.add(compact(value))
                yield Leaf(path, role, value, (), inside=True)  # type: ignore[arg-type]
