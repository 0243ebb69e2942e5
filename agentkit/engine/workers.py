"""Who is alive: a heartbeat row a process."""

from __future__ import annotations

import os
import secrets
import socket
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from agentkit.store.instants import to_micros
from agentkit.store.sql import execute

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from agentkit.store import Unit

__all__ = ["SILENCE", "beat", "leave", "new_worker", "worker_alive"]

SILENCE: Final = timedelta(seconds=30)
"""A worker that was silent for longer is taken for dead; its claims still run out their leases."""


def new_worker() -> str:
    """An id that no other process has had: host, process id and a few random characters."""
    return f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}"


def beat(unit: Unit, tenant: str, worker: str, now: datetime) -> None:
    """Say that this process is alive."""
    sql = (
        "insert into workers (tenant, id, host, pid, beat_at) values (?, ?, ?, ?, ?) "
        "on conflict (tenant, id) do update set beat_at = excluded.beat_at"
    )
    values = (tenant, worker, socket.gethostname(), os.getpid(), to_micros(now))
    execute(unit.conn, sql, values)


def leave(unit: Unit, tenant: str, worker: str) -> None:
    """Say that this process ends."""
    execute(unit.conn, "delete from workers where tenant = ? and id = ?", (tenant, worker))


def worker_alive(conn: Connection, tenant: str, now: datetime) -> set[str]:
    """Ids of workers that beat lately and, where they run on this host, still have a process."""
    sql = "select id, host, pid from workers where tenant = ? and beat_at > ?"
    here = socket.gethostname()
    rows = execute(conn, sql, (tenant, to_micros(now - SILENCE)))
    return {str(id_) for id_, host, pid in rows if host != here or _runs(int(pid))}


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
