"""What the constitution says of an action: rulings, what fired, what is missing.

``allow < defer < escalate < deny``: the strictest of all voices binds. It is a join, so order
never matters, and no voice can soften another.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import IntEnum
from typing import Any, Literal

from agentkit.action import Action
from agentkit.evidence import Evidence, Gap
from agentkit.frozen import fast_init

__all__ = ["Fired", "Mode", "Outcome", "Review", "Revision", "Ruling", "Verdict", "join"]

Mode = Literal["shadow", "warn", "enforce"]


class Ruling(IntEnum):
    """The four rulings, from the softest to the strictest."""

    ALLOW = 0
    DEFER = 1
    ESCALATE = 2
    DENY = 3

    @property
    def word(self) -> str:
        """``allow``, ``defer``, ``escalate`` or ``deny``."""
        return self.name.lower()

    @classmethod
    def read(cls, word: str) -> Ruling:
        """The ruling of a word."""
        return cls[word.upper()]


@dataclass(frozen=True, slots=True)
class Fired:
    """An article that fired, as recorded: ids and facts' names, never a rendered sentence.

    Attributes:
        article: Id of the article.
        ruling: What it rules.
        constitution: Name of the constitution that it stands in.
        until: For a deferral, the instant at which to judge again.
        task: For a deferral, the record field that somebody must supply.
        overridable: Role whose approval may waive it; empty where nobody's may.
        revise: A rewrite may cure it.
        mode: ``enforce`` binds; ``warn`` and ``shadow`` are recorded only.
    """

    article: str
    ruling: Ruling
    constitution: str = ""
    until: datetime | None = None
    task: str = ""
    overridable: str = ""
    revise: bool = False
    mode: Mode = "enforce"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One voice, or the join of several: a ruling with what a deferral waits for.

    Attributes:
        ruling: The ruling.
        until: The latest instant that any deferral names.
        tasks: Every record field that any deferral waits for.
    """

    ruling: Ruling = Ruling.ALLOW
    until: datetime | None = None
    tasks: frozenset[str] = frozenset()

    def __or__(self, other: Outcome) -> Outcome:
        """The stricter of two; instants: the latest; tasks: all of them."""
        instants = [u for u in (self.until, other.until) if u is not None]
        return Outcome(
            max(self.ruling, other.ruling),
            max(instants) if instants else None,
            self.tasks | other.tasks,
        )


def join(voices: Iterable[Outcome]) -> Outcome:
    """The strictest of all voices; of none at all, allow."""
    result = Outcome()
    for voice in voices:
        result |= voice
    return result


@dataclass(frozen=True, slots=True)
class Revision:
    """One rewrite: by which plugin, for which articles, from which digest to which."""

    plugin: str
    articles: tuple[str, ...]
    before: str
    after: str


