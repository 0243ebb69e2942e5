"""Tables of the rights of persons: what was erased, restricted and contested, and what is kept."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import SQLModel

from agentkit.store.columns import blob, instant, key, maybe_blob, maybe_instant, text

__all__ = ["ContestRow", "ErasureRow", "ProofRow", "RestrictionRow"]


class ErasureRow(SQLModel, table=True):
    """That a person was erased: tokens only, so that a restored backup can be held to it."""

    __tablename__ = "erasures"
    __table_args__ = (Index("ix_erasures_token", "tenant", "token"),)
    tenant: str = key()
    id: str = key()
    token: str = text()
    points: str = text("[]")
    at: datetime = instant()
    applied_at: datetime = instant()


class ProofRow(SQLModel, table=True):
    """Proof of an erased person's consents, under the key class ``proof``, until its date."""

    __tablename__ = "consent_proofs"
    __table_args__ = (
        Index("ix_consent_proofs_token", "tenant", "token"),
        Index("ix_consent_proofs_until", "tenant", "until"),
    )
    tenant: str = key()
    id: str = key()
    token: str = text()
    until: datetime = instant()
    basis: str = text()
    sealed: bytes = blob()
    created_at: datetime = instant()


class RestrictionRow(SQLModel, table=True):
    """A person's data that may only be stored (GDPR Art. 18); in force until it is lifted."""

    __tablename__ = "restrictions"
    __table_args__ = (Index("ix_restrictions_contact", "tenant", "contact"),)
    tenant: str = key()
    id: str = key()
    contact: str = text()
    at: datetime = instant()
    by: str = text()
    reason: bytes | None = maybe_blob()
    lifted_at: datetime | None = maybe_instant()
    lifted_by: str = text()


class ContestRow(SQLModel, table=True):
    """A decision that the person contests: another person must look at it again, in time."""

    __tablename__ = "contests"
    __table_args__ = (
        Index("ix_contests_state", "tenant", "state", "due_at"),
        Index("ix_contests_action", "tenant", "action"),
    )
    tenant: str = key()
    id: str = key()
    action: str = text()
    contact: str = text()
    state: str = text()
    opened_at: datetime = instant()
    due_at: datetime = instant()
    cites: str = text()
    by: str = text()
    words: bytes | None = maybe_blob()
    decided_by: str = text()
    decided_at: datetime | None = maybe_instant()
    answer: bytes | None = maybe_blob()
