"""What the rest of the program may expect of a CRM, and what a CRM must admit about itself.

A connector returns one of these from the plugin hook ``connect(url)``. The built-in CRM performs
an action inside the transaction of its claim: exactly once. A remote one performs at most once;
where the answer is lost it is asked for its own marker, and only if it declares that it can tell.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from agentkit.action import Action
from agentkit.context import Contact
from agentkit.permit import Claim, Effect

if TYPE_CHECKING:
    from agentkit.store import Unit

__all__ = ["CRM", "Capabilities"]


class Capabilities(Protocol):
    """What a CRM declares; what it cannot promise leads to a person instead of a second try."""

    @property
    def transactional(self) -> bool:
        """Effects go into the transaction of the claim: use `CRM.apply`, else `CRM.perform`."""
        ...

    @property
    def looks_up_markers(self) -> bool:
        """`CRM.find` can tell whether an action took effect, by the marker it left."""
        ...

    @property
    def settle_seconds(self) -> float:
        """How long after an effect a look-up may still miss it; "not found" counts only then."""
        ...

    @property
    def reads_own_writes(self) -> bool:
        """What was written is read back at once."""
        ...


@runtime_checkable
class CRM(Capabilities, Protocol):
    """A customer relationship management system."""

    def contact(self, tenant: str, contact: str) -> Contact | None:
        """A person by CRM id; None where there is none."""
        ...

    def record(self, tenant: str, kind: str, record: str) -> Mapping[str, Any] | None:
        """The fields of a deal, ticket or product; None where there is none."""
        ...

    def apply(self, action: Action, unit: Unit) -> Effect:
        """Do it inside the transaction of its claim (transactional ones only).

        The caller has claimed the permit in the same transaction, and stores the effect there.

        Raises:
            ConnectorError: this CRM cannot do such a thing; nothing was done.
        """
        ...

    def perform(self, action: Action, claim: Claim) -> Effect:
        """Do it outside, leaving the action's id as marker (all others).

        Raises:
            TransientConnectorError: certainly not done, and worth trying again.
            UnknownOutcome: perhaps done.
            ConnectorError: certainly not done, and trying again is of no use.
        """
        ...

    def find(self, tenant: str, marker: str) -> Effect | None:
        """The effect that left this marker; None where there is none (see ``settle_seconds``)."""
        ...
