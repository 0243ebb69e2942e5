"""Consent of a hundred thousand people with a million events, on SQLite."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from agentkit.action import Action
from agentkit.clock import FixedClock
from agentkit.crm import StorePeople, consent_states
from agentkit.store import Store, insert_many, to_micros
from benchmarks.timing import cpu

PEOPLE = 100_000
EVENTS = 10
"""Events a person."""
BATCH = 1000
NOW = datetime(2026, 11, 23, 8, 30, tzinfo=UTC)
_COLUMNS = ("tenant", "id", "contact", "point", "channel", "purpose", "brand", "status", "at",
            "source", "proof", "recorded_at")  # fmt: skip
_STATUSES = ("granted", "granted", "granted", "withdrawn", "refused", "not_specified")


def measure() -> dict[str, float | str]:
    """One look-up and a batch of a thousand, people chosen anew each round; CPU time."""
    chance = random.Random(7)  # noqa: S311  (a sample, no secret)
    with tempfile.TemporaryDirectory() as folder:
        store = _fill(Path(folder), chance)
        try:
            return _measure(store, chance)
        finally:
            store.close()


def _measure(store: Store, chance: random.Random) -> dict[str, float | str]:
    def ask(count: int) -> Any:
        wanted = [f"c{chance.randrange(PEOPLE)}" for _ in range(count)]
        with store.read() as conn:
            found = consent_states(
                conn, "default", wanted, channel="email", purpose="marketing",
                brand="Möbel", now=NOW,
            )  # fmt: skip
        assert found.keys() == set(wanted)

    def load(count: int) -> Any:
        wanted = chance.sample(range(PEOPLE), count)
        actions = [Action.create(kind="message.send", subject=f"c{i}") for i in wanted]
        assert len(people.people("default", actions)) == count

    people = StorePeople(store)
    ask(BATCH)
    return {
        "events": float(PEOPLE * EVENTS),
        "ms a look-up of one consent state": 1000 * cpu(lambda: [ask(1) for _ in range(100)]) / 100,
        "ms a batch of 1,000 consent states": 1000 * cpu(lambda: ask(BATCH)),
        "ms to load 1,000 people whole": 1000 * cpu(lambda: load(BATCH)),
    }


def _fill(folder: Path, chance: random.Random) -> Store:
    home = folder / "home"
    url = f"sqlite:///{home / 'agentkit.db'}"
    store = Store.open(url, clock=FixedClock(NOW), home=home)
    now = to_micros(NOW)
    columns = ("tenant", "id", "name", "email", "phone", "country", "timezone", "fields",
               "created_at", "updated_at")  # fmt: skip
    with store.write() as unit:
        contacts = (
            ("default", f"c{i}", f"Person {i}", f"p{i}@example.org", f"+4940{i:07}", "DE",
             "Europe/Berlin", "{}", now, now)
            for i in range(PEOPLE)
        )  # fmt: skip
        insert_many(unit.conn, "contacts", columns, contacts)
    for start in range(0, PEOPLE, 10_000):
        with store.write() as unit:
            rows = (r for i in range(start, start + 10_000) for r in _events(i, chance))
            insert_many(unit.conn, "consent_events", _COLUMNS, rows)
    return store


def _events(person: int, chance: random.Random) -> Iterator[tuple[Any, ...]]:
    for n in range(EVENTS):
        channel = "sms" if n % 4 == 3 else "email"
        point = f"+4940{person:07}" if channel == "sms" else f"p{person}@example.org"
        at = to_micros(NOW - timedelta(days=chance.randrange(2000)))
        yield (
            "default", f"{person}-{n}", f"c{person}", point if n % 5 else "", channel, "marketing",
            ("Möbel", "Outlet", "")[n % 3], chance.choice(_STATUSES), at, "web_form", "form:1", at,
        )  # fmt: skip
