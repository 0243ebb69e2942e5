from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from agentkit.action import Action
from agentkit.clock import FixedClock
from agentkit.consent import record_consent, suppress, withdraw
from agentkit.context import ConsentRecord, Person
from agentkit.crm import InlinePeople, StorePeople
from agentkit.errors import InvalidAction
from agentkit.store import Store, insert_many, to_micros

T = "default"


def add(store: Store, contact: str, **columns: Any) -> None:
    now = to_micros(store.clock.now())
    values = {"tenant": T, "id": contact, "created_at": now, "updated_at": now, **columns}
    with store.write() as unit:
        insert_many(unit.conn, "contacts", tuple(values), [tuple(values.values())])


def add_record(store: Store, type_: str, id_: str, contact: str, fields: str, at: int = 0) -> None:
    columns = ("tenant", "type", "id", "contact", "fields", "updated_at")
    with store.write() as unit:
        insert_many(unit.conn, "records", columns, [(T, type_, id_, contact, fields, at)])


def about(subject: str, **fields: Any) -> Action:
    return Action.create(kind="message.send", subject=subject, **fields)


def one(store: Store, subject: str = "C-1", **fields: Any) -> Person:
    action = about(subject, **fields)
    person = StorePeople(store).people(T, [action]).of(action)
    assert person is not None
    return person


def test_a_person_comes_with_everything_the_gate_needs(any_store: Store, clock: FixedClock) -> None:
    now = clock.now()
    add(any_store, "C-1", name="Anke", email="anke@example.org", country="DE", brand="Möbel",
        last_purchase=to_micros(now), fields='{"tier":"gold","scores":{"m":0.5}}')  # fmt: skip
    record = ConsentRecord("anke@example.org", "email", "marketing", "", "granted", now)
    with any_store.write() as unit:
        record_consent(unit, T, "C-1", record, now=now)
        columns = ("tenant", "id", "contact", "kind", "channel", "purpose", "at", "run")
        rows = [(T, f"t{n}", "C-1", "message.send", "email", "marketing",
                 to_micros(now - timedelta(days=n)), "run-1") for n in (3, 1, 400)]  # fmt: skip
        insert_many(unit.conn, "touches", columns, rows)
    person = one(any_store)
    assert (person.contact.name, person.contact.country) == ("Anke", "DE")
    assert person.contact.relationship.last_purchase == now
    assert person.contact.fields["tier"] == "gold"
    assert person.contact.fields["brand"] == "Möbel"
    assert person.consents == [record]
    assert [t.at for t in person.history] == [now - timedelta(days=3), now - timedelta(days=1)]
    assert person.scores == {"m": 0.5}
    assert len(StorePeople(any_store).runs(T, ["run-1", "run-2"])["run-1"]) == 3


def test_who_is_not_on_record_is_missing_and_tenants_do_not_mix(store: Store) -> None:
    add(store, "C-1")
    found = StorePeople(store).people("another", [about("C-1"), about("C-9")])
    assert found == {}


def test_the_latest_record_of_each_type_and_the_open_p1_tickets(any_store: Store) -> None:
    add(any_store, "C-1")
    add_record(any_store, "deal", "D-1", "C-1", '{"amount":1.0}', 5)
    add_record(any_store, "deal", "D-2", "C-1", '{"amount":2.0}', 5)
    add_record(any_store, "deal", "D-3", "C-1", '{"amount":3.0}', 4)
    add_record(any_store, "ticket", "T-1", "C-1", '{"priority":"P1","open":true}', 1)
    add_record(any_store, "ticket", "T-2", "C-1", '{"priority":"P1","open":false}', 2)
    add_record(any_store, "ticket", "T-3", "C-1", '{"priority":"P3","open":true}', 3)
    add_record(any_store, "mail", "m-1", "C-1", '{"text":"secret"}', 9)
    records = one(any_store).records
    assert records["deal"] == {"id": "D-2", "amount": 2.0}
    assert records["ticket"] == {"id": "T-3", "priority": "P3", "open": True, "open_p1": 1}
    assert set(records) == {"deal", "ticket"}


