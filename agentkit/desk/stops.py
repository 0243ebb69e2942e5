"""Stop switches: a person pulls one, and nothing in its scope runs until a person lifts it."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final

from agentkit.case import Operator
from agentkit.context import Stop
from agentkit.entry import Entry
from agentkit.errors import InvalidAction, NotFound
from agentkit.store.instants import from_micros, to_micros
from agentkit.store.sql import execute, insert_many

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from agentkit.store import Unit

__all__ = ["in_force", "lift", "stop"]

_SCOPES: Final = ("agent", "kind", "person")
_COLUMNS: Final = ("tenant", "id", "scope", "by", "at", "reason", "lifted_at", "lifted_by")


def stop(
    unit: Unit, tenant: str, scope: str, operator: Operator, reason: str, now: datetime
) -> Stop:
    """Pull a switch; pulling it twice is no error, and both pulls are recorded.

    Raises:
        InvalidAction: there is no such scope.
    """
    scope = _checked(scope)
    id_, why = secrets.token_hex(8), reason.strip()
    row = (tenant, id_, scope, operator.name, to_micros(now), why, None, "")
    insert_many(unit.conn, "stops", _COLUMNS, [row])
    unit.append(_entry("stopped", tenant, scope, operator, reason, now))
    return Stop(scope, operator.name, now, why)


def lift(
    unit: Unit, tenant: str, scope: str, operator: Operator, reason: str, now: datetime
) -> int:
    """Lift every switch of a scope.

    Raises:
        InvalidAction: no such scope, or no reason is given.
        NotFound: no switch of this scope is pulled.
    """
    scope = _checked(scope)
    if not reason.strip():
        raise InvalidAction("say why it may run again: the ledger keeps it")
    sql = (
        "update stops set lifted_at = ?, lifted_by = ? where tenant = ? and scope = ? "
        "and lifted_at is null"
    )
    lifted = execute(unit.conn, sql, (to_micros(now), operator.name, tenant, scope)).rowcount
    if not lifted:
        held = ", ".join(s.scope for s in in_force(unit.conn, tenant)) or "none"
        raise NotFound(f"no stop switch {scope!r:.60} is pulled", hint=f"pulled: {held}")
    unit.append(_entry("lifted", tenant, scope, operator, reason, now))
    return lifted


def in_force(conn: Connection, tenant: str) -> Sequence[Stop]:
    """The switches that hold, oldest first."""
    sql = (
        'select scope, "by", at, reason from stops where tenant = ? and lifted_at is null '
        "order by at, id"
    )
    rows = execute(conn, sql, (tenant,)).all()
    return tuple(Stop(scope, by, from_micros(at), reason) for scope, by, at, reason in rows)


def _checked(scope: str) -> str:
    kind, _, name = scope.strip().partition(":")
    if scope.strip() == "all" or (kind in _SCOPES and name):
        return scope.strip()
    raise InvalidAction(
        f"{scope!r:.60} is no scope of a stop switch",
        hint="write all, agent:NAME, kind:NAME or person:ID",
    )


def _entry(
    kind: str, tenant: str, scope: str, operator: Operator, reason: str, now: datetime
) -> Entry:
    """The scope of one person is not written in clear: the entry carries the person's token."""
    word, _, name = scope.partition(":")
    person = name if word == "person" else ""
    return Entry(
        "stopped" if kind == "stopped" else "lifted",
        tenant,
        now,
        actor=f"operator:{operator.name}",
        public={"scope": "person" if person else scope},
        private={"reason": reason.strip()} if reason.strip() else None,
        person=person,
    )