@fast_init
@dataclass(frozen=True)
class Verdict:
    """The judgement of one action.

    Attributes:
        action: Id of the action.
        action_digest: Digest of the final (perhaps revised) action.
        ruling: What binds.
        until: For a deferral: when to examine and judge afresh.
        tasks: For a deferral: record fields that somebody must supply.
        fired: Articles that fired and bind (mode enforce).
        noted: Articles that fired in warn or shadow mode: recorded, not binding.
        gaps: Missing facts that an article needed.
        gap_rulings: What the binding ruled for each gap, by fact.
        revisions: Rewrites made on the way.
        evidence: Digest of the facts that were judged.
        binding: Digest of the bindings and constitutions that judged.
        models: Digest by model name.
        judged_at: When.
    """

    action: str
    action_digest: str
    ruling: Ruling
    until: datetime | None = None
    tasks: tuple[str, ...] = ()
    fired: tuple[Fired, ...] = ()
    noted: tuple[Fired, ...] = ()
    gaps: tuple[Gap, ...] = ()
    gap_rulings: tuple[tuple[str, Ruling], ...] = ()
    revisions: tuple[Revision, ...] = ()
    evidence: str = ""
    binding: str = ""
    models: tuple[tuple[str, str], ...] = ()
    judged_at: datetime | None = None

    def waiving(self, articles: Iterable[str], gaps: Iterable[str]) -> Verdict:
        """This verdict without the named articles and gaps: what still binds after an approval.

        Whoever calls it has checked that the person may waive them.
        """
        waived_articles, waived_gaps = frozenset(articles), frozenset(gaps)
        fired = tuple(f for f in self.fired if f.article not in waived_articles)
        ruled = tuple((g, r) for g, r in self.gap_rulings if g not in waived_gaps)
        needs = {g.fact: g.needs for g in self.gaps}
        outcome = join(
            [Outcome(f.ruling, f.until, frozenset([f.task] if f.task else [])) for f in fired]
            + [Outcome(r, None, frozenset([needs[g]] if needs[g] else [])) for g, r in ruled]
        )
        deferred = outcome.ruling is Ruling.DEFER
        return replace(
            self,
            ruling=outcome.ruling,
            until=outcome.until if deferred else None,
            tasks=tuple(sorted(outcome.tasks)) if deferred else (),
            fired=fired,
            gap_rulings=ruled,
        )

    def to_json(self) -> dict[str, Any]:
        """Plain JSON; no personal data, no rendered sentences."""
        return {
            "action": self.action,
            "action_digest": self.action_digest,
            "ruling": self.ruling.word,
            "until": self.until,
            "tasks": self.tasks,
            "fired": [_fired_json(f) for f in self.fired],
            "noted": [_fired_json(f) for f in self.noted],
            "gaps": [(g.fact, g.kind, g.reason, g.needs) for g in self.gaps],
            "gap_rulings": [(fact, ruling.word) for fact, ruling in self.gap_rulings],
            "revisions": [(r.plugin, r.articles, r.before, r.after) for r in self.revisions],
            "evidence": self.evidence,
            "binding": self.binding,
            "models": self.models,
            "judged_at": self.judged_at,
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Verdict:
        """Read what `to_json` wrote."""
        return cls(
            action=data["action"],
            action_digest=data["action_digest"],
            ruling=Ruling.read(data["ruling"]),
            until=_instant(data["until"]),
            tasks=tuple(data["tasks"]),
            fired=tuple(_fired_from(f) for f in data["fired"]),
            noted=tuple(_fired_from(f) for f in data["noted"]),
            gaps=tuple(Gap(*g) for g in data["gaps"]),
            gap_rulings=tuple((f, Ruling.read(r)) for f, r in data["gap_rulings"]),
            revisions=tuple(Revision(p, tuple(a), b, c) for p, a, b, c in data["revisions"]),
            evidence=data["evidence"],
            binding=data["binding"],
            models=tuple((n, d) for n, d in data["models"]),
            judged_at=_instant(data["judged_at"]),
        )


def _fired_json(fired: Fired) -> dict[str, Any]:
    return {
        "article": fired.article,
        "ruling": fired.ruling.word,
        "constitution": fired.constitution,
        "until": fired.until,
        "task": fired.task,
        "overridable": fired.overridable,
        "revise": fired.revise,
        "mode": fired.mode,
    }


def _fired_from(data: dict[str, Any]) -> Fired:
    values = {**data, "ruling": Ruling.read(data["ruling"]), "until": _instant(data["until"])}
    return Fired(**values)


def _instant(value: str | datetime | None) -> datetime | None:
    return datetime.fromisoformat(value) if isinstance(value, str) else value


@fast_init
@dataclass(frozen=True)
class Review:
    """Everything that the gate found out about one action.

    Attributes:
        proposed: The action as the agent proposed it.
        action: The action as judged: the last revision.
        verdict: The judgement.
        evidence: The evidence of the last revision, by namespace.
        facts: Every recorded fact by qualified name; a replay needs nothing else.
    """

    proposed: Action
    action: Action
    verdict: Verdict
    evidence: dict[str, Evidence] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def revised(self) -> bool:
        """Whether a rewrite changed the action."""
        return bool(self.verdict.revisions)
