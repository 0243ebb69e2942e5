"""The desk: what waits for people, and what they decide.

Every decision is one transaction that compares and sets: of two operators who decide at once,
exactly one does. A decision is bound to the digest of the very text and arguments that the
operator saw. Nothing is performed here: an approved action goes back to the pipeline, which
examines and judges it again before it issues a permit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from agentkit.action import Action
from agentkit.case import Case, Choice, Decision, Operator
from agentkit.clock import Clock
from agentkit.desk import entries, rows, stops
from agentkit.desk.editing import check_editable, edited_action, priority_of
from agentkit.desk.expiry import expire_cases
from agentkit.desk.queue import CaseSummary, TaskGroup, count_cases, list_cases, list_tasks
from agentkit.desk.view import CaseView, Views
from agentkit.desk.waiver import Waiver, waiver_of
from agentkit.desk.wishes import settle
from agentkit.errors import Conflict, InvalidAction
from agentkit.settings import Settings
from agentkit.store.actions import (
    ActionState,
    StoredAction,
    find_action,
    move_action,
    update_review,
)
from agentkit.verdict import Review

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from agentkit.context import Stop
    from agentkit.gate import Gate
    from agentkit.store import Store, Unit

__all__ = ["Desk"]

_DECIDABLE: Final[tuple[ActionState, ...]] = ("escalated", "unknown")
"""States of an action that people decide about: judged so, or nobody knows whether it happened."""


class Desk:
    """Cases of one tenant.

    Attributes:
        listeners: Called with tenant and action id after every decision or expiry has committed:
            the pipeline takes the action on from there.
    """

    def __init__(
        self, store: Store, gate: Gate, settings: Settings, clock: Clock | None = None
    ) -> None:
        """Wire the parts; nothing is read yet."""
        self.store = store
        self.gate = gate
        self.settings = settings
        self.clock = clock or store.clock
        self.tenant = settings.tenant
        self.listeners: list[Callable[[str, str], object]] = []
        self._views = Views(store, gate)

    # Opening

    def open(
        self,
        unit: Unit,
        review: Review,
        *,
        priority: int | None = None,
        expires_at: datetime | None = None,
    ) -> Case:
        """Put an action before people, in the transaction that recorded it as escalated.

        The open case of the same action is returned where nothing changed, and withdrawn where it
        did: nobody approves what they did not see.

        Args:
            unit: The transaction; the action's row is there already.
            review: The judgement.
            priority: Larger first; None works it out from the action.
            expires_at: After this instant it is denied; None: as the settings say.
        """
        action, now = review.action, self.clock.now()
        articles = tuple(f.article for f in review.verdict.fired)
        gaps = tuple(g.fact for g in review.verdict.gaps)
        known = rows.open_case_of(unit.conn, action.tenant, action.id)
        if known is not None:
            seen = (known.action_digest, known.articles, known.gaps)
            if seen == (action.digest, articles, gaps):
                return known
            self.withdraw(unit, action.tenant, action.id)
        case = Case(
            id=rows.free_id(unit.conn, action.tenant, action.id),
            tenant=action.tenant,
            action=action.id,
            action_digest=action.digest,
            state="open",
            opened_at=now,
            expires_at=expires_at or self._expiry(action, now),
            priority=priority_of(review, now) if priority is None else priority,
            articles=articles,
            gaps=gaps,
            quorum=self.settings.quorum,
        )
        rows.insert_case(unit, case)
        unit.append(entries.opened(case, now))
        return case

    def withdraw(self, unit: Unit, tenant: str, action: str) -> int:
        """Take the open cases of an action off the desk; the caller appends the entry about it.

        Returns:
            How many were open.
        """
        return rows.close(unit.conn, tenant, "withdrawn", column="action", value=action)

    def _expiry(self, action: Action, now: datetime) -> datetime:
        latest = now + timedelta(hours=self.settings.case_hours)
        return latest if action.deadline is None else min(latest, action.deadline)

    # Reading

    def list(
        self,
        *,
        state: str = "open",
        text: str = "",
        limit: int = 500,
        offset: int = 0,
    ) -> Sequence[CaseSummary]:
        """Cases in the order in which they should be read.

        Args:
            state: ``open``, ``decided``, ``expired``, ``withdrawn``, or empty for all.
            text: Only those whose id, person, agent, kind, channel or articles contain this.
            limit: Most of them.
            offset: How many to skip.
        """
        now = self.clock.now()
        with self.store.read() as conn:
            return list_cases(conn, self.tenant, now, state, text, limit, offset)

    def count(self, state: str = "open") -> int:
        """How many cases are in a state."""
        with self.store.read() as conn:
            return count_cases(conn, self.tenant, state, self.clock.now())

    def case(self, case_id: str) -> CaseView:
        """Everything that a person needs to decide.

        Raises:
            NotFound: there is no such case.
        """
        return self._views.case(self.tenant, case_id.strip().lower())

    def waiver(self, view: CaseView, operator: Operator) -> Waiver:
        """What this operator's approval of what is shown would waive, and what forbids it."""
        return waiver_of(view.verdict, view.gap_roles, operator)

    def decision(self, conn: Connection, tenant: str, decision_id: str) -> Decision | None:
        """A decision by its id, with its reason: ``actions.decision`` names the one that counts."""
        return rows.find_decision(conn, self.store.vault, tenant, decision_id)

    def tasks(self) -> Sequence[TaskGroup]:
        """Missing record data, one line a field: what to fill in, and how much waits for it."""
        with self.store.read() as conn:
            return list_tasks(conn, self.tenant)

    # Deciding

    def claim(self, case_id: str, operator: Operator) -> Case:
        """Take a case for a quarter of an hour: nobody else can decide it meanwhile.

        Raises:
            Conflict: somebody else has it, or it is decided; Expired: it is too late.
        """
        now = self.clock.now()
        with self.store.write() as unit:
            case, _ = self._held(unit, case_id, operator, None, now)
            public = {"case": case.id, "until": now + rows.LEASE}
            unit.append(entries.noted("claimed_case", case, operator, now, public))
        return case

    def release(self, case_id: str, operator: Operator) -> bool:
        """Give a claimed case back; False where the operator does not hold it."""
        with self.store.write() as unit:
            return rows.let_go(unit.conn, self.tenant, case_id, operator)

    def approve(self, case_id: str, operator: Operator, digest: str, reason: str = "") -> Decision:
        """Approve exactly what was seen; it waives overridable articles and gaps, and nothing else.

        The action is approved once as many different people as the quorum asks for have done so.

        Raises:
            Forbidden: something that fired takes a role that the operator does not have.
            Conflict: somebody was first, or the case changed; Expired: it is too late.
        """
        now = self.clock.now()
        with self.store.write() as unit:
            case, stored = self._held(unit, case_id, operator, digest, now)
            waiver = waiver_of(stored.verdict, self._views.gap_roles(unit.conn, stored), operator)
            waiver.check(operator)
            approvers = rows.approvers(unit.conn, self.tenant, case.id, digest)
            if operator.name in approvers:
                raise Conflict(
                    f"{operator.name} has approved case {case.id} already",
                    hint=f"{case.quorum} different people must: hand it to another",
                )
            decision = entries.decision_of(case, "approve", operator, now, reason, waiver)
            rows.insert_decision(unit, self.tenant, stored.person, decision)
            given = len(approvers) + 1
            unit.append(entries.decided(case, decision, stored.person, f"{given}/{case.quorum}"))
            if given < case.quorum:
                rows.let_go(unit.conn, self.tenant, case.id, operator)
            else:
                self._close(unit, case, stored, decision, "approved", now)
        return decision

    def reject(self, case_id: str, operator: Operator, digest: str, reason: str) -> Decision:
        """Refuse; the reason becomes the message to the agent.

        Raises:
            InvalidAction: no reason is given.
            Conflict: somebody was first, or the case changed; Expired: it is too late.
        """
        return self._refuse("reject", case_id, operator, digest, reason)

    def respond(self, case_id: str, operator: Operator, digest: str, message: str) -> Decision:
        """Answer the agent instead of letting it act, with what it should do or know.

        Raises:
            InvalidAction: the message is empty.
            Conflict: somebody was first, or the case changed; Expired: it is too late.
        """
        return self._refuse("respond", case_id, operator, digest, message)

    def _refuse(
        self, choice: Choice, case_id: str, operator: Operator, digest: str, reason: str
    ) -> Decision:
        if not reason.strip():
            raise InvalidAction(
                "a reason is needed: the agent reads it", hint="one sentence is enough"
            )
        now = self.clock.now()
        with self.store.write() as unit:
            case, stored = self._held(unit, case_id, operator, digest, now)
            decision = entries.decision_of(case, choice, operator, now, reason.strip(), Waiver())
            rows.insert_decision(unit, self.tenant, stored.person, decision)
            unit.append(entries.decided(case, decision, stored.person, ""))
            self._close(unit, case, stored, decision, "rejected", now)
        return decision

    def edit(
        self,
        case_id: str,
        operator: Operator,
        digest: str,
        *,
        text: str | None = None,
        args: Mapping[str, Any] | None = None,
    ) -> CaseView:
        """Change the text or the arguments; the gate judges the result, and the case shows it.

        Approvals given before were for another text: they do not count any more.

        Args:
            case_id: The case.
            operator: Who edits; the case is theirs for a quarter of an hour.
            digest: What they saw.
            text: The whole new text; None leaves it.
            args: All arguments; None leaves them.

        Raises:
            InvalidAction: nothing changes, or the result would be another action.
            Conflict: somebody was first, or the case changed; Expired: it is too late.
        """
        view = self.case(case_id)
        if view.action is None:
            raise Conflict("the person was erased: there is nothing left to edit")
        check_editable(view.action)
        edited = edited_action(view.action, text, args)
        review = self.gate.review(edited)
        review = review.after(view.review(view.action))
        now = self.clock.now()
        with self.store.write() as unit:
            case, stored = self._held(unit, view.case.id, operator, digest, now)
            self._rewrite(unit, case, review, now)
            decision = entries.decision_of(case, "edit", operator, now, "", Waiver())
            rows.insert_decision(unit, self.tenant, stored.person, decision)
            unit.append(entries.edited(case, view.action, review, operator, now))
        return self.case(case.id)

    def expire(self) -> Sequence[str]:
        """Deny what nobody decided in time: silence is never consent.

        Returns:
            Ids of the actions that expired.
        """
        with self.store.write() as unit:
            return expire_cases(unit, self.tenant, self.clock.now(), self._announce)

    # Stop switches

    def stop(self, scope: str, operator: Operator, reason: str) -> Stop:
        """Pull a stop switch: nothing in its scope runs until somebody lifts it.

        Args:
            scope: ``all``, ``agent:NAME``, ``kind:NAME`` or ``person:ID``.
            operator: Who pulls it.
            reason: Why.

        Raises:
            InvalidAction: there is no such scope.
        """
        with self.store.write() as unit:
            return stops.stop(unit, self.tenant, scope, operator, reason, self.clock.now())

    def lift(self, scope: str, operator: Operator, reason: str) -> int:
        """Lift every stop switch of a scope; who resumed, and why, stands in the ledger.

        Raises:
            InvalidAction: no reason is given; NotFound: no switch of this scope is pulled.
        """
        with self.store.write() as unit:
            return stops.lift(unit, self.tenant, scope, operator, reason, self.clock.now())

    def stops(self) -> Sequence[Stop]:
        """The stop switches that hold."""
        with self.store.read() as conn:
            return stops.in_force(conn, self.tenant)

    # Parts of a decision

    def _held(
        self, unit: Unit, case_id: str, operator: Operator, digest: str | None, now: datetime
    ) -> tuple[Case, StoredAction]:
        """The case and its action, held until the transaction ends.

        The person's lock comes first, as in every withdrawal: two orders would deadlock.
        """
        case_id = case_id.strip().lower()
        case = rows.find_case(unit.conn, self.store.vault, self.tenant, case_id)
        stored = find_action(unit.conn, self.tenant, case.action)
        if stored is None:
            raise Conflict(f"case {case_id} has lost its action", hint="agentkit ledger verify")
        unit.lock_person(self.tenant, stored.person)
        rows.hold(unit, self.tenant, case_id, operator, digest or case.action_digest, now)
        case = rows.find_case(unit.conn, self.store.vault, self.tenant, case_id)
        fresh = find_action(unit.conn, self.tenant, case.action)
        if fresh is None or fresh.state not in _DECIDABLE:
            state = "gone" if fresh is None else fresh.state
            raise Conflict(
                f"the action of case {case_id} is {state} by now",
                hint="agentkit desk list shows what still waits",
            )
        return case, fresh

    def _close(
        self,
        unit: Unit,
        case: Case,
        stored: StoredAction,
        decision: Decision,
        to: ActionState,
        now: datetime,
    ) -> None:
        rows.close(unit.conn, self.tenant, "decided", column="id", value=case.id)
        to = settle(unit, self.tenant, stored, case, decision, now) or to
        moved = move_action(
            unit, self.tenant, case.action, to=to, since=_DECIDABLE, now=now, decision=decision.id
        )
        if not moved:
            raise Conflict(f"the action of case {case.id} changed while you decided")
        self._announce(unit, case.action)

    def _rewrite(self, unit: Unit, case: Case, review: Review, now: datetime) -> None:
        moved = update_review(unit, review, to="escalated", since=("escalated",), now=now)
        if not moved:
            raise Conflict(
                f"case {case.id} is about an action that may have happened: it cannot be edited",
                hint="look in the outside system, then approve a second attempt or reject it",
            )
        rows.change(unit.conn, case, review)

    def _announce(self, unit: Unit, action: str) -> None:
        for listener in self.listeners:
            unit.after_commit(partial(listener, self.tenant, action))
