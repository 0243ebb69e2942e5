"""The pipeline as everybody else sees it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

from agentkit.action import Action
from agentkit.clock import Clock
from agentkit.crm import CRM
from agentkit.desk import Desk
from agentkit.engine import Next, due_actions, new_worker, waiting_until
from agentkit.entry import Entry
from agentkit.errors import AgentkitError, NotFound
from agentkit.gate import Gate
from agentkit.pipeline.calls import AgentsLife, Calling, ToolCalls, is_call, waiting_calls
from agentkit.pipeline.lifecycle import LifeOfActions
from agentkit.pipeline.messages import message_for
from agentkit.pipeline.performing import Performing
from agentkit.pipeline.proposing import Proposal, Proposer
from agentkit.pipeline.recording import Recorder
from agentkit.plugins import Plugins
from agentkit.settings import Settings
from agentkit.store import Store
from agentkit.store.actions import StoredAction, find_action, open_review

__all__ = ["Pipeline"]

Waker = Callable[[str, str], None]


class Pipeline:
    """propose -> examine -> judge -> (revise) -> decide -> perform -> record.

    Attributes:
        gate: Judges.
        store: The database.
        desk: Where people decide; its decisions wake what waits for them.
        crm: Where effects go.
        settings: What the installation says.
        clock: Tells the time.
        plugins: Those that examine.
        owner: Name of this process in its claims.
        waker: Tells the engine that an action changed; without one, a worker's sweep finds it.
    """

    def __init__(
        self,
        *,
        gate: Gate,
        store: Store,
        desk: Desk,
        crm: CRM,
        settings: Settings,
        clock: Clock,
        plugins: Plugins,
        owner: str = "",
    ) -> None:
        """Wire the parts."""
        self.gate = gate
        self.store = store
        self.desk = desk
        self.crm = crm
        self.settings = settings
        self.clock = clock
        self.plugins = plugins
        self.owner = owner or new_worker()
        self.waker: Waker | None = None
        self._recorder = Recorder(desk, plugins)
        self._proposer = Proposer(gate, store, self._recorder, clock)
        self._life = self._life_of(LifeOfActions, Performing, crm)
        self._agents_life = self._life_of(AgentsLife, Calling, ToolCalls(store, clock.now))
        desk.listeners.append(self.wake)

    def _life_of(
        self, life: type[LifeOfActions], performing: type[Performing], crm: CRM
    ) -> LifeOfActions:
        shared: dict[str, Any] = {
            "gate": self.gate, "store": self.store, "desk": self.desk, "recorder": self._recorder,
            "clock": self.clock,
        }  # fmt: skip
        return life(performing=performing(crm=crm, owner=self.owner, **shared), **shared)

    @property
    def settle_seconds(self) -> float:
        """How long after a lost claim the CRM is asked for its marker."""
        return self.crm.settle_seconds if self.crm.looks_up_markers else 0.0

    def propose(self, action: Action) -> Proposal:
        """Examine and judge an action, and record it with everything that follows.

        The same id proposed again is answered with the recorded state: nothing is judged twice,
        nothing is performed twice.

        Raises:
            InvalidAction: it cannot be judged at all; nothing was recorded.
            Conflict: another action has this id.
        """
        return self._proposer.propose(action)

    def propose_many(self, actions: Sequence[Action]) -> list[Proposal]:
        """`propose` in batches: one query a table, one classifier pass, one transaction each.

        Raises:
            InvalidAction: one of them cannot be judged at all; nothing of its batch was recorded.
            Conflict: another action has the id of one of them.
        """
        proposals = self._proposer.propose_many(actions)
        self.record_scores()
        return proposals

    async def apropose(self, action: Action) -> Proposal:
        """`propose` for callers that run an event loop."""
        return await self._proposer.apropose(action)

    def advance(self, tenant: str, action: str) -> Next:
        """Take an action one durable step further.

        Raises:
            NotFound: there is no such action.
        """
        life = self._agents_life if is_call(action) else self._life
        return life.advance(tenant, action)

    def perform_with(
        self, tenant: str, action: str, call: Callable[[Action], Mapping[str, Any] | None]
    ) -> Next:
        """Take a step of an action that its agent performs itself, by a function in this process.

        The function runs under a claim and at most once: a second caller, or the same one after a
        crash, is told where the action stands. Before it runs the action is judged as of now.

        Args:
            tenant: Whose.
            action: Its id; one that begins with `CALL` is left alone by workers.
            call: Is given the action as judged, with what a person edited; returns what to note
                of the effect, as plain JSON without personal data. A `ConnectorError` says that
                nothing happened; after any other error a person must look.

        Raises:
            NotFound: there is no such action.
        """
        crm = ToolCalls(self.store, self.clock.now, call)
        return self._life_of(LifeOfActions, Calling, crm).advance(tenant, action)

    def run_due(self, *, limit: int = 10_000) -> list[tuple[str, Next]]:
        """Advance everything that is due, here and now, without the durable engine.

        Returns:
            Id and outcome of every action that was advanced.
        """
        done: dict[str, Next] = {}
        while len(done) < limit:
            fresh = [i for i in self.due(limit=500 + len(done)) if i not in done]
            if not fresh:
                break
            for action in fresh:
                done[action] = self.advance(self.settings.tenant, action)
        return list(done.items())

    def due(self, *, limit: int = 500) -> list[str]:
        """Ids of the tenant's actions that can take a step now."""
        tenant, now = self.settings.tenant, self.clock.now()
        with self.store.read() as conn:
            theirs = waiting_calls(conn, tenant, now)
            due = due_actions(
                conn, tenant, now, settle_seconds=self.settle_seconds, limit=limit + len(theirs)
            )
        return [i for i in due if i not in theirs][:limit]

    def status(self, tenant: str, action: str) -> StoredAction:
        """The row of an action.

        Raises:
            NotFound: there is none.
        """
        with self.store.read() as conn:
            stored = find_action(conn, tenant, action)
        if stored is None:
            raise NotFound(f"there is no action {action!r:.60}", hint="check its id and tenant")
        return stored

    def message(self, tenant: str, action: str) -> str:
        """What an agent is told about an action now.

        Raises:
            NotFound: there is none.
        """
        stored = self.status(tenant, action)
        with self.store.read() as conn:
            kept = open_review(conn, self.store.vault, stored)
            decision = (
                self.desk.decision(conn, tenant, stored.decision) if stored.decision else None
            )
        review = None if kept is None else kept.review()
        message = message_for(stored.state, review, self.gate.policy)
        said = decision.reason if decision is not None else ""
        return f"{message}\nThe person said: {said}" if said else message

    def wake(self, tenant: str, action: str) -> None:
        """Say that an action changed; the rows are the truth, so a lost call loses nothing."""
        if self.waker is not None:
            self.waker(tenant, action)

    def next_due(self) -> datetime | None:
        """The earliest instant at which something that waits now becomes due; None: nothing."""
        with self.store.read() as conn:
            return waiting_until(conn, self.settings.tenant)

    def record_scores(self, *, all_of_them: bool = False) -> bool:
        """Write down what the classifier saw: distributions by head, once a thousand texts or day.

        Args:
            all_of_them: Also what is not due yet.

        Returns:
            Whether an entry was appended.
        """
        tally, now = self.gate.tally, self.clock.now()
        if not (all_of_them or tally.due(now)):
            return False
        counted = tally.drain()
        if counted is None:
            return False
        public = {**counted, "models": self.gate.models}
        with self.store.write() as unit:
            unit.append(Entry("scores", self.settings.tenant, now, actor="gate", public=public))
        return True

    def close(self) -> None:
        """Stop plugins and close the database."""
        with suppress(AgentkitError):  # a database that cannot be written: figures, no decision
            self.record_scores(all_of_them=True)
        self.plugins.stop()
        self.store.close()
