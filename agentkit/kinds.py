"""The kinds of thing that can be done: registered, versioned, with their arguments declared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, Final, Literal

from agentkit.action import Action
from agentkit.canonical import canonical
from agentkit.errors import InvalidAction

__all__ = [
    "BUILTIN_KINDS",
    "CHANNELS",
    "MAX_ARGS_BYTES",
    "PURPOSES",
    "ActionKind",
    "Arg",
    "Kinds",
    "meant",
]

_NUMBERS: Final = frozenset([int, float, bool])

_PYTHON_TYPES: Final[dict[str, tuple[type, ...]]] = {
    "string": (str,),
    "int": (int,),
    "double": (float, int),
    "bool": (bool,),
    "timestamp": (str,),
    "list": (list, tuple),
    "any": (object,),
}

ArgType = Literal["string", "int", "double", "bool", "timestamp", "list", "any"]

Reversibility = Literal["reversible", "compensable", "irreversible"]

MAX_ARGS_BYTES: Final = 1_000_000
"""Largest canonical form of an action's arguments, in bytes."""

_MAX_INT: Final = 2**63 - 1
"""The largest whole number that JSON writers and the expression runtime agree on."""

CHANNELS: Final = frozenset(["email", "sms", "phone", "whatsapp", "chat", "post"])
"""Channels that articles are written for; others may be used, but not misspellings of these."""

PURPOSES: Final = frozenset([
    "marketing", "research", "service", "transactional", "contract", "support", "billing",
    "security", "legal",
])  # fmt: skip
"""Purposes that rules know; any other is held to the rules of marketing."""

_OTHER_NAMES: Final = {
    "mail": "email", "text": "sms", "mobile": "sms", "call": "phone", "voice": "phone",
    "telephone": "phone", "letter": "post",
}  # fmt: skip


@lru_cache(maxsize=4096)
def meant(word: str, known: frozenset[str]) -> str:
    """The word of `CHANNELS` or `PURPOSES` that a misspelt one must mean; empty: it is none.

    An article for ``email`` would never see a message by ``E-Mail``; so that is refused and not
    taken for a channel of its own.
    """
    if not word or word in known:
        return ""
    from difflib import get_close_matches
    from unicodedata import normalize

    plain = normalize("NFKC", word).strip().casefold()
    if plain in _OTHER_NAMES and known is CHANNELS:
        return _OTHER_NAMES[plain]
    closeness = 0.8 if known is CHANNELS else 0.92
    return next(iter(get_close_matches(plain, known, 1, closeness)), "")


def _small(args: Mapping[str, Any]) -> bool:
    """Whether a few short scalars are all there is: nothing to measure or to refuse."""
    if len(args) >= 20:  # noqa: PLR2004  (far below the limit either way)
        return False
    for value in args.values():
        if type(value) is str:
            if len(value) >= 1000:  # noqa: PLR2004
                return False
        elif type(value) not in _NUMBERS or abs(value) > _MAX_INT:
            return False
    return True


@dataclass(frozen=True, slots=True)
class Arg:
    """One argument of a kind. ``double`` accepts whole numbers; ``any`` accepts any JSON.

    Attributes:
        default: What its absence means (no discount is a discount of 0.0); None: unknown.
        minimum: The smallest number it may be; money below zero would pass under every limit.
    """

    name: str
    type: ArgType = "string"
    required: bool = True
    personal: bool = False
    default: Any = None
    minimum: float | None = None

    def check(self, value: object, kind: str) -> None:
        """Raise InvalidAction where the value is of another type."""
        if type(value) is str and self.type == "string":
            return
        allowed = _PYTHON_TYPES[self.type]
        wrong_bool = isinstance(value, bool) and self.type in {"int", "double"}
        not_finite = isinstance(value, float) and value - value != 0.0
        if wrong_bool or not_finite or not isinstance(value, allowed):
            msg = f"argument {self.name!r} of {kind} must be {self.type}, not {value!r:.60}"
            raise InvalidAction(msg)
        if self.minimum is not None and isinstance(value, int | float) and value < self.minimum:
            msg = f"argument {self.name!r} of {kind} must be {self.minimum:g} or more"
            raise InvalidAction(msg)


@dataclass(frozen=True)
class ActionKind:
    """A registered, versioned kind of action.

    Attributes:
        name: Dotted name, ``message.send``.
        version: Raised whenever the argument schema changes meaning.
        args: The arguments, declared.
        outbound: Something reaches a person outside.
        about_person: It decides about a person (scores, prices, segments).
        reversibility: ``reversible``, ``compensable`` or ``irreversible``.
        reads: It only reads.
        needs_subject: Without a CRM record id it cannot be judged.
        open_args: Undeclared arguments are accepted.
    """

    name: str
    version: int = 1
    args: tuple[Arg, ...] = ()
    outbound: bool = False
    about_person: bool = False
    reversibility: Reversibility = "reversible"
    reads: bool = False
    needs_subject: bool = True
    open_args: bool = False

    @cached_property
    def declared(self) -> tuple[dict[str, Arg], frozenset[str]]:
        """Arguments by name, and the names of those that must be given."""
        return {a.name: a for a in self.args}, frozenset(a.name for a in self.args if a.required)

    def check(self, action: Action) -> None:
        """Refuse missing, extra and mistyped arguments.

        Raises:
            InvalidAction: says which argument and what the kind declares.
        """
        declared, required = self.declared
        given = action.args.keys()
        if not (required <= given and (self.open_args or given <= declared.keys())):
            extra = [] if self.open_args else sorted(given - declared.keys())
            missing = sorted(required - given)
            what = f"has no argument {extra[0]!r}" if extra else f"needs argument {missing[0]!r}"
            names = ", ".join(f"{a.name}: {a.type}" for a in self.args) or "none"
            raise InvalidAction(
                f"{self.name}@{self.version} {what}", hint=f"its arguments: {names}"
            )
        for name, value in action.args.items():
            if name in declared:
                declared[name].check(value, self.name)
        if self.needs_subject and not action.subject:
            msg = f"{self.name} needs a subject: the id of the CRM record it concerns"
            raise InvalidAction(msg, hint="pass subject=CONTACT_ID; names and addresses do not do")


