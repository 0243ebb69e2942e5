from __future__ import annotations

import csv
import io
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agentkit.cli.import_ import command, import_book
from agentkit.clock import FixedClock
from agentkit.consent import events_of, normal_point, record_consent, state, suppress
from agentkit.context import ConsentRecord, Contact
from agentkit.crm import BuiltinCRM, zones_of
from agentkit.crm.importing import (
    ImportReport,
    import_consents,
    import_contacts,
    import_history,
    import_mails,
    import_records,
)
from agentkit.crm.importing.reading import Broken, Row, open_table
from agentkit.crm.places import country_code, language_code, region_code, time_zone
from agentkit.errors import ImportFileError
from agentkit.store import Store, execute

BOOK = Path(__file__).parent.parent / "examples" / "book"
HUBSPOT = (
    "Record ID", "First Name", "Last Name", "Email", "Phone Number", "Mobile Phone Number",
    "Country/Region", "State/Region", "Time Zone", "Preferred language", "Company Name",
    "Unsubscribed from all email", "Brand", "Last order date", "Create Date", "Tier",
)  # fmt: skip
ANKE = {
    "Record ID": "C-1", "First Name": "Anke", "Last Name": "Petersen",
    "Email": "Anke.Petersen@example.org", "Country/Region": "Deutschland",
}  # fmt: skip


def sheet(*rows: dict[str, str], delimiter: str = ",", header: tuple[str, ...] = HUBSPOT) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, header, delimiter=delimiter, restval="")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


