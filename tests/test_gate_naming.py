"""The business's own field names, mapped in the settings, reach plugins and expressions alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from agentkit.agent import Register
from agentkit.clock import FixedClock
from agentkit.constitution import Binding, Catalogue, FieldMapping, Policy
from agentkit.gate import Gate
from agentkit.gate.naming import Naming
from agentkit.plugins import Plugins
from tests.gates import Crowd
from tests.plugins.shop import DISCLOSED, FIRST_PARTY, LAST_YEAR, NOON, Words, act, person

STOCK = {"product": {"stock": FieldMapping("Bestand__c", "int")}}
TEXT = "Our new sofa is here. Only 2 left!" + DISCLOSED


def facts_of(
    mappings: Mapping[str, Mapping[str, FieldMapping]], **fields: Any
) -> Mapping[str, Any]:
    """Facts of a marketing mail to somebody under some mappings."""
    plugins = Plugins.of(*FIRST_PARTY)
    catalogue = Catalogue(plugins.kinds, plugins.evidence_classes.values(), mappings)
    gate = Gate(
        plugins=plugins,
        policy=Policy([Binding(constitutions=("crm-default",))], catalogue),
        register=Register({}, open=True),
        kinds=plugins.kinds,
        clock=FixedClock(NOON),
        people=Crowd(person(**fields)),
        classifier=Words,
    )
    return gate.review(act(text=TEXT)).facts


@pytest.mark.parametrize(
    ("record", "contradicted"),
    [
        ({"Bestand__c": 400}, True),
        ({"Bestand__c": 2}, False),
        ({"Bestand__c": 400, "stock": 2}, True),
        ({"Bestand__c": 2, "stock": 400}, False),
    ],
    ids=["mapped", "mapped and true", "the mapping wins", "the mapping wins, true"],
)
def test_a_claim_is_compared_with_the_field_that_the_settings_name(
    record: dict[str, Any], *, contradicted: bool
) -> None:
    gate_facts = facts_of(STOCK, records={"product": record})
    assert ("stock" in gate_facts["truth.contradicted"]) is contradicted
    assert gate_facts["product.stock"] == record["Bestand__c"]


def test_without_a_mapping_a_strange_name_supports_nothing() -> None:
    found = facts_of({}, records={"product": {"Bestand__c": 400}})
    assert found["truth.contradicted"] == ()
    assert "stock" in found["truth.unsupported"]


def test_a_namesake_that_the_mapping_points_away_from_proves_nothing() -> None:
    found = facts_of(STOCK, records={"product": {"stock": 400}})
    assert found["truth.contradicted"] == ()


def test_a_mapped_field_of_the_contact_reaches_plugins_too() -> None:
    mapped = {"contact": {"address_source": FieldMapping("Quelle", "string")}}
    bought: dict[str, Any] = {"bought": LAST_YEAR, "fields": {"Quelle": "trade fair"}}
    assert facts_of(mapped, **bought)["consent.from_sale"] is False
    assert facts_of({}, **bought)["consent.from_sale"] is True


def test_two_fields_may_change_names() -> None:
    """Expressions read the record as the CRM holds it, plugins the mapped one; both agree."""
    swap = {
        "product": {
            "stock": FieldMapping("price", "int"),
            "price": FieldMapping("stock", "int"),
        }
    }
    who = person(records={"product": {"stock": 7, "price": 2}})
    assert Naming(swap).of(who).records["product"] == {"stock": 2, "price": 7}
    assert facts_of(swap, records=who.records)["product.stock"] == 2


def test_where_no_name_differs_nothing_is_copied() -> None:
    assert not Naming(Catalogue(Plugins.of(*FIRST_PARTY).kinds).record_fields)
    assert Naming(STOCK)
