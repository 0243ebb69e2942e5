from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from agentkit.action import Action, Sender
from agentkit.classify import Classifier
from agentkit.clock import FixedClock
from agentkit.consent import record_consent
from agentkit.context import ConsentRecord
from agentkit.inbound import Inbound, Receipt, Receiver, read_inbound
from agentkit.pipeline import Pipeline, build
from agentkit.settings import Settings
from agentkit.store import execute, insert_many, to_micros

BRAND = "Nordlicht Möbel"
OUTLET = "Nordlicht Outlet"
MAILBOX = "anke.petersen@example.de"
NUMBER = "+4940123456"


@lru_cache(maxsize=1)
def shipped_model() -> Classifier:
    return Classifier.load()


class Mailroom:
    """A whole pipeline with Anke in it, and what comes in for her."""

    def __init__(
        self, home: Path, clock: FixedClock, model: Callable[[], Any], **settings: Any
    ) -> None:
        self.clock = clock
        self.settings = Settings(home=home, brands=(BRAND, OUTLET), country="DE", **settings)
        self.pipeline: Pipeline = build(self.settings, clock=clock, classifier=model)
        self.receiver = Receiver(self.pipeline)
        self.add_contact("c1", MAILBOX, NUMBER)

    def add_contact(self, id_: str, email: str, phone: str = "", **more: Any) -> None:
        now = to_micros(self.clock.now())
        values = {
            "tenant": "default", "id": id_, "name": "Anke Petersen", "email": email, "phone": phone,
            "country": "DE", "timezone": "Europe/Berlin", "language": "de", "type": "consumer",
            "created_at": now, "updated_at": now, **more,
        }  # fmt: skip
        with self.pipeline.store.write() as unit:
            insert_many(unit.conn, "contacts", tuple(values), [tuple(values.values())])

    def grant(self, brand: str = BRAND, channel: str = "email", contact: str = "c1") -> None:
        at = datetime.fromisoformat("2023-04-18T12:00:00+02:00")
        record = ConsentRecord("", channel, "marketing", brand, "granted", at, notice="7")
        with self.pipeline.store.write() as unit:
            record_consent(unit, "default", contact, record, now=self.clock.now())

    def receive(self, text: str = "", **fields: Any) -> Receipt:
        row = {
            "type": "reply", "from": MAILBOX, "channel": "email", "brand": BRAND, "text": text,
            "at": self.clock.now().isoformat(), **fields,
        }  # fmt: skip
        return self.take(read_inbound(row, "default", "DE"))

    def take(self, message: Inbound) -> Receipt:
        return self.receiver.receive(message)

    def propose(self, brand: str = BRAND, **fields: Any) -> Any:
        values = {
            "kind": "message.send", "agent": "outreach", "subject": "c1", "channel": "email",
            "purpose": "marketing", "text": "Neue Regale. Dies ist eine automatisierte Nachricht.",
            "sender": Sender(brand), **fields,
        }  # fmt: skip
        return self.pipeline.propose(Action.create(**values))

    def judge(self, **fields: Any) -> Any:
        values = {
            "kind": "message.send", "agent": "outreach", "subject": "c1", "channel": "email",
            "purpose": "marketing", "text": "Neue Regale. Dies ist eine automatisierte Nachricht.",
            "sender": Sender(BRAND), **fields,
        }  # fmt: skip
        return self.pipeline.gate.review(Action.create(**values)).verdict

    def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        with self.pipeline.store.read() as conn:
            return [tuple(row) for row in execute(conn, sql, values)]

    def withdrawals(self) -> list[tuple[Any, ...]]:
        return self.rows(
            "select contact, point, channel, purpose, brand from consent_events "
            "where status = 'withdrawn' order by recorded_at, id"
        )


@pytest.fixture
def clock() -> FixedClock:
    """Monday 16 November 2026, two minutes after ten in Hamburg."""
    return FixedClock(datetime.fromisoformat("2026-11-16T10:02:00+01:00"))


@pytest.fixture
def mailroom(tmp_path: Path, clock: FixedClock) -> Iterator[Mailroom]:
    """With the shipped classifiers."""
    made = Mailroom(tmp_path / "home", clock, shipped_model)
    yield made
    made.pipeline.close()
