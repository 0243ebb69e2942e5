"""Replacing the master key: every person's key is wrapped anew, and nothing else changes.

The keys of persons stay what they are, so ciphertexts and the ledger stay too. The pepper of tokens
cannot change (what was erased cannot be hashed again), so it is kept, wrapped by the new key. The
new key signs checkpoints from now on; the public half of the old one is kept, so that the old ones
still verify.

A rotation names the new key first: from that transaction on, new keys are wrapped by it. Then it
wraps the others in batches; each is one transaction, so an interrupted rotation resumes where it
was, by looking at every key again. Meanwhile and in processes that began before, both are accepted.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from agentkit.errors import ConfigError, StoreError
from agentkit.store import schema
from agentkit.store.instants import to_micros
from agentkit.store.keys import MasterKey
from agentkit.store.sql import execute, insert_many

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from agentkit.store.database import Store

__all__ = ["kept_pepper", "retired_signers", "rotate", "unwrapped"]

_BATCH: Final = 1_000
_NONCE_BYTES: Final = 12
_ID: Final = b"agentkit"
_PEPPER: Final = "pepper"
_SIGNER: Final = "signer"
_COLUMNS: Final = ("tenant", "token", "key_class", "key_id", "wrapped", "created_at")


def rotate(store: Store, old: MasterKey, new: MasterKey, *, batch: int = _BATCH) -> int:
    """Wrap every key by another master key; run it again where it was interrupted.

    Args:
        store: The database.
        old: The key that wraps now (or did when the rotation began).
        new: The key that shall.
        batch: Keys in one transaction.

    Returns:
        How many keys were wrapped anew.

    Raises:
        ConfigError: the database was made with neither, or both are the same.
        StoreError: a key was altered; those before it are done.
    """
    if old.secret == new.secret:
        raise ConfigError(
            "the new master key is the old one", hint="draw another for AGENTKIT_KEY_NEW"
        )
    _begin(store, old, new)
    total = 0
    while True:  # until a whole pass finds nothing: keys made meanwhile count too
        done, after = 0, ("", "", "")
        while True:
            changed, last = _pass(store, old, new, after, batch)
            done += changed
            if last is None:
                break
            after = last
        total += done
        if not done:
            return total


def _begin(store: Store, old: MasterKey, new: MasterKey) -> None:
    """Name the new key, and keep what follows from the old one."""
    with store.write() as unit:
        conn, now = unit.conn, store.clock.now()
        named = schema.fingerprint(conn)
        if named == new.fingerprint:
            return
        if named != old.fingerprint:
            raise ConfigError(
                f"the key from {old.source} is not the one that {store.where} was made with",
                hint="put the right key file back, or set AGENTKIT_KEY to it",
            )
        pepper = kept_pepper(conn, [old])
        if pepper is None:
            _keep(conn, "", _PEPPER, old.derive("pepper"), new, now)
        signer = old.signer().public_key().public_bytes_raw()
        _keep(conn, signer.hex(), _SIGNER, signer, new, now)
        sql = "update person_keys set key_id = ? where tenant = ? and token = ? and key_class = ?"
        execute(conn, sql, (new.fingerprint, *schema.FINGERPRINT))


def _keep(
    conn: Connection, token: str, name: str, secret: bytes, master: MasterKey, now: datetime
) -> None:
    """Store something that a rotation must not lose, wrapped like a person's key."""
    wrapped = _wrapped(master, secret, _bound("", token, name) + _ID)
    row = ("", token, name, _ID, wrapped, to_micros(now))
    insert_many(conn, "person_keys", _COLUMNS, [row], or_ignore=True)


def _pass(
    store: Store, old: MasterKey, new: MasterKey, after: tuple[str, str, str], batch: int
) -> tuple[int, tuple[str, str, str] | None]:
    """Wrap the next keys anew; how many, and the last that was looked at."""
    sql = (
        "select tenant, token, key_class, key_id, wrapped from person_keys "
        "where (tenant, token, key_class) > (?, ?, ?) and length(wrapped) > 0 "
        "order by tenant, token, key_class limit ?"
    )
    changed = 0
    with store.write() as unit:
        rows = execute(unit.conn, sql, (*after, batch)).all()
        for tenant, token, key_class, key_id, sealed in rows:
            wrapped, bound = bytes(sealed), _bound(tenant, token, key_class) + bytes(key_id)
            if unwrapped(_ciphers([new]), wrapped, bound) is not None:
                continue
            key = unwrapped(_ciphers([old]), wrapped, bound)
            if key is None:
                raise StoreError(
                    "a key is wrapped by neither the old nor the new master key",
                    hint="run `agentkit ledger verify`, and restore the table from a backup",
                )
            update = (
                "update person_keys set wrapped = ? where tenant = ? and token = ? "
                "and key_class = ? and wrapped = ?"
            )
            values = (_wrapped(new, key, bound), tenant, token, key_class, wrapped)
            changed += execute(unit.conn, update, values).rowcount
    return changed, tuple(rows[-1][:3]) if rows else None


def kept_pepper(conn: Connection, masters: Sequence[MasterKey]) -> bytes | None:
    """The pepper that was kept by a rotation; None where there was none.

    Raises:
        StoreError: it was altered.
    """
    sql = (
        "select key_id, wrapped from person_keys where tenant = '' and token = '' and key_class = ?"
    )
    row = execute(conn, sql, (_PEPPER,)).first()
    if row is None:
        return None
    bound = _bound("", "", _PEPPER) + bytes(row[0])
    pepper = unwrapped(_ciphers(masters), bytes(row[1]), bound)
    if pepper is None:
        raise StoreError(
            "the pepper of tokens was altered, or belongs to another master key",
            hint="restore the table person_keys from a backup",
        )
    return pepper


def retired_signers(conn: Connection, masters: Sequence[MasterKey]) -> list[bytes]:
    """Public keys of the master keys that were replaced, oldest first; forged rows are left out."""
    sql = (
        "select token, key_id, wrapped from person_keys where tenant = '' and key_class = ? "
        "order by created_at, token"
    )
    found = []
    for token, key_id, wrapped in execute(conn, sql, (_SIGNER,)):
        bound = _bound("", token, _SIGNER) + bytes(key_id)
        key = unwrapped(_ciphers(masters), bytes(wrapped), bound)
        if key is not None:
            found.append(key)
    return found


def unwrapped(ciphers: Iterable[AESGCM], wrapped: bytes, bound: bytes) -> bytes | None:
    """A key out of its wrapping; None where none of the ciphers wrapped it."""
    nonce, body = wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:]
    for cipher in ciphers:
        try:
            return cipher.decrypt(nonce, body, bound)
        except InvalidTag:
            continue
    return None


def _wrapped(master: MasterKey, key: bytes, bound: bytes) -> bytes:
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return nonce + AESGCM(master.derive("wrap")).encrypt(nonce, key, bound)


def _ciphers(masters: Iterable[MasterKey]) -> list[AESGCM]:
    return [AESGCM(m.derive("wrap")) for m in masters]


def _bound(tenant: str, token: str, key_class: str) -> bytes:
    """What a wrapped key belongs to; the same as in the vault."""
    return f"{tenant}\0{token}\0{key_class}\0".encode()
