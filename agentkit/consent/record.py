"""Recording what people say: append-only events, and at once what follows from them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from agentkit.canonical import canonical
from agentkit.consent.points import normal_channel, point_key
from agentkit.consent.purposes import normal_purpose
from agentkit.consent.state import CONTROLLER, OBJECTIONS
from agentkit.consent.stopping import Objection, contacts_at, stop_actions
from agentkit.context import ConsentRecord, ConsentStatus
from agentkit.entry import Entry
from agentkit.store.instants import from_micros, to_micros
from agentkit.store.sql import execute, insert_many, placeholders

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from agentkit.store import Unit, Vault

__all__ = [
    "EVENT_COLUMNS",
    "NOBODY",
    "OF_OTHERS",
    "Recorded",
    "event_id",
    "events_of",
    "known_events",
    "read_event",
    "record_consent",
    "record_consents",
    "withdraw",
]

EVENT_COLUMNS: Final = (
    "point", "channel", "purpose", "brand", "status", "at", "expires", "source", "proof",
    "double_opt_in_at", "notice", "lawful_basis", "method", "scope",
)  # fmt: skip
"""Columns of ``consent_events`` in the order of `ConsentRecord`."""
_COLUMNS: Final = ("tenant", "id", "contact", *EVENT_COLUMNS, "recorded_at")
_ALWAYS: Final = 11
"""The columns that every id is made of; later ones count where they say something."""
_CHUNK: Final = 500
_SAID: Final = ("lawful_basis", "method", "notice", "scope")
"""What an entry tells beside, where the event says it: nothing personal."""
NOBODY: Final = "\x01"
"""An id that no contact has."""
OF_OTHERS: Final = "(length(contact) = 0 or status <> 'granted')"
"""Which events found by their point count for whoever has it now: what one contact granted is no
grant of another, and whatever else was said holds for both (``length`` keeps SQLite from searching
all events of nobody instead of the points)."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """What recording an event did.

    Attributes:
        event: Its id.
        new: Whether it was not there before.
        stopped: Ids of the actions that it stopped.
    """

    event: str
    new: bool
    stopped: tuple[str, ...] = ()


def event_id(vault: Vault, tenant: str, contact: str, record: ConsentRecord) -> str:
    """The id of an event: a keyed hash of all it says, so that the same one has one id."""
    said = [getattr(record, column) for column in EVENT_COLUMNS]
    while len(said) > _ALWAYS and not said[-1]:
        said.pop()
    values = [contact, *said]
    return vault.token(tenant, canonical(values).decode())[:32]


def record_consent(
    unit: Unit,
    tenant: str,
    contact: str,
    record: ConsentRecord,
    *,
    now: datetime,
    actor: str = "system",
) -> Recorded:
    """Record one event; an objection also stops what waits for the person.

    Takes the person's lock, which every claim takes too: no claim commits after this has. An
    objection holds for every contact that shares the mailbox or number that it was made for; one
    made for every point, for those who share one of the person's, as far as they share it.

    Args:
        unit: The transaction.
        tenant: Whose data.
        contact: CRM id of the person; empty for a point whose contact is not (yet) known.
        record: The event.
        now: When it is recorded.
        actor: Who says so.
    """
    recorded = record_consents(unit, tenant, [(contact, record)], now=now, actor=actor)
    return recorded[0]


def record_consents(
    unit: Unit,
    tenant: str,
    events: Sequence[tuple[str, ConsentRecord]],
    *,
    now: datetime,
    actor: str = "system",
    owners: Callable[[str], Sequence[str]] | None = None,
) -> list[Recorded]:
    """Record (contact, event) pairs, in order; what is there already stays as it is.

    Args:
        unit: The transaction.
        tenant: Whose data.
        events: CRM ids (empty where nobody is known for the point) and what was said.
        now: When they are recorded.
        actor: Who says so.
        owners: Who has a mailbox or number (`owners_of_points`); None asks the database each time.
    """
    sharing = owners or (lambda point: contacts_at(unit.conn, tenant, point))
    plain = [(contact, _normal(record)) for contact, record in events]
    shared = [
        _shared(unit.conn, tenant, contact, record, sharing) if _objects(record) else {}
        for contact, record in plain
    ]
    concerned = {c for c, _ in plain if c}.union(*shared)
    unit.lock_people(tenant, concerned)
    ids = [event_id(unit.vault, tenant, contact, record) for contact, record in plain]
    known = known_events(unit.conn, tenant, ids)
    done: list[Recorded] = []
    for (contact, record), event, others in zip(plain, ids, shared, strict=True):
        if event in known:
            done.append(Recorded(event, new=False))
            continue
        known.add(event)
        _insert(unit, tenant, contact, record, event, now, actor)
        stopped = []
        if _objects(record):
            _copy(unit, tenant, others, record, known, now, actor)
            people = sorted({contact, *others} - {""})
            stopped = _stop(unit, tenant, people, record, event, now, actor)
        done.append(Recorded(event, new=True, stopped=tuple(stopped)))
    return done


def _copy(
    unit: Unit,
    tenant: str,
    others: Mapping[str, str],
    record: ConsentRecord,
    known: set[str],
    now: datetime,
    actor: str,
) -> None:
    """The same objection for everybody else who has the mailbox or number, and for it alone."""
    theirs = {other: replace(record, point=point) for other, point in others.items()}
    ids = {event_id(unit.vault, tenant, other, said): other for other, said in theirs.items()}
    known |= known_events(unit.conn, tenant, list(ids))
    for event, other in ids.items():
        if event not in known:
            _insert(unit, tenant, other, theirs[other], event, now, actor)
    known.update(ids)


def _objects(record: ConsentRecord) -> bool:
    return record.status in OBJECTIONS


def _shared(
    conn: Connection,
    tenant: str,
    contact: str,
    record: ConsentRecord,
    sharing: Callable[[str], Sequence[str]],
) -> dict[str, str]:
    """Everybody else whom an objection reaches, with the point that they share."""
    points = [record.point] if record.point else _points_on_record(conn, tenant, contact)
    return {person: p for p in points for person in sharing(p) if person != contact}


def _points_on_record(conn: Connection, tenant: str, contact: str) -> list[str]:
    sql = "select email, phone from contacts where tenant = ? and id = ?"
    row = execute(conn, sql, (tenant, contact)).first() if contact else None
    return [] if row is None else [point for point in row if point]


def _now_or_later(
    conn: Connection, tenant: str, contact: str, point: str, now: datetime
) -> datetime:
    """When an objection is dated that is made now: never before a grant that it ends.

    A clock that was set back, or a grant dated in the future, would outlive it otherwise.
    """
    known = events_of(conn, tenant, contact, [point_key(point)] if point else [])
    return max([now, *(e.at for e in known if e.status == "granted")])


def withdraw(
    unit: Unit,
    tenant: str,
    contact: str,
    *,
    now: datetime,
    at: datetime | None = None,
    point: str = "",
    channel: str = "",
    purpose: str = "",
    brand: str = "",
    status: ConsentStatus = "withdrawn",
    source: str = "",
    proof: str = "",
    method: str = "",
    scope: str = "",
    actor: str = "system",
) -> Recorded:
    """Record a withdrawal (or refusal).

    An empty point, channel, purpose or brand means every one; ``scope`` is `ConsentRecord.scope`.
    Pending, approved and deferred actions under it stop, their permits are void, and the entries
    name the decisions that are undone. Without ``at`` it is made now, and ends every grant that
    is on record, whatever the clock says.
    """
    record = ConsentRecord(
        point, channel, purpose, brand, status,
        at or _now_or_later(unit.conn, tenant, contact, point, now),
        source=source, proof=proof, method=method, scope=scope,
    )  # fmt: skip
    return record_consent(unit, tenant, contact, record, now=now, actor=actor)


def known_events(conn: Connection, tenant: str, ids: Sequence[str]) -> set[str]:
    """Those of the ids that are recorded already."""
    found: set[str] = set()
    for start in range(0, len(ids), _CHUNK):
        chunk = ids[start : start + _CHUNK]
        sql = (
            f"select id from consent_events where tenant = ? and id in ({placeholders(len(chunk))})"
        )
        found.update(row[0] for row in execute(conn, sql, (tenant, *chunk)))
    return found


def events_of(
    conn: Connection, tenant: str, contact: str, points: Sequence[str] = ()
) -> list[ConsentRecord]:
    """Every event of a person: under the CRM id, and what was said of the points.

    Of a mailbox or number that another contact has too, only the objections count: until the two
    are merged the stricter binds.
    """
    columns = ", ".join(EVENT_COLUMNS)
    rows: list[Sequence[Any]] = []
    if contact:
        sql = f"select {columns} from consent_events where tenant = ? and contact = ?"
        rows += execute(conn, sql, (tenant, contact)).all()
    if points:
        sql = (
            f"select {columns} from consent_events where tenant = ? and contact <> ? "
            f"and {OF_OTHERS} and point in ({placeholders(len(points))})"
        )
        rows += execute(conn, sql, (tenant, contact or NOBODY, *points)).all()
    return [read_event(row) for row in rows]


def read_event(row: Sequence[Any]) -> ConsentRecord:
    """A row of `EVENT_COLUMNS` as the noun."""
    point, channel, purpose, brand, status, at, expires, source, proof, confirmed, *rest = row
    return ConsentRecord(
        point, channel, purpose, brand, status, from_micros(at),
        None if expires is None else from_micros(expires), source, proof,
        None if confirmed is None else from_micros(confirmed), *rest,
    )  # fmt: skip


def _normal(record: ConsentRecord) -> ConsentRecord:
    return replace(
        record,
        point=point_key(record.point),
        channel=normal_channel(record.channel),
        purpose=normal_purpose(record.purpose),
    )


def _insert(
    unit: Unit,
    tenant: str,
    contact: str,
    record: ConsentRecord,
    event: str,
    now: datetime,
    actor: str,
) -> None:
    values = [getattr(record, column) for column in EVENT_COLUMNS]
    plain = [to_micros(v) if isinstance(v, datetime) else v for v in values]
    row = (tenant, event, contact, *plain, to_micros(now))
    insert_many(unit.conn, "consent_events", _COLUMNS, [row], or_ignore=True)
    public = {
        "event": event,
        "status": record.status,
        "channel": record.channel,
        "purpose": record.purpose,
        "brand": record.brand,
        "at": record.at,
        "source": record.source,
        **{name: value for name in _SAID if (value := getattr(record, name))},
    }
    unit.append(Entry("consent", tenant, now, actor=actor, public=public, person=contact))


def _stop(
    unit: Unit,
    tenant: str,
    people: Sequence[str],
    record: ConsentRecord,
    event: str,
    now: datetime,
    actor: str,
) -> list[str]:
    brand = "" if record.scope == CONTROLLER else record.brand
    objection = Objection(record.point, record.channel, record.purpose, brand, event=event)
    return stop_actions(unit, tenant, people, objection, now=now, actor=actor)
