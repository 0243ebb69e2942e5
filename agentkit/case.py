"""What waits on the desk for people, and what people decide."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

__all__ = ["Case", "CaseState", "Choice", "Decision", "Operator"]

Choice = Literal["approve", "edit", "reject", "respond"]
CaseState = Literal["open", "decided", "expired", "withdrawn"]


@dataclass(frozen=True, slots=True)
class Operator:
    """A person at the desk.

    Attributes:
        name: For now the operating system's user: a name, not an authentication.
        roles: Roles from the settings file: what they may waive.
    """

    name: str
    roles: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person decided about one case.

    Attributes:
        id: Identifier of the decision.
        case: Id of the case.
        choice: ``approve``, ``edit``, ``reject`` or ``respond`` (LangChain's words).
        by: The operator's name.
        roles: The authority that it was taken with.
        at: When.
        action_digest: The very text and arguments that the person saw.
        waives: Articles that an approval waives: overridable ones, by name, and nothing else.
        waives_gaps: Facts whose absence it accepts: those that the binding marks overridable.
        reason: In the person's words; becomes the message to the agent on reject and respond.
    """

    id: str
    case: str
    choice: Choice
    by: str
    roles: frozenset[str]
    at: datetime
    action_digest: str
    waives: tuple[str, ...] = ()
    waives_gaps: tuple[str, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """A verdict that waits for people.

    Attributes:
        id: Identifier, short enough to type.
        tenant: Its tenant.
        action: Id of the action.
        action_digest: Digest of the action as judged.
        state: Where it stands.
        opened_at: When.
        expires_at: After this instant it is denied: silence is never consent.
        priority: Larger first: deny-near articles, amounts and waiting customers.
        claimed_by: The operator who has it open; empty if nobody has.
        articles: Ids of the articles that fired.
        gaps: Facts that are missing.
        quorum: How many approvals by different people it needs.
        decisions: What was decided so far.
    """

    id: str
    tenant: str
    action: str
    action_digest: str
    state: CaseState
    opened_at: datetime
    expires_at: datetime
    priority: int = 0
    claimed_by: str = ""
    articles: tuple[str, ...] = ()
    gaps: tuple[str, ...] = ()
    quorum: int = 1
    decisions: tuple[Decision, ...] = field(default=())
