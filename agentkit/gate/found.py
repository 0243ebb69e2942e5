"""What all judges say of one action, and the verdict that follows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from agentkit.action import Action
from agentkit.constitution import Judge, Voices
from agentkit.evidence import Gap
from agentkit.jurisdiction import Jurisdiction
from agentkit.verdict import Fired, Outcome, Revision, Ruling, Verdict, join

__all__ = ["Found"]

_ALLOW: Final = Outcome()


class Found:
    """Collects the voices of all judges for one action; a replay collects them in the same way."""

    def __init__(self) -> None:
        """Nothing was heard yet."""
        self.fired: list[Fired] = []
        self.noted: list[Fired] = []
        self.gaps: dict[str, Gap] = {}
        self.gap_outcomes: dict[str, Outcome] = {}

    def no_binding(self) -> None:
        """Nobody judges this action: a gap, never a permission."""
        gap = Gap("binding", "not_installed", "no binding selects this action")
        self.gaps[gap.fact] = gap
        self.gap_outcomes[gap.fact] = Outcome(Ruling.ESCALATE)

    def hear(
        self,
        judge: Judge,
        action: Action,
        facts: Mapping[str, Any],
        gaps: Mapping[str, Gap],
        jurisdiction: Jurisdiction,
        now: datetime,
    ) -> None:
        """Ask one judge."""
        voices = judge.judge(action, facts, gaps, jurisdiction, now)
        if voices is not None:
            self.add(judge, voices, now)

    def add(self, judge: Judge, voices: Voices, now: datetime) -> None:
        """What fired for one judge, and what its articles lacked."""
        for fired in voices.fired:
            (self.fired if fired.mode == "enforce" else self.noted).append(_settled(fired, now))
        if judge.binding.mode != "enforce":
            return
        for name, gap in voices.gaps.items():
            self.gaps[name] = gap
            self.gap_outcomes[name] = self.gap_outcomes.get(
                name, Outcome()
            ) | judge.binding.outcome(gap)

    def verdict(
        self,
        action: Action,
        now: datetime,
        revisions: tuple[Revision, ...],
        evidence: str,
        binding: str,
        models: tuple[tuple[str, str], ...],
    ) -> Verdict:
        """The strictest of all that was heard; ``evidence`` is the digest of the facts."""
        outcome = _ALLOW
        if self.fired or self.gap_outcomes:
            voices = [
                Outcome(f.ruling, f.until, frozenset([f.task] if f.task else ()))
                for f in self.fired
            ]
            outcome = join([*voices, *self.gap_outcomes.values()])
            if _outlives(outcome, action.deadline):
                self.fired.append(Fired("deadline-passes-first", Ruling.DENY, "core"))
                outcome = Outcome(Ruling.DENY)
        deferred = outcome.ruling is Ruling.DEFER
        return Verdict(
            action=action.id,
            action_digest=action.digest,
            ruling=outcome.ruling,
            until=outcome.until if deferred else None,
            tasks=tuple(sorted(outcome.tasks)) if deferred else (),
            fired=tuple(self.fired),
            noted=tuple(self.noted),
            gaps=tuple(self.gaps.values()),
            gap_rulings=tuple((n, o.ruling) for n, o in self.gap_outcomes.items()),
            revisions=revisions,
            evidence=evidence,
            binding=binding,
            models=models,
            judged_at=now,
        )


def _settled(fired: Fired, now: datetime) -> Fired:
    """A deferral to an instant that is not in the future would judge in circles: ask a person."""
    if fired.until is not None and fired.until <= now:
        return replace(fired, ruling=Ruling.ESCALATE, until=None)
    return fired


def _outlives(outcome: Outcome, deadline: datetime | None) -> bool:
    waits = outcome.ruling is Ruling.DEFER and outcome.until is not None
    return waits and deadline is not None and outcome.until > deadline  # type: ignore[operator]
