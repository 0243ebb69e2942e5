"""``agentkit tui``: the operator's desk. The screens stand outside and are found by their name."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib.metadata import entry_points
from typing import Any

import click

from agentkit.cli.options import with_settings
from agentkit.errors import ConfigError
from agentkit.settings import Settings

__all__ = ["command"]

GROUP = "agentkit.screens"


@click.command("tui")
@with_settings
def command(settings: Settings) -> None:
    """Open the operator's desk in the terminal."""
    run = _screens()
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise ConfigError("the screens need a terminal", hint="without one: agentkit desk list")
    run(settings)


def _screens() -> Callable[[Settings], Any]:
    """The function that runs the screens.

    Raises:
        ConfigError: they are not installed, or cannot be loaded.
    """
    found = list(entry_points(group=GROUP, name="tui"))
    if len(found) != 1:
        what = "not installed" if not found else "installed twice"
        raise ConfigError(
            f"the screens are {what}",
            hint="pip install agentkit-crm; meanwhile: agentkit desk list",
        )
    try:
        run: Callable[[Settings], Any] = found[0].load()
    except (ImportError, AttributeError) as error:
        raise ConfigError(
            f"the screens cannot be loaded: {error}", hint="meanwhile: agentkit desk list"
        ) from error
    return run
