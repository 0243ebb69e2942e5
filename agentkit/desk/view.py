"""A case as a person reads it: what was proposed, what speaks against it, what was said before."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from difflib import unified_diff
from typing import TYPE_CHECKING, Final

from agentkit.action import Action
from agentkit.case import Case
from agentkit.constitution.explain import explain_all
from agentkit.context import Contact, Person
from agentkit.desk import rows
from agentkit.desk.conversation import Turn, read_conversation
from agentkit.desk.ending import why_ended
from agentkit.desk.queue import time_left
from agentkit.desk.shown import shown
from agentkit.evidence import Finding, Gap
from agentkit.gate.facts import jurisdiction_for
from agentkit.store.actions import StoredAction, StoredReview, find_action, open_review
from agentkit.verdict import Fired, Review, Revision, Ruling, Verdict

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from agentkit.constitution import Policy
    from agentkit.constitution.judge import Judge
    from agentkit.gate import Gate
    from agentkit.store import Store

__all__ = ["CaseView", "FiredArticle", "Rewrite", "Views"]

_FACT: Final = re.compile(r"\b[a-z_]+\.[a-z_0-9]+\b")
_READ: Final = 20_000
"""Characters of a text that a difference is shown of."""
_CORE: Final[Mapping[str, str]] = {
    "outcome-unknown": "nobody knows whether it took effect outside: look there first",
    "revocation-unclear": "the person may have said no to promotion: approve if they did, "
    "reject if they did not; promotion waits until then",
    "rights-request": "the person asks to delete data or to close an account: approve once you "
    "have taken it over, reject if they do not ask for it; promotion waits",
    "revised-after-approval": "it was rewritten after the approval, so a person must see it again",
}
"""What the core puts before people without an article."""


@dataclass(frozen=True, slots=True)
class FiredArticle:
    """An article that fired, in words.

    Attributes:
        fired: The record.
        because: The sentence, filled in with this case's facts.
        principle: The principle that it serves.
        cites: Sources.
        status: ``settled``, ``contested`` or ``policy``; empty where the article is gone.
        facts: Names of the facts that it reads.
    """

    fired: Fired
    because: str
    principle: str = ""
    cites: tuple[str, ...] = ()
    status: str = ""
    facts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rewrite:
    """One rewrite, as a person reads it.

    Attributes:
        revision: The record.
        principles: Name and words of the principles that it serves.
        diff: Lines that it took out (``-``), put in (``+``) or kept; empty where the words are
            gone.
    """

    revision: Revision
    principles: tuple[tuple[str, str], ...] = ()
    diff: tuple[str, ...] = ()


@dataclass(frozen=True)
class CaseView:
    """Everything that a person needs to decide one case.

    Attributes:
        case: The case with its decisions.
        state: State of the action: ``unknown`` means that it may have happened.
        agent: Who proposed it.
        kind: Kind of the action.
        action: The action as judged: the last revision; None where the person was erased.
        proposed: As the agent proposed it, or None.
        verdict: The judgement.
        contact: The person concerned, where the CRM has one.
        articles: What fired and binds.
        noted: What fired in warn or shadow mode.
        gaps: Missing facts.
        missing: A sentence for each of them.
        gap_roles: Role that may accept the absence, by fact; the others are nobody's to accept.
        facts: Recorded facts that the articles read, as shown.
        findings: What plugins point at, by namespace.
        conversation: What was written before, oldest first.
        ended: Why the case was withdrawn, or why what was approved was stopped; else empty.
        drafts: What stood between the proposed action and the last revision, oldest first.
        rewrites: Every rewrite that was made, oldest first.
    """

    case: Case
    state: str
    agent: str
    kind: str
    action: Action | None
    proposed: Action | None
    verdict: Verdict
    contact: Contact | None = None
    articles: tuple[FiredArticle, ...] = ()
    noted: tuple[FiredArticle, ...] = ()
    gaps: tuple[Gap, ...] = ()
    missing: tuple[str, ...] = ()
    gap_roles: Mapping[str, str] = field(default_factory=dict)
    facts: tuple[tuple[str, str], ...] = ()
    findings: tuple[tuple[str, Finding], ...] = ()
    conversation: tuple[Turn, ...] = ()
    ended: str = ""
    drafts: tuple[Action, ...] = ()
    rewrites: tuple[Rewrite, ...] = ()

    @property
    def changed(self) -> bool:
        """Whether the text or the arguments are not what the agent proposed."""
        if self.action is None or self.proposed is None:
            return False
        before, after = self.proposed, self.action
        return (before.text, before.args) != (after.text, after.args)

    @property
    def person(self) -> str:
        """Who is concerned: the name that the CRM has, else the record's id."""
        if self.contact is not None and self.contact.name:
            return self.contact.name
        return self.action.subject if self.action is not None else ""

    def left(self, now: datetime) -> str:
        """How long it can still be decided; else its state."""
        case = self.case
        return f"{time_left(case.expires_at, now)} left" if case.state == "open" else case.state

    @property
    def arguments(self) -> tuple[tuple[str, str], ...]:
        """Name and value of each argument of the last revision, as shown."""
        args = {} if self.action is None else self.action.args
        return tuple((str(name), shown(value)) for name, value in args.items())

    def quoted(self, finding: Finding) -> str:
        """The words that a finding points at; empty where it points at none."""
        span = finding.span
        if self.action is None or span is None or span.path != "text":
            return ""
        return self.action.text[span.start : span.end]

    def diff(self) -> list[str]:
        """Lines that a reviser or an operator took out (``-``), put in (``+``) or kept."""
        if not self.changed or self.action is None or self.proposed is None:
            return []
        return _diff(self.proposed, self.action)

    def review(self, action: Action) -> Review:
        """What the case shows, as a review of ``action``."""
        return Review(self.proposed or action, action, self.verdict, drafts=self.drafts)


