"""Our own engine: what SQLite and PostgreSQL must be told before they keep what they are given.

On SQLAlchemy's default SQLite engine a transaction begins as a reader, so two read-then-update
transactions overwrite each other or die of "database is locked". Here ``BEGIN IMMEDIATE`` takes
the write lock at the start.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url

from agentkit.errors import ConfigError

__all__ = ["READING", "make_engine", "read_url"]

READING: Final = "agentkit_reading"
"""Execution option of a connection that only reads: no write lock, and no write goes through."""

_PRAGMAS: Final = (
    "foreign_keys = on",
    "synchronous = full",  # a commit is on the disk when it returns
    "secure_delete = on",  # a deleted key is overwritten, not only unlinked
    "temp_store = memory",  # personal data in no temporary file
    "cache_size = -32768",  # KiB: a large batch reaches the log once, at its commit
    "wal_autocheckpoint = 4000",  # pages: one that several batches write is copied back once
)


def read_url(text: str) -> URL:
    """Read a database URL and name its driver.

    Raises:
        ConfigError: it is no URL, another kind of database, or one that forgets.
    """
    hint = "write sqlite:///path/to/agentkit.db or postgresql://user@host/database"
    try:
        url = make_url(text)
    except Exception as error:  # SQLAlchemy raises its own class, ValueError and others here
        raise ConfigError("the setting `database` is not a database URL", hint=hint) from error
    backend = url.get_backend_name()
    if backend in {"postgresql", "postgres"}:
        return url.set(drivername="postgresql+psycopg")
    if backend != "sqlite":
        raise ConfigError(f"agentkit keeps no data in {backend!r}", hint=hint)
    if not url.database or ":memory:" in url.database or url.query.get("mode") == "memory":
        raise ConfigError("a ledger in memory would forget everything", hint=hint)
    return url.set(drivername="sqlite")


def make_engine(url: URL, *, busy_seconds: float) -> Engine:
    """Make the engine; it may be given to any library that begins transactions by SQLAlchemy.

    Args:
        url: From `read_url`.
        busy_seconds: How long to wait for a lock before giving up.
    """
    if url.get_backend_name() == "sqlite":
        engine = create_engine(url, connect_args={"timeout": busy_seconds}, pool_timeout=60)
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    engine = create_engine(url, pool_size=10, max_overflow=20, pool_pre_ping=True)
    event.listen(engine, "connect", _prepare_postgres(busy_seconds))
    return engine


def _prepare_sqlite(connection: Any, record: Any) -> None:
    """Set what SQLite forgets with every connection."""
    connection.isolation_level = None  # the driver's own BEGIN is late and deferred
    record.info[READING] = False
    cursor = connection.cursor()
    for pragma in _PRAGMAS:
        cursor.execute(f"pragma {pragma}")
    cursor.close()


def _begin_sqlite(conn: Connection) -> None:
    """Begin as a writer, or as a reader where the connection says so."""
    reading = bool(conn.get_execution_options().get(READING))
    if conn.info.get(READING) is not reading:
        conn.exec_driver_sql(f"pragma query_only = {int(reading)}")
        conn.info[READING] = reading
    conn.exec_driver_sql("begin" if reading else "begin immediate")


def _prepare_postgres(busy_seconds: float) -> Any:
    """Make the listener that bounds how long a PostgreSQL statement waits for a lock."""

    def prepare(connection: Any, record: Any) -> None:  # noqa: ARG001  (SQLAlchemy's signature)
        with connection.cursor() as cursor:
            cursor.execute(f"set lock_timeout = {int(busy_seconds * 1000)}")
        connection.commit()

    return prepare
