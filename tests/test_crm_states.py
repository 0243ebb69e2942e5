"""Many consents at once are the same consents, one by one."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any, get_args

from agentkit.action import Action
from agentkit.clock import FixedClock
from agentkit.consent import record_consents, state
from agentkit.context import ConsentRecord, ConsentStatus
from agentkit.crm import StorePeople, consent_states
from agentkit.store import Store
from tests.test_consent_record import add_contact

MAILBOXES = ("a@example.org", "b@example.org")
NUMBERS = ("+491713920043", "+491713920044")
PEOPLE = {
    "C-1": (MAILBOXES[0], NUMBERS[0]), "C-2": (MAILBOXES[0], NUMBERS[1]),
    "C-3": (MAILBOXES[1], NUMBERS[1]), "C-4": ("", ""),
}  # fmt: skip
STATUSES: tuple[ConsentStatus, ...] = get_args(ConsentStatus)


def events(store: Store, chance: random.Random, count: int) -> list[tuple[str, ConsentRecord]]:
    now = store.clock.now()
    points = ("", *MAILBOXES, *NUMBERS)

    def one() -> tuple[str, ConsentRecord]:
        point = chance.choice(points)
        lapse = chance.choice((None, None, now + timedelta(days=chance.randint(-9, 9))))
        record = ConsentRecord(
            point, chance.choice(("", "email", "sms")),
            chance.choice(("", "marketing", "newsletter", "service")),
            chance.choice(("", "Möbel", "Outlet")), chance.choice(STATUSES),
            now + timedelta(days=chance.randint(-6, 2)), lapse,
            scope=chance.choice(("", "", "controller")),
        )  # fmt: skip
        return chance.choice((*PEOPLE, "" if point else "C-1")), record

    return [one() for _ in range(count)]


def one_by_one(store: Store, question: dict[str, str]) -> dict[str, Any]:
    actions = [Action.create(kind="lead.score", tenant="t", subject=c) for c in PEOPLE]
    people = StorePeople(store).people("t", actions)
    asked = (question["channel"], question["purpose"], question["brand"])
    return {
        c: state(p.consents, p.contact.point(asked[0]), *asked, store.clock.now())
        for c, p in people.items()
    }


def test_a_batch_answers_as_each_question_alone(any_store: Store, clock: FixedClock) -> None:
    for contact, (email, phone) in PEOPLE.items():
        add_contact(any_store, contact, email, phone)
    chance = random.Random(11)  # noqa: S311  (a sample, no secret)
    seen: set[str] = set()
    since = clock.now() - timedelta(days=9)
    everything = ConsentRecord("", "", "", "", "granted", since)
    with any_store.write() as unit:
        record_consents(unit, "t", [(c, everything) for c in PEOPLE], now=clock.now())
    for _ in range(10):
        with any_store.write() as unit:
            record_consents(unit, "t", events(any_store, chance, 2), now=clock.now())
        for channel, brand in (("email", "Möbel"), ("email", ""), ("sms", "Outlet")):
            question = {"channel": channel, "purpose": "marketing", "brand": brand}
            with any_store.read() as conn:
                found = consent_states(conn, "t", [*PEOPLE, "C-9"], now=clock.now(), **question)
            alone = one_by_one(any_store, question)
            assert {c: (s.status, s.since) for c, s in found.items()} == {
                c: (s.status, s.since) for c, s in alone.items()
            }
            seen |= {s.status for s in found.values()}
    assert {"granted", "withdrawn", "refused"} <= seen
