"""What a person must be able to stop, and what a person should see before it happens."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

from agentkit import (
    Action,
    Agent,
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
from agentkit_plugins.phrases import ASKS_FOR_PERSON, first_phrase
from agentkit_plugins.tool_risk import Tool, tool_evidence

__all__ = ["Oversight", "PersonNeeded"]

_TOOL: Final = "tool.call"
_TOLD: Final = frozenset(
    """
    text body message messages note notes comment comments content description transcript
    """.split()  # noqa: SIM905
)
"""Fields of a tool's answer that hold what people wrote, however short."""
_SENTENCE: Final = 9
"""Words from which on any other field is taken for something that somebody wrote."""
_DEPTH: Final = 8
"""Levels of a tool's answer that are looked into; what lies deeper is scored as it stands."""


class Oversight(Evidence, namespace="oversight", version=1):
    """Stop switches, what is at stake, and how sure the agent is."""

    stopped: bool = fact(volatile=True, doc="a stop switch holds for this action")
    stop_scope: str = fact(volatile=True, doc="all, agent:NAME, kind:NAME or person:ID; or empty")
    amount: float = fact(doc="money at stake; 0.0 where the kind has none")
    irreversible: bool = fact(doc="it cannot be taken back")
    writes: bool = fact(doc="it changes something; a tool that does not say so by name writes")
    confidence_given: bool = fact(doc="the agent said how sure it is")
    confidence: float = fact(doc="the agent's own confidence; 1.0 where it gave none")
    model_region: str = fact(doc="where the agent's model runs: EU, US, LOCAL; empty if unknown")


class PersonNeeded(
    Evidence,
    namespace="person",
    kinds=["message.send", "call.place", "refund.pay", "offer.set", "ticket.open"],
):
    """Whether the customer, in what the agent read, asks for a person or is in distress."""

    asks: bool = fact(personal=True, doc="the customer asks for a person in plain words")
    flagged: bool | Unknown = fact(personal=True, doc="the needs_human head flags what was read")
    score: float | Unknown = fact(personal=True, doc="its score, 0 to 1; 0 where nothing was read")


_NOTHING_READ: Final = PersonNeeded(asks=False, flagged=False, score=0.0)


@hookimpl
def declare() -> Manifest:
    """What this plugin brings."""
    return Manifest("oversight", "1", evidence=(Oversight, PersonNeeded, Tool))


@hookimpl
def examine_many(
    actions: Sequence[Action], context: Context
) -> list[tuple[Evidence | Failed, ...]]:
    """Read switches and stakes; score what customers wrote in one batch."""
    needed = _people_needed(actions, context)
    return [_answers(action, context, needed.get(i)) for i, action in enumerate(actions)]


def _answers(
    action: Action, context: Context, needed: Evidence | Failed | None
) -> tuple[Evidence | Failed, ...]:
    if action.kind == _TOOL:
        tool = tool_evidence(action)
        return _oversight(action, context, writes=tool.writes), tool
    found = _oversight(action, context, writes=not context.kind(action).reads)
    if action.kind in PersonNeeded.scope.kinds:
        return found, needed or _NOTHING_READ
    return (found,)


def _oversight(action: Action, context: Context, *, writes: bool) -> Oversight:
    stops = context.stops(action)
    kind = context.kind(action)
    agent = context.agent(action)
    amount = action.args.get("amount", 0.0)
    confidence = action.confidence
    return Oversight(
        bool(stops),
        stops[0].scope if stops else "",
        float(amount) if isinstance(amount, float | int) else 0.0,
        kind.reversibility == "irreversible",
        writes,
        confidence is not None,
        1.0 if confidence is None else float(confidence),
        "" if agent is None else _region(agent),
    )


def _region(agent: Agent) -> str:
    return _short_region(agent.region)


@lru_cache(maxsize=1024)
def _short_region(region: str) -> str:
    """``eu-central-1`` and ``EU (Frankfurt)`` are ``EU``."""
    words = region.upper().replace("-", " ").replace("_", " ").replace("(", " ").split()
    return words[0] if words else ""


def _people_needed(actions: Sequence[Action], context: Context) -> dict[int, Evidence | Failed]:
    """By index of the action: only those whose agent read something that people wrote.

    The words that ask for a person are looked for in everything that was read, and in the request;
    the model scores what people wrote, as it knows nothing else.
    """
    read = {
        index: action
        for index, action in enumerate(actions)
        if action.observations and action.kind in PersonNeeded.scope.kinds
    }
    if not read:
        return {}
    texts = {i: [t for o in a.observations for t in written(o.text)] for i, a in read.items()}
    flat = [t for parts in texts.values() for t in parts]
    try:
        scores = iter(context.classify("needs_human", flat) if flat else ())
    except ModelError as error:
        return dict.fromkeys(read, Failed(f"no model: {error.message}"))
    return {i: _needed(a, [next(scores) for _ in texts[i]]) for i, a in read.items()}


def written(text: str) -> list[str]:
    """What people wrote, in what an agent read.

    Plain text is taken as it is. Of a tool's structured answer only the fields that hold messages
    and everything as long as a sentence count: the name of a product is nobody's cry for help.
    """
    if text.lstrip()[:1] not in {"{", "["}:
        return [text] if text.strip() else []
    try:
        return list(_prose(json.loads(text), "", _DEPTH))
    except (ValueError, RecursionError):  # it only looks structured
        return [text]


def _prose(value: Any, key: str, depth: int) -> Iterator[str]:
    if isinstance(value, str):
        told = key.lower() in _TOLD and value.strip()
        if told or len(value.split()) >= _SENTENCE:
            yield value
    elif not depth and isinstance(value, dict | list):
        yield json.dumps(value, ensure_ascii=False)
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _prose(inner, str(name), depth - 1)
    elif isinstance(value, list):
        for inner in value:
            yield from _prose(inner, key, depth - 1)


def _needed(action: Action, scores: Sequence[object]) -> PersonNeeded:
    """The strictest over all texts; a text that cannot be scored leaves the whole unknown."""
    texts = (*(o.text for o in action.observations), action.request)
    asks = next((f for t in texts if (f := first_phrase(t, ASKS_FOR_PERSON)) is not None), None)
    known: list[float] = []
    flagged = False
    reason = ""
    for score in scores:
        values = getattr(score, "scores", {})
        if "needs_human" in values:
            known.append(float(values["needs_human"]))
            flagged = flagged or bool(getattr(score, "flags", {}).get("needs_human"))
        elif getattr(score, "language", "") != "zxx":  # without words there is nothing to need
            reason = "a text that the agent read cannot be scored"
    unknown = Unknown(reason) if reason and not flagged and asks is None else None
    findings = [Finding("asks_for_person", f"the customer wrote: {asks}", None, None, "phrases")]
    return PersonNeeded(
        asks is not None,
        unknown or flagged,
        unknown or max(known, default=0.0),
        findings=findings if asks is not None else (),
    )
