"""Options that several commands share."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import wraps
from pathlib import Path
from typing import IO, Any, Final, TypeVar, cast

import click

from agentkit.case import Operator
from agentkit.errors import AgentkitError, ImportFileError
from agentkit.settings import Settings, load_settings

__all__ = ["NOT_AUTHENTICATED", "Listed", "opened", "operator_of", "signed", "with_settings"]

NOT_AUTHENTICATED: Final = "name from the operating system: this is not authentication"

_WHOLE: Final = 200
"""Characters of a command's first sentence that are listed."""
_F = TypeVar("_F", bound=Callable[..., Any])


class Listed(click.Group):
    """A group that lists its commands with the whole of their first sentence."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Wrap what click would cut off."""
        found = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl(
                [(name, c.get_short_help_str(_WHOLE)) for name, c in found if c and not c.hidden]
            )


def with_settings(function: _F) -> _F:
    """Give a command ``--settings``, ``--home`` and ``--tenant``, and the argument ``settings``."""

    @click.option("--settings", "settings_file", type=click.Path(path_type=Path), metavar="FILE",
                  help="Settings file; default: agentkit.toml here, if there is one.")  # fmt: skip
    @click.option("--home", type=click.Path(path_type=Path), metavar="DIR",
                  help="Folder of database, keys and checkpoints; default: .agentkit.")  # fmt: skip
    @click.option("--tenant", metavar="NAME", help="Tenant; default: from the settings.")
    @wraps(function)
    def wrapper(
        *args: Any, settings_file: Path | None, home: Path | None, tenant: str | None, **named: Any
    ) -> Any:
        settings = load_settings(settings_file, home=home, tenant=tenant)
        if home is not None and not home.exists():
            click.echo(f"there is nothing in {home} yet; another home: --home DIR", err=True)
        return function(*args, settings=settings, **named)

    return cast("_F", wrapper)  # the same command with three more options


def operator_of(settings: Settings) -> Operator:
    """Whoever is logged in, with the roles that the settings give that name."""
    try:
        name = getpass.getuser()
    except (OSError, KeyError) as error:
        raise AgentkitError(
            "the operating system tells no user name", hint="set the variable USER"
        ) from error
    return Operator(name, settings.roles(name))


def opened(file: Path) -> AbstractContextManager[IO[bytes]]:
    """A file of JSON lines, or standard input for ``-``.

    Raises:
        ImportFileError: it cannot be read.
    """
    if str(file) == "-":
        return nullcontext(sys.stdin.buffer)
    try:
        return file.open("rb")
    except OSError as error:
        raise ImportFileError(
            f"{file} cannot be read: {error.strerror}", hint="name a file of JSON lines, or -"
        ) from error


def signed(operator: Operator) -> str:
    """One line that says in whose name something was done."""
    roles = ", ".join(sorted(operator.roles)) or "none"
    return f"  operator {operator.name}, roles: {roles} ({NOT_AUTHENTICATED})"
