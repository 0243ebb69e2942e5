"""The application: wires the desk, finds out who sits at it, and lets allowed work be done."""

from __future__ import annotations

import getpass
import sys

from rich.text import Text
from textual.app import App

from agentkit import AgentkitError, Desk, Operator, Settings, build
from agentkit_tui.screen import DeskScreen
from agentkit_tui.working import working

__all__ = ["DeskApp", "run"]


class DeskApp(App[None]):
    """The operator's desk."""

    CSS_PATH = "desk.tcss"
    TITLE = "agentkit desk"
    ENABLE_COMMAND_PALETTE = False
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (120, "-wide")]  # noqa: RUF012  (textual's type)

    def __init__(self, desk: Desk, operator: Operator, *, every: float = 5.0) -> None:
        """Show ``desk`` to ``operator``."""
        super().__init__()
        self._desk = desk
        self._operator = operator
        self._every = every

    def on_mount(self) -> None:
        """Open the one screen."""
        self.push_screen(DeskScreen(self._desk, self._operator, every=self._every))

    def _fatal_error(self) -> None:
        """One sentence: Textual would print a traceback with all variables, customers' data too."""
        error = sys.exc_info()[0]
        kind = "an error" if error is None else error.__name__
        self.panic(Text(f"The desk had to close ({kind}). Nothing is lost: agentkit tui"))


def run(settings: Settings) -> None:
    """Open the desk in the terminal; returns when the operator leaves.

    Raises:
        AgentkitError: settings, constitutions, plugins or the database are not in order.
    """
    pipeline = build(settings)
    try:
        with working(pipeline):
            app = DeskApp(pipeline.desk, operator_of(settings))
            app.run()
    finally:
        pipeline.close()


def operator_of(settings: Settings) -> Operator:
    """Whoever is logged in, with the roles that the settings give that name."""
    try:
        name = getpass.getuser()
    except (OSError, KeyError) as error:
        raise AgentkitError(
            "the operating system tells no user name", hint="set the variable USER"
        ) from error
    return Operator(name, settings.roles(name))
