"""The gate: loads the context, examines, judges, revises. It performs and records nothing."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from agentkit.action import Action
from agentkit.agent import Register
from agentkit.case import Decision
from agentkit.clock import Clock
from agentkit.collector import collector_rests
from agentkit.constitution import Policy
from agentkit.context import Deed
from agentkit.errors import ConfigError, InvalidAction, InvalidEvidence
from agentkit.evidence import Evidence, Failed, Gap
from agentkit.facts import digest_facts
from agentkit.gate.context import BatchContext, People, Scorer
from agentkit.gate.facts import CoreFacts, jurisdiction_for
from agentkit.gate.found import Found
from agentkit.gate.naming import Naming
from agentkit.gate.revising import grown, improves, revisable
from agentkit.jurisdiction import Jurisdiction
from agentkit.kinds import Kinds
from agentkit.plugins import Plugins
from agentkit.verdict import Fired, Review, Revision, Ruling, Verdict

__all__ = ["BatchContext", "Found", "Gate", "People", "Scorer"]

ROUNDS: Final = 3
"""Most rounds of revision."""

_Answers = list[dict[str, Evidence | Failed]]
_Asking = Generator[tuple[Sequence[Action], BatchContext], _Answers, list[Review]]


def _no_model() -> Any:
    from agentkit.classify import Classifier

    return Classifier.load()


def _check_agents(policy: Policy, register: Register) -> None:
    for binding in () if register.open else policy.bindings:
        for name in sorted(binding.select.agents - register.agents.keys()):
            raise ConfigError(
                f"binding {binding.name!r} selects the agent {name!r}, who is not registered",
                hint=f"registered: {', '.join(sorted(register.agents)) or 'nobody'}",
            )


class Gate:
    """Judges actions. The same answers one by one, in a batch, and awaited."""

    def __init__(
        self,
        *,
        plugins: Plugins,
        policy: Policy,
        register: Register,
        kinds: Kinds,
        clock: Clock,
        people: People,
        classifier: Callable[[], Any] = _no_model,
    ) -> None:
        """Wire the parts; nothing is fetched or loaded yet.

        Raises:
            ConfigError: a binding selects an agent that is not registered: it would never apply.
        """
        _check_agents(policy, register)
        self.plugins = plugins
        self.policy = policy
        self.register = register
        self.kinds = kinds
        self.clock = clock
        self.people = people
        self._core = CoreFacts(policy.catalogue, plugins.evidence_classes)
        self._naming = Naming(policy.catalogue.record_fields)
        self._scorer = Scorer(classifier, clock)
        self.tally = self._scorer.tally
        self._classes = tuple(plugins.evidence_classes.items())

    @property
    def models(self) -> tuple[tuple[str, str], ...]:
        """Name and digest of the models that have given scores."""
        return self._scorer.digests

    def check(self, action: Action) -> Action:
        """Refuse what no gate can judge; returns the action with hostile characters removed.

        Raises:
            InvalidAction: unknown kind, wrong arguments, too large.
        """
        if not action.salt:
            fields = {name: getattr(action, name) for name in Action.__dataclass_fields__}
            action = Action.create(**fields)
        self.kinds.check(action)
        return action

    def classify(self, texts: Sequence[str]) -> Sequence[Any]:
        """Score texts with all heads, with the model that plugins see.

        Raises:
            ModelError: no model, or not the one that its manifest names.
        """
        return self._scorer.score(texts)

    def context(self, action: Action) -> BatchContext:
        """What plugins would see of one action now: for the tests of a plugin."""
        return self._context(action.tenant, [action], self.clock.now())

    def review(self, action: Action, *, approval: Decision | None = None) -> Review:
        """Examine and judge one action.

        Args:
            action: What an agent proposes.
            approval: A person's approval of exactly this digest; it waives what it names and
                nothing else. Whether it may was checked at the desk.

        Raises:
            InvalidAction: it cannot be judged at all.
        """
        approvals = {} if approval is None else {action.id: approval}
        return self.review_many([action], approvals=approvals)[0]

    def review_many(
        self, actions: Sequence[Action], *, approvals: Mapping[str, Decision] | None = None
    ) -> list[Review]:
        """Examine and judge a batch: one query a table, one classifier pass."""
        with collector_rests(len(actions)):
            asking = self._asking(actions, approvals or {})
            answers: _Answers | None = None
            while True:
                try:
                    batch, context = asking.send(answers) if answers is not None else next(asking)
                except StopIteration as done:
                    reviews: list[Review] = done.value
                    return reviews
                answers = self.plugins.examine_many(batch, context)

    async def areview(self, action: Action, *, approval: Decision | None = None) -> Review:
        """`review`, awaiting asynchronous plugins on the running loop."""
        approvals = {} if approval is None else {action.id: approval}
        return (await self.areview_many([action], approvals=approvals))[0]

    async def areview_many(
        self, actions: Sequence[Action], *, approvals: Mapping[str, Decision] | None = None
    ) -> list[Review]:
        """`review_many`, awaiting asynchronous plugins on the running loop."""
        asking = self._asking(actions, approvals or {})
        answers: _Answers | None = None
        while True:
            try:
                batch, context = asking.send(answers) if answers is not None else next(asking)
            except StopIteration as done:
                reviews: list[Review] = done.value
                return reviews
            answers = await self.plugins.aexamine_many(batch, context)

    def _asking(self, actions: Sequence[Action], approvals: Mapping[str, Decision]) -> _Asking:
        """The whole review; yields each batch that plugins must examine, receives their answers."""
        actions = [self.check(a) for a in actions]
        now = self.clock.now()
        reviews: dict[int, Review] = {}
        by_tenant: dict[str, list[int]] = {}
        for index, action in enumerate(actions):
            breach = self.register.breach(action, now)
            if breach:
                reviews[index] = self._outside_charter(action, breach, now)
            else:
                by_tenant.setdefault(action.tenant, []).append(index)
        for tenant, indexes in by_tenant.items():
            batch = [actions[i] for i in indexes]
            context = self._context(tenant, batch, now)
            answers = yield batch, context
            for index, action, answer in zip(indexes, batch, answers, strict=True):
                review = self._judge(action, action, answer, context, (), approvals.get(action.id))
                if revisable(review.verdict):
                    review = yield from self._revise(review, context, approvals.get(action.id))
                reviews[index] = review
        return [reviews[i] for i in range(len(actions))]

    def _context(self, tenant: str, actions: Sequence[Action], now: datetime) -> BatchContext:
        runs = sorted({a.run for a in actions if a.run})
        return BatchContext(
            now=now,
            clock=self.clock,
            kinds=self.kinds,
            register=self.register,
            people=self.people.people(tenant, actions),
            stops=self.people.stops(tenant),
            runs=self.people.runs(tenant, runs) if runs else {},
            deeds=_deeds(self.people, tenant, runs) if runs else {},
            parameters=self.policy.judges[0].parameters if self.policy.judges else {},
            decisions=self.plugins.decisions,
            scorer=self._scorer,
            principle=lambda article: self.policy.principle(article)[1],
            naming=self._naming,
        )

    def _outside_charter(self, action: Action, breach: str, now: datetime) -> Review:
        fired = Fired(breach, Ruling.DENY, "charter")
        verdict = Verdict(
            action=action.id,
            action_digest=action.digest,
            ruling=Ruling.DENY,
            fired=(fired,),
            evidence=digest_facts({}, action.salt),
            binding=self.policy.digest,
            judged_at=now,
        )
        return Review(action, action, verdict)

    def _judge(
        self,
        proposed: Action,
        action: Action,
        answers: Mapping[str, Evidence | Failed],
        context: BatchContext,
        revisions: tuple[Revision, ...],
        approval: Decision | None,
    ) -> Review:
        person = context.on_record(action)
        jurisdiction = jurisdiction_for(action, person)
        facts = self._core.build(
            action, self.kinds.get(action.kind), context.agent(action), person, jurisdiction,
            context.now, answers,
        )  # fmt: skip
        facts["action.human_approved"] = approval is not None
        facts["action.revision"] = len(revisions)
        facts["run.actions"] = len(context.run(action)) if action.run else 0
        gaps: dict[str, Gap] = {}
        evidence = self._collect(answers, facts, gaps)
        digest = digest_facts(facts, action.salt)
        verdict = self._verdict(action, facts, digest, gaps, jurisdiction, context.now, revisions)
        if approval is not None and approval.action_digest == action.digest:
            verdict = verdict.waiving(approval.waives, approval.waives_gaps)
        return Review(proposed, action, verdict, evidence, facts)

    def _collect(
        self,
        answers: Mapping[str, Evidence | Failed],
        facts: dict[str, Any],
        gaps: dict[str, Gap],
    ) -> dict[str, Evidence]:
        """Write plugins' evidence into ``facts``; what failed or is invalid becomes gaps."""
        evidence: dict[str, Evidence] = {}
        for namespace, cls in self._classes:
            answer = answers.get(namespace)
            if answer is None:
                continue
            if isinstance(answer, Evidence):
                try:
                    answer.write_facts(facts)
                except InvalidEvidence as error:
                    answer = Failed(error.message, "invalid")
                else:
                    evidence[namespace] = answer
                    continue
            for field in cls.fields:
                del facts[field.name]
                gaps[field.name] = Gap(field.name, answer.kind, answer.reason)
        return evidence

    def _verdict(
        self,
        action: Action,
        facts: Mapping[str, Any],
        evidence: str,
        gaps: dict[str, Gap],
        jurisdiction: Jurisdiction,
        now: datetime,
        revisions: tuple[Revision, ...],
    ) -> Verdict:
        judges = self.policy.judges_for(action, jurisdiction)
        heard = []
        for judge in judges:
            voices = judge.judge(action, facts, gaps, jurisdiction, now)
            if voices is not None:
                heard.append((judge, voices))
        if judges and not heard:
            return self._silent(action, now, revisions, evidence)
        found = Found()
        for judge, voices in heard:
            found.add(judge, voices, now)
        if not judges:
            found.no_binding()
        return found.verdict(
            action, now, revisions, evidence, self.policy.digest, self._scorer.digests
        )

    def _silent(
        self,
        action: Action,
        now: datetime,
        revisions: tuple[Revision, ...],
        evidence: str,
    ) -> Verdict:
        """The verdict where no article fires and none lacks a fact: most of them."""
        return Verdict(
            action=action.id,
            action_digest=action.digest,
            ruling=Ruling.ALLOW,
            revisions=revisions,
            evidence=evidence,
            binding=self.policy.digest,
            models=self._scorer.digests,
            judged_at=now,
        )

    def _revise(
        self, review: Review, context: BatchContext, approval: Decision | None
    ) -> Generator[tuple[Sequence[Action], BatchContext], _Answers, Review]:
        """At most three rounds; in each, every reviser in turn, on the best version so far."""
        seen = {review.action.digest}
        for number in range(1, ROUNDS + 1):
            before = review
            offers = self.plugins.revise(review.action, review.verdict, context)
            offer = next(offers, None)
            while offer is not None:
                plugin, candidate = offer
                if candidate.digest not in seen:
                    seen.add(candidate.digest)
                    revision = self._revision(plugin, review, candidate, number)
                    if revision is not None:
                        answers = yield [candidate], context
                        review = self._better(review, candidate, revision, answers[0], context,
                                              approval)  # fmt: skip
                if not revisable(review.verdict):
                    return review
                try:
                    offer = offers.send((review.action, review.verdict))
                except StopIteration:
                    offer = None
            if review is before:
                break
        return review

    def _better(
        self,
        review: Review,
        candidate: Action,
        revision: Revision,
        answers: Mapping[str, Evidence | Failed],
        context: BatchContext,
        approval: Decision | None,
    ) -> Review:
        """The review of a rewrite, if it improves and adds nothing; else the review before it."""
        rounds = (*review.verdict.revisions, revision)
        tried = self._judge(review.proposed, candidate, answers, context, rounds, approval)
        added = grown(tried.evidence, review.evidence, self.plugins.evidence_classes.values())
        if added or not improves(tried, review):
            return review
        between = () if review.action is review.proposed else (review.action,)
        return replace(tried, drafts=(*review.drafts, *between))

    def _revision(
        self, plugin: str, review: Review, candidate: Action, number: int
    ) -> Revision | None:
        """The record of a rewrite; None where it is no action that could be judged."""
        try:
            self.kinds.check(candidate)
        except InvalidAction:
            return None
        articles = tuple(f.article for f in review.verdict.fired if f.revise)
        names = dict.fromkeys(self.policy.principle(article)[0] for article in articles)
        principles = tuple(name for name in names if name)
        before, after = review.action.digest, candidate.digest
        return Revision(plugin, articles, before, after, principles, number)


def _deeds(people: People, tenant: str, runs: Sequence[str]) -> Mapping[str, Sequence[Deed]]:
    """What the runs proposed, where people come from a source that knows."""
    ask = getattr(people, "deeds", None)
    found: Mapping[str, Sequence[Deed]] = {} if ask is None else ask(tenant, runs)
    return found
