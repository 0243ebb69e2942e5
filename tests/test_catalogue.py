from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentkit.agent import Agent
from agentkit.crm.catalogue import (
    KNOWN,
    CatalogueField,
    FieldCatalogue,
    field_catalogue,
    purposes_of,
)
from agentkit.errors import ConfigError
from agentkit.settings import Settings, load_settings

OUTREACH = Agent(
    "outreach", kinds=frozenset({"message.send", "offer.set"}),
    purposes=frozenset({"marketing", "service"}),
)  # fmt: skip
SCORING = Agent("scoring", kinds=frozenset({"lead.score"}))
CONTACT = {"name": "Anke", "email": "a@b.example", "phone": "+49", "language": "de", "pet": "cat"}


def listed(**records: Any) -> FieldCatalogue:
    return field_catalogue(Settings(catalogue=records))


def hidden(record: str, *names: str, purposes: Any = ("marketing",), **records: Any) -> list[str]:
    values = dict.fromkeys(names, "x")
    return [n.partition(".")[2] for n in listed(**records).shown(record, values, purposes)[1]]


def test_addresses_and_what_nobody_listed_of_a_person_are_shown_to_no_agent() -> None:
    shown, gone = FieldCatalogue({}).shown("contact", CONTACT, KNOWN)
    assert gone == ["contact.email", "contact.phone", "contact.pet"]
    assert shown == {"name": "Anke", "email": None, "phone": None, "language": "de", "pet": None}


def test_a_score_never_sees_the_name() -> None:
    assert hidden("contact", "name", "country", purposes=purposes_of(SCORING)) == ["name"]


def test_what_a_person_told_support_is_for_service() -> None:
    assert hidden("ticket", "id", "subject") == ["subject"]
    assert hidden("ticket", "id", "subject", purposes=["service"]) == []
    assert hidden("deal", "amount", "stage", "anything") == []


@pytest.mark.parametrize("name", ["iban", "Date of Birth", "health_notes", "password", "Allergies"])
def test_delicate_and_special_fields_are_known_by_their_names(name: str) -> None:
    assert hidden("deal", name, purposes=KNOWN) == [name]


def test_the_settings_open_a_field_to_a_purpose_and_to_no_other() -> None:
    allergies = {"contact": {"allergies": {"sensitivity": "special", "purposes": ["service"]}}}
    assert hidden("contact", "allergies", **allergies) == ["allergies"]
    assert hidden("contact", "allergies", purposes=["service"], **allergies) == []
    closed = {"deal": {"margin": {"source": "ERP", "retention": 365}}}
    assert hidden("deal", "margin", purposes=KNOWN, **closed) == ["margin"]


def test_an_agent_wants_data_for_what_its_charter_names() -> None:
    assert purposes_of(OUTREACH) == {"marketing", "service", "offers"}
    assert purposes_of(OUTREACH, "marketing") == {"marketing"}
    assert purposes_of(OUTREACH, "legal") == frozenset()
    assert purposes_of(SCORING) == {"scoring"}
    assert purposes_of(None) == KNOWN
    assert purposes_of(None, "support") == {"support"}


@given(st.dictionaries(st.text(max_size=20), st.integers(), max_size=8), st.sets(st.sampled_from(
    sorted(KNOWN))))  # fmt: skip
def test_every_field_is_either_shown_or_named_as_hidden(
    values: dict[str, int], purposes: set[str]
) -> None:
    for record in ("contact", "deal", "ticket"):
        shown, gone = FieldCatalogue({}).shown(record, values, purposes)
        assert shown.keys() == values.keys()
        assert {f"{record}.{n}" for n, v in shown.items() if v is None} == set(gone)


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        ({"person": {"x": {}}}, "describes no record"),
        ({"contact": {"x": {"purpose": ["service"]}}}, "no description"),
        ({"contact": {"x": "service"}}, "no description"),
        ({"contact": {"x": {"purposes": ["servcie"]}}}, "no purpose 'servcie'"),
        ({"contact": {"x": {"sensitivity": "high"}}}, "sensitivity 'high'"),
        ({"contact": {"x": {"retention": -1}}}, "whole days"),
        ({"contact": {"x": {"retention": True}}}, "whole days"),
    ],
)
def test_a_wrong_catalogue_is_refused_with_what_to_write(
    table: dict[str, Any], problem: str
) -> None:
    with pytest.raises(ConfigError, match=problem):
        field_catalogue(Settings(catalogue=table))


def test_the_settings_file_holds_it(tmp_path: Path) -> None:
    path = tmp_path / "agentkit.toml"
    path.write_text('[catalogue.contact]\npet = {source = "form", purposes = ["*"]}\n')
    found = field_catalogue(load_settings(path)).get("contact", "pet")
    assert found == CatalogueField("form", "ordinary", frozenset({"*"}))