@pytest.fixture
def file(tmp_path: Path) -> Any:
    def write(content: str | bytes, name: str = "contacts.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def contact(store: Store, id_: str = "C-1") -> Contact:
    found = BuiltinCRM(store).contact("t", id_)
    assert found is not None
    return found


def count(store: Store, table: str) -> int:
    with store.read() as conn:
        return int(execute(conn, f"select count(*) from {table}").scalar_one())


def status(
    store: Store, id_: str = "C-1", channel: str = "email", purpose: str = "marketing"
) -> str:
    person = contact(store, id_)
    with store.read() as conn:
        events = events_of(conn, "t", id_, [p for p in (person.email, person.phone) if p])
    now = store.clock.now()
    return state(events, person.point(channel), channel, purpose, "Möbel", now).status


def said(report: ImportReport) -> list[tuple[int, str]]:
    return [(p.line, p.severity) for p in report.problems]


# --- a contact ------------------------------------------------------------------------------------


def test_a_row_becomes_a_contact_in_normal_form(any_store: Store, file: Any) -> None:
    row = ANKE | {
        "Phone Number": "040/66969841", "Mobile Phone Number": "0171 3920043",
        "State/Region": "Sachsen", "Time Zone": "europe_slash_berlin",
        "Preferred language": "de-at", "Last order date": "2026-08-29", "Tier": "gold",
        "Brand": "Möbel",
    }  # fmt: skip
    report = import_contacts(any_store, "t", file(sheet(row)))
    person = contact(any_store)
    assert (report.format, report.added, report.problems) == ("hubspot", 1, [])
    assert person.name == "Anke Petersen"
    assert person.email == "anke.petersen@example.org"
    assert (person.phone, person.fields["mobile"]) == ("+494066969841", "+491713920043")
    assert (person.country, person.region, person.timezone) == ("DE", "SN", "Europe/Berlin")
    assert (person.language, person.type) == ("de", "consumer")
    assert str(person.relationship.last_purchase) == "2026-08-29 00:00:00+00:00"
    assert person.fields["Tier"] == "gold"


def test_salesforce_by_api_names_and_by_report_labels(store: Store, file: Any) -> None:
    api = (
        '"Id","FirstName","LastName","Email","MailingCountry","Account.Name","HasOptedOutOfEmail",'
        '"DoNotCall","Time_Zone__c","Owner.Name"\n'
        '"003A","Ayşe","Karataş","a@foerdewind.example","Germany","Fördewind","false","true",'
        '"(GMT+01:00) Central European Standard Time (Europe/Berlin)","Jonas"\n'
    )
    labels = "Contact ID,Last Name,Email,Mailing Country,Email Opt Out\n003B,Novak,n@x.example,US,1"
    assert import_contacts(store, "t", file(api)).format == "salesforce"
    assert import_contacts(store, "t", file(labels)).added == 1
    person = contact(store, "003A")
    assert (person.type, person.owner, person.timezone) == ("business", "Jonas", "Europe/Berlin")
    assert status(store, "003A", "phone") == "withdrawn"
    assert status(store, "003A") == "not_specified"
    assert status(store, "003B") == "withdrawn"


@pytest.mark.parametrize(
    "encoded",
    [
        sheet(ANKE | {"Last Name": "Größer"}).encode(),
        sheet(ANKE | {"Last Name": "Größer"}).encode("utf-8-sig"),
        sheet(ANKE | {"Last Name": "Größer"}).encode("utf-16"),
        sheet(ANKE | {"Last Name": "Größer"}).encode("utf-16-le"),
        sheet(ANKE | {"Last Name": "Größer"}).encode("utf-16-be"),
        sheet(ANKE | {"Last Name": "Größer"}).encode("cp1252"),
        sheet(ANKE | {"Last Name": "Größer"}, delimiter=";").encode(),
        sheet(ANKE | {"Last Name": "Größer"}, delimiter="\t").encode(),
        b"sep=;\r\n" + sheet(ANKE | {"Last Name": "Größer"}, delimiter=";").encode(),
        sheet(ANKE | {"Last Name": "Größer"}).replace("\r\n", "\r").encode(),
    ],
    ids=["utf8", "bom", "utf16", "le", "be", "cp1252", "semicolon", "tab", "excel", "mac"],
)
def test_every_usual_encoding_and_delimiter_is_read(
    store: Store, file: Any, encoded: bytes
) -> None:
    assert import_contacts(store, "t", file(encoded)).added == 1
    assert contact(store).name == "Anke Größer"


def test_a_cell_may_hold_newlines_and_quotes_and_the_lines_still_count(
    store: Store, file: Any
) -> None:
    rows = [ANKE | {"Tier": 'says "hi"\nand\n\nmore'}, ANKE | {"Record ID": ""}]
    report = import_contacts(store, "t", file(sheet(*rows)))
    assert contact(store).fields["Tier"] == 'says "hi"\nand\n\nmore'
    assert said(report) == [(6, "skipped")]


# --- bad rows -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ({"Record ID": ""}, "no id"),
        ({"Email": "randall.oakes at example.com"}, "address"),
        ({"Email": "a@@b.example"}, "address"),
        ({"Create Date": "2026-02-30 14:05"}, "does not exist"),
        ({"Last order date": "31.02.2026"}, "does not exist"),
        ({"Tier": "x" * 10_001}, "longer than"),
        ({"Tier": "x" * 200_000}, "CSV"),
    ],
)
def test_a_bad_row_is_reported_by_line_and_the_good_ones_kept(
    store: Store, file: Any, bad: dict[str, str], reason: str
) -> None:
    rows = [ANKE, ANKE | {"Record ID": "C-2"} | bad, ANKE | {"Record ID": "C-3", "Email": ""}]
    report = import_contacts(store, "t", file(sheet(*rows)))
    assert (report.added, report.skipped, report.rows) == (2, 1, 3)
    [problem] = [p for p in report.problems if p.severity == "skipped"]
    assert problem.line == 3
    assert reason in problem.reason


def test_too_few_and_too_many_cells(store: Store, file: Any) -> None:
    text = sheet(ANKE).rstrip() + "\r\nC-2,short\r\n" + "C-3" + "," * 40 + "x\r\nC-4" + "," * 20
    report = import_contacts(store, "t", file(text))
    assert said(report) == [(3, "skipped"), (4, "skipped")]
    assert report.added == 2


