"""Where the values of an action come from: the principal, the record, the agent, what it read.

What an agent reads is untrusted: anybody may have written it, and written it for the agent. So a
value that stands only there, and that the request did not ask to take from there, is a fact that
articles judge.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final, Literal

from agentkit import (
    Action,
    Context,
    Evidence,
    Failed,
    Finding,
    Manifest,
    ModelError,
    Unknown,
    fact,
    hookimpl,
)
from agentkit_plugins.asking import SERVED, Asking, ask
from agentkit_plugins.effects import Asked
from agentkit_plugins.origins import Origin, Traced, trace

__all__ = ["Provenance"]

Where = Literal["none", "request", "record", "delegated", "agent", "untrusted"]

_HEAD: Final = "injection"
_WINDOWS: Final = 4
"""So many windows of what was read are scored by the model, the most suspicious first."""
_WINDOW: Final = 400
"""Longest window, in characters."""
_STRICTNESS: Final = ("none", "request", "record", "delegated", "agent", "untrusted")
_NOT_READ: Final = Unknown("not all that the agent read, or proposes, was looked at")
_NO_LANGUAGE: Final = Unknown("the request is in a language that is not served")


class Provenance(Evidence, namespace="provenance", version=1):
    """Where the values of an action come from, and whether anybody asked for it."""

    recipient: Where = fact(doc="worst origin: none, request, record, delegated, agent, untrusted")
    account: Where = fact(doc="the same for accounts, cards and wallets")
    amount: Where = fact(doc="the same for amounts and quantities")
    url: Where = fact(doc="the same for links")
    file: Where = fact(doc="the same for files and paths")
    permission: Where = fact(doc="the same for roles and rights")
    asked: Asked | Unknown = fact(doc="the request asks for this: yes, no, unclear, none")
    untrusted_args: tuple[str, ...] | Unknown = fact(
        doc="paths of values that only untrusted text names, and that nobody asked to take from it"
    )
    unnamed_args: tuple[str, ...] = fact(
        doc="paths of recipients, accounts and links that stand nowhere in what the agent was given"
    )
    instructed: bool | Unknown = fact(
        doc="what was read asks for this action, and the request does not"
    )
    requested: bool | Unknown = fact(
        doc="asked for, with every value from the request, the record or where the request points"
    )
    from_hidden: bool = fact(
        doc="a value or an instruction stands in text that no person would see"
    )
    injection_score: float | Unknown = fact(
        doc="the injection head, over sentences that values come from and hidden ones"
    )
    injection_flagged: bool | Unknown = fact(doc="it reaches the head's threshold")
    read_all: bool = fact(doc="all that was read and proposed was looked at")


_NOTHING_READ: Final = Provenance(
    "none", "none", "none", "none", "none", "none", "none",
    (), (), False, False, False, 0.0, False, True,
)  # fmt: skip


@hookimpl
def declare() -> Manifest:
    """What this plugin brings."""
    return Manifest("provenance", "1", evidence=(Provenance,))


@hookimpl
def examine_many(actions: Sequence[Action], context: Context) -> list[Evidence | Failed]:
    """Trace the values of each action."""
    return [_examined(action, context) for action in actions]


def _examined(action: Action, context: Context) -> Evidence:
    kind = context.kind(action)
    if kind.reads or not (action.observations or action.request):
        return _NOTHING_READ
    asking = ask(action, context)
    traced = trace(action, asking, context)
    score, flagged = _scored(traced, context)
    return _evidence(asking, traced, score=score, flagged=flagged)


def _scored(traced: Traced, context: Context) -> tuple[float | Unknown, bool | Unknown]:
    """The injection head over the windows that values or instructions come from."""
    windows = list(dict.fromkeys(text[:_WINDOW] for text in traced.windows))[:_WINDOWS]
    if not windows:
        return 0.0, False
    try:
        scores = context.classify(_HEAD, windows)
    except ModelError as error:
        unknown = Unknown(f"no model: {error.message}")
        return unknown, unknown
    known = [s for s in scores if _HEAD in s.scores]
    if any(_HEAD not in s.scores and s.language != "zxx" for s in scores):
        unknown = Unknown("a text that a value comes from cannot be scored")
        return unknown, unknown
    top = max((float(s.scores[_HEAD]) for s in known), default=0.0)
    return top, any(bool(s.flags.get(_HEAD)) for s in known)


def _evidence(
    asking: Asking, traced: Traced, *, score: float | Unknown, flagged: bool | Unknown
) -> Provenance:
    untrusted = _paths(o for o in traced.origins if o.where == "untrusted")
    unnamed = _paths(o for o in traced.origins if o.unnamed)
    instructed = traced.instruction is not None
    asked: Asked | Unknown = asking.asked if asking.language in SERVED else _NO_LANGUAGE
    doubt = None if traced.whole else _NOT_READ
    clean = asking.asked in {"yes", "unclear"} and not (untrusted or unnamed or instructed)
    requested: bool | Unknown = clean
    if clean and doubt is not None:
        requested = doubt
    if asking.language not in SERVED and not (untrusted or unnamed or instructed):
        requested = _NO_LANGUAGE
    return Provenance(
        _worst(traced.origins, "recipient"),
        _worst(traced.origins, "account"),
        _worst(traced.origins, "amount"),
        _worst(traced.origins, "url"),
        _worst(traced.origins, "file"),
        _worst(traced.origins, "permission"),
        asked,
        untrusted or doubt or (),
        unnamed,
        instructed or doubt or False,
        requested,
        traced.hidden,
        score,
        flagged,
        traced.whole,
        findings=_findings(traced),
    )


def _paths(origins: Iterable[Origin]) -> tuple[str, ...]:
    """Where the values stand, each place once, the first fifty."""
    return tuple(dict.fromkeys(o.leaf.path for o in origins))[:50]


def _worst(origins: Sequence[Origin], role: str) -> Any:
    found = [o.where for o in origins if o.leaf.role == role]
    return max(found, key=_STRICTNESS.index, default="none")


def _findings(traced: Traced) -> tuple[Finding, ...]:
    """For people: which value comes from where, and what asks for it."""
    found = [
        Finding(f"{o.where}_{o.leaf.role}", _sentence(o), None, None, o.source or "the agent")
        for o in traced.origins
        if o.where == "untrusted" or o.unnamed
    ]
    if traced.instruction is not None:
        said = traced.instruction
        found.append(
            Finding(
                "instruction",
                f"what was read says: {said.text[:300]}",
                None,
                None,
                traced.named(said),
            )
        )
    return tuple(found[:20])


def _sentence(origin: Origin) -> str:
    value = f"{origin.leaf.value!s:.120}"
    if origin.unnamed:
        return f"{origin.leaf.path}: {value} stands nowhere in what the agent was given"
    where = origin.source or "untrusted text"
    return f"{origin.leaf.path}: only {where} names {value}, and nobody asked to take it from there"