def test_named_records_replace_the_latest_and_are_the_same_in_any_batch(store: Store) -> None:
    add(store, "C-1")
    add_record(store, "deal", "D-1", "C-1", '{"amount":1.0}', 1)
    add_record(store, "deal", "D-2", "C-1", '{"amount":2.0}', 2)
    add_record(store, "deal", "D-9", "C-2", '{"amount":9.0}', 2)
    add_record(store, "product", "P-1", "", '{"stock":0}')
    actions = [
        about("C-1", records={"deal": "D-1", "product": "P-1"}),
        about("C-1"),
        about("C-1", records={"deal": "D-9"}),
        about("C-1", records={"deal": "D-0"}),
    ]
    found = StorePeople(store).people(T, actions)
    amounts = []
    for action in actions:
        person, alone = found.of(action), StorePeople(store).people(T, [action]).of(action)
        assert person is not None
        assert person == alone
        amounts.append(person.records.get("deal", {}).get("amount"))
    assert amounts == [1.0, 2.0, None, None]
    first = found.of(actions[0])
    assert first is not None
    assert first.records["product"] == {"id": "P-1", "stock": 0}


def test_suppressions_close_channels_and_narrow_ones_become_withdrawals(
    any_store: Store, clock: FixedClock
) -> None:
    add(any_store, "C-1", email="anke@example.org", phone="+4940123456")
    with any_store.write() as unit:
        for point, channel, purpose, brand in (
            ("anke@example.org", "email", "", ""),
            ("+4940123456", "sms", "marketing", ""),
            ("+4940123456", "phone", "marketing", "Outlet"),
            ("bert@example.org", "", "", ""),
        ):
            suppress(unit, T, point, now=clock.now(), reason="list", channel=channel,
                     purpose=purpose, brand=brand)  # fmt: skip
    person = one(any_store)
    assert person.suppressed == {"email", "sms"}
    assert sorted((c.channel, c.purpose, c.brand, c.status) for c in person.consents) == [
        ("email", "", "", "withdrawn"),
        ("phone", "marketing", "Outlet", "withdrawn"),
    ]


def test_an_event_of_a_mailbox_that_nobody_had_reaches_its_later_owner(
    store: Store, clock: FixedClock
) -> None:
    with store.write() as unit:
        withdraw(unit, T, "", now=clock.now(), point="anke@example.org")
    add(store, "C-1", email="anke@example.org")
    assert [c.status for c in one(store).consents] == ["withdrawn"]


def test_an_objection_of_one_contact_reaches_a_later_one_with_the_same_mailbox(
    any_store: Store, clock: FixedClock
) -> None:
    add(any_store, "C-1", email="anke@example.org")
    granted = ConsentRecord("anke@example.org", "email", "marketing", "", "granted", clock.now())
    with any_store.write() as unit:
        record_consent(unit, T, "C-1", granted, now=clock.now())
        withdraw(unit, T, "C-1", now=clock.now(), point="anke@example.org", purpose="research")
    add(any_store, "C-2", email="anke@example.org")
    assert [c.status for c in one(any_store, "C-2").consents] == ["withdrawn"]
    assert len(one(any_store, "C-1").consents) == 2


def test_a_batch_larger_than_a_chunk_finds_everybody(store: Store) -> None:
    now = to_micros(store.clock.now())
    columns = ("tenant", "id", "email", "created_at", "updated_at")
    rows = [(T, f"C-{n}", f"c{n}@example.org", now, now) for n in range(1201)]
    with store.write() as unit:
        insert_many(unit.conn, "contacts", columns, rows)
    found = StorePeople(store).people(T, [about(f"C-{n}") for n in range(1201)])
    assert len(found) == 1201
    assert found["C-1200"].contact.email == "c1200@example.org"


def test_only_stops_in_force_are_told(store: Store, clock: FixedClock) -> None:
    at = to_micros(clock.now())
    columns = ("tenant", "id", "scope", "by", "at", "reason", "lifted_at")
    rows = [(T, "1", "all", "anna", at, "incident", None), (T, "2", "all", "anna", at, "", at)]
    with store.write() as unit:
        insert_many(unit.conn, "stops", columns, rows)
    stops = StorePeople(store).stops(T)
    assert [(s.scope, s.by, s.at, s.reason) for s in stops] == [
        ("all", "anna", clock.now(), "incident")
    ]


