from __future__ import annotations

from importlib import import_module
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from agentkit.cli import COMMANDS, cli, main


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_that_help_lists_exists_and_explains_itself(name: str) -> None:
    command = import_module(f"agentkit.cli.{COMMANDS[name][0]}").command
    assert isinstance(command, click.Command)
    result = CliRunner().invoke(cli, [name, "--help"])
    assert result.exit_code == 0, result.output


def test_a_mistyped_command_is_answered_with_the_nearest_one() -> None:
    result = CliRunner().invoke(cli, ["reveiw"])
    assert result.exit_code == 2
    assert "Did you mean 'review'?" in result.output


def test_a_users_mistake_ends_in_two_lines_and_no_traceback(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["desk", "list", "--settings", "no-such.toml"])
    assert ended.value.code == 2
    error = capsys.readouterr().err
    assert error.startswith("error: the settings file no-such.toml cannot be read")
    assert "pass --settings FILE" in error
    assert "Traceback" not in error


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_help_cuts_no_sentence_off_and_stays_within_the_screen(name: str) -> None:
    shown = CliRunner().invoke(cli, [name, "--help"], terminal_width=80).output
    lines = [line for line in shown.splitlines() if not line.startswith("Usage:")]
    assert [line for line in lines if line.endswith("...")] == []
    assert [line for line in lines if len(line) > 80 or "\\b" in line] == []


def test_a_home_that_is_not_there_is_said_and_not_taken_for_an_empty_desk(tmp_path: Path) -> None:
    result = CliRunner().invoke(cli, ["desk", "tasks", "--home", str(tmp_path / "typo")])
    assert "there is nothing in" in result.stderr
    again = CliRunner().invoke(cli, ["desk", "tasks", "--home", str(tmp_path / "typo")])
    assert "there is nothing in" not in again.stderr
