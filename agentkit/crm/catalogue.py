"""The field catalogue: where a field comes from, how delicate it is, what it may serve, how long.

    [catalogue.contact]
    allergies = {source = "order form", sensitivity = "special", purposes = ["service"]}

    [catalogue.ticket]
    subject = {purposes = ["service", "support"], retention = 365}

An agent is shown only the fields that its purpose needs; the others are named and empty. What is
not in the catalogue is judged by its name and its record, strictly: data of a ticket serve service,
a contact's own fields serve nothing until somebody lists them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

from agentkit.agent import Agent
from agentkit.errors import ConfigError
from agentkit.kinds import PURPOSES
from agentkit.settings import Settings

__all__ = ["CatalogueField", "FieldCatalogue", "Sensitivity", "field_catalogue", "purposes_of"]

Sensitivity = Literal["public", "ordinary", "contact", "delicate", "special"]
"""``contact``: an address or number; ``delicate``: money trouble, identity, credentials;
``special``: GDPR Art. 9(1)."""

SCORING: Final = "scoring"
OFFERS: Final = "offers"
KNOWN: Final = PURPOSES | {SCORING, OFFERS}
"""Purposes of the catalogue: those of actions, and of decisions about people."""
_SERVICE: Final = frozenset({"service", "support", "transactional", "contract", "billing"})
_RECORDS: Final = ("contact", "deal", "ticket", "product")
_DELICATE: Final = re.compile(
    r"password|secret|token|iban|card|passport|(?:tax|social|national)_?(?:id|number)|ssn|birth|"
    r"salary|dunning|arrears|overdue|gps|latitude|longitude"
)
_SPECIAL: Final = re.compile(
    r"health|diagnos|illness|disab|pregnan|allerg|religio|belief|ethnic|race|racial|politic|union|"
    r"sexual|genetic|biometric|gesundheit|krankheit|konfession|santé|salud"
)


@dataclass(frozen=True, slots=True)
class CatalogueField:
    """One field of a record.

    Attributes:
        source: Where it comes from, for people.
        sensitivity: How delicate it is.
        purposes: What it may serve; ``*`` is everything.
        retention: Days that it is kept; 0: as long as the record.
    """

    source: str = ""
    sensitivity: Sensitivity = "ordinary"
    purposes: frozenset[str] = frozenset({"*"})
    retention: int = 0

    def serves(self, purposes: Iterable[str]) -> bool:
        """Whether one of ``purposes`` needs it."""
        return "*" in self.purposes or not self.purposes.isdisjoint(purposes)


_EVERYTHING: Final = CatalogueField()
_NOTHING: Final = CatalogueField(purposes=frozenset())
_SERVED: Final = CatalogueField(purposes=_SERVICE)
_ANY: Final = frozenset({"*"})
_DEFAULT: Final[Mapping[tuple[str, str], CatalogueField]] = {
    ("contact", "name"): CatalogueField("CRM", "ordinary", PURPOSES | {OFFERS}),
    ("contact", "email"): CatalogueField("CRM", "contact", frozenset()),
    ("contact", "phone"): CatalogueField("CRM", "contact", frozenset()),
    ("contact", "language"): CatalogueField("CRM", "ordinary", _ANY),
    ("contact", "country"): CatalogueField("CRM", "ordinary", _ANY),
    ("contact", "company"): CatalogueField("CRM", "public", _ANY),
    ("contact", "type"): CatalogueField("CRM", "ordinary", _ANY),
    ("contact", "owner"): CatalogueField("CRM", "ordinary", _ANY),
    ("contact", "segment"): CatalogueField("CRM", "ordinary", _ANY),
    ("contact", "last_purchase"): CatalogueField("CRM", "ordinary", _ANY),
}
"""Addresses and numbers serve no agent: whoever sends looks them up."""


class FieldCatalogue:
    """Every field that the settings describe, and what holds for the others."""

    def __init__(self, fields: Mapping[tuple[str, str], CatalogueField]) -> None:
        """Take fields by record and name; they win over the defaults."""
        self.fields = {**_DEFAULT, **fields}

    def get(self, record: str, name: str) -> CatalogueField:
        """What holds for a field, listed or not."""
        listed = self.fields.get((record, name))
        if listed is not None:
            return listed
        plain = name.lower().replace(" ", "_").replace("-", "_")
        if _SPECIAL.search(plain):
            return CatalogueField("", "special", frozenset())
        if _DELICATE.search(plain):
            return CatalogueField("", "delicate", frozenset())
        if record == "contact":
            return _NOTHING
        return _SERVED if record == "ticket" and name != "id" else _EVERYTHING

    def shown(
        self, record: str, values: Mapping[str, Any], purposes: Iterable[str]
    ) -> tuple[dict[str, Any], list[str]]:
        """The values that ``purposes`` need, None in place of the others, and those others' names.

        Args:
            record: ``contact``, ``deal``, ``ticket`` or ``product``.
            values: By field.
            purposes: What the values are wanted for.
        """
        wanted = frozenset(purposes)
        hidden = [name for name in values if not self.get(record, name).serves(wanted)]
        shown = {name: None if name in hidden else value for name, value in values.items()}
        return shown, [f"{record}.{name}" for name in hidden]


def field_catalogue(settings: Settings) -> FieldCatalogue:
    """The catalogue of an installation.

    Raises:
        ConfigError: an unknown record, key, sensitivity or purpose.
    """
    fields = {}
    for record, named in settings.catalogue.items():
        if record not in _RECORDS:
            raise ConfigError(
                f"catalogue.{record} describes no record", hint=f"records: {', '.join(_RECORDS)}"
            )
        for name, spec in named.items():
            fields[record, name] = _read(f"catalogue.{record}.{name}", spec)
    return FieldCatalogue(fields)


def purposes_of(agent: Agent | None, wanted: str = "") -> frozenset[str]:
    """What an agent may want data for.

    Args:
        agent: Its charter; None under an open charter.
        wanted: The purpose that it names; empty: every one of its charter.
    """
    if agent is None:
        return frozenset({wanted}) if wanted else KNOWN
    own = set(agent.purposes)
    own |= {SCORING} if agent.kinds & {"lead.score", "segment.add"} else set()
    own |= {OFFERS} if "offer.set" in agent.kinds else set()
    return frozenset(own & {wanted} if wanted else own)


def _read(where: str, spec: Any) -> CatalogueField:
    keys = tuple(CatalogueField.__slots__)
    if not isinstance(spec, Mapping) or set(spec) - set(keys):
        raise ConfigError(
            f"{where} is no description of a field",
            hint=f'write it like {{purposes = ["service"]}}; keys: {", ".join(keys)}',
        )
    sensitivity = spec.get("sensitivity", "ordinary")
    if sensitivity not in get_args(Sensitivity):
        known = ", ".join(get_args(Sensitivity))
        raise ConfigError(
            f"{where}: sensitivity {sensitivity!r:.40} is none", hint=f"one of {known}"
        )
    days = spec.get("retention", 0)
    if type(days) is not int or days < 0:
        raise ConfigError(f"{where}: retention must be whole days, not {days!r:.40}")
    return CatalogueField(
        str(spec.get("source", "")), sensitivity, _purposes(where, spec.get("purposes", [])), days
    )


def _purposes(where: str, words: Any) -> frozenset[str]:
    listed = words if isinstance(words, list) else [words]
    strange = [w for w in listed if w not in KNOWN | {"*"}]
    if strange:
        known = ", ".join(sorted(KNOWN))
        raise ConfigError(
            f"{where}: there is no purpose {strange[0]!r:.40}", hint=f"known: {known}"
        )
    return frozenset(listed)
