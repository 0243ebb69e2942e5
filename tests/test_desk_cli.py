from __future__ import annotations

import getpass
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from agentkit.action import Action
from agentkit.cli import cli, main
from agentkit.cli.tui import GROUP
from agentkit.clock import SystemClock
from agentkit.consent import withdraw
from agentkit.pipeline import Pipeline, build
from agentkit.settings import Settings, load_settings
from agentkit.store import insert_many, to_micros

Run = Callable[..., Result]

CONSTITUTION = """
constitution: house
version: 1
principles: {care: be careful}
articles:
  - id: large-offer
    principle: care
    applies_to: {kinds: [offer.set]}
    when: args.amount > 100.0
    then: escalate
    overridable: operator
    because: "{contact.name} would be offered {args.amount}"
    cites: [house rule 7]
  - id: huge-offer
    principle: care
    applies_to: {kinds: [offer.set]}
    when: args.amount > 9000.0
    then: escalate
    overridable: director
    because: an offer of that size
"""
SETTINGS = """
home = "data"
constitutions = ["house.yaml"]
disabled = ["consent", "bias", "deception", "oversight"]

[operators]
"*" = ["operator"]
"""
HOSTILE = "Anke \x1b[2J\x1b]0;owned\x07 [red]Petersen[/red]\u202e"


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(getpass, "getuser", lambda: "anna")
    (tmp_path / "house.yaml").write_text(CONSTITUTION)
    (tmp_path / "agentkit.toml").write_text(SETTINGS)
    return load_settings()


@pytest.fixture
def pipeline(settings: Settings) -> Iterator[Pipeline]:
    made = build(settings)
    now = to_micros(SystemClock().now())
    columns = ("tenant", "id", "name", "country", "created_at", "updated_at")
    with made.store.write() as unit:
        rows = [("default", "c1", HOSTILE, "DE", now, now)]
        insert_many(unit.conn, "contacts", columns, rows)
    yield made
    made.close()


@pytest.fixture
def run() -> Run:
    def invoke(*args: str, **options: str) -> Result:
        result = CliRunner().invoke(cli, ["desk", *args], **options)  # type: ignore[arg-type]
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            assert hasattr(result.exception, "hint"), result.exception
        return result

    return invoke


def offer(pipeline: Pipeline, amount: float = 500.0) -> str:
    action = Action.create(
        kind="offer.set", agent="sales", subject="c1", args={"amount": amount}, reason="loyal"
    )
    assert pipeline.propose(action).state == "escalated"
    return str(pipeline.desk.list()[-1].id)


def state_of(pipeline: Pipeline, case: str) -> str:
    return pipeline.status("default", pipeline.desk.case(case).case.action).state


def test_an_empty_desk_says_what_to_do_next(settings: Settings, run: Run) -> None:
    assert "no case waits" in run("list").output
    assert "agentkit run" in run("list").output
    assert "no record data is missing" in run("tasks").output


def test_what_customers_write_moves_no_cursor(pipeline: Pipeline, run: Run) -> None:
    case = offer(pipeline)
    for output in (run("list").output, run("show", case).output):
        assert "Anke ␛[2J␛]0;owned␇" in output or "Anke ␛[2J␛]0;own" in output
        assert not set(output) & {"\x1b", "\x07", "\u202e"}


def test_show_says_why_and_what_to_type_and_that_nobody_is_authenticated(
    pipeline: Pipeline, run: Run
) -> None:
    case = offer(pipeline)
    result = run("show", case)
    digest = pipeline.desk.case(case).case.action_digest
    assert "would be offered 500" in result.output
    assert "(large-offer, escalate) [house rule 7]" in " ".join(result.output.split())
    assert f"agentkit desk approve {case} --seen {digest[:12]}   (waives large-offer)" in (
        result.output
    )
    assert "operator anna" in result.stderr
    assert "this is not authentication" in result.stderr
    assert all(len(line) <= 100 for line in result.output.splitlines())


def test_json_is_machine_readable(pipeline: Pipeline, run: Run) -> None:
    case = offer(pipeline)
    (line,) = json.loads(run("list", "--json").stdout)
    assert (line["id"], line["articles"]) == (case, ["large-offer"])
    shown = json.loads(run("show", case, "--json").stdout)
    assert shown["action"]["args"] == {"amount": 500.0}
    assert shown["verdict"]["ruling"] == "escalate"


def test_an_approval_on_what_was_read_moves_the_action(pipeline: Pipeline, run: Run) -> None:
    case = offer(pipeline)
    digest = pipeline.desk.case(case).case.action_digest
    result = run("approve", case.upper(), "--seen", digest[:12], "--reason", "fine")
    assert result.exit_code == 0, result.output
    assert "approved, waiving large-offer" in result.output
    assert state_of(pipeline, case) == "approved"


