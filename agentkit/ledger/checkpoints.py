"""Checkpoints: the heads of all chains, signed and kept outside the database.

A hash chain alone does not show that its tail was cut off, or that all of it was computed anew.
Each checkpoint is one JSON line: when, the head of every chain, the sha256 of the line before, the
public key, and an Ed25519 signature (RFC 8032) over the canonical form of all that. Copy the folder
to another machine, and even the owner of this one cannot rewrite the past.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agentkit.canonical import canonical, from_json
from agentkit.ledger.chain import SEAL_LOCK, Head
from agentkit.ledger.sealer import head, tenants
from agentkit.store import execute

if TYPE_CHECKING:
    from agentkit.store import Store

__all__ = ["Checkpoint", "checkpoint", "public_key", "read_checkpoints"]


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """One line that was read back.

    Attributes:
        where: File name and line, for messages.
        at: When it was made.
        heads: The head of every chain then, by tenant.
        problem: Why it cannot be trusted; empty if it can.
    """

    where: str
    at: datetime | None
    heads: dict[str, Head]
    problem: str = ""


def checkpoint(store: Store, home: Path) -> Path:
    """Sign the heads of all chains and append them to ``home/checkpoints/YYYY-MM.jsonl``.

    Nothing is written where nothing was sealed since the last one.

    Returns:
        The file.
    """
    master = store.master()
    with store.write() as unit:  # one checkpoint at a time: each names the line before
        if unit.conn.dialect.name == "postgresql":
            execute(unit.conn, "select pg_advisory_xact_lock(?)", (SEAL_LOCK,)).all()
        heads = {tenant: head(unit.conn, tenant) for tenant in tenants(unit.conn, "seals")}
        chains = {t: {"n": h.n, "entry": h.entry, "hash": h.hash} for t, h in heads.items()}
        path, last = _target(home, store.clock.now())
        if last is not None and from_json(last)["chains"] == chains:
            return path
        body: dict[str, Any] = {
            "at": store.clock.now(),
            "chains": chains,
            "prev": "" if last is None else sha256(last).hexdigest(),
            "key": public_key(master.signer()).hex(),
        }
        signature = master.signer().sign(canonical(body)).hex()
        _append(path, canonical({**body, "signature": signature}))
    return path


def public_key(signer: Any) -> bytes:
    """The 32 bytes by which anybody can check the signatures."""
    key: bytes = signer.public_key().public_bytes_raw()
    return key


def read_checkpoints(home: Path, trusted: Sequence[bytes]) -> list[Checkpoint]:
    """Read all checkpoints, oldest first, and check their signatures and links.

    Args:
        home: The folder that holds ``checkpoints/``.
        trusted: The public keys that may have signed, in the order in which they were used: a key
            that was replaced signs nothing after its successor.
    """
    found: list[Checkpoint] = []
    prev, left = "", list(trusted)
    for path in _files(home):
        for number, line in enumerate(path.read_bytes().splitlines(), 1):
            signer = next((n for n, key in enumerate(left) if _names(line, key)), 0)
            left = left[signer:]
            found.append(_read_line(f"{path.name}:{number}", line, prev, left[0]))
            prev = sha256(line).hexdigest()
    return found


def _names(line: bytes, key: bytes) -> bool:
    """Whether a line says that this key signed it; that it did is checked afterwards."""
    return f'"key":"{key.hex()}"'.encode() in line


def _files(home: Path) -> list[Path]:
    """The checkpoint files, oldest first."""
    return sorted((home / "checkpoints").glob("*.jsonl"))


def _target(home: Path, now: datetime) -> tuple[Path, bytes | None]:
    """The file to append to, and the last line there is; a clock set back opens no older file."""
    files = _files(home)
    name = max([f"{now:%Y-%m}.jsonl", *(path.name for path in files)])
    lines: Iterable[bytes] = files[-1].read_bytes().splitlines() if files else ()
    return home / "checkpoints" / name, next(reversed(list(lines)), None)


def _append(path: Path, line: bytes) -> None:
    """Append one line and see it onto the disk."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        file.write(line + b"\n")
        file.flush()
        os.fsync(file.fileno())


def _read_line(where: str, line: bytes, prev: str, trusted: bytes) -> Checkpoint:
    """Read one line; a line that cannot be read is a checkpoint with a problem."""
    try:
        body = from_json(line)
        heads = {t: Head(h["n"], h["entry"], h["hash"]) for t, h in body["chains"].items()}
        at, link = datetime.fromisoformat(body["at"]), body["prev"]
        signature = bytes.fromhex(body.pop("signature"))
    except (ValueError, KeyError, TypeError, AttributeError):
        return Checkpoint(where, None, {}, "it cannot be read")
    if not _signed(canonical(body), signature, trusted):
        return Checkpoint(where, at, {}, "its signature is not ours")
    if link != prev:
        return Checkpoint(where, at, heads, "the line before it was changed or removed")
    return Checkpoint(where, at, heads)


def _signed(body: bytes, signature: bytes, trusted: bytes) -> bool:
    """Whether the trusted key signed these bytes."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(trusted).verify(signature, body)
    except InvalidSignature:
        return False
    return True
