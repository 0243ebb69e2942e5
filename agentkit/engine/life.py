"""What the durable engine knows of a life cycle: it takes steps, and says when the next is due."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from agentkit.clock import Clock
from agentkit.settings import Settings

if TYPE_CHECKING:
    from agentkit.store import Store
    from agentkit.store.actions import ActionState

__all__ = ["LifeCycle", "Next"]


@dataclass(frozen=True, slots=True)
class Next:
    """Where an action stands after a step.

    Attributes:
        state: Its state; ``expired`` also where nobody decided in time.
        wake_at: When to look again; None: when somebody or something else has changed it.
        done: Nothing can happen to it any more.
        why: For people: what it waits for, or why it ended; no personal data.
    """

    state: ActionState
    wake_at: datetime | None = None
    done: bool = False
    why: str = ""


class LifeCycle(Protocol):
    """Whatever can take an action one step further (the pipeline)."""

    settings: Settings
    clock: Clock
    store: Store
    owner: str

    def due(self, *, limit: int = 500) -> list[str]:
        """Ids of the tenant's actions that can take a step now."""
        ...

    def advance(self, tenant: str, action: str) -> Next:
        """Take one durable step; called again after a crash, it finds what it did."""
        ...
