"""``agentkit review`` and ``agentkit worker`` as a person types them."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from agentkit.action import Action
from agentkit.cli import cli
from agentkit.clock import SystemClock
from agentkit.errors import ConfigError, ImportFileError
from agentkit.pipeline import build
from agentkit.plugins import Plugins
from agentkit.settings import load_settings
from agentkit.store import Store, execute, insert_many, to_micros
from tests.gates import article

ANKE = {
    "name": "Anke Petersen", "email": "anke@example.de", "country": "DE",
    "timezone": "Europe/Berlin",
}  # fmt: skip
RULES = (
    article("shouting", "action.text_length > 200")
    + article("no-french", "contact.country == 'FR'")
    + article("by-sms", "action.channel == 'sms'", "escalate")
    + article(
        "later", "sender.brand == 'Late'", "defer", until="judged_at + duration('1h')"
    ).replace('"of {action.kind}"', '"{contact.name} may be reached from one hour on"')
)


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rules.yaml").write_text(
        "constitution: rules\nversion: 1\nprinciples: {p: be good}\narticles:\n" + RULES
    )


def review(*lines: Any, args: tuple[str, ...] = (), stdin: bool = False) -> Result:
    data = b"".join(
        line if isinstance(line, bytes) else json.dumps(line).encode() + b"\n" for line in lines
    )
    Path("in.jsonl").write_bytes(data)
    words = ["review", "-" if stdin else "in.jsonl", "--constitution", "rules.yaml"]
    words += ["--now", "2026-11-23T09:30:00+01:00", *args]
    return CliRunner().invoke(cli, words, input=data if stdin else None)


def answers(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def message(**fields: Any) -> dict[str, Any]:
    return {
        "kind": "message.send", "channel": "email", "purpose": "marketing", "text": "hello",
        "contact": ANKE, **fields,
    }  # fmt: skip


def test_every_line_is_answered_in_order_with_the_documented_fields() -> None:
    result = review(message(id="x"), message(text="a" * 300), message(channel="sms", id=7))
    first, second, third = answers(result)
    assert list(first) == [
        "id", "ruling", "until", "articles", "gaps", "revised", "evidence", "findings",
    ]  # fmt: skip
    assert (first["id"], first["ruling"], first["articles"]) == ("x", "allow", [])
    assert (second["id"], second["ruling"]) == (2, "deny")
    assert second["articles"] == [
        {"id": "shouting", "ruling": "deny", "because": "of message.send"}
    ]
    assert (third["id"], third["ruling"]) == (7, "escalate")
    assert result.exit_code == 0


def test_a_deferral_names_its_instant_and_because_shows_the_person() -> None:
    (answer,) = answers(review(message(sender={"brand": "Late", "country": "DE"})))
    assert (answer["ruling"], answer["until"]) == ("defer", "2026-11-23T09:30:00Z")
    assert answer["articles"][0]["because"].startswith("Anke Petersen may be reached")


def test_a_bad_line_is_answered_in_its_place_and_the_run_goes_on() -> None:
    result = review(
        message(id="a"), b"nonsense\n", b"\n", [1], {"text": "x"}, message(kind="message.sned"),
        message(args={"nope": 1}), message(history=[{"kind": "message.send"}]), message(id="z"),
    )  # fmt: skip
    found = answers(result)
    assert [a.get("line") for a in found] == [None, 2, 4, 5, 6, 7, 8, None]
    errors = [a["error"] for a in found if "error" in a]
    assert "not JSON" in errors[0]
    assert "needs a kind" in errors[2]
    assert "did you mean 'message.send'" in errors[3]
    assert "has no argument 'nope'" in errors[4]
    assert (result.exit_code, found[-1]["id"]) == (1, "z")
    assert "6 of the lines" in result.stderr


def test_a_misspelt_field_is_an_error_and_a_foreign_one_is_not() -> None:
    found = answers(review(message(purpos="x"), message(my_label="y")))
    assert "did you mean 'purpose'" in found[0]["error"]
    assert found[1]["ruling"] == "allow"


@pytest.mark.parametrize(
    "line",
    [
        b'{"kind": "message.send", "text": "a\\u0000b \\ud800 c", "contact": {"country": "DE"}}\n',
        b'{"kind": "message.send", "subject": "nobody", "contact": {"country": "DE"}}\n',
        b'{"kind": "tool.call", "args": {"tool": "x", "arguments": {"deep": [[1]]}}}\n',
    ],
    ids=["NUL and surrogate", "subject not on record", "a tool"],
)
def test_hostile_and_sparse_lines_are_judged(line: bytes) -> None:
    result = review(line)
    assert "ruling" in answers(result)[0]
    assert result.exit_code == 0


@pytest.mark.parametrize(
    "line",
    [
        b'{"kind": "message.send", "text": "' + b"x" * 1_000_000 + b'"}\n',
        b'{"kind": "message.send", "text": "' + b"x" * 9_000_000 + b'"}\n',
        b'{"kind": "message.send", "text": "\xff"}\n',
        b'{"kind": "lead.score", "args": {"score": NaN}, "subject": "c"}\n',
        b"[" * 100_000 + b"\n",
    ],
    ids=["1 MB of text", "9 MB of text", "no UTF-8", "NaN", "deep"],
)
def test_what_cannot_be_judged_says_so_in_its_place(line: bytes) -> None:
    result = review(line, message(id="after"))
    first, last = answers(result)
    assert first["line"] == 1
    assert last["id"] == "after"


def test_what_is_not_known_is_a_gap_and_never_an_allow() -> None:
    (answer,) = answers(review({"kind": "message.send", "text": "hello"}))
    assert answer["ruling"] != "allow"
    assert {"fact": "contact.country", "kind": "unknown"} in answer["gaps"]


def test_an_open_charter_is_said_aloud_and_a_register_holds() -> None:
    assert "open charter" in review(message()).stderr
    Path("agents.yaml").write_text(
        "agents:\n  mailer: {kinds: [message.send], channels: [email], purposes: [marketing]}\n"
    )
    result = review(
        message(agent="mailer"), message(agent="mailer", purpose="sales"), message(),
        args=("--agents", "agents.yaml"),
    )  # fmt: skip
    assert "open charter" not in result.stderr
    found = answers(result)
    assert [a["ruling"] for a in found] == ["allow", "deny", "deny"]
    assert "purpose" in found[1]["articles"][0]["because"]


def test_standard_input_is_read_and_the_same_is_answered() -> None:
    assert answers(review(message(id="a"), stdin=True)) == answers(review(message(id="a")))


def test_a_line_is_judged_alike_alone_and_in_company() -> None:
    lines = [
        message(id=n, contact={**ANKE, "country": c}) for n, c in enumerate(["DE", "FR"] * 150)
    ]
    together = answers(review(*lines))
    assert [a["ruling"] for a in together] == ["allow", "deny"] * 150
    assert answers(review(lines[1]))[0] == together[1]


def test_mistakes_of_the_caller_are_plain_errors() -> None:
    for args, error in (
        (("review", "none.jsonl"), ImportFileError),
        (("review", "rules.yaml", "--now", "yesterday"), ConfigError),
    ):
        result = CliRunner().invoke(cli, args)
        assert isinstance(result.exception, error)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads the peak from /proc")
def test_memory_does_not_grow_with_the_file() -> None:
    line = json.dumps(message()).encode() + b"\n"
    peaks = []
    for count in (400, 4000):
        Path("in.jsonl").write_bytes(line * count)
        code = (  # VmHWM: ru_maxrss would count the process that starts this one
            "import sys; from agentkit.cli import cli;"
            "cli(['review', 'in.jsonl', '--constitution', 'rules.yaml'], standalone_mode=False);"
            "lines = open('/proc/self/status').read().splitlines();"
            "print(next(x.split()[1] for x in lines if 'VmHWM' in x), file=sys.stderr)"
        )
        run = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        )
        assert len(run.stdout.splitlines()) == count
        peaks.append(int(run.stderr.split()[-1]) / 1024)
    assert max(peaks) < 300
    assert peaks[1] - peaks[0] < 20


def test_a_worker_that_finds_nothing_says_so_and_ends() -> None:
    result = CliRunner().invoke(cli, ["worker", "--once", "--home", "home"])
    assert result.exit_code == 0, result.exception
    assert "nothing was due" in result.stdout


def _propose(*ids: str) -> None:
    """Two people in a built-in CRM under ``home``, and a mail to the first."""
    Path("agentkit.toml").write_text('home = "home"\nconstitutions = ["rules.yaml"]\n')
    pipeline = build(load_settings(), plugins=Plugins.of())
    now = to_micros(pipeline.clock.now())
    columns = ("tenant", "id", "name", "email", "country", "created_at", "updated_at")
    row = ("default", "c1", "Anke Petersen", "anke@example.de", "DE", now, now)
    with pipeline.store.write() as unit:
        insert_many(unit.conn, "contacts", columns, [row], or_ignore=True)
    for number in ids:
        action = Action.create(
            id=number, kind="message.send", subject="c1", channel="email", text="hello"
        )
        assert pipeline.propose(action).state == "allowed"
    pipeline.close()


def test_a_worker_performs_what_may_run_seals_the_ledger_and_reports() -> None:
    _propose("a1", "a2")
    result = CliRunner().invoke(cli, ["worker", "--once"])
    assert result.exit_code == 0, result.exception
    assert "done: 2 performed" in result.stdout
    verified = CliRunner().invoke(cli, ["ledger", "verify"])
    assert verified.exit_code == 0, verified.output
    assert "done: nothing was due" in CliRunner().invoke(cli, ["worker", "--once"]).stdout


def test_a_worker_runs_until_it_is_told_to_end() -> None:
    _propose("a1")
    code = "from agentkit.cli import main; main(['worker', '--every', '0.1'])"
    worker = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert worker.stdout is not None
    assert "looks for work" in worker.stdout.readline()
    settings = load_settings()
    store = Store.open(settings.url, clock=SystemClock(), home=settings.home)
    end = time.monotonic() + 30
    while time.monotonic() < end and not _performed(store):
        time.sleep(0.1)
    worker.send_signal(signal.SIGTERM)
    said, _ = worker.communicate(timeout=30)
    store.close()
    assert (worker.returncode, "done: 1 performed" in said) == (0, True)


def _performed(store: Store) -> bool:
    with store.read() as conn:
        return bool(execute(conn, "select 1 from actions where state = 'performed'").first())
