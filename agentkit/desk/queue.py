"""The queue: one line a case, and one line a kind of missing record data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from agentkit.canonical import from_json
from agentkit.store.instants import from_micros, to_micros
from agentkit.store.sql import execute

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["CaseSummary", "TaskGroup", "count_cases", "list_cases", "list_tasks", "time_left"]

_SEARCHED: Final = ("c.id", "a.agent", "a.kind", "a.channel", "c.articles", "c.gaps", "k.name")


@dataclass(frozen=True, slots=True)
class CaseSummary:
    """One line of the queue.

    Attributes:
        id: Id of the case.
        state: Where it stands; ``expired`` as soon as its time is over.
        action: Id of the action.
        action_digest: Digest of the action as judged.
        agent: Who proposed it.
        kind: Kind of the action.
        channel: Its channel.
        purpose: Its declared purpose.
        person: CRM id of the person concerned.
        name: The person's name, as far as the CRM has one.
        priority: Larger first.
        opened_at: When it was opened.
        expires_at: After this instant it is denied.
        claimed_by: Who has it open now; empty if nobody has.
        articles: Ids of the articles that fired.
        gaps: Facts that are missing.
        approvals: How many people have approved it as it stands.
        quorum: How many must.
    """

    id: str
    state: str
    action: str
    action_digest: str
    agent: str
    kind: str
    channel: str
    purpose: str
    person: str
    name: str
    priority: int
    opened_at: datetime
    expires_at: datetime
    claimed_by: str
    articles: tuple[str, ...]
    gaps: tuple[str, ...]
    approvals: int
    quorum: int

    @property
    def why(self) -> str:
        """The first reason, and how many more."""
        reasons = [*self.articles, *(f"{gap} missing" for gap in self.gaps)] or ["judged anew"]
        return reasons[0] + (f" +{len(reasons) - 1}" if len(reasons) > 1 else "")

    def left(self, now: datetime) -> str:
        """How long it can still be decided: ``71 h``, ``12 min``; else its state."""
        return time_left(self.expires_at, now) if self.state == "open" else self.state


@dataclass(frozen=True, slots=True)
class TaskGroup:
    """Missing data in one field.

    Attributes:
        field: The record field: ``contact.country``.
        people: How many records lack it.
        actions: How many actions wait for it.
        owners: Record owners and how many of the records each has, most first.
        oldest: When the first of them was noticed.
    """

    field: str
    people: int
    actions: int
    owners: tuple[tuple[str, int], ...]
    oldest: datetime


def time_left(until: datetime, now: datetime) -> str:
    """``9 d``, ``71 h``, ``12 min`` or ``over``: the largest unit that says enough."""
    left = until - now
    if left <= timedelta():
        return "over"
    for unit, word, enough in _UNITS:
        if left >= enough:
            return f"{left // unit} {word}"
    return f"{left // timedelta(minutes=1)} min"


_UNITS = (
    (timedelta(days=365), "y", timedelta(days=2 * 365)),
    (timedelta(days=1), "d", timedelta(days=4)),
    (timedelta(hours=1), "h", timedelta(hours=1)),
)
"""Unit, its word, and from how long on it is used."""


_LIST: Final = (
    "select c.id, c.state, c.action, c.action_digest, a.agent, a.kind, a.channel, a.purpose, "
    "a.person, coalesce(k.name, ''), c.priority, c.opened_at, c.expires_at, "
    "case when c.claimed_until > ? then c.claimed_by else '' end, c.articles, c.gaps, "
    '(select count(*) from decisions d where d.tenant = c.tenant and d."case" = c.id '
    "and d.choice = 'approve' and d.superseded = 0), c.quorum "
    "from cases c join actions a on a.tenant = c.tenant and a.id = c.action "
    "left join contacts k on k.tenant = a.tenant and k.id = a.person where c.tenant = ?"
)


def list_cases(
    conn: Connection, tenant: str, now: datetime, state: str, text: str, limit: int, offset: int
) -> Sequence[CaseSummary]:
    """Cases: the urgent ones first, then those that expire first."""
    micros = to_micros(now)
    sql, values = _LIST, [micros, tenant]
    clause, more = _in_state(state, micros)
    sql, values = sql + clause, [*values, *more]
    if text.strip():
        clause, more = _containing(text.strip())
        sql, values = sql + clause, [*values, *more]
    order = "c.priority desc, c.expires_at, c.id" if state == "open" else "c.opened_at desc, c.id"
    rows = execute(conn, f"{sql} order by {order} limit ? offset ?", (*values, limit, offset))
    return [_summary(row, micros) for row in rows.all()]


def count_cases(conn: Connection, tenant: str, state: str, now: datetime) -> int:
    """How many cases are in a state."""
    clause, more = _in_state(state, to_micros(now))
    sql = f"select count(*) from cases c where c.tenant = ?{clause}"
    return int(execute(conn, sql, (tenant, *more)).scalar_one())


def _in_state(state: str, now: int) -> tuple[str, list[Any]]:
    """A case whose time is over is no open case, also before anybody has noticed."""
    if not state:
        return "", []
    if state == "open":
        return " and c.state = 'open' and c.expires_at > ?", [now]
    if state == "expired":
        return " and (c.state = 'expired' or (c.state = 'open' and c.expires_at <= ?))", [now]
    return " and c.state = ?", [state]


def _containing(text: str) -> tuple[str, list[Any]]:
    """SQLite lowers ASCII only: a name is also looked for as names are written."""
    tests = [*(f"lower({column})" for column in _SEARCHED), "k.name"]
    clause = " or ".join(f"{test} like ? escape '!'" for test in tests)
    patterns = [text.lower()] * len(_SEARCHED) + [text.title()]
    return f" and ({clause})", [f"%{_escaped(p)}%" for p in patterns]


def _escaped(text: str) -> str:
    return text.replace("!", "!!").replace("%", "!%").replace("_", "!_")


def _summary(row: Sequence[Any], now: int) -> CaseSummary:
    values = list(row)
    if values[1] == "open" and values[12] <= now:
        values[1] = "expired"
    values[11], values[12] = from_micros(values[11]), from_micros(values[12])
    values[14], values[15] = tuple(from_json(values[14])), tuple(from_json(values[15]))
    return CaseSummary(*values)


def list_tasks(conn: Connection, tenant: str) -> Sequence[TaskGroup]:
    """Open data tasks by field, the largest first."""
    sql = (
        "select field, owner, count(*), min(opened_at) from data_tasks "
        "where tenant = ? and closed_at is null group by field, owner order by 3 desc, owner"
    )
    groups: dict[str, list[tuple[str, int, int]]] = {}
    for field, owner, people, oldest in execute(conn, sql, (tenant,)).all():
        groups.setdefault(field, []).append((owner, people, oldest))
    waiting = _waiting(conn, tenant)
    tasks = [
        TaskGroup(
            field=field,
            people=sum(people for _, people, _ in found),
            actions=waiting.get(field, 0),
            owners=tuple((owner, people) for owner, people, _ in found),
            oldest=from_micros(min(oldest for _, _, oldest in found)),
        )
        for field, found in groups.items()
    ]
    return sorted(tasks, key=lambda task: (-task.people, task.field))


def _waiting(conn: Connection, tenant: str) -> dict[str, int]:
    sql = (
        "select w.field, count(distinct w.action) from task_actions w join data_tasks t "
        "on t.tenant = w.tenant and t.field = w.field and t.contact = w.contact "
        "where w.tenant = ? and t.closed_at is null group by w.field"
    )
    return {field: int(actions) for field, actions in execute(conn, sql, (tenant,)).all()}
