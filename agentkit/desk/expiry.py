"""What nobody decided in time is denied: silence is never consent."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from agentkit.desk import rows
from agentkit.entry import Entry
from agentkit.store.actions import move_action
from agentkit.store.instants import to_micros
from agentkit.store.sql import execute

if TYPE_CHECKING:
    from agentkit.store import Unit

__all__ = ["expire_cases"]

_DUE = (
    "select c.action, a.person from cases c join actions a on a.tenant = c.tenant "
    "and a.id = c.action where c.tenant = ? and c.state = 'open' and c.expires_at <= ?"
)


def expire_cases(
    unit: Unit, tenant: str, now: datetime, announce: Callable[[Unit, str], object]
) -> list[str]:
    """End the open cases whose time is over.

    Args:
        unit: The transaction.
        tenant: Whose.
        now: The instant.
        announce: Is told of every action that expired.

    Returns:
        Ids of those actions.
    """
    due = execute(unit.conn, _DUE, (tenant, to_micros(now))).all()
    unit.lock_people(tenant, {person for _, person in due})
    return [action for action, _ in due if _expire(unit, tenant, action, now, announce)]


def _expire(
    unit: Unit, tenant: str, action: str, now: datetime, announce: Callable[[Unit, str], object]
) -> bool:
    case = rows.open_case_of(unit.conn, tenant, action)
    if case is None:
        return False
    rows.close(unit.conn, tenant, "expired", column="id", value=case.id)
    move_action(unit, tenant, action, to="expired", since=("escalated",), now=now)
    public = {"case": case.id, "digest": case.action_digest}
    unit.append(Entry("expired", tenant, now, action=action, public=public))
    announce(unit, action)
    return True
