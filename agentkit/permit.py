"""No permit, no effect: the right to perform one action once, and a worker's hold on it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

__all__ = ["Claim", "Effect", "EffectOutcome", "Permit", "PermitState"]

PermitState = Literal["issued", "claimed", "used", "void"]
EffectOutcome = Literal["done", "failed", "unknown"]


@dataclass(frozen=True, slots=True)
class Permit:
    """The right to perform one action once.

    Attributes:
        action: Id of the action.
        tenant: Its tenant.
        action_digest: The very text and arguments that were judged or approved.
        basis: ``verdict`` or ``decision:ID``.
        binding: Digest of the binding that judged.
        state: Where it stands.
    """

    action: str
    tenant: str
    action_digest: str
    basis: str
    binding: str
    state: PermitState = "issued"


@dataclass(frozen=True, slots=True)
class Claim:
    """A worker's hold on a permit.

    Attributes:
        action: Id of the action.
        tenant: Its tenant.
        owner: The worker.
        lease_until: After this instant another worker may look (never: perform blindly).
        fence: Token that grows with every claim; an effect with an older one is refused.
    """

    action: str
    tenant: str
    owner: str
    lease_until: datetime
    fence: int


@dataclass(frozen=True, slots=True)
class Effect:
    """What was done outside.

    Attributes:
        action: Id of the action.
        outcome: ``done``, ``failed`` or ``unknown``.
        marker: The idempotency marker left in the outside system: the action's id.
        detail: What the outside system answered, as plain JSON without personal data.
        at: When.
    """

    action: str
    outcome: EffectOutcome
    marker: str
    at: datetime
    detail: dict[str, Any] | None = None
