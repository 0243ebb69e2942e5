"""Where a person's data stands, and what an erasure does with it: one line a table.

A table that names a person and is missing here is found by a test, not by a regulator.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import LargeBinary, inspect

from agentkit.consent.circumstances import person_key
from agentkit.store import execute, placeholders

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

__all__ = [
    "HOLDINGS",
    "KEEPS_TOKENS",
    "PERSON_COLUMNS",
    "PSEUDONYM",
    "Holding",
    "condition",
    "holdings_in",
    "ids_with_ciphertext",
    "key_owner",
    "known_ids",
    "pseudonym",
    "rows_of",
]

PERSON_COLUMNS: Final = frozenset({
    "person", "contact", "to_contact", "token", "person_token", "point_token", "point",
})  # fmt: skip
"""Names of columns that tell who a row is about."""

KEEPS_TOKENS: Final[Mapping[str, str]] = {
    "person_keys": "the payload key is deleted; the key of proofs ends with the last proof",
    "person_locks": "a token to lock by",
    "entries": "the ledger: tokens, and ciphertext whose key is deleted",
    "suppressions": "tokens: they keep the next import from contacting the person again",
    "erasures": "tokens: they say what must stay erased",
    "consent_proofs": "kept under their own key until their date",
}
"""Tables that name a person by token only, and keep it; with the reason."""


@dataclass(frozen=True, slots=True)
class Holding:
    """How one table holds data of persons.

    Attributes:
        table: Its name.
        where: SQL condition that finds the person's rows; ``{ids}`` stands for a list of CRM ids
            and ``{points}`` for one of tokens of contact points.
        proof: The rows belong to the proof of consent, which outlives them.
        blank: Columns to overwrite instead of deleting the row: ``pseudonym``, or the new value.
    """

    table: str
    where: str = "contact in ({ids})"
    proof: bool = False
    blank: Mapping[str, Any] = field(default_factory=dict)


_THEIR_ACTIONS: Final = "action in (select id from actions where tenant = ? and person in ({ids}))"
_THEIR_CASES: Final = (
    '"case" in (select c.id from cases c join actions a on a.tenant = c.tenant '
    "and a.id = c.action where c.tenant = ? and a.person in ({ids}))"
)
_ID_COLUMN: Final[Mapping[str, str]] = {
    "contacts": "id", "actions": "person", "outbox": "to_contact",
    "decisions": "", "effects": "", "stops": "",
}  # fmt: skip
"""Where the CRM id stands, if not in ``contact``; empty: rows are found through something else."""
_THEIRS_OR_POINTS: Final = (
    "contact in ({ids}) or (length(contact) = 0 and point_token in ({points}))"
)
PSEUDONYM: Final = "pseudonym"
"""In ``blank``: what stands for the person afterwards (see `pseudonym`)."""

HOLDINGS: Final = (
    # what finds its person through another table comes before that table loses the name
    Holding("decisions", _THEIR_CASES, blank={"reason": ""}),
    Holding("effects", _THEIR_ACTIONS, blank={"detail": "{}"}),
    Holding("consent_events", proof=True),
    Holding("inbound_messages", _THEIRS_OR_POINTS, proof=True),
    Holding("circumstances", _THEIRS_OR_POINTS),
    Holding("outbox", "to_contact in ({ids})"),
    Holding("touches"),
    Holding("records"),
    Holding("data_tasks"),
    Holding("task_actions"),
    Holding("restrictions"),
    Holding("contests", blank={"contact": PSEUDONYM, "words": None, "answer": None}),
    Holding("stops", "scope in ({scopes})", blank={"scope": PSEUDONYM, "reason": ""}),
    Holding("actions", "person in ({ids})", blank={"person": PSEUDONYM, "payload": None}),
    Holding("contacts", "id in ({ids})"),
)
"""Every table with data of persons, in the order in which an erasure goes through them."""


def pseudonym(token: str) -> str:
    """What stands where a person's id stood: decisions about one person stay together."""
    return f"erased:{token[:16]}"


def holdings_in(conn: Connection) -> tuple[Holding, ...]:
    """The holdings whose tables this database has."""
    tables = set(inspect(conn).get_table_names())
    return tuple(h for h in HOLDINGS if h.table in tables)


def condition(
    holding: Holding, tenant: str, ids: Sequence[str], points: Sequence[str]
) -> tuple[str, list[Any]]:
    """The SQL condition of a person's rows in a table, and its values."""
    parts = {
        "ids": list(ids),
        "points": list(points),
        "scopes": [f"person:{i}" for i in ids],
    }
    values: list[Any] = [tenant] * (holding.where.count("?") + 1)
    text = holding.where
    for name, found in parts.items():
        if "{" + name + "}" in text:
            values += found
            text = text.replace("{" + name + "}", placeholders(len(found)) or "null")
    return f"tenant = ? and ({text})", values


def rows_of(
    conn: Connection, holding: Holding, tenant: str, ids: Sequence[str], points: Sequence[str] = ()
) -> list[dict[str, Any]]:
    """A person's rows of one table, column by column."""
    where, values = condition(holding, tenant, ids, points)
    found = execute(conn, f"select * from {holding.table} where {where}", values)
    return [dict(row) for row in found.mappings()]


def key_owner(row: Mapping[str, Any], person: str) -> str:
    """Whose key encrypts a row's columns: the person's, or the one of a point without a contact."""
    if row.get("point_token") and not row.get("contact"):
        return person_key("", str(row["point_token"]))
    return person


def known_ids(conn: Connection, tenant: str) -> set[str]:
    """Every CRM id that a row of the tenant names."""
    found: set[str] = set()
    for holding in holdings_in(conn):
        column = _ID_COLUMN.get(holding.table, "contact")
        if column:
            sql = f"select distinct {column} from {holding.table} where tenant = ?"
            found.update(str(row[0]) for row in execute(conn, sql, (tenant,)))
    return found - {""}


def ids_with_ciphertext(conn: Connection, tenant: str) -> set[str]:
    """CRM ids of persons of whom something outside the ledger is kept encrypted."""
    sql = (
        "select distinct a.person from decisions d join cases c on c.tenant = d.tenant "
        'and c.id = d."case" join actions a on a.tenant = c.tenant and a.id = c.action '
        "where d.tenant = ? and length(d.reason) > 0"
    )
    found = {str(row[0]) for row in execute(conn, sql, (tenant,))}
    for holding in holdings_in(conn):
        columns = inspect(conn).get_columns(holding.table)
        sealed = [c["name"] for c in columns if isinstance(c["type"], LargeBinary)]
        column = _ID_COLUMN.get(holding.table, "contact")
        if column and sealed:
            some = " or ".join(f"{name} is not null" for name in sealed)
            sql = f"select distinct {column} from {holding.table} where tenant = ? and ({some})"
            found.update(str(row[0]) for row in execute(conn, sql, (tenant,)))
    return found
