"""Lasting circumstances of people: append-only events, read as what holds now.

A circumstance is set by what a person wrote (or by an operator), lapses at its date, or is lifted
by somebody who has the role for it. It is a person's, so it pauses every agent.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from agentkit.case import Operator
from agentkit.context import Circumstance
from agentkit.entry import Entry
from agentkit.errors import Forbidden, InvalidAction, NotFound
from agentkit.store.instants import from_micros, to_micros
from agentkit.store.sql import execute, insert_many, placeholders

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from agentkit.store import Unit, Vault

__all__ = [
    "CIRCUMSTANCES",
    "UNDECIDED",
    "CircumstanceKind",
    "Standing",
    "circumstances_of",
    "lift_circumstance",
    "list_circumstances",
    "person_key",
    "release_circumstances",
    "set_circumstance",
    "standing_of",
]


@dataclass(frozen=True, slots=True)
class CircumstanceKind:
    """How long a kind holds unless it is said otherwise, and who may lift it earlier."""

    days: int | None
    role: str


CIRCUMSTANCES: Final[Mapping[str, CircumstanceKind]] = {
    "bereavement": CircumstanceKind(180, "supervisor"),
    "hardship": CircumstanceKind(180, "supervisor"),
    "vulnerability": CircumstanceKind(365, "supervisor"),
    "minor": CircumstanceKind(None, "supervisor"),
    "complaint": CircumstanceKind(60, "operator"),
    "dispute": CircumstanceKind(180, "supervisor"),
    "revocation_unclear": CircumstanceKind(None, "operator"),
    "rights_request": CircumstanceKind(None, "supervisor"),
    "not_before": CircumstanceKind(None, "operator"),
}
"""The kinds; periods are policy, none is a law's."""

UNDECIDED: Final = frozenset({"revocation_unclear", "rights_request"})
"""Those that wait for a decision about what the person wanted."""

_COLUMNS: Final = (
    "tenant", "id", "contact", "point_token", "kind", "event", "undoes", "since", "until", "role",
    "source", "actor", "words", "recorded_at",
)  # fmt: skip
_READ: Final = "id, contact, point_token, kind, since, until, source, role, actor, words"
_STANDING: Final = (
    f"select {_READ} from circumstances c where c.tenant = ? and c.event = 'set' and not exists "
    "(select 1 from circumstances l where l.tenant = c.tenant and l.undoes = c.id "
    "and l.contact = c.contact and l.point_token = c.point_token)"
)
_CHUNK: Final = 500
_TOKENS_READ: Final = " and c.contact = '' and c.point_token in"


@dataclass(frozen=True, slots=True)
class Standing:
    """A circumstance that nobody has lifted, as a person at the desk reads it.

    Attributes:
        circumstance: What holds.
        contact: CRM id; empty where it is tied to a mailbox or number that nobody has.
        person: Under whose key the words are (`person_key`).
        actor: Who set it.
        words: The source sentence; empty where the person was erased, or none was kept.
    """

    circumstance: Circumstance
    contact: str
    person: str
    actor: str
    words: str = ""


def person_key(contact: str, point_token: str) -> str:
    """Whose key encrypts what is known of a contact, or of a point that no contact has."""
    return contact or f"point:{point_token}"


def set_circumstance(
    unit: Unit,
    tenant: str,
    contact: str,
    kind: str,
    *,
    now: datetime,
    since: datetime | None = None,
    until: datetime | None = None,
    point_token: str = "",
    source: str = "",
    words: str = "",
    actor: str = "system",
) -> Circumstance:
    """Record that a circumstance holds; one event, one entry.

    Args:
        unit: The transaction.
        tenant: Whose data.
        contact: CRM id; empty for a point that no contact has.
        kind: One of `CIRCUMSTANCES`.
        now: When it is recorded.
        since: From when it holds; None: now.
        until: When it lapses; None: as its kind says.
        point_token: Keyed hash of the mailbox or number, where no contact is known.
        source: Where it comes from: ``inbound:ID``.
        words: The sentence that says so; encrypted.
        actor: Who says so.

    Raises:
        InvalidAction: there is no such kind.
    """
    known = CIRCUMSTANCES.get(kind)
    if known is None:
        raise InvalidAction(
            f"there is no circumstance {kind!r:.40}", hint=f"kinds: {', '.join(CIRCUMSTANCES)}"
        )
    start = since or now
    end = until or (None if known.days is None else start + timedelta(days=known.days))
    made = Circumstance(kind, start, end, source, secrets.token_hex(8), known.role)
    unit.lock_person(tenant, contact)
    _insert(unit, tenant, contact, point_token, "set", "", made, words, actor, now)
    public: dict[str, Any] = {"circumstance": made.id, "kind": kind, "event": "set"}
    public |= {"until": end, "source": source}
    unit.append(Entry("circumstance", tenant, now, actor=actor, public=public, person=contact))
    return made


