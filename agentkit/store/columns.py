"""Columns as the tables use them: text that is never null, instants as integers, bytes."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, LargeBinary, Text
from sqlmodel import Field

from agentkit.store.types import Instant

__all__ = ["blob", "instant", "key", "maybe_blob", "maybe_instant", "number", "text"]


def key() -> Any:
    """A text column of the primary key."""
    return Field(primary_key=True, sa_type=Text)


def text(default: str = "") -> Any:
    """A text column that is never null; the default stands for "not known"."""
    return Field(default=default, sa_type=Text, sa_column_kwargs={"server_default": default})


def number(default: int = 0) -> Any:
    """An integer column that is never null."""
    return Field(
        default=default, sa_type=BigInteger, sa_column_kwargs={"server_default": str(default)}
    )


def instant() -> Any:
    """An instant that is always known."""
    return Field(sa_type=Instant)


def maybe_instant() -> Any:
    """An instant that may be unknown."""
    return Field(default=None, sa_type=Instant, nullable=True)


def blob() -> Any:
    """Bytes that are always there."""
    return Field(sa_type=LargeBinary)


def maybe_blob() -> Any:
    """Bytes that may be absent."""
    return Field(default=None, sa_type=LargeBinary, nullable=True)
