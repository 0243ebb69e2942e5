"""Verify the ledger: recompute every digest and every link, and hold the end to the checkpoints."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from agentkit.errors import LedgerError
from agentkit.ledger.chain import Head, seal_hash
from agentkit.ledger.checkpoints import Checkpoint, public_key, read_checkpoints
from agentkit.ledger.diagnosis import Fault, Link, diagnose
from agentkit.ledger.sealer import tenants
from agentkit.store import execute, from_micros
from agentkit.store.rotation import retired_signers
from agentkit.store.rows import is_intact

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from agentkit.store import Store

__all__ = ["Chain", "Verification", "verify"]

_PAGE: Final = 10_000
_COLUMNS: Final = "kind, at, action, actor, person_token, public, private, digest"
_LINKS: Final = (
    "select s.n, s.entry, s.prev, s.hash, "
    "e.kind, e.at, e.action, e.actor, e.person_token, e.public, e.private, e.digest "
    "from seals s left join entries e on e.tenant = s.tenant and e.id = s.entry "
    "where s.tenant = ? and s.n > ? order by s.n limit ?"
)
_UNSEALED: Final = (
    f"select id, {_COLUMNS} from entries where tenant = ? and id > ? order by id limit ?"
)
_STRANGER: Final = (
    "select e.id from entries e left join seals s on s.tenant = e.tenant and s.entry = e.id "
    "where e.tenant = ? and e.id <= ? and s.n is null order by e.id limit 1"
)


@dataclass(frozen=True, slots=True)
class Chain:
    """One tenant's chain.

    Attributes:
        tenant: Whose.
        head: The last seal that verified.
        unsealed: How many entries wait for the sealer; until then only their own digest
            protects them.
        unsealed_since: When the oldest of them was written.
        fault: The first thing that is wrong; None if nothing is.
    """

    tenant: str
    head: Head
    unsealed: int = 0
    unsealed_since: datetime | None = None
    fault: Fault | None = None


@dataclass(frozen=True, slots=True)
class Verification:
    """What `verify` found.

    Attributes:
        chains: One a tenant.
        checkpoints: How many checkpoints were read; with none a cut tail cannot be seen.
        checkpoint_at: When the last of them was made.
        faults: What is wrong: the first fault of every chain, and every bad checkpoint.
    """

    chains: tuple[Chain, ...]
    checkpoints: int
    checkpoint_at: datetime | None
    faults: tuple[Fault, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.faults

    @property
    def sealed(self) -> int:
        """How many entries verified."""
        return sum(chain.head.n for chain in self.chains)

    @property
    def unsealed(self) -> int:
        """How many entries wait for the sealer."""
        return sum(chain.unsealed for chain in self.chains)

    def require(self) -> None:
        """Insist that nothing is wrong.

        Raises:
            LedgerError: something is; the message names the first.
        """
        if self.faults:
            raise LedgerError(
                f"the ledger does not verify: {self.faults[0].message}",
                hint="stop the workers, keep a copy of the database and the checkpoints as they "
                "are, and compare with a backup",
            )


def verify(store: Store, home: Path, *, key: bytes | None = None) -> Verification:
    """Recompute the whole ledger.

    Args:
        store: The database.
        home: The folder that holds ``checkpoints/``; a copy from elsewhere is better evidence.
        key: The public key of the checkpoints; by default the one of this master key, and before
            it those of the master keys that it has replaced.
    """
    trusted = [key] if key is not None else _signers(store)
    marks = read_checkpoints(home, trusted)
    known = {tenant for mark in marks for tenant in mark.heads}
    with store.read() as conn:
        names = known | set(tenants(conn, "entries")) | set(tenants(conn, "seals"))
        chains = tuple(_chain(conn, tenant, marks) for tenant in sorted(names))
    faults = [chain.fault for chain in chains if chain.fault is not None]
    faults += [
        Fault("", "checkpoint", f"the checkpoint {mark.where} is void: {mark.problem}")
        for mark in marks
        if mark.problem
    ]
    at = max((mark.at for mark in marks if mark.at is not None), default=None)
    return Verification(chains, len(marks), at, tuple(faults))


def _signers(store: Store) -> list[bytes]:
    """The public keys that have signed, in their order."""
    master = store.master()
    with store.read() as conn:
        return [*retired_signers(conn, [master]), public_key(master.signer())]


def _chain(conn: Connection, tenant: str, marks: Sequence[Checkpoint]) -> Chain:
    """Verify one tenant's chain up to its first fault."""
    heads = {m.heads[tenant].n: (m.heads[tenant], m) for m in marks if tenant in m.heads}
    expected = {n: head.hash for n, (head, _) in heads.items()}
    last, broken = _walk(conn, tenant, expected)
    if broken is not None:
        return Chain(tenant, last, fault=diagnose(conn, tenant, last, broken, expected))
    cut = max(heads, default=0)
    if cut > last.n:
        return Chain(tenant, last, fault=_cut(tenant, last, *heads[cut]))
    return _open_end(conn, tenant, last)


