"""The shipped constitutions at work: lawful business passes, and nobody is flooded."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from agentkit.action import Action, Observation
from agentkit.agent import Agent
from agentkit.clock import FixedClock
from agentkit.context import Person, Stop, Touch
from agentkit.crm import StorePeople
from agentkit.crm.importing import (
    import_consents,
    import_contacts,
    import_history,
    import_records,
)
from agentkit.store import Store
from agentkit.verdict import Review
from tests.plugins.shop import (
    ADVERTISED,
    DISCLOSED,
    LAST_YEAR,
    NOON,
    act,
    granted,
    no_model,
    person,
    shop,
)

BOOK: Final = Path(__file__).parent.parent / "examples" / "book"
TEXT: Final = "Hello, our new sofas are in the shop. Come and see them." + DISCLOSED
US = {"country": "US", "region": "NY", "timezone": "America/New_York"}
TEXAS = {"country": "US", "region": "TX", "timezone": "America/Chicago"}
SOMEWHERE_IN_TEXAS = {"country": "US", "region": "TX", "timezone": ""}
MIAMI = {"country": "US", "region": "FL", "timezone": "America/New_York"}
GB = {"country": "GB", "timezone": "Europe/London"}
CALL = {"kind": "call.place", "channel": "phone", "purpose": "marketing"}
SMS = {"channel": "sms", "text": TEXT}


def judge(who: Person, now: datetime = NOON, **fields: Any) -> Review:
    gate = {k: fields.pop(k) for k in ("stops", "agents", "model", "constitutions") if k in fields}
    text = {} if "kind" in fields and fields["kind"] != "message.send" else {"text": TEXT}
    return shop(who, now=now, **gate).review(act(**{**text, **fields}))


def ruling(who: Person, now: datetime = NOON, **fields: Any) -> str:
    verdict = judge(who, now, **fields).verdict
    return " ".join([verdict.ruling.word, *verdict.tasks])


@pytest.mark.parametrize(
    ("who", "action"),
    [
        (person(**US), {}),
        (person(type="business"), CALL),
        (person(bought=LAST_YEAR), {}),
        (person(**GB, type="business"), {}),
        (person(consents=(granted(),)), {}),
        (person(consents=(granted(status="withdrawn"),)), {"purpose": "service"}),
        (person(suppressed=frozenset({"*"})), {"purpose": "contract"}),
        (person(country="CA", timezone="America/Toronto", bought=LAST_YEAR), {}),
        (person(country="", timezone=""), {"purpose": "service"}),
        (person(consents=(granted("sms"),)), SMS),
    ],
    ids=[
        "US mail without consent",
        "call to a German firm",
        "own customer",
        "UK corporate subscriber",
        "German consent",
        "service mail after a withdrawal",
        "contract mail to a suppressed person",
        "Canadian customer",
        "service mail without a country",
        "German text with consent",
    ],
)
def test_lawful_business_passes(who: Person, action: dict[str, Any]) -> None:
    assert ruling(who, **action) == "allow"


@pytest.mark.parametrize(
    ("who", "action"),
    [
        (person(), {}),
        (person(type="business"), {}),
        (person(), CALL),
        (person(**GB), {}),
        (person(**US), SMS),
        (person(**US, suppressed=frozenset({"email"})), {}),
        (person(**US, consents=(granted(status="withdrawn"),)), {}),
        (person(bought=LAST_YEAR, consents=(granted(status="refused"),)), {}),
        (person(country="CA", timezone="America/Toronto"), {}),
        (person(consents=(granted(expires=NOON - timedelta(days=1)),)), {}),
    ],
    ids=[
        "German mail without consent",
        "German firm by mail",
        "German consumer by phone",
        "UK consumer",
        "US text without consent",
        "US suppressed",
        "US opted out",
        "customer who refused",
        "Canadian stranger",
        "expired consent",
    ],
)
def test_unlawful_contact_is_denied(who: Person, action: dict[str, Any]) -> None:
    assert ruling(who, **action) == "deny"


@pytest.mark.parametrize(
    ("who", "action", "expected"),
    [
        (person(country="", timezone=""), {}, "defer contact.country"),
        (person(type=""), CALL, "defer contact.type"),
        (
            person(country="", timezone="", consents=(granted("sms"),)),
            SMS,
            "defer contact.timezone",
        ),
        (
            person(country="US", timezone="America/Chicago", consents=(granted("sms"),)),
            {**SMS},
            "defer contact.region",
        ),
    ],
)
def test_what_is_not_on_record_becomes_a_task_and_no_case(
    who: Person, action: dict[str, Any], expected: str
) -> None:
    early = NOON.replace(hour=14, minute=30)
    assert ruling(who, early, **action) == expected


@pytest.mark.parametrize(
    ("now", "who", "until"),
    [
        ("2026-11-23T14:30:00Z", person(**TEXAS), "2026-11-23T15:00:00Z"),
        ("2024-09-09T13:30:00Z", person(**TEXAS), None),
        ("2026-11-22T17:00:00Z", person(**TEXAS), "2026-11-22T18:00:00Z"),
        ("2026-11-22T19:00:00Z", person(**TEXAS), None),
        ("2026-11-24T03:30:00Z", person(**TEXAS), "2026-11-24T15:00:00Z"),
        ("2026-11-23T15:30:00Z", person(**SOMEWHERE_IN_TEXAS), "2026-11-23T16:00:00Z"),
        ("2026-11-24T01:30:00Z", person(**MIAMI), "2026-11-24T13:00:00Z"),
        ("2026-10-24T20:30:00Z", person(), "2026-10-25T07:00:00Z"),
    ],
    ids=[
        "Texas 08:30", "Texas 08:30 before the law", "Texas Sunday 11:00", "Texas Sunday 13:00",
        "Texas 21:30",
        "somewhere in Texas", "Florida 20:30", "Berlin, the night the clocks go back",
    ],
)  # fmt: skip
def test_texts_wait_for_the_recipients_hours(now: str, who: Person, until: str | None) -> None:
    consented = replace(
        who, consents=(granted("sms", at=datetime(2020, 1, 1, tzinfo=NOON.tzinfo)),)
    )
    verdict = judge(consented, datetime.fromisoformat(now), **SMS).verdict
    assert verdict.until == (None if until is None else datetime.fromisoformat(until))
    assert verdict.ruling.word == ("allow" if until is None else "defer")


def test_the_fourth_marketing_contact_of_a_week_waits_until_the_first_is_a_week_old() -> None:
    days = (6, 3, 1)
    history = tuple(
        Touch("message.send", "email", "marketing", NOON - timedelta(days=d)) for d in days
    )
    verdict = judge(person(**US, history=history)).verdict
    assert (verdict.ruling.word, verdict.until) == ("defer", NOON + timedelta(days=1))
    assert ruling(person(**US, history=history[:2])) == "allow"


def test_a_message_that_hides_the_machine_is_revised_and_sent() -> None:
    review = judge(person(**US), text="Hello, our new sofas are in the shop for you to see.")
    assert review.verdict.ruling.word == "allow"
    assert review.action.text.endswith(DISCLOSED.strip())
    assert review.revised


def test_a_lie_about_the_stock_is_taken_out_and_one_that_is_all_there_is_goes_to_a_person() -> None:
    stocked = person(**US, records={"product": {"stock": 400}})
    review = judge(stocked, text="The new sofa is here in our shop. Only 2 left!" + DISCLOSED)
    assert review.verdict.ruling.word == "allow"
    assert "2" not in review.action.text
    assert ruling(stocked, text="Only 2 left!") == "escalate"
    few = person(**US, records={"product": {"stock": 2}})
    assert not judge(few, text="Only 2 left!" + ADVERTISED + DISCLOSED).revised


def test_a_machine_that_says_it_is_a_person_is_denied_and_not_improved() -> None:
    text = "I am a real person. Our new sofas are in the shop." + DISCLOSED
    assert ruling(person(**US), text=text) == "deny"


def test_a_stop_switch_denies_everything_in_its_scope() -> None:
    stop = (Stop("agent:a", "anna", NOON),)
    assert ruling(person(**US), stops=stop) == "deny"
    assert ruling(person(), kind="lead.score", args={"score": 1}, stops=stop) == "deny"


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        ({"kind": "refund.pay", "args": {"amount": 500, "currency": "EUR"}}, "allow"),
        ({"kind": "refund.pay", "args": {"amount": 500.01, "currency": "EUR"}}, "escalate"),
        ({"kind": "offer.set", "args": {"amount": 900, "discount": 0.35}}, "escalate"),
        ({"kind": "offer.set", "args": {"amount": 900, "inputs": {"volume": 3}}}, "allow"),
        ({"kind": "record.delete", "args": {"type": "deal", "record": "D"}}, "escalate"),
        ({"kind": "record.update", "args": {"type": "deal", "record": "D", "fields": {}}}, "allow"),
        ({"kind": "lead.score", "args": {"score": 0.5, "inputs": {"gender": "f"}}}, "deny"),
        ({"kind": "lead.score", "args": {"score": 0.5, "inputs": {"zip": "1"}}}, "escalate"),
        ({"kind": "lead.score", "args": {"score": 0.5, "inputs": {"visits": 9}}}, "allow"),
        ({"kind": "lead.score", "args": {"score": 0.5}, "confidence": 0.4}, "escalate"),
        ({"kind": "tool.call", "args": {"tool": "get_x", "arguments": {}}}, "allow"),
        ({"kind": "tool.call", "args": {"tool": "wire_money", "arguments": {}}}, "escalate"),
    ],
)
def test_what_is_at_stake_decides_who_decides(action: dict[str, Any], expected: str) -> None:
    assert ruling(person(), **action) == expected


def test_a_customer_who_wants_a_person_gets_one() -> None:
    wrote = (Observation("mail", "I want to talk to a human, now."),)
    assert ruling(person(**US), purpose="service", observations=wrote) == "escalate"
    assert (
        ruling(person(**US), kind="ticket.open", args={"title": "x"}, observations=wrote) == "allow"
    )


def test_without_a_model_a_message_goes_to_a_person_and_a_score_does_not() -> None:
    assert ruling(person(**US), model=no_model) == "escalate"
    assert ruling(person(), kind="lead.score", args={"score": 0.5}, model=no_model) == "allow"


def test_data_of_europeans_stays_out_of_a_model_that_is_not_listed() -> None:
    def agent(region: str) -> tuple[Agent, ...]:
        return (
            Agent(
                "a", kinds=frozenset({"message.send"}), channels=frozenset({"email"}),
                purposes=frozenset({"marketing"}), region=region,
            ),
        )  # fmt: skip

    customer = person(bought=LAST_YEAR)
    assert ruling(customer, agents=agent("eu-central-1")) == "allow"
    assert ruling(customer, agents=agent("us-east-1")) == "deny"
    assert ruling(person(**US), agents=agent("us-east-1")) == "allow"


def test_strict_sends_decisions_and_irreversible_actions_to_a_person() -> None:
    strict = ("strict",)
    score = ruling(person(), constitutions=strict, kind="lead.score", args={"score": 0.5})
    assert score == "escalate"
    twice = granted(double_opt_in_at=LAST_YEAR)
    assert ruling(person(consents=(twice,)), constitutions=strict) == "escalate"
    assert ruling(person(consents=(granted(),)), constitutions=strict) == "deny"


def _blank(people: dict[str, Person]) -> None:
    """Take country, region, time zone and language out of a quarter of the records each."""
    dice = random.Random(7)  # noqa: S311  (a test that repeats)
    for key, one in people.items():
        contact = one.contact
        if dice.random() < 0.25:
            contact = replace(contact, country="", region="")
        if dice.random() < 0.25:
            contact = replace(contact, timezone="")
        if dice.random() < 0.25:
            contact = replace(contact, language="")
        people[key] = replace(one, contact=contact)


def _work(ids: list[str]) -> list[Action]:
    """What the agents of a shop propose in a morning."""
    actions = []
    for who in ids:
        fields = {"subject": who}
        actions += [
            act(**fields, text="Hello, our new sofas are in the shop. Come and see them with us."),
            act(**fields, purpose="service", text="Your order has left our warehouse today."),
            act("lead.score", **fields, args={"score": 0.5, "inputs": {"visits": 3, "deals": 1}}),
            act("offer.set", **fields, args={"amount": 900.0, "discount": 0.1}),
            act(**fields, channel="sms", text="Hello, our new sofas are in the shop for you."),
            act("call.place", **fields, channel="phone", purpose="marketing"),
        ]
    return actions


def test_people_are_not_flooded_by_a_book_with_a_quarter_of_its_fields_blank(
    store: Store, clock: FixedClock
) -> None:
    for file in ("contacts_hubspot.csv", "contacts_salesforce.csv"):
        import_contacts(store, "default", BOOK / file)
    import_consents(store, "default", BOOK / "consents.csv")
    import_records(store, "default", BOOK / "records.jsonl")
    import_history(store, "default", BOOK / "history.csv")
    with store.read() as conn:
        ids = [row[0] for row in conn.exec_driver_sql("select id from contacts order by id").all()]
    actions = _work(ids)
    people = dict(StorePeople(store).people("default", actions))
    _blank(people)
    found = shop(*people.values(), now=clock.now()).review_many(actions)
    counts = Counter(review.verdict.ruling.word for review in found)
    reached = [r for r in found if r.verdict.ruling.word == "escalate"]
    assert len(found) > 2000
    assert len(reached) / len(found) <= 0.05, Counter(
        name for r in reached for name in [f.article for f in r.verdict.fired]
    )
    assert counts["allow"] / len(found) > 0.5, counts
    tasks = {(t, r.action.subject) for r in found for t in r.verdict.tasks}
    assert {t for t, _ in tasks} <= {
        "contact.country", "contact.region", "contact.timezone", "contact.type",
    }  # fmt: skip
