"""Column types of the store."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Dialect, TypeDecorator

from agentkit.store.instants import from_micros, to_micros

__all__ = ["Instant"]


class Instant(TypeDecorator[datetime]):
    """An aware UTC datetime, kept as integer microseconds since the epoch on every database.

    SQLite has no instants of its own, and text would compare wrongly across offsets.
    """

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002
        """From Python to the database."""
        return None if value is None else to_micros(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """From the database to Python."""
        return None if value is None else from_micros(value)
