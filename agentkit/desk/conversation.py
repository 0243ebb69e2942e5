"""What was said before: by the person, and to the person. An operator decides from the thread."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Literal

from agentkit.canonical import from_json
from agentkit.store.instants import from_micros
from agentkit.store.sql import execute

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from agentkit.store import Vault
    from agentkit.store.actions import StoredReview

__all__ = ["Turn", "read_conversation"]

_MOST: Final = 50
"""Latest turns that are read."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn of a conversation.

    Attributes:
        who: ``person`` wrote it, ``us`` it was sent to them, ``read`` the agent read it somewhere
            before it proposed, ``event`` something happened of which no text is kept.
        at: When; None where that is not on record.
        channel: How, or for ``read`` the source.
        text: The words; for ``event`` what it was.
    """

    who: Literal["person", "us", "read", "event"]
    at: datetime | None
    channel: str
    text: str


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
            Turn("read", None, seen.source, seen.text)
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


def _instant(text: str) -> datetime | None:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        return None
    return instant.astimezone(UTC) if instant.tzinfo else instant.replace(tzinfo=UTC)
