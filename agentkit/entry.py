"""One record of the ledger."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

__all__ = ["Entry", "EntryKind"]

EntryKind = Literal[
    "proposed", "judged", "deferred", "opened", "claimed_case", "decided", "edited", "expired",
    "permitted", "claimed", "performed", "failed", "unknown", "stopped", "lifted", "consent",
    "suppressed", "imported", "task", "configured", "erased", "refused", "note", "inbound",
    "circumstance", "right", "keys", "retention", "scores",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that happened; appended in the transaction that changes the state it describes.

    Attributes:
        kind: What happened.
        tenant: Whose data.
        at: When.
        action: Id of the action concerned; empty if none.
        actor: Who did it: ``agent:NAME``, ``operator:NAME``, ``worker:NAME``, ``gate``, ``system``.
        public: What may be read without a key: ids, rulings, digests, fact names.
        private: What is encrypted under the key of ``person``; None where there is nothing.
        person: CRM id of the person whose key encrypts ``private``.
    """

    kind: EntryKind
    tenant: str
    at: datetime
    action: str = ""
    actor: str = "system"
    public: dict[str, Any] = field(default_factory=dict)
    private: dict[str, Any] | None = None
    person: str = ""
