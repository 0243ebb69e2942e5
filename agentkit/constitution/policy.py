"""Bindings with their constitutions, compiled against the declared facts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from math import isfinite
from pathlib import Path
from typing import Any, Final

from agentkit.action import Action, Scope
from agentkit.canonical import digest
from agentkit.constitution.binding import Binding
from agentkit.constitution.cel import Dialect, Expression
from agentkit.constitution.facts import Catalogue
from agentkit.constitution.judge import Compiled, Judge, softer
from agentkit.constitution.load import Constitution, Located, load_constitution
from agentkit.constitution.model import Parameter
from agentkit.constitution.words import check_binding, check_scope_words
from agentkit.errors import AgentkitError, ConfigError, ConstitutionError
from agentkit.evidence import FactType
from agentkit.jurisdiction import Jurisdiction

__all__ = ["PLACEHOLDER", "Policy", "compile_constitution"]

PLACEHOLDER: Final = re.compile(r"\{([a-z_]+(?:\.[a-z_0-9]+)?)\}")
"""A fact's name in a ``because`` sentence."""
_SHOWN: Final = frozenset({"contact.name", "action.text", "action.agent", "action.subject"})
"""Names that may stand in a ``because`` though no expression can read them."""
_PARAMETER_TYPES: Final[Mapping[str, type]] = {
    "string": str, "bool": bool, "int": int, "double": float, "list(string)": list,
}  # fmt: skip


class Policy:
    """Everything that judges: which articles, of which constitutions, in which mode."""

    def __init__(
        self,
        bindings: Sequence[Binding],
        catalogue: Catalogue,
        extra: Mapping[str, Path] | None = None,
    ) -> None:
        """Load and compile.

        Raises:
            ConstitutionError: a constitution cannot be loaded or compiled.
            ConfigError: a binding sets a parameter that no constitution declares, or wrongly.
        """
        self.catalogue = catalogue
        self.bindings = tuple(bindings)
        self.constitutions: dict[str, Constitution] = {}
        self.judges: list[Judge] = []
        for binding in bindings:
            loaded = [load_constitution(name, extra) for name in binding.constitutions]
            check_binding(binding, loaded, catalogue)
            self.constitutions |= {c.name: c for c in loaded}
            self.judges.append(_judge(binding, loaded, catalogue))
        self.digest = digest(
            [b.to_json() for b in bindings] + [c.digest for c in self.constitutions.values()]
        )
        self._chosen: dict[tuple[object, ...], tuple[Judge, ...]] = {}

    def judges_for(self, action: Action, jurisdiction: Jurisdiction) -> tuple[Judge, ...]:
        """The judges whose binding selects the action; none at all is a gap, never consent."""
        key = (action.tenant, action.agent, action.kind, jurisdiction)
        chosen = self._chosen.get(key)
        if chosen is None:
            if len(self._chosen) > 10_000:  # noqa: PLR2004  (hostile input must not fill memory)
                self._chosen.clear()
            chosen = tuple(j for j in self.judges if j.binding.select.selects(action, jurisdiction))
            self._chosen[key] = chosen
        return chosen

    def articles(self) -> Iterator[Located]:
        """Every article of every constitution, each once."""
        seen: set[int] = set()
        for constitution in self.constitutions.values():
            for located in constitution.articles:
                if id(located.article) not in seen:
                    seen.add(id(located.article))
                    yield located

    def article(self, article_id: str) -> Located | None:
        """The article of this id."""
        return next((a for a in self.articles() if a.article.id == article_id), None)

    def principle(self, article_id: str) -> tuple[str, str]:
        """Name and words of the principle that an article serves; empty where it is gone."""
        for constitution in self.constitutions.values():
            located = constitution.article(article_id)
            if located is not None:
                name = located.article.principle
                return name, constitution.principles.get(name, "")
        return "", ""


def _judge(binding: Binding, loaded: Sequence[Constitution], catalogue: Catalogue) -> Judge:
    loaded = _outermost(loaded)
    declared: dict[str, Parameter] = {}
    read: set[str] = set()
    for file in (f for constitution in loaded for f in constitution.files):
        if file.constitution not in read:
            declared |= file.parameters
            read.add(file.constitution)
    dialect = _dialect(catalogue, declared)
    articles: dict[str, Compiled] = {}
    taken: set[str] = set()
    for constitution in loaded:
        for compiled in compile_constitution(constitution, catalogue, dialect):
            if compiled.located.constitution not in taken:
                key = f"{compiled.id} {compiled.located.article.effective_from}"
                mode = softer(compiled.mode, binding.mode)
                articles[key] = replace(compiled, mode=mode)
        taken |= {f.constitution for f in constitution.files}
    return Judge(dialect, binding, list(articles.values()), _parameters(binding, declared))


