"""The hash chain: what a seal binds."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import Final

import orjson

__all__ = ["GENESIS", "SEAL_LOCK", "Head", "seal_hash"]

GENESIS: Final = "0" * 64
"""What the first seal of a tenant follows."""

SEAL_LOCK: Final = 0x61676B_02
"""PostgreSQL advisory lock of the one sealer."""


@dataclass(frozen=True, slots=True)
class Head:
    """The last seal of a tenant's chain.

    Attributes:
        n: Number of seals; also the number of the last one.
        entry: Id of the last sealed entry.
        hash: Hash of the last seal.
    """

    n: int = 0
    entry: int = 0
    hash: str = GENESIS


def seal_hash(tenant: str, n: int, entry: int, digest: str, prev: str) -> str:
    """Hex sha256 over the place, the entry's id and digest, and the seal before."""
    return sha256(orjson.dumps((tenant, n, entry, digest, prev))).hexdigest()