def test_a_quote_that_is_never_closed_spoils_one_line_only(store: Store, file: Any) -> None:
    rows = [ANKE | {"Record ID": f"C-{n}"} for n in range(1, 400)]
    lines = sheet(*rows).splitlines()
    lines[100] = 'C-100,"Anke' + "," * 14
    report = import_contacts(store, "t", file("\n".join(lines)))
    skipped = [p.line for p in report.problems if p.severity == "skipped"]
    assert (skipped, report.added) == ([101], 398)


def test_bytes_that_are_not_utf8_spoil_one_line_only(store: Store, file: Any) -> None:
    rows = [ANKE | {"Record ID": f"C-{n}", "Last Name": "Größer"} for n in range(1, 50)]
    lines = sheet(*rows).encode().splitlines()
    lines[10] = lines[10].replace("ö".encode(), b"\xf6")
    report = import_contacts(store, "t", file(b"\n".join(lines)))
    skipped = [p.line for p in report.problems if p.severity == "skipped"]
    assert (skipped, report.added) == ([11], 48)


def test_one_percent_of_broken_rows_costs_one_percent(store: Store, file: Any) -> None:
    rows = [
        ANKE | {"Record ID": f"C-{n}", "Email": f"c{n}@example.org" if n % 100 else "broken"}
        for n in range(3000)
    ]
    report = import_contacts(store, "t", file(sheet(*rows)))
    assert (report.added, report.skipped) == (2970, 30)
    assert report.problems[0].line == 2
    assert count(store, "contacts") == 2970


def test_nul_and_hostile_characters_are_cleaned(store: Store, file: Any) -> None:
    import_contacts(store, "t", file(sheet(ANKE | {"Tier": "go\0ld =cmd|'x'!A1"})))
    assert contact(store).fields["Tier"] == "gold =cmd|'x'!A1"


def test_what_is_not_recognised_stays_unknown_and_is_said(store: Store, file: Any) -> None:
    row = ANKE | {
        "Country/Region": "Atlantis", "Time Zone": "Mars/Olympus", "Preferred language": "Klingon",
        "Phone Number": "0171 3920043",
    }  # fmt: skip
    report = import_contacts(store, "t", file(sheet(row)))
    person = contact(store)
    assert (person.country, person.timezone, person.language, person.phone) == ("", "", "", "")
    assert said(report) == [(2, "changed")] * 4
    assert person.fields["phone_text"] == "0171 3920043"


@pytest.mark.parametrize(
    "contradiction",
    [
        {"Country/Region": "Germany", "Time Zone": "America/New_York"},
        {"Country/Region": "Germany", "Phone Number": "+1 716 555 0162"},
        {"Country/Region": "United States", "State/Region": "Bayern"},
    ],
)
def test_contradictions_are_said(store: Store, file: Any, contradiction: dict[str, str]) -> None:
    report = import_contacts(store, "t", file(sheet(ANKE | contradiction)))
    assert report.added == 1
    assert len(report.problems) == 1


def test_of_two_rows_with_one_id_the_first_is_kept_and_a_no_in_the_second_counts(
    store: Store, file: Any
) -> None:
    other = ANKE | {
        "First Name": "Bert", "Email": "bert@example.org", "Unsubscribed from all email": "true"
    }  # fmt: skip
    report = import_contacts(store, "t", file(sheet(ANKE, other)))
    assert said(report) == [(3, "skipped")]
    assert contact(store).name == "Anke Petersen"
    assert status(store) == "not_specified"
    import_contacts(store, "t", file(sheet(other | {"Record ID": "C-2"}), "more.csv"))
    assert status(store, "C-2") == "withdrawn"


