"""The gate alone: four evidence plugins inline, a hundred articles of which ten apply."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from agentkit.action import Action
from agentkit.agent import Agent, Register
from agentkit.clock import SystemClock
from agentkit.constitution import Binding, Catalogue, Policy
from agentkit.context import Contact, Person, Stop, Touch
from agentkit.evidence import Evidence
from agentkit.gate import Gate
from agentkit.hookspecs import Manifest, hookimpl
from agentkit.plugins import Plugins
from benchmarks.timing import cpu_prepared

BATCH = 1000
_CHANNELS = ("sms", "phone", "chat", "post")


class _People:
    def __init__(self) -> None:
        contact = Contact(
            "c1", "Anke Petersen", "anke@example.de", country="DE", timezone="Europe/Berlin",
            language="de", type="consumer",
        )  # fmt: skip
        self.person = Person(contact)

    def people(self, tenant: str, actions: Sequence[Action]) -> dict[str, Person]:
        del tenant
        return {a.subject: self.person for a in actions}

    def stops(self, tenant: str) -> Sequence[Stop]:
        del tenant
        return ()

    def runs(self, tenant: str, runs: Sequence[str]) -> dict[str, Sequence[Touch]]:
        del tenant, runs
        return {}


def plugin(namespace: str) -> ModuleType:
    """A plugin with six typed facts an action."""

    class Facts(Evidence, namespace=namespace, kinds=["message.send"]):
        status: str
        score: float
        flagged: bool
        hour: int
        tags: tuple[str, ...] = ()
        known: bool = True

    module = ModuleType(namespace)

    def declare() -> Manifest:
        return Manifest(namespace, evidence=(Facts,))

    def examine_many(actions: Sequence[Action], context: Any) -> list[Facts]:
        del context
        return [Facts("granted", 0.25, flagged=False, hour=14) for _ in actions]

    module.declare = hookimpl(declare)  # type: ignore[attr-defined]
    module.examine_many = hookimpl(examine_many)  # type: ignore[attr-defined]
    return module


def constitution(articles: int, applying: int = 10) -> str:
    """YAML of ``articles`` articles of which ``applying`` apply to a marketing mail."""
    lines = ["constitution: bench", "version: 1", "principles: {p: be good}", "articles:"]
    for i in range(articles):
        channel = "email" if i < applying else _CHANNELS[i % 4]
        space = f"p{i % 4}"
        lines += [
            f"  - id: article-{i}",
            "    principle: p",
            "    applies_to:",
            f"      {{kinds: [message.send], channels: [{channel}], purposes: [marketing]}}",
            (
                f"    when: {space}.status == 'withdrawn' && {space}.score > 0.{i % 9 + 1} "
                f"|| {space}.hour < {i % 7}"
            ),
            "    then: deny",
            '    because: "never"',
        ]
    return "\n".join(lines)


def make_gate(articles: int) -> Gate:
    """A gate with four plugins and ``articles`` articles."""
    path = Path(tempfile.mkdtemp()) / "bench.yaml"
    path.write_text(constitution(articles))
    plugins = Plugins.of(*(plugin(f"p{i}") for i in range(4)))
    catalogue = Catalogue(plugins.kinds, plugins.evidence_classes.values())
    agent = Agent(
        "outreach",
        kinds=frozenset(["message.send"]),
        channels=frozenset(["email"]),
        purposes=frozenset(["marketing"]),
    )
    return Gate(
        plugins=plugins,
        policy=Policy([Binding(constitutions=(str(path),))], catalogue),
        register=Register({"outreach": agent}),
        kinds=plugins.kinds,
        clock=SystemClock(),
        people=_People(),
    )


def actions(count: int = BATCH) -> list[Action]:
    """Marketing mails of 36 words; new objects, so that no digest is cached."""
    return [
        Action.create(
            kind="message.send", agent="outreach", subject=f"c{i}", channel="email",
            purpose="marketing", text="word " * 36, args={"subject_line": "hello"},
        )
        for i in range(count)
    ]  # fmt: skip


def per_action(gate: Gate) -> float:
    """Microseconds of CPU an action, in batches of a thousand."""
    assert gate.review(actions(1)[0]).verdict.ruling == 0
    return cpu_prepared(actions, gate.review_many) / BATCH * 1e6


def one_by_one(gate: Gate) -> float:
    """Microseconds of CPU an action, reviewed one at a time."""

    def review(batch: list[Action]) -> None:
        for action in batch:
            gate.review(action)

    return cpu_prepared(actions, review) / BATCH * 1e6


def measure() -> dict[str, float]:
    """The gate alone: 4 plugins, canonical JSON and digests, no model, no disk."""
    by_size = {n: per_action(make_gate(n)) for n in (10, 100, 1000)}
    return {
        "us an action, 100 articles of which 10 apply, in batches": by_size[100],
        "us an action, the same, one at a time": one_by_one(make_gate(100)),
        "growth from 10 to 1,000 articles (times)": by_size[1000] / by_size[10],
    }
