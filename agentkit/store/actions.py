"""Actions at rest: one row each, what the gate recorded encrypted under the person's key.

The payload is JSON: ``proposed`` (null where nothing was revised), ``drafts`` (the versions
between, where a rewrite was rewritten), ``action``, ``facts`` (every
fact that was judged, so that a replay needs no plugin) and ``findings`` (for people).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Literal

import orjson

from agentkit.action import Action
from agentkit.canonical import canonical, from_json
from agentkit.errors import Conflict
from agentkit.evidence import Finding, Span
from agentkit.facts import decode_facts, encode_facts
from agentkit.store.instants import from_micros, to_micros
from agentkit.store.sql import execute, insert_many, placeholders
from agentkit.verdict import Review, Ruling, Verdict

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from agentkit.store.unit import Unit
    from agentkit.store.vault import Vault

__all__ = [
    "FINAL_STATES",
    "OPEN_STATES",
    "STATE_OF",
    "ActionState",
    "StoredAction",
    "StoredReview",
    "actions_of_runs",
    "check_not_erased",
    "find_action",
    "find_actions",
    "insert_actions",
    "move_action",
    "open_review",
    "open_reviews",
    "scan_actions",
    "update_review",
]

ActionState = Literal[
    "allowed", "deferred", "escalated", "approved", "denied", "rejected", "performing",
    "performed", "failed", "unknown", "expired", "stopped",
]  # fmt: skip
OPEN_STATES: Final[tuple[ActionState, ...]] = (
    "allowed", "deferred", "escalated", "approved", "performing", "unknown",
)  # fmt: skip
"""States in which something may still happen to an action."""
FINAL_STATES: Final[tuple[ActionState, ...]] = (
    "denied", "rejected", "performed", "failed", "expired", "stopped",
)  # fmt: skip
STATE_OF: Final[Mapping[Ruling, ActionState]] = {
    Ruling.ALLOW: "allowed",
    Ruling.DEFER: "deferred",
    Ruling.ESCALATE: "escalated",
    Ruling.DENY: "denied",
}
"""Where a ruling leaves an action."""

_COLUMNS: Final = (
    "tenant", "id", "state", "agent", "kind", "person", "channel", "purpose", "run", "digest",
    "payload", "verdict", "ruling", "until", "deadline", "tasks", "decision", "attempt",
    "created_at", "updated_at",
)  # fmt: skip
_SELECT: Final = ", ".join(_COLUMNS)
_CHUNK: Final = 500


@dataclass(frozen=True, slots=True)
class StoredAction:
    """A row of ``actions``; attributes as in the schema, instants as datetimes."""

    tenant: str
    id: str
    state: ActionState
    agent: str
    kind: str
    person: str
    channel: str
    purpose: str
    run: str
    digest: str
    payload: bytes | None
    verdict: Verdict
    ruling: str
    until: datetime | None
    deadline: datetime | None
    tasks: tuple[str, ...]
    decision: str
    attempt: int
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True)
class StoredReview:
    """What is kept of a review: all but the evidence objects, whose facts and findings are here."""

    proposed: Action
    action: Action
    verdict: Verdict
    facts: Mapping[str, Any]
    findings: Mapping[str, tuple[Finding, ...]]
    drafts: tuple[Action, ...] = ()

    def review(self) -> Review:
        """As the gate gave it, without evidence objects."""
        facts = dict(self.facts)
        return Review(self.proposed, self.action, self.verdict, {}, facts, self.drafts)


def insert_actions(
    unit: Unit,
    reviews: Sequence[Review],
    now: datetime,
    *,
    states: Sequence[ActionState] | None = None,
) -> None:
    """Insert one row a review, in the state that its ruling gives.

    Args:
        unit: The transaction.
        reviews: All of one tenant.
        now: Instant of creation.
        states: Other states than the rulings'.

    Raises:
        sqlalchemy.exc.IntegrityError: an id exists already.
        Conflict: a person was erased after the judgement: nothing is recorded.
    """
    if not reviews:
        return
    tenant, micros = reviews[0].action.tenant, to_micros(now)
    sealed = unit.vault.encrypt_many(
        unit.conn, tenant, [(r.action.subject, _payload(r)) for r in reviews]
    )
    check_not_erased(unit, reviews)  # after the keys were read: see there
    chosen = states or [STATE_OF[r.verdict.ruling] for r in reviews]
    rows = [
        _row(review, state, payload, micros)
        for review, state, payload in zip(reviews, chosen, sealed, strict=True)
    ]
    insert_many(unit.conn, "actions", _COLUMNS, rows)


def check_not_erased(unit: Unit, reviews: Sequence[Review]) -> None:
    """Refuse to record what was judged before the person was erased.

    Call it after the payloads are encrypted: an erasure that commits before the keys are read is
    seen here, and one that commits later deletes the key that they were encrypted with.

    Raises:
        Conflict: a person was erased after the judgement.
    """
    tenant = reviews[0].action.tenant
    sql = "select max(at) from erasures where tenant = ?"
    latest = execute(unit.conn, sql, (tenant,)).scalar()
    judged = [r for r in reviews if r.action.subject and _before(r.verdict.judged_at, latest)]
    for review in judged:
        values = (tenant, unit.vault.token(tenant, review.action.subject))
        at = execute(unit.conn, f"{sql} and token = ?", values).scalar()
        if _before(review.verdict.judged_at, at):
            raise Conflict(
                "the person was erased while the action was judged: nothing was recorded",
                hint="propose nothing more about them",
            )


def _before(judged: datetime | None, erased: int | None) -> bool:
    return erased is not None and (judged is None or to_micros(judged) < erased)


def _row(review: Review, state: str, payload: bytes, micros: int) -> tuple[Any, ...]:
    action, verdict = review.action, review.verdict
    return (
        action.tenant, action.id, state, action.agent, action.kind, action.subject, action.channel,
        action.purpose, action.run, action.digest, payload, canonical(verdict.to_json()).decode(),
        verdict.ruling.word, _micros(verdict.until), _micros(action.deadline),
        canonical(verdict.tasks).decode(), "", 0, micros, micros,
    )  # fmt: skip


def find_action(conn: Connection, tenant: str, action: str) -> StoredAction | None:
    """The row of an action."""
    return find_actions(conn, tenant, [action]).get(action)


def find_actions(conn: Connection, tenant: str, ids: Iterable[str]) -> dict[str, StoredAction]:
    """The rows of actions by id; ids that nobody knows are left out."""
    wanted, found = list(ids), {}
    for start in range(0, len(wanted), _CHUNK):
        chunk = wanted[start : start + _CHUNK]
        sql = (
            f"select {_SELECT} from actions where tenant = ? and id in ({placeholders(len(chunk))})"
        )
        for row in execute(conn, sql, (tenant, *chunk)):
            found[row[1]] = read_row(row)
    return found


def actions_of_runs(
    conn: Connection, tenant: str, runs: Sequence[str], most: int
) -> list[StoredAction]:
    """The newest ``most`` actions of these runs, the oldest of them first."""
    found: list[Any] = []
    for start in range(0, len(runs), _CHUNK):
        chunk = runs[start : start + _CHUNK]
        sql = (
            f"select {_SELECT} from actions where tenant = ? and run in "
            f"({placeholders(len(chunk))}) order by created_at desc, id desc limit {most}"
        )
        found += execute(conn, sql, (tenant, *chunk)).all()
    return sorted((read_row(row) for row in found), key=lambda a: (a.created_at, a.id))


def read_row(row: Sequence[Any]) -> StoredAction:
    """A row of all columns as an object."""
    values = dict(zip(_COLUMNS, row, strict=True))
    for name in ("until", "deadline", "created_at", "updated_at"):
        values[name] = None if values[name] is None else from_micros(values[name])
    values["payload"] = None if values["payload"] is None else bytes(values["payload"])
    values["verdict"] = Verdict.from_json(from_json(values["verdict"]))
    values["tasks"] = tuple(from_json(values["tasks"]))
    return StoredAction(**values)


def scan_actions(
    conn: Connection,
    tenant: str,
    since: datetime,
    until: datetime,
    *,
    after: str = "",
    limit: int = _CHUNK,
) -> list[StoredAction]:
    """Actions proposed from ``since`` to before ``until``, by id, after the id ``after``."""
    sql = (
        f"select {_SELECT} from actions where tenant = ? and id > ? and created_at >= ? "
        f"and created_at < ? order by id limit {limit}"
    )
    values = (tenant, after, to_micros(since), to_micros(until))
    return [read_row(row) for row in execute(conn, sql, values)]


def open_review(conn: Connection, vault: Vault, stored: StoredAction) -> StoredReview | None:
    """Decrypt what was recorded; None where the person was erased."""
    return open_reviews(conn, vault, [stored])[0]


def open_reviews(
    conn: Connection, vault: Vault, rows: Sequence[StoredAction]
) -> list[StoredReview | None]:
    """`open_review` for rows of one tenant, with one query for all keys."""
    sealed = [(r.person, r.payload) for r in rows if r.payload is not None]
    values = iter(vault.decrypt_many(conn, rows[0].tenant, sealed) if sealed else ())
    return [_stored_review(r, None if r.payload is None else next(values)) for r in rows]


def _stored_review(stored: StoredAction, value: dict[str, Any] | None) -> StoredReview | None:
    if value is None:
        return None
    action = Action.from_json(value["action"])
    return StoredReview(
        proposed=Action.from_json(value["proposed"]) if value["proposed"] else action,
        action=action,
        verdict=stored.verdict,
        facts=decode_facts(value["facts"]),
        findings={
            namespace: tuple(_finding(f) for f in found)
            for namespace, found in value["findings"].items()
        },
        drafts=tuple(Action.from_json(draft) for draft in value.get("drafts", ())),
    )


def move_action(
    unit: Unit,
    tenant: str,
    action: str,
    *,
    to: ActionState,
    since: Iterable[ActionState],
    now: datetime,
    **columns: Any,
) -> bool:
    """Change an action's state, if it is still in one of the states ``since`` (compare and set).

    Args:
        unit: The transaction.
        tenant: Its tenant.
        action: Its id.
        to: The new state.
        since: States from which the change is allowed.
        now: The instant.
        columns: Further columns to set: ``until``, ``tasks``, ``decision``, ``attempt``.

    Returns:
        Whether it was changed.
    """
    values = {"state": to, "updated_at": now, **columns}
    sets = ", ".join(f"{name} = ?" for name in values)
    allowed = list(since)
    sql = (
        f"update actions set {sets} where tenant = ? and id = ? "
        f"and state in ({placeholders(len(allowed))})"
    )
    plain = [_column(v) for v in values.values()]
    return execute(unit.conn, sql, (*plain, tenant, action, *allowed)).rowcount == 1


def update_review(
    unit: Unit,
    review: Review,
    *,
    to: ActionState,
    since: Iterable[ActionState],
    now: datetime,
    **columns: Any,
) -> bool:
    """Replace what is recorded of an action by a new judgement of it; compare and set."""
    action, verdict = review.action, review.verdict
    payload = unit.vault.encrypt(unit.conn, action.tenant, action.subject, _payload(review))
    recorded = {
        "digest": action.digest,
        "payload": payload,
        "verdict": canonical(verdict.to_json()).decode(),
        "ruling": verdict.ruling.word,
        "until": verdict.until,
        "tasks": verdict.tasks,
    }
    return move_action(
        unit, action.tenant, action.id, to=to, since=since, now=now, **(recorded | columns)
    )


def _column(value: Any) -> Any:
    if isinstance(value, datetime):
        return to_micros(value)
    return canonical(value).decode() if isinstance(value, tuple) else value


def _micros(instant: datetime | None) -> int | None:
    return None if instant is None else to_micros(instant)


def _payload(review: Review) -> dict[str, Any]:
    drafts = {"drafts": [d.to_json() for d in review.drafts]} if review.drafts else {}
    return {
        **drafts,
        "proposed": None if review.proposed is review.action else review.proposed.to_json(),
        "action": review.action.to_json(),
        "facts": orjson.Fragment(encode_facts(review.facts)),
        "findings": {
            namespace: [_finding_json(f) for f in evidence.findings]
            for namespace, evidence in review.evidence.items()
            if evidence.findings
        },
    }


def _finding_json(finding: Finding) -> list[Any]:
    span = finding.span
    place = None if span is None else [span.start, span.end, span.path]
    return [finding.label, finding.message, place, finding.score, finding.source]


def _finding(value: Sequence[Any]) -> Finding:
    label, message, place, score, source = value
    return Finding(label, message, None if place is None else Span(*place), score, source)