def test_two_contacts_with_one_mailbox_are_said(store: Store, file: Any) -> None:
    report = import_contacts(store, "t", file(sheet(ANKE, ANKE | {"Record ID": "C-2"})))
    assert [(p.line, p.severity) for p in report.problems] == [(3, "note")]
    assert "C-1" in report.problems[0].reason


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "no header"),
        ("\n\n", "no header"),
        ("Name,Email\nAnke,a@b.example\n", "id of the contact"),
        ("Record ID,Email,Email\nC-1,a@b.example,\n", "twice"),
    ],
)
def test_a_file_that_is_no_export_is_refused_as_a_whole(
    store: Store, file: Any, content: str, message: str
) -> None:
    with pytest.raises(ImportFileError, match=message):
        import_contacts(store, "t", file(content))


def test_a_format_that_was_asked_for_must_be_there(store: Store, file: Any) -> None:
    with pytest.raises(ImportFileError):
        import_contacts(store, "t", file(sheet(ANKE)), "salesforce")


def test_a_missing_file_is_refused(store: Store, tmp_path: Path) -> None:
    with pytest.raises(ImportFileError, match="cannot be read"):
        import_contacts(store, "t", tmp_path / "nope.csv")


# --- permission -----------------------------------------------------------------------------------


@pytest.mark.parametrize("yes", ["true", "TRUE", "1", "Yes", "ja", "wahr", "maybe"])
def test_an_opt_out_closes_marketing_but_not_invoices(store: Store, file: Any, yes: str) -> None:
    import_contacts(store, "t", file(sheet(ANKE | {"Unsubscribed from all email": yes})))
    assert status(store) == "withdrawn"
    assert status(store, purpose="research") == "withdrawn"
    assert status(store, purpose="transactional") == "not_specified"


@pytest.mark.parametrize("column", ["Subscribed", "Newsletter", "Email Opt-in"])
def test_subscribed_is_no_consent_and_never_outweighs_a_withdrawal(
    store: Store, clock: FixedClock, file: Any, column: str
) -> None:
    text = sheet(ANKE | {column: "TRUE"}, header=(*HUBSPOT, column))
    import_contacts(store, "t", file(text))
    assert status(store) == "not_specified"
    point = "anke.petersen@example.org"
    at = clock.now() - timedelta(days=7)
    with store.write() as unit:
        record = ConsentRecord(point, "email", "marketing", "Möbel", "withdrawn", at)
        record_consent(unit, "t", "C-1", record, now=at)
    report = import_contacts(store, "t", file(text))
    [note] = [p for p in report.problems if "kept" in p.reason]
    assert (note.line, "2026-11-16" in note.reason) == (2, True)
    assert status(store) == "withdrawn"


def test_an_opt_out_of_every_brand_counts_although_one_brand_is_closed(
    store: Store, clock: FixedClock, file: Any
) -> None:
    import_contacts(store, "t", file(sheet(ANKE)))
    with store.write() as unit:
        record = ConsentRecord("", "email", "marketing", "Outlet", "withdrawn", clock.now())
        record_consent(unit, "t", "C-1", record, now=clock.now())
    assert status(store) == "not_specified"
    import_contacts(store, "t", file(sheet(ANKE | {"Unsubscribed from all email": "true"})))
    assert status(store) == "withdrawn"


def test_an_opt_out_ends_an_older_grant_and_the_grant_in_the_file_is_reported(
    store: Store, file: Any
) -> None:
    import_contacts(store, "t", file(sheet(ANKE | {"Unsubscribed from all email": "true"})))
    text = (
        "point,channel,purpose,brand,status,at\n"
        "anke.petersen@example.org,email,marketing,Möbel,granted,2024-01-01T00:00:00+01:00\n"
    )
    report = import_consents(store, "t", file(text, "consents.csv"))
    assert (report.added, said(report)) == (1, [(2, "note")])
    assert status(store) == "withdrawn"


