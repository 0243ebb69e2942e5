"""Who sits at the keyboard: the operating system's user, with the roles of the settings."""

from __future__ import annotations

import getpass
from typing import Final

from agentkit.case import Operator
from agentkit.errors import AgentkitError
from agentkit.settings import Settings

__all__ = ["NOT_AUTHENTICATED", "operator_of", "signed"]

NOT_AUTHENTICATED: Final = "name from the operating system: this is not authentication"


def operator_of(settings: Settings) -> Operator:
    """Whoever is logged in, with the roles that the settings give that name.

    Raises:
        AgentkitError: the operating system tells no name.
    """
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
