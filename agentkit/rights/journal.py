"""The erasure journal: a small file beside the database that a restored backup is held to.

A backup from before an erasure brings the person back. So each erasure is also one line of
``erasures.jsonl`` in the home folder: its id, the tenant, the token of the person, the tokens of
the contact points, and when; tokens only, no personal data. Every line carries an HMAC over itself
and the line before, under a key that follows from the pepper. Keep a copy of the file where the
backups of the database do not lie: who restores both from one day restores that day.
"""

from __future__ import annotations

import hmac
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from agentkit.canonical import canonical, from_json
from agentkit.errors import LedgerError

if TYPE_CHECKING:
    from agentkit.store import Vault

__all__ = ["JOURNAL", "Erasure", "append", "read"]

JOURNAL: Final = "erasures.jsonl"
"""Name of the file in the home folder."""
_PURPOSE: Final = "erasure-journal"


@dataclass(frozen=True, slots=True)
class Erasure:
    """One erasure, as it is remembered.

    Attributes:
        id: Identifier.
        tenant: Whose data.
        token: Token of the person.
        points: Tokens of the contact points that stay suppressed.
        at: When.
    """

    id: str
    tenant: str
    token: str
    points: tuple[str, ...]
    at: datetime


def append(home: Path, vault: Vault, erasures: Sequence[Erasure]) -> None:
    """Write erasures down and see them onto the disk; one process at a time."""
    path = home / JOURNAL
    with _locked(path) as handle:
        whole, last = _lines(path.read_bytes())
        size = sum(len(line) + 1 for line in whole)
        if last:  # a line that a crash cut off: its transaction never committed
            os.ftruncate(handle, size)
        mac = _mac_of(whole[-1]) if whole else ""
        text = b""
        for erasure in erasures:
            body = asdict(erasure)
            mac = vault.mac(_PURPOSE, mac.encode() + canonical(body))
            text += canonical({**body, "mac": mac}) + b"\n"
        os.lseek(handle, size, os.SEEK_SET)
        os.write(handle, text)
        os.fsync(handle)


def read(home: Path, vault: Vault) -> list[Erasure]:
    """Every erasure of the journal, oldest first; a last line that a crash cut off is left out.

    Raises:
        LedgerError: a line was altered, or one before it removed.
    """
    path = home / JOURNAL
    try:
        lines, _ = _lines(path.read_bytes())
    except FileNotFoundError:
        return []
    found, mac = [], ""
    for number, line in enumerate(lines, 1):
        erasure, given = _parsed(line)
        mac = vault.mac(_PURPOSE, mac.encode() + canonical(asdict(erasure))) if erasure else ""
        if erasure is None or not hmac.compare_digest(mac, given):
            raise LedgerError(
                f"line {number} of {path} is not what was written: erasures may be missing",
                hint="put a good copy of the file back; if there is none, move it away: those that "
                "the database knows are written to a new one",
            )
        found.append(erasure)
    return found


def _parsed(line: bytes) -> tuple[Erasure | None, str]:
    try:
        body: dict[str, Any] = from_json(line)
        mac = str(body.pop("mac"))
        at = datetime.fromisoformat(body.pop("at"))
        return Erasure(points=tuple(body.pop("points")), at=at, **body), mac
    except (ValueError, KeyError, TypeError, AttributeError):
        return None, ""


def _mac_of(line: bytes) -> str:
    with suppress(ValueError, KeyError, TypeError):
        return str(from_json(line)["mac"])
    return ""


def _lines(data: bytes) -> tuple[list[bytes], bytes]:
    """Whole lines, and what follows the last line end."""
    *whole, last = data.split(b"\n")
    return whole, last


@contextmanager
def _locked(path: Path) -> Iterator[int]:
    """The file, open for one process alone; made readable for its owner only."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        try:
            import fcntl
        except ImportError:  # no such locks on Windows; SQLite's write lock serialises there
            yield handle
            return
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield handle
    finally:
        os.close(handle)
