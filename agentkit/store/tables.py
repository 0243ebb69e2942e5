"""The schema: one class a table, ``tenant`` first in every primary key.

Importing this module costs half a second (SQLModel and pydantic); what runs often uses plain SQL
through `agentkit.store.sql` and never comes here. Columns that hold JSON are text or bytes in
canonical form; an empty text means "not known".
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Column, Identity, Index
from sqlmodel import Field, SQLModel

from agentkit.store.columns import blob as _blob
from agentkit.store.columns import instant as _at
from agentkit.store.columns import key as _key
from agentkit.store.columns import maybe_blob as _maybe_blob
from agentkit.store.columns import maybe_instant as _maybe_at
from agentkit.store.columns import number as _number
from agentkit.store.columns import text as _text
from agentkit.store.tables_inbound import CircumstanceRow, InboundRow
from agentkit.store.tables_rights import ContestRow, ErasureRow, ProofRow, RestrictionRow

__all__ = [
    "ActionRow",
    "CaseRow",
    "CircumstanceRow",
    "ConsentEventRow",
    "ContactRow",
    "ContestRow",
    "DataTaskRow",
    "DecisionRow",
    "EffectRow",
    "EntryRow",
    "ErasureRow",
    "InboundRow",
    "OutboxRow",
    "PermitRow",
    "PersonKeyRow",
    "PersonLockRow",
    "ProofRow",
    "RecordRow",
    "RestrictionRow",
    "SealRow",
    "StopRow",
    "SuppressionRow",
    "TaskActionRow",
    "TouchRow",
    "WorkerRow",
    "metadata",
]

metadata = SQLModel.metadata


class PersonKeyRow(SQLModel, table=True):
    """A person's data key, wrapped by the master key; erasing the person deletes it."""

    __tablename__ = "person_keys"
    tenant: str = _key()
    token: str = _key()
    key_class: str = _key()
    key_id: bytes = _blob()
    wrapped: bytes = _blob()
    created_at: datetime = _at()


class PersonLockRow(SQLModel, table=True):
    """A row to lock where a claim and a withdrawal of one person must not cross."""

    __tablename__ = "person_locks"
    tenant: str = _key()
    token: str = _key()


class ContactRow(SQLModel, table=True):
    """A person in the built-in CRM."""

    __tablename__ = "contacts"
    __table_args__ = (
        Index("ix_contacts_email", "tenant", "email"),
        Index("ix_contacts_phone", "tenant", "phone"),
    )
    tenant: str = _key()
    id: str = _key()
    name: str = _text()
    email: str = _text()
    phone: str = _text()
    country: str = _text()
    region: str = _text()
    timezone: str = _text()
    language: str = _text()
    type: str = _text()
    company: str = _text()
    owner: str = _text()
    brand: str = _text()
    last_purchase: datetime | None = _maybe_at()
    contract_until: datetime | None = _maybe_at()
    last_inquiry: datetime | None = _maybe_at()
    fields: str = _text("{}")
    created_at: datetime = _at()
    updated_at: datetime = _at()
    lock: int = _number()


class RecordRow(SQLModel, table=True):
    """A deal, ticket or product of the built-in CRM."""

    __tablename__ = "records"
    __table_args__ = (Index("ix_records_contact", "tenant", "contact"),)
    tenant: str = _key()
    type: str = _key()
    id: str = _key()
    contact: str = _text()
    fields: str = _text("{}")
    updated_at: datetime = _at()


class ConsentEventRow(SQLModel, table=True):
    """What a person said about one contact point, brand and purpose; never changed afterwards."""

    __tablename__ = "consent_events"
    __table_args__ = (
        Index("ix_consent_events_contact", "tenant", "contact"),
        Index("ix_consent_events_point", "tenant", "point", "contact"),
    )
    tenant: str = _key()
    id: str = _key()
    contact: str = _text()
    point: str = _text()
    channel: str = _text()
    purpose: str = _text()
    brand: str = _text()
    status: str = _text()
    at: datetime = _at()
    expires: datetime | None = _maybe_at()
    source: str = _text()
    proof: str = _text()
    double_opt_in_at: datetime | None = _maybe_at()
    notice: str = _text()
    recorded_at: datetime = _at()
    lawful_basis: str = _text()
    method: str = _text()
    scope: str = _text()


class SuppressionRow(SQLModel, table=True):
    """A contact point that must not be used: a keyed hash, so it survives an erasure."""

    __tablename__ = "suppressions"
    tenant: str = _key()
    token: str = _key()
    channel: str = _key()
    purpose: str = _key()
    brand: str = _key()
    at: datetime = _at()
    reason: str = _text()


class TouchRow(SQLModel, table=True):
    """One contact with a person, in either direction: the history that caps are counted from."""

    __tablename__ = "touches"
    __table_args__ = (
        Index("ix_touches_contact", "tenant", "contact", "at"),
        Index("ix_touches_run", "tenant", "run"),
    )
    tenant: str = _key()
    id: str = _key()
    contact: str = _text()
    kind: str = _text()
    channel: str = _text()
    purpose: str = _text()
    at: datetime = _at()
    action: str = _text()
    run: str = _text()


