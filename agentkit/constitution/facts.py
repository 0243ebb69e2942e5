"""The catalogue of declared facts: what an expression may read, and where it exists.

Core facts come from the core itself, ``args.*`` from the action kinds, ``contact.*``, ``deal.*``,
``ticket.*`` and ``product.*`` from the CRM record through the mapping in the settings, and the rest
from the evidence classes of plugins.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, get_args

from agentkit.action import Scope
from agentkit.errors import ConfigError, PluginError
from agentkit.evidence import Evidence, FactType
from agentkit.kinds import ActionKind, Kinds

__all__ = ["CORE", "RECORD_FACTS", "RIGHTS", "Catalogue", "Declared", "FieldMapping"]

CORE: Final[Mapping[str, tuple[FactType, str]]] = {
    "action.kind": ("string", "name of the action kind"),
    "action.channel": ("string", "email, sms, phone, whatsapp, chat, post; empty if none"),
    "action.purpose": ("string", "the purpose that the agent declares"),
    "action.has_text": ("bool", "it carries text"),
    "action.text_length": ("int", "characters of its text"),
    "action.cleaned": ("bool", "characters that blind a judge were taken out of it"),
    "action.outbound": ("bool", "something reaches a person outside"),
    "action.about_person": ("bool", "it decides about a person"),
    "action.reversibility": ("string", "reversible, compensable or irreversible"),
    "action.reads": ("bool", "it only reads"),
    "action.observed": ("int", "how many untrusted texts the agent read before it proposed"),
    "action.human_approved": ("bool", "a person approved exactly this text and these arguments"),
    "action.revision": ("int", "how many times it was revised"),
    "sender.brand": ("string", "brand on whose behalf"),
    "sender.country": ("string", "country of the sender"),
    "agent.name": ("string", "name of the agent"),
    "agent.owner": ("string", "the person answerable for it"),
    "agent.model": ("string", "its language model"),
    "agent.provider": ("string", "who runs that model"),
    "agent.region": ("string", "where it runs"),
    "jurisdiction.codes": ("list(string)", "codes that certainly apply: DE, EU, US-TX"),
    "run.actions": ("int", "actions of this run before this one"),
    "judged_at": ("timestamp", "the instant of judging"),
}
"""Facts of the core: type and meaning."""

RECORD_FACTS: Final[Mapping[str, Mapping[str, tuple[str, FactType]]]] = {
    "contact": {
        "country": ("country", "string"),
        "region": ("region", "string"),
        "timezone": ("timezone", "string"),
        "language": ("language", "string"),
        "type": ("type", "string"),
        "company": ("company", "string"),
    },
    "deal": {
        "amount": ("amount", "double"),
        "currency": ("currency", "string"),
        "discount": ("discount", "double"),
        "stage": ("stage", "string"),
    },
    "ticket": {
        "open_p1": ("open_p1", "int"),
        "priority": ("priority", "string"),
        "open": ("open", "bool"),
    },
    "product": {
        "price": ("price", "double"),
        "currency": ("currency", "string"),
        "stock": ("stock", "int"),
    },
}
"""Record facts that exist without a mapping: fact name to (source field, type)."""

RIGHTS: Final[Mapping[str, str]] = {
    "contact.restricted": "the person's data may only be stored until somebody lifts that",
    "contact.objected": "the person objects to all advertising, profiling for it included",
}
"""What a person has asked for: true or false, never unknown, for kinds that need a subject."""

_FACT: Final = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True, slots=True)
class FieldMapping:
    """One of the business's own fields, made a fact."""

    source: str
    type: FactType

    def __post_init__(self) -> None:
        """Refuse a type that cannot be judged, and a source that is no name."""
        if not isinstance(self.source, str) or not self.source:
            raise ConfigError(
                f"the source of a mapped field must be a name, not {self.source!r:.40}",
                hint='write it like tier = {source = "Customer Tier", type = "string"}',
            )
        if self.type not in get_args(FactType):
            known = ", ".join(get_args(FactType))
            raise ConfigError(f"{self.type!r} is no type of a fact", hint=f"types: {known}")


