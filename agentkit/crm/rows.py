"""Rows of the built-in CRM as nouns: positional, for the paths that run often."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import orjson

from agentkit.context import Contact, Relationship
from agentkit.store.instants import from_micros
from agentkit.store.sql import execute

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["CONTACT_COLUMNS", "CONTACT_SQL", "last_mail", "mail_writers", "read_contact"]

CONTACT_COLUMNS: Final = (
    "id", "name", "email", "phone", "country", "region", "timezone", "language", "type", "company",
    "owner", "last_purchase", "contract_until", "last_inquiry", "fields",
)  # fmt: skip
"""Columns of ``contacts`` in the order that `read_contact` takes them."""
CONTACT_SQL: Final = f"select {', '.join(CONTACT_COLUMNS)}, brand from contacts"
_NO_RELATIONSHIP: Final = Relationship()


def read_contact(row: Sequence[Any]) -> Contact:
    """One row of `CONTACT_SQL`; the brand stands among the fields, as ``brand``."""
    (
        id_, name, email, phone, country, region, timezone, language, type_, company, owner,
        purchase, contract, inquiry, fields, brand,
    ) = row  # fmt: skip
    known = orjson.loads(fields)
    if brand:
        known["brand"] = brand
    dates = (None if d is None else from_micros(d) for d in (purchase, contract, inquiry))
    known_dates = purchase is not None or contract is not None or inquiry is not None
    relationship = Relationship(*dates) if known_dates else _NO_RELATIONSHIP
    return Contact(
        id_, name, email, phone, country, region, timezone, language, type_, company, owner,
        relationship, known,
    )  # fmt: skip


def last_mail(conn: Connection, tenant: str, contact: str) -> Mapping[str, Any] | None:
    """What a person wrote last by e-mail, with its ``id``; None where nothing is on record."""
    sql = "select id, fields from records where tenant = ? and contact = ? and type = 'mail'"
    rows = execute(conn, sql, (tenant, contact)).all()
    mails: list[dict[str, Any]] = [{"id": row[0], **orjson.loads(row[1])} for row in rows]
    written = [m for m in mails if m.get("channel") == "email"]
    return max(written, key=lambda m: (str(m.get("at") or ""), m["id"]), default=None)


def mail_writers(conn: Connection, tenant: str) -> list[str]:
    """Who wrote by e-mail: contact ids, sorted."""
    sql = "select distinct contact, fields from records where tenant = ? and type = 'mail'"
    rows = execute(conn, sql, (tenant,)).all()
    return sorted({row[0] for row in rows if orjson.loads(row[1]).get("channel") == "email"})
