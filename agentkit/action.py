"""What an agent wants to do, and the kinds of thing that can be done."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Any, Final, Literal

from agentkit.canonical import canonical, clean_json, clean_text, digest
from agentkit.errors import InvalidAction

__all__ = [
    "BUILTIN_KINDS",
    "MAX_ARGS_BYTES",
    "MAX_TEXT",
    "Action",
    "ActionKind",
    "Arg",
    "Kinds",
    "Observation",
    "Scope",
    "Sender",
]

MAX_TEXT: Final = 100_000
"""Longest text of an action, in characters: a customer message is never longer."""
MAX_ARGS_BYTES: Final = 1_000_000
"""Largest canonical form of an action's arguments, in bytes."""

ArgType = Literal["string", "int", "double", "bool", "timestamp", "list", "any"]
Reversibility = Literal["reversible", "compensable", "irreversible"]

_SCALARS: Final = frozenset([str, int, float, bool])
_PYTHON_TYPES: Final[dict[str, tuple[type, ...]]] = {
    "string": (str,),
    "int": (int,),
    "double": (float, int),
    "bool": (bool,),
    "timestamp": (str,),
    "list": (list, tuple),
    "any": (object,),
}


@dataclass(frozen=True, slots=True)
class Observation:
    """Untrusted text that the agent read before it proposed, and where it came from."""

    source: str
    text: str


@dataclass(frozen=True, slots=True)
class Sender:
    """On whose behalf an action speaks: a brand, in a country (ISO 3166), perhaps a region."""

    brand: str = ""
    country: str = ""
    region: str = ""


@dataclass(frozen=True)
class Action:
    """What an agent wants to do. Frozen: a change is a new action with a new digest.

    Build one with `Action.create`, which cleans hostile characters and draws the salt.

    Attributes:
        id: Identifier, unique in the tenant.
        kind: Name of a registered kind, ``message.send`` say.
        agent: Name of a registered agent.
        tenant: The business whose data this is.
        subject: Id of the CRM record of the person concerned; never free text.
        channel: ``email``, ``sms``, ``phone``, ``whatsapp``, ``chat``, ``post``; empty if none.
        purpose: The purpose that the agent declares: a claim to be checked, not a fact.
        args: Arguments by name, as the kind declares them.
        text: Outbound text; empty where there is none.
        request: What the principal asked the agent to do.
        observations: Untrusted text that the agent read.
        reason: Why the agent wants it, in its own words.
        run: Groups the actions of one run of the agent.
        confidence: The agent's own confidence, 0 to 1; None if it gave none.
        records: Ids of other CRM records concerned, by type: ``{"deal": "D-17"}``.
        sender: On whose behalf.
        deadline: After this instant the action makes no sense any more.
        cleaned: Characters that blind a judge (NUL, lone surrogates) were taken out.
        salt: Random bytes in hex, kept with the encrypted payload, so that the digest cannot be
            guessed from outside.
    """

    id: str
    kind: str
    agent: str = ""
    tenant: str = "default"
    subject: str = ""
    channel: str = ""
    purpose: str = ""
    args: Mapping[str, Any] = field(default_factory=dict)
    text: str = ""
    request: str = ""
    observations: tuple[Observation, ...] = ()
    reason: str = ""
    run: str = ""
    confidence: float | None = None
    records: Mapping[str, str] = field(default_factory=dict)
    sender: Sender = Sender()
    deadline: datetime | None = None
    cleaned: bool = False
    salt: str = ""

    @classmethod
    def create(cls, **fields: Any) -> Action:
        """Make an action from untrusted values: hostile characters are removed and that is noted.

        Raises:
            InvalidAction: a field is unknown or of a wrong type, or the whole is too large.
        """
        unknown = sorted(set(fields) - set(cls.__dataclass_fields__))
        if unknown:
            msg = f"an action has no field {unknown[0]!r}"
            raise InvalidAction(msg, hint=f"its fields: {', '.join(cls.__dataclass_fields__)}")
        _check_shape(fields)
        changed = False
        for name, value in fields.items():
            clean = _clean_field(value)
            if clean is not value:
                fields[name], changed = clean, True
        fields.setdefault("id", secrets.token_hex(8))
        fields["cleaned"] = changed or bool(fields.get("cleaned"))
        fields["salt"] = fields.get("salt") or secrets.token_hex(16)
        return cls(**fields)

    @property
    def digest(self) -> str:
        """Hex sha256 over every field, salt included; what an approval is bound to."""
        known: str | None = self.__dict__.get("_digest")
        if known is None:
            known = self.__dict__["_digest"] = digest(self.to_json())
        return known

    def revised(self, **changes: Any) -> Action:
        """The same action with another text or arguments: kind and subject cannot change.

        Raises:
            InvalidAction: the change would make it a different action.
        """
        fixed = {"id", "tenant", "agent", "kind", "subject"} & set(changes)
        if fixed:
            msg = f"a revision may not change {', '.join(sorted(fixed))}"
            raise InvalidAction(msg, hint="propose a new action instead")
        merged = {k: _clean_field(v) for k, v in changes.items()}
        return replace(self, **merged)

    def to_json(self) -> dict[str, Any]:
        """Every field as plain JSON values; `from_json` reads it back."""
        return {
            "id": self.id,
            "kind": self.kind,
            "agent": self.agent,
            "tenant": self.tenant,
            "subject": self.subject,
            "channel": self.channel,
            "purpose": self.purpose,
            "args": self.args,
            "text": self.text,
            "request": self.request,
            "observations": [(o.source, o.text) for o in self.observations],
            "reason": self.reason,
            "run": self.run,
            "confidence": self.confidence,
            "records": self.records,
            "sender": (self.sender.brand, self.sender.country, self.sender.region),
            "deadline": self.deadline,
            "cleaned": self.cleaned,
            "salt": self.salt,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Action:
        """Read what `to_json` wrote."""
        values = dict(data)
        values["observations"] = tuple(Observation(s, t) for s, t in values["observations"])
        values["sender"] = Sender(*values["sender"])
        if isinstance(values["deadline"], str):
            values["deadline"] = datetime.fromisoformat(values["deadline"])
        return cls(**values)


def _small(args: Mapping[str, Any]) -> bool:
    """Whether a few short scalars are all there is: nothing to measure or to refuse."""
    return len(args) < 20 and all(  # noqa: PLR2004  (far below the limit either way)
        type(v) in _SCALARS and (type(v) is not str or len(v) < 1000)  # noqa: PLR2004
        for v in args.values()
    )


def _clean_field(value: Any) -> Any:
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, dict | list):
        return clean_json(value)
    if isinstance(value, tuple) and value and isinstance(value[0], Observation):
        clean = tuple(Observation(clean_text(o.source), clean_text(o.text)) for o in value)
        return value if clean == value else clean
    return value


