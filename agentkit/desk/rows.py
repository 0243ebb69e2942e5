"""Cases and decisions as rows: plain SQL, compare and set, reasons encrypted."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from agentkit.canonical import canonical, from_json
from agentkit.case import Case, CaseState, Decision, Operator
from agentkit.desk.ending import why_ended
from agentkit.errors import AgentkitError, Conflict, Expired, NotFound
from agentkit.store.instants import from_micros, to_micros
from agentkit.store.sql import execute, insert_many
from agentkit.verdict import Review

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from agentkit.store import Unit, Vault

__all__ = [
    "LEASE",
    "approvers",
    "change",
    "close",
    "find_case",
    "find_case_alone",
    "find_decision",
    "find_decisions",
    "free_id",
    "hold",
    "insert_case",
    "insert_decision",
    "let_go",
    "open_case_of",
    "plain",
    "read_case",
    "refusal",
    "select_case",
    "spoken",
]

LEASE: Final = timedelta(minutes=15)
"""How long a case stays with the operator who claimed it."""
_ALPHABET: Final = "23456789abcdefghjkmnpqrstuvwxyz"
"""No 0, 1, i, l, o: an id is read aloud and typed."""
_CASE: Final = (
    "id", "tenant", "action", "action_digest", "state", "opened_at", "expires_at", "priority",
    "claimed_by", "articles", "gaps", "quorum",
)  # fmt: skip
_DECISION: Final = (
    "id", "case", "choice", "by", "roles", "at", "action_digest", "waives", "waives_gaps", "reason",
)  # fmt: skip
_VERBS: Final = {
    "approve": "approved",
    "edit": "edited",
    "reject": "rejected",
    "respond": "answered",
}


def free_id(conn: Connection, tenant: str, action: str) -> str:
    """An id of five characters that no case of the tenant has.

    It follows from the action, so that the same run gives the same ids.
    """
    for attempt in range(1000):
        number = int.from_bytes(sha256(f"{tenant}\0{action}\0{attempt}".encode()).digest()[:8])
        letters = ""
        for _ in range(5 + attempt // 20):
            number, letter = divmod(number, len(_ALPHABET))
            letters += _ALPHABET[letter]
        sql = "select 1 from cases where tenant = ? and id = ?"
        if execute(conn, sql, (tenant, letters)).first() is None:
            return letters
    raise Conflict(f"no free case id was found for action {action}", hint="open it again")


def insert_case(unit: Unit, case: Case) -> None:
    """Insert a case without decisions."""
    columns = (*_CASE, "claimed_until")
    row = [getattr(case, name) for name in _CASE]
    insert_many(unit.conn, "cases", columns, [(*(plain(v) for v in row), None)])


def plain(value: Any) -> Any:
    """A value as its column keeps it."""
    if isinstance(value, datetime):
        return to_micros(value)
    return canonical(value).decode() if isinstance(value, tuple) else value


def select_case(where: str) -> str:
    """A select of all columns of a case."""
    return f"select {', '.join(f'c.{name}' for name in _CASE)} from cases c where {where}"


def read_case(row: Sequence[Any], decisions: Iterable[Decision] = ()) -> Case:
    """A row of `select_case` as the noun."""
    values = dict(zip(_CASE, row, strict=True))
    for name in ("opened_at", "expires_at"):
        values[name] = from_micros(values[name])
    for name in ("articles", "gaps"):
        values[name] = tuple(from_json(values[name]))
    return Case(**values, decisions=tuple(decisions))


def find_case(conn: Connection, vault: Vault, tenant: str, case_id: str) -> Case:
    """A case with its decisions.

    Raises:
        NotFound: there is none of this id.
    """
    row = execute(conn, select_case("c.tenant = ? and c.id = ?"), (tenant, case_id)).first()
    if row is None:
        raise NotFound(f"there is no case {case_id!r:.40}", hint="agentkit desk list shows them")
    return read_case(row, find_decisions(conn, vault, tenant, case_id))


def find_case_alone(conn: Connection, tenant: str, case_id: str) -> Case:
    """A case without its decisions; the caller knows that it is there."""
    sql = select_case("c.tenant = ? and c.id = ?")
    return read_case(execute(conn, sql, (tenant, case_id)).one())


def open_case_of(conn: Connection, tenant: str, action: str) -> Case | None:
    """The open case of an action."""
    sql = select_case("c.tenant = ? and c.action = ? and c.state = 'open'")
    row = execute(conn, sql, (tenant, action)).first()
    return None if row is None else read_case(row)


def insert_decision(unit: Unit, tenant: str, person: str, decision: Decision) -> None:
    """Insert a decision; its reason, which may name the person, under the person's key."""
    reason = ""
    if decision.reason:
        sealed = unit.vault.encrypt(unit.conn, tenant, person, {"reason": decision.reason})
        reason = b64encode(sealed).decode()
    row = (
        tenant, decision.id, decision.case, decision.choice, decision.by,
        canonical(sorted(decision.roles)).decode(), to_micros(decision.at), decision.action_digest,
        canonical(decision.waives).decode(), canonical(decision.waives_gaps).decode(), reason, 0,
    )  # fmt: skip
    insert_many(unit.conn, "decisions", ("tenant", *_DECISION, "superseded"), [row])


