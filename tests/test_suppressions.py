"""Suppression: one point, a whole domain, one brand or purpose; by list, and for good."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from agentkit.action import Action, Sender
from agentkit.cli.import_ import command
from agentkit.clock import FixedClock
from agentkit.consent import normal_domain, suppress, suppressed, withdraw
from agentkit.crm import InlinePeople, StorePeople
from agentkit.crm.importing import ImportReport, import_contacts, import_suppressions
from agentkit.errors import ImportFileError
from agentkit.store import Store, execute
from tests.test_consent_record import ANKE, MAILBOX, add_action, add_contact, states

NO_POINT = "a contact point is neither an address nor a number nor a domain: not suppressed"
WORK = "b.berger@acme.example"


@pytest.fixture
def file(tmp_path: Path) -> Any:
    def write(content: str, name: str = "list.csv") -> Path:
        path = tmp_path / name
        path.write_text(content, encoding="utf-8")
        return path

    return write


def rows(store: Store, columns: str = "channel, purpose, brand, reason") -> list[tuple[Any, ...]]:
    with store.read() as conn:
        found = execute(conn, f"select {columns} from suppressions order by 1, 2, 3").all()
    return [tuple(row) for row in found]


def why(store: Store, point: str, **asked: str) -> str:
    asked = {"channel": "email", "purpose": "marketing", **asked}
    with store.read() as conn:
        return suppressed(conn, store.vault, "t", [point], **asked)


def closed(store: Store, contact: str) -> frozenset[str]:
    action = Action.create(kind="message.send", tenant="t", subject=contact)
    return StorePeople(store).people("t", [action])[contact].suppressed


def problems(report: ImportReport) -> list[tuple[int, str, str]]:
    return [(p.line, p.severity, p.reason) for p in report.problems]


def test_a_domain_closes_everybody_there_and_nobody_elsewhere(
    any_store: Store, clock: FixedClock
) -> None:
    add_contact(any_store)
    add_contact(any_store, "C-2", WORK)
    add_contact(any_store, "C-3", "x@notacme.example")
    for n, person in enumerate((ANKE, "C-2", "C-3")):
        add_action(any_store, f"a{n}", person=person)
    with any_store.write() as unit:
        suppress(unit, "t", "@ACME.example", now=clock.now(), reason="list")
    assert states(any_store) == {"a0": "approved", "a1": "stopped", "a2": "approved"}
    assert [closed(any_store, c) for c in (ANKE, "C-2", "C-3")] == [
        frozenset(), frozenset({"*"}), frozenset(),
    ]  # fmt: skip
    assert why(any_store, "new@acme.example") == "list"
    assert why(any_store, "x@notacme.example") == ""
    assert why(any_store, "x@mail.acme.example") == ""
    assert "acme" not in repr(rows(any_store, "*"))


@pytest.mark.parametrize(
    ("text", "domain"),
    [
        ("@acme.example", "@acme.example"),
        (" *@Acme.Example ", "@acme.example"),
        ("@xn--mller-kva.example", "@müller.example"),
        ("acme.example", ""),
        ("x@acme.example", ""),
        ("@", ""),
        ("@a b", ""),
        ("@" + "x" * 400, ""),
    ],
)
def test_a_domain_is_written_with_an_at_sign(text: str, domain: str) -> None:
    assert normal_domain(text) == domain


def test_a_suppression_of_marketing_closes_its_parts_and_no_invoice(
    store: Store, clock: FixedClock
) -> None:
    with store.write() as unit:
        suppress(unit, "t", MAILBOX, now=clock.now(), reason="list", purpose="dpv:Marketing")
    assert why(store, MAILBOX, purpose="newsletter") == "list"
    assert why(store, MAILBOX, purpose="service") == ""


def test_a_list_is_read_with_its_scopes_and_reading_it_again_changes_nothing(
    any_store: Store, file: Any
) -> None:
    add_contact(any_store)
    path = file(
        "Email,Domain,Phone Number,Country,Channel,Purpose,Brand,Reason\n"
        f"{MAILBOX},,,,E-Mail,marketing,Outlet,objection\n"
        ",acme.example,,,,,,\n"
        ",,0171 3920043,Germany,sms,,,Complaint\n"
        "ü@MÜLLER.example,,,,,,,\n"
    )
    report = import_suppressions(any_store, "t", path)
    assert (report.added, report.skipped, report.problems) == (4, 0, [])
    assert rows(any_store) == [
        ("", "", "", "list"), ("", "", "", "list"), ("email", "marketing", "Outlet", "objection"),
        ("sms", "", "", "complaint"),
    ]  # fmt: skip
    assert why(any_store, "ü@müller.example") == "list"
    assert why(any_store, "+491713920043", channel="sms") == "complaint"
    again = import_suppressions(any_store, "t", path)
    assert (again.added, again.unchanged) == (0, 4)


def test_bad_rows_of_a_list_are_reported_by_line_and_the_good_ones_kept(
    store: Store, file: Any
) -> None:
    path = file(
        "point,channel\nnobody at example,\n0171 3920043,\n,\n"
        f"{MAILBOX},carrier pigeon\ntoo,many,cells\n@acme.example,\n"
    )
    report = import_suppressions(store, "t", path)
    assert problems(report) == [
        (2, "skipped", NO_POINT),
        (3, "skipped", "a number has no prefix, and no country tells it: not suppressed"),
        (4, "skipped", "names no contact point: the row is not kept"),
        (5, "changed", "the channel 'carrier pigeon' is not known: every channel is closed"),
        (6, "skipped", "has 3 cells, the header has 2"),
    ]  # fmt: skip
    assert report.added == 2
    assert why(store, MAILBOX) == "list"


def test_a_list_stops_what_waits(store: Store, file: Any) -> None:
    add_contact(store)
    add_action(store, "a", brand="Möbel")
    import_suppressions(store, "t", file(f"email,brand\n{MAILBOX},Outlet\n"))
    assert states(store)["a"] == "approved"
    import_suppressions(store, "t", file(f"email,brand\n{MAILBOX},Möbel\n"))
    assert states(store)["a"] == "stopped"


def test_a_file_without_points_is_refused_as_a_whole(store: Store, file: Any) -> None:
    with pytest.raises(ImportFileError, match="no column of contact points") as refused:
        import_suppressions(store, "t", file("name,reason\nAnke,x\n"))
    assert "point" in refused.value.hint


def test_who_is_on_a_list_is_not_brought_back_by_an_import(store: Store, file: Any) -> None:
    import_suppressions(store, "t", file(f"email,reason\n{MAILBOX},objection\n"))
    path = file(f"Record ID,Email\nC-1,{MAILBOX}\nC-2,bob@example.org\n", "contacts.csv")
    report = import_contacts(store, "t", path)
    assert [p.line for p in report.problems] == [2]
    assert "objection is on file" in report.problems[0].reason
    assert "anke" not in repr(rows(store, "*"))


def test_the_command_reads_a_list(tmp_path: Path, file: Any) -> None:
    path = file(f"email\n{MAILBOX}\nnonsense\n", "suppressions.csv")
    done = CliRunner().invoke(command, ["--suppressions", str(path), "--home", str(tmp_path / "h")])
    assert done.exit_code == 0, done.output
    assert "suppressions.csv" in done.output
    assert "line 3" in done.output


def test_a_claim_looks_at_the_mobile_number_too(store: Store, clock: FixedClock) -> None:
    from agentkit.engine.permits import _suppression

    add_contact(store, phone="+493023125000")
    with store.write() as unit:
        execute(unit.conn, """update contacts set fields = '{"mobile":"+491713920043"}'""")
        suppress(unit, "t", "+491713920043", now=clock.now(), reason="stop", channel="sms")
        action = Action.create(
            kind="message.send", tenant="t", subject=ANKE, channel="sms", purpose="marketing",
            sender=Sender("Möbel"),
        )  # fmt: skip
        assert _suppression(unit, action) == "stop"


def test_a_contact_that_a_line_describes_keeps_what_is_known_against_its_points(
    store: Store, clock: FixedClock
) -> None:
    add_contact(store, "C-2", WORK)
    with store.write() as unit:
        suppress(unit, "t", MAILBOX, now=clock.now(), reason="list", channel="email")
        withdraw(unit, "t", "", now=clock.now(), point="+491713920043", channel="sms")
        withdraw(unit, "t", "C-2", now=clock.now(), channel="email", purpose="marketing")
    people = InlinePeople(StorePeople(store))
    granted = [{"status": "granted", "at": "2026-01-02"}]
    lines = {
        "a": {"email": MAILBOX, "phone": "+491713920043", "consents": granted},
        "b": {"email": WORK, "consents": granted},
        "c": {"email": "free@example.org", "consents": granted},
    }
    actions = [Action.create(id=i, kind="message.send", tenant="t") for i in lines]
    for action in actions:
        people.add(action, {"contact": lines[action.id]})
    for _ in range(2):
        found = people.people("t", actions)
    a, b, c = (found.of(action) for action in actions)
    assert a is not None
    assert b is not None
    assert c is not None
    assert [set(p.suppressed) for p in (a, b, c)] == [{"email"}, set(), set()]
    assert [[e.status for e in p.consents] for p in (a, b, c)] == [
        ["granted", "withdrawn", "withdrawn"], ["granted", "withdrawn"], ["granted"],
    ]  # fmt: skip
