from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest

from agentkit.action import Action, Sender
from agentkit.clock import FixedClock
from agentkit.consent import (
    events_of,
    normal_point,
    record_consent,
    state,
    suppress,
    suppressed,
    withdraw,
)
from agentkit.context import ConsentRecord
from agentkit.errors import ImportFileError
from agentkit.store import Store, execute, insert_many, to_micros

ANKE = "C-1"
MAILBOX = "anke.petersen@example.org"


def add_contact(store: Store, contact: str = ANKE, email: str = MAILBOX, phone: str = "") -> None:
    now = to_micros(store.clock.now())
    with store.write() as unit:
        columns = ("tenant", "id", "email", "phone", "created_at", "updated_at")
        insert_many(unit.conn, "contacts", columns, [("t", contact, email, phone, now, now)])


def add_action(store: Store, action: str, state_: str = "approved", **fields: Any) -> None:
    brand = fields.pop("brand", "")
    values = {
        "kind": "message.send", "channel": "email", "purpose": "marketing", "person": ANKE, **fields
    }  # fmt: skip
    made = Action.create(
        id=action, kind=values["kind"], subject=values["person"], sender=Sender(brand)
    )
    now = to_micros(store.clock.now())
    with store.write() as unit:
        payload = unit.vault.encrypt(unit.conn, "t", values["person"], {"action": made.to_json()})
        columns = ("tenant", "id", "state", *values, "payload", "created_at", "updated_at")
        row = ("t", action, state_, *values.values(), payload, now, now)
        insert_many(unit.conn, "actions", columns, [row])
        permit = ("t", action, "digest", "issued")
        insert_many(unit.conn, "permits", ("tenant", "action", "action_digest", "state"), [permit])
        case = ("t", f"case-{action}", action, "open", now, now)
        columns = ("tenant", "id", "action", "state", "opened_at", "expires_at")
        insert_many(unit.conn, "cases", columns, [case])


def states(store: Store, table: str = "actions", key: str = "id") -> dict[str, str]:
    with store.read() as conn:
        return dict(execute(conn, f"select {key}, state from {table}").all())


def test_a_withdrawal_stops_what_waits_and_voids_its_permit(
    any_store: Store, clock: FixedClock
) -> None:
    add_contact(any_store)
    for name in ("allowed", "deferred", "escalated", "approved", "performing", "performed"):
        add_action(any_store, name, name)
    with any_store.write() as unit:
        done = withdraw(unit, "t", ANKE, now=clock.now(), purpose="marketing", channel="email")
    assert sorted(done.stopped) == ["allowed", "approved", "deferred", "escalated"]
    assert states(any_store)["performing"] == "performing"
    assert states(any_store, "permits", "action")["approved"] == "void"
    assert states(any_store, "permits", "action")["performed"] == "issued"
    assert states(any_store, "cases", "action")["escalated"] == "withdrawn"
    with any_store.read() as conn:
        kinds = [row[0] for row in execute(conn, "select kind from entries order by id")]
    assert kinds == ["consent", *["stopped"] * 4]


def test_a_withdrawal_leaves_other_purposes_channels_brands_and_people(
    store: Store, clock: FixedClock
) -> None:
    add_contact(store)
    add_action(store, "hit", brand="Möbel")
    add_action(store, "brand-unknown")
    add_action(store, "outlet", brand="Outlet")
    add_action(store, "service", purpose="service", brand="Möbel")
    add_action(store, "sms", channel="sms", brand="Möbel")
    add_action(store, "score", kind="lead.score", channel="", brand="Möbel")
    add_action(store, "other", person="C-2", brand="Möbel")
    with store.write() as unit:
        done = withdraw(
            unit, "t", ANKE, now=clock.now(), channel="email", purpose="marketing", brand="Möbel"
        )
    assert sorted(done.stopped) == ["brand-unknown", "hit"]


