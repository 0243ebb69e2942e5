"""``agentkit person``: the rights of one person, by the record id of the CRM."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from agentkit.cli.options import Listed, operator_of, signed, with_settings
from agentkit.errors import InvalidAction
from agentkit.settings import Settings

if TYPE_CHECKING:
    from agentkit.pipeline import Pipeline
    from agentkit.rights import Erased
    from agentkit.store import Store

__all__ = ["command"]


@click.group("person", cls=Listed)
def command() -> None:
    """Rights of one person: export, erase, restrict, object, rectify, contest."""


@command.command()
@click.argument("person", metavar="ID")
@click.option("--format", "fmt", default="both", show_default=True,
              type=click.Choice(["html", "json", "both"]), help="Which files.")  # fmt: skip
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), metavar="DIR",
              help="Folder; default: exports/ in the home, where an erasure finds it.")  # fmt: skip
@with_settings
def export(settings: Settings, person: str, fmt: str, out: Path | None) -> None:
    """Write everything on record of a person: a page to send, and the same as JSON.

    Every decision about the person is in it, with the rules and facts that led to it, in plain
    words; sources, recipients, and who saw it. The files are readable by their owner only.
    """
    from agentkit.rights import export as write
    from agentkit.rights import gather

    operator = operator_of(settings)
    formats: list[Literal["html", "json"]] = []
    if fmt in {"html", "both"}:
        formats.append("html")
    if fmt in {"json", "both"}:
        formats.append("json")
    with _pipeline(settings) as pipeline:
        gate = pipeline.gate
        dossier = gather(pipeline.store, gate.policy, gate.register, settings, person)
        actor = f"operator:{operator.name}"
        paths = write(pipeline.store, dossier, actor=actor, formats=formats, folder=out)
    for path in paths:
        click.echo(str(path))
    for due in dossier.deadlines["access"][:1]:
        click.echo(f"  a request that came in today is due on {due.on} ({due.deadline.law})")
    click.echo(signed(operator), err=True)


@command.command()
@click.argument("people", nargs=-1, required=True, metavar="ID...")
@click.option("--yes", is_flag=True, help="Do not ask: it cannot be undone.")
@with_settings
def erase(settings: Settings, people: tuple[str, ...], *, yes: bool) -> None:
    """Erase people: nothing readable is left, and their contact points stay suppressed.

    Kept are tokens, proof of consent under its own key until its date, and the ledger, which still
    verifies. What waits for the person is not performed. A restored backup is erased again at the
    next start, by the journal erasures.jsonl in the home folder.
    """
    from agentkit.ledger import seal
    from agentkit.rights import erase as run

    operator = operator_of(settings)
    if not yes:
        _confirm(f"Erase {len(people)} of the tenant {settings.tenant}? It cannot be undone.")
    with _store(settings) as store:
        for person in dict.fromkeys(people):
            actor = f"operator:{operator.name}"
            years = settings.retention.proof_years
            erased = run(store, settings.tenant, person, actor=actor, proof_years=years)
            _show_erased(erased)
        while seal(store):
            pass
        whole = store.purge()
    if not whole:
        click.echo(
            "others work on the database: old pages of its files are overwritten by the next "
            "erasure, or by `agentkit retention apply` when nothing else runs",
            err=True,
        )
    click.echo(signed(operator), err=True)


@command.command()
@click.argument("person", metavar="ID")
@with_settings
def proof(settings: Settings, person: str) -> None:
    """Show the proof of consent that is kept of a person who was erased, as JSON."""
    from agentkit.canonical import canonical
    from agentkit.errors import NotFound
    from agentkit.rights import proofs_of

    with _store(settings) as store:
        found = proofs_of(store, settings.tenant, person)
    if not found:
        raise NotFound(
            "no proof of consent is kept under this id",
            hint="of somebody who was not erased, `agentkit person export ID` has the consents",
        )
    for kept in found:
        body = {"until": kept.until, "basis": kept.basis, "events": kept.events}
        click.echo(canonical(body).decode())


@command.command()
@click.argument("person", metavar="ID")
@click.option("--reason", default="", metavar="TEXT", help="What the person says.")
@with_settings
def restrict(settings: Settings, person: str, reason: str) -> None:
    """Restrict: the data are kept and used for nothing but the person's own request."""
    from agentkit.rights import restrict as run

    operator = operator_of(settings)
    with _store(settings) as store:
        done = run(store, settings.tenant, person, by=operator.name, reason=reason)
    click.echo(f"restricted; {len(done.stopped)} actions that waited will not be performed")
    click.echo(f"  lift it with: agentkit person lift {person} --reason TEXT")
    click.echo(signed(operator), err=True)


