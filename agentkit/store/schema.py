"""The schema's version: check it at every start, migrate where it is due (only then by Alembic)."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Engine, inspect
from sqlalchemy.exc import OperationalError, ProgrammingError

from agentkit.clock import Clock
from agentkit.errors import SchemaMismatch, StoreError
from agentkit.store.engine import READING
from agentkit.store.instants import to_micros
from agentkit.store.keys import load_master
from agentkit.store.sql import execute, insert_many

__all__ = ["FINGERPRINT", "HEAD", "MIGRATIONS", "current", "fingerprint", "prepare"]

HEAD: Final = "0004"
"""The newest revision; a test holds it to what the folder says."""

MIGRATIONS: Final = Path(__file__).with_name("migrations")
"""The folder that Alembic reads."""

_MIGRATION_LOCK: Final = 0x61676B_03
FINGERPRINT: Final = ("", "", "fingerprint")
"""The row of ``person_keys`` that names the master key."""


def current(conn: Connection) -> str | None:
    """The revision that a database is at; None where it holds nothing of ours."""
    if not inspect(conn).has_table("alembic_version"):
        return None
    found: str | None = execute(conn, "select version_num from alembic_version").scalar()
    return found


def fingerprint(conn: Connection, *, hold: bool = False) -> bytes | None:
    """The fingerprint of the master key that wraps the keys of this database.

    Args:
        conn: A connection.
        hold: Let no rotation begin before the end of this transaction.
    """
    sql = "select key_id from person_keys where tenant = ? and token = ? and key_class = ?"
    if hold and conn.dialect.name == "postgresql":
        sql += " for share"
    found = execute(conn, sql, FINGERPRINT).scalar()
    return None if found is None else bytes(found)


def prepare(engine: Engine, home: Path, clock: Clock, *, create: bool) -> None:
    """Bring a database to the head, or say why not.

    Raises:
        SchemaMismatch: it is newer than this program, not ours, or old and not to be changed.
        StoreError: it is empty and not to be made.
    """
    if engine.dialect.name == "sqlite" and create:
        _use_wal(engine)
    with engine.connect() as conn:
        reader = conn.execution_options(**{READING: True})
        with reader.begin():
            found = current(reader)
    if found == HEAD:
        return
    _check_known(found)
    if not create:
        raise _refusal(found, engine)
    with engine.connect() as conn, conn.begin():
        _migrate(conn, home, clock)


def _use_wal(engine: Engine) -> None:
    """Let readers and the writer work side by side; a read-only file stays as it is."""
    with engine.connect() as conn:
        connection = conn.connection
        mode = connection.cursor().execute("pragma journal_mode").fetchone()
        if mode != ("wal",):
            try:
                connection.cursor().execute("pragma journal_mode = wal").fetchone()
            except engine.dialect.dbapi.OperationalError as error:  # type: ignore[union-attr]
                raise OperationalError("pragma journal_mode = wal", None, error) from error


def _refusal(found: str | None, engine: Engine) -> StoreError:
    """Why a database that must not be changed cannot be used."""
    where = engine.url.render_as_string(hide_password=True)
    if found is None:
        return StoreError(
            f"the database {where} is empty", hint="`agentkit demo` or an import fills one"
        )
    return SchemaMismatch(
        f"the database {where} is at revision {found}, this program at {HEAD}",
        hint="open it once with write access by this version, or use the version that made it",
    )


def _check_known(found: str | None) -> None:
    """Refuse a revision from the future.

    Raises:
        SchemaMismatch: this program does not know the revision.
    """
    from alembic.script import ScriptDirectory

    known = {script.revision for script in ScriptDirectory(MIGRATIONS).walk_revisions()}
    if found is not None and found not in known:
        raise SchemaMismatch(
            f"the database is at revision {found}, newer than this program ({HEAD})",
            hint="upgrade agentkit: pip install --upgrade agentkit-crm",
        )


def _migrate(conn: Connection, home: Path, clock: Clock) -> None:
    """Run the migrations inside the transaction, unless another process was first."""
    from alembic import command
    from alembic.config import Config

    if conn.dialect.name == "postgresql":
        execute(conn, "select pg_advisory_xact_lock(?)", (_MIGRATION_LOCK,)).all()
    found = current(conn)
    if found == HEAD:
        return
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = conn
    try:
        command.upgrade(config, "head")
    except (OperationalError, ProgrammingError) as error:
        if "already exists" not in str(error.orig):
            raise
        raise SchemaMismatch(
            "the database holds tables of another program with our names",
            hint="give agentkit a database of its own",
        ) from error
    if found is None:
        _remember_key(conn, home, clock)


def _remember_key(conn: Connection, home: Path, clock: Clock) -> None:
    """Bind a new database to its master key, which is drawn where there is none."""
    master = load_master(home, create=True)
    columns = ("tenant", "token", "key_class", "key_id", "wrapped", "created_at")
    row = (*FINGERPRINT, master.fingerprint, b"", to_micros(clock.now()))
    insert_many(conn, "person_keys", columns, [row])
