"""Which actions can take a step now: asked of the rows, which are the truth."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from agentkit.store.instants import from_micros, to_micros
from agentkit.store.sql import execute

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["due_actions", "open_actions", "open_tasks", "waiting_until"]

_FREE: Final = (
    "not exists (select 1 from stops s where s.tenant = a.tenant and s.lifted_at is null "
    "and s.scope in ('all', 'agent:' || a.agent, 'kind:' || a.kind, 'person:' || a.person))"
)
_SUPPLIED: Final = (
    "not exists (select 1 from task_actions t join data_tasks d on d.tenant = t.tenant "
    "and d.field = t.field and d.contact = t.contact where t.tenant = a.tenant "
    "and t.action = a.id and d.closed_at is null)"
)
_READY: Final = (
    "select a.id from actions a where a.tenant = ? and a.state in ('allowed', 'approved') "
    f"and {_FREE}"
)
_WAITED: Final = (
    "select a.id from actions a where a.tenant = ? and a.state = 'deferred' "
    f"and (a.until is null or a.until <= ?) and {_SUPPLIED} and {_FREE}"
)
_LATE: Final = (
    "select a.id from actions a where a.tenant = ? and a.deadline <= ? "
    "and a.state in ('allowed', 'approved', 'deferred', 'escalated')"
)
_UNDECIDED: Final = (
    "select a.id from cases c join actions a on a.tenant = c.tenant and a.id = c.action "
    "where c.tenant = ? and c.state = 'open' and c.expires_at <= ? "
    "and a.state in ('escalated', 'unknown')"
)
_LOST: Final = (
    "select a.id from actions a join permits p on p.tenant = a.tenant and p.action = a.id "
    "where a.tenant = ? and a.state = 'performing' and p.state = 'claimed' and p.lease_until <= ?"
)


def due_actions(
    conn: Connection, tenant: str, now: datetime, *, settle_seconds: float = 0.0, limit: int = 500
) -> list[str]:
    """Ids of actions that can take a step, those whose turn it is to be performed first.

    Args:
        conn: Any connection.
        tenant: Whose.
        now: The instant.
        settle_seconds: How long after a lost lease the CRM can be asked for its marker.
        limit: Most ids to give.
    """
    micros = to_micros(now)
    lost = to_micros(now - timedelta(seconds=settle_seconds))
    found: dict[str, None] = {}
    for sql, values in (
        (_READY, (tenant,)),
        (_WAITED, (tenant, micros)),
        (_LATE, (tenant, micros)),
        (_UNDECIDED, (tenant, micros)),
        (_LOST, (tenant, lost)),
    ):
        if len(found) < limit:
            rows = execute(conn, f"{sql} limit {limit - len(found)}", values)
            found.update((str(row[0]), None) for row in rows)
    return list(found)


def open_actions(conn: Connection, tenant: str, *, after: str = "", limit: int = 500) -> list[str]:
    """Ids of actions to which something may still happen, by id, after ``after``."""
    sql = (
        "select id from actions where tenant = ? and id > ? and state in ('allowed', 'approved', "
        f"'deferred', 'escalated', 'performing', 'unknown') order by id limit {limit}"
    )
    return [str(row[0]) for row in execute(conn, sql, (tenant, after))]


def open_tasks(conn: Connection, tenant: str, action: str) -> list[str]:
    """Record fields that an action still waits for."""
    sql = (
        "select t.field from task_actions t join data_tasks d on d.tenant = t.tenant "
        "and d.field = t.field and d.contact = t.contact where t.tenant = ? and t.action = ? "
        "and d.closed_at is null order by t.field"
    )
    return [str(row[0]) for row in execute(conn, sql, (tenant, action))]


def waiting_until(conn: Connection, tenant: str) -> datetime | None:
    """The earliest instant at which something that waits now becomes due; None: nothing does."""
    sql = (
        f"select min(at) from (select min(a.until) as at from actions a where a.tenant = ? "
        f"and a.state = 'deferred' and {_SUPPLIED} union all select min(expires_at) as at "
        "from cases where tenant = ? and state = 'open' union all select min(lease_until) as at "
        "from permits where tenant = ? and state = 'claimed') as instants"
    )
    found = execute(conn, sql, (tenant, tenant, tenant)).scalar()
    return None if found is None else from_micros(found)
