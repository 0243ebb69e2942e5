"""What a database says, in our words: which error, and what to do about it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from agentkit.errors import StoreError, StoreFull, StoreLocked, StoreReadOnly

__all__ = ["translated"]

_LOCKED = (
    StoreLocked,
    "the database {where} is held by another process",
    "find who holds it (a backup, a database browser, a worker) and try again: nothing was lost",
)
_READ_ONLY = (
    StoreReadOnly,
    "the database {where} cannot be written",
    "check the permissions of its file and folder, or of its role: nothing was written",
)
_FULL = (
    StoreFull,
    "no space is left for the database {where}",
    "free some space on that disk, or raise its quota, and try again: nothing was half written",
)
_UNREACHABLE = (
    StoreError,
    "the database {where} cannot be opened",
    "check that the path or server exists, and the setting `database` (or AGENTKIT_DATABASE)",
)
_NOT_ONE = (
    StoreError,
    "{where} is damaged or is no agentkit database",
    "name another file in the setting `database`, or restore a backup",
)

_Explanation = tuple[type[StoreError], str, str]

_SQLITE: Final[dict[int, _Explanation]] = {
    sqlite3.SQLITE_BUSY: _LOCKED,
    sqlite3.SQLITE_LOCKED: _LOCKED,
    sqlite3.SQLITE_READONLY: _READ_ONLY,
    sqlite3.SQLITE_PERM: _READ_ONLY,
    sqlite3.SQLITE_FULL: _FULL,
    sqlite3.SQLITE_CANTOPEN: _UNREACHABLE,
    sqlite3.SQLITE_NOTADB: _NOT_ONE,
    sqlite3.SQLITE_CORRUPT: _NOT_ONE,
}

_POSTGRES: Final[dict[str, _Explanation]] = {
    "55P03": _LOCKED,  # lock_not_available: lock_timeout ran out
    "40P01": _LOCKED,  # deadlock_detected
    "40001": _LOCKED,  # serialization_failure
    "25006": _READ_ONLY,  # read_only_sql_transaction
    "42501": _READ_ONLY,  # insufficient_privilege
    "53100": _FULL,  # disk_full
    "3D000": _UNREACHABLE,  # invalid_catalog_name
    "28000": _UNREACHABLE,  # invalid_authorization_specification
    "28P01": _UNREACHABLE,  # invalid_password
    "53300": _UNREACHABLE,  # too_many_connections
}


def _explanation(error: DBAPIError) -> _Explanation | None:
    """Which of our errors this is; None if it is a mistake of ours and must stay as it is."""
    cause = error.orig
    if isinstance(cause, sqlite3.Error):
        return _SQLITE.get(getattr(cause, "sqlite_errorcode", 0) & 0xFF)
    state = getattr(cause, "sqlstate", None)
    if state is None and type(cause).__name__ == "OperationalError":
        return _UNREACHABLE  # psycopg gives no state where it never reached a server
    return _POSTGRES.get(state or "")


@contextmanager
def translated(where: str) -> Iterator[None]:
    """Turn what a database refuses into an `agentkit.errors.StoreError` with a hint.

    Args:
        where: The database, without its password.
    """
    try:
        yield
    except DBAPIError as error:
        found = _explanation(error)
        if found is None:
            raise
        kind, message, hint = found
        raise kind(message.format(where=where), hint=hint) from error
    except PoolTimeout as error:
        kind, message, hint = _LOCKED
        raise kind(message.format(where=where), hint=hint) from error
