"""Bad input never gives more permission than before: from the file to the facts that are judged."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from agentkit.action import Action
from agentkit.clock import FixedClock
from agentkit.consent import events_of, record_consent, withdraw
from agentkit.constitution.cel import next_local
from agentkit.context import ConsentRecord
from agentkit.crm import StorePeople
from agentkit.crm.importing import ImportReport, import_consents, import_contacts
from agentkit.evidence import Unknown
from agentkit.store import Store, execute
from agentkit_plugins import consent
from agentkit_plugins.local_time import local_time
from tests.plugins.shop import context, facts
from tests.test_consent_record import ANKE, MAILBOX, add_action, add_contact, states

HEADER = "Record ID,Email,Phone Number,Mobile Phone Number,Country/Region,Time Zone,Do not call\n"
EVENTS = "point,channel,purpose,brand,status,at,proof,double_opt_in_at\n"
KEPT = "the withdrawal of 2026-11-16 is kept"
MOBILE = "+491713920043"


@pytest.fixture
def file(tmp_path: Path) -> Any:
    def write(content: str, name: str = "contacts.csv") -> Path:
        path = tmp_path / name
        path.write_text(content, encoding="utf-8")
        return path

    return write


def look(
    store: Store, contact: str = ANKE, channel: str = "email", purpose: str = "marketing"
) -> dict[str, Any]:
    """What the consent plugin says of somebody in the CRM."""
    kind = "call.place" if channel == "phone" else "message.send"
    action = Action.create(
        kind=kind, tenant="t", subject=contact, channel=channel, purpose=purpose, agent="a"
    )
    who = StorePeople(store).people("t", [action]).get(contact)
    return facts(consent, action, context(who, now=store.clock.now()))


def notes(report: ImportReport) -> list[tuple[int, str, str]]:
    return [(p.line, p.severity, p.reason) for p in report.problems if p.line > 1]


def grant(store: Store, contact: str = ANKE, **fields: Any) -> None:
    now = store.clock.now()
    values = {"point": MAILBOX, "channel": "email", "purpose": "marketing", "brand": "", **fields}
    record = ConsentRecord(status="granted", **{"at": now, **values})
    with store.write() as unit:
        record_consent(unit, "t", contact, record, now=now)


def test_an_unknown_zone_leaves_every_zone_of_the_country_plausible(
    store: Store, file: Any
) -> None:
    report = import_contacts(
        store, "t", file(f"{HEADER}C-1,{MAILBOX},,,United States,Moon/Base,\n")
    )
    assert notes(report) == [
        (2, "changed", "the time zone 'Moon/Base' is not known: left open"),
    ]  # fmt: skip
    found = look(store, channel="sms")
    assert found["consent.hour_max"] - found["consent.hour_min"] >= 5  # New York to Hawaii


def test_without_a_country_the_law_is_open_and_the_number_tells_the_hour_only(
    store: Store, file: Any
) -> None:
    import_contacts(store, "t", file(f"{HEADER}C-1,{MAILBOX},{MOBILE},,,,\n"))
    found = look(store, channel="sms")
    assert isinstance(found["consent.basis"], Unknown)
    assert found["consent.zone"] == "Europe/Berlin"


def test_a_number_that_contradicts_the_country_is_said_and_the_stricter_binds(
    store: Store, file: Any
) -> None:
    row = f"C-1,{MAILBOX},{MOBILE},,United States,America/New_York,\n"
    report = import_contacts(store, "t", file(HEADER + row))
    assert [n[2] for n in notes(report)] == [
        "the country US and the prefix of a number contradict",
    ]  # fmt: skip
    found = look(store, channel="phone")
    assert (found["consent.hour_min"], found["consent.hour_max"]) == (3, 9)


def test_a_number_without_prefix_and_country_is_left_open(store: Store, file: Any) -> None:
    report = import_contacts(store, "t", file(f"{HEADER}C-1,{MAILBOX},0171 3920043,,,,\n"))
    assert notes(report) == [
        (2, "changed", "the phone number has no prefix, and no country tells it: left open"),
    ]  # fmt: skip
    assert look(store, channel="sms")["consent.point_known"] is False


@pytest.mark.parametrize(
    "written", ["ü@müller.example", "U\u0308@MÜLLER.example", "ü@xn--mller-kva.example"]
)
def test_an_address_in_unicode_is_one_however_it_is_written(
    store: Store, file: Any, written: str
) -> None:
    import_contacts(store, "t", file(f"{HEADER}C-1,ü@müller.example,,,Germany,,\n"))
    events = f"{EVENTS}{written},email,marketing,,withdrawn,2026-11-01T10:00:00Z,,\n"
    report = import_consents(store, "t", file(events, "events.csv"))
    assert report.added == 1
    assert look(store)["consent.status"] == "withdrawn"


def test_of_duplicates_the_stricter_binds_until_they_are_merged(
    any_store: Store, clock: FixedClock
) -> None:
    add_contact(any_store)
    add_contact(any_store, "C-2")
    grant(any_store)
    assert look(any_store)["consent.status"] == "granted"
    assert look(any_store, "C-2")["consent.status"] == "not_specified"
    clock.advance(timedelta(minutes=1))
    lapsed = ConsentRecord(MAILBOX, "email", "marketing", "", "expired", clock.now())
    with any_store.write() as unit:
        record_consent(unit, "t", "C-2", lapsed, now=clock.now())
    assert look(any_store)["consent.status"] == "expired"


def test_a_no_to_everything_binds_a_duplicate_that_shares_the_number_as_far_as_it_does(
    any_store: Store, clock: FixedClock
) -> None:
    add_contact(any_store, ANKE, MAILBOX, MOBILE)
    add_contact(any_store, "C-2", "anke@example.net", MOBILE)
    grant(any_store, point="", channel="", purpose="")
    add_action(any_store, "a", channel="phone", kind="call.place")
    clock.advance(timedelta(minutes=1))
    with any_store.write() as unit:
        done = withdraw(unit, "t", "C-2", now=clock.now(), channel="phone", purpose="marketing")
    assert done.stopped == ("a",)
    assert look(any_store, channel="phone")["consent.status"] == "withdrawn"
    assert look(any_store, channel="email")["consent.status"] == "granted"
    add_contact(any_store, "C-3", "anke@example.com", MOBILE)
    assert look(any_store, "C-3", "phone")["consent.status"] == "withdrawn"
    assert look(any_store, "C-3")["consent.status"] == "not_specified"


def test_a_clock_that_was_set_back_does_not_let_a_grant_outlive_the_withdrawal(
    any_store: Store, clock: FixedClock
) -> None:
    add_contact(any_store)
    grant(any_store)
    clock.advance(-timedelta(hours=3))
    with any_store.write() as unit:
        withdraw(unit, "t", ANKE, now=clock.now(), channel="email", purpose="marketing")
    assert look(any_store)["consent.status"] == "withdrawn"
    clock.advance(timedelta(days=2))
    assert look(any_store)["consent.status"] == "withdrawn"


def test_an_opt_out_in_a_file_ends_a_grant_from_a_clock_that_ran_ahead(
    store: Store, file: Any, clock: FixedClock
) -> None:
    add_contact(store)
    grant(store, at=clock.now() + timedelta(days=1))
    header = "Record ID,Email,Unsubscribed from all email\n"
    import_contacts(store, "t", file(f"{header}{ANKE},{MAILBOX},true\n"))
    clock.advance(timedelta(days=3))
    assert look(store)["consent.status"] == "withdrawn"


def test_a_grant_dated_in_the_future_counts_from_then_and_a_withdrawal_at_once(
    store: Store, clock: FixedClock
) -> None:
    add_contact(store)
    grant(store, at=clock.now() + timedelta(days=1))
    assert look(store)["consent.status"] == "not_specified"
    clock.advance(timedelta(days=1))
    assert look(store)["consent.status"] == "granted"
    later = clock.now() + timedelta(days=1)
    with store.write() as unit:
        withdraw(unit, "t", ANKE, now=clock.now(), at=later, channel="email")
    assert look(store)["consent.status"] == "withdrawn"


def test_a_file_that_says_granted_lifts_no_newer_withdrawal(
    store: Store, file: Any, clock: FixedClock
) -> None:
    add_contact(store)
    at = datetime(2026, 11, 16, 10, 2, tzinfo=UTC)
    with store.write() as unit:
        withdraw(unit, "t", ANKE, now=clock.now(), at=at, point=MAILBOX, channel="email")
    older = f"{MAILBOX},email,marketing,,subscribed,2026-10-01T08:00:00Z,form:1,\n"
    newer = f"{MAILBOX},email,marketing,,subscribed,2026-11-20T08:00:00Z,,\n"
    report = import_consents(store, "t", file(EVENTS + older + newer))
    assert notes(report) == [
        (2, "note", "says granted; the newer withdrawal of 2026-11-16 is kept"),
        (3, "note", f"says granted without proof or second step; {KEPT}"),
    ]  # fmt: skip
    assert look(store)["consent.status"] == "withdrawn"
    proven = f"{MAILBOX},email,marketing,,granted,2026-11-21T08:00:00Z,form:9,\n"
    assert notes(import_consents(store, "t", file(EVENTS + proven))) == []
    assert look(store)["consent.status"] == "granted"


def test_one_percent_of_broken_events_costs_one_percent_and_grants_nothing(
    store: Store, file: Any
) -> None:
    bad = {100: "nonsense,email,marketing,,granted,2026-10-01,,\n",
           200: f"{MAILBOX},email,marketing,,granted,2026-02-30,,\n",
           300: f"{MAILBOX},email,marketing,,maybe,2026-10-01,,\n",
           400: f"{MAILBOX},email\n"}  # fmt: skip
    rows = [bad.get(n, f"p{n}@example.org,email,marketing,,withdrawn,2026-10-01,,\n")
            for n in range(1, 401)]  # fmt: skip
    report = import_consents(store, "t", file(EVENTS + "".join(rows)))
    assert (report.rows, report.added, report.skipped) == (400, 396, 4)
    skipped = [(p.line, p.severity) for p in report.problems if p.severity == "skipped"]
    assert skipped == [(n + 1, "skipped") for n in bad]
    with store.read() as conn:
        assert events_of(conn, "t", "", [MAILBOX]) == []
        assert execute(conn, "select count(*) from consent_events").scalar() == 396


SPRING = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)


def test_an_hour_that_a_clock_leaves_out_is_waited_past_and_a_doubled_one_counts_twice() -> None:
    assert next_local(SPRING, "Europe/Berlin", 2) == datetime(2026, 3, 29, 1, tzinfo=UTC)
    before = local_time("Europe/Berlin", "DE", "", SPRING)
    after = local_time("Europe/Berlin", "DE", "", SPRING + timedelta(minutes=30))
    assert before is not None
    assert after is not None
    assert (before.hour_min, after.hour_min) == (1, 3)
    autumn = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    doubled = [local_time("Europe/Berlin", "DE", "", autumn + timedelta(hours=h)) for h in (0, 1)]
    assert [c and c.hour_max for c in doubled] == [2, 2]


def test_an_objection_of_another_contact_with_the_mailbox_stops_what_waits(
    any_store: Store, clock: FixedClock
) -> None:
    add_contact(any_store)
    add_contact(any_store, "C-2")
    add_action(any_store, "a")
    with any_store.write() as unit:
        withdraw(unit, "t", "C-2", now=clock.now())
    assert states(any_store) == {"a": "stopped"}
