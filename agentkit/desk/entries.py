"""Decisions as nouns, and what the ledger keeps of the desk: personal text only in ``private``."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import datetime
from typing import Any

from agentkit.action import Action
from agentkit.case import Case, Choice, Decision, Operator
from agentkit.desk.waiver import Waiver
from agentkit.entry import Entry, EntryKind
from agentkit.verdict import Review

__all__ = ["decided", "decision_of", "edited", "noted", "opened"]


def decision_of(
    case: Case, choice: Choice, operator: Operator, now: datetime, reason: str, waiver: Waiver
) -> Decision:
    """What an operator decided about a case as it stands."""
    return Decision(
        id=secrets.token_hex(8),
        case=case.id,
        choice=choice,
        by=operator.name,
        roles=operator.roles,
        at=now,
        action_digest=case.action_digest,
        waives=waiver.articles,
        waives_gaps=waiver.gaps,
        reason=reason,
    )


def noted(kind: EntryKind, case: Case, operator: Operator, now: datetime, public: Any) -> Entry:
    """An entry about a case by an operator."""
    actor = f"operator:{operator.name}"
    return Entry(kind, case.tenant, now, action=case.action, actor=actor, public=public)


def opened(case: Case, now: datetime) -> Entry:
    """The entry that a case was opened."""
    public = {
        "case": case.id,
        "digest": case.action_digest,
        "articles": case.articles,
        "gaps": case.gaps,
        "expires_at": case.expires_at,
        "quorum": case.quorum,
    }
    return Entry("opened", case.tenant, now, action=case.action, actor="gate", public=public)


def decided(case: Case, decision: Decision, person: str, approvals: str) -> Entry:
    """The entry of a decision; ``approvals`` is ``1/2`` where two must approve."""
    public = {
        "case": case.id,
        "decision": decision.id,
        "choice": decision.choice,
        "digest": decision.action_digest,
        "roles": sorted(decision.roles),
        "waives": decision.waives,
        "waives_gaps": decision.waives_gaps,
    }
    if approvals:
        public["approvals"] = approvals
    return Entry(
        "decided",
        case.tenant,
        decision.at,
        action=case.action,
        actor=f"operator:{decision.by}",
        public=public,
        private={"reason": decision.reason} if decision.reason else None,
        person=person,
    )


def edited(case: Case, before: Action, review: Review, operator: Operator, now: datetime) -> Entry:
    """The entry of an edit: both texts, for the person's key only."""
    after = review.action
    public = {
        "case": case.id,
        "before": before.digest,
        "digest": after.digest,
        "ruling": review.verdict.ruling.word,
        "articles": [f.article for f in review.verdict.fired],
    }
    private = {
        "before": {"text": before.text, "args": before.args},
        "after": {"text": after.text, "args": after.args},
    }
    return replace(
        noted("edited", case, operator, now, public), private=private, person=before.subject
    )
