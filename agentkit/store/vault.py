"""Personal data at rest: a key per person, wrapped by the master key.

Erasing a person is deleting a key: the ciphertext stays where it is, so the ledger still verifies.
AES-256-GCM (NIST SP 800-38D) with random 96-bit nonces; the additional data binds a ciphertext to
its tenant, person and class of key, so that moving it to another row makes it unreadable.

Layout of a ciphertext: version (1 byte), class (1), key id (8), nonce (12), AES-GCM output.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from agentkit.canonical import canonical
from agentkit.clock import Clock
from agentkit.errors import ConfigError, StoreError
from agentkit.store.instants import to_micros
from agentkit.store.keys import KEY_BYTES, MasterKey
from agentkit.store.rotation import unwrapped
from agentkit.store.schema import fingerprint
from agentkit.store.sql import execute, insert_many, placeholders

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from agentkit.store.unit import Unit

__all__ = ["KEY_CLASSES", "KeyClass", "Vault"]

KeyClass = Literal["payload", "proof", "suppression"]
KEY_CLASSES: Final[tuple[KeyClass, ...]] = ("payload", "proof", "suppression")
"""``payload`` is deleted by an erasure, ``proof`` of consent at its dated limitation,
``suppression`` never."""

_VERSION: Final = 1
_ID_BYTES: Final = 8
_NONCE_BYTES: Final = 12
_HEAD_BYTES: Final = 2 + _ID_BYTES
_CHUNK: Final = 500
_MAX_OPEN: Final = 50_000


class _Key(NamedTuple):
    """A person's key, ready to use."""

    id: bytes
    cipher: AESGCM
    bound: bytes


