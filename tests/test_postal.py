from __future__ import annotations

from pathlib import Path

import pytest

from agentkit.context import ConsentRecord
from agentkit.crm import BuiltinCRM
from agentkit.crm.importing import import_consents, import_contacts
from agentkit.crm.inline import read_person
from agentkit.crm.places_data import REGION_NAMES
from agentkit.crm.postal import _tables, region_of_postal_code
from agentkit.store import Store, execute


@pytest.mark.parametrize(
    ("country", "code", "region"),
    [
        ("US", "78701", "TX"),
        ("US", "10001-1234", "NY"),
        ("US", "33101", "FL"),
        ("US", "05501", ""),  # Andover, Massachusetts, amid Vermont's
        ("US", "83414", ""),  # Wyoming amid Idaho's
        ("US", "787", ""),
        ("CA", "M5V 3L9", "ON"),
        ("CA", "x0a0h0", ""),
        ("AU", "3000", "VIC"),
        ("AU", "2000", ""),
        ("ES", "35001", "GC"),
        ("DE", "80331", ""),
        ("", "78701", ""),
    ],
)
def test_a_postal_code_tells_a_region_only_where_it_is_certain(
    country: str, code: str, region: str
) -> None:
    assert region_of_postal_code(country, code) == region


def test_every_region_that_a_postal_code_tells_is_one_of_the_country() -> None:
    for country in ("US", "CA", "AU"):
        assert set(_tables()[country].values()) <= set(REGION_NAMES.get(country, ())), country


def test_an_import_fills_the_region_and_leaves_a_contradiction_open(
    store: Store, tmp_path: Path
) -> None:
    path = tmp_path / "contacts.csv"
    path.write_text(
        "Record ID,Country/Region,State/Region,Postal Code,Address source,Bought categories\n"
        "C-1,US,,78701,checkout,sofa; chair\nC-2,US,NY,78701,,\nC-3,US,TX,78701,,\n"
    )
    report = import_contacts(store, "t", path)
    crm = BuiltinCRM(store)
    people = [crm.contact("t", f"C-{n}") for n in (1, 2, 3)]
    assert [p and p.region for p in people] == ["TX", "", "TX"]
    assert [(p.line, p.reason) for p in report.problems] == [
        (3, "the postal code lies in TX, not in NY: left open"),
    ]  # fmt: skip
    assert people[0] is not None
    assert people[0].fields["address_source"] == "checkout"
    assert people[0].fields["bought_categories"] == ["sofa", "chair"]
    assert people[0].fields["Postal Code"] == "78701"


def test_a_contact_given_with_the_action_is_placed_by_its_postal_code() -> None:
    given = {"country": "US", "postal_code": "78701"}
    assert read_person(given, "c1").contact.region == "TX"
    assert read_person({**given, "region": "Texas"}, "c1").contact.region == "TX"
    assert read_person({**given, "region": "NY"}, "c1").contact.region == ""


def test_a_consent_given_with_the_action_says_how_it_was_captured() -> None:
    event = {
        "status": "granted", "at": "2026-01-02", "lawful_basis": "eu-gdpr:A6-1-a",
        "method": "Web_Form", "notice_version": "7", "scope": "",
    }  # fmt: skip
    (record,) = read_person({"consents": [event]}, "c1").consents
    assert (record.lawful_basis, record.method, record.notice) == ("consent", "web_form", "7")


def test_a_file_of_events_says_how_they_were_captured(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "events.csv"
    path.write_text(
        "point,channel,purpose,status,at,lawful_basis,method,notice_version,scope,brand,country\n"
        "0171 3920043,sms,dpv:DirectMarketing,granted,2026-01-02,A6-1-f,PAPER,7,,M,DE\n"
        "a@example.org,email,,withdrawn,2026-01-02,,,,controller,M,\n"
        "a@example.org,email,,withdrawn,2026-01-03,,,,galaxy,M,\n"
    )
    report = import_consents(store, "t", path)
    assert [p.line for p in report.problems if p.severity == "skipped"] == [4]
    with store.read() as conn:
        sql = (
            "select point, purpose, lawful_basis, method, notice, scope from consent_events "
            "order by point"
        )
        rows = [tuple(row) for row in execute(conn, sql)]
    assert rows == [
        ("+491713920043", "direct_marketing", "legitimate_interest", "paper", "7", ""),
        ("a@example.org", "", "", "", "", "controller"),
    ]
    assert ConsentRecord.__slots__[-3:] == ("lawful_basis", "method", "scope")
