"""The command line. Commands are imported when they are called: ``--help`` stays fast."""

from __future__ import annotations

import errno
import os
import sys
from contextlib import suppress
from importlib import import_module
from typing import Any, Final

import click

from agentkit import __version__
from agentkit.errors import AgentkitError

__all__ = ["main"]

COMMANDS: Final[dict[str, tuple[str, str]]] = {
    "classify": ("classify", "Score texts with the classifier heads."),
    "constitution": ("constitution", "Check, test and explain constitutions."),
    "demo": ("demo", "Run the whole sentence on a book of business."),
    "desk": ("desk", "List and decide what waits for people."),
    "import": ("import_", "Read contacts and records exported from a CRM."),
    "inbound": ("inbound", "Take replies, stops, bounces and complaints."),
    "keys": ("keys", "Show and replace the master key of personal data."),
    "ledger": ("ledger", "Verify, show and export the ledger."),
    "model": ("model", "Train, evaluate and watch the classifiers."),
    "person": ("person", "Export, erase, restrict or correct one person's data."),
    "plugins": ("plugins", "List and check plugins."),
    "readiness": ("readiness", "Say whom you can contact today, and what to fix first."),
    "retention": ("retention", "Delete what has been kept long enough."),
    "review": ("review", "Judge a file of actions without performing any."),
    "run": ("run", "Let an agent work through people of the CRM."),
    "tui": ("tui", "Open the operator's desk."),
    "worker": ("worker", "Perform what may run, wait for what must wait."),
}
"""Command name to module and one line of help: known without importing the module."""


class _Lazy(click.Group):
    """A group whose commands are imported on demand."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  (click's signature)
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:  # noqa: ARG002
        if name not in COMMANDS:
            return None
        command = import_module(f"agentkit.cli.{COMMANDS[name][0]}").command
        assert isinstance(command, click.Command)  # noqa: S101  (held by a test)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name][1]) for name in sorted(COMMANDS)])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            from difflib import get_close_matches

            near = get_close_matches(args[0], COMMANDS, 1)
            hint = f" Did you mean {near[0]!r}?" if near else " `agentkit --help` lists them."
            ctx.fail(f"There is no command {args[0]!r}.{hint}")
        return super().resolve_command(ctx, args)


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="agentkit")
def cli() -> None:
    """Every action of your CRM agents passes an ethics gate."""


def _show(error: AgentkitError) -> None:
    """Print an error; what it quotes of a file or a customer moves no cursor."""
    from agentkit.desk import printable

    click.secho("error: ", fg="red", bold=True, nl=False, err=True)
    click.echo(printable(error.message), err=True)
    if error.hint:
        click.echo(f"  {printable(error.hint)}", err=True)


def main(argv: list[str] | None = None) -> Any:
    """Run a command; an expected error is two lines on stderr and exit status 2."""
    try:
        return cli.main(args=argv, prog_name="agentkit", standalone_mode=True)
    except AgentkitError as error:
        _show(error)
        sys.exit(2)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(141)
    except OSError as error:  # a full disk, a file that may not be written: no mistake of ours
        what = f"{error.filename}: " if error.filename else ""
        _show(
            AgentkitError(f"{what}{error.strerror or error}", hint=_HINTS.get(error.errno or 0, ""))
        )
        _drop_output()
        sys.exit(2)


_HINTS: Final = {
    errno.ENOSPC: "make room and run it again: what was recorded before is kept",
    errno.EACCES: "check who may read and write it",
    errno.EROFS: "it lies on a disk that cannot be written; name another place with --home DIR",
}


def _drop_output() -> None:
    """What is still buffered cannot be written either: do not fail on it once more at exit."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
