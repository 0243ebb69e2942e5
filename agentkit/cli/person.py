"""``agentkit person``: the rights of one person, by the record id of the CRM."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from agentkit.cli.options import with_settings
from agentkit.cli.who import operator_of, signed
from agentkit.errors import InvalidAction
from agentkit.settings import Settings

if TYPE_CHECKING:
    from agentkit.pipeline import Pipeline
    from agentkit.rights import Erased
    from agentkit.store import Store

__all__ = ["command"]


@click.group("person")
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
            erased = run(store, settings.tenant, person, actor=actor)
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
