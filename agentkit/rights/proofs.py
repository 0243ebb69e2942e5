"""Proof of consent: kept beyond an erasure, under a key class of its own, until its date.

German law wants consent to advertising by telephone documented and the proof kept for five years
from the grant and from every use of it (UWG s.7a). GDPR Art. 17(3)(b) and (e) let that stand
against an erasure. Nothing else reads these rows; `agentkit person proof` does.
"""

from __future__ import annotations

import secrets
from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from agentkit.rights.holdings import key_owner
from agentkit.store import execute, from_micros, insert_many, to_micros

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from agentkit.store import Store, Unit

__all__ = ["BASIS", "Proof", "keep_proof", "opened_rows", "proofs_of", "years_later"]

BASIS: Final = "GDPR Art. 7(1), 17(3)(b), (e); UWG s.7a (five years)"
"""Why the proof is kept."""
_COLUMNS: Final = ("tenant", "id", "token", "until", "basis", "sealed", "created_at")


@dataclass(frozen=True, slots=True)
class Proof:
    """What is kept of one erased person's consents.

    Attributes:
        id: Identifier.
        until: The instant at which it is deleted.
        basis: Why it is kept.
        events: The consent events, column by column; None where the proof key is gone.
    """

    id: str
    until: datetime
    basis: str
    events: Sequence[Mapping[str, Any]] | None


def keep_proof(
    unit: Unit,
    tenant: str,
    person: str,
    events: Mapping[str, Sequence[Mapping[str, Any]]],
    last_use: datetime | None,
    now: datetime,
    years: int,
) -> datetime | None:
    """Seal a person's consent events under the proof key.

    Args:
        unit: The transaction.
        tenant: Whose data.
        person: CRM id.
        events: Rows by table, as they stand.
        last_use: When the person was last contacted on the strength of a consent.
        now: The instant.
        years: How long after the last grant, withdrawal or use.

    Returns:
        Until when; None where there is nothing to prove.
    """
    rows = [
        {"table": table, **{k: _plain(v) for k, v in row.items() if k != "tenant"}}
        for table, found in events.items()
        for row in found
    ]
    if not rows:
        return None
    dates = [from_micros(r["at"]) for r in rows if isinstance(r.get("at"), int)]
    latest = max(min(d, now) for d in [*dates, last_use or now])
    until = years_later(latest, years)
    sealed = unit.vault.encrypt(unit.conn, tenant, person, {"events": rows}, key_class="proof")
    token = unit.vault.token(tenant, person)
    row = (tenant, secrets.token_hex(8), token, to_micros(until), BASIS, sealed, to_micros(now))
    insert_many(unit.conn, "consent_proofs", _COLUMNS, [row])
    return until


def proofs_of(store: Store, tenant: str, person: str) -> list[Proof]:
    """What is kept of an erased person, by the CRM id that they had."""
    token = store.vault.token(tenant, person)
    with store.read() as conn:
        rows = _rows(conn, tenant, token)
        opened = store.vault.decrypt_tokens(conn, tenant, [(token, bytes(r[3])) for r in rows])
    return [
        Proof(id_, from_micros(until), basis, None if value is None else value["events"])
        for (id_, until, basis, _), value in zip(rows, opened, strict=True)
    ]


def years_later(instant: datetime, years: int) -> datetime:
    """The same day so many years later; the 28th where there is no 29th of February."""
    try:
        return instant.replace(year=instant.year + years)
    except ValueError:
        return instant.replace(year=instant.year + years, day=28)


def _rows(conn: Connection, tenant: str, token: str) -> Sequence[Any]:
    sql = (
        "select id, until, basis, sealed from consent_proofs where tenant = ? and token = ? "
        "order by until, id"
    )
    return execute(conn, sql, (tenant, token)).all()


def _plain(value: Any) -> Any:
    """A column's value as JSON keeps it."""
    if isinstance(value, bytes | bytearray | memoryview):
        return b64encode(bytes(value)).decode()
    return value


def opened_rows(
    unit: Unit, tenant: str, person: str, rows: Iterable[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Rows whose encrypted columns are opened: their key may be about to go."""
    return [
        {name: _opened(unit, tenant, key_owner(row, person), v) for name, v in row.items()}
        for row in rows
    ]


def _opened(unit: Unit, tenant: str, person: str, value: Any) -> Any:
    if not isinstance(value, bytes | bytearray | memoryview):
        return value
    return unit.vault.decrypt(unit.conn, tenant, person, bytes(value))