ROW: dict[str, Any] = {
    "contact": {
        "name": "Anke",
        "email": "Anke@Example.org",
        "phone": "0171 3920043",
        "country": "Deutschland",
        "region": "Sachsen",
        "timezone": "europe_slash_berlin",
        "language": "de-AT",
        "type": "Consumer",
        "relationship": {"last_purchase": "2026-01-01"},
        "consents": [
            {"point": "+49 171 3920043", "channel": "sms", "purpose": "marketing",
             "status": "granted", "at": "2026-01-01T00:00:00+01:00"},
        ],
        "fields": {"tier": "gold"},
    },
    "record": {"deal": {"amount": 5.0}},
    "history": [{"kind": "message.send", "channel": "email", "at": "2026-11-01T09:00:00Z"}],
}  # fmt: skip


def inline(row: dict[str, Any], subject: str = "") -> Person:
    people, action = InlinePeople(), Action.create(kind="message.send", subject=subject)
    people.add(action, row)
    person = people.people(T, [action]).of(action)
    assert person is not None
    return person


def test_an_inline_contact_is_read_as_documented() -> None:
    person = inline(ROW, "C-1")
    contact = person.contact
    assert (contact.id, contact.email, contact.phone) == (
        "C-1", "anke@example.org", "+491713920043"
    )  # fmt: skip
    assert (contact.country, contact.region, contact.timezone, contact.language, contact.type) == (
        "DE", "SN", "Europe/Berlin", "de", "consumer",
    )  # fmt: skip
    assert contact.relationship.last_purchase is not None
    assert person.consents[0].point == contact.phone
    assert person.records == {"deal": {"amount": 5.0}}
    assert person.history[0].channel == "email"
    assert person.history_known is True


def test_an_empty_history_that_is_given_is_known_and_one_that_is_left_out_is_not() -> None:
    assert inline({"contact": {}, "history": []}).history_known is True
    assert inline({"contact": {}}).history_known is False


def test_two_lines_about_one_subject_do_not_mix() -> None:
    people = InlinePeople()
    actions = [Action.create(kind="message.send", subject="C-1") for _ in range(2)]
    people.add(actions[0], {"contact": {"country": "DE"}})
    people.add(actions[1], {"contact": {"country": "US"}})
    found = people.people(T, actions)
    assert [found.of(a).contact.country for a in actions] == ["DE", "US"]  # type: ignore[union-attr]


def test_what_a_line_does_not_say_comes_from_the_crm(store: Store) -> None:
    add(store, "C-1", name="Anke")
    people = InlinePeople(StorePeople(store))
    action = about("C-1")
    people.add(action, {"record": {"deal": {"amount": 5.0}}})
    person = people.people(T, [action]).of(action)
    assert person is not None
    assert (person.contact.name, person.records) == ("Anke", {"deal": {"amount": 5.0}})


def test_an_undated_grant_is_no_grant_and_an_undated_objection_holds() -> None:
    consents = [{"status": "granted"}, {"status": "withdrawn"}]
    person = inline({"contact": {"consents": consents}})
    assert [c.status for c in person.consents] == ["not_specified", "withdrawn"]
    assert person.consents[1].at.year == 9999


@pytest.mark.parametrize(
    "row",
    [
        {"contact": "Anke"},
        {"contact": {"consents": {}}},
        {"contact": {"consents": ["granted"]}},
        {"contact": {"consents": [{"status": "yes"}]}},
        {"contact": {"consents": [{"status": "granted", "at": "gestern"}]}},
        {"contact": {"email": ["a"]}},
        {"record": {"deal": 3}},
        {"history": [{"kind": "message.send"}]},
    ],
)
def test_a_line_of_another_shape_is_refused(row: dict[str, Any]) -> None:
    with pytest.raises(InvalidAction):
        InlinePeople().add(Action.create(kind="message.send"), row)
