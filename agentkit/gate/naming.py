"""Records under the names that the settings give to the business's own fields.

``[fields.product] stock = {source = "Bestand__c", type = "int"}`` makes a fact of a field, and
plugins find it under the same name. Expressions are judged on records as the CRM holds them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from agentkit.constitution.facts import FieldMapping
from agentkit.context import Person

__all__ = ["Naming"]

_CONTACT: Final = "contact"


class Naming:
    """Gives fields their mapped names; where no name differs, every person stays as it is."""

    def __init__(self, fields: Mapping[str, Mapping[str, FieldMapping]] | None = None) -> None:
        """Take the mapped fields by record, as the catalogue holds them."""
        renamed = {
            record: [(name, m.source) for name, m in mapped.items() if name != m.source]
            for record, mapped in (fields or {}).items()
        }
        self._renamed = {record: names for record, names in renamed.items() if names}

    def __bool__(self) -> bool:
        """Whether any name differs."""
        return bool(self._renamed)

    def of(self, person: Person) -> Person:
        """The person with each mapped field under its name, too; the mapping wins over a namesake.

        A mapped field that the record lacks hides a namesake that the mapping points away from.
        """
        contact = person.contact
        fields = self._named(_CONTACT, contact.fields)
        records = {record: self._named(record, values) for record, values in person.records.items()}
        return replace(person, contact=replace(contact, fields=fields), records=records)

    def _named(self, record: str, values: Mapping[str, Any]) -> Mapping[str, Any]:
        names = self._renamed.get(record)
        if not names:
            return values
        mapped = dict(names)
        kept = {name: value for name, value in values.items() if name not in mapped}
        return kept | {name: values[source] for name, source in names if source in values}
