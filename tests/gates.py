"""A gate from a few lines: real plugins, a real constitution, people in memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from agentkit.action import Action
from agentkit.agent import Agent, Register
from agentkit.clock import Clock
from agentkit.constitution import Binding, Catalogue, Policy
from agentkit.context import Contact, Person, Stop, Touch
from agentkit.evidence import Evidence, Unknown
from agentkit.gate import Gate
from agentkit.hookspecs import Manifest, hookimpl
from agentkit.plugins import Plugins

OUTREACH = Agent(
    "outreach",
    kinds=frozenset(["message.send", "lead.score", "offer.set"]),
    channels=frozenset(["email", "sms"]),
    purposes=frozenset(["marketing", "service"]),
    max_amount=1000.0,
)


class Mood(Evidence, namespace="mood", kinds=["message.send"]):
    """Facts that the tests set by words in the text."""

    pushy: bool | Unknown
    score: float = 0.1
    zone: str | Unknown = "Europe/Berlin"


def read_mood(action: Action) -> Mood:
    return Mood("hurry" in action.text, 0.9 if "hurry" in action.text else 0.1)


def plugin(
    name: str = "mood",
    examine: Callable[[Action], Any] = read_mood,
    revise: Callable[[Action], Action | None] | None = None,
    evidence: tuple[type[Evidence], ...] = (Mood,),
) -> ModuleType:
    """A plugin made of functions."""
    module = ModuleType(name)

    def declare() -> Manifest:
        return Manifest(name, evidence=evidence)

    def examine_many(actions: Sequence[Action], context: Any) -> list[Any]:
        return [examine(a) for a in actions]

    module.declare = hookimpl(declare)  # type: ignore[attr-defined]
    if evidence:
        module.examine_many = hookimpl(examine_many)  # type: ignore[attr-defined]
    if revise is not None:

        def offer(action: Action, verdict: Any, context: Any) -> Action | None:
            return revise(action)

        offer.__name__ = "revise"
        module.revise = hookimpl(offer)  # type: ignore[attr-defined]
    return module


class Crowd:
    """People in memory."""

    def __init__(self, *people: Person, stops: Sequence[Stop] = ()) -> None:
        self.crowd = {p.contact.id: p for p in people}
        self.stopped = stops
        self.asked = 0

    def people(self, tenant: str, actions: Sequence[Action]) -> Mapping[str, Person]:
        self.asked += 1
        return {a.subject: self.crowd[a.subject] for a in actions if a.subject in self.crowd}

    def stops(self, tenant: str) -> Sequence[Stop]:
        return self.stopped

    def runs(self, tenant: str, runs: Sequence[str]) -> Mapping[str, Sequence[Touch]]:
        return {}


ANKE = Person(
    Contact("c1", "Anke Petersen", "anke@example.de", country="DE", timezone="Europe/Berlin")
)
NOBODY_KNOWS_WHERE = Person(Contact("c2", "Jo Doe", "jo@example.com"))


def make_gate(
    tmp_path: Path,
    clock: Clock,
    articles: str,
    *plugins: ModuleType,
    people: Any = None,
    register: Register | None = None,
    **binding: Any,
) -> Gate:
    """A gate whose constitution is ``articles`` (YAML list items)."""
    path = tmp_path / "test.yaml"
    path.write_text(
        "constitution: test\nversion: 1\nprinciples: {p: be good}\n"
        "parameters: {limit: {type: double, default: 0.5}}\narticles:\n" + articles
    )
    loaded = Plugins.of(*(plugins or (plugin(),)))
    catalogue = Catalogue(loaded.kinds, loaded.evidence_classes.values())
    return Gate(
        plugins=loaded,
        policy=Policy([Binding(constitutions=(str(path),), **binding)], catalogue),
        register=register or Register({"outreach": OUTREACH}),
        kinds=loaded.kinds,
        clock=clock,
        people=people or Crowd(ANKE, NOBODY_KNOWS_WHERE),
    )


def message(text: str = "hello", **fields: Any) -> Action:
    """A marketing mail to Anke by the outreach agent."""
    defaults = {
        "kind": "message.send", "agent": "outreach", "subject": "c1", "channel": "email",
        "purpose": "marketing",
    }  # fmt: skip
    return Action.create(**{**defaults, "text": text, **fields})


def article(name: str, when: str, then: str = "deny", **more: str) -> str:
    """One article for messages as YAML."""
    fields = {
        "principle": "p",
        "when": when,
        "then": then,
        "because": '"of {action.kind}"',
        "applies_to": "{kinds: [message.send]}",
        **more,
    }
    lines = [f"- id: {name}", *(f"  {key}: {value}" for key, value in fields.items())]
    return "".join(f"  {line}\n" for line in lines)
