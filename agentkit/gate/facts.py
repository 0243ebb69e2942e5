"""The core's own facts: the action, its agent, the person and the records concerned."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, NamedTuple

from agentkit.action import Action
from agentkit.agent import Agent
from agentkit.canonical import clean_text
from agentkit.consent.state import OBJECTIONS
from agentkit.constitution.facts import CORE, RIGHTS, Catalogue, FieldMapping
from agentkit.context import Contact, Person
from agentkit.crm.whereabouts import jurisdiction_at
from agentkit.evidence import Evidence, Unknown
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
_MARKETING: Final = frozenset({"", "marketing"})
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


_UNSEEN: Final = Unknown("nobody looked")
"""What stands in a blank until a value is written over it: should one be forgotten, it is a gap."""


class _Argument(NamedTuple):
    """One argument of a kind, and the fact that it becomes."""

    name: str
    fact: str
    default: Any
    type: str


class _Sheet(NamedTuple):
    """What is known of all actions of one kind by one agent about which the same plugins speak.

    Attributes:
        blank: Every fact that such an action has, in the order in which facts are recorded.
    """

    kind: ActionKind
    agent: Agent | None
    blank: dict[str, Any]
    arguments: tuple[_Argument, ...]


class CoreFacts:
    """Begins the facts of an action with those of the core, and makes room for the plugins'.

    What depends on the kind or the agent alone is written once, on a sheet that is copied for each
    action; so facts stand in the order of their names from the start, and need no sorting.
    """

    def __init__(self, catalogue: Catalogue, classes: Mapping[str, type[Evidence]]) -> None:
        """Prepare for the kinds and record fields of ``catalogue`` and the evidence ``classes``."""
        own = _qualified("contact", catalogue.record_fields["contact"])
        self._attributes = [
            (fact, m.source, "" if m.source in _OFTEN_NONE else Unknown("not on record", fact))
            for fact, m in own
            if m.source in _CONTACT_ATTRIBUTES
        ]
        self._own = [(fact, m) for fact, m in own if m.source not in _CONTACT_ATTRIBUTES]
        self._records = [
            (record, _qualified(record, catalogue.record_fields[record]))
            for record in ("deal", "ticket", "product")
        ]
        absent = {fact: _absent(m) for _, fields in self._records for fact, m in fields}
        self._about_person = dict.fromkeys((fact for fact, _ in own), _UNSEEN) | absent
        self._stranger = dict.fromkeys(self._about_person, Unknown("the CRM has no such contact"))
        self._about_person |= dict.fromkeys(RIGHTS, False)
        self._classes = classes
        self._sheets: dict[tuple[str, ...], _Sheet] = {}

    def build(
        self,
        action: Action,
        kind: ActionKind,
        agent: Agent | None,
        person: Person | None,
        jurisdiction: Jurisdiction,
        now: datetime,
        speaking: Iterable[str] = (),
    ) -> dict[str, Any]:
        """Facts by qualified name, `Unknown` values included.

        Args:
            action: The action.
            kind: Its kind.
            agent: Its agent; None under an open charter.
            person: Its subject; None where the CRM has no such record.
            jurisdiction: Whose law.
            now: The instant of judging.
            speaking: Namespaces of the plugins whose facts the caller will add, or take out again.
        """
        sheet = self._sheet(kind, agent, speaking)
        facts = sheet.blank.copy()
        facts["action.channel"] = action.channel
        facts["action.cleaned"] = action.cleaned
        facts["action.has_text"] = action.text != ""
        facts["action.observed"] = len(action.observations)
        facts["action.purpose"] = action.purpose
        facts["action.text_length"] = len(action.text)
        facts["agent.name"] = action.agent
        facts["jurisdiction.codes"] = _codes(jurisdiction)
        facts["judged_at"] = now
        facts["sender.brand"] = action.sender.brand
        facts["sender.country"] = action.sender.country
        for name, fact, default, arg_type in sheet.arguments:
            value = action.args.get(name, default)
            plain = arg_type == "string" and value is not None
            facts[fact] = value if plain else _argument(value, arg_type)
        if kind.needs_subject:
            self._person(facts, person)
        return facts

    def _sheet(self, kind: ActionKind, agent: Agent | None, speaking: Iterable[str]) -> _Sheet:
        key = (kind.name, "" if agent is None else agent.name, *speaking)
        sheet = self._sheets.get(key)
        if sheet is None or sheet.kind is not kind or sheet.agent is not agent:
            sheet = self._sheets[key] = self._new_sheet(kind, agent, key[2:])
        return sheet

    def _new_sheet(self, kind: ActionKind, agent: Agent | None, speaking: Iterable[str]) -> _Sheet:
        arguments = tuple(
            _Argument(a.name, f"args.{a.name}", a.default, a.type)
            for a in kind.args
            if a.type != "any"
        )
        facts = dict.fromkeys(CORE, _UNSEEN) | _of_kind(kind) | _of_agent(agent)
        facts |= {"action.human_approved": False, "action.revision": 0, "run.actions": 0}
        facts |= {a.fact: _UNSEEN for a in arguments}
        facts |= self._about_person if kind.needs_subject else {}
        classes = [self._classes[n] for n in speaking if n in self._classes]
        facts |= {f.name: _UNSEEN for cls in classes for f in cls.fields}
        return _Sheet(kind, agent, dict(sorted(facts.items())), arguments)

    def _person(self, facts: dict[str, Any], person: Person | None) -> None:
        facts["contact.restricted"] = person is not None and person.restricted
        facts["contact.objected"] = person is not None and _objected(person)
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
        for record, fields in self._records if person.records else ():
            values = person.records.get(record)
            if values is not None:
                for fact, mapping in fields:
                    facts[fact] = _typed(values.get(mapping.source), fact, mapping)


def _of_kind(kind: ActionKind) -> dict[str, Any]:
    return {
        "action.kind": kind.name,
        "action.outbound": kind.outbound,
        "action.about_person": kind.about_person,
        "action.reversibility": kind.reversibility,
        "action.reads": kind.reads,
    }


def _of_agent(agent: Agent | None) -> dict[str, Any]:
    unknown = Unknown("the agent is not registered")
    return {f"agent.{n}": unknown if agent is None else getattr(agent, n) for n in _AGENT_FACTS}


_Fields = list[tuple[str, FieldMapping]]


def _objected(person: Person) -> bool:
    """Whether the last word about all advertising, by every way and brand, is a no.

    A later yes to one channel does not lift it: it allows that channel, and no profile.
    """
    said = [
        e for e in person.consents
        if e.purpose in _MARKETING and not (e.point or e.channel or e.brand)
    ]  # fmt: skip
    if not said:
        return False
    return max(said, key=lambda e: (e.at, e.status in OBJECTIONS)).status in OBJECTIONS


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
