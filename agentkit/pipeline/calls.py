"""Calls of tools that run in the agent's own process, claimed and recorded like every effect.

Their ids begin with `CALL`: workers never perform them, because the tool is not theirs. The agent
that asked performs them, at once or when it runs again; what waits, expires or was lost under a
claim is looked after by workers as everything else is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from agentkit.action import Action
from agentkit.context import Contact
from agentkit.engine import Next
from agentkit.errors import ConnectorError, StoreError, TransientConnectorError
from agentkit.permit import Claim, Effect
from agentkit.pipeline.lifecycle import LifeOfActions
from agentkit.pipeline.performing import Performing
from agentkit.store import Store, Unit, execute, to_micros
from agentkit.store.actions import StoredAction
from agentkit.verdict import Review

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = [
    "CALL",
    "CALL_LEASE",
    "AgentsLife",
    "CallAgain",
    "Calling",
    "ToolCalls",
    "is_call",
    "waiting_calls",
]

CALL: Final = "call-"
"""How the id of an action begins that its agent performs itself."""
CALL_LEASE: Final = timedelta(minutes=15)
"""How long a tool may run before others take its claim for lost and a person must look."""

_WAITING: Final = (
    f"select id from actions where tenant = ? and substr(id, 1, {len(CALL)}) = '{CALL}' "
    "and state in ('allowed', 'approved', 'deferred') and (deadline is null or deadline > ?)"
)


def is_call(action: str) -> bool:
    """Whether the agent performs this action itself."""
    return action.startswith(CALL)


def waiting_calls(conn: Connection, tenant: str, now: datetime) -> frozenset[str]:
    """Ids of calls that only wait for their agent: nothing that a worker could do."""
    return frozenset(str(row[0]) for row in execute(conn, _WAITING, (tenant, to_micros(now))))


class CallAgain(BaseException):
    """Raised by a tool that paused: it did nothing yet and must be run again from its start."""


class ToolCalls:
    """An outside system that is one function; nobody can ask it afterwards what it did."""

    transactional = False
    looks_up_markers = False
    settle_seconds = 0.0
    reads_own_writes = False

    def __init__(
        self,
        store: Store,
        now: Callable[[], datetime],
        call: Callable[[Action], Mapping[str, Any] | None] | None = None,
    ) -> None:
        """Remember the function; without one nothing can be performed."""
        self._store = store
        self._now = now
        self._call = call

    def contact(self, tenant: str, contact: str) -> Contact | None:  # noqa: ARG002
        """Tools know no contacts."""
        return None

    def record(self, tenant: str, kind: str, record: str) -> Mapping[str, Any] | None:  # noqa: ARG002
        """Tools know no records."""
        return None

    def apply(self, action: Action, unit: Unit) -> Effect:
        """Not in a transaction.

        Raises:
            ConnectorError: always.
        """
        raise ConnectorError(f"the tool of {action.id} runs outside a transaction: {unit!r:.0}")

    def perform(self, action: Action, claim: Claim) -> Effect:
        """Run the function once.

        Raises:
            ConnectorError: it says that it did nothing; it is not run again for that.
            UnknownOutcome: it says that it does not know.
        """
        if self._call is None:
            raise ConnectorError(f"action {action.id} is performed by its agent")
        self._extend(claim)
        try:
            detail = self._call(action)
        except TransientConnectorError as error:
            raise ConnectorError(error.message, hint=error.hint) from error
        return Effect(action.id, "done", action.id, self._now(), dict(detail or {}))

    def find(self, tenant: str, marker: str) -> Effect | None:  # noqa: ARG002
        """Tools leave no markers."""
        return None

    def _extend(self, claim: Claim) -> None:
        sql = (
            "update permits set lease_until = ? where tenant = ? and action = ? "
            "and state = 'claimed' and owner = ? and fence = ?"
        )
        until = to_micros(self._now() + CALL_LEASE)
        try:
            self._written(sql, (until, claim.tenant, claim.action, claim.owner, claim.fence))
        except StoreError as error:
            raise ConnectorError("the claim could not be held for the tool") from error

    def _written(self, sql: str, values: tuple[Any, ...]) -> None:
        with self._store.write() as unit:
            execute(unit.conn, sql, values)


class Calling(Performing):
    """Performs by a tool in this process."""

    def _outside(self, stored: StoredAction, review: Review, held: Claim) -> Next | None:
        try:
            return super()._outside(stored, review, held)
        except CallAgain:
            self._take_back(stored, held)
            return Next(stored.state, None, why="the tool paused, and is run again from its start")


class AgentsLife(LifeOfActions):
    """What workers do with calls: they expire, come back as cases, and are left to their agent."""

    def _go_on(self, stored: StoredAction) -> Next | None:
        return Next(stored.state, None, why="its agent performs it when it runs again")