_DECISIONS_SQL: Final = (
    "select a.person, " + ", ".join(f'd."{name}"' for name in _DECISION) + " from decisions d "
    'join cases c on c.tenant = d.tenant and c.id = d."case" '
    "join actions a on a.tenant = c.tenant and a.id = c.action where d.tenant = ? and "
)


def find_decisions(
    conn: Connection, vault: Vault, tenant: str, case_id: str
) -> tuple[Decision, ...]:
    """All decisions of a case, oldest first."""
    rows = execute(conn, f'{_DECISIONS_SQL} d."case" = ? order by d.at, d.id', (tenant, case_id))
    return tuple(_read_decision(conn, vault, tenant, row) for row in rows.all())


def find_decision(conn: Connection, vault: Vault, tenant: str, decision_id: str) -> Decision | None:
    """One decision, ``actions.decision`` say."""
    row = execute(conn, f"{_DECISIONS_SQL} d.id = ?", (tenant, decision_id)).first()
    return None if row is None else _read_decision(conn, vault, tenant, row)


def _read_decision(conn: Connection, vault: Vault, tenant: str, row: Sequence[Any]) -> Decision:
    person, *columns = row
    values = dict(zip(_DECISION, columns, strict=True))
    values["at"] = from_micros(values["at"])
    values["roles"] = frozenset(from_json(values["roles"]))
    values["waives"] = tuple(from_json(values["waives"]))
    values["waives_gaps"] = tuple(from_json(values["waives_gaps"]))
    if values["reason"]:
        opened = vault.decrypt(conn, tenant, person, b64decode(values["reason"]))
        values["reason"] = "" if opened is None else str(opened["reason"])
    return Decision(**values)


def approvers(conn: Connection, tenant: str, case_id: str, digest: str) -> frozenset[str]:
    """Who has approved a case as it stands: exactly this text and these arguments."""
    sql = (
        'select "by" from decisions where tenant = ? and "case" = ? and choice = \'approve\' '
        "and superseded = 0 and action_digest = ?"
    )
    return frozenset(row[0] for row in execute(conn, sql, (tenant, case_id, digest)))


