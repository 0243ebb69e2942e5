"""CEL, through the official C++ runtime, with the traps of that runtime closed.

What it does that would blind a gate, and what is done here about it:

* ``has(x)`` on a flat variable compiles to its value: the macro is refused.
* A loop variable may shadow a declared name: refused.
* Evaluation of an undefined variable is a value of type ERROR, whose Python value is a plain
  string: only ``True`` and ``False`` themselves count.
* The iteration budget raises, and is shared by a whole disjunction: callers chunk, and every
  exception is an error of that one expression.
* Expressions over 100,000 characters do not compile: refused with a message.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from functools import lru_cache
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

from cel_expr_python import cel

from agentkit.errors import ConstitutionError
from agentkit.evidence import FactType

__all__ = ["MAX_EXPRESSION", "Dialect", "Expression", "next_local", "referenced_names"]

MAX_EXPRESSION: Final = 20_000
"""Longest expression, in characters; a disjunction of several stays below the runtime's limit."""

_TYPES: Final[dict[str, Any]] = {
    "string": cel.Type.STRING,
    "bool": cel.Type.BOOL,
    "int": cel.Type.INT,
    "double": cel.Type.DOUBLE,
    "timestamp": cel.Type.TIMESTAMP,
    "duration": cel.Type.DURATION,
    "list(string)": cel.Type.List(cel.Type.STRING),
    "list(int)": cel.Type.List(cel.Type.INT),
    "list(double)": cel.Type.List(cel.Type.DOUBLE),
}
_LITERALS: Final = re.compile(
    r'''r?"""(?s:.*?)"""|r?\'\'\'(?s:.*?)\'\'\'|r?"(?:\\.|[^"\\])*"|r?'(?:\\.|[^'\\])*'|//[^\n]*'''
)
_HAS: Final = re.compile(r"\bhas\s*\(")
_LOOPS: Final = re.compile(
    r"\.\s*(?:exists|exists_one|existsOne|all|map|filter|transformList|transformMap)"
    r"\s*\(\s*([A-Za-z_]\w*)\s*,(?:\s*([A-Za-z_]\w*)\s*,)?"
)
Truth = Literal["true", "false", "error"]


def next_local(instant: datetime, zone: str, hour: int) -> datetime:
    """The first instant after ``instant`` at which clocks in ``zone`` show ``hour``:00.

    Plain CEL cannot say this: adding 24 hours is wrong across a daylight-saving change. Where the
    hour does not exist that day, the clock's first instant after it counts.

    Raises:
        ValueError: no such zone, or no such hour.
    """
    if not 0 <= hour <= 23:  # noqa: PLR2004  (hours of a day)
        raise ValueError(f"no hour {hour}")
    local_zone = _zone(zone)
    local = instant.astimezone(local_zone)
    for days in range(3):
        wanted = (local + timedelta(days=days)).replace(
            hour=hour, minute=0, second=0, microsecond=0
        )
        candidate = wanted.replace(tzinfo=local_zone, fold=0).astimezone(UTC)
        if candidate > instant:
            return candidate
    raise ValueError(f"no {hour}:00 within two days in {zone}")


@lru_cache(maxsize=1024)
def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(f"no time zone {name!r}") from error


_NEXT_LOCAL: Final = cel.FunctionDecl(
    "next_local",
    [
        cel.Overload(
            "next_local_timestamp_string_int",
            cel.Type.TIMESTAMP,
            [cel.Type.TIMESTAMP, cel.Type.STRING, cel.Type.INT],
            is_member=False,
            impl=next_local,
        )
    ],
)


@dataclass(frozen=True, slots=True)
class Expression:
    """A compiled expression.

    Attributes:
        source: As written.
        needs: Declared facts that it reads.
        loops: It has a comprehension, and so may use up the shared iteration budget.
    """

    source: str
    needs: frozenset[str]
    loops: bool
    compiled: Any

    def truth(self, activation: Any) -> Truth:
        """``true``, ``false``, or ``error`` where it cannot be told; never raises."""
        try:
            value = self.compiled.eval(activation).value()
        except Exception:  # noqa: BLE001  (whatever the runtime throws is an error of this expression)
            return "error"
        if value is True:
            return "true"
        return "false" if value is False else "error"

    def instant(self, activation: Any) -> datetime | None:
        """The instant that it names, or None where it cannot be told; never raises."""
        try:
            value = self.compiled.eval(activation).value()
        except Exception:  # noqa: BLE001  (as in truth)
            return None
        if not isinstance(value, datetime):
            return None
        return value if value.tzinfo else value.replace(tzinfo=UTC)


