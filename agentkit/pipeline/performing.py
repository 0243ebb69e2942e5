"""The only way to an effect: judged, permitted, claimed, performed once, recorded.

A transactional CRM: all of it in one transaction, exactly once. A remote one: the claim commits
first, then the call, then the effect with the claim's fence; a crash in between leaves a claim
whose lease runs out, and then the CRM is asked for the marker, or a person is. Never a second try.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from agentkit.action import Action
from agentkit.clock import Clock
from agentkit.crm import CRM
from agentkit.engine import (
    LEASE,
    Next,
    Refusal,
    claim,
    find_claim,
    perform,
    postponement,
    record_effect,
    release,
    void,
)
from agentkit.entry import Entry, EntryKind
from agentkit.errors import ConnectorError, TransientConnectorError
from agentkit.gate import Gate
from agentkit.permit import Claim, Effect
from agentkit.pipeline.recording import Opens, Recorder
from agentkit.store import Store, Unit, execute, insert_many, to_micros
from agentkit.store.actions import (
    ActionState,
    StoredAction,
    find_action,
    move_action,
    open_review,
)
from agentkit.verdict import Fired, Review, Ruling

__all__ = ["Performing", "Refused"]

_STATE_AFTER: Final[dict[str, ActionState]] = {
    "done": "performed",
    "failed": "failed",
    "unknown": "unknown",
}
_KIND_AFTER: Final[dict[str, EntryKind]] = {
    "done": "performed",
    "failed": "failed",
    "unknown": "unknown",
}
_LATER: Final = timedelta(minutes=1)


class Refused(Exception):
    """Rolls the transaction back in which a claim was refused."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.why)
        self.refusal = refusal


