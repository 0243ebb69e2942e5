"""Every decision about a person, in words that the person can read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from agentkit.constitution.explain import explain_all
from agentkit.desk.rows import find_decision
from agentkit.evidence import Unknown
from agentkit.store import execute
from agentkit.store.actions import StoredAction, StoredReview, find_actions, open_reviews
from agentkit.verdict import Fired

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from agentkit.constitution import Policy
    from agentkit.store import Vault

__all__ = [
    "DecisionText",
    "PersonAtWork",
    "Reason",
    "decisions_about",
    "kind_in_words",
    "shown",
]

_KINDS: Final[Mapping[str, str]] = {
    "message.send": "Message to you",
    "call.place": "Call to you",
    "lead.score": "Score of how likely you are to buy",
    "offer.set": "Price or discount offered to you",
    "segment.add": "Group that you were put into",
    "record.update": "Change of what is on record of you",
    "record.delete": "Deletion of something on record",
    "refund.pay": "Refund to you",
    "ticket.open": "Request opened for you",
    "tool.call": "Other use of a tool",
}
_STATES: Final[Mapping[str, str]] = {
    "allowed": "allowed, not yet done",
    "deferred": "put off",
    "escalated": "waits for a person",
    "approved": "approved by a person, not yet done",
    "denied": "not allowed",
    "rejected": "refused by a person",
    "performing": "being done",
    "performed": "done",
    "failed": "tried, and failed",
    "unknown": "tried; not known whether it took effect",
    "expired": "not done: nobody decided in time",
    "stopped": "stopped before it was done",
}
_RULES: Final[Mapping[str, str]] = {
    "deny": "does not allow it", "escalate": "puts it before a person", "defer": "puts it off",
}  # fmt: skip
_CHOICES: Final[Mapping[str, str]] = {
    "approve": "approved it", "edit": "changed it", "reject": "refused it",
    "respond": "answered the agent instead",
}  # fmt: skip
_FACT: Final = re.compile(r"\b[a-z_]+\.[a-z_0-9]+\b")
_NAMESPACES: Final[Mapping[str, str]] = {
    "args": "argument", "contact": "on record", "action": "action", "agent": "agent",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Reason:
    """One article that fired.

    Attributes:
        article: Its id.
        because: Its sentence with the facts of this decision.
        effect: What it does, in words.
        principle: The principle that it serves.
        cites: Sources.
        status: ``settled``, ``contested`` or ``policy``.
        binding: It bound; otherwise it was only noted.
    """

    article: str
    because: str
    effect: str
    principle: str
    cites: tuple[str, ...]
    status: str
    binding: bool


@dataclass(frozen=True, slots=True)
class PersonAtWork:
    """Somebody of the business who saw or decided a case."""

    name: str
    at: datetime
    what: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class DecisionText:
    """One decision.

    Attributes:
        id: Id of the action.
        at: When it was proposed.
        agent: The agent that proposed it.
        kind: What it is, in words.
        channel: How.
        purpose: What for, as the agent declared it.
        outcome: What became of it, in words.
        automatic: No person decided.
        reasons: The articles that fired.
        missing: What was not known.
        facts: Name and value of the facts that these articles read, in words.
        all_facts: Every recorded fact, by name.
        text: The text; empty where there is none, or it is not kept any more.
        arguments: Name and value.
        people: Who decided.
        models: Name and digest of the models that gave scores.
        kept: Whether the content is still kept.
    """

    id: str
    at: datetime
    agent: str
    kind: str
    channel: str
    purpose: str
    outcome: str
    automatic: bool
    reasons: tuple[Reason, ...]
    missing: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]
    all_facts: Mapping[str, str]
    text: str
    arguments: tuple[tuple[str, str], ...]
    people: tuple[PersonAtWork, ...]
    models: tuple[tuple[str, str], ...]
    kept: bool


def kind_in_words(kind: str) -> str:
    """What a kind of action is, said to the person concerned."""
    return _KINDS.get(kind, kind)


def decisions_about(
    conn: Connection, vault: Vault, policy: Policy, tenant: str, person: str, name: str
) -> list[DecisionText]:
    """Everything that was proposed about a person, oldest first."""
    sql = "select id from actions where tenant = ? and person = ? order by created_at, id"
    ids = [row[0] for row in execute(conn, sql, (tenant, person))]
    stored = find_actions(conn, tenant, ids)
    rows = [stored[i] for i in ids]
    reviews = open_reviews(conn, vault, rows) if rows else []
    return [
        _told(row, review, policy, name, _people(conn, vault, tenant, row.id))
        for row, review in zip(rows, reviews, strict=True)
    ]


def _told(
    row: StoredAction,
    review: StoredReview | None,
    policy: Policy,
    name: str,
    people: Sequence[PersonAtWork],
) -> DecisionText:
    verdict = row.verdict
    reasons = (*_reasons(row, review, policy, verdict.fired, name, binding=True),
               *_reasons(row, review, policy, verdict.noted, name, binding=False))  # fmt: skip
    facts = {} if review is None else review.facts
    read = dict.fromkeys(f for r in reasons for f in _read_by(policy, r.article))
    action = None if review is None else review.action
    return DecisionText(
        id=row.id,
        at=row.created_at,
        agent=row.agent,
        kind=kind_in_words(row.kind),
        channel=row.channel,
        purpose=row.purpose,
        outcome=_STATES[row.state],
        automatic=not people,
        reasons=reasons,
        missing=tuple(_missing(row, review, policy)),
        facts=tuple((_label(policy, f), shown(facts[f])) for f in read if f in facts),
        all_facts={name: shown(value) for name, value in sorted(facts.items())},
        text="" if action is None else action.text,
        arguments=()
        if action is None
        else tuple((k, shown(v)) for k, v in action.args.items() if v not in (None, "")),
        people=tuple(people),
        models=verdict.models,
        kept=review is not None,
    )


def _reasons(
    row: StoredAction,
    review: StoredReview | None,
    policy: Policy,
    fired: Sequence[Fired],
    name: str,
    *,
    binding: bool,
) -> Iterator[Reason]:
    if review is None:
        sentences = [f.article.replace("-", " ") for f in fired]
    else:
        asked = replace(review.review(), verdict=replace(row.verdict, fired=tuple(fired), gaps=()))
        sentences = explain_all(asked, policy, contact_name=name)
    for one, because in zip(fired, sentences, strict=True):
        located = policy.article(one.article)
        article = None if located is None else located.article
        principle = "" if located is None or article is None else _principle(policy, article)
        yield Reason(
            one.article,
            because,
            _RULES.get(one.ruling.word, one.ruling.word),
            principle,
            () if article is None else tuple(article.cites),
            "" if article is None else article.status,
            binding,
        )


def _principle(policy: Policy, article: Any) -> str:
    """The principle in plain language, from whichever constitution words it."""
    for constitution in policy.constitutions.values():
        for file in constitution.files:
            if article.principle in file.principles:
                return file.principles[article.principle]
    return str(article.principle)


def _read_by(policy: Policy, article: str) -> list[str]:
    located = policy.article(article)
    if located is None:
        return []
    found = _FACT.findall(f"{located.article.when} {located.article.unless}")
    return [name for name in dict.fromkeys(found) if name in policy.catalogue.facts]


def _missing(row: StoredAction, review: StoredReview | None, policy: Policy) -> list[str]:
    if review is None:
        return [f"{gap.fact}: {gap.kind}" for gap in row.verdict.gaps]
    return explain_all(replace(review.review(), verdict=replace(row.verdict, fired=())), policy)


def _label(policy: Policy, fact: str) -> str:
    """What a fact means: its own description, else its name in words."""
    declared = policy.catalogue.facts[fact]
    if declared.doc:
        return declared.doc
    namespace, _, name = fact.partition(".")
    return f"{name.replace('_', ' ')} ({_NAMESPACES.get(namespace, namespace)})"


def _people(conn: Connection, vault: Vault, tenant: str, action: str) -> list[PersonAtWork]:
    sql = (
        'select d.id from decisions d join cases c on c.tenant = d.tenant and c.id = d."case" '
        "where d.tenant = ? and c.action = ? order by d.at, d.id"
    )
    found = []
    for (id_,) in execute(conn, sql, (tenant, action)).all():
        decision = find_decision(conn, vault, tenant, id_)
        if decision is not None:
            what = _CHOICES[decision.choice]
            found.append(PersonAtWork(decision.by, decision.at, what, decision.reason))
    return found


def shown(value: Any) -> str:
    """A value in words."""
    if isinstance(value, Unknown):
        return f"not known ({value.reason})"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple | list):
        return ", ".join(map(shown, value)) or "none"
    if isinstance(value, Mapping):
        return ", ".join(f"{k}: {shown(v)}" for k, v in value.items()) or "none"
    return _plain(value) or "none"


def _plain(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:,.2f}".rstrip("0").rstrip(".")
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M} UTC"
    return "" if value is None else str(value)
