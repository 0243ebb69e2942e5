"""Why an article fired, in words; what the core itself rules has its sentences here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from agentkit.context import Contact
from agentkit.verdict import Review

if TYPE_CHECKING:
    from agentkit.constitution import Located

__all__ = ["CORE_REASONS", "because"]

CORE_REASONS: Final[Mapping[str, str]] = {
    "charter-unknown-agent": "the agent is not in the register of agents",
    "charter-expired": "the agent's charter has expired",
    "charter-kind": "the agent's charter does not allow this kind of action",
    "charter-channel": "the agent's charter does not allow this channel",
    "charter-purpose": "the agent's charter does not allow this purpose",
    "charter-segment": "the agent's charter does not allow this segment",
    "charter-amount": "the amount is outside the agent's charter",
    "deadline-passes-first": "it could be judged again only after its own deadline",
    "suppressed": "the contact point is on the suppression list",
    "outcome-unknown": "nobody knows whether it took effect outside: look there first",
    "revised-after-approval": "it was rewritten after the approval, so a person must see it again",
    "cannot-be-judged": "it cannot be judged any more",
    "erased": "the person it concerns was erased",
}
"""Why the core itself rules, by the id that stands in the verdict."""

_HOLE: Final = re.compile(r"\{([a-z_]+(?:\.[a-z_0-9]+)?)\}")


def because(review: Review, located: Located, contact: Contact | None) -> str:
    """The article's sentence, filled in from the record; the person's name from the CRM."""
    names = {"contact.name": contact.name} if contact is not None and contact.name else {}
    shown = {
        **review.facts,
        "action.text": review.action.text,
        "action.agent": review.action.agent,
        "action.subject": review.action.subject,
        **names,
    }
    return _HOLE.sub(lambda hole: _value(shown, hole[1]), located.article.because)


def _value(shown: Mapping[str, Any], name: str) -> str:
    value = shown.get(name)
    if value is None or not isinstance(value, str | int | float):
        return "the person" if name == "contact.name" else f"({name.replace('_', ' ')})"
    return f"{value:g}" if isinstance(value, float) else str(value)
