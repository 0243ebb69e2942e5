"""Rows of any table as a person reads them: nothing on record is left out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from agentkit.canonical import from_json
from agentkit.rights.decisions import kind_in_words, shown
from agentkit.rights.holdings import Holding, holdings_in, key_owner, rows_of
from agentkit.store import execute, from_micros

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from agentkit.store import Store

__all__ = ["Section", "consents", "messages", "sections"]

_TOLD: Final = frozenset({
    "actions", "cases", "contacts", "consent_events", "decisions", "effects", "outbox",
})  # fmt: skip
"""Tables that have a place of their own in the dossier; every other one is a section of rows."""
_TITLES: Final[Mapping[str, str]] = {
    "records": "Records about you",
    "touches": "When we were in touch",
    "data_tasks": "What we noticed to be missing",
    "task_actions": "What waits for missing data",
    "restrictions": "Restrictions of processing",
    "contests": "Decisions that you contest",
    "stops": "Stop switches",
    "inbound_messages": "What you wrote to us",
    "circumstances": "Circumstances that you told us of",
}
_INTERNAL: Final = frozenset({"tenant", "contact", "to_contact", "point_token", "lock"})
_INSTANTS: Final = frozenset({
    "at", "since", "until", "expires", "double_opt_in_at", "recorded_at", "created_at",
    "updated_at", "opened_at", "closed_at", "received_at", "lifted_at", "due_at", "decided_at",
})  # fmt: skip
_CONSENT: Final[Mapping[str, str]] = {
    "source": "through", "method": "by", "notice": "text version", "proof": "proof",
    "double_opt_in_at": "confirmed", "expires": "until", "lawful_basis": "basis", "scope": "scope",
}  # fmt: skip
_STATUS: Final[Mapping[str, str]] = {
    "granted": "yes", "withdrawn": "no longer", "refused": "no", "expired": "has lapsed",
    "not_specified": "nothing",
}  # fmt: skip
_NOT_SHOWN: Final[Mapping[str, frozenset[str]]] = {
    "stops": frozenset({"scope"}), "touches": frozenset({"id", "action", "run"}),
    "restrictions": frozenset({"id"}), "records": frozenset({"updated_at"}),
}  # fmt: skip
_FIRST: Final = ("at", "opened_at", "type", "kind")
"""Columns that come first where a table has them."""


@dataclass(frozen=True, slots=True)
class Section:
    """Rows of one table, as a person reads them."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def consents(conn: Connection, tenant: str, person: str) -> Section:
    """Consent events of a person, oldest first."""
    rows = rows_of(conn, Holding("consent_events"), tenant, [person])
    rows.sort(key=lambda row: (row["at"], row["id"]))
    told = tuple((_told("at", row["at"]), _said(row), _about(row), _details(row)) for row in rows)
    return Section(
        "Your consents and objections", ("When", "What you said", "About", "Details"), told
    )


def _said(row: Mapping[str, Any]) -> str:
    return _STATUS.get(row["status"], row["status"])


def _about(row: Mapping[str, Any]) -> str:
    what = row["purpose"] or "everything"
    parts = (f"{what} by {row['channel'] or 'every channel'}", row["brand"], row["point"])
    return ", ".join(part for part in parts if part)


def _details(row: Mapping[str, Any]) -> str:
    return "; ".join(
        f"{words} {_told(column, row[column])}"
        for column, words in _CONSENT.items()
        if row.get(column) not in (None, "")
    )


def messages(
    conn: Connection, store: Store, tenant: str, person: str
) -> Iterator[tuple[datetime, str, str, str]]:
    """When, how, subject line and text of what was sent, oldest first."""
    sql = (
        "select at, channel, text_encrypted from outbox where tenant = ? and to_contact = ? "
        "order by at, action"
    )
    rows = execute(conn, sql, (tenant, person)).all()
    kept = [row for row in rows if row[2] is not None]
    plain = iter(store.vault.decrypt_many(conn, tenant, [(person, bytes(r[2])) for r in kept]))
    for at, channel, sealed in rows:
        body = None if sealed is None else next(plain)
        if body is None:
            yield from_micros(at), channel, "", "(the text is not kept any more)"
        else:
            yield from_micros(at), channel, str(body["subject_line"]), str(body["text"])


def sections(
    conn: Connection, store: Store, tenant: str, person: str, tokens: Sequence[str]
) -> Iterator[Section]:
    """Every table that has no place of its own: nothing on record is left out."""
    for holding in holdings_in(conn):
        if holding.table in _TOLD:
            continue
        rows = rows_of(conn, holding, tenant, [person], tokens)
        if not rows:
            continue
        opened = [
            {n: _opened(conn, store, tenant, key_owner(row, person), v) for n, v in row.items()}
            for row in rows
        ]
        hidden = _INTERNAL | _NOT_SHOWN.get(holding.table, frozenset())
        columns = [
            c for c in opened[0]
            if c not in hidden and any(row[c] not in (None, "", "{}", "[]") for row in opened)
        ]  # fmt: skip
        columns.sort(key=lambda c: _FIRST.index(c) if c in _FIRST else len(_FIRST))
        title = _TITLES.get(holding.table, holding.table.replace("_", " ").capitalize())
        told = tuple(tuple(_told(c, row[c]) for c in columns) for row in opened)
        yield Section(title, tuple(map(_head, columns)), told)


def _opened(conn: Connection, store: Store, tenant: str, person: str, value: Any) -> Any:
    if not isinstance(value, bytes | bytearray | memoryview):
        return value
    plain = store.vault.decrypt(conn, tenant, person, bytes(value))
    if plain is None:
        return "(not kept any more)"
    return next(iter(plain.values())) if len(plain) == 1 else plain


def _told(column: str, value: Any) -> str:
    if value is None or value == "":
        return ""
    if column == "kind":
        return kind_in_words(str(value))
    if column in _INSTANTS and isinstance(value, int):
        return f"{from_micros(value):%Y-%m-%d %H:%M} UTC"
    if isinstance(value, str) and value[:1] in "{[":
        try:
            return shown(from_json(value))
        except ValueError:
            return value
    return shown(value)


def _head(column: str) -> str:
    words = {"at": "when", "point": "address or number", "by": "by whom", "id": "number"}
    return words.get(column, column.replace("_", " ")).capitalize()
