"""What was said before: by the person, and to the person. An operator decides from the thread."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Literal

from agentkit.canonical import from_json
from agentkit.desk.shown import shown
from agentkit.store.instants import from_micros
from agentkit.store.sql import execute

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from agentkit.store import Vault
    from agentkit.store.actions import StoredReview

__all__ = ["Turn", "read_conversation"]

_MOST: Final = 50
"""Latest turns that are read."""
_RECORD: Final = 20_000
"""Characters of what a tool returned that are read as a record."""
_DEEP: Final = 200
"""Brackets in it: more may nest too deep to be walked through."""
_LOOKED_UP: Final = "get_contact"
"""The tool whose answer lists the fields that were hidden from the agent."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn of a conversation.

    Attributes:
        who: ``person`` wrote it, ``us`` it was sent to them, ``read`` the agent read it somewhere
            before it proposed, ``event`` something happened of which no text is kept.
        at: When; None where that is not on record.
        channel: How, or for ``read`` the source.
        text: The words; for ``event`` what it was.
        prose: Whether somebody wrote it, as against a record that a tool returned.
    """

    who: Literal["person", "us", "read", "event"]
    at: datetime | None
    channel: str
    text: str
    prose: bool = True


def read_conversation(
    conn: Connection, vault: Vault, tenant: str, person: str, review: StoredReview | None
) -> tuple[Turn, ...]:
    """The latest turns with a person, oldest first, what the agent read at the end."""
    turns: list[Turn] = []
    if person:
        turns += _written(conn, vault, tenant, person)
        known = {turn.text.strip() for turn in turns}
        turns += [m for m in _mails(conn, tenant, person) if m.text.strip() not in known]
        sent = dict(_sent(conn, vault, tenant, person))
        turns += sent.values()
        turns += _events(conn, tenant, person, set(sent))
    turns.sort(key=lambda turn: turn.at or datetime.min.replace(tzinfo=UTC))
    turns = turns[-_MOST:]
    if review is not None:
        written = {turn.text.strip() for turn in turns}
        turns += [
            _read(seen.source, seen.text, written)
            for seen in review.action.observations
            if seen.text.strip() not in written
        ]
    return tuple(turns)


def _written(conn: Connection, vault: Vault, tenant: str, person: str) -> Iterator[Turn]:
    """What came in from the person; of bounces and posts without words only that they came."""
    sql = (
        "select type, channel, at, payload from inbound_messages where tenant = ? and payload "
        "is not null and (contact = ? or (contact = '' and 'point:' || point_token = ?)) "
        "order by at desc, id desc limit ?"
    )
    rows = execute(conn, sql, (tenant, person, person, _MOST)).all()
    texts = vault.decrypt_many(conn, tenant, [(person, bytes(row[3])) for row in rows])
    for (kind, channel, at, _), plain in zip(rows, texts, strict=True):
        if plain is None:
            continue
        words = str(plain.get("own") or plain.get("text") or "")
        who: Literal["person", "event"] = "person" if words and kind == "reply" else "event"
        yield Turn(who, from_micros(at), channel, words or kind.replace("_", "-"))


def _mails(conn: Connection, tenant: str, person: str) -> Iterator[Turn]:
    sql = (
        "select fields from records where tenant = ? and contact = ? and type = 'mail' "
        "order by updated_at desc, id desc limit ?"
    )
    for (fields,) in execute(conn, sql, (tenant, person, _MOST)).all():
        mail: dict[str, Any] = from_json(fields)
        at = _instant(str(mail.get("at") or ""))
        yield Turn("person", at, str(mail.get("channel") or ""), str(mail.get("text") or ""))


def _sent(conn: Connection, vault: Vault, tenant: str, person: str) -> Iterator[tuple[str, Turn]]:
    """What was sent, by action id; what cannot be read any more is left out."""
    sql = (
        "select action, channel, at, text_encrypted from outbox where tenant = ? "
        "and to_contact = ? and text_encrypted is not null order by at desc limit ?"
    )
    rows = execute(conn, sql, (tenant, person, _MOST)).all()
    texts = vault.decrypt_many(conn, tenant, [(person, bytes(row[3])) for row in rows])
    for (action, channel, at, _), plain in zip(rows, texts, strict=True):
        if plain is not None:
            yield action, Turn("us", from_micros(at), channel, str(plain.get("text") or ""))


def _events(conn: Connection, tenant: str, person: str, sent: set[str]) -> Iterator[Turn]:
    sql = (
        "select kind, channel, purpose, at, action from touches where tenant = ? "
        "and contact = ? order by at desc, id desc limit ?"
    )
    for kind, channel, purpose, at, action in execute(conn, sql, (tenant, person, _MOST)).all():
        if action not in sent:
            words = f"{kind}, {purpose}" if purpose else kind
            yield Turn("event", from_micros(at), channel, words)


def _read(source: str, text: str, written: set[str]) -> Turn:
    """What the agent read; the record that a tool returned, as far as it says anything."""
    record = _record(text)
    if record is None:
        return Turn("read", None, source, text)
    if str(record.get("text", "")).strip() in written - {""}:
        record["text"] = "what the person wrote"
    hidden = record.get("hidden") if source == _LOOKED_UP else None
    if isinstance(hidden, list) and hidden:
        record["hidden"] = f"{len(hidden)} field{'s' * (len(hidden) != 1)} that it may not see"
    said = (f"{name}: {value}" for name, value in _said(record))
    return Turn("read", None, source, "; ".join(said), prose=False)


def _record(text: str) -> dict[str, Any] | None:
    """A JSON object of ordinary size and depth; None for all other text."""
    if not text.startswith("{") or len(text) > _RECORD or text.count("{") + text.count("[") > _DEEP:
        return None
    try:
        record = from_json(text)
    except ValueError:
        return None
    return record if isinstance(record, dict) else None


def _said(record: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Fields that are not empty, those of a record within by their path."""
    for name, value in record.items():
        if isinstance(value, dict):
            yield from _said(value, f"{prefix}{name}.")
        elif value not in (None, "", []):
            yield f"{prefix}{name}", shown(value)


def _instant(text: str) -> datetime | None:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        return None
    return instant.astimezone(UTC) if instant.tzinfo else instant.replace(tzinfo=UTC)
