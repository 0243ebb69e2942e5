"""Judging: recorded facts in, voices out. No clock, no database, no model.

Articles are indexed by kind, channel, purpose, jurisdiction and date. The applicable ones are
evaluated as one disjunction, and only FALSE ends it: on TRUE, ERROR or an exception each article is
asked alone. A gap exists only where an article evaluates to ERROR: a condition that is false
anyway needs no more facts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final

from agentkit.action import Action, Scope
from agentkit.constitution.binding import Binding
from agentkit.constitution.cel import Dialect, Expression
from agentkit.constitution.load import Located
from agentkit.evidence import Gap, Unknown
from agentkit.jurisdiction import Jurisdiction
from agentkit.verdict import Fired, Mode

__all__ = ["Compiled", "Judge", "Voices", "softer"]

_CHUNK: Final = 50
"""Articles in one disjunction: they share one iteration budget and one limit of length."""
_MODES: Final[Mapping[str, int]] = {"shadow": 0, "warn": 1, "enforce": 2}
_MISSING: Final = Unknown("missing")
_BENCHES: Final = 10_000
"""Most combinations that are kept; more means hostile input, and the cache starts afresh."""


@dataclass(frozen=True)
class Compiled:
    """An article, compiled against the declared facts."""

    located: Located
    condition: Expression
    until: Expression | None
    mode: Mode

    @property
    def id(self) -> str:
        """Its id."""
        return self.located.article.id

    def fired(self, until: datetime | None = None) -> Fired:
        """The record that it fired."""
        article = self.located.article
        return Fired(
            article=article.id,
            ruling=article.ruling,
            constitution=self.located.constitution,
            until=until,
            task=article.task,
            overridable=article.overridable,
            revise=article.revise,
            mode=self.mode,
        )


@dataclass(slots=True)
class Voices:
    """What all applicable articles of one binding say of one action."""

    fired: list[Fired] = field(default_factory=list)
    gaps: dict[str, Gap] = field(default_factory=dict)


@dataclass(frozen=True)
class _Bench:
    """The articles that apply to one combination, ready to be asked at once."""

    articles: tuple[Compiled, ...]
    plausible: frozenset[str]
    needs: tuple[str, ...]
    lists: tuple[str, ...]
    parameters: Mapping[str, Any]
    chunks: tuple[Any, ...]


@dataclass(frozen=True)
class _Missing:
    """Says why a fact is missing; asked only where an article could not be evaluated."""

    facts: Mapping[str, Any]
    gaps: Mapping[str, Gap]

    def note(
        self, voices: Voices, expression: Expression, name: str, known: Mapping[str, Any]
    ) -> None:
        """Add a gap for each fact that the expression lacks, else for the expression itself."""
        missing = sorted(expression.needs - known.keys())
        for fact in missing:
            voices.gaps[fact] = self._why(fact)
        if not missing:
            voices.gaps[name] = Gap(name, "failed", "the expression could not be evaluated")

    def _why(self, fact: str) -> Gap:
        value = self.facts.get(fact)
        if type(value) is Unknown:
            return Gap(fact, "unknown", value.reason, value.needs)
        return self.gaps.get(fact) or Gap(fact, "not_installed", "no plugin gave it")


class Judge:
    """The compiled articles of one binding."""

    def __init__(
        self,
        dialect: Dialect,
        binding: Binding,
        articles: Sequence[Compiled],
        parameters: Mapping[str, Any],
    ) -> None:
        """Index ``articles``; ``parameters`` are values by qualified name (``params.cap``)."""
        self.binding = binding
        self.parameters = dict(parameters)
        self._env = dialect.env
        self._dialect = dialect
        self._articles = tuple(articles)
        self._scopes = [(a, a.located.article.applies_to.scope()) for a in articles]
        self._benches: dict[tuple[object, ...], _Bench] = {}
        self._chunks: dict[tuple[int, ...], tuple[Any, ...]] = {}

    def judge(
        self,
        action: Action,
        facts: Mapping[str, Any],
        gaps: Mapping[str, Gap],
        jurisdiction: Jurisdiction,
        now: datetime,
    ) -> Voices | None:
        """Ask every applicable article.

        Args:
            action: For the index only: articles read facts.
            facts: Facts by name, `Unknown` values included.
            gaps: Facts that are missing for another reason, by name.
            jurisdiction: Of the person concerned.
            now: For effective dates.

        Returns:
            What fired and what was missing; None where no article fires and none lacks a fact.
        """
        bench = self._bench(action, jurisdiction, now.date())
        if not bench.articles:
            return None
        get = facts.get
        known = {n: v for n in bench.needs if type(v := get(n, _MISSING)) is not Unknown}
        if bench.parameters:
            known.update(bench.parameters)
        for name in bench.lists:
            if name in known:
                known[name] = list(known[name])  # the runtime takes lists, not tuples
        try:
            if self._all_false(bench.chunks, known):
                return None
        except Exception:  # noqa: BLE001, S110  (whatever it was, asking one by one names the article)
            pass
        return self._one_by_one(bench, known, _Missing(facts, gaps), jurisdiction)

    def _all_false(self, chunks: Sequence[Any], known: Mapping[str, Any]) -> bool:
        if len(chunks) == 1:  # without an activation of its own: a microsecond less
            return chunks[0].eval(None, known).value() is False
        activation = self._env.Activation(known)
        return all(chunk.eval(activation).value() is False for chunk in chunks)

    def _one_by_one(
        self,
        bench: _Bench,
        known: Mapping[str, Any],
        missing: _Missing,
        jurisdiction: Jurisdiction,
    ) -> Voices:
        voices = Voices()
        try:
            activation = self._env.Activation(known)
        except Exception as error:  # noqa: BLE001  (a value the runtime cannot take: no article can be asked)
            reason = type(error).__name__
            voices.gaps["facts"] = Gap("facts", "invalid", f"the runtime refused them: {reason}")
            return voices
        for article in bench.articles:
            truth = article.condition.truth(activation)
            if truth == "false":
                continue
            if article.mode != "enforce":
                if truth == "true" and article.id not in bench.plausible:
                    voices.fired.append(article.fired())
            elif truth == "error":
                missing.note(voices, article.condition, f"{article.id}.when", known)
            elif article.id in bench.plausible:
                gap = Gap("jurisdiction.codes", "unknown", "whose law is open", jurisdiction.needs)
                voices.gaps[gap.fact] = gap
            else:
                self._fire(voices, article, activation, known, missing)
        return voices

    def _fire(
        self,
        voices: Voices,
        article: Compiled,
        activation: Any,
        known: Mapping[str, Any],
        missing: _Missing,
    ) -> None:
        if article.until is None:
            voices.fired.append(article.fired())
            return
        until = article.until.instant(activation)
        if until is None:
            missing.note(voices, article.until, f"{article.id}.until", known)
        else:
            voices.fired.append(article.fired(until))

    def _bench(self, action: Action, jurisdiction: Jurisdiction, day: date) -> _Bench:
        sender = action.sender.country.upper()
        key = (action.kind, action.channel, action.purpose, jurisdiction, sender, day)
        bench = self._benches.get(key)
        if bench is None:
            if len(self._benches) >= _BENCHES:
                self._benches.clear()
            bench = self._benches[key] = self._build_bench(action, jurisdiction, day)
        return bench

    def _build_bench(self, action: Action, jurisdiction: Jurisdiction, day: date) -> _Bench:
        chosen: list[Compiled] = []
        plausible: set[str] = set()
        for article, scope in self._scopes:
            if not scope.holds(action) or not article.located.article.in_force(day):
                continue
            sent_from = action.sender.country.upper() in article.located.article.applies_to.senders
            if sent_from or _certain(scope, jurisdiction):
                chosen.append(article)
            elif jurisdiction.plausible(scope.jurisdictions):
                chosen.append(article)
                plausible.add(article.id)
        needs = set().union(*(a.condition.needs for a in chosen), *_until_needs(chosen))
        return _Bench(
            articles=tuple(chosen),
            plausible=frozenset(plausible),
            needs=tuple(sorted(needs - self.parameters.keys())),
            lists=tuple(sorted(n for n in needs if self._dialect.facts[n].startswith("list"))),
            parameters={n: self.parameters[n] for n in needs & self.parameters.keys()},
            chunks=self._chunked(chosen),
        )

    def _chunked(self, articles: Sequence[Compiled]) -> tuple[Any, ...]:
        """Disjunctions of plain conditions; those with loops stand alone, each with its budget."""
        key = tuple(map(id, articles))
        if key not in self._chunks:
            plain = [a.condition.source for a in articles if not a.condition.loops]
            parts = [plain[i : i + _CHUNK] for i in range(0, len(plain), _CHUNK)]
            looped = [a.condition.compiled for a in articles if a.condition.loops]
            self._chunks[key] = (*(self._dialect.disjunction(p) for p in parts), *looped)
        return self._chunks[key]


def _certain(scope: Scope, jurisdiction: Jurisdiction) -> bool:
    return not scope.jurisdictions or jurisdiction.certain(scope.jurisdictions)


def _until_needs(articles: Sequence[Compiled]) -> list[frozenset[str]]:
    return [a.until.needs for a in articles if a.until is not None]


def softer(one: Mode, other: Mode) -> Mode:
    """The softer of two modes: an article may be softer than its binding, never stricter."""
    return min(one, other, key=_MODES.__getitem__)
