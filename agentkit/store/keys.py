"""The master key: from the environment, or a file that only its owner can read.

Three keys are derived from it (HKDF-SHA256, RFC 5869): one wraps the keys of persons, one is the
pepper of tokens, one signs checkpoints. Whoever loses it loses every payload; whoever copies it
beside the database reads them. `agentkit.store.rotation` replaces it; until that has ended, and in
processes that began before it, the old key and the new one are both accepted.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import os
import secrets
import stat
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final

from agentkit.errors import ConfigError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

__all__ = ["KEY_BYTES", "MasterKey", "load_master", "load_masters", "new_master", "settle_master"]

KEY_BYTES: Final = 32
"""Length of every symmetric key: AES-256, HMAC-SHA256, the seed of Ed25519."""

_VARIABLE: Final = "AGENTKIT_KEY"
_NEW_VARIABLE: Final = "AGENTKIT_KEY_NEW"
_MAKE_ONE: Final = "python -c 'import secrets; print(secrets.token_hex(32))'"


@dataclass(frozen=True)
class MasterKey:
    """The secret that everything at rest hangs on; never printed."""

    secret: bytes = field(repr=False)
    source: str

    def derive(self, purpose: str) -> bytes:
        """A key of 32 bytes for one purpose (HKDF-SHA256 with one block of output)."""
        extracted = hmac.digest(b"agentkit", self.secret, "sha256")
        return hmac.digest(extracted, purpose.encode() + b"\x01", "sha256")

    @cached_property
    def fingerprint(self) -> bytes:
        """Tells whether a database was made with this key, and nothing about the key."""
        return sha256(self.derive("fingerprint")).digest()

    def signer(self) -> Ed25519PrivateKey:
        """The key that signs checkpoints."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        return Ed25519PrivateKey.from_private_bytes(self.derive("checkpoint"))


def load_master(home: Path, *, create: bool = False) -> MasterKey:
    """Find the master key: the variable AGENTKIT_KEY, else the file ``keys/master``.

    Args:
        home: The folder that holds ``keys/``.
        create: Draw a new key where there is none; only ever for a new database.

    Raises:
        ConfigError: there is no key, it is malformed, or others may read its file.
    """
    given = os.environ.get(_VARIABLE, "").strip()
    if given:
        return MasterKey(_decode(given, f"the variable {_VARIABLE}"), f"${_VARIABLE}")
    path = home / "keys" / "master"
    if create:
        _create(path)
    _check_mode(path)
    return MasterKey(_decode(path.read_text().strip(), str(path)), str(path))


def load_masters(home: Path) -> list[MasterKey]:
    """The master key, and after it the one that is replacing it, where a rotation has begun.

    Raises:
        ConfigError: there is no key, one is malformed, or others may read its file.
    """
    masters = [load_master(home)]
    given = os.environ.get(_NEW_VARIABLE, "").strip()
    if given:
        masters.append(MasterKey(_decode(given, f"the variable {_NEW_VARIABLE}"), _NEW_VARIABLE))
    path = _new_path(home)
    if path.exists():
        _check_mode(path)
        masters.append(MasterKey(_decode(path.read_text().strip(), str(path)), str(path)))
    return masters


def new_master(home: Path) -> MasterKey:
    """The key to rotate to: of the variable AGENTKIT_KEY_NEW, else drawn into ``keys/master.new``.

    Raises:
        ConfigError: the key is in the environment and the new one is not, or is malformed.
    """
    given = os.environ.get(_NEW_VARIABLE, "").strip()
    if given:
        return MasterKey(_decode(given, f"the variable {_NEW_VARIABLE}"), f"${_NEW_VARIABLE}")
    if os.environ.get(_VARIABLE, "").strip():
        raise ConfigError(
            f"the key comes from {_VARIABLE}, and no new one is given",
            hint=f"set {_NEW_VARIABLE} here and in every process that runs; make one: {_MAKE_ONE}",
        )
    path = _new_path(home)
    _create(path)
    _check_mode(path)
    return MasterKey(_decode(path.read_text().strip(), str(path)), str(path))


def settle_master(home: Path, old: MasterKey) -> Path | None:
    """Put the new key file in the place of the old one, which is kept beside it.

    Returns:
        Where the old key lies now; None where the keys are in the environment.
    """
    path, new = home / "keys" / "master", _new_path(home)
    if not new.exists():
        return None
    kept = path.with_name(f"master.before-{old.fingerprint.hex()[:8]}")
    with suppress(FileExistsError):  # a rotation was interrupted here
        kept.hardlink_to(path)
    new.replace(path)
    return kept


def _new_path(home: Path) -> Path:
    return home / "keys" / "master.new"


def _decode(text: str, where: str) -> bytes:
    """Read 32 bytes from hex or base64."""
    for reader in (bytes.fromhex, base64.urlsafe_b64decode, base64.b64decode):
        try:
            key = reader(text)
        except (ValueError, binascii.Error):
            continue
        if len(key) == KEY_BYTES:
            return key
    raise ConfigError(
        f"{where} is not a key of 32 bytes in hex or base64", hint=f"make one: {_MAKE_ONE}"
    )


def _create(path: Path) -> None:
    """Write a new key, unless another process was first."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        return
    with os.fdopen(handle, "w") as file:
        file.write(secrets.token_hex(KEY_BYTES) + "\n")
        file.flush()
        os.fsync(file.fileno())


def _check_mode(path: Path) -> None:
    """Refuse a key file that is missing or that others may read."""
    if not path.is_file():
        raise ConfigError(
            f"the key file {path} is missing",
            hint=f"put it back, or set {_VARIABLE} to the key this database was made with: "
            "without it the payloads stay unreadable",
        )
    if os.name == "posix" and stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise ConfigError(f"others may read the key file {path}", hint=f"chmod 600 {path}")
