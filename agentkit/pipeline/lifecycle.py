r"""The life of an action after it was proposed, one durable step at a time.

    deferred --due--> judged afresh --+--> allowed --> claimed --> performed
    escalated --a person--> approved -+                       \-> failed, unknown (a case)

A step reads where the action stands, does one thing, and writes it with compare and set. Called
twice, or again after a crash, it finds what is done and goes on from there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final

from agentkit.case import Decision
from agentkit.clock import Clock
from agentkit.desk.rows import find_decision
from agentkit.engine import Next, Refusal, open_tasks, person_version, stop_for, void
from agentkit.entry import Entry
from agentkit.errors import InvalidAction, NotFound, PermitError
from agentkit.gate import Gate
from agentkit.pipeline.performing import Performing, Refused
from agentkit.pipeline.recording import Opens, Recorder
from agentkit.store import Store, execute, from_micros
from agentkit.store.actions import (
    FINAL_STATES,
    StoredAction,
    StoredReview,
    find_action,
    move_action,
    open_review,
)
from agentkit.verdict import Fired, Review, Ruling

__all__ = ["FRESH", "LifeOfActions", "Situation"]

FRESH: Final = timedelta(seconds=5)
"""A judgement on facts that do not change is good for so long."""
_ROUNDS: Final = 5
_SOON: Final = timedelta(seconds=1)


@dataclass(frozen=True)
class Situation:
    """Everything that a step needs to know, read in one transaction.

    Attributes:
        stored: The row.
        kept: What was recorded; None where the person was erased.
        approval: The person's decision, if the action was approved.
        seen: `person_version` at this moment: a claim compares it.
        stop: Scope of a stop switch that holds.
    """

    stored: StoredAction
    kept: StoredReview | None
    approval: Decision | None
    seen: tuple[int, ...]
    stop: str


class LifeOfActions:
    """Takes actions from step to step."""

    def __init__(
        self,
        *,
        gate: Gate,
        store: Store,
        desk: Opens,
        recorder: Recorder,
        performing: Performing,
        clock: Clock,
    ) -> None:
        """Wire the parts."""
        self._gate = gate
        self._store = store
        self._desk = desk
        self._recorder = recorder
        self._performing = performing
        self._clock = clock
        facts = gate.policy.catalogue.facts
        self._volatile = frozenset(name for name, fact in facts.items() if fact.volatile)
        self._steps: Mapping[str, Callable[[StoredAction], Next | None]] = {
            "allowed": self._go_on,
            "approved": self._go_on,
            "deferred": self._when_due,
            "escalated": self._await_person,
            "unknown": self._await_person,
            "performing": self._performing.after_claim,
        }

    def advance(self, tenant: str, action: str) -> Next:
        """Go on until the action waits for something or is done.

        Raises:
            NotFound: there is no such action.
        """
        for _ in range(_ROUNDS):
            stored = self._find(tenant, action)
            if stored.state in FINAL_STATES:
                return Next(stored.state, done=True)
            step = self._expire if self._late(stored) else self._steps[stored.state]
            following = step(stored)
            if following is not None:
                return following
        return Next(stored.state, self._clock.now() + _SOON, why="it changed meanwhile")

    def _find(self, tenant: str, action: str) -> StoredAction:
        with self._store.read() as conn:
            stored = find_action(conn, tenant, action)
        if stored is None:
            raise NotFound(f"there is no action {action!r:.60}", hint="check its id and tenant")
        return stored

    def _late(self, stored: StoredAction) -> bool:
        waits = stored.state not in {"performing", "unknown"}
        return waits and stored.deadline is not None and stored.deadline <= self._clock.now()

    def _expire(self, stored: StoredAction) -> Next | None:
        """Deny what could not happen before its deadline."""
        now = self._clock.now()
        with self._store.write() as unit:
            tenant, action = stored.tenant, stored.id
            if not move_action(unit, tenant, action, to="expired", since=[stored.state], now=now):
                return None
            void(unit, tenant, action)
            sql = (
                "update cases set state = 'expired' where tenant = ? and action = ? "
                "and state = 'open'"
            )
            execute(unit.conn, sql, (tenant, action))
            public = {"was": stored.state, "deadline": stored.deadline}
            self._recorder.append(unit, [Entry("expired", tenant, now, action, public=public)])
        return None

    def _await_person(self, stored: StoredAction) -> Next | None:
        sql = "select min(expires_at) from cases where tenant = ? and action = ? and state = 'open'"
        with self._store.read() as conn:
            micros = execute(conn, sql, (stored.tenant, stored.id)).scalar()
        if micros is None:
            return Next(stored.state, None, why="it waits for a person")
        expires = from_micros(micros)
        if expires > self._clock.now():
            return Next(stored.state, expires, why="it waits for a person")
        self._desk.expire()
        after = self._find(stored.tenant, stored.id)
        return None if after.state != stored.state else Next(stored.state, None)

    def _when_due(self, stored: StoredAction) -> Next | None:
        """A deferral ends when its instant has come and its data tasks are closed."""
        if stored.until is not None and stored.until > self._clock.now():
            return Next("deferred", stored.until, why="its time has not come")
        with self._store.read() as conn:
            missing = open_tasks(conn, stored.tenant, stored.id)
        if missing:
            return Next("deferred", None, why=f"somebody must supply {', '.join(missing)}")
        return self._go_on(stored)

    def _go_on(self, stored: StoredAction) -> Next | None:
        """Judge it as of now, then do what that says."""
        situation = self._situation(stored)
        if situation.stop:
            return Next(stored.state, None, why=f"a stop switch holds: {situation.stop}")
        if situation.kept is None:
            return self._erased(stored)
        review = self._judged(situation, situation.kept)
        if review.verdict.ruling is not Ruling.ALLOW:
            return self._settle(situation, review)
        return self._run(situation, review)

    def _situation(self, stored: StoredAction) -> Situation:
        with self._store.read() as conn:
            kept = open_review(conn, self._store.vault, stored)
            approval = (
                find_decision(conn, self._store.vault, stored.tenant, stored.decision)
                if stored.decision
                else None
            )
            seen = person_version(conn, stored.tenant, stored.person)
            stop = stop_for(conn, stored.tenant, stored.agent, stored.kind, stored.person)
        return Situation(stored, kept, approval, seen, stop)

    def _judged(self, situation: Situation, kept: StoredReview) -> Review:
        """The recorded judgement where it still stands, else a new one."""
        verdict, stored = kept.verdict, situation.stored
        if (
            stored.state == "allowed"
            and verdict.judged_at is not None
            and self._clock.now() - verdict.judged_at < FRESH
            and verdict.binding == self._gate.policy.digest
            and self._volatile.isdisjoint(kept.facts)
        ):
            return kept.review()
        return self._examined(kept, situation.approval)

    def _examined(self, kept: StoredReview, approval: Decision | None) -> Review:
        try:
            review = self._gate.review(kept.action, approval=approval)
        except InvalidAction:
            return ruled(kept.review(), Fired("cannot-be-judged", Ruling.DENY, "core"))
        review = review.after(kept.review())
        changed = review.action.digest != kept.action.digest
        if approval is not None and changed and review.verdict.ruling < Ruling.ESCALATE:
            fired = Fired("revised-after-approval", Ruling.ESCALATE, "core", overridable="operator")
            return ruled(review, fired)
        return review

    def _settle(self, situation: Situation, review: Review) -> Next | None:
        """What fires now binds: a deferral waits, an escalation is a new case, a denial ends it."""
        now, ruling = self._clock.now(), review.verdict.ruling
        columns: dict[str, Any] = {"decision": ""} if ruling is Ruling.ESCALATE else {}
        stored = situation.stored
        try:
            with self._store.write() as unit:
                case = self._recorder.again(unit, review, now, since=stored.state, **columns)
        except LookupError:
            return None
        if case is not None:
            return Next("escalated", case.expires_at, why=f"case {case.id}")
        if ruling is Ruling.DENY:
            return Next("denied", done=True, why=", ".join(f.article for f in review.verdict.fired))
        return None  # deferred: the next round says until when

    def _run(self, situation: Situation, review: Review) -> Next | None:
        approval, stored = situation.approval, situation.stored
        basis = "verdict" if approval is None else f"decision:{approval.id}"
        try:
            return self._performing.perform(stored, review, situation.seen, basis)
        except LookupError:
            return None
        except PermitError:
            return self._performing.reconcile(stored)
        except Refused as refused:
            return self._refused(situation, review, refused.refusal)

    def _refused(self, situation: Situation, review: Review, refusal: Refusal) -> Next | None:
        """The claim found that something changed since the judgement."""
        state = situation.stored.state
        if refusal.why == "stop":
            return Next(state, None, why=f"a stop switch holds: {refusal.detail}")
        if refusal.why == "suppressed":
            return self._settle(situation, ruled(review, Fired("suppressed", Ruling.DENY, "core")))
        if refusal.until is not None:
            return Next(state, refusal.until, why=refusal.detail or refusal.why)
        return None

    def _erased(self, stored: StoredAction) -> Next | None:
        """Nobody knows any more what it was: it cannot be judged, so it is denied."""
        now = self._clock.now()
        with self._store.write() as unit:
            tenant, action = stored.tenant, stored.id
            if not move_action(unit, tenant, action, to="denied", since=[stored.state], now=now):
                return None
            void(unit, tenant, action)
            public = {"articles": ["erased"]}
            self._recorder.append(unit, [Entry("refused", tenant, now, action, public=public)])
        return Next("denied", done=True, why="the person was erased")


def ruled(review: Review, fired: Fired) -> Review:
    """A review to which the core adds its own voice."""
    verdict = review.verdict
    stricter = max(verdict.ruling, fired.ruling)
    verdict = replace(verdict, ruling=stricter, until=None, tasks=(), fired=(*verdict.fired, fired))
    return replace(review, verdict=verdict)
