"""What the demo does, in the order of the sentence: import, propose, perform, seal."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from agentkit.agent import Register
from agentkit.cli.demonstration.book import Book
from agentkit.cli.demonstration.slips import MISLED, Slip, choose
from agentkit.cli.demonstration.steps import Steps
from agentkit.cli.import_ import import_book
from agentkit.cli.outcomes import Outcomes, outcomes_of
from agentkit.cli.run import contacts_of, requests_for, work
from agentkit.clock import FixedClock, parse_instant
from agentkit.crm.reach import Reach, reach_of
from agentkit.pipeline import Pipeline, build, build_gate

if TYPE_CHECKING:
    from pathlib import Path

    from agentkit.context import Person
    from agentkit.desk import TaskGroup
    from agentkit.settings import Settings

__all__ = ["NOW", "Stage", "Told"]

NOW: Final = "2026-11-23T09:30:00+01:00"
"""When the demo plays; its book of business ends the evening before."""
_EVENING: Final = timedelta(hours=8, minutes=30)
"""So much later it looks again: whoever slept at 09:30 in Hamburg is awake by then."""
_CHANNELS: Final = ("email", "sms", "phone")
_EVERY_SMS: Final = 6
"""A text message goes to every sixth person beside the mail."""
_EVERY_LEGACY: Final = 4
"""The old scoring is kept for comparison only: every fourth person."""


@dataclass(frozen=True)
class Told:
    """Everything that the report tells.

    Attributes:
        people: How many people were imported.
        outcomes: By agent.
        reach: By channel, as of the morning.
        tasks: Missing record data.
        slips: Mistakes that were planted.
        sealed: Entries in the sealed ledger.
        cases: Cases that wait for a person.
        waited: Actions that were performed in the evening.
    """

    people: int
    outcomes: Mapping[str, Outcomes]
    reach: Sequence[Reach]
    tasks: Sequence[TaskGroup]
    slips: Sequence[Slip]
    sealed: int
    cases: int
    waited: int

    @property
    def total(self) -> Outcomes:
        """All agents together."""
        return Outcomes.sum(self.outcomes.values())


class Stage:
    """One demo, on one home."""

    def __init__(
        self,
        settings: Settings,
        examples: Path,
        steps: Steps,
        classifier: Callable[[], Any] | None = None,
    ) -> None:
        """Open the pipeline of the demo's home at the demo's instant."""
        self._examples = examples
        self._steps = steps
        self._tenant = settings.tenant
        self._clock = FixedClock(parse_instant(NOW))
        self.pipeline: Pipeline = build(settings, clock=self._clock, classifier=classifier)

    def play(self, book: Book, *, limit: int | None = None) -> Told:
        """Do everything; at most ``limit`` people an agent."""
        people = self._import(book)
        reach = self._reach()
        slips = self._outreach(reach[0].allowed, limit)
        self._let("scoring", requests_for(self.pipeline, "scoring", limit=limit))
        misled = self._triage(limit)
        compared = requests_for(self.pipeline, "scoring-legacy", limit=limit)[::_EVERY_LEGACY]
        self._let("scoring-legacy", compared)
        waited = self._perform()
        sealed = self._seal()
        desk, kinds = self.pipeline.desk, self.pipeline.gate.kinds
        outcomes = outcomes_of(self.pipeline.store, self._tenant, kinds)
        return Told(
            people,
            outcomes,
            reach,
            desk.tasks(),
            [*slips, *misled],
            sealed,
            desk.count("open"),
            waited,
        )

    def close(self) -> None:
        """Close the pipeline."""
        self.pipeline.close()

    def _import(self, book: Book) -> int:
        with self._steps.step("import the book of business") as step:
            import_book(
                self.pipeline.store, self._tenant, book.contacts, records=book.records,
                history=book.history, mails=book.mails, consents=book.consents,
            )  # fmt: skip
            people = len(contacts_of(self.pipeline.store, self._tenant))
            step.note = f"{people} people"
        return people

    def _reach(self) -> list[Reach]:
        """Judge one probe a person and channel; nothing is recorded."""
        with self._steps.step("who may be contacted today") as step:
            gate = build_gate(
                self.pipeline.settings, self.pipeline.gate.people, self._clock,
                Register(open=True), plugins=self.pipeline.plugins,
            )  # fmt: skip
            contacts = contacts_of(self.pipeline.store, self._tenant)
            found = [
                reach_of(gate.review_many, contacts, c, self._clock.now(), tenant=self._tenant)
                for c in _CHANNELS
            ]
            step.note = ", ".join(f"{r.today} by {_word(r.channel)}" for r in found)
        return found

    def _outreach(self, reachable: Sequence[str], limit: int | None) -> list[Slip]:
        mails = requests_for(self.pipeline, "outreach")
        texts = requests_for(self.pipeline, "outreach", channel="sms", limit=limit)[::_EVERY_SMS]
        slips = choose(self._people(reachable), mails)
        taken = {slip.person for slip in slips}
        honest = [m for m in mails[:limit] if m["contact"] not in taken]
        self._let("outreach", honest, "mail")
        self._let("outreach", texts, "text", "outreach, text messages")
        playbook = self._examples / "outreach_with_mistakes.yaml"
        self._let(
            "outreach", [s.request for s in slips], "slip", "outreach, with mistakes",
            f"playbook:{playbook}",
        )  # fmt: skip
        return slips

    def _triage(self, limit: int | None) -> list[Slip]:
        """Look through the mails; by four of them a model is misled, which the playbook plays."""
        wrote = {r["contact"]: r for r in requests_for(self.pipeline, "triage")}
        misled = [
            Slip(name, who, {**wrote[who], "slip": name})
            for name, who in MISLED.items()
            if who in wrote
        ]
        taken = {slip.person for slip in misled}
        honest = [r for r in wrote.values() if r["contact"] not in taken]
        self._let("triage", honest[:limit], "mail", "triage reads the mails")
        playbook = self._examples / "triage_misled.yaml"
        requests = [s.request for s in misled]
        self._let("triage", requests, "slip", "triage, misled by mails", f"playbook:{playbook}")
        return misled

    def _people(self, ids: Sequence[str]) -> Mapping[str, Person]:
        from agentkit.action import Action

        actions = [
            Action(id=f"look:{i}", kind="lead.score", tenant=self._tenant, subject=i) for i in ids
        ]
        return self.pipeline.gate.people.people(self._tenant, actions)

    def _let(
        self,
        agent: str,
        requests: Sequence[dict[str, Any]],
        thread: str = "run",
        title: str = "",
        model: str = "",
    ) -> None:
        """Let an agent work through its requests."""
        with self._steps.step(title or f"{agent} proposes", len(requests)) as step:
            work(
                self.pipeline, agent, requests, f"{agent}-{thread}", model=model, done=step.advance
            )
            step.note = f"{len(requests)} runs"

    def _perform(self) -> int:
        """Perform what may run now, and in the evening what had to wait until then."""
        with self._steps.step("perform what may run") as step:
            now = _performed(self.pipeline.run_due())
            self._clock.advance(_EVENING)
            later = _performed(self.pipeline.run_due())
            step.note = f"{now} at 09:30, {later} more by 18:00"
        return later

    def _seal(self) -> int:
        from agentkit.ledger import checkpoint, seal, verify

        with self._steps.step("seal the ledger, sign a checkpoint") as step:
            store, home = self.pipeline.store, self.pipeline.settings.home
            while seal(store):
                pass
            checkpoint(store, home)
            found = verify(store, home)
            sealed = sum(chain.head.n for chain in found.chains)
            step.note = f"{sealed:,} entries{'' if found.ok else ', which do NOT verify'}"
        return sealed


def _performed(done: Sequence[tuple[str, Any]]) -> int:
    return sum(following.state == "performed" for _, following in done)


def _word(channel: str) -> str:
    return {"email": "mail", "sms": "text", "phone": "call"}[channel]