def test_an_objection_to_a_purpose_stops_scoring_for_it_too(
    store: Store, clock: FixedClock
) -> None:
    add_contact(store)
    add_action(store, "score", kind="lead.score", channel="")
    with store.write() as unit:
        assert withdraw(unit, "t", ANKE, now=clock.now(), purpose="marketing").stopped == ("score",)


def test_a_withdrawn_mailbox_binds_every_contact_that_shares_it(
    store: Store, clock: FixedClock
) -> None:
    add_contact(store)
    add_contact(store, "C-2")
    add_action(store, "twin", person="C-2")
    with store.write() as unit:
        done = withdraw(unit, "t", ANKE, now=clock.now(), point=MAILBOX, channel="email")
    assert done.stopped == ("twin",)
    add_contact(store, "C-3")
    with store.read() as conn:
        for contact in ("C-2", "C-3"):
            assert {e.status for e in events_of(conn, "t", contact, [MAILBOX])} == {"withdrawn"}


def test_a_grant_of_one_contact_is_none_of_another_with_the_same_mailbox(
    store: Store, clock: FixedClock
) -> None:
    record = ConsentRecord(MAILBOX, "email", "marketing", "", "granted", clock.now())
    with store.write() as unit:
        record_consent(unit, "t", ANKE, record, now=clock.now())
    with store.read() as conn:
        assert events_of(conn, "t", "C-2", [MAILBOX]) == []


def test_recording_the_same_event_twice_keeps_one(any_store: Store, clock: FixedClock) -> None:
    record = ConsentRecord(MAILBOX, "email", "marketing", "", "granted", clock.now())
    with any_store.write() as unit:
        first = record_consent(unit, "t", ANKE, record, now=clock.now())
    clock.advance(timedelta(hours=1))
    with any_store.write() as unit:
        again = record_consent(unit, "t", ANKE, record, now=clock.now())
    assert (first.new, again.new, first.event) == (True, False, again.event)
    with any_store.read() as conn:
        assert events_of(conn, "t", ANKE) == [record]
        assert execute(conn, "select count(*) from entries").scalar() == 1


def test_every_field_of_an_event_survives_the_database(store: Store, clock: FixedClock) -> None:
    now = clock.now()
    record = ConsentRecord(
        MAILBOX, "email", "marketing", "Möbel", "granted", now, now + timedelta(days=30),
        "web_form", "form:1", now + timedelta(microseconds=1), "7", "consent", "paper",
        "controller",
    )  # fmt: skip
    with store.write() as unit:
        record_consent(unit, "t", ANKE, record, now=now)
    with store.read() as conn:
        assert events_of(conn, "t", ANKE) == [record]


def test_an_event_of_an_unknown_mailbox_is_found_by_the_mailbox(
    store: Store, clock: FixedClock
) -> None:
    with store.write() as unit:
        withdraw(unit, "t", "", now=clock.now(), point=MAILBOX, channel="email")
    with store.read() as conn:
        events = events_of(conn, "t", ANKE, [MAILBOX])
    assert state(events, MAILBOX, "email", "marketing", "", clock.now()).status == "withdrawn"


