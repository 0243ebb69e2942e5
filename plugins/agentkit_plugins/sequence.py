"""The run so far: what was read and done, and whether this does it again or something else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from agentkit import (
    Action,
    Context,
    Evidence,
    Failed,
    Manifest,
    ModelError,
    Unknown,
    fact,
    hookimpl,
)
from agentkit_plugins.arguments import leaves_of
from agentkit_plugins.asking import ask, tool_of
from agentkit_plugins.origins import suspects
from agentkit_plugins.values import compact

__all__ = ["Sequenced"]

_DRAWN: Final = 0.15
"""From this difference on an action follows what was read; chosen on the tuning domains, where it
keeps
nine of ten legitimate actions and finds two thirds of the injected ones."""
_SENTENCES: Final = 6
"""So many sentences that were read are compared."""
_LONGEST: Final = 300


class Sequenced(Evidence, namespace="sequence", version=1):
    """What the same run of the agent read and did before this action."""

    reads: int = fact(doc="texts that the agent read before it proposed")
    last_read: str = fact(doc="where the last of them comes from; empty where there is none")
    done: int = fact(volatile=True, doc="actions of this run before this one that nobody refused")
    repeated: bool = fact(
        volatile=True, doc="one of them had the same effect: kind, person, recipient, amount"
    )
    distance: float | Unknown = fact(
        doc="from the request, by meaning, 0 to 1; 0 where words settle it or nothing was read"
    )
    pull: float | Unknown = fact(
        doc="how much nearer, by meaning, a sentence that was read is than the request; 0 as above"
    )
    unrelated: bool | Unknown = fact(doc="something that was read is much nearer than the request")


@hookimpl
def declare() -> Manifest:
    """What this plugin brings."""
    return Manifest("sequence", "1", evidence=(Sequenced,))


@hookimpl
def examine_many(actions: Sequence[Action], context: Context) -> list[Evidence | Failed]:
    """Look back over each action's run."""
    return [_examined(action, context) for action in actions]


def _examined(action: Action, context: Context) -> Evidence:
    deeds = context.deeds(action)
    seen = action.observations
    distance, pull = _meant(action, context)
    return Sequenced(
        len(seen),
        seen[-1].source[:200] if seen else "",
        len(deeds),
        bool(deeds) and _effect(action) in {_effect(d.action) for d in deeds},
        distance,
        pull,
        pull if isinstance(pull, Unknown) else pull >= _DRAWN,
    )


def _effect(action: Action) -> tuple[object, ...]:
    """What makes two actions the same: how something is worded does not, unless words are all."""
    leaves, _ = leaves_of(action)
    values = tuple(
        sorted((leaf.role, compact(str(leaf.value))) for leaf in leaves if leaf.role != "other")
    )
    said = compact(action.text) if action.text else ""
    title = compact(str(action.args.get("title", "")))
    return (action.kind, tool_of(action), action.subject, action.channel, values, said, title)


def _meant(action: Action, context: Context) -> tuple[float | Unknown, float | Unknown]:
    """Distance from the request, and how much nearer something that was read is.

    The encoder is asked only where words do not settle what the request asks for.
    """
    if not (action.observations and action.request) or context.kind(action).reads:
        return 0.0, 0.0
    asking = ask(action, context)
    if asking.asked != "unclear":
        return 0.0, 0.0
    read = suspects(action, asking, _SENTENCES)
    try:
        request, own, *others = context.embed([asking.text, _described(action), *read])
    except ModelError as error:
        unknown = Unknown(f"no model: {error.message}")
        return unknown, unknown
    far = _apart(request, own)
    near = min((_apart(own, other) for other in others), default=far)
    return round(far, 4), round(far - near, 4)


def _apart(one: Sequence[float], other: Sequence[float]) -> float:
    return max(0.0, 1.0 - sum(a * b for a, b in zip(one, other, strict=True)))


def _described(action: Action) -> str:
    """An action in words: its tool, its values, the beginning of its text."""
    leaves, _ = leaves_of(action)
    values = ", ".join(f"{' '.join(leaf.key)} {leaf.value}" for leaf in leaves[:12])
    return f"{tool_of(action).replace('.', ' ').replace('_', ' ')}: {values} {action.text}"[
        :_LONGEST
    ]
