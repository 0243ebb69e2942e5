"""The sealer: gives entries that wait their order and hash.

A chain whose head every transaction locked would let one worker write at a time. So entries commit
unordered, and one sealer chains them afterwards; until then they stand in the unsealed window,
which `agentkit.ledger.verify` shows.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from agentkit.ledger.chain import SEAL_LOCK, Head, seal_hash
from agentkit.store import execute, insert_many
from agentkit.store.unit import APPEND_LOCK

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from agentkit.store import Store

__all__ = ["head", "seal", "tenants"]

_NO_BARRIER: Final = 2**63 - 1


def seal(store: Store, limit: int = 10_000) -> int:
    """Seal entries that wait, oldest first, in one transaction; run it again until it gives 0.

    Args:
        store: The database.
        limit: How many at most, so that writers do not wait long.

    Returns:
        How many were sealed; 0 also where another process is sealing.
    """
    barrier = _barrier(store)
    with store.write() as unit:
        if not _alone(unit.conn):
            return 0
        left = limit
        for tenant in tenants(unit.conn, "entries"):
            left -= _seal_tenant(unit.conn, tenant, barrier, left)
            if left <= 0:
                break
    return limit - left


def tenants(conn: Connection, table: str) -> Iterator[str]:
    """The tenants of a table, each found by one step in the index."""
    sql = f"select min(tenant) from {table}"
    found = execute(conn, sql).scalar()
    while found is not None:
        yield found
        found = execute(conn, f"{sql} where tenant > ?", (found,)).scalar()


def head(conn: Connection, tenant: str) -> Head:
    """The last seal of a tenant's chain."""
    sql = "select n, entry, hash from seals where tenant = ? order by n desc limit 1"
    row = execute(conn, sql, (tenant,)).one_or_none()
    return Head() if row is None else Head(*row)


def _barrier(store: Store) -> int:
    """An id below which no entry can appear any more.

    On PostgreSQL transactions commit in another order than the sequence numbered their entries.
    Appenders hold a shared lock from numbering to commit; holding it alone for an instant shows
    that all numbers given so far are settled. SQLite has one writer: no barrier is needed.
    """
    if store.engine.dialect.name != "postgresql":
        return _NO_BARRIER
    with store.read() as conn:
        execute(conn, "select pg_advisory_xact_lock(?)", (APPEND_LOCK,)).all()
        sql = "select pg_sequence_last_value(pg_get_serial_sequence('entries', 'id')::regclass)"
        return int(execute(conn, sql).scalar() or 0)


def _alone(conn: Connection) -> bool:
    """Whether this transaction is the only sealer; true on SQLite, where it holds the file."""
    if conn.dialect.name != "postgresql":
        return True
    return bool(execute(conn, "select pg_try_advisory_xact_lock(?)", (SEAL_LOCK,)).scalar())


def _seal_tenant(conn: Connection, tenant: str, barrier: int, limit: int) -> int:
    """Chain one tenant's entries that wait."""
    last = head(conn, tenant)
    sql = (
        "select id, digest from entries where tenant = ? and id > ? and id <= ? order by id limit ?"
    )
    waiting = execute(conn, sql, (tenant, last.entry, barrier, limit)).all()
    seals: list[tuple[Any, ...]] = []
    n, prev = last.n, last.hash
    for entry, digest in waiting:
        n += 1
        sealed = seal_hash(tenant, n, entry, digest, prev)
        seals.append((tenant, n, entry, prev, sealed))
        prev = sealed
    return insert_many(conn, "seals", ("tenant", "n", "entry", "prev", "hash"), seals)
