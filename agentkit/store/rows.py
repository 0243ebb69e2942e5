"""An entry as a row, and the digest that seals bind."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import Any, Final

import orjson

__all__ = ["ENTRY_COLUMNS", "entry_digest", "is_intact"]

ENTRY_COLUMNS: Final = (
    "tenant", "kind", "at", "action", "actor", "person_token", "public", "private", "digest",
)  # fmt: skip
"""Columns of ``entries`` beside ``id``, in the order of inserts."""


def entry_digest(
    tenant: str,
    kind: str,
    at: int,
    action: str,
    actor: str,
    person_token: str,
    public: bytes,
    private: bytes | None,
) -> str:
    """Hex sha256 over every column but the id (which the seal binds).

    The head is a JSON array that ends with both lengths (-1 for no private part), so no two
    different rows have the same bytes. ``private`` is ciphertext: the digest outlives the key.
    """
    lengths = (len(public), -1 if private is None else len(private))
    head = orjson.dumps((tenant, kind, at, action, actor, person_token, *lengths))
    return sha256(b"".join((head, public, private or b""))).hexdigest()


def is_intact(tenant: str, columns: Sequence[Any], digest: str) -> bool:
    """Whether the columns from ``kind`` to ``private`` are those that were digested.

    SQLite keeps text in a column of bytes if told to: a value of a wrong type was altered.
    """
    try:
        return entry_digest(tenant, *columns) == digest
    except TypeError:
        return False