def test_an_approval_of_nothing_that_was_read_is_refused(pipeline: Pipeline, run: Run) -> None:
    case = offer(pipeline)
    result = run("approve", case)
    assert "would be offered 500" in result.output
    assert "--seen" in str(result.exception)
    stale = run("approve", case, "--seen", "0" * 12)
    assert f"case {case} changed since you read it" in str(stale.exception)
    short = run("approve", case, "--seen", "0")
    assert "first 8 characters" in str(short.exception)
    assert state_of(pipeline, case) == "escalated"


def test_a_role_that_is_missing_is_named(pipeline: Pipeline, run: Run) -> None:
    case = offer(pipeline, 9500.0)
    assert "huge-offer takes the role director" in run("show", case).output
    digest = pipeline.desk.case(case).case.action_digest
    refused = run("approve", case, "--seen", digest)
    assert "takes the role 'director'" in str(refused.exception)


def test_an_edit_is_judged_and_shown(pipeline: Pipeline, run: Run) -> None:
    case = offer(pipeline)
    result = run("edit", case, "--set", "amount=50.0")
    assert "nothing speaks against it any more" in result.output
    assert "-amount: 500.0" in result.output
    assert "+amount: 50.0" in result.output
    bad = run("edit", case, "--set", "amount")
    assert "sets nothing" in str(bad.exception)
    missing = run("edit", case, "--file", "no-such-file.txt")
    assert "no-such-file.txt cannot be read" in str(missing.exception)


@pytest.mark.parametrize("choice", ["reject", "respond"])
def test_a_refusal_needs_words_for_the_agent(pipeline: Pipeline, run: Run, choice: str) -> None:
    case = offer(pipeline)
    digest = pipeline.desk.case(case).case.action_digest[:12]
    silent = run(choice, case, "--seen", digest)
    assert "a reason is needed" in str(silent.exception)
    words = ["--reason", "too much"] if choice == "reject" else ["offer 10 % instead"]
    assert run(choice, case, "--seen", digest, *words).exit_code == 0
    assert state_of(pipeline, case) == "rejected"
    again = run(choice, case, "--seen", digest, *words)
    assert "anna" in str(again.exception)
    told = pipeline.message("default", pipeline.desk.case(case).case.action)
    assert words[-1] in told


def test_switches_are_pulled_and_lifted(pipeline: Pipeline, run: Run) -> None:
    pulled = run("stop", "agent:sales", "--reason", "odd offers")
    assert 'agentkit desk lift agent:sales --reason "..."' in pulled.stderr
    assert [s.scope for s in pipeline.desk.stops()] == ["agent:sales"]
    assert run("lift", "agent:sales", "--reason", "fixed").exit_code == 0
    assert pipeline.desk.stops() == ()


def test_a_users_mistake_is_two_lines(
    pipeline: Pipeline, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["desk", "show", "zzzzz"])
    assert ended.value.code == 2
    assert capsys.readouterr().err.splitlines() == [
        "error: there is no case 'zzzzz'",
        "  agentkit desk list shows them",
    ]


def test_without_the_screens_one_sentence_says_what_to_do(
    settings: Settings, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agentkit.cli.tui.entry_points", lambda **_: ())
    with pytest.raises(SystemExit):
        main(["tui"])
    error = capsys.readouterr().err
    assert error.startswith("error: the screens are not installed")
    assert GROUP == "agentkit.screens"


def test_the_screens_are_found_by_their_entry_point() -> None:
    from agentkit.cli.tui import _screens
    from agentkit_tui.app import run

    assert _screens() is run


def test_who_approved_is_told_why_it_was_stopped(pipeline: Pipeline, run: Run) -> None:
    case = offer(pipeline)
    digest = pipeline.desk.case(case).case.action_digest[:12]
    assert run("approve", case, "--seen", digest).exit_code == 0
    assert "stopped since" not in run("list").stderr
    with pipeline.store.write() as unit:
        withdraw(
            unit, "default", "c1", now=SystemClock().now(), source="reply", brand="Möbel",
            actor="inbound",
        )  # fmt: skip
    assert state_of(pipeline, case) == "stopped"
    shown = " ".join(run("show", case).output.split())
    assert "the person withdrew consent: Möbel, on " in shown
    assert "UTC (reply); the decision of anna on " in shown
    assert "why it waited" in shown
    listed = run("list")
    assert f"1 case that you decided was stopped since, because the person objected: {case}" in (
        listed.stderr
    )


def test_a_case_that_nobody_had_decided_says_what_stopped_it(pipeline: Pipeline, run: Run) -> None:
    case = offer(pipeline)
    with pipeline.store.write() as unit:
        withdraw(unit, "default", "c1", now=SystemClock().now(), purpose="marketing")
    shown = " ".join(run("show", case).output.split())
    assert "the person withdrew consent: marketing, on " in shown
    assert "is undone" not in shown
    assert run("list").stderr == ""
