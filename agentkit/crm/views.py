"""People as the gate sees them, wherever they come from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol, runtime_checkable

from agentkit.action import Action
from agentkit.context import ConsentRecord, Contact, Person, Stop, Touch

__all__ = ["KnowsObjections", "People", "PeopleSource", "points_of"]


class People(dict[str, Person]):
    """People by CRM id.

    Attributes:
        views: By action id, for actions that choose what belongs to the person (records that they
            name, a contact given with the action): the person as this action sees it.
    """

    def __init__(self, people: Mapping[str, Person] | None = None) -> None:
        """Begin with these people and no views."""
        super().__init__(people or {})
        self.views: dict[str, Person] = {}

    def of(self, action: Action) -> Person | None:
        """The subject of an action, with the records that it names; None if not on record."""
        return self.views.get(action.id) or self.get(action.subject)


@runtime_checkable
class KnowsObjections(Protocol):
    """A source that can say what it knows against contacts that somebody else describes."""

    def objections(
        self, tenant: str, contacts: Sequence[Contact]
    ) -> Sequence[tuple[Sequence[ConsentRecord], frozenset[str]]]:
        """Events of their mailboxes and numbers that grant nothing, and channels closed to each."""
        ...


class PeopleSource(Protocol):
    """Whatever can fetch the people of a batch."""

    def people(self, tenant: str, actions: Sequence[Action]) -> Mapping[str, Person]:
        """The subjects of the actions by CRM id."""
        ...

    def stops(self, tenant: str) -> Sequence[Stop]:
        """The stop switches that hold now."""
        ...

    def runs(self, tenant: str, runs: Sequence[str]) -> Mapping[str, Sequence[Touch]]:
        """What each run has done so far."""
        ...


def points_of(contact: Contact) -> tuple[str, ...]:
    """The mailboxes and numbers of a contact."""
    points = (contact.email, contact.phone, contact.fields.get("mobile", ""))
    return tuple(dict.fromkeys(p for p in points if p and isinstance(p, str)))
