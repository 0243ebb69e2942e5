"""For the tests of plugins and constitutions: the real gate, people in memory, time that stands.

from agentkit.testing import examine, person, review

def test_gold_customers_are_known():
    found = examine(my_plugin, message(), person(fields={"tier": "gold"}))
    assert found["loyalty"].tier == "gold"
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from agentkit.action import Action
from agentkit.agent import Register
from agentkit.clock import Clock, FixedClock, parse_instant
from agentkit.constitution import Binding, Catalogue, Policy
from agentkit.context import Contact, Person, Stop, Touch
from agentkit.evidence import Evidence, Failed
from agentkit.gate import Gate
from agentkit.plugins import Plugins
from agentkit.verdict import Review

__all__ = ["MemoryPeople", "examine", "make_gate", "message", "person", "review"]

NOW = parse_instant("2026-11-23T09:30:00+01:00")
"""The instant of tests that name none: a Monday morning in Berlin."""


class MemoryPeople:
    """People without a database."""

    def __init__(self, *people: Person, stops: Sequence[Stop] = ()) -> None:
        """Hold people by the id of their contact."""
        self._people = {p.contact.id: p for p in people}
        self._stops = tuple(stops)

    def people(self, tenant: str, actions: Sequence[Action]) -> Mapping[str, Person]:  # noqa: ARG002
        """The subjects of the actions."""
        return {a.subject: self._people[a.subject] for a in actions if a.subject in self._people}

    def stops(self, tenant: str) -> Sequence[Stop]:  # noqa: ARG002
        """The stop switches."""
        return self._stops

    def runs(self, tenant: str, runs: Sequence[str]) -> Mapping[str, Sequence[Touch]]:  # noqa: ARG002
        """Nothing was done before."""
        return {}


def person(contact: str = "c-1", **fields: Any) -> Person:
    """A consumer in Berlin with a mailbox; ``fields`` of `Contact` or `Person` win."""
    mine = {k: fields.pop(k) for k in list(fields) if k in Contact.__slots__}
    known = Contact(
        contact, "Anke Petersen", "anke@example.com", country="DE", timezone="Europe/Berlin",
        language="de", type="consumer",
    )  # fmt: skip
    return Person(replace(known, **mine), **fields)


def message(text: str = "Hello.", **fields: Any) -> Action:
    """A marketing mail to contact ``c-1``; ``fields`` of `Action` win."""
    usual = {"kind": "message.send", "subject": "c-1", "channel": "email", "purpose": "marketing"}
    return Action.create(**{**usual, "text": text, **fields})


def make_gate(
    *plugins: object,
    people: Sequence[Person] = (),
    constitutions: Sequence[str] = (),
    now: datetime | Clock = NOW,
) -> Gate:
    """A gate with these plugins, people and constitutions (names or files).

    Raises:
        PluginError: a plugin is not let in.
        ConstitutionError: a constitution cannot be loaded.
    """
    loaded = Plugins.of(*plugins)
    catalogue = Catalogue(loaded.kinds, loaded.evidence_classes.values())
    bindings = [Binding(constitutions=tuple(constitutions))] if constitutions else []
    return Gate(
        plugins=loaded,
        policy=Policy(bindings, catalogue, loaded.constitutions),
        register=Register(open=True),
        kinds=loaded.kinds,
        clock=FixedClock(now) if isinstance(now, datetime) else now,
        people=MemoryPeople(*people),
    )


def review(action: Action, *plugins: object, who: Person | None = None, **gate: Any) -> Review:
    """Examine and judge one action; ``gate`` as of `make_gate`."""
    people = [who or person(action.subject or "c-1")]
    return make_gate(*plugins, people=people, **gate).review(action)


def examine(
    plugin: object, action: Action, who: Person | None = None, now: datetime = NOW
) -> dict[str, Evidence | Failed]:
    """What one plugin says of an action, by namespace, with every guard in place."""
    gate = make_gate(plugin, people=[who or person(action.subject or "c-1")], now=now)
    checked = gate.check(action)
    return gate.plugins.examine_many([checked], gate.context(checked))[0]