@dataclass(frozen=True, slots=True)
class Declared:
    """One declared fact."""

    name: str
    type: FactType
    scope: Scope
    owner: str
    doc: str = ""
    volatile: bool = False
    personal: bool = False


class Catalogue:
    """Every declared fact by name."""

    def __init__(
        self,
        kinds: Kinds,
        classes: Iterable[type[Evidence]] = (),
        mappings: Mapping[str, Mapping[str, FieldMapping]] | None = None,
    ) -> None:
        """Declare the core's facts, the kinds' arguments, record fields and plugins' evidence."""
        self.kinds = kinds
        self.facts: dict[str, Declared] = {}
        self.record_fields: dict[str, dict[str, FieldMapping]] = {}
        for name, (kind_of, doc) in CORE.items():
            self._add(Declared(name, kind_of, Scope(), "agentkit", doc))
        self._declare_arguments(kinds)
        self._declare_records(kinds, mappings or {})
        for cls in classes:
            self._declare_evidence(cls)

    def types(self) -> dict[str, FactType]:
        """Fact types by name, as the dialect wants them."""
        return {name: declared.type for name, declared in self.facts.items()}

    def _add(self, declared: Declared) -> None:
        if declared.name in self.facts:
            owner = self.facts[declared.name].owner
            raise PluginError(f"the fact {declared.name!r} is declared by {owner} already")
        self.facts[declared.name] = declared

    def _declare_arguments(self, kinds: Kinds) -> None:
        """``args.NAME`` exists for the kinds that declare it, with one type for all of them."""
        found: dict[str, tuple[FactType, set[str]]] = {}
        for kind in kinds:
            for name, fact_type in _arguments(kind):
                known, names = found.setdefault(name, (fact_type, set()))
                if known != fact_type:
                    raise PluginError(
                        f"argument {name!r} is {fact_type} in {kind.name} but {known} in "
                        f"{', '.join(sorted(names))}",
                        hint="give one of them another name",
                    )
                names.add(kind.name)
        for name, (fact_type, names) in found.items():
            self._add(Declared(f"args.{name}", fact_type, Scope.of(names), "kinds"))

    def _declare_records(
        self, kinds: Kinds, mappings: Mapping[str, Mapping[str, FieldMapping]]
    ) -> None:
        subjects = Scope.of(k.name for k in kinds if k.needs_subject)
        for record, builtin in RECORD_FACTS.items():
            fields = {n: FieldMapping(*spec) for n, spec in builtin.items()}
            fields |= mappings.get(record, {})
            wrong = [name for name in fields if not _FACT.fullmatch(name)]
            if wrong:
                raise ConfigError(
                    f"no expression could read the field {record}.{wrong[0]}",
                    hint="name it in small letters, digits and _: customer_tier",
                )
            self.record_fields[record] = fields
            for name, mapping in fields.items():
                self._add(Declared(f"{record}.{name}", mapping.type, subjects, "record"))
        for name, doc in RIGHTS.items():
            self._add(Declared(name, "bool", subjects, "agentkit", doc, volatile=True))
        unknown = sorted(set(mappings) - set(RECORD_FACTS))
        if unknown:
            raise ConfigError(
                f"fields of {unknown[0]!r} cannot be mapped",
                hint=f"records: {', '.join(RECORD_FACTS)}",
            )

    def _declare_evidence(self, cls: type[Evidence]) -> None:
        for field in cls.fields:
            self._add(
                Declared(
                    field.name,
                    field.type,
                    cls.scope,
                    cls.__name__,
                    field.doc,
                    field.volatile,
                    field.personal,
                )
            )


def _arguments(kind: ActionKind) -> Iterable[tuple[str, FactType]]:
    for arg in kind.args:
        if arg.type == "list":
            yield arg.name, "list(string)"
        elif arg.type != "any":
            yield arg.name, arg.type