class Vault:
    """Encrypts, decrypts and forgets.

    Every call reads the wrapped key from the database first: only the unwrapping is cached, so
    another process's erasure holds here at once.
    """

    def __init__(
        self,
        masters: Callable[[], Sequence[MasterKey]],
        pepper: bytes | None,
        clock: Clock,
        scrub: Callable[[], None],
    ) -> None:
        """Derive the keys.

        Args:
            masters: Loads the master key, and the one that is replacing it.
            pepper: What tokens are keyed with, where the master key was replaced since the
                database was made; None: what follows from the master key.
            clock: For the dates of new keys.
            scrub: Overwrites what a deleted key left in the database's files.
        """
        self._load = masters
        loaded = masters()
        self._wraps = _ciphers(loaded)
        self._pepper = loaded[0].derive("pepper") if pepper is None else pepper
        self._clock = clock
        self._scrub = scrub
        self._open: dict[bytes, AESGCM] = {}
        self._tokens: dict[tuple[str, str], str] = {}

    def token(self, tenant: str, subject: str) -> str:
        """A keyed hash (HMAC-SHA256, hex) that stands for a person or contact point in the clear.

        A plain hash of a phone number is found by trying all. The caller normalises.
        """
        known = self._tokens.get((tenant, subject))
        if known is None:
            known = hmac.digest(self._pepper, f"{tenant}\0{subject}".encode(), "sha256").hex()
            if len(self._tokens) >= _MAX_OPEN:
                self._tokens.clear()
            self._tokens[tenant, subject] = known
        return known

    def mac(self, purpose: str, data: bytes) -> str:
        """A keyed hash (HMAC-SHA256, hex) of what is kept outside the database."""
        key = hmac.digest(self._pepper, b"mac\0" + purpose.encode(), "sha256")
        return hmac.digest(key, data, "sha256").hex()

    def encrypt(
        self,
        conn: Connection,
        tenant: str,
        person: str,
        value: Mapping[str, Any],
        *,
        key_class: KeyClass = "payload",
    ) -> bytes:
        """Encrypt a JSON object under the person's key, which is made where there is none.

        Args:
            conn: A connection of a write transaction.
            tenant: Whose data.
            person: CRM id of the person; empty for data about nobody (a key of the tenant).
            value: Any JSON object.
            key_class: How long the key is kept.
        """
        return self.encrypt_many(conn, tenant, [(person, value)], key_class=key_class)[0]

    def encrypt_many(
        self,
        conn: Connection,
        tenant: str,
        items: Sequence[tuple[str, Mapping[str, Any]]],
        *,
        key_class: KeyClass = "payload",
    ) -> list[bytes]:
        """Encrypt (person, value) pairs, in order; one query for all keys."""
        tokens = [self.token(tenant, person) for person, _ in items]
        keys = self._keys_or_new(conn, tenant, dict.fromkeys(tokens), key_class)
        code = KEY_CLASSES.index(key_class)
        random = secrets.token_bytes(_NONCE_BYTES * len(items))
        nonces = (random[i : i + _NONCE_BYTES] for i in range(0, len(random), _NONCE_BYTES))
        return [
            _seal(keys[token], code, nonce, canonical(value))
            for token, nonce, (_, value) in zip(tokens, nonces, items, strict=True)
        ]

    def decrypt(
        self, conn: Connection, tenant: str, person: str, data: bytes
    ) -> dict[str, Any] | None:
        """Decrypt what `encrypt` made; None where the person's key is deleted.

        Raises:
            StoreError: the bytes were altered, moved, or are no ciphertext of ours.
        """
        return self.decrypt_many(conn, tenant, [(person, data)])[0]

    def decrypt_many(
        self, conn: Connection, tenant: str, items: Sequence[tuple[str, bytes]]
    ) -> list[dict[str, Any] | None]:
        """Decrypt (person, ciphertext) pairs, in order; one query a class of key."""
        tokens = [(self.token(tenant, person), data) for person, data in items]
        return self.decrypt_tokens(conn, tenant, tokens)

    def decrypt_tokens(
        self, conn: Connection, tenant: str, items: Sequence[tuple[str, bytes]]
    ) -> list[dict[str, Any] | None]:
        """Decrypt (token, ciphertext) pairs: for the ledger, which knows persons by token only."""
        by_class: dict[int, dict[str, None]] = {}
        for token, data in items:
            by_class.setdefault(_class_code(data), {})[token] = None
        keys = {
            code: self._keys(conn, tenant, tokens, KEY_CLASSES[code])
            for code, tokens in by_class.items()
        }
        return [_unseal(keys[data[1]].get(token), data) for token, data in items]

    def forget(
        self,
        unit: Unit,
        tenant: str,
        person: str,
        *,
        classes: Iterable[KeyClass] = ("payload",),
    ) -> int:
        """Erase a person: delete the keys, and after the commit overwrite what they left on disk.

        What is encrypted for the same id later gets a new key; what was encrypted before stays
        unreadable. The caller appends the entry that says so.

        Returns:
            How many keys were deleted.
        """
        token, deleted = self.token(tenant, person), 0
        for key_class in classes:
            sql = "delete from person_keys where tenant = ? and token = ? and key_class = ?"
            deleted += execute(unit.conn, sql, (tenant, token, key_class)).rowcount
        unit.after_commit(self._open.clear)
        unit.after_commit(self._tokens.clear)
        unit.after_commit(self._scrub)
        return deleted

    def _keys(
        self, conn: Connection, tenant: str, tokens: Iterable[str], key_class: KeyClass
    ) -> dict[str, _Key]:
        """Read and unwrap the keys that are there."""
        found: dict[str, _Key] = {}
        wanted = list(tokens)
        for start in range(0, len(wanted), _CHUNK):
            chunk = wanted[start : start + _CHUNK]
            sql = (
                "select token, key_id, wrapped from person_keys where tenant = ? "
                f"and key_class = ? and token in ({placeholders(len(chunk))})"
            )
            for token, key_id, wrapped in execute(conn, sql, (tenant, key_class, *chunk)):
                bound = _bound(tenant, token, key_class)
                found[token] = _Key(
                    bytes(key_id), self._unwrap(bytes(wrapped), bound + bytes(key_id)), bound
                )
        return found

    def _keys_or_new(
        self, conn: Connection, tenant: str, tokens: Mapping[str, None], key_class: KeyClass
    ) -> dict[str, _Key]:
        """Read the keys, make those that are missing, and read again: another may be first."""
        found = self._keys(conn, tenant, tokens, key_class)
        missing = [token for token in tokens if token not in found]
        if missing:
            self._make(conn, tenant, missing, key_class)
            found |= self._keys(conn, tenant, missing, key_class)
        return found

    def _make(
        self, conn: Connection, tenant: str, tokens: Sequence[str], key_class: KeyClass
    ) -> None:
        """Draw and store new keys; one that another transaction stored first stays."""
        now = to_micros(self._clock.now())
        wrap = self._wrapping(conn)
        rows = []
        for token in sorted(tokens):  # one order for all, so that two inserters cannot deadlock
            key_id = secrets.token_bytes(_ID_BYTES)
            nonce = secrets.token_bytes(_NONCE_BYTES)
            bound = _bound(tenant, token, key_class) + key_id
            wrapped = nonce + wrap.encrypt(nonce, secrets.token_bytes(KEY_BYTES), bound)
            rows.append((tenant, token, key_class, key_id, wrapped, now))
        columns = ("tenant", "token", "key_class", "key_id", "wrapped", "created_at")
        insert_many(conn, "person_keys", columns, rows, or_ignore=True)

    def _wrapping(self, conn: Connection) -> AESGCM:
        """What wraps new keys: the master key that the database names now.

        Raises:
            ConfigError: it was replaced, and this process is not given the new one.
        """
        named = fingerprint(conn, hold=True)
        if named is not None and named not in self._wraps:
            self._wraps |= _ciphers(self._load())
        if named is None or named not in self._wraps:
            raise ConfigError(
                "the master key was replaced, and this process has only the old one",
                hint="give it the new key, and start it again",
            )
        return self._wraps[named]

    def _unwrap(self, wrapped: bytes, bound: bytes) -> AESGCM:
        """Unwrap a person's key, remembering some 50,000 by what they belong to."""
        cipher = self._open.get(bound + wrapped)
        if cipher is None:
            key = unwrapped(self._wraps.values(), wrapped, bound)
            if key is None:  # the master key may have been replaced since this process began
                self._wraps |= _ciphers(self._load())
                key = unwrapped(self._wraps.values(), wrapped, bound)
            if key is None:
                raise StoreError(
                    "a person's key was altered, or moved to another person",
                    hint="run `agentkit ledger verify` and restore the table from a backup",
                )
            cipher = AESGCM(key)
            if len(self._open) >= _MAX_OPEN:
                self._open.clear()
            self._open[bound + wrapped] = cipher
        return cipher


