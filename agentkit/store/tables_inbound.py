"""The schema of what comes in, and of what it says about people's circumstances."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import SQLModel

from agentkit.store.columns import instant, key, maybe_blob, maybe_instant, text

__all__ = ["CircumstanceRow", "InboundRow"]


class InboundRow(SQLModel, table=True):
    """Something that came in; whose it is and what it says is encrypted, its id a keyed hash.

    ``contact`` is empty while no contact has the point, which then stands as ``point_token``;
    ``proof`` is the sentence of a withdrawal under the key that outlives an erasure.
    """

    __tablename__ = "inbound_messages"
    __table_args__ = (
        Index("ix_inbound_messages_contact", "tenant", "contact", "at"),
        Index("ix_inbound_messages_content", "tenant", "content"),
    )
    tenant: str = key()
    id: str = key()
    content: str = text()
    contact: str = text()
    point_token: str = text()
    type: str = text()
    channel: str = text()
    brand: str = text()
    at: datetime = instant()
    received_at: datetime = instant()
    outcome: str = text("{}")
    payload: bytes | None = maybe_blob()
    proof: bytes | None = maybe_blob()


class CircumstanceRow(SQLModel, table=True):
    """That a circumstance of a person was set or lifted; never changed afterwards.

    ``event`` is ``set`` or ``lifted``; a lifted one names in ``undoes`` what it ends. ``words`` is
    the source sentence, or the reason for lifting, under the person's key.
    """

    __tablename__ = "circumstances"
    __table_args__ = (
        Index("ix_circumstances_contact", "tenant", "contact"),
        Index("ix_circumstances_point", "tenant", "point_token"),
    )
    tenant: str = key()
    id: str = key()
    contact: str = text()
    point_token: str = text()
    kind: str = text()
    event: str = text()
    undoes: str = text()
    since: datetime = instant()
    until: datetime | None = maybe_instant()
    role: str = text()
    source: str = text()
    actor: str = text()
    words: bytes | None = maybe_blob()
    recorded_at: datetime = instant()