def test_who_was_erased_with_an_objection_is_not_created_again(
    store: Store, clock: FixedClock, file: Any
) -> None:
    with store.write() as unit:
        suppress(unit, "t", "anke.petersen@example.org", now=clock.now(), reason="erased")
    report = import_contacts(store, "t", file(sheet(ANKE, ANKE | {
        "Record ID": "C-2", "Email": "bert@example.org"})))  # fmt: skip
    assert report.added == 1
    assert "objection is on file" in report.problems[0].reason
    assert BuiltinCRM(store).contact("t", "C-1") is None


def test_hubspots_opt_out_of_one_subscription_type(store: Store, file: Any) -> None:
    columns = ("Opted out of email: Marketing Information", "Opted out of email: Service")
    text = sheet(ANKE | {columns[1]: "true"}, header=(*HUBSPOT, *columns))
    import_contacts(store, "t", file(text))
    assert (status(store), status(store, purpose="service")) == ("not_specified", "withdrawn")


# --- again ----------------------------------------------------------------------------------------


def dump(store: Store) -> dict[str, list[Any]]:
    tables = ("contacts", "consent_events", "records", "touches", "entries")
    with store.read() as conn:
        return {t: sorted(map(repr, execute(conn, f"select * from {t}"))) for t in tables}


def test_importing_again_changes_nothing(any_store: Store, clock: FixedClock) -> None:
    before: dict[str, list[Any]] = {}
    for again in (False, True):
        reports = import_book(
            any_store, "t", [BOOK / "contacts_hubspot.csv", BOOK / "contacts_salesforce.csv"],
            records=BOOK / "records.jsonl", history=BOOK / "history.csv",
            mails=BOOK / "mails.jsonl", consents=BOOK / "consents.csv",
        )  # fmt: skip
        if again:
            assert all(r.added == r.updated == 0 for r in reports)
            assert dump(any_store) == before
        before = dump(any_store)
        clock.advance(timedelta(hours=1))


def test_a_changed_row_updates_and_a_blank_cell_erases_nothing(store: Store, file: Any) -> None:
    import_contacts(store, "t", file(sheet(ANKE | {"Tier": "gold", "Brand": "Möbel"})))
    changed = ANKE | {"Country/Region": "", "Last Name": "Jensen"}
    report = import_contacts(store, "t", file(sheet(changed)))
    assert (report.added, report.updated) == (0, 1)
    person = contact(store)
    assert (person.name, person.country, person.fields["Tier"]) == ("Anke Jensen", "DE", "gold")


def test_tenants_do_not_mix(store: Store, file: Any) -> None:
    path = file(sheet(ANKE))
    import_contacts(store, "t", path)
    assert import_contacts(store, "u", path).added == 1
    assert count(store, "contacts") == 2


# --- the book and the other files -----------------------------------------------------------------


def test_the_demos_book_is_read_whole(store: Store) -> None:
    hubspot = import_contacts(store, "t", BOOK / "contacts_hubspot.csv")
    salesforce = import_contacts(store, "t", BOOK / "contacts_salesforce.csv")
    skipped = [[p.line for p in r.problems if p.severity == "skipped"]
               for r in (hubspot, salesforce)]  # fmt: skip
    assert skipped == [[39, 114, 173, 231], [20, 57, 85, 106]]
    assert (hubspot.added, salesforce.added) == (260, 120)
    for report in (
        import_consents(store, "t", BOOK / "consents.csv"),
        import_records(store, "t", BOOK / "records.jsonl"),
        import_history(store, "t", BOOK / "history.csv"),
        import_mails(store, "t", BOOK / "mails.jsonl"),
    ):
        assert report.skipped == 0
        assert report.added == report.rows > 0
    with store.read() as conn:
        countries = {r[0] for r in execute(conn, "select distinct country from contacts")}
    assert countries == {"", "AT", "CA", "DE", "ES", "FR", "GB", "US"}