def _ciphers(masters: Iterable[MasterKey]) -> dict[bytes, AESGCM]:
    """What unwraps the keys of persons, by the fingerprint of its master key."""
    return {m.fingerprint: AESGCM(m.derive("wrap")) for m in masters}


def _bound(tenant: str, token: str, key_class: str) -> bytes:
    """The additional data: what a ciphertext belongs to."""
    return f"{tenant}\0{token}\0{key_class}\0".encode()


def _seal(key: _Key, code: int, nonce: bytes, plain: bytes) -> bytes:
    """Encrypt under a nonce that was never used, with the head in front."""
    head = bytes((_VERSION, code)) + key.id
    return head + nonce + key.cipher.encrypt(nonce, plain, key.bound + head)


def _class_code(data: bytes) -> int:
    """Which class of key a ciphertext wants.

    Raises:
        StoreError: it is no ciphertext of ours.
    """
    if len(data) < _HEAD_BYTES + _NONCE_BYTES or data[0] != _VERSION or data[1] >= len(KEY_CLASSES):
        raise StoreError(
            "an encrypted value is damaged", hint="run `agentkit ledger verify` to see how much"
        )
    return data[1]


def _unseal(key: _Key | None, data: bytes) -> dict[str, Any] | None:
    """Decrypt; None where the key is gone."""
    head, rest = data[:_HEAD_BYTES], data[_HEAD_BYTES:]
    if key is None or key.id != head[2:]:
        return None
    nonce, body = rest[:_NONCE_BYTES], rest[_NONCE_BYTES:]
    try:
        value: dict[str, Any] = orjson.loads(key.cipher.decrypt(nonce, body, key.bound + head))
    except InvalidTag as error:
        raise StoreError(
            "an encrypted value was altered, or moved to another row",
            hint="run `agentkit ledger verify` to see how much",
        ) from error
    return value
