"""Proposing: examine, judge, and record in one transaction; the same id never twice."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from sqlalchemy.exc import IntegrityError

from agentkit.action import Action
from agentkit.clock import Clock
from agentkit.collector import collector_rests
from agentkit.errors import Conflict
from agentkit.gate import Gate
from agentkit.pipeline.messages import message_for
from agentkit.pipeline.recording import Recorder
from agentkit.store import Store, execute
from agentkit.store.actions import (
    STATE_OF,
    ActionState,
    StoredAction,
    find_actions,
    open_review,
)
from agentkit.verdict import Review

__all__ = ["BATCH", "Proposal", "Proposer"]

BATCH: Final = 1000
"""Actions in one transaction: long enough to be fast, short enough to let others write."""


@dataclass(frozen=True)
class Proposal:
    """The answer to a proposal.

    Attributes:
        action: The action as judged: the last revision.
        state: Where it stands.
        review: What the gate found; None where the person has been erased since.
        message: For the agent, in plain words.
        case: Id of the case that it waits behind; empty if none was opened now.
        known: It was proposed before: this is the recorded state, nothing was judged again.
    """

    action: Action
    state: ActionState
    review: Review | None
    message: str
    case: str = ""
    known: bool = False


class Proposer:
    """Judges proposals and records what follows."""

    def __init__(self, gate: Gate, store: Store, recorder: Recorder, clock: Clock) -> None:
        """Wire the parts."""
        self._gate = gate
        self._store = store
        self._recorder = recorder
        self._clock = clock

    def propose(self, action: Action) -> Proposal:
        """Judge one action and record it.

        Raises:
            InvalidAction: it cannot be judged at all; nothing was recorded.
            Conflict: another action has this id.
        """
        return self.propose_many([action])[0]

    def propose_many(self, actions: Sequence[Action]) -> list[Proposal]:
        """Judge and record actions, `BATCH` of them in a transaction.

        Raises:
            InvalidAction: one cannot be judged at all; the batches before it are recorded.
            Conflict: another action has the id of one of them.
        """
        proposals: list[Proposal] = []
        for batch in _batches(actions):
            with collector_rests(len(batch)):
                known = self._known(batch)
                fresh = [a for a in batch if a.id not in known]
                proposals += self._answer(batch, known, self._gate.review_many(fresh))
        return proposals

    async def apropose(self, action: Action) -> Proposal:
        """`propose`, awaiting asynchronous plugins; the database is written in a thread."""
        checked = self._gate.check(action)
        known = await asyncio.to_thread(self._known, [checked])
        reviews = [] if known else [await self._gate.areview(checked)]
        return (await asyncio.to_thread(self._answer, [checked], known, reviews))[0]

    def _answer(
        self, batch: Sequence[Action], known: dict[str, Proposal], reviews: Sequence[Review]
    ) -> list[Proposal]:
        """Record the reviews; where another process was first, its record is the answer."""
        made: dict[str, Proposal] = {}
        if reviews:
            try:
                made = self._record(reviews)
            except IntegrityError:
                known = known | self._known([r.proposed for r in reviews])
                left = [r for r in reviews if r.action.id not in known]
                made = self._record(left) if left else {}
        return [made.get(a.id) or known[a.id] for a in batch]

    def _record(self, reviews: Sequence[Review]) -> dict[str, Proposal]:
        with self._store.write() as unit:
            cases = self._recorder.first(unit, reviews, self._clock.now())
        return {r.action.id: self._proposal(r, cases.get(r.action.id, "")) for r in reviews}

    def _proposal(self, review: Review, case: str) -> Proposal:
        state = STATE_OF[review.verdict.ruling]
        message = message_for(state, review, self._gate.policy, case)
        return Proposal(review.action, state, review, message, case)

    def _known(self, batch: Sequence[Action]) -> dict[str, Proposal]:
        """Answers for actions that were proposed before."""
        tenant = batch[0].tenant
        with self._store.read() as conn:
            rows = find_actions(conn, tenant, [a.id for a in batch])
            if not rows:
                return {}
            kept = {i: open_review(conn, self._store.vault, row) for i, row in rows.items()}
            sql = "select id from cases where tenant = ? and action = ? and state = 'open'"
            cases = {i: execute(conn, sql, (tenant, i)).scalar() or "" for i in rows}
        answers: dict[str, Proposal] = {}
        for action in batch:
            row = rows.get(action.id)
            if row is None:
                continue
            stored = kept[action.id]
            review = None if stored is None else stored.review()
            _check_same(action, row, review)
            message = message_for(row.state, review, self._gate.policy, str(cases[action.id]))
            judged = action if review is None else review.action
            answers[action.id] = Proposal(
                judged, row.state, review, message, str(cases[action.id]), known=True
            )
        return answers


def _check_same(action: Action, row: StoredAction, review: Review | None) -> None:
    """The same id must mean the same action; salts differ, as each is drawn."""
    if review is None:
        return
    proposed = review.proposed
    if replace(action, salt=proposed.salt).digest != proposed.digest:
        raise Conflict(
            f"action {action.id!r} was proposed before with another content, and is {row.state}",
            hint="give each action an id of its own; the same id means the same action",
        )


def _batches(actions: Sequence[Action]) -> Iterator[list[Action]]:
    """Runs of one tenant, in order, at most `BATCH` long, no id twice in one.

    Nor twice the same kind of action for the same person in the same run: the second is judged
    when the first is on record.
    """
    batch: list[Action] = []
    seen: set[tuple[str, ...]] = set()
    for action in actions:
        marks: set[tuple[str, ...]] = {(action.id,)}
        if action.run:
            marks.add((action.run, action.kind, action.subject))
        full = len(batch) >= BATCH or not seen.isdisjoint(marks)
        if batch and (full or action.tenant != batch[0].tenant):
            yield batch
            batch, seen = [], set()
        batch.append(action)
        seen |= marks
    if batch:
        yield batch
