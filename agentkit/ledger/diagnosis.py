"""Where a link of the chain does not hold: find out what was done to it, and name it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

from agentkit.ledger.chain import Head, seal_hash
from agentkit.store import execute
from agentkit.store.rows import is_intact

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection

__all__ = ["Fault", "FaultKind", "Link", "diagnose"]

FaultKind = Literal["altered", "missing", "inserted", "reordered", "cut", "seal", "checkpoint"]


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that is wrong with the ledger.

    Attributes:
        tenant: Whose chain; empty for a checkpoint.
        kind: What was done.
        message: In one sentence, for people.
        entry: Id of the entry concerned, if one is.
        seal: Number of the seal concerned, if one is.
    """

    tenant: str
    kind: FaultKind
    message: str
    entry: int | None = None
    seal: int | None = None


class Link(NamedTuple):
    """A seal and the entry it points to; the entry's columns are None where it is gone."""

    n: int
    entry: int
    prev: str
    hash: str
    kind: str | None
    at: int
    action: str
    actor: str
    person_token: str
    public: bytes
    private: bytes | None
    digest: str


def diagnose(
    conn: Connection, tenant: str, last: Head, link: Link, expected: Mapping[int, str]
) -> Fault:
    """Name what is wrong with the link after ``last``.

    Args:
        conn: A connection that reads.
        tenant: Whose chain.
        last: The last seal that holds.
        link: The one that does not.
        expected: Hashes by seal number, from the checkpoints.
    """
    n = last.n + 1
    if link.n != n:
        return Fault(tenant, "missing", f"seal {n} of {tenant!r} is missing", seal=n)
    if link.prev != last.hash:
        return _wrong_place(conn, tenant, last, link)
    if link.kind is None:
        message = f"entry {link.entry} of {tenant!r} is missing; seal {n} names it"
        return Fault(tenant, "missing", message, link.entry, n)
    if not is_intact(tenant, link[4:11], link.digest):
        what = f"{link.kind}, action {link.action}" if link.action else link.kind
        message = f"entry {link.entry} of {tenant!r} ({what}) was altered after it was written"
        return Fault(tenant, "altered", message, link.entry, n)
    if link.entry <= last.entry:
        message = f"entry {link.entry} of {tenant!r} is sealed behind entry {last.entry}"
        return Fault(tenant, "reordered", message, link.entry, n)
    return _wrong_hash(conn, tenant, last, link, expected)


def _wrong_place(conn: Connection, tenant: str, last: Head, link: Link) -> Fault:
    """The seal does not follow the one before it."""
    sql = "select n from seals where tenant = ? and prev = ? order by n limit 1"
    other = execute(conn, sql, (tenant, last.hash)).scalar()
    if other is None:
        message = f"seal {link.n} of {tenant!r} was edited: it does not follow the one before"
        return Fault(tenant, "seal", message, link.entry, link.n)
    message = f"seals of {tenant!r} were reordered: the one for place {link.n} stands at {other}"
    return Fault(tenant, "reordered", message, link.entry, link.n)


def _wrong_hash(
    conn: Connection, tenant: str, last: Head, link: Link, expected: Mapping[int, str]
) -> Fault:
    """Seal and entry are sound by themselves, and do not belong together."""
    n, entry = link.n, link.entry
    computed = seal_hash(tenant, n, entry, link.digest, last.hash)
    if computed == link.hash:
        return _not_signed(tenant, link)
    follower = "select prev from seals where tenant = ? and n = ?"
    truth = {execute(conn, follower, (tenant, n + 1)).scalar(), expected.get(n)}
    if computed in truth:
        message = f"seal {n} of {tenant!r} was edited: its hash is not the one that follows from it"
        return Fault(tenant, "seal", message, entry, n)
    for other, digest in execute(
        conn, "select id, digest from entries where tenant = ?", (tenant,)
    ):
        if link.hash in {
            seal_hash(tenant, n, entry, digest, last.hash),
            seal_hash(tenant, n, other, digest, last.hash),
        }:
            message = (
                f"entries of {tenant!r} were reordered: what was sealed at place {n} "
                f"stands as entry {other}, and entry {entry} stands there"
            )
            return Fault(tenant, "reordered", message, entry, n)
    message = f"entry {entry} of {tenant!r} is not what was sealed at place {n}: it was replaced"
    return Fault(tenant, "altered", message, entry, n)


def _not_signed(tenant: str, link: Link) -> Fault:
    """The link holds, but it is not the one that was signed."""
    message = (
        f"the chain of {tenant!r} was computed anew: seal {link.n} (entry {link.entry}) is not "
        "what its checkpoint signed; the change lies there or before"
    )
    return Fault(tenant, "altered", message, link.entry, link.n)
