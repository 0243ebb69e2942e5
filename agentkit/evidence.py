"""Typed facts: what plugins return and constitutions read.

A developer writes a class; its annotations are the types that the expression language sees:

    class Loyalty(Evidence, namespace="loyalty", version=1, kinds=["message.send"]):
        tier: str | Unknown
        years: int = 0

and articles may say ``loyalty.tier == 'gold' && loyalty.years > 2``.
"""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import (
    Any,
    ClassVar,
    Final,
    Literal,
    NoReturn,
    Union,
    dataclass_transform,
    get_args,
    get_origin,
    get_type_hints,
)

from agentkit.action import Scope
from agentkit.canonical import clean_text
from agentkit.errors import InvalidEvidence
from agentkit.frozen import fast_init

__all__ = [
    "MAX_LIST",
    "Evidence",
    "FactType",
    "Failed",
    "Field",
    "Finding",
    "Gap",
    "GapKind",
    "Span",
    "Unknown",
    "fact",
]

MAX_LIST: Final = 100
"""Longest list that one fact may hold."""
MAX_STRING: Final = 10_000
"""Longest text of one fact, in characters."""

FactType = Literal["string", "bool", "int", "double", "timestamp", "duration", "list(string)",
                   "list(int)", "list(double)"]  # fmt: skip
GapKind = Literal["unknown", "failed", "timeout", "not_installed", "invalid", "erased"]

_SCALARS: Final[dict[type, FactType]] = {
    str: "string",
    bool: "bool",
    int: "int",
    float: "double",
    datetime: "timestamp",
    timedelta: "duration",
}
_LISTS: Final[dict[type, FactType]] = {
    str: "list(string)",
    int: "list(int)",
    float: "list(double)",
}


@dataclass(frozen=True, slots=True)
class Unknown:
    """The plugin looked and could not tell.

    Attributes:
        reason: Why, for people.
        needs: The record field that would settle it (``contact.country``), if one would: the gap
            then becomes a task for the record's owner instead of a case for an operator.
    """

    reason: str
    needs: str = ""


@dataclass(frozen=True, slots=True)
class Failed:
    """A plugin's honest answer that it could not examine one action."""

    reason: str
    kind: GapKind = "failed"


@dataclass(frozen=True, slots=True)
class Gap:
    """A missing fact. Missing evidence is never consent.

    Attributes:
        fact: Qualified name, ``consent.status``.
        kind: Why it is missing.
        reason: For people; no personal data.
        needs: The record field that would settle it; empty where none would.
    """

    fact: str
    kind: GapKind
    reason: str = ""
    needs: str = ""


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of text: characters ``start`` to ``end`` of the argument at ``path``."""

    start: int
    end: int
    path: str = "text"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something for people to see; judging never reads it.

    Attributes:
        label: Short and stable: ``false_deadline``.
        message: One sentence in plain words; may hold personal data.
        span: Where in the action, if anywhere.
        score: 0 to 1, where a model gave one.
        source: Which record, model or rule it comes from.
    """

    label: str
    message: str = ""
    span: Span | None = None
    score: float | None = None
    source: str = ""


@dataclass(frozen=True, slots=True)
class Field:
    """One declared fact of an evidence class."""

    attr: str
    name: str
    python: type
    item: type | None
    type: FactType
    unknown: bool
    personal: bool
    volatile: bool
    doc: str
    closed: bool = False


def fact(
    *,
    default: Any = dataclasses.MISSING,
    personal: bool = False,
    volatile: bool = False,
    closed: bool = False,
    doc: str = "",
) -> Any:
    """Declare more about one fact.

    Args:
        default: Value where the plugin gives none.
        personal: It tells something about a person: encrypted at rest, erased with the person.
        volatile: It changes while an approval waits (consent, caps, hours): examined again before
            an action is performed.
        closed: A revision may take from it and never add to it: a list with more items, or a value
            that is larger or true where it was false, makes the gate refuse the rewrite.
        doc: One line for the constitution's authors.
    """
    return dataclasses.field(
        default=default,
        metadata={"personal": personal, "volatile": volatile, "closed": closed, "doc": doc},
    )


