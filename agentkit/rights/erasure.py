"""Erasing a person: the payload key, every clear row, and what waits; the ledger still verifies.

What stays: tokens (so that the next import contacts nobody who left), proof of consent under its
own key until its date, and the ledger, whose private parts are ciphertext without a key. CRM ids
in clear columns are replaced by a pseudonym.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from agentkit.canonical import canonical, from_json
from agentkit.consent import Objection, normal_point, stop_actions, suppress
from agentkit.consent.circumstances import person_key
from agentkit.consent.stopping import contacts_at
from agentkit.entry import Entry
from agentkit.errors import Conflict, NotFound
from agentkit.rights import journal
from agentkit.rights.files import forget_exports
from agentkit.rights.holdings import PSEUDONYM, Holding, condition, holdings_in, pseudonym, rows_of
from agentkit.rights.journal import Erasure
from agentkit.rights.proofs import keep_proof, opened_rows
from agentkit.store import execute, from_micros, insert_many, to_micros

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from agentkit.store import Store, Unit

__all__ = ["PROOF_YEARS", "Erased", "erase", "erase_rows", "erased_at", "is_known"]

PROOF_YEARS: Final = 5
"""UWG s.7a: five years from the grant and from every use."""
_ERASURES: Final = ("tenant", "id", "token", "points", "at", "applied_at")
_INBOUND_BODY: Final = "payload"
"""Of an inbound message only the sentence that withdrew is proof, never the whole text."""


@dataclass(frozen=True, slots=True)
class Erased:
    """What an erasure did.

    Attributes:
        id: Its identifier, in the ledger and in the journal.
        at: When.
        rows: Rows deleted or blanked, by table.
        stopped: Ids of actions that will not be performed.
        points: How many contact points stay suppressed.
        shared: How many other people have one of these contact points: it is closed for them too.
        proof_until: Until when proof of consent is kept; None where there was none.
    """

    id: str
    at: datetime
    rows: Mapping[str, int]
    stopped: tuple[str, ...]
    points: int
    shared: int
    proof_until: datetime | None


def erase(
    store: Store,
    tenant: str,
    person: str,
    *,
    actor: str,
    proof_years: int = PROOF_YEARS,
) -> Erased:
    """Erase a person (GDPR Art. 17), and remember it beside the database.

    The caller runs `Store.purge` afterwards, once for any number of erasures.

    Args:
        store: The database.
        tenant: Whose data.
        person: CRM id.
        actor: Who does it.
        proof_years: How long proof of consent is kept.

    Raises:
        NotFound: nothing is on record of this id, or it was erased.
        Conflict: an action about the person is being performed right now; nothing was erased.
    """
    now = store.clock.now()
    with store.write() as unit:
        unit.lock_person(tenant, person)
        if not is_known(unit.conn, tenant, person):
            raise _nobody(unit, tenant, person)
        points = points_of(unit.conn, tenant, person)
        token = unit.vault.token(tenant, person)
        tokens = tuple(unit.vault.token(tenant, point) for point in points)
        record = Erasure(secrets.token_hex(8), tenant, token, tokens, now)
        erased = erase_rows(
            unit, record, person, points, now=now, actor=actor, proof_years=proof_years
        )
        unit.after_commit(lambda: forget_exports(store.home, store.vault, tenant, person))
        journal.append(store.home, unit.vault, [record])  # before the commit: never forgotten
    return erased


def erase_rows(
    unit: Unit,
    record: Erasure,
    person: str,
    points: Sequence[str],
    *,
    now: datetime,
    actor: str,
    proof_years: int = PROOF_YEARS,
    again: bool = False,
) -> Erased:
    """The part of an erasure that happens in the database; the caller holds the person's lock.

    Args:
        unit: The transaction.
        record: What is remembered of it.
        person: CRM id.
        points: The person's addresses and numbers, in normal form.
        now: The instant.
        actor: Who does it.
        proof_years: How long proof of consent is kept.
        again: It is applied once more, after a restore.

    Raises:
        Conflict: an action about the person is being performed right now.
    """
    tenant = record.tenant
    _refuse_while_performing(unit.conn, tenant, person, now)
    shared = {p for point in points for p in contacts_at(unit.conn, tenant, point)} - {person}
    stopped = stop_actions(unit, tenant, [person], Objection(reason="erased"), now=now, actor=actor)
    for point in points:
        suppress(unit, tenant, point, now=now, reason="erasure", actor=actor)
    until = _keep(unit, tenant, person, points, now, proof_years)
    counts = {
        h.table: n
        for h in holdings_in(unit.conn)
        if (n := _clear(unit, h, tenant, person, points, record.token))
    }
    for owner in (person, *(person_key("", token) for token in record.points)):
        unit.vault.forget(unit, tenant, owner)
    remember(unit.conn, record, now)
    public = {"erasure": record.id, "points": len(points), "proof_until": until, "again": again}
    unit.append(Entry("erased", tenant, now, actor=actor, public=public, person=person))
    return Erased(record.id, record.at, counts, tuple(stopped), len(points), len(shared), until)


def remember(conn: Connection, record: Erasure, now: datetime) -> None:
    """Write into the database that a person was erased."""
    points = canonical(record.points).decode()
    at = to_micros(record.at)
    row = (record.tenant, record.id, record.token, points, at, to_micros(now))
    insert_many(conn, "erasures", _ERASURES, [row], or_ignore=True)


def is_known(conn: Connection, tenant: str, person: str) -> bool:
    """Whether anything is on record of a CRM id."""
    return any(
        execute(conn, f"select 1 from {h.table} where {where} limit 1", values).first() is not None
        for h in holdings_in(conn)
        for where, values in [condition(h, tenant, [person], ())]
    )


def erased_at(conn: Connection, tenant: str, token: str) -> datetime | None:
    """When a person was last erased; None: never."""
    sql = "select max(at) from erasures where tenant = ? and token = ?"
    found = execute(conn, sql, (tenant, token)).scalar()
    return None if found is None else from_micros(found)


def points_of(conn: Connection, tenant: str, person: str) -> list[str]:
    """The addresses and numbers of a person: of the record, and those that consents name."""
    found: list[str] = []
    sql = "select email, phone, country, fields from contacts where tenant = ? and id = ?"
    for email, phone, country, text in execute(conn, sql, (tenant, person)):
        fields = from_json(text)
        given = (email, phone, fields.get("mobile"), fields.get("mobile_text"))
        found += [normal_point(str(value), country) for value in given if value]
    sql = "select distinct point from consent_events where tenant = ? and contact = ?"
    found += [normal_point(row[0]) for row in execute(conn, sql, (tenant, person))]
    return sorted({point for point in found if point})


def _nobody(unit: Unit, tenant: str, person: str) -> NotFound:
    when = erased_at(unit.conn, tenant, unit.vault.token(tenant, person))
    if when is not None:
        return NotFound(
            f"the person of this id was erased on {when:%Y-%m-%d}; nothing else is on record",
            hint="`agentkit person proof ID` shows what proof of consent is still kept",
        )
    return NotFound(
        "nobody of this id is on record",
        hint="give the record id of the CRM, as `agentkit desk show` and the CRM name it",
    )


def _refuse_while_performing(conn: Connection, tenant: str, person: str, now: datetime) -> None:
    sql = (
        "select max(p.lease_until) from actions a join permits p on p.tenant = a.tenant "
        "and p.action = a.id where a.tenant = ? and a.person = ? and a.state = 'performing'"
    )
    until = execute(conn, sql, (tenant, person)).scalar()
    if until is not None and until > to_micros(now):
        seconds = (from_micros(until) - now).total_seconds()
        raise Conflict(
            "a message or change is on its way to this person right now: nothing was erased",
            hint=f"run it again when that has ended, {seconds:.0f} seconds from now at the latest",
        )


def _keep(
    unit: Unit, tenant: str, person: str, points: Sequence[str], now: datetime, years: int
) -> datetime | None:
    """Seal what proves the person's consents and refusals."""
    tokens = [unit.vault.token(tenant, point) for point in points]
    events: dict[str, list[dict[str, Any]]] = {}
    for holding in holdings_in(unit.conn):
        if holding.proof:
            found = rows_of(unit.conn, holding, tenant, [person], tokens)
            found = [{k: v for k, v in row.items() if k != _INBOUND_BODY} for row in found]
            if holding.table == "inbound_messages":
                found = [row for row in found if row.get("proof") is not None]
            events[holding.table] = opened_rows(unit, tenant, person, found)
    events["consent_events"] += _said_of_points(unit.conn, tenant, points)
    sql = "select max(at) from touches where tenant = ? and contact = ? and purpose = 'marketing'"
    used = execute(unit.conn, sql, (tenant, person)).scalar()
    last = None if used is None else from_micros(used)
    return keep_proof(unit, tenant, person, events, last, now, years)


