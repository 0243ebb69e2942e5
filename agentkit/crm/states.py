"""Consent of many people at once, derived from their events: a look-up, never a stored answer.

It answers exactly as `agentkit.consent.state` does over all events of a person. Only the events
that can still decide are made into nouns: everything before the last grant or objection that
covers the question was replaced by it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final

from agentkit.canonical import from_json
from agentkit.consent.points import normal_channel, point_key
from agentkit.consent.record import EVENT_COLUMNS, read_event
from agentkit.consent.state import ConsentState, Question, answers, covers, derive
from agentkit.context import Contact
from agentkit.crm.people import CHUNK, of_others
from agentkit.store.instants import to_micros
from agentkit.store.sql import fetch, placeholders

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from agentkit.context import ConsentRecord

__all__ = ["consent_states"]

_EVENTS: Final = ", ".join(EVENT_COLUMNS)
_REPLACING: Final = frozenset({"granted", "withdrawn", "refused"})
_AT: Final = itemgetter(6)
"""The instant of a row that begins with the contact."""


def consent_states(
    conn: Connection,
    tenant: str,
    contacts: Sequence[str],
    *,
    channel: str,
    purpose: str,
    brand: str,
    now: datetime,
) -> dict[str, ConsentState]:
    """The consent of people in the CRM for one channel, purpose and brand.

    Suppressions are no consent and are looked up apart (`agentkit.consent.suppressed`).

    Args:
        conn: A connection.
        tenant: Whose data.
        contacts: CRM ids; who is not in the CRM is left out.
        channel: The channel.
        purpose: The purpose.
        brand: The brand that would speak; empty where it is not known.
        now: As of when.
    """
    ids = list(dict.fromkeys(contacts))
    asked = ("", normal_channel(channel), purpose, brand)
    micros = to_micros(now)
    found: dict[str, ConsentState] = {}
    for start in range(0, len(ids), CHUNK):
        points = _points(conn, tenant, ids[start : start + CHUNK], asked[1])
        events = _events(conn, tenant, list(points), asked)
        theirs = _of_others(conn, tenant, points)
        for id_, point in points.items():
            question = (point_key(point), *asked[1:])
            mine = _deciding(events.get(id_, ()), question, micros)
            mine += [e for e in theirs.get(id_, ()) if answers(e, question)]
            found[id_] = derive(mine, now)
    return found


def _points(conn: Connection, tenant: str, ids: Sequence[str], channel: str) -> dict[str, str]:
    """The mailbox or number that the channel reaches, by contact."""
    sql = (
        "select id, email, phone, fields from contacts where tenant = ? "
        f"and id in ({placeholders(len(ids))})"
    )
    return {
        id_: Contact(
            id_, email=email, phone=phone, fields=from_json(own) if '"mobile"' in own else {}
        ).point(channel)
        for id_, email, phone, own in fetch(conn, sql, (tenant, *ids))
    }


def _events(
    conn: Connection, tenant: str, ids: Sequence[str], asked: Question
) -> dict[str, list[Sequence[Any]]]:
    """Rows of the contacts' own events that may cover the question."""
    if not ids:
        return {}
    _, channel, _, brand = asked
    narrow, values = "", []
    if channel:
        narrow, values = " and channel in ('', ?)", [channel]
    if brand:
        narrow, values = f"{narrow} and (brand in ('', ?) or scope <> '')", [*values, brand]
    sql = (
        f"select contact, {_EVENTS} from consent_events where tenant = ?{narrow} "
        f"and contact in ({placeholders(len(ids))})"
    )
    found: dict[str, list[Sequence[Any]]] = {}
    for row in fetch(conn, sql, (tenant, *values, *ids)):
        found.setdefault(row[0], []).append(row)
    return found


def _of_others(
    conn: Connection, tenant: str, points: Mapping[str, str]
) -> dict[str, list[ConsentRecord]]:
    owners: dict[str, list[str]] = {}
    for id_, point in points.items():
        if point:
            owners.setdefault(point, []).append(id_)
    found: dict[str, list[ConsentRecord]] = {}
    for id_, record in of_others(conn, tenant, owners):
        found.setdefault(id_, []).append(record)
    return found


def _deciding(rows: Sequence[Sequence[Any]], asked: Question, now: int) -> list[ConsentRecord]:
    """The covering events from the last one on that replaces what was before it."""
    kept: list[ConsentRecord] = []
    last: int | None = None
    for row in sorted(rows, key=_AT, reverse=True):
        _, point, channel, purpose, brand, status, at, *_, scope = row
        if last is not None and at < last:
            break
        if covers((point, channel, purpose, brand), status, scope, asked):
            kept.append(read_event(row[1:]))
            if at <= now and status in _REPLACING:
                last = at
    return kept