class Performing:
    """Claims and performs.

    Attributes:
        lease: How long a claim holds.
    """

    lease = LEASE

    def __init__(
        self,
        *,
        gate: Gate,
        store: Store,
        desk: Opens,
        crm: CRM,
        recorder: Recorder,
        clock: Clock,
        owner: str,
    ) -> None:
        """Wire the parts; ``owner`` names this process in its claims."""
        self._gate = gate
        self._store = store
        self._desk = desk
        self._crm = crm
        self._recorder = recorder
        self._clock = clock
        self._owner = owner

    def perform(
        self, stored: StoredAction, review: Review, seen: tuple[int, ...], basis: str
    ) -> Next | None:
        """Record the judgement, claim, and perform.

        Raises:
            Refused: the claim was refused; nothing was written.
            LookupError: the action changed meanwhile; nothing was written.
            PermitError: it was claimed or performed already; nothing was written.
        """
        with self._store.write() as unit:
            held = self._claim(unit, stored, review, seen, basis)
            if self._crm.transactional:
                return self._done(unit, review.action, held, self._apply(unit, review.action))
        return self._outside(stored, review, held)

    def _claim(
        self, unit: Unit, stored: StoredAction, review: Review, seen: tuple[int, ...], basis: str
    ) -> Claim:
        action, now = review.action, self._clock.now()
        if action.subject:
            unit.lock_person(action.tenant, action.subject)
        to: ActionState = "approved" if stored.state == "approved" else "allowed"
        self._recorder.again(unit, review, now, since=stored.state, to=to, basis=basis)
        outbound = self._gate.kinds.get(action.kind).outbound
        held = claim(
            unit, action, owner=self._owner, now=now, seen=seen, outbound=outbound, lease=self.lease
        )
        if isinstance(held, Refusal):
            raise Refused(held)
        public = {"owner": held.owner, "fence": held.fence, "lease_until": held.lease_until}
        self._append(unit, "claimed", action, public)
        return held

    def _apply(self, unit: Unit, action: Action) -> Effect:
        """The effect in the claim's own transaction; what cannot be done leaves no trace in it."""
        savepoint = unit.conn.begin_nested()
        try:
            effect = self._crm.apply(action, unit)
        except ConnectorError as error:
            savepoint.rollback()
            detail = {"error": type(error).__name__}
            return Effect(action.id, "failed", action.id, self._clock.now(), detail)
        savepoint.commit()
        return effect

    def _outside(self, stored: StoredAction, review: Review, held: Claim) -> Next | None:
        try:
            effect = perform(self._crm, review.action, held, self._clock.now())
        except TransientConnectorError:
            return self._postpone(stored, review.action, held)
        with self._store.write() as unit:
            return self._done(unit, review.action, held, effect, review)

    def _done(
        self, unit: Unit, action: Action, held: Claim, effect: Effect, review: Review | None = None
    ) -> Next | None:
        """Record an effect; one that comes after the claim was taken away is only noted."""
        public: dict[str, Any] = {"outcome": effect.outcome, "fence": held.fence}
        public["detail"] = effect.detail or {}
        if not record_effect(unit, held, effect):
            self._append(unit, "note", action, {**public, "late": True})
            return None
        state = _STATE_AFTER[effect.outcome]
        now = self._clock.now()
        move_action(unit, action.tenant, action.id, to=state, since=["performing"], now=now)
        self._append(unit, _KIND_AFTER[effect.outcome], action, public)
        if not self._crm.transactional and effect.outcome != "failed":
            _touch(unit, action, now)
        if effect.outcome == "unknown" and review is not None:
            case = self._desk.open(unit, _doubtful(review))
            return Next("unknown", case.expires_at, why=f"case {case.id}")
        return Next(state, done=True)

    def _postpone(self, stored: StoredAction, action: Action, held: Claim) -> Next | None:
        """The outside system is down and certainly did nothing: come back later, then give up."""
        now, attempt = self._clock.now(), stored.attempt + 1
        wait = postponement(attempt)
        with self._store.write() as unit:
            if wait is None:
                effect = Effect(action.id, "failed", action.id, now, {"attempts": attempt})
                return self._done(unit, action, held, effect)
            until = now + wait
            if release(unit, held):
                move_action(
                    unit, action.tenant, action.id, to="deferred", since=["performing"], now=now,
                    until=until, attempt=attempt,
                )  # fmt: skip
                public = {"until": until, "tasks": [], "attempt": attempt, "reason": "crm-down"}
                self._append(unit, "deferred", action, public)
        return None

    def after_claim(self, stored: StoredAction) -> Next | None:
        """An action that somebody is performing, or began to."""
        with self._store.read() as conn:
            held = find_claim(conn, stored.tenant, stored.id)
        if held is None:
            return self.reconcile(stored)
        settled = held.lease_until + timedelta(seconds=self._settle_seconds())
        if settled > self._clock.now():
            return Next("performing", settled, why=f"{held.owner} is performing it")
        if not self._crm.looks_up_markers:
            return self._doubt(stored, held)
        try:
            found = self._crm.find(stored.tenant, stored.id)
        except TransientConnectorError:
            return Next("performing", self._clock.now() + _LATER, why="the CRM does not answer")
        except ConnectorError:
            return self._doubt(stored, held)
        return self._take_back(stored, held) if found is None else self._found(stored, held, found)

    def _settle_seconds(self) -> float:
        return self._crm.settle_seconds if self._crm.looks_up_markers else 0.0

    def _found(self, stored: StoredAction, held: Claim, effect: Effect) -> Next | None:
        """The marker is there: it happened, and the answer was lost."""
        with self._store.write() as unit:
            return self._done(unit, _shell(stored), held, effect)

    def _take_back(self, stored: StoredAction, held: Claim) -> Next | None:
        """The marker is certainly not there: nothing happened, so it may be judged and claimed."""
        now = self._clock.now()
        with self._store.write() as unit:
            if release(unit, held):
                to: ActionState = "approved" if stored.decision else "allowed"
                move_action(unit, stored.tenant, stored.id, to=to, since=["performing"], now=now)
                public = {"released": held.owner, "fence": held.fence}
                self._append(unit, "note", _shell(stored), public)
        return None

    def _doubt(self, stored: StoredAction, held: Claim) -> Next | None:
        """Nobody can know whether it happened: a person must look."""
        effect = Effect(stored.id, "unknown", stored.id, self._clock.now(), {"lost": held.owner})
        with self._store.write() as unit:
            kept = open_review(unit.conn, self._store.vault, stored)
            review = None if kept is None else kept.review()
            return self._done(unit, _shell(stored), held, effect, review)

    def reconcile(self, stored: StoredAction) -> Next | None:
        """The permit is used up: the effect says where the action stands."""
        sql = "select outcome from effects where tenant = ? and action = ?"
        now = self._clock.now()
        with self._store.write() as unit:
            outcome = execute(unit.conn, sql, (stored.tenant, stored.id)).scalar()
            current = find_action(unit.conn, stored.tenant, stored.id)
            if outcome is None or current is None or current.state != stored.state:
                return Next(stored.state, now + timedelta(seconds=1), why="it changed meanwhile")
            state = _STATE_AFTER[str(outcome)]
            move_action(unit, stored.tenant, stored.id, to=state, since=[stored.state], now=now)
            void(unit, stored.tenant, stored.id)
            public = {"outcome": outcome, "reconciled": True}
            self._append(unit, "note", _shell(stored), public)
        return None

    def _append(self, unit: Unit, kind: EntryKind, action: Action, public: dict[str, Any]) -> None:
        entry = Entry(
            kind, action.tenant, self._clock.now(), action.id, f"worker:{self._owner}", public
        )
        self._recorder.append(unit, [entry])


def _shell(stored: StoredAction) -> Action:
    """Enough of an action for entries."""
    return Action(
        stored.id, stored.kind, stored.agent, stored.tenant, stored.person,
        channel=stored.channel, purpose=stored.purpose, run=stored.run,
    )  # fmt: skip


def _touch(unit: Unit, action: Action, now: datetime) -> None:
    """Count a contact made through a remote CRM (perhaps made, where nobody knows) in the caps.

    The built-in CRM counts its own, in `BuiltinCRM.apply`.
    """
    channel = action.channel or ("phone" if action.kind == "call.place" else "")
    row = (
        action.tenant, action.id, action.subject, action.kind, channel, action.purpose,
        to_micros(now), action.id, action.run,
    )  # fmt: skip
    columns = ("tenant", "id", "contact", "kind", "channel", "purpose", "at", "action", "run")
    insert_many(unit.conn, "touches", columns, [row], or_ignore=True)


def _doubtful(review: Review) -> Review:
    """The review that a case about an unknown outcome shows."""
    fired = Fired("outcome-unknown", Ruling.ESCALATE, "core", overridable="operator")
    return replace(review, verdict=replace(review.verdict, ruling=Ruling.ESCALATE, fired=(fired,)))
