"""What a person must be able to stop, and what a person should see before it happens."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

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

__all__ = ["Oversight", "PersonNeeded"]

_TOOL: Final = "tool.call"
_READS: Final = frozenset(
    """
    get list search read fetch find lookup look query describe show count check view browse
    retrieve inspect preview summarize summarise
    """.split()  # noqa: SIM905
)
"""First words of tools that only read."""


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
    return Manifest("oversight", "1", evidence=(Oversight, PersonNeeded))


@hookimpl
def examine_many(
    actions: Sequence[Action], context: Context
) -> list[tuple[Evidence | Failed, ...]]:
    """Read switches and stakes; score what customers wrote in one batch."""
    needed = _people_needed(actions, context)
    return [
        (_oversight(action, context), needed.get(index, _NOTHING_READ))
        if action.kind in PersonNeeded.scope.kinds
        else (_oversight(action, context),)
        for index, action in enumerate(actions)
    ]


def _oversight(action: Action, context: Context) -> Oversight:
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
        not kind.reads and not (action.kind == _TOOL and _only_reads(str(action.args.get("tool")))),
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


@lru_cache(maxsize=4096)
def _only_reads(tool: str) -> bool:
    """Whether a tool's name says that it reads: ``get_invoice``, ``crm.search``, ``listFiles``."""
    name = tool.rpartition(".")[2].rpartition("/")[2].lstrip("_")
    words = "".join(f" {c.lower()}" if c.isupper() else c for c in name.replace("-", "_"))
    parts = words.replace("_", " ").split()
    return bool(parts) and parts[0] in _READS


def _people_needed(actions: Sequence[Action], context: Context) -> dict[int, Evidence | Failed]:
    """By index of the action: only those whose agent read something that people wrote."""
    texts: dict[int, list[str]] = {}
    for index, action in enumerate(actions):
        if action.observations and action.kind in PersonNeeded.scope.kinds:
            read = [o.text for o in action.observations]
            texts[index] = [t for t in (*read, action.request) if t.strip()]
    if not texts:
        return {}
    flat = [t for parts in texts.values() for t in parts]
    try:
        scores = iter(context.classify("needs_human", flat))
    except ModelError as error:
        return dict.fromkeys(texts, Failed(f"no model: {error.message}"))
    return {i: _needed(parts, [next(scores) for _ in parts]) for i, parts in texts.items()}


def _needed(texts: Sequence[str], scores: Sequence[object]) -> PersonNeeded:
    """The strictest over all texts; a text that cannot be scored leaves the whole unknown."""
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
