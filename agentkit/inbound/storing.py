"""Inbound messages at rest: repeated deliveries found by keyed hashes, words under a person's key.

A delivery is a repetition where the provider gives the same id to the same words, or where
everything is the same, the time included. The same id with other words is no repetition: losing a
withdrawal would be worse than reading one twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from agentkit.canonical import canonical
from agentkit.consent import person_key
from agentkit.inbound.message import Inbound
from agentkit.store import execute, placeholders, to_micros

if TYPE_CHECKING:
    from agentkit.store import Unit

__all__ = ["finish", "keep", "known_message", "message_keys"]

_COLUMNS: Final = (
    "tenant", "id", "content", "contact", "point_token", "type", "channel", "brand", "at",
    "received_at", "payload",
)  # fmt: skip
_INSERT: Final = (
    f"insert into inbound_messages ({', '.join(_COLUMNS)}) values "
    f"({placeholders(len(_COLUMNS))}) on conflict do nothing"
)


def message_keys(unit: Unit, message: Inbound, now: datetime) -> tuple[str, str]:
    """Our id of a message, and the keyed hash of all it says.

    A message with neither id nor time is never taken for a repetition.
    """
    said = [
        message.type, message.channel, message.sender, message.to, message.brand, message.subject,
        message.text, message.bounce, message.status, message.list,
    ]  # fmt: skip
    token = unit.vault.token
    at = message.at if message.at is not None or message.id else now
    content = token(message.tenant, canonical(["inbound", *said, at]).decode())[:32]
    if not message.id:
        return content, content
    return token(message.tenant, canonical(["inbound", message.id, said]).decode())[:32], content


def known_message(unit: Unit, tenant: str, key: str, content: str) -> str:
    """Our id of an earlier delivery; empty where there was none."""
    sql = "select id from inbound_messages where tenant = ? and (id = ? or content = ?) limit 1"
    return str(execute(unit.conn, sql, (tenant, key, content)).scalar() or "")


def keep(
    unit: Unit,
    message: Inbound,
    key: str,
    content: str,
    contact: str,
    *,
    own: str,
    at: datetime,
    now: datetime,
) -> bool:
    """Keep a message, encrypted under the person's key; False where another process was first.

    ``own`` are the person's own words, where a mail is quoted below them: what people read first.
    """
    token = unit.vault.token(message.tenant, message.sender)
    payload = {
        "id": message.id, "from": message.sender, "to": message.to, "subject": message.subject,
        "text": message.text, "list": message.list, "in_reply_to": message.in_reply_to,
        "own": own if own != message.text else "",
    }  # fmt: skip
    person = person_key(contact, token)
    sealed = unit.vault.encrypt(unit.conn, message.tenant, person, payload)
    row = (
        message.tenant, key, content, contact, token, message.type, message.channel, message.brand,
        to_micros(at), to_micros(now), sealed,
    )  # fmt: skip
    return execute(unit.conn, _INSERT, row).rowcount == 1


def finish(
    unit: Unit, message: Inbound, key: str, contact: str, sentence: str, outcome: Mapping[str, Any]
) -> None:
    """Keep what was done, and the sentence of a withdrawal as its proof."""
    proof = None
    if sentence:
        token = unit.vault.token(message.tenant, message.sender)
        proof = unit.vault.encrypt(
            unit.conn, message.tenant, person_key(contact, token), {"sentence": sentence},
            key_class="proof",
        )  # fmt: skip
    sql = "update inbound_messages set outcome = ?, proof = ? where tenant = ? and id = ?"
    execute(unit.conn, sql, (canonical(outcome).decode(), proof, message.tenant, key))
