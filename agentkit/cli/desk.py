"""``agentkit desk``: what waits for people, and decisions from the command line."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from agentkit.case import Operator
from agentkit.cli.circumstances import circumstances
from agentkit.cli.options import Listed, with_settings
from agentkit.cli.options import operator_of as _operator
from agentkit.cli.options import signed as _signed
from agentkit.errors import Conflict, ImportFileError, InvalidAction
from agentkit.settings import Settings

if TYPE_CHECKING:
    from agentkit.desk import CaseView, Desk

__all__ = ["command"]

_as_json = click.option("--json", "as_json", is_flag=True, help="One JSON object or array.")
_seen = click.option(
    "--seen",
    metavar="DIGEST",
    help="First 8 or more characters of the digest that `show` printed.",
)
_reason = click.option("--reason", default="", metavar="TEXT", help="Why; the agent reads it.")


@click.group("desk", cls=Listed)
def command() -> None:
    """List and decide what waits for people."""


@command.command("list")
@click.option("--state", default="open", show_default=True, help="Which cases.",
              type=click.Choice(["open", "decided", "expired", "withdrawn", "all"]))  # fmt: skip
@click.option("--filter", "text", default="", metavar="TEXT",
              help="Only cases with this in person, agent, kind or articles.")  # fmt: skip
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1), help="Most lines.")
@_as_json
@with_settings
def list_(settings: Settings, state: str, text: str, limit: int, *, as_json: bool) -> None:
    """List cases, the urgent ones first."""
    from agentkit.cli import desk_text
    from agentkit.desk.ending import undone_for
    from agentkit.rights import contests

    wanted = "" if state == "all" else state
    with _desk(settings) as desk:
        cases = desk.list(state=wanted, text=text, limit=limit)
        total = len(cases) if text else desk.count(wanted)
        now = desk.clock.now()
        with desk.store.read() as conn:
            stopped = undone_for(conn, desk.tenant, _operator(settings).name, now)
        contested = [] if as_json or state != "open" else contests(desk.store, desk.tenant)
    click.echo(desk_text.as_json(cases) if as_json else desk_text.case_list(cases, total, now))
    if stopped and not as_json:
        click.echo(desk_text.undone(stopped), err=True)
    if contested:
        first = f"{contested[0].due_at:%Y-%m-%d}"
        click.echo(
            f"{len(contested)} contested by their persons, the first due {first}: ", nl=False
        )
        click.echo("agentkit person contests")


@command.command()
@click.argument("case_id", metavar="ID")
@_as_json
@with_settings
def show(settings: Settings, case_id: str, *, as_json: bool) -> None:
    """Show the case ID: the message, why it waits, what was said before, and what to type."""
    from agentkit.cli import desk_text

    operator = _operator(settings)
    with _desk(settings) as desk:
        view = desk.case(case_id)
        waiver = desk.waiver(view, operator)
        now = desk.clock.now()
    if as_json:
        click.echo(desk_text.as_json(view))
        return
    click.echo(desk_text.case_page(view, waiver, now))
    click.echo(_signed(operator), err=True)


@command.command()
@click.argument("case_id", metavar="ID")
@_seen
@_reason
@with_settings
def approve(settings: Settings, case_id: str, seen: str | None, reason: str) -> None:
    """Approve the case ID exactly as it was shown."""
    operator = _operator(settings)
    with _desk(settings) as desk:
        digest = _digest(desk, operator, case_id, seen, "Approve it")
        decision = desk.approve(case_id, operator, digest, reason)
        case = desk.case(case_id).case
    waived = ", ".join((*decision.waives, *decision.waives_gaps))
    if case.state == "open":
        click.echo(f"approved by {operator.name}; {case.quorum} different people must")
    else:
        click.echo(f"approved{f', waiving {waived}' if waived else ''}")
        click.echo("  it is judged once more before it is performed: agentkit worker", err=True)
    click.echo(_signed(operator), err=True)


@command.command()
@click.argument("case_id", metavar="ID")
@_seen
@_reason
@with_settings
def reject(settings: Settings, case_id: str, seen: str | None, reason: str) -> None:
    """Reject the case ID; the reason becomes the message to the agent."""
    _refuse(settings, "reject", case_id, seen, reason)


@command.command()
@click.argument("case_id", metavar="ID")
@click.argument("message", default="")
@_seen
@with_settings
def respond(settings: Settings, case_id: str, seen: str | None, message: str) -> None:
    """Answer the agent with MESSAGE instead of letting it act."""
    _refuse(settings, "respond", case_id, seen, message)


def _refuse(settings: Settings, choice: str, case_id: str, seen: str | None, reason: str) -> None:
    operator = _operator(settings)
    if not reason.strip():
        reason = _ask("What shall the agent be told?")
    with _desk(settings) as desk:
        digest = _digest(desk, operator, case_id, seen, f"{choice.capitalize()} it")
        getattr(desk, choice)(case_id, operator, digest, reason)
    click.echo("rejected" if choice == "reject" else "answered; nothing will be performed")
    click.echo(_signed(operator), err=True)


@command.command()
@click.argument("case_id", metavar="ID")
@click.option("--text", metavar="TEXT", help="The whole new text.")
@click.option("--file", "file", type=click.Path(path_type=Path), metavar="FILE",
              help="Read the new text from a file.")  # fmt: skip
@click.option("--set", "arguments", multiple=True, metavar="NAME=JSON",
              help="Change one argument; may be repeated.")  # fmt: skip
@_seen
@with_settings
def edit(
    settings: Settings,
    case_id: str,
    text: str | None,
    file: Path | None,
    arguments: tuple[str, ...],
    seen: str | None,
) -> None:
    """Change the case ID's text or arguments; the gate judges the result at once.

    Without --text, --file or --set the text opens in your editor.
    """
    from agentkit.cli import desk_text

    operator = _operator(settings)
    with _desk(settings) as desk:
        view = desk.case(case_id)
        if view.action is None:
            raise Conflict("the person was erased: there is nothing left to edit")
        digest = _matching(view, seen)
        if file is not None:
            text = _read(file)
        if text is None and not arguments:
            text = _in_editor(view.action.text)
        changed = _arguments(view.action.args, arguments)
        after = desk.edit(case_id, operator, digest, text=text, args=changed)
        waiver, now = desk.waiver(after, operator), desk.clock.now()
    click.echo(desk_text.case_page(after, waiver, now))
    click.echo(_signed(operator), err=True)


@command.command()
@click.argument("scope")
@click.option("--reason", required=True, metavar="TEXT", help="Why; kept in the ledger.")
@with_settings
def stop(settings: Settings, scope: str, reason: str) -> None:
    """Pull a stop switch: SCOPE is all, agent:NAME, kind:NAME or person:ID."""
    operator = _operator(settings)
    with _desk(settings) as desk:
        pulled = desk.stop(scope, operator, reason)
    click.echo(f"stopped: {pulled.scope}; nothing of it is performed from now on")
    click.echo(f'  to lift it: agentkit desk lift {pulled.scope} --reason "..."', err=True)
    click.echo(_signed(operator), err=True)


@command.command()
@click.argument("scope")
@click.option("--reason", required=True, metavar="TEXT", help="Why it may run again.")
@with_settings
def lift(settings: Settings, scope: str, reason: str) -> None:
    """Lift the stop switches of SCOPE."""
    operator = _operator(settings)
    with _desk(settings) as desk:
        desk.lift(scope, operator, reason)
    click.echo(f"lifted: {scope}")
    click.echo(_signed(operator), err=True)


@command.command()
@_as_json
@with_settings
def tasks(settings: Settings, *, as_json: bool) -> None:
    """List record data that is missing: one line a field, not one case a person."""
    from agentkit.cli import desk_text

    with _desk(settings) as desk:
        groups = desk.tasks()
    click.echo(desk_text.as_json(groups) if as_json else desk_text.task_list(groups))


command.add_command(circumstances)


@contextmanager
def _desk(settings: Settings) -> Iterator[Desk]:
    from agentkit.pipeline import build

    pipeline = build(settings)
    try:
        yield pipeline.desk
    finally:
        pipeline.close()


def _digest(desk: Desk, operator: Operator, case_id: str, seen: str | None, question: str) -> str:
    """The digest that the decision is bound to: the one given, or the one shown here and now."""
    from agentkit.cli import desk_text

    view = desk.case(case_id)
    if seen is not None:
        return _matching(view, seen)
    if view.case.state == "open":
        click.echo(desk_text.case_page(view, desk.waiver(view, operator), desk.clock.now()))
        if not sys.stdin.isatty():
            raise InvalidAction(
                "nobody is at the terminal to confirm what is shown above",
                hint=f"say what was read: --seen {view.case.action_digest[:12]}",
            )
        click.confirm(question, abort=True)
    return view.case.action_digest


def _matching(view: CaseView, seen: str | None) -> str:
    """The full digest, if the beginning that was given fits; else what was given, to be refused."""
    current = view.case.action_digest
    if seen is None:
        return current
    if len(seen) < 8:  # noqa: PLR2004  (32 bits: no accident)
        raise InvalidAction("--seen needs the first 8 characters of the digest, or more")
    return current if current.startswith(seen.lower()) else seen


def _ask(question: str) -> str:
    if not sys.stdin.isatty():
        raise InvalidAction("a reason is needed: the agent reads it", hint='add --reason "..."')
    return str(click.prompt(question))


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise ImportFileError(f"{file} cannot be read: {why}") from error


def _in_editor(text: str) -> str:
    edited = click.edit(text)
    if edited is None:
        raise InvalidAction("the text was not saved: nothing is changed")
    return edited if text.endswith("\n") else edited.removesuffix("\n")


def _arguments(current: Any, changes: tuple[str, ...]) -> dict[str, Any] | None:
    """All arguments, with those that are named changed; None where none is."""
    if not changes:
        return None
    merged = dict(current)
    for change in changes:
        name, equals, value = change.partition("=")
        if not equals:
            raise InvalidAction(f"{change!r:.60} sets nothing", hint="write --set discount=0.1")
        try:
            merged[name] = json.loads(value)
        except ValueError:
            merged[name] = value
    return merged
