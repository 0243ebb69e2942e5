"""Alembic's environment: always on a connection that the caller began.

A new revision is written by hand beside the others; a test compares the result with `tables`.
"""

from __future__ import annotations

from alembic import context
from sqlalchemy import Connection

__all__: list[str] = []


def _run(conn: Connection) -> None:
    """Migrate; the tables are imported only to compare them with the database."""
    target = None
    if context.config.attributes.get("compare"):
        from agentkit.store.tables import metadata

        target = metadata
    context.configure(connection=conn, target_metadata=target, compare_type=True)
    context.run_migrations()


_run(context.config.attributes["connection"])