_TEXT_FIELDS: Final = (
    "id", "kind", "agent", "tenant", "subject", "channel", "purpose", "text", "request", "reason",
    "run",
)  # fmt: skip


def _check_shape(fields: Mapping[str, Any]) -> None:
    for name in _TEXT_FIELDS:
        value = fields.get(name, "")
        if not isinstance(value, str):
            msg = f"{name} must be text, not {type(value).__name__}"
            raise InvalidAction(msg)
        if len(value) > MAX_TEXT:
            msg = f"{name} has {len(value):,} characters; the most is {MAX_TEXT:,}"
            raise InvalidAction(msg, hint="shorten it, or attach the long part as a document")
    args = fields.get("args", {})
    if not isinstance(args, Mapping):
        msg = f"args must be an object of named arguments, not {type(args).__name__}"
        raise InvalidAction(msg)


@dataclass(frozen=True, slots=True)
class Scope:
    """Which actions something applies to. An empty set means all.

    Attributes:
        kinds: Names of action kinds.
        channels: Channels.
        purposes: Declared purposes.
        jurisdictions: Codes such as ``EU``, ``DE``, ``US``, ``US-TX`` (articles only).
    """

    kinds: frozenset[str] = frozenset()
    channels: frozenset[str] = frozenset()
    purposes: frozenset[str] = frozenset()
    jurisdictions: frozenset[str] = frozenset()

    @classmethod
    def of(
        cls,
        kinds: Iterable[str] = (),
        channels: Iterable[str] = (),
        purposes: Iterable[str] = (),
        jurisdictions: Iterable[str] = (),
    ) -> Scope:
        """Build a scope from any iterables."""
        return cls(
            frozenset(kinds), frozenset(channels), frozenset(purposes), frozenset(jurisdictions)
        )

    def holds(self, action: Action) -> bool:
        """Whether the action lies in this scope (jurisdictions are not looked at here)."""
        return (
            (not self.kinds or action.kind in self.kinds)
            and (not self.channels or action.channel in self.channels)
            and (not self.purposes or action.purpose in self.purposes)
        )

    def covers(self, other: Scope) -> bool:
        """Whether every action in ``other`` also lies in this scope."""
        return all(
            not mine or (theirs and theirs <= mine)
            for mine, theirs in (
                (self.kinds, other.kinds),
                (self.channels, other.channels),
                (self.purposes, other.purposes),
            )
        )


@dataclass(frozen=True, slots=True)
class Arg:
    """One argument of a kind. ``double`` accepts whole numbers; ``any`` accepts any JSON.

    Attributes:
        default: What its absence means (no discount is a discount of 0.0); None: unknown.
    """

    name: str
    type: ArgType = "string"
    required: bool = True
    personal: bool = False
    default: Any = None

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


def _kind(name: str, *args: Arg, **flags: Any) -> ActionKind:
    return ActionKind(name, args=args, **flags)


BUILTIN_KINDS: Final[tuple[ActionKind, ...]] = (
    _kind(
        "message.send",
        Arg("subject_line", required=False, default=""),
        Arg("template", required=False, default=""),
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
        Arg("amount", "double"),
        Arg("currency", required=False, default=""),
        Arg("discount", "double", required=False, default=0.0),
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
    _kind("refund.pay", Arg("amount", "double"), Arg("currency"), reversibility="irreversible"),
    _kind("ticket.open", Arg("title"), Arg("priority", required=False, default="")),
    _kind(
        "tool.call",
        Arg("tool"),
        Arg("arguments", "any"),
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