@dataclass_transform(frozen_default=True, field_specifiers=(fact, dataclasses.field))
class _Declaring:
    """Turns every class below `Evidence` into a frozen, declared dataclass."""


@dataclass(frozen=True)
class Evidence(_Declaring):
    """Base of every evidence class: frozen, typed, declared to the expression language.

    Declare by keywords of the class:

    * ``namespace``: first part of every fact's name; one plugin owns it.
    * ``version``: raise it when a fact changes meaning.
    * ``kinds``, ``channels``, ``purposes``: which actions it applies to; none means all.
    * ``volatile``: every fact of it changes while an approval waits.

    Attributes:
        findings: For people, never judged; passed by name: ``Loyalty("gold", findings=[...])``.
    """

    namespace: ClassVar[str] = ""
    version: ClassVar[int] = 0
    scope: ClassVar[Scope] = Scope()
    volatile: ClassVar[bool] = False
    fields: ClassVar[tuple[Field, ...]] = ()
    findings: Sequence[Finding] = dataclasses.field(default=(), kw_only=True, compare=False)

    def __init_subclass__(
        cls,
        *,
        namespace: str = "",
        version: int = 1,
        kinds: Iterable[str] = (),
        channels: Iterable[str] = (),
        purposes: Iterable[str] = (),
        volatile: bool = False,
    ) -> None:
        """Declare the class.

        Raises:
            InvalidEvidence: no plain namespace, or a type that cannot be judged.
        """
        super().__init_subclass__()
        if not namespace.isidentifier():
            raise InvalidEvidence(
                f"the namespace {namespace!r} of {cls.__name__} must be one plain word",
                hint=f"write: class {cls.__name__}(Evidence, namespace='word')",
            )
        dataclasses.dataclass(frozen=True, init=False)(cls)
        try:
            fast_init(cls)
        except TypeError as error:
            raise InvalidEvidence(str(error), hint="put facts without defaults first") from error
        cls.namespace = namespace
        cls.version = version
        cls.scope = Scope.of(kinds, channels, purposes)
        cls.fields = _declare(cls, namespace, all_volatile=volatile)
        cls.volatile = any(f.volatile for f in cls.fields)
        cls.write_facts = _writer(cls.fields)

    def facts(self) -> dict[str, Any]:
        """Checked values by qualified name, ``Unknown`` included.

        Raises:
            InvalidEvidence: a value is not exactly of its declared type.
        """
        facts: dict[str, Any] = {}
        self.write_facts(facts)
        return facts

    write_facts: ClassVar[Callable[[Evidence, dict[str, Any]], None]]
    """Add what `facts` gives to a dictionary; where a value is refused, nothing at all."""

    def to_json(self) -> dict[str, Any]:
        """Facts by short name as plain JSON; unknown ones as ``{"unknown": reason}``."""
        return {f.attr: to_plain(getattr(self, f.attr)) for f in self.fields}


def _declare(cls: Any, namespace: str, *, all_volatile: bool) -> tuple[Field, ...]:
    hints = get_type_hints(cls)
    fields = []
    for f in dataclasses.fields(cls):
        if f.name == "findings":
            continue
        python, item, unknown = _read_hint(hints[f.name], f"{namespace}.{f.name}")
        fields.append(
            Field(
                attr=f.name,
                name=f"{namespace}.{f.name}",
                type=_LISTS[item] if item else _SCALARS[python],
                python=python,
                item=item,
                unknown=unknown,
                personal=f.metadata.get("personal", False),
                volatile=all_volatile or f.metadata.get("volatile", False),
                doc=f.metadata.get("doc", ""),
                closed=f.metadata.get("closed", False),
            )
        )
    return tuple(fields)