class Dialect:
    """The declared facts, and the compiler for expressions over them."""

    def __init__(self, facts: Mapping[str, FactType]) -> None:
        """Declare each fact as a flat qualified variable."""
        self.facts = dict(facts)
        self._names = frozenset(facts)
        self._spaces = frozenset(n.partition(".")[0] for n in facts)
        self.env = cel.NewEnv(
            variables={n: _TYPES[t] for n, t in facts.items()}, functions=[_NEXT_LOCAL]
        )

    def compile(self, source: str, want: Literal["bool", "timestamp"] = "bool") -> Expression:
        """Compile and type-check an expression.

        Raises:
            ConstitutionError: with the place in the expression and the nearest declared name.
        """
        bare = _LITERALS.sub("''", source)
        self._refuse_traps(source, bare)
        try:
            compiled = self.env.compile(source)
        except RuntimeError as error:
            raise self._explain(str(error)) from error
        if compiled.return_type() != _TYPES[want]:
            found = compiled.return_type().name()
            raise ConstitutionError(f"the expression gives {found.lower()}, not {want}: {source}")
        needs = frozenset(referenced_names(compiled.serialize())) & self._names
        return Expression(source, needs, bool(_LOOPS.search(bare)), compiled)

    def disjunction(self, sources: list[str]) -> Any:
        """One expression that is false only where all of them are."""
        return self.env.compile(" || ".join(f"({s})" for s in sources))

    def _refuse_traps(self, source: str, bare: str) -> None:
        if len(source) > MAX_EXPRESSION:
            raise ConstitutionError(
                f"an expression of {len(source):,} characters; the most is {MAX_EXPRESSION:,}",
                hint="split the article in two",
            )
        if "\0" in source or _HAS.search(bare):
            raise ConstitutionError(
                f"has() cannot be used, it would read the value of a fact: {source}",
                hint="leave it out: a missing fact is a gap, and the binding says what a gap does",
            )
        for match in _LOOPS.finditer(bare):
            for name in filter(None, match.groups()):
                if name in self._names or name in self._spaces:
                    raise ConstitutionError(
                        f"the loop variable {name!r} hides a declared fact: {source}",
                        hint="give the loop variable another name",
                    )

    def _explain(self, text: str) -> ConstitutionError:
        first = text.removeprefix("INVALID_ARGUMENT: ").replace(" [INVALID_ARGUMENT]", "").strip()
        undeclared = re.search(r"undeclared reference to '([\w.]+)'", first)
        if not undeclared:
            return ConstitutionError(first)
        name = self._qualified(first, undeclared[1])
        space = name.partition(".")[0]
        if "." in name and space not in self._spaces:
            return ConstitutionError(
                f"it reads {name}, but no plugin that is installed declares {space!r}",
                hint="`agentkit plugins list` shows which are, and why one was refused",
            )
        near = get_close_matches(name, self.facts, 1, 0.5)
        hint = f"did you mean {near[0]!r}?" if near else "`agentkit constitution facts` lists them"
        return ConstitutionError(first, hint=hint)

    def _qualified(self, message: str, name: str) -> str:
        """The whole dotted name at an error's place; the runtime names its first part only."""
        found = re.search(rf"\|[^\n]*?\b({re.escape(name)}(?:\.\w+)*)", message)
        return found[1] if found else name


def referenced_names(serialized: bytes) -> Iterator[str]:
    """Names in the reference map of a serialized CheckedExpr: facts, operators, loop variables.

    The bytes are an ``Any`` (field 2) around a ``CheckedExpr`` (field 2: entries of a map whose
    value, field 2, is a ``Reference`` with its name in field 1). See cel/expr/checked.proto.
    """
    for field, value in _fields(serialized):
        if field != 2:  # noqa: PLR2004  (protobuf field numbers, named in the docstring)
            continue
        for inner, entry in _fields(value):
            if inner != 2:  # noqa: PLR2004
                continue
            for part, reference in _fields(entry):
                if part == 2:  # noqa: PLR2004
                    yield from (v.decode() for f, v in _fields(reference) if f == 1)


def _fields(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Length-delimited fields of a protobuf message; other wire types are passed over."""
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        wire = tag & 7
        if wire == 0:
            _, at = _varint(data, at)
        elif wire == 2:  # noqa: PLR2004  (wire type: length-delimited)
            size, at = _varint(data, at)
            yield tag >> 3, data[at : at + size]
            at += size
        else:
            at += 8 if wire == 1 else 4


def _varint(data: bytes, at: int) -> tuple[int, int]:
    shift = value = 0
    while True:
        byte = data[at]
        value |= (byte & 127) << shift
        at += 1
        if byte < 128:  # noqa: PLR2004  (continuation bit)
            return value, at
        shift += 7
