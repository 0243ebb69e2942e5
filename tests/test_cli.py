from __future__ import annotations

from importlib import import_module

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