CONSENTS = "point,channel,purpose,brand,status,at\n"


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("nobody,email,marketing,,granted,2024-01-01", "point"),
        ("a@b.example,email,marketing,,granted,", "not dated"),
        ("a@b.example,email,marketing,,granted,2024-01-01T10:00", "time zone"),
        ("a@b.example,email,marketing,,granted,2024-13-01", "does not exist"),
        ("a@b.example,email,marketing,,granted,2027-01-01", "future"),
        ("a@b.example,email,marketing,,perhaps,2024-01-01", "status"),
        ("a@b.example,email", "cells"),
    ],
)
def test_a_bad_consent_row_is_reported_and_gives_no_permission(
    store: Store, file: Any, row: str, reason: str
) -> None:
    good = "a@b.example,email,marketing,,withdrawn,\n"
    report = import_consents(store, "t", file(CONSENTS + row + "\n" + good))
    [skipped] = [p for p in report.problems if p.severity == "skipped"]
    assert skipped.line == 2
    assert reason in skipped.reason
    assert (report.added, count(store, "consent_events")) == (1, 1)


def test_history_and_records_of_nobody_are_reported(store: Store, file: Any) -> None:
    import_contacts(store, "t", file(sheet(ANKE)))
    history = "contact,kind,channel,purpose,at\nC-9,message.send,email,marketing,2026-01-01\n" + (
        "C-1,message.send,email,marketing,2026-01-01T00:00:00Z\n" * 2
    )
    report = import_history(store, "t", file(history, "history.csv"))
    assert (report.added, said(report)) == (2, [(2, "skipped")])
    lines = (
        '{"type":"deal","id":"D-1","contact":"C-9","fields":{}}\nno json\n[1]\n'
        '{"type":"deal","id":"","fields":{}}\n{"type":"deal","id":"D-2","contact":"C-1"}\n'
    )
    report = import_records(store, "t", file(lines, "records.jsonl"))
    assert (report.added, [p.line for p in report.problems]) == (1, [1, 2, 3, 4])
    mails = '{"id":"m","contact":"C-1","at":"2026-01-01","text":""}\n'
    assert import_mails(store, "t", file(mails, "mails.jsonl")).skipped == 1


# --- reading --------------------------------------------------------------------------------------

cells = st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), max_size=12)
FIRST = st.sampled_from(["a", "id 7"])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    rows=st.lists(st.tuples(FIRST, cells, cells), min_size=1, max_size=6),
    delimiter=st.sampled_from(",;\t"),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_what_a_spreadsheet_writes_is_what_is_read(
    tmp_path: Path, rows: list[tuple[str, str, str]], delimiter: str, encoding: str
) -> None:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter).writerows([("x", "y", "z"), *rows])
    path = tmp_path / "sheet.csv"
    path.write_bytes(out.getvalue().encode(encoding))
    with open_table(path) as table:
        read = list(table.rows)
    assert [tuple(r.values.values()) for r in read if isinstance(r, Row)] == [
        tuple(c.strip() for c in row) for row in rows
    ]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.binary(max_size=300))
def test_no_bytes_at_all_can_break_the_reader(tmp_path: Path, noise: bytes) -> None:
    path = tmp_path / "noise.csv"
    path.write_bytes(b"Record ID,Email\n" + noise)
    with open_table(path) as table:
        assert all(isinstance(row, Row | Broken) for row in table.rows)


def test_an_endless_line_is_cut(tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    path.write_text("a,b\n" + "x" * 2_500_000 + "\n1,2\n")
    with open_table(path) as table:
        rows = list(table.rows)
    assert [(r.line, isinstance(r, Broken)) for r in rows] == [(2, True), (3, False)]


# --- places ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "code"),
    [("Deutschland", "DE"), ("germany", "DE"), ("Allemagne", "DE"), (" USA ", "US"), ("UK", "GB"),
     ("England", "GB"), ("ÉTATS-UNIS", "US"), ("España", "ES"), ("Österreich", "AT"), ("ch", "CH"),
     ("O\u0308sterreich", "AT"), ("Atlantis", ""), ("", "")],
)  # fmt: skip
def test_countries_by_name_and_code(text: str, code: str) -> None:
    assert country_code(text) == code


