"""The core's own facts: the action, its agent, the person and the records concerned."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from agentkit.action import Action
from agentkit.agent import Agent
from agentkit.canonical import clean_text
from agentkit.constitution.facts import Catalogue, FieldMapping
from agentkit.context import Contact, Person
from agentkit.crm.whereabouts import jurisdiction_at
from agentkit.evidence import Unknown
from agentkit.jurisdiction import Jurisdiction, jurisdiction_of
from agentkit.kinds import ActionKind

__all__ = ["CoreFacts", "jurisdiction_for"]

_NO_PERSON: Final = Jurisdiction(frozenset(), country_known=True, region_known=True)
_ABSENT: Final[Mapping[str, Any]] = {
    "string": "", "bool": False, "int": 0, "double": 0.0,
    "list(string)": (), "list(int)": (), "list(double)": (),
}  # fmt: skip
_PYTHON: Final[Mapping[str, type]] = {
    "string": str, "bool": bool, "int": int, "double": float, "timestamp": datetime,
}  # fmt: skip
_AGENT_FACTS: Final = ("owner", "model", "provider", "region")
_OFTEN_NONE: Final = frozenset({"company", "owner"})
"""Contact attributes whose absence is an ordinary value: a consumer has no company."""
_CONTACT_ATTRIBUTES: Final = frozenset(Contact.__slots__) - {"fields", "relationship"}


def jurisdiction_for(action: Action, person: Person | None) -> Jurisdiction:
    """The jurisdiction of the person concerned; of nobody where the kind concerns nobody.

    Where the country on record and the zone or the number contradict each other, the law of both.
    """
    if person is None:
        return _NO_PERSON if not action.subject else jurisdiction_of(None)
    channel = action.channel or ("phone" if action.kind == "call.place" else "")
    return jurisdiction_at(person.contact, channel)


class CoreFacts:
    """Builds core facts; what depends on the kind or the agent alone is built once."""

    def __init__(self, catalogue: Catalogue) -> None:
        """Prepare for the kinds and record fields of ``catalogue``."""
        own = _qualified("contact", catalogue.record_fields["contact"])
        self._attributes = [
            (fact, m.source, "" if m.source in _OFTEN_NONE else Unknown("not on record", fact))
            for fact, m in own
            if m.source in _CONTACT_ATTRIBUTES
        ]
        self._own = [(fact, m) for fact, m in own if m.source not in _CONTACT_ATTRIBUTES]
        self._records: list[tuple[str, _Fields, dict[str, Any]]] = []
        for record in ("deal", "ticket", "product"):
            fields = _qualified(record, catalogue.record_fields[record])
            self._records.append((record, fields, {fact: _absent(m) for fact, m in fields}))
        stranger = [fact for fact, _ in own] + [f for _, fs, _ in self._records for f, _ in fs]
        self._stranger = {fact: Unknown("the CRM has no such contact") for fact in stranger}
        self._arguments: dict[str, list[tuple[str, str, Any, str]]] = {}
        self._kinds: dict[str, dict[str, Any]] = {}
        self._agents: dict[str, dict[str, Any]] = {}

    def build(
        self,
        action: Action,
        kind: ActionKind,
        agent: Agent | None,
        person: Person | None,
        jurisdiction: Jurisdiction,
        now: datetime,
    ) -> dict[str, Any]:
        """Facts by qualified name, `Unknown` values included."""
        facts = {**self._kind(kind), **self._agent(action, agent)}
        facts["action.channel"] = action.channel
        facts["action.purpose"] = action.purpose
        facts["action.has_text"] = action.text != ""
        facts["action.text_length"] = len(action.text)
        facts["action.cleaned"] = action.cleaned
        facts["action.observed"] = len(action.observations)
        facts["action.human_approved"] = False
        facts["action.revision"] = 0
        facts["sender.brand"] = action.sender.brand
        facts["sender.country"] = action.sender.country
        facts["judged_at"] = now
        for arg in kind.args:
            if arg.type != "any":
                facts[f"args.{arg.name}"] = _argument(
                    action.args.get(arg.name, arg.default), arg.type
                )
        if kind.needs_subject:
            self._person(facts, person)
        facts["jurisdiction.codes"] = _codes(jurisdiction)
        return facts

    def _declared(self, kind: ActionKind) -> list[tuple[str, str, Any, str]]:
        if kind.name not in self._arguments:
            self._arguments[kind.name] = [
                (a.name, f"args.{a.name}", a.default, a.type) for a in kind.args if a.type != "any"
            ]
        return self._arguments[kind.name]

    def _kind(self, kind: ActionKind) -> dict[str, Any]:
        if kind.name not in self._kinds:
            self._kinds[kind.name] = {
                "action.kind": kind.name,
                "action.outbound": kind.outbound,
                "action.about_person": kind.about_person,
                "action.reversibility": kind.reversibility,
                "action.reads": kind.reads,
            }
        return self._kinds[kind.name]

    def _agent(self, action: Action, agent: Agent | None) -> dict[str, Any]:
        if agent is None:
            open_charter = Unknown("the agent is not registered")
            return {"agent.name": action.agent} | {f"agent.{n}": open_charter for n in _AGENT_FACTS}
        if agent.name not in self._agents:
            facts = {f"agent.{n}": getattr(agent, n) for n in _AGENT_FACTS}
            self._agents[agent.name] = {"agent.name": agent.name, **facts}
        return self._agents[agent.name]

    def _person(self, facts: dict[str, Any], person: Person | None) -> None:
        if person is None:
            facts.update(self._stranger)
            return
        contact = person.contact
        for fact, source, missing in self._attributes:
            value = getattr(contact, source)
            if not value:
                facts[fact] = missing
            elif type(value) is str and value.isprintable():
                facts[fact] = value
            else:
                facts[fact] = clean_text(value) if type(value) is str else missing
        for fact, mapping in self._own:
            facts[fact] = _typed(contact.fields.get(mapping.source), fact, mapping)
        for record, fields, absent in self._records:
            values = person.records.get(record)
            if values is None:
                facts.update(absent)
            else:
                for fact, mapping in fields:
                    facts[fact] = _typed(values.get(mapping.source), fact, mapping)


_Fields = list[tuple[str, FieldMapping]]


def _qualified(record: str, fields: Mapping[str, FieldMapping]) -> _Fields:
    return [(f"{record}.{name}", mapping) for name, mapping in fields.items()]


def _absent(mapping: FieldMapping) -> Any:
    """That a known person has no such record is an ordinary value, where the type has one."""
    return _ABSENT.get(mapping.type, Unknown("no such record"))


def _typed(value: Any, fact: str, mapping: FieldMapping) -> Any:
    if value is None or value == "":
        return Unknown("not on record", fact)
    if mapping.type == "double" and type(value) is int:
        return float(value)
    if mapping.type == "timestamp" and isinstance(value, str):
        value = _instant(value)
    if mapping.type.startswith("list"):
        items = tuple(value) if isinstance(value, list | tuple) else ()
        return items if all(isinstance(v, str) for v in items) else Unknown("another type", fact)
    right = type(value) is _PYTHON.get(mapping.type)
    if not right or _is_nan(value) or (type(value) is datetime and value.tzinfo is None):
        return Unknown(f"on record, but not as {mapping.type}", fact)
    return clean_text(value) if type(value) is str else value


@lru_cache(maxsize=4096)
def _codes(jurisdiction: Jurisdiction) -> tuple[str, ...] | Unknown:
    if not jurisdiction.country_known:
        return Unknown("no country on record", "contact.country")
    return tuple(sorted(jurisdiction.codes))


def _argument(value: Any, arg_type: str) -> Any:
    if value is None:
        return Unknown("not given")
    if arg_type == "double":
        return float(value)
    if arg_type == "timestamp":
        instant = _instant(value) if isinstance(value, str) else None
        return (
            instant if instant is not None and instant.tzinfo else Unknown("no instant with a zone")
        )
    if arg_type == "list":
        return tuple(str(v) for v in value)
    return value


def _instant(value: str) -> datetime | None:
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        return None


def _is_nan(value: Any) -> bool:
    return isinstance(value, float) and math.isnan(value)
