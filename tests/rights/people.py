"""A person with data in every table that may hold some."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from agentkit.canonical import canonical
from agentkit.clock import Clock
from agentkit.consent import record_consent
from agentkit.context import ConsentRecord
from agentkit.store import Store, insert_many, to_micros
from tests.worlds import SUPERVISOR, World, make_world, message

NAME: Final = "Anke Zwiebelturm-Petersen"
ADDRESS: Final = "anke.zwiebelturm@example.de"
NUMBER: Final = "+4940998877"
WORDS: Final = "Ihr Sofa Quellenhof wartet"
SECRETS: Final = (
    NAME,
    "Zwiebelturm",
    ADDRESS,
    "zwiebelturm",
    NUMBER,
    "940998877",
    WORDS,
    "Quellenhof",
)
ID: Final = "hub-4711"


def add_anke(world: World, person: str = ID, **columns: Any) -> None:
    now = to_micros(world.clock.now())
    values = {
        "tenant": "default", "id": person, "name": NAME, "email": ADDRESS, "phone": NUMBER,
        "country": "DE", "owner": "olaf", "fields": canonical({"mobile": NUMBER}).decode(),
        "created_at": now, "updated_at": now, **columns,
    }  # fmt: skip
    with world.store.write() as unit:
        insert_many(unit.conn, "contacts", list(values), [list(values.values())])


def say(world: World, status: str = "granted", at: datetime | None = None, **fields: Any) -> None:
    """A consent event of Anke's mailbox."""
    record = ConsentRecord(
        ADDRESS, "email", "marketing", "Nordlicht", status,  # type: ignore[arg-type]
        at or world.clock.now() - timedelta(days=30), source="form", proof=f"form of {NAME}",
        **fields,
    )  # fmt: skip
    with world.store.write() as unit:
        record_consent(unit, "default", ID, record, now=world.clock.now())


def live(world: World) -> None:
    """Leave something of Anke in every table."""
    add_anke(world)
    say(world)
    text = f"Liebe {NAME}, {WORDS}!"
    world.pipeline.propose(message(text, id="sent", subject=ID))
    world.advance("sent")
    world.pipeline.propose(message(text, id="asked", subject=ID, channel="sms"))
    case, digest = world.case_of("asked")
    world.desk.reject(case, SUPERVISOR, digest, f"{NAME} hat schon gekauft")
    world.pipeline.propose(message(text, id="case", subject=ID, channel="sms"))
    world.pipeline.propose(message(text, id="waits", subject=ID))
    now = to_micros(world.clock.now())
    fields = canonical({"text": f"{WORDS}? {NAME}, {ADDRESS}"}).decode()
    with world.store.write() as unit:
        record = ("tenant", "type", "id", "contact", "fields", "updated_at")
        insert_many(unit.conn, "records", record, [("default", "mail", "m1", ID, fields, now)])
        task = ("tenant", "field", "contact", "owner", "opened_at")
        insert_many(unit.conn, "data_tasks", task, [("default", "contact.type", ID, "o", now)])
        waits = ("tenant", "field", "contact", "action")
        insert_many(unit.conn, "task_actions", waits, [("default", "contact.type", ID, "waits")])
    world.desk.stop(f"person:{ID}", SUPERVISOR, f"{NAME} ist verreist")


def anke_world(store: Store, clock: Clock, folder: Path) -> World:
    world = make_world(store, clock, folder)
    live(world)
    return world


def found_in(folder: Path, words: tuple[str, ...] = SECRETS) -> list[str]:
    """Which of the words stand anywhere in the files of a folder, as bytes."""
    hits = []
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        data = path.read_bytes()
        for word in words:
            forms = {word.encode(), word.encode("utf-16-le"), word.encode("latin-1", "ignore")}
            hits += [f"{path.name}: {word}" for form in forms if form and form in data]
    return hits