def _outermost(loaded: Sequence[Constitution]) -> list[Constitution]:
    """Without those that another one extends, so that the order of a list never matters.

    Else ``[strict, crm-default]`` would give back the softer parameters, or undo an override. Those
    with overrides come first: what two of them share is then read as overridden.
    """
    inner = {f.constitution for c in loaded for f in c.files if f.constitution != c.name}
    outer = [c for c in loaded if c.name not in inner]
    return sorted(outer, key=lambda c: not any(f.overrides for f in c.files))


def _dialect(catalogue: Catalogue, declared: Mapping[str, Parameter]) -> Dialect:
    types: dict[str, FactType] = dict(catalogue.types())
    types |= {f"params.{name}": parameter.type for name, parameter in declared.items()}
    return Dialect(types)


def _parameters(binding: Binding, declared: Mapping[str, Parameter]) -> dict[str, Any]:
    unknown = sorted(set(binding.parameters) - set(declared))
    if unknown:
        raise ConfigError(
            f"binding {binding.name!r} sets the parameter {unknown[0]!r}, which its constitutions "
            "do not declare",
            hint=f"parameters: {', '.join(sorted(declared)) or 'none'}",
        )
    values = {}
    for name, parameter in declared.items():
        value = binding.parameters.get(name, parameter.default)
        values[f"params.{name}"] = _typed(value, parameter, f"parameter {name!r}")
    return values


def _typed(value: Any, parameter: Parameter, where: str) -> Any:
    wanted = _PARAMETER_TYPES[parameter.type]
    if parameter.type == "double" and type(value) is int:
        value = float(value)
    if type(value) is not wanted or (isinstance(value, float) and not isfinite(value)):
        raise ConfigError(f"{where} must be {parameter.type}, not {value!r:.40}")
    return value


def compile_constitution(
    constitution: Constitution, catalogue: Catalogue, dialect: Dialect | None = None
) -> list[Compiled]:
    """Compile every article.

    Raises:
        ConstitutionError: naming the constitution, the article and what is wrong with it.
    """
    dialect = dialect or _dialect(catalogue, constitution.parameters)
    return [_compile(located, catalogue, dialect) for located in constitution.articles]


def _compile(located: Located, catalogue: Catalogue, dialect: Dialect) -> Compiled:
    article = located.article
    try:
        dialect.compile(article.when)
        if article.unless.strip():
            dialect.compile(article.unless)
        condition = dialect.compile(article.condition)
        until = dialect.compile(article.until, "timestamp") if article.until else None
        check_scope_words(article.applies_to.scope(), article.applies_to.senders)
        _check_scope(
            article.applies_to.scope(), [condition, *([until] if until else [])], catalogue
        )
        _check_names(article.because, article.task, catalogue)
    except AgentkitError as error:
        raise ConstitutionError(
            f"{located.constitution}: article {article.id}: {error.message}", hint=error.hint
        ) from error
    return Compiled(located, condition, until, article.mode or "enforce")


def _check_scope(scope: Scope, expressions: Sequence[Expression], catalogue: Catalogue) -> None:
    """An article may not apply more widely than the facts it reads."""
    for kind in sorted(scope.kinds):
        if kind not in catalogue.kinds:
            catalogue.kinds.get(kind)
    for expression in expressions:
        for name in sorted(expression.needs):
            fact = catalogue.facts.get(name)
            if fact is not None and not fact.scope.covers(scope):
                raise ConstitutionError(
                    f"it applies more widely than {name}, which exists for {_words(fact.scope)}",
                    hint="narrow `applies_to`",
                )


def _words(scope: Scope) -> str:
    parts = [(n, getattr(scope, n)) for n in ("kinds", "channels", "purposes")]
    return "; ".join(f"{n}: {', '.join(sorted(v))}" for n, v in parts if v)


def _check_names(because: str, task: str, catalogue: Catalogue) -> None:
    for name in PLACEHOLDER.findall(because):
        if name not in catalogue.facts and name not in _SHOWN and not name.startswith("params."):
            raise ConstitutionError(f"`because` names {{{name}}}, which is no fact")
    if task and task not in catalogue.facts:
        raise ConstitutionError(f"`task` names {task!r}, which is no fact")