def lift_circumstance(
    unit: Unit,
    tenant: str,
    circumstance: str,
    operator: Operator,
    *,
    reason: str,
    now: datetime,
) -> Circumstance:
    """Record that a circumstance holds no more.

    Args:
        unit: The transaction.
        tenant: Whose data.
        circumstance: Id of the event that set it.
        operator: Who lifts it.
        reason: Why; encrypted.
        now: The instant.

    Raises:
        InvalidAction: no reason is given.
        NotFound: no such circumstance stands.
        Forbidden: the operator has not the role for it.
    """
    if not reason.strip():
        raise InvalidAction("a reason is needed to lift it", hint='add --reason "..."')
    row = execute(unit.conn, f"{_STANDING} and c.id = ?", (tenant, circumstance)).first()
    if row is None:
        raise NotFound(
            f"no circumstance {circumstance!r:.40} stands",
            hint="agentkit desk circumstances list shows them",
        )
    found, contact = _circumstance(row), row[1]
    if found.role not in operator.roles:
        have = ", ".join(sorted(operator.roles)) or "none"
        raise Forbidden(
            f"{found.kind} takes the role {found.role!r} to lift; {operator.name} has: {have}",
            hint="hand it to somebody who has it",
        )
    unit.lock_person(tenant, contact)
    _lift(unit, tenant, row, f"operator:{operator.name}", reason, now)
    return found


def release_circumstances(
    unit: Unit, tenant: str, source: str, *, actor: str, reason: str, now: datetime
) -> int:
    """Lift everything that comes from one source, once a person has decided about it.

    The caller holds the locks of the people concerned and has checked who may.

    Returns:
        How many were lifted.
    """
    rows = execute(unit.conn, f"{_STANDING} and c.source = ?", (tenant, source)).all()
    undecided = [row for row in rows if row[3] in UNDECIDED]
    for row in undecided:
        _lift(unit, tenant, row, actor, reason, now)
    return len(undecided)


def _lift(
    unit: Unit, tenant: str, row: Sequence[Any], actor: str, reason: str, now: datetime
) -> None:
    found, contact, token = _circumstance(row), row[1], row[2]
    _insert(unit, tenant, contact, token, "lifted", found.id, found, reason, actor, now)
    public = {"circumstance": found.id, "kind": found.kind, "event": "lifted"}
    unit.append(Entry("circumstance", tenant, now, actor=actor, public=public, person=contact))


def _insert(
    unit: Unit,
    tenant: str,
    contact: str,
    token: str,
    event: str,
    undoes: str,
    found: Circumstance,
    words: str,
    actor: str,
    now: datetime,
) -> None:
    sealed = None
    if words:
        person = person_key(contact, token)
        sealed = unit.vault.encrypt(unit.conn, tenant, person, {"words": words})
    row = (
        tenant, found.id if event == "set" else secrets.token_hex(8), contact, token, found.kind,
        event, undoes, to_micros(found.since),
        None if found.until is None else to_micros(found.until), found.role, found.source, actor,
        sealed, to_micros(now),
    )  # fmt: skip
    insert_many(unit.conn, "circumstances", _COLUMNS, [row])


def circumstances_of(
    conn: Connection, tenant: str, contacts: Sequence[str], points: Mapping[str, str]
) -> dict[str, list[Circumstance]]:
    """What nobody has lifted, by contact.

    Args:
        conn: Any connection.
        tenant: Whose data.
        contacts: CRM ids; at most some hundred.
        points: CRM id by token of a mailbox or number of theirs: what was said before anybody
            knew whose it is holds for whoever has it now.
    """
    found: dict[str, list[Circumstance]] = {}
    marks = placeholders(len(contacts))
    rows = execute(conn, f"{_STANDING} and c.contact in ({marks})", (tenant, *contacts)).all()
    for row in rows:
        found.setdefault(row[1], []).append(_circumstance(row))
    tokens = list(points)
    for start in range(0, len(tokens), _CHUNK):
        chunk = tokens[start : start + _CHUNK]
        sql = f"{_STANDING}{_TOKENS_READ} ({placeholders(len(chunk))})"
        for row in execute(conn, sql, (tenant, *chunk)).all():
            found.setdefault(points[row[2]], []).append(_circumstance(row))
    return found


def standing_of(conn: Connection, tenant: str, source: str) -> list[Circumstance]:
    """What stands that comes from one source, ``inbound:ID`` say."""
    rows = execute(conn, f"{_STANDING} and c.source = ? order by c.id", (tenant, source)).all()
    return [_circumstance(row) for row in rows]


def list_circumstances(
    conn: Connection, vault: Vault, tenant: str, now: datetime, contact: str = ""
) -> list[Standing]:
    """What holds now, oldest first, with its words: for people at the desk."""
    sql, values = _STANDING, [tenant]
    if contact:
        sql, values = f"{sql} and c.contact = ?", [tenant, contact]
    rows = execute(conn, f"{sql} order by c.since, c.id", values).all()
    rows = [row for row in rows if _circumstance(row).holds(now)]
    sealed = [(person_key(r[1], r[2]), bytes(r[9])) for r in rows if r[9] is not None]
    opened = iter(vault.decrypt_many(conn, tenant, sealed))
    return [_standing(row, None if row[9] is None else next(opened)) for row in rows]


def _standing(row: Sequence[Any], opened: Mapping[str, Any] | None) -> Standing:
    words = str((opened or {}).get("words", ""))
    return Standing(_circumstance(row), row[1], person_key(row[1], row[2]), row[8], words)


def _circumstance(row: Sequence[Any]) -> Circumstance:
    id_, _, _, kind, since, until, source, role = row[:8]
    end = None if until is None else from_micros(until)
    return Circumstance(kind, from_micros(since), end, source, id_, role)
