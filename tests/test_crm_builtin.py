from __future__ import annotations

from typing import Any

import pytest

from agentkit.action import Action
from agentkit.clock import FixedClock
from agentkit.crm import CRM, BuiltinCRM
from agentkit.errors import ConnectorError
from agentkit.kinds import BUILTIN_KINDS
from agentkit.permit import Effect
from agentkit.store import Store, execute, insert_many, to_micros

COLUMNS = ("tenant", "id", "name", "email", "phone", "fields", "created_at", "updated_at")


@pytest.fixture
def crm(any_store: Store) -> BuiltinCRM:
    now = to_micros(any_store.clock.now())
    with any_store.write() as unit:
        people = [
            ("default", "C-1", "Anke", "anke@example.org", "+4940123456", '{"mobile":"+49171"}'),
            ("default", "C-2", "Bert", "", "", "{}"),
        ]
        insert_many(unit.conn, "contacts", COLUMNS, [(*p, now, now) for p in people])
        deals = [("default", "deal", "D-1", "C-1", '{"amount":10.0}', now),
                 ("default", "deal", "D-2", "C-2", "{}", now),
                 ("default", "product", "P-1", "", '{"stock":3}', now)]  # fmt: skip
        columns = ("tenant", "type", "id", "contact", "fields", "updated_at")
        insert_many(unit.conn, "records", columns, deals)
    return BuiltinCRM(any_store)


def do(crm: BuiltinCRM, kind: str, subject: str = "C-1", **fields: Any) -> Effect:
    action = Action.create(kind=kind, subject=subject, **{"id": "a1", "agent": "outreach"} | fields)
    with crm._store.write() as unit:
        return crm.apply(action, unit)


def touches(crm: BuiltinCRM) -> list[tuple[Any, ...]]:
    with crm._store.read() as conn:
        sql = "select contact, kind, channel, purpose, action, run from touches order by id"
        return [tuple(row) for row in execute(conn, sql)]


def test_it_is_a_crm_that_promises_exactly_once(crm: BuiltinCRM) -> None:
    assert isinstance(crm, CRM)
    assert crm.transactional


def test_a_message_lies_encrypted_in_the_outbox_and_leaves_a_touch(crm: BuiltinCRM) -> None:
    effect = do(
        crm, "message.send", channel="email", purpose="service", text="Guten Tag", run="r",
        args={"subject_line": "Ihre Lieferung"},
    )  # fmt: skip
    assert (effect.outcome, effect.marker) == ("done", "a1")
    message = crm.message("default", "a1")
    assert message is not None
    assert (message.point, message.subject_line, message.text) == (
        "anke@example.org", "Ihre Lieferung", "Guten Tag",
    )  # fmt: skip
    assert touches(crm) == [("C-1", "message.send", "email", "service", "a1", "r")]
    with crm._store.read() as conn:
        sealed = execute(conn, "select text_encrypted from outbox").scalar_one()
    assert b"Guten" not in bytes(sealed)


def test_an_sms_goes_to_the_mobile_and_a_call_to_the_landline(crm: BuiltinCRM) -> None:
    do(crm, "message.send", channel="sms", id="s")
    do(crm, "call.place", id="c", args={"script": "Hallo"})
    points = {m.channel: m.point for m in [crm.message("default", a) for a in "sc"] if m}
    assert points == {"sms": "+49171", "phone": "+4940123456"}


def test_the_same_action_never_takes_effect_twice(crm: BuiltinCRM) -> None:
    do(crm, "message.send", channel="email")
    with pytest.raises(Exception, match=r"(?i)unique|duplicate"):
        do(crm, "message.send", channel="email")
    assert len(touches(crm)) == 1


def test_a_rollback_takes_the_effect_with_it(crm: BuiltinCRM) -> None:
    action = Action.create(id="a1", kind="message.send", subject="C-1", channel="email")
    with pytest.raises(RuntimeError), crm._store.write() as unit:  # noqa: PT012
        crm.apply(action, unit)
        raise RuntimeError
    assert crm.message("default", "a1") is None
    assert touches(crm) == []


def test_a_score_is_kept_by_model_and_other_fields_survive(crm: BuiltinCRM) -> None:
    do(crm, "lead.score", args={"score": 0.5, "model": "m1"})
    do(crm, "lead.score", id="a2", args={"score": 1, "model": "m2"})
    contact = crm.contact("default", "C-1")
    assert contact is not None
    assert contact.fields == {
        "mobile": "+49171", "score": 1.0, "scores": {"m1": 0.5, "m2": 1.0}
    }  # fmt: skip


