"""What an edit may change, and which cases come first."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from agentkit.action import MAX_TEXT, Action
from agentkit.consent import DESK_KINDS
from agentkit.errors import InvalidAction
from agentkit.verdict import Review

__all__ = ["check_editable", "edited_action", "priority_of"]

_TARGETS: Final = ("tool", "type", "record")
"""Arguments that say what an action is, or whose record it touches."""


def check_editable(action: Action) -> None:
    """Refuse an edit of what a person wrote.

    Raises:
        InvalidAction: the case asks what somebody meant; only yes or no answers that.
    """
    if action.kind in DESK_KINDS:
        raise InvalidAction(
            "what a person wrote cannot be edited",
            hint="approve: they meant it; reject: they did not",
        )


def edited_action(action: Action, text: str | None, args: Mapping[str, Any] | None) -> Action:
    """The action with another text or arguments, checked like a new one.

    Raises:
        InvalidAction: it is unchanged, too long, or would be another action.
    """
    changes: dict[str, Any] = {} if text is None else {"text": text}
    if args is not None:
        for name in _TARGETS:
            if args.get(name) != action.args.get(name):
                raise InvalidAction(
                    f"an edit may not change {name!r}: that would be another action",
                    hint="reject this one, and let the agent propose the other",
                )
        changes["args"] = dict(args)
    if text is not None and len(text) > MAX_TEXT:
        raise InvalidAction(f"the text has {len(text):,} characters; the most is {MAX_TEXT:,}")
    edited = action.revised(**changes)
    if edited.digest == action.digest:
        raise InvalidAction("the edit changes nothing", hint="approve it as it is, or reject it")
    return edited


def priority_of(review: Review, now: datetime) -> int:
    """Waiting customers first, then what cannot be taken back, what is nearly late, and amounts."""
    action = review.action
    amount = review.facts.get("args.amount", 0.0)
    large = isinstance(amount, float) and amount >= 1000.0  # noqa: PLR2004  (a round sum)
    soon = action.deadline is not None and action.deadline - now < timedelta(hours=24)
    final = review.facts.get("action.reversibility") == "irreversible"
    return 20 * bool(action.observations) + 10 * soon + 5 * large + 3 * final