def _said_of_points(conn: Connection, tenant: str, points: Sequence[str]) -> list[dict[str, Any]]:
    """Events of these points that name no contact."""
    holding = Holding("consent_events", "length(contact) = 0 and point in ({points})")
    return rows_of(conn, holding, tenant, [], points)


def _clear(
    unit: Unit, holding: Holding, tenant: str, person: str, points: Sequence[str], token: str
) -> int:
    """Delete or blank a person's rows of one table; returns how many there were."""
    tokens = [unit.vault.token(tenant, point) for point in points]
    where, values = condition(holding, tenant, [person], tokens)
    if holding.blank:
        stands = {PSEUDONYM: _standing(holding, token)}
        sets = ", ".join(f"{name} = ?" for name in holding.blank)
        new = [stands.get(v, v) if isinstance(v, str) else v for v in holding.blank.values()]
        sql = f"update {holding.table} set {sets} where {where}"
        return execute(unit.conn, sql, (*new, *values)).rowcount
    count = execute(unit.conn, f"delete from {holding.table} where {where}", values).rowcount
    if holding.table == "consent_events" and points:
        loose = Holding("consent_events", "length(contact) = 0 and point in ({points})")
        where, values = condition(loose, tenant, [], points)
        count += execute(unit.conn, f"delete from consent_events where {where}", values).rowcount
    return count


def _standing(holding: Holding, token: str) -> str:
    """The pseudonym, as the table writes who is meant."""
    name = pseudonym(token)
    return f"person:{name}" if holding.table == "stops" else name