@command.command()
@click.argument("person", metavar="ID")
@click.option("--reason", required=True, metavar="TEXT", help="Why; the ledger keeps it.")
@with_settings
def lift(settings: Settings, person: str, reason: str) -> None:
    """Lift a restriction; the person must be told before."""
    from agentkit.rights import lift as run

    operator = operator_of(settings)
    with _store(settings) as store:
        run(store, settings.tenant, person, by=operator.name, reason=reason)
    click.echo("lifted: the person must have been told before")
    click.echo(signed(operator), err=True)


@command.command("object")
@click.argument("person", metavar="ID")
@with_settings
def object_(settings: Settings, person: str) -> None:
    """Record an objection to all advertising, and to profiling for it."""
    from agentkit.rights import object_to_marketing

    operator = operator_of(settings)
    with _store(settings) as store:
        done = object_to_marketing(store, settings.tenant, person, by=operator.name)
    click.echo(f"recorded; {len(done.stopped)} actions that waited will not be performed")
    click.echo(f"  {done.points} contact points are closed to advertising; service goes on")
    click.echo(signed(operator), err=True)


@command.command()
@click.argument("person", metavar="ID")
@click.argument("field")
@click.argument("value")
@with_settings
def rectify(settings: Settings, person: str, field: str, value: str) -> None:
    """Correct one FIELD of the record; both values stand in the ledger, encrypted."""
    from agentkit.rights import rectify as run

    operator = operator_of(settings)
    with _store(settings) as store:
        done = run(store, settings.tenant, person, field, value, by=operator.name)
    click.echo(f"{done.field} corrected" if done.before != done.after else "nothing changed")
    click.echo("  whoever received the wrong value must be told (GDPR Art. 19)")
    click.echo(signed(operator), err=True)


@command.command()
@click.argument("action", metavar="DECISION")
@click.option("--reason", default="", metavar="TEXT", help="What the person says.")
@click.option("--received", type=click.DateTime(["%Y-%m-%d"]), metavar="DATE",
              help="When the request came in; default: today.")  # fmt: skip
@with_settings
def contest(settings: Settings, action: str, reason: str, received: datetime | None) -> None:
    """Contest a decision: somebody who has not decided it must look at it again."""
    from agentkit.rights import contest as run

    operator = operator_of(settings)
    when = None if received is None else received.replace(tzinfo=UTC)
    with _store(settings) as store:
        opened = run(store, settings.tenant, action, by=operator.name, words=reason, received=when)
    click.echo(f"contest {opened.id}, to be answered by {opened.due_at:%Y-%m-%d} ({opened.cites})")
    barred = ", ".join(opened.deciders)
    click.echo(f"  not by {barred}, who decided it" if barred else "  no person decided it before")
    click.echo(f"  next: agentkit person answer {opened.id} --uphold|--overturn --reason TEXT")
    click.echo(signed(operator), err=True)


