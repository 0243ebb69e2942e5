"""The examples that travel with articles, run.

An example gives facts and says what its own article then rules: ``allow`` where it does not fire,
its ruling where it does, ``gap`` where it cannot tell. Other articles are not asked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from difflib import get_close_matches
from typing import Any, Final

from agentkit.canonical import clean_text
from agentkit.clock import parse_instant
from agentkit.constitution.cel import Dialect, Expression
from agentkit.constitution.facts import Catalogue
from agentkit.constitution.load import Constitution
from agentkit.constitution.model import Article, ConstitutionFile, Example
from agentkit.errors import ConfigError, ConstitutionError
from agentkit.evidence import FactType

__all__ = ["ExampleResult", "check_examples", "typed"]

_NOON: Final = datetime(2026, 11, 23, 12, tzinfo=UTC)
"""When examples are judged that name no instant and read ``judged_at``."""
_EXACT: Final[Mapping[str, type]] = {"string": str, "bool": bool, "int": int, "double": float}
_ITEMS: Final[Mapping[str, FactType]] = {
    "list(string)": "string",
    "list(int)": "int",
    "list(double)": "double",
}


@dataclass(frozen=True, slots=True)
class ExampleResult:
    """What became of one example.

    Attributes:
        constitution: Name of the file's constitution.
        article: Id of the article.
        number: Which of its examples, from 1.
        example: As written.
        got: ``allow``, ``defer``, ``escalate``, ``deny`` or ``gap``.
        missing: For a gap: the facts that the article lacked.
    """

    constitution: str
    article: str
    number: int
    example: Example
    got: str
    missing: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether the article ruled as the example expects."""
        return self.got == self.example.expect

    @property
    def sentence(self) -> str:
        """For people: what was given, expected and found."""
        given = ", ".join(f"{name}={value!r}" for name, value in self.example.given.items())
        as_of = f" at {self.example.at}" if self.example.at else ""
        lacks = f" (lacks {', '.join(self.missing)})" if self.missing else ""
        return (
            f"{self.article}, example {self.number}: given {given or 'nothing'}{as_of}: "
            f"expected {self.example.expect}, got {self.got}{lacks}"
        )


@dataclass(frozen=True)
class _Ready:
    """An article, compiled for its examples."""

    article: Article
    condition: Expression
    until: Expression | None


def check_examples(constitution: Constitution, catalogue: Catalogue) -> list[ExampleResult]:
    """Run every example of a constitution and of all that it extends, as the files have them.

    Overrides are not applied: an example speaks of its article as it was written.

    Raises:
        ConstitutionError: an article does not compile, or an example gives a fact that does not
            exist or is of another type.
    """
    types: dict[str, FactType] = dict(catalogue.types())
    types |= {f"params.{n}": p.type for n, p in constitution.parameters.items()}
    dialect = Dialect(types)
    parameters: dict[str, Any] = {}
    results: list[ExampleResult] = []
    for file in constitution.files:  # what is extended comes first, with the defaults it declared
        parameters |= _defaults(file)
        for article in file.articles:
            ready = _ready(article, dialect)
            results += _run(file.constitution, ready, dialect, parameters)
    return results


def _defaults(file: ConstitutionFile) -> dict[str, Any]:
    where = f"{file.constitution}: parameter"
    return {
        f"params.{name}": typed(parameter.default, parameter.type, f"{where} {name}")
        for name, parameter in file.parameters.items()
    }


def _ready(article: Article, dialect: Dialect) -> _Ready:
    until = dialect.compile(article.until, "timestamp") if article.until else None
    return _Ready(article, dialect.compile(article.condition), until)


def _run(
    constitution: str, ready: _Ready, dialect: Dialect, parameters: Mapping[str, Any]
) -> Iterator[ExampleResult]:
    for number, example in enumerate(ready.article.examples, 1):
        where = f"{constitution}: article {ready.article.id}, example {number}"
        instant = _instant(example, where)
        facts = {**parameters, "judged_at": instant or _NOON}
        facts |= {n: _given(n, v, dialect, where) for n, v in example.given.items()}
        got, missing = _judge(ready, dialect, facts, instant)
        yield ExampleResult(constitution, ready.article.id, number, example, got, missing)


def _judge(
    ready: _Ready, dialect: Dialect, facts: Mapping[str, Any], instant: datetime | None
) -> tuple[str, tuple[str, ...]]:
    """What one article rules on these facts, and what it lacked."""
    if instant is not None and not ready.article.in_force(instant.date()):
        return "allow", ()
    activation = dialect.env.Activation({n: v for n, v in facts.items() if n in dialect.facts})
    truth = ready.condition.truth(activation)
    if truth == "false":
        return "allow", ()
    if truth == "error":
        return "gap", tuple(sorted(ready.condition.needs - facts.keys()))
    if ready.until is not None and ready.until.instant(activation) is None:
        return "gap", tuple(sorted(ready.until.needs - facts.keys()))
    return ready.article.then, ()


def _instant(example: Example, where: str) -> datetime | None:
    try:
        return parse_instant(example.at) if example.at else None
    except ConfigError as error:
        raise ConstitutionError(f"{where}: {error.message}", hint=error.hint) from error


def _given(name: str, value: object, dialect: Dialect, where: str) -> Any:
    fact_type = dialect.facts.get(name)
    if fact_type is None:
        near = get_close_matches(name, dialect.facts, 1)
        hint = f"did you mean {near[0]!r}?" if near else "`agentkit constitution facts` lists them"
        raise ConstitutionError(f"{where} gives {name!r}, which is no fact", hint=hint)
    return typed(value, fact_type, f"{where}: {name}")


def typed(value: object, fact_type: FactType, where: str) -> Any:
    """A value from YAML as the exact type of a fact: whole numbers for doubles, text for instants.

    Raises:
        ConstitutionError: it is of another type.
    """
    if fact_type in _ITEMS and isinstance(value, list | tuple):
        return [typed(item, _ITEMS[fact_type], where) for item in value]
    if fact_type == "double" and type(value) is int:
        return float(value)
    if fact_type == "timestamp":
        return _timestamp(value, where)
    if fact_type == "duration" and type(value) in {int, float}:
        return timedelta(seconds=float(str(value)))
    if type(value) is not _EXACT.get(fact_type) or value != value:  # noqa: PLR0124  (NaN)
        raise ConstitutionError(f"{where} must be {fact_type}, not {value!r:.60}")
    return clean_text(value) if isinstance(value, str) else value


def _timestamp(value: object, where: str) -> datetime:
    if isinstance(value, datetime | date):
        value = value.isoformat()
    try:
        return parse_instant(value if isinstance(value, str) else repr(value))
    except ConfigError as error:
        raise ConstitutionError(f"{where}: {error.message}", hint=error.hint) from error
