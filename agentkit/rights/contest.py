"""Contesting a decision: somebody who has not decided it looks at it again, in time.

GDPR Art. 22(3) and UK GDPR Art. 22C give the right to have a person look at a decision of software.
A contest is a case of its own, with its own clock: nothing is performed by it and silence does not
deny it; when the clock has run out, it says so until somebody answers.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import TYPE_CHECKING, Any, Final, Literal

from agentkit.case import Operator
from agentkit.entry import Entry
from agentkit.errors import Conflict, Forbidden, InvalidAction, NotFound
from agentkit.rights.deadlines import due_dates
from agentkit.store import execute, from_micros, insert_many, to_micros
from agentkit.store.actions import find_action

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from agentkit.store import Store, Unit

__all__ = ["Contest", "Outcome", "answer", "contest", "contests"]

Outcome = Literal["upheld", "overturned"]
_COLUMNS: Final = (
    "tenant", "id", "action", "contact", "state", "opened_at", "due_at", "cites", "by", "words",
    "decided_by", "decided_at", "answer",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Contest:
    """A decision that its person contests.

    Attributes:
        id: Identifier, short enough to type.
        action: Id of the action that was decided.
        person: CRM id.
        state: ``open``, ``upheld`` or ``overturned``.
        opened_at: When it was opened.
        due_at: The end of the last day on which it must be answered.
        cites: The law that says so.
        words: What the person says; empty where it is not kept any more.
        deciders: Who decided before: none of them may answer.
        decided_by: Who answered; empty while it is open.
        answer: The answer, in the person's language or the operator's.
    """

    id: str
    action: str
    person: str
    state: str
    opened_at: datetime
    due_at: datetime
    cites: str
    words: str
    deciders: tuple[str, ...]
    decided_by: str = ""
    answer: str = ""


def contest(
    store: Store, tenant: str, action: str, *, by: str, words: str = "",
    received: datetime | None = None,
) -> Contest:  # fmt: skip
    """Open a contest of a decision.

    Args:
        store: The database.
        tenant: Whose data.
        action: Id of the action.
        by: Who opens it for the person.
        words: What the person says.
        received: When the request came in; None: now.

    Raises:
        NotFound: there is no such action, or its person was erased.
        Conflict: nothing is decided yet, or it is contested already.
    """
    now = store.clock.now()
    with store.write() as unit:
        stored = find_action(unit.conn, tenant, action)
        if stored is None or stored.person.startswith("erased:"):
            raise NotFound(
                f"there is no decision {action!r:.60} about a person",
                hint="the page of `agentkit person export` has the number of each decision",
            )
        unit.lock_person(tenant, stored.person)
        if stored.state == "escalated":
            raise Conflict(
                "nothing is decided yet: it waits for a person anyway",
                hint="agentkit desk list shows it",
            )
        sql = "select id from contests where tenant = ? and action = ? and state = 'open'"
        known = execute(unit.conn, sql, (tenant, action)).scalar()
        if known is not None:
            raise Conflict(f"it is contested already, as {known}")
        due, cites = _due(unit.conn, tenant, stored.person, received or now)
        sealed = None
        if words.strip():
            sealed = unit.vault.encrypt(unit.conn, tenant, stored.person, {"words": words.strip()})
        id_ = secrets.token_hex(3)
        row = (
            tenant, id_, action, stored.person, "open", to_micros(now), to_micros(due), cites, by,
            sealed, "", None, None,
        )  # fmt: skip
        insert_many(unit.conn, "contests", _COLUMNS, [row])
        _append(unit, tenant, stored.person, action, by, now, {"contest": id_, "due_at": due})
    return find(store, tenant, id_)


def answer(
    store: Store, tenant: str, contest_id: str, operator: Operator, outcome: Outcome, words: str
) -> Contest:
    """Answer a contest.

    ``overturned`` undoes nothing by itself: the agent, or a person in the CRM, proposes what is
    right, and that passes the gate like anything else.

    Raises:
        NotFound: there is none.
        Conflict: it is answered already.
        Forbidden: the operator decided it before.
        InvalidAction: no reason is given.
    """
    if not words.strip():
        raise InvalidAction("the person is owed a reason", hint='add --reason "..."')
    now = store.clock.now()
    with store.write() as unit:
        row = _row(unit.conn, tenant, contest_id)
        unit.lock_person(tenant, row["contact"])
        if operator.name in _deciders(unit.conn, tenant, row["action"]):
            raise Forbidden(
                f"{operator.name} decided it before: somebody else must look at it",
                hint="hand it to another operator",
            )
        sealed = unit.vault.encrypt(unit.conn, tenant, row["contact"], {"words": words.strip()})
        sql = (
            "update contests set state = ?, decided_by = ?, decided_at = ?, answer = ? "
            "where tenant = ? and id = ? and state = 'open'"
        )
        values = (outcome, operator.name, to_micros(now), sealed, tenant, row["id"])
        if execute(unit.conn, sql, values).rowcount != 1:
            raise Conflict(f"contest {row['id']} is answered already")
        public = {"contest": row["id"], "outcome": outcome}
        _append(unit, tenant, row["contact"], row["action"], operator.name, now, public)
    return find(store, tenant, contest_id)


def contests(store: Store, tenant: str, state: str = "open") -> Sequence[Contest]:
    """Contests in a state, the most urgent first; an empty state means all."""
    sql = "select * from contests where tenant = ?" + (" and state = ?" if state else "")
    values = (tenant, state) if state else (tenant,)
    with store.read() as conn:
        rows = execute(conn, f"{sql} order by due_at, id", values).mappings().all()
        return [_noun(conn, store, dict(row)) for row in rows]


def find(store: Store, tenant: str, contest_id: str) -> Contest:
    """One contest.

    Raises:
        NotFound: there is none of this id.
    """
    with store.read() as conn:
        return _noun(conn, store, _row(conn, tenant, contest_id))


def _row(conn: Connection, tenant: str, contest_id: str) -> dict[str, Any]:
    sql = "select * from contests where tenant = ? and id = ?"
    row = execute(conn, sql, (tenant, contest_id.strip().lower())).mappings().first()
    if row is None:
        raise NotFound(
            f"there is no contest {contest_id!r:.40}", hint="agentkit person contests shows them"
        )
    return dict(row)


def _noun(conn: Connection, store: Store, row: dict[str, Any]) -> Contest:
    return Contest(
        id=row["id"],
        action=row["action"],
        person=row["contact"],
        state=row["state"],
        opened_at=from_micros(row["opened_at"]),
        due_at=from_micros(row["due_at"]),
        cites=row["cites"],
        words=_open(conn, store, row, "words"),
        deciders=tuple(_deciders(conn, row["tenant"], row["action"])),
        decided_by=row["decided_by"],
        answer=_open(conn, store, row, "answer"),
    )


def _open(conn: Connection, store: Store, row: dict[str, Any], column: str) -> str:
    if row[column] is None:
        return ""
    plain = store.vault.decrypt(conn, row["tenant"], row["contact"], bytes(row[column]))
    return "" if plain is None else str(plain["words"])


def _deciders(conn: Connection, tenant: str, action: str) -> list[str]:
    sql = (
        'select distinct d."by" from decisions d join cases c on c.tenant = d.tenant '
        'and c.id = d."case" where d.tenant = ? and c.action = ? order by 1'
    )
    return [row[0] for row in execute(conn, sql, (tenant, action))]


def _due(conn: Connection, tenant: str, person: str, received: datetime) -> tuple[datetime, str]:
    sql = "select country, region from contacts where tenant = ? and id = ?"
    row = execute(conn, sql, (tenant, person)).first()
    country, region = ("", "") if row is None else (row[0], row[1])
    first = due_dates("contest", country, region, received)[0]
    end = datetime.combine(first.on, time(23, 59, 59), tzinfo=UTC)
    return end, "; ".join(first.deadline.cites) or first.deadline.law


def _append(
    unit: Unit,
    tenant: str,
    person: str,
    action: str,
    by: str,
    now: datetime,
    public: dict[str, Any],
) -> None:
    public = {"right": "contest", **public}
    actor = f"operator:{by}"
    unit.append(
        Entry("right", tenant, now, action=action, actor=actor, public=public, person=person)
    )
