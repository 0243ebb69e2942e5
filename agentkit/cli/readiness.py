"""``agentkit readiness``: whom you can contact today, why not the others, what to fix first."""

from __future__ import annotations

import tempfile
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from agentkit.cli.options import with_settings
from agentkit.errors import ImportFileError, NotFound
from agentkit.settings import Settings

if TYPE_CHECKING:
    from agentkit.clock import Clock
    from agentkit.rights import Line, Readiness
    from agentkit.store import Store

__all__ = ["command"]

_CHANNELS: Final = {"email": "e-mail", "sms": "text message", "phone": "telephone"}
_WIDTH: Final = 80
_MOST: Final = 5


@click.command()
@click.argument("file", required=False, type=click.Path(path_type=Path), metavar="[FILE.csv]")
@click.option("--consents", type=click.Path(path_type=Path), metavar="FILE",
              help="A CSV of consents, as `agentkit import --consents` takes it.")  # fmt: skip
@click.option("--purpose", "purposes", multiple=True, metavar="NAME",
              help="For what; may be given again. Default: marketing.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@with_settings
def command(
    settings: Settings,
    file: Path | None,
    consents: Path | None,
    purposes: tuple[str, ...],
    *,
    as_json: bool,
) -> None:
    """Say how many people can be contacted today, why the others cannot, and what to fix first.

    FILE is a contact export of HubSpot or Salesforce; nothing of it is kept. Without one the people
    of the CRM are asked about. Everybody is judged by the gate, as a message without words; what a
    missing field costs is an estimate: it is judged again with the commonest plausible value.
    """
    from agentkit.canonical import canonical
    from agentkit.clock import SystemClock

    clock = SystemClock()
    with _people(settings, file, consents, clock) as (store, chosen):
        found = _judged(store, chosen, clock, purposes or ("marketing",))
    if as_json:
        click.echo(canonical(found).decode())
        return
    for line in _report(found):
        click.echo(line)


@contextmanager
def _people(
    settings: Settings, file: Path | None, consents: Path | None, clock: Clock
) -> Iterator[tuple[Store, Settings]]:
    """A store with the people: the home's own, or one that is gone afterwards."""
    from agentkit.cli.import_ import import_book
    from agentkit.rights import open_store

    if file is None and consents is not None:
        raise ImportFileError("--consents belongs to a FILE of contacts", hint="name the file too")
    with tempfile.TemporaryDirectory(prefix="agentkit-readiness-") as folder:
        if file is None:
            if settings.url.startswith("sqlite") and not (settings.home / "agentkit.db").exists():
                raise NotFound(
                    f"there is no CRM in {settings.home}",
                    hint="name a file: agentkit readiness contacts.csv",
                )
            chosen = settings
        else:
            chosen = replace(settings, home=Path(folder), database="")
        store = open_store(chosen, clock)
        try:
            if file is not None:
                for report in import_book(store, chosen.tenant, [file], consents=consents):
                    if report.skipped:
                        click.echo(f"{report.file}: {report.skipped} rows cannot be read", err=True)
            yield store, chosen
        finally:
            store.close()


def _judged(store: Store, settings: Settings, clock: Clock, purposes: tuple[str, ...]) -> Readiness:
    from agentkit.agent import Register
    from agentkit.clock import FixedClock
    from agentkit.crm import StorePeople
    from agentkit.crm.rows import CONTACT_SQL, read_contact
    from agentkit.pipeline import build_gate
    from agentkit.rights import Overlay, readiness
    from agentkit.store import execute

    with store.read() as conn:
        rows = execute(conn, f"{CONTACT_SQL} where tenant = ? order by id", (settings.tenant,))
        contacts = [read_contact(row) for row in rows]
    if not contacts:
        raise NotFound("there are no people to ask about", hint="agentkit import FILE brings them")
    now = clock.now()
    overlay = Overlay(StorePeople(store, settings))
    gate = build_gate(settings, overlay, FixedClock(now), Register(open=True))
    try:
        return readiness(
            gate.review_many, overlay, contacts, now, tenant=settings.tenant, purposes=purposes
        )
    finally:
        gate.plugins.stop()


def _report(found: Readiness) -> Iterator[str]:
    yield f"{found.people:,} people, as of {found.at:%Y-%m-%d %H:%M} UTC"
    for line in found.lines:
        yield ""
        yield from _channel(line)
    yield ""
    if not found.fixes:
        yield "No missing field would bring anybody back."
        return
    yield "Fix first (an estimate: judged again with the commonest plausible value)"
    for number, fix in enumerate(found.fixes, 1):
        by = ", ".join(f"{_CHANNELS.get(c, c)} {n:,}" for c, n in fix.channels if n)
        words = f"{number}. {fix.words}: {fix.missing:,} lack it, {fix.people:,} come back ({by})"
        yield textwrap.fill(words, _WIDTH, initial_indent="  ", subsequent_indent="     ")


def _channel(line: Line) -> Iterator[str]:
    later = f", {line.later:,} of them later today" if line.later else ""
    name = _CHANNELS.get(line.channel, line.channel)
    yield f"{name}, {line.purpose}: {line.today:,} of {line.people:,}{later}"
    for law, reached, count in line.laws:
        yield f"  {reached:>8,} of {count:>7,}  {law}"
    if line.reasons:
        yield "  the others:"
    for reason, count in line.reasons[:_MOST]:
        yield f"  {count:>8,}  {reason}"
    rest = sum(count for _, count in line.reasons[_MOST:])
    if rest:
        yield f"  {rest:>8,}  for {len(line.reasons) - _MOST} other reasons (--json has all)"