def hold(
    unit: Unit, tenant: str, case_id: str, operator: Operator, digest: str, now: datetime
) -> None:
    """Take an open case for one operator, if it still is what the operator saw (compare and set).

    Whoever gets past this line holds the row until the transaction ends.

    Raises:
        NotFound: there is no such case.
        Expired: it is too late.
        Conflict: somebody decided, changed or claimed it first; the message names who.
    """
    micros = to_micros(now)
    sql = (
        "update cases set claimed_by = ?, claimed_until = ? where tenant = ? and id = ? "
        "and state = 'open' and action_digest = ? and expires_at > ? "
        "and (claimed_by = '' or claimed_by = ? or claimed_until is null or claimed_until <= ?)"
    )
    me, until = operator.name, to_micros(now + LEASE)
    values = (me, until, tenant, case_id, digest, micros, me, micros)
    if execute(unit.conn, sql, values).rowcount != 1:
        raise refusal(unit.conn, tenant, case_id, digest, now)


def close(conn: Connection, tenant: str, state: CaseState, *, column: str, value: str) -> int:
    """End open cases, by their ``id`` or ``action``; returns how many were open."""
    sql = (
        "update cases set state = ?, claimed_by = '', claimed_until = null "
        f"where tenant = ? and {column} = ? and state = 'open'"
    )
    return execute(conn, sql, (state, tenant, value)).rowcount


def let_go(conn: Connection, tenant: str, case_id: str, operator: Operator) -> bool:
    """End an operator's claim on an open case; False where there was none."""
    sql = (
        "update cases set claimed_by = '', claimed_until = null "
        "where tenant = ? and id = ? and state = 'open' and claimed_by = ?"
    )
    return execute(conn, sql, (tenant, case_id, operator.name)).rowcount == 1


def change(conn: Connection, case: Case, review: Review) -> None:
    """Let a case show another judgement; approvals of what it showed before count no more."""
    sql = "update cases set action_digest = ?, articles = ?, gaps = ? where tenant = ? and id = ?"
    articles = plain(tuple(f.article for f in review.verdict.fired))
    gaps = plain(tuple(g.fact for g in review.verdict.gaps))
    execute(conn, sql, (review.action.digest, articles, gaps, case.tenant, case.id))
    sql = 'update decisions set superseded = 1 where tenant = ? and "case" = ?'
    execute(conn, sql, (case.tenant, case.id))


def refusal(
    conn: Connection, tenant: str, case_id: str, digest: str, now: datetime
) -> AgentkitError:
    """Why `hold` did not get the case."""
    sql = (
        "select state, expires_at, action_digest, claimed_by, claimed_until from cases "
        "where tenant = ? and id = ?"
    )
    row = execute(conn, sql, (tenant, case_id)).first()
    if row is None:
        return NotFound(f"there is no case {case_id!r:.40}", hint="agentkit desk list shows them")
    state, expires, current, claimed_by, until = row
    if state == "decided":
        return _decided(conn, tenant, case_id)
    if state == "withdrawn":
        why = why_ended(conn, find_case_alone(conn, tenant, case_id))
        return Conflict(
            f"case {case_id} was withdrawn: {why}",
            hint="agentkit desk list shows what waits now",
        )
    if state == "expired" or expires <= to_micros(now):
        return Expired(
            f"case {case_id} expired on {spoken(from_micros(expires))}, undecided: that is a no",
            hint="the agent may propose the action again",
        )
    if current != digest:
        return Conflict(
            f"case {case_id} changed since you read it", hint=f"agentkit desk show {case_id}"
        )
    return Conflict(
        f"{claimed_by} has claimed case {case_id} until {spoken(from_micros(until))}",
        hint="take the next one, or come back then",
    )


def _decided(conn: Connection, tenant: str, case_id: str) -> Conflict:
    sql = (
        'select choice, "by", at from decisions where tenant = ? and "case" = ? '
        "order by at desc, id desc"
    )
    choice, by, at = execute(conn, sql, (tenant, case_id)).first() or ("approve", "somebody", 0)
    return Conflict(
        f"{by} {_VERBS[choice]} case {case_id} on {spoken(from_micros(at))}",
        hint="agentkit desk list shows what still waits",
    )


def spoken(instant: datetime) -> str:
    """An instant for a sentence."""
    return f"{instant:%Y-%m-%d %H:%M} UTC"
