"""The store: one database, its transactions and its vault."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from agentkit.clock import Clock
from agentkit.errors import ConfigError, StoreError, StoreLocked, StoreReadOnly
from agentkit.store import rotation, schema
from agentkit.store.engine import READING, make_engine, read_url
from agentkit.store.failures import translated
from agentkit.store.keys import MasterKey, load_masters
from agentkit.store.unit import Unit
from agentkit.store.vault import Vault

__all__ = ["Store"]

_BUSY_SECONDS: Final = 10.0
_IN_MEMORY: Final = 256 * 2**20
"""Up to so many bytes a database is rewritten by way of memory, above by way of a nameless file."""
_SIZE: Final = ("page_count", "page_size")


class Store:
    """An open database. Use `Store.open`; share one among threads.

    Attributes:
        engine: Our own SQLAlchemy engine: every transaction begins with the write lock.
        home: The folder with ``keys/`` and ``checkpoints/``.
        where: The database's URL without its password, for messages.
    """

    def __init__(self, engine: Engine, *, clock: Clock, home: Path, busy_seconds: float) -> None:
        """Wrap an engine whose schema is at the head."""
        self.engine = engine
        self.clock = clock
        self.home = home
        self.where = engine.url.render_as_string(hide_password=True)
        self._busy_seconds = busy_seconds
        self._turn = threading.Lock()
        self._inside = threading.local()
        self._vault: Vault | None = None
        self._vault_lock = threading.Lock()

    @classmethod
    def open(
        cls,
        url: str,
        *,
        clock: Clock,
        home: Path,
        create: bool = True,
        busy_seconds: float = _BUSY_SECONDS,
    ) -> Store:
        """Open a database, and bring its schema to the head.

        Args:
            url: ``sqlite:///path`` or ``postgresql://user@host/database``.
            clock: Tells the time.
            home: The folder with ``keys/`` and ``checkpoints/``.
            create: Make and migrate it where needed; otherwise it must be there and current.
            busy_seconds: How long to wait for a lock.

        Raises:
            StoreError: it cannot be reached, is locked, read-only or full.
            SchemaMismatch: it was made by a newer version, or is not ours.
            ConfigError: the URL is wrong, or the master key is missing.
        """
        parsed = read_url(url)
        if parsed.get_backend_name() == "sqlite":
            _prepare_file(parsed.database or "", create=create)
        engine = make_engine(parsed, busy_seconds=busy_seconds)
        store = cls(engine, clock=clock, home=home, busy_seconds=busy_seconds)
        try:
            with translated(store.where):
                schema.prepare(engine, home, clock, create=create)
        except BaseException:
            engine.dispose()
            raise
        return store

    @property
    def vault(self) -> Vault:
        """The keys of persons; opened when first needed.

        Raises:
            ConfigError: the master key is missing, or is not the one of this database.
        """
        if self._vault is None:
            with self._vault_lock:
                if self._vault is None:
                    self.master()
                    with self.read() as conn:
                        pepper = rotation.kept_pepper(conn, load_masters(self.home))
                    load = partial(load_masters, self.home)
                    self._vault = Vault(load, pepper, self.clock, self.scrub)
        return self._vault

    def master(self) -> MasterKey:
        """The master key, checked against this database.

        With another key no suppression would match, and objectors would be contacted.

        Raises:
            ConfigError: it is missing, or is not the one of this database.
        """
        masters = load_masters(self.home)
        with self.read() as conn:
            known = schema.fingerprint(conn)
        master = next((m for m in masters if m.fingerprint == known), None)
        if master is None:
            raise ConfigError(
                f"the key from {masters[0].source} is not the one that {self.where} was made with",
                hint="put the right key file back, or set AGENTKIT_KEY to it",
            )
        return master

    @contextmanager
    def write(self) -> Iterator[Unit]:
        """One write transaction: commits at the end of the block, rolls back if it raises.

        Raises:
            StoreLocked, StoreReadOnly, StoreFull: the database refused; nothing was written.
        """
        with self._my_turn(), translated(self.where), self.engine.begin() as conn:
            unit = Unit(conn, lambda: self.vault)
            yield unit
            unit.flush()
        unit.committed()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One read transaction: takes no write lock, and no write goes through it."""
        options = {READING: True}
        if self.engine.dialect.name == "postgresql":
            options = {"postgresql_readonly": True}
        with translated(self.where), self.engine.connect() as conn:
            reader = conn.execution_options(**options)
            with reader.begin():
                yield reader

    def join(self, conn: Connection) -> Unit:
        """A unit on a transaction that somebody else began with `engine`, and will commit.

        That caller calls `Unit.flush` before and `Unit.committed` after the commit.
        """
        return Unit(conn, lambda: self.vault)

    def scrub(self) -> None:
        """Overwrite what deleted rows left in SQLite's write-ahead log.

        Best effort: while others read, the log is overwritten by a later checkpoint. PostgreSQL
        frees deleted rows by its own vacuum; backups keep keys until they expire.
        """
        if self.engine.dialect.name != "sqlite":
            return
        connection = self.engine.raw_connection()
        try:
            with suppress(DBAPIError):
                connection.cursor().execute("pragma wal_checkpoint(truncate)").fetchall()
        finally:
            connection.close()

    def purge(self) -> bool:
        """Leave nothing of deleted rows in the database's files.

        SQLite overwrites what is deleted, but a page that was once split may keep an older copy of
        a row between its cells: so the file is written anew, and the write-ahead log emptied. Takes
        about a second for 100 MB. On PostgreSQL a plain ``vacuum`` of our tables frees dead rows
        for reuse at once instead of some time later; the bytes are gone when they are overwritten,
        and old WAL segments when the server recycles them.

        Returns:
            Whether all of it could be done; False while another process reads or writes, and then
            it is worth calling again.
        """
        with self._my_turn():
            if self.engine.dialect.name == "sqlite":
                return self._rewrite()
            from sqlalchemy import inspect, text

            with self.engine.connect() as conn:
                alone = conn.execution_options(isolation_level="AUTOCOMMIT")
                for table in inspect(alone).get_table_names():
                    alone.execute(text(f'vacuum "{table}"'))
            return True

    def _rewrite(self) -> bool:
        connection = self.engine.raw_connection()
        try:
            cursor = connection.cursor()
            cursor.execute("pragma query_only = 0")  # the pool may give one that only read
            connection.info[READING] = False
            large = self._size(cursor) > _IN_MEMORY
            cursor.execute(f"pragma temp_store = {'file' if large else 'memory'}")
            cursor.execute("vacuum")
            cursor.execute("pragma temp_store = memory")
            busy: int = cursor.execute("pragma wal_checkpoint(truncate)").fetchone()[0]
        except self.engine.dialect.dbapi.OperationalError:  # type: ignore[union-attr]
            return False  # locked: others work
        finally:
            connection.close()
        return not busy

    @staticmethod
    def _size(cursor: Any) -> int:
        """Bytes of a SQLite database."""
        pages, size = (cursor.execute(f"pragma {p}").fetchone()[0] for p in _SIZE)
        return int(pages * size)

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()

    @contextmanager
    def _my_turn(self) -> Iterator[None]:
        """Let this process's threads write in turn; SQLite alone makes them poll.

        A transaction inside a transaction would wait for itself, so it is refused at once.
        """
        if getattr(self._inside, "writing", False):
            raise StoreError(
                "a write transaction was begun inside another of the same thread",
                hint="pass the unit on instead of calling store.write() again",
            )
        alone = self.engine.dialect.name == "sqlite"
        if alone and not self._turn.acquire(timeout=self._busy_seconds):
            raise StoreLocked(
                f"another thread of this process writes to {self.where}",
                hint="keep write transactions short: nothing was written",
            )
        self._inside.writing = True
        try:
            yield
        finally:
            self._inside.writing = False
            if alone:
                self._turn.release()


def _prepare_file(database: str, *, create: bool) -> None:
    """Make a new SQLite file that only its owner can read, or say that there is no such file."""
    if database.startswith("file:"):  # an SQLite URI: the caller knows what it does
        return
    path = Path(database)
    if create:
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise StoreReadOnly(
                f"the folder {path.parent} cannot be made: {error.strerror}",
                hint="name another with --home DIR, AGENTKIT_HOME or `home` in agentkit.toml",
            ) from error
        with suppress(OSError):  # where this fails, SQLite says why
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    elif not path.exists():
        raise StoreError(
            f"there is no database {path}",
            hint="name it in the setting `database` or the variable AGENTKIT_DATABASE; "
            "`agentkit demo` makes one to look at",
        )
