"""Cases about what a person meant, and the hold on promotion until somebody decides."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from agentkit.action import Action, Sender
from agentkit.canonical import digest
from agentkit.consent import person_key, set_circumstance
from agentkit.desk import RIGHTS, WITHDRAWAL, question_id
from agentkit.inbound.clocks import Clocks, clocks_for
from agentkit.inbound.reading import Reading, Scope
from agentkit.inbound.work import Work
from agentkit.store.actions import insert_actions
from agentkit.verdict import Fired, Review, Ruling, Verdict

__all__ = ["ask_about_right", "ask_about_withdrawal"]

_AGENT: Final = "inbound"
_FIRST: Final = 40
"""Priority: before everything that an agent wants to do."""
_OPEN_FOR: Final = timedelta(days=365)
"""Silence decides nothing here: promotion is held until a person does."""


def ask_about_withdrawal(work: Work, reading: Reading, scope: Scope) -> None:
    """Put an uncertain withdrawal before a person, and hold promotion."""
    clocks = clocks_for(work.country, scope.channel, work.at)
    args = {
        "channel": scope.channel,
        "purpose": scope.purpose,
        "brand": work.brand,
        "contacts": ",".join(i for i in work.ids if i),
        "point": work.point_for(scope.channel),
    }
    _ask(work, WITHDRAWAL, reading.sentence, reading.why, args, clocks)
    _hold(work, "revocation_unclear", reading.sentence)


def ask_about_right(work: Work, reading: Reading) -> None:
    """Put a request to delete data or to close an account before a person."""
    clocks = clocks_for(work.country, work.message.channel, work.at, rights=True)
    words = work.message.text[:2000]
    why = f"asks to {' and '.join(r.replace('_', ' ') for r in reading.rights)}"
    _ask(work, RIGHTS, words, why, {"rights": ", ".join(reading.rights)}, clocks)
    _hold(work, "rights_request", words)


def _ask(
    work: Work, kind: str, words: str, why: str, args: Mapping[str, Any], clocks: Clocks
) -> None:
    """Insert an action that stands for the question, and open a case about it."""
    shown = {**args, "message": work.key, "at": work.at.isoformat(), "legal clock": _spoken(clocks)}
    if clocks.operator:
        shown["operator clock"] = f"{clocks.operator}, by {clocks.operator_by:%Y-%m-%d %H:%M} UTC"
    action = Action.create(
        id=question_id(kind, work.key),
        tenant=work.tenant,
        agent=_AGENT,
        kind=kind,
        subject=person_key(work.ids[0], work.token),
        channel=work.message.channel,
        purpose="legal",
        args=shown,
        text=words,
        reason=why,
        sender=Sender(work.brand),
    )
    review = _review(work, action)
    insert_actions(work.unit, [review], work.now, states=["escalated"])
    case = work.desk.open(work.unit, review, priority=_FIRST, expires_at=work.now + _OPEN_FOR)
    work.receipt.cases.append(case.id)
    work.receipt.note("case", why)
    work.receipt.clocks = clocks.to_json()


def _review(work: Work, action: Action) -> Review:
    """A verdict without an article: what a person meant, only a person can say."""
    article = "revocation-unclear" if action.kind == WITHDRAWAL else "rights-request"
    fired = Fired(article, Ruling.ESCALATE, "core", overridable="operator")
    verdict = Verdict(
        action=action.id,
        action_digest=action.digest,
        ruling=Ruling.ESCALATE,
        fired=(fired,),
        evidence=digest({}),
        judged_at=work.now,
    )
    return Review(action, action, verdict)


def _hold(work: Work, kind: str, words: str) -> None:
    for contact in work.ids:
        set_circumstance(
            work.unit, work.tenant, contact, kind, now=work.now, since=work.at,
            point_token="" if contact else work.token, source=work.source, words=words,
        )  # fmt: skip
    work.receipt.circumstances.append({"kind": kind, "until": None})
    work.receipt.note("paused")


def _spoken(clocks: Clocks) -> str:
    return f"{clocks.law}, by {clocks.legal_by:%Y-%m-%d %H:%M} UTC"