@pytest.mark.parametrize(
    ("text", "zone"),
    [("Europe/Berlin", "Europe/Berlin"), ("europe_slash_berlin", "Europe/Berlin"),
     ("america_slash_argentina_slash_buenos_aires", "America/Argentina/Buenos_Aires"),
     ("AMERICA/NEW_YORK", "America/New_York"), ("Central European Time", "Europe/Berlin"),
     ("Pacific Time (US & Canada)", "America/Los_Angeles"), ("UTC+1", ""), ("EST", ""),
     ("../../etc/passwd", ""), ("", "")],
)  # fmt: skip
def test_time_zones_as_people_write_them(text: str, zone: str) -> None:
    assert time_zone(text) == zone


def test_regions_and_languages() -> None:
    assert region_code("US", "texas") == region_code("US", "US-TX") == "TX"
    assert region_code("CA", "Québec") == "QC"
    assert region_code("DE", "Bavaria") == "BY"
    assert region_code("FR", "Grand Est") == "Grand Est"
    assert region_code("US", "Bayern") == ""
    assert [language_code(w) for w in ("de-AT", "Deutsch", "English", "??")] == [
        "de", "de", "en", ""
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("country", "region", "zones"),
    [
        ("DE", "", {"Europe/Berlin"}),
        ("CH", "ZH", {"Europe/Zurich"}),
        ("NO", "", {"Europe/Oslo"}),
        ("us", "TX", {"America/Chicago", "America/Denver"}),
        ("US", "US-CA", {"America/Los_Angeles"}),
        ("US", "FL", {"America/New_York", "America/Chicago"}),
        ("CA", "QC", {"America/Toronto", "America/Blanc-Sablon"}),
        ("ES", "", {"Europe/Madrid", "Atlantic/Canary"}),
        ("ES", "GC", {"Atlantic/Canary"}),
        ("ES", "Bizkaia", {"Europe/Madrid"}),
        ("PT", "30", {"Atlantic/Madeira"}),
        ("", "", set()),
        ("XX", "", set()),
    ],
)
def test_plausible_zones(country: str, region: str, zones: set[str]) -> None:
    found = set(zones_of(country, region))
    assert found == zones or ((country, region) == ("PT", "30") and found <= {"Atlantic/Madeira"})


def test_a_country_without_region_may_lie_in_any_of_its_zones() -> None:
    assert set(zones_of("US", "TX")) < set(zones_of("US"))
    assert len(zones_of("US")) >= 8


# --- the command ----------------------------------------------------------------------------------


def test_the_command_prints_a_table_and_the_lines_to_mend(tmp_path: Path, file: Any) -> None:
    rows = [ANKE, ANKE | {"Record ID": "C-2", "Email": "broken"}]
    args = [str(file(sheet(*rows))), "--home", str(tmp_path / "home"), "--tenant", "t"]
    result = CliRunner().invoke(command, args)
    assert result.exit_code == 0, result.output
    assert "contacts (hubspot)" in result.output
    assert "line 3" in result.output
    assert "broken" not in result.output


def test_the_command_refuses_a_missing_file_before_anything_is_imported(
    tmp_path: Path, file: Any
) -> None:
    args = [str(file(sheet(ANKE))), "--consents", str(tmp_path / "nope.csv"), "--home",
            str(tmp_path / "home")]  # fmt: skip
    result = CliRunner().invoke(command, args)
    assert isinstance(result.exception, ImportFileError)
    assert not (tmp_path / "home").exists()


def test_the_command_fails_where_nothing_could_be_kept(tmp_path: Path, file: Any) -> None:
    args = [str(file(sheet(ANKE | {"Email": "broken"}))), "--home", str(tmp_path / "home")]
    assert CliRunner().invoke(command, args).exit_code == 1


def test_points_need_a_country_or_a_prefix() -> None:
    assert normal_point("0171 3920043") == ""