def _check_word(what: str, word: str, known: frozenset[str]) -> None:
    if not word or word in known:
        return
    near = meant(word, known)
    if near:
        raise InvalidAction(f"there is no {what} {word!r:.40}", hint=f"did you mean {near!r}?")


def _kind(name: str, *args: Arg, **flags: Any) -> ActionKind:
    return ActionKind(name, args=args, **flags)


BUILTIN_KINDS: Final[tuple[ActionKind, ...]] = (
    _kind(
        "message.send",
        Arg("subject_line", required=False, default=""),
        Arg("template", required=False, default=""),
        Arg("list_unsubscribe", required=False, default=""),
        outbound=True,
        reversibility="irreversible",
    ),
    _kind(
        "call.place",
        Arg("script", required=False, default=""),
        outbound=True,
        reversibility="irreversible",
    ),
    _kind(
        "lead.score",
        Arg("score", "double"),
        Arg("inputs", "any", required=False),
        Arg("model", required=False, default=""),
        about_person=True,
    ),
    _kind(
        "offer.set",
        Arg("amount", "double", minimum=0.0),
        Arg("currency", required=False, default=""),
        Arg("discount", "double", required=False, default=0.0, minimum=0.0),
        Arg("inputs", "any", required=False),
        about_person=True,
        reversibility="compensable",
    ),
    _kind(
        "record.read",
        Arg("tool", required=False, default=""),
        Arg("arguments", "any", required=False),
        reads=True,
        needs_subject=False,
    ),
    _kind("record.update", Arg("type"), Arg("record"), Arg("fields", "any")),
    _kind("record.delete", Arg("type"), Arg("record"), reversibility="irreversible"),
    _kind(
        "segment.add",
        Arg("segment"),
        Arg("inputs", "any", required=False),
        about_person=True,
    ),
    _kind(
        "refund.pay",
        Arg("amount", "double", minimum=0.0),
        Arg("currency"),
        reversibility="irreversible",
    ),
    _kind("ticket.open", Arg("title"), Arg("priority", required=False, default="")),
    _kind(
        "tool.call",
        Arg("tool"),
        Arg("arguments", "any"),
        Arg("annotations", "any", required=False),
        Arg("schema", "any", required=False),
        needs_subject=False,
        reversibility="irreversible",
    ),
)
"""The kinds that every installation knows; plugins add more through their manifests."""


class Kinds:
    """The registry of action kinds."""

    def __init__(self, kinds: Sequence[ActionKind] = BUILTIN_KINDS) -> None:
        """Register ``kinds``; a later version of a name replaces an earlier one."""
        self._kinds: dict[str, ActionKind] = {}
        for kind in kinds:
            self.add(kind)

    def add(self, kind: ActionKind) -> None:
        """Register one kind.

        Raises:
            InvalidAction: this name and version exist with another meaning.
        """
        known = self._kinds.get(kind.name)
        if known and known.version == kind.version and known != kind:
            msg = f"{kind.name}@{kind.version} is already registered with another meaning"
            raise InvalidAction(msg, hint="raise its version, or choose another name")
        if known is None or kind.version >= known.version:
            self._kinds[kind.name] = kind

    def __iter__(self) -> Any:
        """All kinds, in the order of registration."""
        return iter(self._kinds.values())

    def __contains__(self, name: object) -> bool:
        """Whether a kind of this name is registered."""
        return name in self._kinds

    def get(self, name: str) -> ActionKind:
        """The kind of this name.

        Raises:
            InvalidAction: none is registered; the nearest names are given.
        """
        kind = self._kinds.get(name)
        if kind is None:
            from difflib import get_close_matches

            near = get_close_matches(name, self._kinds, 1)
            msg = f"no action kind {name!r} is registered"
            known = ", ".join(sorted(self._kinds))
            hint = f"did you mean {near[0]!r}?" if near else f"known kinds: {known}"
            raise InvalidAction(msg, hint=hint)
        return kind

    def check(self, action: Action) -> ActionKind:
        """Refuse an action that its kind does not describe; returns the kind.

        Raises:
            InvalidAction: unknown kind, wrong arguments, or arguments too large.
        """
        kind = self.get(action.kind)
        kind.check(action)
        _check_word("channel", action.channel, CHANNELS)
        _check_word("purpose", action.purpose, PURPOSES)
        if not _small(action.args):
            try:
                size = len(canonical(action.args))
            except TypeError as error:
                msg = f"the arguments are not plain JSON: {error}"
                raise InvalidAction(msg, hint="use text, numbers, lists and objects") from error
            if size > MAX_ARGS_BYTES:
                msg = f"the arguments take {size:,} bytes; the most is {MAX_ARGS_BYTES:,}"
                raise InvalidAction(msg, hint="pass an id of a document instead of its content")
        return kind