def test_an_offer_changes_the_named_deal_or_makes_one(crm: BuiltinCRM) -> None:
    do(crm, "offer.set", args={"amount": 99.0, "discount": 0.1}, records={"deal": "D-1"})
    assert crm.record("default", "deal", "D-1") == {"amount": 99.0, "discount": 0.1}
    do(crm, "offer.set", id="a2", args={"amount": 5.0, "currency": "EUR"})
    assert crm.record("default", "deal", "D-a2") == {"amount": 5.0, "currency": "EUR"}


@pytest.mark.parametrize(
    ("kind", "fields", "reason"),
    [
        ("offer.set", {"args": {"amount": 1.0}, "records": {"deal": "D-2"}}, "another-person"),
        ("record.update", {"args": {"type": "deal", "record": "D-2", "fields": {}}}, "another-p"),
        ("record.update", {"args": {"type": "contact", "record": "C-2", "fields": {}}}, "another"),
        ("record.delete", {"args": {"type": "contact", "record": "C-2"}}, "another-person"),
        ("record.delete", {"args": {"type": "deal", "record": "D-9"}}, "no-such-record"),
        ("record.update", {"args": {"type": "deal", "record": "D-9", "fields": {}}}, "no-such"),
        ("record.update", {"args": {"type": "deal", "record": "D-1", "fields": 1}}, "no-object"),
        (
            "record.update",
            {"args": {"type": "contact", "record": "C-1", "fields": {"email": "nonsense"}}},
            "email-is-no-contact-point",
        ),
        ("message.send", {"channel": "email", "subject": "C-2"}, "no-contact-point"),
        ("message.send", {"channel": "email", "subject": "C-9"}, "no-such-contact"),
    ],
)
def test_what_the_record_does_not_allow_fails_and_changes_nothing(
    crm: BuiltinCRM, kind: str, fields: dict[str, Any], reason: str
) -> None:
    effect = do(crm, kind, **fields)
    assert effect.outcome == "failed"
    assert reason in str(effect.detail)
    assert touches(crm) == []
    assert crm.record("default", "deal", "D-2") == {}


def test_records_are_updated_and_deleted(crm: BuiltinCRM) -> None:
    do(crm, "record.update", args={"type": "product", "record": "P-1", "fields": {"stock": 2}})
    assert crm.record("default", "product", "P-1") == {"stock": 2}
    do(crm, "record.delete", id="a2", args={"type": "deal", "record": "D-1"})
    assert crm.record("default", "deal", "D-1") is None
    new = {"email": "Anke@Example.net", "brand": "Outlet", "tier": "gold"}
    do(crm, "record.update", id="a3", args={"type": "contact", "record": "C-1", "fields": new})
    contact = crm.contact("default", "C-1")
    assert contact is not None
    assert contact.email == "anke@example.net"
    assert contact.fields == {"mobile": "+49171", "brand": "Outlet", "tier": "gold"}


def test_tickets_refunds_and_segments(crm: BuiltinCRM, clock: FixedClock) -> None:
    do(crm, "ticket.open", args={"title": "Kaputt", "priority": "P1"})
    ticket = crm.record("default", "ticket", "T-a1")
    assert ticket is not None
    assert (ticket["subject"], ticket["open"]) == ("Kaputt", True)
    do(crm, "refund.pay", id="a2", args={"amount": 3.5, "currency": "EUR"})
    assert (crm.record("default", "refund", "R-a2") or {})["amount"] == 3.5
    for name in ("a3", "a4"):
        do(crm, "segment.add", id=name, args={"segment": "vip"})
    contact = crm.contact("default", "C-1")
    assert contact is not None
    assert contact.fields["segments"] == ["vip"]


def test_every_builtin_kind_but_a_foreign_tool_is_performed(crm: BuiltinCRM) -> None:
    assert set(crm._do) == {k.name for k in BUILTIN_KINDS} - {"tool.call", "record.read"}
    with pytest.raises(ConnectorError, match=r"tool\.call"):
        do(crm, "tool.call", args={"tool": "x", "arguments": {}})


def test_the_marker_finds_the_effect(crm: BuiltinCRM, clock: FixedClock) -> None:
    with crm._store.write() as unit:
        columns = ("tenant", "action", "outcome", "marker", "detail", "at")
        row = ("default", "a1", "done", "a1", '{"x":1}', to_micros(clock.now()))
        insert_many(unit.conn, "effects", columns, [row])
    assert crm.find("default", "a1") == Effect("a1", "done", "a1", clock.now(), {"x": 1})
    assert crm.find("default", "a2") is None
