"""Why a case was withdrawn: from the ledger's entry, and from what the person said."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from agentkit.canonical import from_json
from agentkit.case import Case
from agentkit.store.instants import from_micros, to_micros
from agentkit.store.sql import execute

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["undone_for", "why_ended"]

RECENT: Final = timedelta(days=7)
"""For how long the queue reminds an operator of what was undone."""

_STOPPED: Final = (
    "select at, public from entries where tenant = ? and action = ? and kind = 'stopped' "
    "order by id desc limit 1"
)
_EVENT: Final = (
    "select status, channel, purpose, brand, at, source from consent_events "
    "where tenant = ? and id = ?"
)
_REASONS: Final = {"suppressed": "the mailbox or number was put on the suppression list"}


def why_ended(conn: Connection, case: Case, action_state: str = "") -> str:
    """A sentence; empty where neither the case was withdrawn nor its approved action stopped."""
    if case.state != "withdrawn" and action_state != "stopped":
        return ""
    row = execute(conn, _STOPPED, (case.tenant, case.action)).first()
    if row is None:
        return "its action was judged afresh"
    public: dict[str, Any] = from_json(bytes(row[1]))
    event = execute(conn, _EVENT, (case.tenant, public.get("event", ""))).first()
    if event is None:
        reason = _REASONS.get(str(public.get("reason")), str(public.get("reason") or "stopped"))
        return f"{reason} on {from_micros(row[0]):%Y-%m-%d %H:%M} UTC{_undoes(conn, case, public)}"
    status, channel, purpose, brand, at, source = event
    scope = ", ".join(filter(None, (channel, purpose, brand))) or "everything"
    verb = "refused" if status == "refused" else "withdrew consent"
    told = f" ({source})" if source else ""
    when = f"{from_micros(at):%Y-%m-%d %H:%M} UTC"
    return f"the person {verb}: {scope}, on {when}{told}{_undoes(conn, case, public)}"


def undone_for(conn: Connection, tenant: str, operator: str, now: datetime) -> list[str]:
    """Ids of cases that an operator decided lately and that were stopped since, newest first."""
    sql = (
        'select distinct d."case", a.updated_at from decisions d join actions a '
        "on a.tenant = d.tenant and a.decision = d.id "
        'where d.tenant = ? and d."by" = ? and a.state = ? and a.updated_at > ? '
        "order by a.updated_at desc"
    )
    rows = execute(conn, sql, (tenant, operator, "stopped", to_micros(now - RECENT)))
    return [str(row[0]) for row in rows]


def _undoes(conn: Connection, case: Case, public: Mapping[str, Any]) -> str:
    """What of a person's decision became void."""
    sql = 'select "by", at from decisions where tenant = ? and id = ?'
    row = execute(conn, sql, (case.tenant, public.get("decision", ""))).first()
    if row is None:
        return ""
    return f"; the decision of {row[0]} on {from_micros(row[1]):%Y-%m-%d %H:%M} UTC is undone"
