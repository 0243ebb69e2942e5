"""One transaction: the changes, and the entries that describe them, commit together or not."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

from agentkit.canonical import canonical
from agentkit.entry import Entry
from agentkit.store.instants import to_micros
from agentkit.store.rows import ENTRY_COLUMNS, entry_digest
from agentkit.store.sql import execute, insert_many, placeholders

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from agentkit.store.vault import Vault

__all__ = ["APPEND_LOCK", "Unit"]

APPEND_LOCK: Final = 0x61676B_01
"""PostgreSQL advisory lock that appenders share and the sealer takes alone for an instant, so
that no entry can appear later below an id that the sealer has seen."""

_LOCK_CHUNK: Final = 500


class Unit:
    """A write transaction.

    Attributes:
        conn: The connection; whatever is written through it belongs to the transaction.
    """

    def __init__(self, conn: Connection, vault: Callable[[], Vault]) -> None:
        """Wrap a connection that is inside a transaction."""
        self.conn = conn
        self._vault = vault
        self._entries: list[Entry] = []
        self._callbacks: list[Callable[[], object]] = []

    @property
    def vault(self) -> Vault:
        """The keys of persons."""
        return self._vault()

    def append(self, entry: Entry) -> None:
        """Append one entry; written at the end of the transaction."""
        self._entries.append(entry)

    def append_many(self, entries: Iterable[Entry]) -> None:
        """Append entries, in order; written together at the end of the transaction."""
        self._entries.extend(entries)

    def after_commit(self, callback: Callable[[], object]) -> None:
        """Run this once the transaction has committed, and never if it has not."""
        self._callbacks.append(callback)

    def lock_person(self, tenant: str, person: str) -> None:
        """Hold a person's row until the transaction ends: claims and withdrawals take it.

        On SQLite the transaction already holds the whole database.
        """
        self.lock_people(tenant, (person,))

    def lock_people(self, tenant: str, people: Iterable[str]) -> None:
        """Hold the rows of several persons, in one order for all callers, so none can deadlock.

        Raises:
            StoreLocked: another transaction holds one for longer than the busy timeout.
        """
        if self.conn.dialect.name == "sqlite":
            return
        tokens = sorted({self.vault.token(tenant, person) for person in people})
        rows = [(tenant, token) for token in tokens]
        insert_many(self.conn, "person_locks", ("tenant", "token"), rows, or_ignore=True)
        for start in range(0, len(tokens), _LOCK_CHUNK):
            chunk = tokens[start : start + _LOCK_CHUNK]
            sql = (
                "select token from person_locks where tenant = ? "
                f"and token in ({placeholders(len(chunk))}) order by token for update"
            )
            execute(self.conn, sql, (tenant, *chunk)).all()

    def flush(self) -> None:
        """Write the entries that wait; `Store.write` calls it before it commits."""
        entries, self._entries = self._entries, []
        if not entries:
            return
        by_tenant: dict[str, list[Entry]] = {}
        for entry in entries:
            by_tenant.setdefault(entry.tenant, []).append(entry)
        rows = {tenant: self._rows(tenant, group) for tenant, group in by_tenant.items()}
        if self.conn.dialect.name == "postgresql":
            execute(self.conn, "select pg_advisory_xact_lock_shared(?)", (APPEND_LOCK,)).all()
        for tenant, group in rows.items():
            self._insert(tenant, group)

    def committed(self) -> None:
        """Run what waits for the commit; `Store.write` calls it after it has committed."""
        callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            callback()

    def _rows(self, tenant: str, entries: Sequence[Entry]) -> list[tuple[Any, ...]]:
        """Entries as rows: the private part encrypted, the digest over the rest."""
        secret = [(e.person, e.private) for e in entries if e.private is not None]
        sealed = iter(self.vault.encrypt_many(self.conn, tenant, secret) if secret else ())
        rows = []
        for entry in entries:
            columns = (
                tenant,
                entry.kind,
                to_micros(entry.at),
                entry.action,
                entry.actor,
                self.vault.token(tenant, entry.person) if entry.person else "",
                canonical(entry.public),
                None if entry.private is None else next(sealed),
            )
            rows.append((*columns, entry_digest(*columns)))
        return rows

    def _insert(self, tenant: str, rows: Sequence[tuple[Any, ...]]) -> None:
        """Insert; PostgreSQL numbers by a sequence, on SQLite the one writer counts."""
        if self.conn.dialect.name == "postgresql":
            insert_many(self.conn, "entries", ENTRY_COLUMNS, rows)
            return
        sql = "select coalesce(max(id), 0) from entries where tenant = ?"
        last = execute(self.conn, sql, (tenant,)).scalar_one()
        numbered = ((last + i, *row) for i, row in enumerate(rows, 1))
        insert_many(self.conn, "entries", ("id", *ENTRY_COLUMNS), numbered)
