"""What a reviser may change: words, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, Final

from agentkit.action import MAX_TEXT, Action
from agentkit.errors import InvalidAction

__all__ = ["checked_revision"]

_WORDS: Final = frozenset({"text", "args", "cleaned"})
_FIXED_ARGS: Final = frozenset(
    {
        "amount", "currency", "discount", "fields", "inputs", "model", "record", "score",
        "segment", "template", "to", "tool", "type",
    }
)  # fmt: skip
"""Arguments that say what is done, to whom and for how much."""
_ADDED_ARGS: Final = frozenset({"list_unsubscribe"})
"""Arguments that a reviser may add: headers that a law or a mailbox provider asks for."""


def checked_revision(action: Action, revised: Any) -> Action | None:
    """What a reviser made of an action, if it kept to words; None where nothing was changed.

    The revision is built anew from the original with the new words alone.

    Raises:
        InvalidAction: it is no action, or changes recipient, purpose, amounts or anything else
            that is not text; the rewrite is then not used.
    """
    if revised is None:
        return None
    if type(revised) is not Action:
        msg = f"a reviser returned {type(revised).__name__}, no Action"
        raise InvalidAction(msg)
    changed = [
        f.name
        for f in fields(Action)
        if f.name not in _WORDS and getattr(revised, f.name) != getattr(action, f.name)
    ]
    if changed:
        msg = f"a revision may not change {', '.join(changed)}"
        raise InvalidAction(msg, hint="propose a new action instead")
    _check_text(revised.text)
    _check_args(action.args, revised.args)
    if revised.text == action.text and revised.args == action.args:
        return None
    return action.revised(text=revised.text, args=dict(revised.args))


def _check_text(text: Any) -> None:
    if not isinstance(text, str) or len(text) > MAX_TEXT:
        msg = f"the revised text is no text of at most {MAX_TEXT:,} characters"
        raise InvalidAction(msg)


def _check_args(before: Mapping[str, Any], after: Any) -> None:
    if not isinstance(after, Mapping) or not set(before) <= set(after) <= {*before, *_ADDED_ARGS}:
        msg = "a revision may not add or remove arguments"
        raise InvalidAction(msg)
    for name, value in after.items():
        old = before.get(name, "")
        words = isinstance(old, str) and isinstance(value, str) and name not in _FIXED_ARGS
        if value != old and not words:
            msg = f"a revision may not change the argument {name!r}"
            raise InvalidAction(msg)
