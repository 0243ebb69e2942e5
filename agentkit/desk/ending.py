"""Why a case was withdrawn: from the ledger's entry, and from what the person said."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from agentkit.canonical import from_json
from agentkit.case import Case
from agentkit.store.instants import from_micros
from agentkit.store.sql import execute

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["why_ended"]

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
        return f"{reason} on {from_micros(row[0]):%Y-%m-%d %H:%M} UTC"
    status, channel, purpose, brand, at, source = event
    scope = ", ".join(filter(None, (channel, purpose, brand))) or "everything"
    verb = "refused" if status == "refused" else "withdrew consent"
    told = f" ({source})" if source else ""
    return f"the person {verb}: {scope}, on {from_micros(at):%Y-%m-%d %H:%M} UTC{told}"