def _read_hint(hint: Any, name: str) -> tuple[type, type | None, bool]:
    unknown = False
    if get_origin(hint) in (Union, types.UnionType):
        parts = [h for h in get_args(hint) if h is not Unknown]
        unknown = len(parts) < len(get_args(hint))
        hint = parts[0] if len(parts) == 1 else hint
    if get_origin(hint) is tuple and get_args(hint)[1:] == (...,) and get_args(hint)[0] in _LISTS:
        return tuple, get_args(hint)[0], unknown
    if get_origin(hint) is Literal and all(isinstance(v, str) for v in get_args(hint)):
        return str, None, unknown
    if hint in _SCALARS:
        return hint, None, unknown
    msg = f"{name} is declared as {hint}, which cannot be judged"
    allowed = "str, bool, int, float, datetime, timedelta, tuple[str, ...] and each `| Unknown`"
    raise InvalidEvidence(msg, hint=f"use {allowed}")


_DOUBTS: Final[Mapping[type, str]] = {
    str: f"len({{v}}) > {MAX_STRING} or not {{v}}.isprintable()",
    int: "not -9223372036854775808 <= {v} <= 9223372036854775807",
    float: "{v} * 0.0 != 0.0",
    datetime: "{v}.tzinfo is None",
    tuple: "{v}",
}
"""What sends a value of the right type to the slow check, as source over ``{v}``."""


def _writer(fields: Sequence[Field]) -> Callable[[Evidence, dict[str, Any]], None]:
    """Write `Evidence.write_facts` for one class, as dataclasses write ``__init__``.

    It runs for every action and plugin, and a loop over the fields takes twice the time.
    """
    reads, checks, stores = ["d = self.__dict__"], [], []
    names: dict[str, Any] = {"_check": _check, "_missing": _missing}
    for i, field in enumerate(fields):
        names |= {f"t{i}": field.python, f"f{i}": field}
        doubt = _DOUBTS.get(field.python, "").format(v=f"v{i}")
        suspect = f"type(v{i}) is not t{i}" + (f" or {doubt}" if doubt else "")
        reads.append(f"v{i} = d[{field.attr!r}]")
        checks.append(f" if {suspect}: v{i} = _check(v{i}, f{i})")
        stores.append(f" facts[{field.name!r}] = v{i}")
    head = ["def write_facts(self, facts):", f" try: {'; '.join(reads)}"]
    lines = [*head, " except KeyError as error: _missing(self, error)", *checks, *stores]
    exec("\n".join(lines), names)  # noqa: S102  (declared field names only, as in fast_init)
    writer: Callable[[Evidence, dict[str, Any]], None] = names["write_facts"]
    return writer


def _missing(evidence: Evidence, error: KeyError) -> NoReturn:
    msg = f"{evidence.namespace}.{error.args[0]} is not there: call the constructor of the class"
    raise InvalidEvidence(msg) from error


def _refuse(field: Field, value: object, why: str) -> NoReturn:
    shown = type(value).__name__ if field.personal else f"{value!r:.40}"
    msg = f"{field.name} {why}: {shown}"
    raise InvalidEvidence(msg)


def _check(value: Any, field: Field) -> Any:
    """The slow path of `Evidence.facts`: unknowns, lists, long texts, and all that is wrong."""
    if type(value) is Unknown:
        if not field.unknown:
            _refuse(field, value, "is Unknown but not declared so (add `| Unknown`)")
        return value
    exact: bool = type(value) is field.python
    if not exact:
        _refuse(field, value, f"must be exactly {field.python.__name__}")
    if field.item is not None:
        return _check_items(value, field)
    if field.python is str:
        if len(value) > MAX_STRING:
            _refuse(field, len(value), f"has more than {MAX_STRING:,} characters")
        return clean_text(value)
    return _refuse(field, value, "is not finite, too large, or has no time zone")


def _check_items(value: Sequence[Any], field: Field) -> tuple[Any, ...]:
    if len(value) > MAX_LIST:
        _refuse(field, len(value), f"has more than {MAX_LIST} items")
    item: Any = field.item
    if any(type(v) is not item or (item is float and v * 0.0 != 0.0) for v in value):
        _refuse(field, value, f"must be a {field.type} as a tuple")
    if field.item is str:
        return tuple(clean_text(v[:MAX_STRING]) for v in value)
    return tuple(value)


def to_plain(value: Any) -> Any:
    """A fact's value as plain JSON."""
    if isinstance(value, Unknown):
        return {"unknown": value.reason, "needs": value.needs}
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, tuple):
        return list(value)
    return value
