"""The first-party plugins under the shipped constitutions, with people in memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from agentkit.action import Action
from agentkit.agent import Agent, Register
from agentkit.classify.scores import Scores
from agentkit.clock import FixedClock
from agentkit.constitution import Binding, Catalogue, Policy
from agentkit.context import ConsentRecord, Contact, Deed, Person, Relationship, Stop
from agentkit.errors import ModelError
from agentkit.evidence import Gap, Span
from agentkit.gate import BatchContext, Gate, Scorer
from agentkit.kinds import Kinds
from agentkit.plugins import Plugins
from agentkit_plugins import (
    bias,
    circumstances,
    consent,
    deception,
    duties,
    oversight,
    privacy,
    provenance,
    purpose,
    revise,
    sequence,
)
from tests.gates import Crowd

FIRST_PARTY = (
    bias, circumstances, consent, deception, duties, oversight, privacy, provenance, purpose,
    revise, sequence,
)  # fmt: skip
"""The plugins that ship, in the order of their names: as an installation asks them."""
NOON = datetime(2026, 11, 23, 11, 0, tzinfo=UTC)
"""Monday, twelve o'clock in Berlin, six in the morning in New York."""
LAST_YEAR = datetime(2025, 12, 1, tzinfo=UTC)
ADVERTISED = "\n\nThis is an advertisement.\nTo stop these messages, reply with “unsubscribe”."
NUMBERS = {
    "DE": "+493023125000", "US": "+12125550123", "CA": "+14165550123", "GB": "+442079460123",
    "AT": "+4315880123", "FR": "+33639989289", "BR": "+5511912345678",
}  # fmt: skip
"""A number of each country; whoever moves a person moves it along."""
DISCLOSED = "\n\nThis message was written by an AI assistant."


class Words:
    """A classifier that flags ``hurry``, ``despair`` and ``sale``; ``xyzzy`` is no language."""

    digest = "words"

    def scores(self, texts: Sequence[str]) -> list[Scores]:
        return [self._one(t.lower()) for t in texts]

    def languages(self, texts: Sequence[str]) -> list[str]:
        return ["und" if "xyzzy" in t.lower() else "en" for t in texts]

    def vectors(self, texts: Sequence[str]) -> list[list[float]]:
        """Along one axis texts about money, along another all others."""
        return [[1.0, 0.0] if "money" in t.lower() else [0.0, 1.0] for t in texts]

    def _one(self, text: str) -> Scores:
        if not any(c.isalpha() for c in text):
            return Scores("zxx", gaps=(Gap("deception.score", "unknown", "no words"),))
        if "xyzzy" in text:
            reason = "the language (und) is not one of en, de, fr, es"
            return Scores("und", gaps=(Gap("deception.score", "unknown", reason),))
        flags = {
            "deception": "hurry" in text or "act now" in text,
            "needs_human": "despair" in text,
            "promotional": "sale" in text,
        }
        labels = {"deception": ("pressure",) if flags["deception"] else ()}
        if "until" in text:
            labels["deception"] = ("deadline", *labels["deception"])
        scores = {head: 0.9 if flag else 0.1 for head, flag in flags.items()}
        return Scores("en", scores, flags, labels, spans={"deception": Span(0, len(text))})


def no_model() -> Any:
    raise ModelError("no model is installed")


def person(**fields: Any) -> Person:
    """Anke, or whoever the fields make of her; ``bought``, ``until``, ``asked`` are dates."""
    relationship = Relationship(
        fields.pop("bought", None), fields.pop("until", None), fields.pop("asked", None)
    )
    parts = {
        k: fields.pop(k) for k in ("consents", "suppressed", "history", "records") if k in fields
    }
    contact = {
        "id": "c1", "name": "Anke Petersen", "email": "anke@example.de",
        "phone": NUMBERS.get(fields.get("country", "DE"), ""),
        "country": "DE", "timezone": "Europe/Berlin", "type": "consumer", **fields,
    }  # fmt: skip
    return Person(Contact(**contact, relationship=relationship), **parts)


def granted(channel: str = "email", purpose: str = "marketing", **more: Any) -> ConsentRecord:
    values = {"point": "", "brand": "", "status": "granted", "at": LAST_YEAR, **more}
    return ConsentRecord(channel=channel, purpose=purpose, **values)


def act(kind: str = "message.send", **fields: Any) -> Action:
    """A marketing mail to Anke unless the fields say otherwise."""
    defaults = {"kind": kind, "agent": "a", "subject": "c1"}
    if kind == "message.send":
        defaults |= {"channel": "email", "purpose": "marketing"}
    return Action.create(**{**defaults, **fields})


def context(
    who: Person | None = None,
    *,
    now: datetime = NOON,
    stops: Sequence[Stop] = (),
    agents: Sequence[Agent] = (),
    parameters: Mapping[str, Any] | None = None,
    decisions: Mapping[str, Callable[..., Mapping[str, Any]]] | None = None,
    deeds: Sequence[Deed] = (),
    model: Callable[[], Any] = Words,
) -> BatchContext:
    """What a plugin sees."""
    return BatchContext(
        now=now,
        clock=FixedClock(now),
        kinds=Kinds(),
        register=Register({a.name: a for a in agents}, open=not agents),
        people={} if who is None else {who.contact.id: who},
        stops=stops,
        runs={},
        deeds={"r": deeds},
        parameters=parameters or {},
        decisions=decisions or {},
        scorer=Scorer(model),
    )


def facts(module: Any, action: Action, seen: BatchContext) -> dict[str, Any]:
    """Facts by name of one action, from whatever hook the plugin implements."""
    many = getattr(module, "examine_many", None)
    answer = many([action], seen)[0] if many else module.examine(action, seen)
    found: dict[str, Any] = {}
    for part in answer if isinstance(answer, tuple) else (answer,):
        found |= part.facts() if hasattr(part, "facts") else {type(part).__name__: part}
    return found


def shop(
    *people: Person,
    now: datetime = NOON,
    constitutions: tuple[str, ...] = ("crm-default",),
    stops: Sequence[Stop] = (),
    agents: Sequence[Agent] = (),
    model: Callable[[], Any] = Words,
    plugins: Sequence[Any] = FIRST_PARTY,
    sections: Mapping[str, Mapping[str, Any]] | None = None,
    **binding: Any,
) -> Gate:
    """A gate with all first-party plugins, or with some; ``sections`` as in the settings file."""
    loaded = Plugins.of(*plugins, settings_plugins=sections)
    catalogue = Catalogue(loaded.kinds, loaded.evidence_classes.values())
    return Gate(
        plugins=loaded,
        policy=Policy([Binding(constitutions=constitutions, **binding)], catalogue),
        register=Register({a.name: a for a in agents}, open=not agents),
        kinds=loaded.kinds,
        clock=FixedClock(now),
        people=Crowd(*people, stops=stops),
        classifier=model,
    )