def _diff(before: Action, after: Action) -> list[str]:
    lines = list(unified_diff(_lines(before), _lines(after), n=1, lineterm=""))
    return [line for line in lines[2:] if not line.startswith("@@")]


def _rewrites(review: StoredReview, policy: Policy) -> tuple[Rewrite, ...]:
    """Every rewrite with its words, as far as they were kept."""
    versions = {a.digest: a for a in (review.proposed, *review.drafts, review.action)}
    found = []
    for revision in review.verdict.revisions:
        before, after = versions.get(revision.before), versions.get(revision.after)
        serves = dict(policy.principle(article) for article in revision.articles)
        diff = _diff(before, after) if before is not None and after is not None else ()
        found.append(Rewrite(revision, tuple(p for p in serves.items() if p[0]), tuple(diff)))
    return tuple(found)


def _lines(action: Action) -> list[str]:
    """Arguments and text, line by line, as far as a person reads."""
    args = [f"{name}: {value}" for name, value in action.args.items()]
    return [*args, *action.text[:_READ].split("\n")]


class Views:
    """Builds case views."""

    def __init__(self, store: Store, gate: Gate) -> None:
        """Read from this store, and ask this gate what its articles say."""
        self._store = store
        self._gate = gate

    def case(self, tenant: str, case_id: str) -> CaseView:
        """One case.

        Raises:
            NotFound: there is none of this id.
        """
        vault = self._store.vault
        with self._store.read() as conn:
            case = rows.find_case(conn, vault, tenant, case_id)
            stored = find_action(conn, tenant, case.action)
            review = None if stored is None else open_review(conn, vault, stored)
            talk: tuple[Turn, ...] = ()
            if stored is not None:
                talk = read_conversation(conn, vault, tenant, stored.person, review)
            ended = why_ended(conn, case, "" if stored is None else stored.state)
        return replace(self._view(case, stored, review, talk), ended=ended)

    def gap_roles(self, conn: Connection, stored: StoredAction) -> dict[str, str]:
        """Role by missing fact: only where every binding that judged for it says the same role."""
        if not stored.verdict.gap_rulings:
            return {}
        review = open_review(conn, self._store.vault, stored)
        return {} if review is None else self._gap_roles(review, self._person(review.action))

    def _view(
        self,
        case: Case,
        stored: StoredAction | None,
        review: StoredReview | None,
        talk: tuple[Turn, ...],
    ) -> CaseView:
        if stored is None or review is None:
            return _erased(case, stored)
        person = self._person(review.action)
        articles = self._articles(review, review.verdict.fired, person)
        findings = [(n, f) for n, found in review.findings.items() for f in found]
        return CaseView(
            case=case,
            state=stored.state,
            agent=stored.agent,
            kind=stored.kind,
            action=review.action,
            proposed=review.proposed,
            verdict=review.verdict,
            contact=None if person is None else person.contact,
            articles=articles,
            noted=self._articles(review, review.verdict.noted, person),
            gaps=review.verdict.gaps,
            missing=self._missing(review),
            gap_roles=self._gap_roles(review, person),
            facts=_shown_facts(review, articles),
            findings=tuple(findings),
            conversation=talk,
            drafts=review.drafts,
            rewrites=_rewrites(review, self._gate.policy),
        )

    def _person(self, action: Action) -> Person | None:
        if not action.subject:
            return None
        return self._gate.people.people(action.tenant, [action]).get(action.subject)

    def _articles(
        self, review: StoredReview, fired: tuple[Fired, ...], person: Person | None
    ) -> tuple[FiredArticle, ...]:
        """In words; the facts come from the record, never from today."""
        asked = replace(review.review(), verdict=replace(review.verdict, fired=fired, gaps=()))
        name = "" if person is None else person.contact.name
        sentences = explain_all(asked, self._gate.policy, contact_name=name)
        return tuple(map(self._article, fired, sentences))

    def _missing(self, review: StoredReview) -> tuple[str, ...]:
        asked = replace(review.review(), verdict=replace(review.verdict, fired=()))
        return tuple(explain_all(asked, self._gate.policy))

    def _article(self, fired: Fired, because: str) -> FiredArticle:
        located = self._gate.policy.article(fired.article)
        if located is None:
            return FiredArticle(fired, _CORE.get(fired.article, because))
        article = located.article
        read = _FACT.findall(f"{article.when} {article.unless} {article.until}")
        known = self._gate.policy.catalogue.facts
        return FiredArticle(
            fired=fired,
            because=because,
            principle=article.principle,
            cites=tuple(article.cites),
            status=article.status,
            facts=tuple(name for name in dict.fromkeys(read) if name in known),
        )

    def _gap_roles(self, review: StoredReview, person: Person | None) -> dict[str, str]:
        jurisdiction = jurisdiction_for(review.action, person)
        judges = self._gate.policy.judges_for(review.action, jurisdiction)
        binding = [j for j in judges if j.binding.mode == "enforce"]
        facts = [fact for fact, _ in review.verdict.gap_rulings]
        return {fact: role for fact in facts if (role := _role(fact, binding))}


def _role(fact: str, judges: Iterable[Judge]) -> str:
    """The one role that all bindings name; empty where one of them names none or another."""
    roles = {judge.binding.overridable_gaps.get(fact, "") for judge in judges}
    return roles.pop() if len(roles) == 1 else ""


def _erased(case: Case, stored: StoredAction | None) -> CaseView:
    nothing = Verdict(case.action, case.action_digest, Ruling.DENY)
    verdict = nothing if stored is None else stored.verdict
    return CaseView(
        case=case,
        state="erased" if stored is None else stored.state,
        agent="" if stored is None else stored.agent,
        kind="" if stored is None else stored.kind,
        action=None,
        proposed=None,
        verdict=verdict,
        articles=tuple(FiredArticle(f, f.article) for f in verdict.fired),
        gaps=verdict.gaps,
        missing=tuple(f"{gap.fact}: {gap.kind}" for gap in verdict.gaps),
    )


def _shown_facts(
    review: StoredReview, articles: Sequence[FiredArticle]
) -> tuple[tuple[str, str], ...]:
    """Name and value of what the articles that fired have read."""
    names = dict.fromkeys(name for article in articles for name in article.facts)
    return tuple((n, shown(review.facts[n])) for n in names if n in review.facts)