@command.command()
@click.argument("contest_id", metavar="CONTEST")
@click.option("--uphold", "outcome", flag_value="upheld", help="The decision stands.")
@click.option("--overturn", "outcome", flag_value="overturned", help="It does not.")
@click.option("--reason", default="", metavar="TEXT", help="Why; the person is owed it.")
@with_settings
def answer(settings: Settings, contest_id: str, outcome: str | None, reason: str) -> None:
    """Answer a contest; not by somebody who decided it before."""
    from agentkit.rights import answer as run

    operator = operator_of(settings)
    if outcome not in {"upheld", "overturned"}:
        raise InvalidAction("say whether the decision stands", hint="--uphold or --overturn")
    chosen: Literal["upheld", "overturned"] = "upheld" if outcome == "upheld" else "overturned"
    with _store(settings) as store:
        run(store, settings.tenant, contest_id, operator, chosen, reason)
    click.echo(f"contest {contest_id}: {outcome}")
    if outcome == "overturned":
        click.echo("  nothing is undone by this alone: propose, or do in the CRM, what is right")
    click.echo(signed(operator), err=True)


@command.command()
@click.option("--all", "every", is_flag=True, help="Those that are answered too.")
@with_settings
def contests(settings: Settings, *, every: bool) -> None:
    """List decisions that are contested, the most urgent first."""
    from agentkit.desk import printable
    from agentkit.rights import contests as run

    with _store(settings) as store:
        found = run(store, settings.tenant, "" if every else "open")
        now = store.clock.now()
    for one in found:
        late = " OVERDUE" if one.state == "open" and one.due_at < now else ""
        click.echo(f"{one.id}  {one.state:10}  due {one.due_at:%Y-%m-%d}{late}  {one.action}")
        if one.words:
            click.echo(f"        {printable(one.words, lines=False):.100}")
    if not found:
        click.echo("nothing is contested")


@command.command()
@click.option("--country", default="", metavar="CODE", help="ISO code; without one: every law.")
@click.option("--region", default="", metavar="CODE", help="Like CA for California.")
@click.option("--received", type=click.DateTime(["%Y-%m-%d"]), metavar="DATE",
              help="When the request came in; default: today.")  # fmt: skip
def deadlines(country: str, region: str, received: datetime | None) -> None:
    """Show by when each kind of request must be answered, by law."""
    from agentkit.clock import SystemClock
    from agentkit.rights import due_dates
    from agentkit.rights.deadlines import RIGHTS

    when = SystemClock().now() if received is None else received.replace(tzinfo=UTC)
    for right in RIGHTS:
        for due in due_dates(right, country, region, when):
            longer = f", extended {due.extended}" if due.extended else ""
            click.echo(f"{right:9} {due.on}{longer}  {due.deadline.law} ({due.deadline.status})")
            for line in (due.deadline.pause, due.deadline.note, "; ".join(due.deadline.cites)):
                if line:
                    click.echo(f"          {line}")


@contextmanager
def _store(settings: Settings) -> Iterator[Store]:
    from agentkit.clock import SystemClock
    from agentkit.rights import open_store

    store = open_store(settings, SystemClock())
    try:
        yield store
    finally:
        store.close()


@contextmanager
def _pipeline(settings: Settings) -> Iterator[Pipeline]:
    from agentkit.pipeline import build

    pipeline = build(settings)
    try:
        yield pipeline
    finally:
        pipeline.close()


def _confirm(question: str) -> None:
    if not sys.stdin.isatty():
        raise InvalidAction("nobody is at the terminal to confirm it", hint="add --yes")
    click.confirm(question, abort=True)


def _show_erased(erased: Erased) -> None:
    rows = sum(erased.rows.values())
    click.echo(f"erased ({erased.id}): the key, and {rows} rows in {len(erased.rows)} tables")
    if erased.stopped:
        click.echo(f"  {len(erased.stopped)} actions that waited will not be performed")
    click.echo(f"  {erased.points} contact points stay suppressed: an import creates nobody there")
    if erased.shared:
        click.echo(f"  {erased.shared} other people share one of them: it is closed for them too")
    if erased.proof_until:
        click.echo(f"  proof of consent is kept until {erased.proof_until:%Y-%m-%d}")
