"""A whole pipeline from a few lines: a real store, a real desk, a small constitution."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any
from zlib import crc32

from agentkit.action import Action
from agentkit.canonical import from_json
from agentkit.case import Operator
from agentkit.clock import Clock
from agentkit.consent import state as consent_state
from agentkit.context import Contact
from agentkit.crm import CRM, BuiltinCRM, StorePeople
from agentkit.desk import Desk
from agentkit.evidence import Evidence
from agentkit.hookspecs import Manifest, hookimpl
from agentkit.permit import Claim, Effect
from agentkit.pipeline import Pipeline
from agentkit.settings import Settings
from agentkit.store import Store, Unit, execute, insert_many, to_micros
from tests.gates import article, make_gate, message

__all__ = ["SUPERVISOR", "FileCRM", "World", "make_world", "message"]

SUPERVISOR = Operator("anna", frozenset({"supervisor", "operator"}))
TEN = "timestamp('2026-11-23T10:00:00Z')"
ARTICLES = (
    article("too-long", "action.text_length > 200")
    + article("ask-a-person", "action.channel == 'sms'", "escalate", overridable="supervisor")
    + article("wait", f"args.template == 'later' && judged_at < {TEN}", "defer", until=TEN)
    + article("country", "args.template == 'local' && contact.country == 'XX'")
    + article("objected", "tally.objected")
    + article("cap", "tally.recent >= 2")
)


class Tally(Evidence, namespace="tally", kinds=["message.send"], volatile=True):
    """What was sent to the person in the last day, and whether they object."""

    recent: int
    objected: bool


def tally() -> ModuleType:
    """A plugin that counts."""
    module = ModuleType("tally")

    def declare() -> Manifest:
        return Manifest("tally", evidence=(Tally,))

    def examine(action: Action, context: Any) -> Tally:
        person = context.person(action)
        if person is None:
            return Tally(0, objected=False)
        day = context.now - timedelta(days=1)
        status = consent_state(
            person.consents, person.contact.point(action.channel), action.channel, action.purpose,
            "", context.now,
        ).status  # fmt: skip
        return Tally(
            sum(t.at > day for t in person.history), objected=status in {"withdrawn", "refused"}
        )

    module.declare = hookimpl(declare)  # type: ignore[attr-defined]
    module.examine = hookimpl(examine)  # type: ignore[attr-defined]
    return module


@dataclass
class FileCRM:
    """A remote system for tests: every effect is a line of a file, flushed to the disk.

    ``before`` and ``after`` run at those points of `perform`: tests crash or break there.
    """

    path: Path
    now: Callable[[], datetime]
    looks_up_markers: bool = True
    settle_seconds: float = 5.0
    before: Callable[[Action], None] = lambda action: None
    after: Callable[[Action], None] = lambda action: None
    transactional: bool = False
    reads_own_writes: bool = True
    calls: list[str] = field(default_factory=list)

    def contact(self, tenant: str, contact: str) -> Contact | None:
        return Contact(contact)

    def record(self, tenant: str, kind: str, record: str) -> Mapping[str, Any] | None:
        return None

    def apply(self, action: Action, unit: Unit) -> Effect:
        raise NotImplementedError

    def perform(self, action: Action, claim: Claim) -> Effect:
        self.calls.append(action.id)
        self.before(action)
        with self.path.open("a") as file:
            file.write(f"{action.id}\n")
            file.flush()
            os.fsync(file.fileno())
        self.after(action)
        return Effect(action.id, "done", action.id, self.now(), {"line": True})

    def find(self, tenant: str, marker: str) -> Effect | None:
        if marker not in self.effects():
            return None
        return Effect(marker, "done", marker, self.now(), {"found": True})

    def effects(self) -> list[str]:
        return self.path.read_text().split() if self.path.exists() else []


class World:
    """A pipeline and what it stands on."""

    def __init__(self, store: Store, clock: Clock, folder: Path, crm: CRM | None = None) -> None:
        self.store = store
        self.clock = clock
        url = store.engine.url.render_as_string(hide_password=False)
        self.settings = Settings(home=store.home, database=url)
        gate = make_gate(folder, clock, ARTICLES, tally(), people=StorePeople(store, self.settings))
        self.desk = Desk(store, gate, self.settings, clock)
        self.crm = crm or BuiltinCRM(store)
        self.pipeline = Pipeline(
            gate=gate, store=store, desk=self.desk, crm=self.crm, settings=self.settings,
            clock=clock, plugins=gate.plugins,
        )  # fmt: skip

    def add_contact(self, contact: str, country: str = "DE") -> None:
        now = to_micros(self.clock.now())
        columns = (
            "tenant", "id", "name", "email", "phone", "country", "owner", "created_at", "updated_at"
        )  # fmt: skip
        row = (
            "default", contact, "Anke Petersen", f"{contact}@example.de",
            f"+4940{crc32(contact.encode()) % 10**7:07}", country,
            "olaf", now, now,
        )  # fmt: skip
        with self.store.write() as unit:
            insert_many(unit.conn, "contacts", columns, [row])

    def state(self, action: str) -> str:
        return str(self.pipeline.status("default", action).state)

    def advance(self, action: str) -> Any:
        return self.pipeline.advance("default", action)

    def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        with self.store.read() as conn:
            return [tuple(row) for row in execute(conn, sql, values)]

    def kinds(self, action: str) -> list[str]:
        """Kinds of the entries of an action, in order."""
        rows = self.rows("select kind from entries where action = ? order by id", action)
        return [row[0] for row in rows]

    def entry(self, action: str, kind: str) -> dict[str, Any]:
        """The clear part of the one entry of this kind about an action."""
        sql = "select public from entries where action = ? and kind = ?"
        ((public,),) = self.rows(sql, action, kind)
        found: dict[str, Any] = from_json(bytes(public))
        return found

    def effects(self) -> int:
        return len(self.rows("select action from effects where outcome = 'done'"))

    def case_of(self, action: str) -> tuple[str, str]:
        """Id and digest of the open case of an action."""
        sql = "select id, action_digest from cases where action = ? and state = 'open'"
        (row,) = self.rows(sql, action)
        return str(row[0]), str(row[1])

    def approve(self, action: str, operator: Operator = SUPERVISOR) -> None:
        case, digest = self.case_of(action)
        self.desk.approve(case, operator, digest)


def make_world(store: Store, clock: Clock, folder: Path, crm: CRM | None = None) -> World:
    """A world with one contact, c1 in Germany."""
    world = World(store, clock, folder, crm)
    if not world.rows("select id from contacts where id = 'c1'"):
        world.add_contact("c1")
    return world
