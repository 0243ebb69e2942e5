"""A desk from a few lines: a real store, a real gate, a few articles."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agentkit.action import Action
from agentkit.canonical import canonical
from agentkit.case import Case, Operator
from agentkit.clock import Clock
from agentkit.crm import StorePeople
from agentkit.desk import Desk
from agentkit.evidence import Evidence, Finding, Span, Unknown
from agentkit.gate import Gate
from agentkit.settings import Settings
from agentkit.store import Store, execute, insert_many, to_micros
from agentkit.store.actions import insert_actions
from tests.gates import article, make_gate, message, plugin

ANNA = Operator("anna", frozenset(["operator"]))
BOB = Operator("bob", frozenset(["operator"]))
CHIEF = Operator("chief", frozenset(["operator", "supervisor"]))
TRAINEE = Operator("trainee")


class Tone(Evidence, namespace="tone", kinds=["message.send"]):
    """Facts that the tests set by words in the text."""

    pushy: bool
    rude: bool = False
    stock: int | Unknown = 3
    quiet: bool = False


def read_tone(action: Action) -> Tone:
    place = action.text.find("hurry")
    findings = []
    if place >= 0:
        span = Span(place, place + 5)
        findings = [Finding("false_urgency", "it presses for no reason", span, 0.91, "words")]
    stock: int | Unknown = Unknown("no stock on record") if "stock" in action.text else 3
    return Tone(
        place >= 0, "idiot" in action.text, stock, "night" in action.text, findings=findings
    )


ARTICLES = (
    article(
        "tone-urgency", "tone.pushy", "escalate", overridable="operator",
        because='"the mail to {contact.name} presses for no reason"', cites='["UCPD Art. 8"]',
    )
    + article("tone-rude", "tone.rude", "deny", overridable="supervisor")
    + article("stock-claim", "tone.stock < 1", "escalate", overridable="operator")
    + article("never", "action.text_length == 13", "escalate")
    + article(
        "quiet-hours", "tone.quiet", "defer", until="next_local(judged_at, 'Europe/Berlin', 9)"
    )
    + article("large-offer", "args.amount > 100.0", "escalate", overridable="operator",
              applies_to="{kinds: [offer.set]}")
)  # fmt: skip


@dataclass
class Office:
    """Desk, store and gate."""

    desk: Desk
    store: Store
    gate: Gate

    def propose(self, text: str = "hurry, it ends today", **fields: Any) -> Case:
        """Judge an action and put it on the desk, as the pipeline does."""
        review = self.gate.review(message(text, **fields))
        with self.store.write() as unit:
            insert_actions(unit, [review], self.store.clock.now(), states=["escalated"])
            return self.desk.open(unit, review)

    def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        with self.store.read() as conn:
            return [tuple(row) for row in execute(conn, sql, values).all()]

    def action_state(self, case: Case) -> str:
        return str(self.rows("select state from actions where id = ?", case.action)[0][0])

    def entries(self) -> list[tuple[str, str]]:
        return [(k, a) for k, a in self.rows("select kind, actor from entries order by id")]


def make_office(store: Store, clock: Clock, tmp_path: Path, **settings: Any) -> Office:
    """A desk whose contacts, constitution and plugin are real and small."""
    gaps = {"tone.stock": settings.pop("gap_role")} if "gap_role" in settings else {}
    people = StorePeople(store)
    gate = make_gate(
        tmp_path, clock, ARTICLES, plugin("tone", read_tone, evidence=(Tone,)),
        people=people, overridable_gaps=gaps,
    )  # fmt: skip
    add_people(store)
    desk = Desk(store, gate, Settings(home=store.home, **settings), clock)
    return Office(desk, store, gate)


def add_people(store: Store) -> None:
    now = to_micros(store.clock.now())
    columns = (
        "tenant", "id", "name", "email", "country", "timezone", "language", "created_at",
        "updated_at",
    )  # fmt: skip
    row = (
        "default", "c1", "Anke Petersen", "anke@example.de", "DE", "Europe/Berlin", "de", now, now
    )  # fmt: skip
    with store.write() as unit:
        insert_many(unit.conn, "contacts", columns, [row])


def add_mail(
    store: Store, text: str, at: str = "2026-11-22T10:02:00+01:00", id_: str = "m1"
) -> None:
    fields = canonical({"channel": "email", "at": at, "text": text}).decode()
    row = ("default", "mail", id_, "c1", fields, to_micros(store.clock.now()))
    columns = ("tenant", "type", "id", "contact", "fields", "updated_at")
    with store.write() as unit:
        insert_many(unit.conn, "records", columns, [row])
