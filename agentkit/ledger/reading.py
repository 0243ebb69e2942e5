"""Read the ledger from a cursor."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from agentkit.canonical import from_json
from agentkit.ledger.sealer import head
from agentkit.store import execute, from_micros, placeholders

if TYPE_CHECKING:
    from agentkit.store import Store

__all__ = ["Recorded", "read"]

_PAGE: Final = 1_000
_ALL: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Recorded:
    """An entry as it stands in the ledger.

    Attributes:
        id: Its number; grows within a tenant, perhaps with gaps.
        tenant: Whose data.
        kind: What happened (`agentkit.entry.EntryKind`).
        at: When.
        action: Id of the action concerned; empty if none.
        actor: Who did it.
        person_token: Keyed hash of the person concerned; empty if nobody is.
        public: What may be read without a key.
        private: Ciphertext under the person's key: `Vault.decrypt_tokens` opens it.
        digest: Hex sha256 over all that.
    """

    id: int
    tenant: str
    kind: str
    at: datetime
    action: str
    actor: str
    person_token: str
    public: dict[str, Any]
    private: bytes | None
    digest: str


def read(
    store: Store,
    after: int = 0,
    kinds: Collection[str] = (),
    *,
    tenant: str = "default",
    action: str = "",
    sealed: bool = False,
) -> Iterator[Recorded]:
    """Entries in order, a page at a time, so that no long transaction stays open.

    Args:
        store: The database.
        after: The id of the last entry seen; 0 starts at the beginning.
        kinds: Only these; empty means all.
        tenant: Whose.
        action: Only entries about this action.
        sealed: Only sealed entries. A durable consumer asks for this: on PostgreSQL an unsealed
            entry with a lower id may still appear below one that was already seen.
    """
    while page := _page(store, after, kinds, tenant, action, sealed=sealed):
        yield from page
        after = page[-1].id
        if len(page) < _PAGE:
            return


def _page(
    store: Store, after: int, kinds: Collection[str], tenant: str, action: str, *, sealed: bool
) -> list[Recorded]:
    """The next entries."""
    sql = (
        "select id, tenant, kind, at, action, actor, person_token, public, private, digest "
        "from entries where tenant = ? and id > ? and id <= ?"
    )
    with store.read() as conn:
        values: list[Any] = [tenant, after, head(conn, tenant).entry if sealed else _ALL]
        if kinds:
            sql += f" and kind in ({placeholders(len(kinds))})"
            values += kinds
        if action:
            sql += " and action = ?"
            values.append(action)
        rows = execute(conn, f"{sql} order by id limit ?", (*values, _PAGE)).all()
    return [_recorded(row) for row in rows]


def _recorded(row: Any) -> Recorded:
    """A row as an entry."""
    number, tenant, kind, at, action, actor, token, public, private, digest = row
    body = from_json(bytes(public))
    secret = None if private is None else bytes(private)
    return Recorded(
        number, tenant, kind, from_micros(at), action, actor, token, body, secret, digest
    )