def _walk(conn: Connection, tenant: str, expected: dict[int, str]) -> tuple[Head, Link | None]:
    """Follow the chain; the last good seal, and the first link that does not hold."""
    n, last, head = 0, 0, Head().hash
    for page in _pages(conn, _LINKS, tenant, 0):
        for row in page:
            (m, entry, prev, hashed, *columns, digest) = row
            sealed = seal_hash(tenant, n + 1, entry, digest, head)
            good = (
                hashed == sealed
                and m == n + 1
                and prev == head
                and entry > last
                and columns[0] is not None
                and is_intact(tenant, columns, digest)
                and expected.get(m, hashed) == hashed
            )
            if not good:
                return Head(n, last, head), Link(*row)
            n, last, head = m, entry, hashed
    return Head(n, last, head), None


def _pages(conn: Connection, sql: str, tenant: str, after: int) -> Iterator[Sequence[Any]]:
    """Rows by pages: the first column is the cursor; driver rows, no objects of ours."""
    while True:
        result = execute(conn, sql, (tenant, after, _PAGE))
        page = result.cursor.fetchall() if result.cursor is not None else []
        result.close()
        if page:
            yield page
            after = page[-1][0]
        if len(page) < _PAGE:
            return


def _cut(tenant: str, last: Head, head: Head, mark: Checkpoint) -> Fault:
    """The chain ends before the checkpoint says."""
    message = (
        f"the end of {tenant!r} was cut off: it has {last.n} seals, the checkpoint {mark.where} "
        f"of {mark.at:%Y-%m-%d %H:%M} UTC signed {head.n} (last entry {head.entry})"
    )
    return Fault(tenant, "cut", message, entry=head.entry, seal=last.n + 1)


def _open_end(conn: Connection, tenant: str, last: Head) -> Chain:
    """What is not sealed: strangers below the head are a fault, entries above it wait."""
    count = "select count(*) from entries where tenant = ? and id <= ?"
    if execute(conn, count, (tenant, last.entry)).scalar_one() != last.n:
        stranger = int(execute(conn, _STRANGER, (tenant, last.entry)).scalar_one())
        message = f"entry {stranger} of {tenant!r} was inserted: it stands before sealed entries"
        return Chain(tenant, last, fault=Fault(tenant, "inserted", message, entry=stranger))
    waiting, since = 0, None
    for page in _pages(conn, _UNSEALED, tenant, last.entry):
        for entry, *columns, digest in page:
            if not is_intact(tenant, columns, digest):
                message = f"entry {entry} of {tenant!r} was altered before it was sealed"
                fault = Fault(tenant, "altered", message, entry=entry)
                return Chain(tenant, last, waiting, since, fault)
            waiting += 1
            since = since or from_micros(columns[1])
    return Chain(tenant, last, waiting, since)
