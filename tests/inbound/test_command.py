"""The commands, several writers at once, and both databases."""

from __future__ import annotations

import getpass
import json
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from agentkit.cli import cli
from agentkit.clock import FixedClock, SystemClock
from agentkit.inbound import Receiver
from agentkit.pipeline import Pipeline, build
from agentkit.settings import Settings, load_settings
from agentkit.store import insert_many, to_micros
from tests.inbound.conftest import BRAND, MAILBOX, NUMBER, Mailroom, shipped_model

Run = Callable[..., Result]


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(getpass, "getuser", lambda: "anna")
    (tmp_path / "agentkit.toml").write_text('home = "data"\n[operators]\nanna = ["supervisor"]\n')
    found = load_settings()
    pipeline = build(found)
    now = to_micros(SystemClock().now())
    columns = ("tenant", "id", "name", "email", "phone", "country", "created_at", "updated_at")
    row = ("default", "c1", "Anke Petersen", MAILBOX, NUMBER, "DE", now, now)
    with pipeline.store.write() as unit:
        insert_many(unit.conn, "contacts", columns, [row])
    pipeline.close()
    return found


@pytest.fixture
def run(settings: Settings) -> Run:
    del settings
    return lambda *arguments, **more: CliRunner().invoke(cli, arguments, **more)


def lines(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_one_answer_a_line_and_a_bad_line_in_its_place(run: Run) -> None:
    given = [
        {"type": "reply", "from": NUMBER, "channel": "sms", "text": "STOP", "id": 7},
        {"type": "reply"},
        {"type": "bounce", "from": MAILBOX, "bounce": "hard", "id": "b"},
    ]
    text = "\n".join([json.dumps(given[0]), "", "{", json.dumps(given[1]), json.dumps(given[2])])
    result = run("inbound", "-", input=text)
    assert result.exit_code == 1
    first, broken, missing, bounce = lines(result)
    assert (first["id"], first["done"], first["contacts"]) == ("7", ["withdrawn"], ["c1"])
    assert broken["line"] == 3
    assert "not JSON" in str(broken["error"])
    assert missing["line"] == 4
    assert "from" in str(missing["error"])
    assert bounce["done"] == ["suppressed"]
    assert "2 of the lines" in result.stderr
    assert NUMBER not in result.stdout


def test_a_file_delivered_again_changes_nothing(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "in.jsonl"
    file.write_text(json.dumps({"type": "stop", "from": NUMBER, "channel": "sms", "id": "x"}))
    assert lines(run("inbound", str(file)))[0]["done"] == ["withdrawn"]
    again = run("inbound", str(file))
    assert (again.exit_code, lines(again)[0]["done"]) == (0, ["duplicate"])


def test_a_file_that_is_not_there_is_one_sentence(run: Run) -> None:
    assert "cannot be read" in str(run("inbound", "nowhere.jsonl").exception)


def test_the_help_names_every_field_and_type() -> None:
    from agentkit.inbound import FIELDS, TYPES

    text = CliRunner().invoke(cli, ["inbound", "--help"]).output
    assert [word for word in (*FIELDS, *TYPES) if word not in text] == []


def test_circumstances_are_set_listed_and_lifted(run: Run) -> None:
    made = run("desk", "circumstances", "set", "c1", "bereavement", "--reason", "on the \x1b phone")
    assert made.exit_code == 0, made.output
    listed = run("desk", "circumstances", "list").output
    assert "bereavement  c1" in listed
    assert "\x1b" not in listed
    (row,) = json.loads(run("desk", "circumstances", "list", "--json", "--person", "c1").stdout)
    assert (row["kind"], row["actor"]) == ("bereavement", "operator:anna")
    assert run("desk", "circumstances", "lift", row["id"], "--reason", "x").exit_code == 0
    assert "no circumstance holds" in run("desk", "circumstances", "list").output
    gone = run("desk", "circumstances", "lift", row["id"], "--reason", "x")
    assert "no circumstance" in str(gone.exception)


def test_a_circumstance_of_nobody_or_of_no_kind_is_refused(run: Run) -> None:
    nobody = run("desk", "circumstances", "set", "c9", "minor", "--reason", "x")
    assert "no contact 'c9'" in str(nobody.exception)
    odd = run("desk", "circumstances", "set", "c1", "mood", "--reason", "x")
    assert "no circumstance 'mood'" in str(odd.exception)


def test_a_case_about_words_says_how_to_decide_it(run: Run) -> None:
    line = {"type": "reply", "from": MAILBOX, "text": "Kein Interesse, danke."}
    (answer,) = lines(run("inbound", "-", input=json.dumps(line)))
    (case,) = answer["cases"]
    shown = run("desk", "show", case).output
    assert "the person may have said no" in shown
    assert "legal clock: GDPR" in shown
    assert f"agentkit desk approve {case}" in shown
    assert "desk edit" not in shown


def test_of_many_deliveries_at_once_one_is_dealt_with(mailroom: Mailroom) -> None:
    receipts: list[list[str]] = []

    def deliver() -> None:
        receipts.append(mailroom.receive("STOP", channel="sms", id="m", **{"from": NUMBER}).done)

    threads = [threading.Thread(target=deliver) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(receipts) == [["duplicate"]] * 5 + [["withdrawn"]]


@pytest.fixture
def on_postgres(postgres_copy: str, home: Path, clock: FixedClock) -> Mailroom:
    return Mailroom(home, clock, shipped_model, database=postgres_copy)


def test_postgresql_does_the_same(on_postgres: Mailroom) -> None:
    room = on_postgres
    room.grant()
    assert room.receive("Kein Interesse, danke.", id="1").done == ["case", "paused"]
    assert room.receive("Kein Interesse, danke.", id="1").done == ["duplicate"]
    assert room.judge().ruling.word == "defer"
    (case,) = room.pipeline.desk.list()
    room.clock.advance(timedelta(hours=1))
    from agentkit.case import Operator

    room.pipeline.desk.approve(case.id, Operator("anna", frozenset(["operator"])),
                               case.action_digest)  # fmt: skip
    assert room.withdrawals() == [("c1", MAILBOX, "email", "marketing", BRAND)]
    assert room.receive("Mein Mann ist gestern gestorben.").done == ["paused"]
    assert room.receive(type="complaint").done == ["withdrawn", "suppressed"]
    unknown = room.receive("Kein Interesse, danke.", **{"from": "new@example.org"})
    assert unknown.done == ["case", "paused"]
    assert room.pipeline.desk.case(unknown.cases[0]).conversation
    room.pipeline.close()


def test_a_connector_uses_the_public_names(settings: Settings) -> None:
    from agentkit import Inbound, Receipt

    pipeline: Pipeline = build(settings)
    receipt: Receipt = Receiver(pipeline).receive(Inbound("stop", NUMBER, "sms"))
    assert receipt.done == ["withdrawn"]
    pipeline.close()
