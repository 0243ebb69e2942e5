"""What an agent is told about its proposal, and why an action was ruled as it was."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from agentkit.constitution import Policy
from agentkit.store.actions import ActionState
from agentkit.verdict import Review

__all__ = ["message_for", "reasons"]

_OWN: Final[Mapping[str, str]] = {
    "suppressed": "the contact point is on the suppression list",
    "outcome-unknown": "nobody knows whether it took effect outside: look there first",
    "revised-after-approval": "it was rewritten after the approval, so a person must see it again",
    "cannot-be-judged": "it cannot be judged any more",
}
"""What this package rules itself, beside any constitution."""


def reasons(review: Review, policy: Policy, contact_name: str = "") -> list[str]:
    """A sentence for each article that fired and each gap, in that order; never stored."""
    from agentkit.constitution.explain import explain_all

    sentences = explain_all(review, policy, contact_name=contact_name)
    return [_OWN.get(sentence, sentence) for sentence in sentences]


_WORDS: Final[Mapping[str, str]] = {
    "allowed": "Allowed: it will be performed as soon as a worker takes it.",
    "approved": "A person approved it: it will be judged once more and then performed.",
    "performing": "It is being performed.",
    "performed": "Done.",
    "rejected": "A person rejected it. Do not propose it again.",
    "failed": "The outside system could not do it.",
    "unknown": "It is not known whether it took effect; a person looks at it. Do not repeat it.",
    "expired": "It was not decided or performed in time, and will not be performed.",
    "stopped": "The person objected, or it was stopped: it will not be performed.",
}


def message_for(state: ActionState, review: Review | None, policy: Policy, case: str = "") -> str:
    """One message for the agent: what happened, and why."""
    parts = [_headline(state, review, case)]
    if review is not None and review.revised and state not in {"denied", "rejected"}:
        parts.append(f"The text was revised; it now reads: {review.action.text}")
    if review is not None and state in {"denied", "escalated", "deferred"}:
        parts += [f"- {reason}" for reason in dict.fromkeys(reasons(review, policy))]
    return "\n".join(parts)


def _headline(state: ActionState, review: Review | None, case: str) -> str:
    if state == "denied":
        return "Denied. Do not try another way; it may be proposed again when this has changed:"
    if state == "escalated":
        where = f" (case {case})" if case else ""
        return f"It waits for a person to decide{where}. Go on with other work:"
    if state == "deferred":
        until = review.verdict.until if review is not None else None
        tasks = review.verdict.tasks if review is not None else ()
        when = f"until {until:%Y-%m-%d %H:%M} UTC" if until else ""
        what = f"until somebody supplies {', '.join(tasks)}" if tasks else ""
        wait = " and ".join(w for w in (when, what) if w) or "for a while"
        return f"It waits {wait}, and is then judged again:"
    return _WORDS[state]
