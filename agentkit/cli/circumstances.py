"""``agentkit desk circumstances``: what is known of people that pauses promotion to them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from agentkit.cli.options import Listed, operator_of, with_settings
from agentkit.errors import NotFound
from agentkit.settings import Settings

if TYPE_CHECKING:
    from agentkit.consent import Standing

__all__ = ["circumstances"]

_WORDS = 100
"""Characters of a source sentence in a list."""


@click.group("circumstances", cls=Listed)
def circumstances() -> None:
    """List and lift lasting circumstances of people."""


@circumstances.command("list")
@click.option("--person", default="", metavar="ID", help="Only those of this contact.")
@click.option("--json", "as_json", is_flag=True, help="One JSON array.")
@with_settings
def list_(settings: Settings, person: str, *, as_json: bool) -> None:
    """List what holds now: kind, since, until, who may lift it, and the words that say so."""
    from agentkit.consent import list_circumstances
    from agentkit.pipeline import build

    pipeline = build(settings)
    try:
        now = pipeline.clock.now()
        with pipeline.store.read() as conn:
            found = list_circumstances(conn, pipeline.store.vault, settings.tenant, now, person)
    finally:
        pipeline.close()
    click.echo(_json(found) if as_json else _table(found))


@circumstances.command("set")
@click.argument("person", metavar="PERSON")
@click.argument("kind", metavar="KIND")
@click.option("--reason", required=True, metavar="TEXT", help="What they said; encrypted.")
@click.option("--until", metavar="TIME", help="When it lapses; default: as its kind says.")
@with_settings
def set_(settings: Settings, person: str, kind: str, reason: str, until: str | None) -> None:
    """Note a circumstance of the contact PERSON: bereavement, hardship, complaint, ..."""
    from agentkit.clock import parse_instant
    from agentkit.consent import set_circumstance
    from agentkit.pipeline import build

    actor = f"operator:{operator_of(settings).name}"
    end = None if until is None else parse_instant(until)
    pipeline = build(settings)
    try:
        if pipeline.crm.contact(settings.tenant, person) is None:
            raise NotFound(f"there is no contact {person!r:.40}", hint="pass the CRM id")
        with pipeline.store.write() as unit:
            made = set_circumstance(
                unit, settings.tenant, person, kind, now=pipeline.clock.now(), until=end,
                source="desk", words=reason, actor=actor,
            )  # fmt: skip
    finally:
        pipeline.close()
    click.echo(f"{made.id}  {made.kind} until {_day(made.until)}")


@circumstances.command()
@click.argument("circumstance", metavar="ID")
@click.option("--reason", required=True, metavar="TEXT", help="Why it holds no more.")
@with_settings
def lift(settings: Settings, circumstance: str, reason: str) -> None:
    """Lift the circumstance ID (see `list`); it takes the role that is shown there."""
    from agentkit.desk import lift_by_hand
    from agentkit.pipeline import build

    operator = operator_of(settings)
    pipeline = build(settings)
    try:
        found = lift_by_hand(pipeline.desk, circumstance, operator, reason)
    finally:
        pipeline.close()
    click.echo(f"lifted: {found.kind}")
    click.echo("  what waits is judged again when its time comes", err=True)


def _json(found: Sequence[Standing]) -> str:
    from agentkit.canonical import canonical

    return canonical([_row(standing) for standing in found]).decode()


def _row(standing: Standing) -> dict[str, Any]:
    known = standing.circumstance
    return {
        "id": known.id, "contact": standing.contact, "kind": known.kind, "since": known.since,
        "until": known.until, "role": known.role, "source": known.source,
        "actor": standing.actor, "words": standing.words,
    }  # fmt: skip


def _table(found: Sequence[Standing]) -> str:
    if not found:
        return "no circumstance holds"
    return "\n".join(line for standing in found for line in _lines(standing))


def _lines(standing: Standing) -> list[str]:
    from agentkit.desk import printable

    known = standing.circumstance
    who = standing.contact or "a mailbox or number that no contact has"
    head = f"{known.id}  {known.kind}  {who}  {_day(known.since)} to {_day(known.until)}"
    words = printable(standing.words, lines=False)
    quoted = f'"{words[:_WORDS]}"' if words else "(no words kept)"
    return [head, f"    {quoted} [{known.source}; {known.role} may lift it]"]


def _day(instant: datetime | None) -> str:
    return "lifted" if instant is None else f"{instant:%Y-%m-%d}"