class ActionRow(SQLModel, table=True):
    """An action and where it stands; its payload is encrypted under the person's key."""

    __tablename__ = "actions"
    __table_args__ = (
        Index("ix_actions_state", "tenant", "state", "until"),
        Index("ix_actions_person", "tenant", "person", "state"),
        Index("ix_actions_run", "tenant", "run"),
    )
    tenant: str = _key()
    id: str = _key()
    state: str = _text()
    agent: str = _text()
    kind: str = _text()
    person: str = _text()
    channel: str = _text()
    purpose: str = _text()
    run: str = _text()
    digest: str = _text()
    payload: bytes | None = _maybe_blob()
    verdict: str = _text("{}")
    ruling: str = _text()
    until: datetime | None = _maybe_at()
    deadline: datetime | None = _maybe_at()
    tasks: str = _text("[]")
    decision: str = _text()
    attempt: int = _number()
    created_at: datetime = _at()
    updated_at: datetime = _at()


class CaseRow(SQLModel, table=True):
    """What waits on the desk."""

    __tablename__ = "cases"
    __table_args__ = (
        Index("ix_cases_state", "tenant", "state", "expires_at"),
        Index("ix_cases_action", "tenant", "action"),
    )
    tenant: str = _key()
    id: str = _key()
    action: str = _text()
    action_digest: str = _text()
    state: str = _text()
    opened_at: datetime = _at()
    expires_at: datetime = _at()
    priority: int = _number()
    claimed_by: str = _text()
    claimed_until: datetime | None = _maybe_at()
    articles: str = _text("[]")
    gaps: str = _text("[]")
    quorum: int = _number(1)


class DecisionRow(SQLModel, table=True):
    """What a person decided about a case.

    ``case`` needs double quotes in plain SQL; ``superseded`` is 0 or 1 on both databases.
    """

    __tablename__ = "decisions"
    __table_args__ = (Index("ix_decisions_case", "tenant", "case"),)
    tenant: str = _key()
    id: str = _key()
    case: str = _text()
    choice: str = _text()
    by: str = _text()
    roles: str = _text("[]")
    at: datetime = _at()
    action_digest: str = _text()
    waives: str = _text("[]")
    waives_gaps: str = _text("[]")
    reason: str = _text()
    superseded: int = _number()


class PermitRow(SQLModel, table=True):
    """The right to perform one action once, and who holds it."""

    __tablename__ = "permits"
    __table_args__ = (Index("ix_permits_state", "tenant", "state", "lease_until"),)
    tenant: str = _key()
    action: str = _key()
    action_digest: str = _text()
    basis: str = _text()
    binding: str = _text()
    state: str = _text()
    owner: str = _text()
    lease_until: datetime | None = _maybe_at()
    fence: int = _number()


class EffectRow(SQLModel, table=True):
    """What was done outside: by its key, one effect an action."""

    __tablename__ = "effects"
    tenant: str = _key()
    action: str = _key()
    outcome: str = _text()
    marker: str = _text()
    detail: str = _text("{}")
    at: datetime = _at()


class OutboxRow(SQLModel, table=True):
    """A message that the built-in CRM has sent; its text is encrypted under the person's key."""

    __tablename__ = "outbox"
    tenant: str = _key()
    action: str = _key()
    channel: str = _text()
    to_contact: str = _text()
    subject_line: str = _text()
    text_encrypted: bytes | None = _maybe_blob()
    at: datetime = _at()


class StopRow(SQLModel, table=True):
    """A stop switch; in force until it is lifted."""

    __tablename__ = "stops"
    tenant: str = _key()
    id: str = _key()
    scope: str = _text()
    by: str = _text()
    at: datetime = _at()
    reason: str = _text()
    lifted_at: datetime | None = _maybe_at()
    lifted_by: str = _text()


class DataTaskRow(SQLModel, table=True):
    """Missing record data: one task for the record's owner."""

    __tablename__ = "data_tasks"
    tenant: str = _key()
    field: str = _key()
    contact: str = _key()
    owner: str = _text()
    opened_at: datetime = _at()
    closed_at: datetime | None = _maybe_at()


class TaskActionRow(SQLModel, table=True):
    """An action that waits for a data task."""

    __tablename__ = "task_actions"
    __table_args__ = (Index("ix_task_actions_action", "tenant", "action"),)
    tenant: str = _key()
    field: str = _key()
    contact: str = _key()
    action: str = _key()


class WorkerRow(SQLModel, table=True):
    """A process that performs actions."""

    __tablename__ = "workers"
    tenant: str = _key()
    id: str = _key()
    host: str = _text()
    pid: int = _number()
    beat_at: datetime = _at()


class EntryRow(SQLModel, table=True):
    """One record of the ledger; refuses update and delete.

    ``id`` comes from a sequence on PostgreSQL and is counted per tenant on SQLite, where the one
    writer hands it out.
    """

    __tablename__ = "entries"
    __table_args__ = (Index("ix_entries_action", "tenant", "action"),)
    tenant: str = _key()
    id: int = Field(sa_column=Column(BigInteger, Identity(always=False), primary_key=True))
    kind: str = _text()
    at: datetime = _at()
    action: str = _text()
    actor: str = _text()
    person_token: str = _text()
    public: bytes = _blob()
    private: bytes | None = _maybe_blob()
    digest: str = _text()


class SealRow(SQLModel, table=True):
    """The place of an entry in its tenant's chain; refuses update and delete."""

    __tablename__ = "seals"
    __table_args__ = (Index("ux_seals_entry", "tenant", "entry", unique=True),)
    tenant: str = _key()
    n: int = Field(primary_key=True, sa_type=BigInteger)
    entry: int = _number()
    prev: str = _text()
    hash: str = _text()
