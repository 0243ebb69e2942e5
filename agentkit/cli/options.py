"""Options that several commands share."""

from __future__ import annotations

import getpass
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, Final, TypeVar, cast

import click

from agentkit.case import Operator
from agentkit.errors import AgentkitError
from agentkit.settings import Settings, load_settings

__all__ = ["NOT_AUTHENTICATED", "operator_of", "signed", "with_settings"]

NOT_AUTHENTICATED: Final = "name from the operating system: this is not authentication"

_F = TypeVar("_F", bound=Callable[..., Any])


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


def signed(operator: Operator) -> str:
    """One line that says in whose name something was done."""
    roles = ", ".join(sorted(operator.roles)) or "none"
    return f"  operator {operator.name}, roles: {roles} ({NOT_AUTHENTICATED})"