def test_no_claim_commits_after_a_withdrawal_has(any_store: Store, clock: FixedClock) -> None:
    add_contact(any_store)
    for n in range(20):
        add_action(any_store, f"a{n}")
    order: list[str] = []
    go = threading.Barrier(2)

    def claims() -> None:
        go.wait()
        for n in range(20):
            with any_store.write() as unit:
                unit.lock_person("t", ANKE)
                sql = (
                    "update permits set state = 'claimed' where tenant = 't' and action = ? "
                    "and state = 'issued'"
                )
                if execute(unit.conn, sql, (f"a{n}",)).rowcount:
                    order.append("claim")

    def withdrawal() -> None:
        go.wait()
        with any_store.write() as unit:
            withdraw(unit, "t", ANKE, now=clock.now(), purpose="marketing")
            order.append("withdrawal")

    threads = [threading.Thread(target=claims), threading.Thread(target=withdrawal)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert "claim" not in order[order.index("withdrawal") :]


def test_a_withdrawal_waits_for_whoever_holds_the_person(
    any_store: Store, clock: FixedClock
) -> None:
    add_contact(any_store)
    done = threading.Event()

    def withdrawal() -> None:
        with any_store.write() as unit:
            withdraw(unit, "t", ANKE, now=clock.now())
        done.set()

    thread = threading.Thread(target=withdrawal)
    with any_store.write() as unit:
        unit.lock_person("t", ANKE)
        thread.start()
        assert not done.wait(0.3)
    thread.join()
    assert done.is_set()


def test_a_permit_that_was_claimed_before_is_not_taken_away(
    store: Store, clock: FixedClock
) -> None:
    add_contact(store)
    add_action(store, "a")
    with store.write() as unit:
        execute(unit.conn, "update permits set state = 'claimed'")
    with store.write() as unit:
        withdraw(unit, "t", ANKE, now=clock.now())
    assert states(store, "permits", "action") == {"a": "claimed"}


def test_a_suppressed_point_is_found_by_its_token_alone(
    any_store: Store, clock: FixedClock
) -> None:
    add_contact(any_store)
    add_action(any_store, "a")
    with any_store.write() as unit:
        suppress(unit, "t", "Anke.Petersen@Example.org", now=clock.now(), reason="objection")
    assert states(any_store)["a"] == "stopped"
    with any_store.read() as conn:
        vault = any_store.vault

        def why(point: str, **asked: str) -> str:
            return suppressed(conn, vault, "t", [point], **{"channel": "email", **asked})

        assert why(MAILBOX, purpose="marketing") == "objection"
        assert why("bob@example.org", purpose="marketing") == ""
        stored = repr(execute(conn, "select * from suppressions").all())
        assert "anke" not in stored.lower()


def test_a_narrow_suppression_holds_where_the_question_leaves_it_open(
    store: Store, clock: FixedClock
) -> None:
    with store.write() as unit:
        suppress(unit, "t", MAILBOX, now=clock.now(), reason="list", brand="Outlet")
    with store.read() as conn:
        for brand, expected in (("Outlet", "list"), ("", "list"), ("Möbel", "")):
            why = suppressed(
                conn, store.vault, "t", [MAILBOX], channel="email", purpose="x", brand=brand
            )
            assert why == expected


def test_suppressing_nonsense_is_refused(store: Store, clock: FixedClock) -> None:
    with pytest.raises(ImportFileError, match="neither"), store.write() as unit:
        suppress(unit, "t", "not a point", now=clock.now(), reason="list")


@pytest.mark.parametrize(
    ("text", "country", "normal"),
    [
        ("Anke.Petersen@EXAMPLE.org", "", MAILBOX),
        (" <anke.petersen@example.org> ", "", MAILBOX),
        ("mailto:anke.petersen@example.org", "", MAILBOX),
        ("u\u0308@mu\u0308ller.example", "", "ü@müller.example"),
        ("ü@xn--mller-kva.example", "", "ü@müller.example"),
        ("0171/392 00 43", "DE", "+491713920043"),
        ("(716) 555-0162", "US", "+17165550162"),
        ("+44 7700 900119", "", "+447700900119"),
        ("tel:+33-6-39-98-92-89", "", "+33639989289"),
        ("0171/3920043", "", ""),
        ("randall.oakes at example.com", "", ""),
        ("a@b@c.example", "", ""),
        ("12", "DE", ""),
        ("x" * 400 + "@example.org", "", ""),
        ("", "DE", ""),
    ],
)
def test_points_have_one_normal_form(text: str, country: str, normal: str) -> None:
    assert normal_point(text, country) == normal


def test_an_event_is_never_changed(any_store: Store, clock: FixedClock) -> None:
    with any_store.write() as unit:
        withdraw(unit, "t", ANKE, now=clock.now())
    with pytest.raises(Exception, match="append-only"), any_store.write() as unit:
        execute(unit.conn, "update consent_events set status = 'granted'")
    with any_store.read() as conn:
        assert [e.status for e in events_of(conn, "t", ANKE)] == ["withdrawn"]
