"""``agentkit retention``: delete what has been kept long enough."""

from __future__ import annotations

import click

from agentkit.cli.options import Listed, operator_of, signed, with_settings
from agentkit.settings import Settings

__all__ = ["command"]


@click.group("retention", cls=Listed)
def command() -> None:
    """Delete what has been kept long enough, by the terms of the settings."""


@command.command("apply")
@click.option("--dry-run", is_flag=True, help="Only say what would be deleted.")
@with_settings
def apply_(settings: Settings, *, dry_run: bool) -> None:
    """Enforce the terms of [retention] in agentkit.toml.

    \b
    content_days   texts, arguments, facts and reasons of what has ended  (180)
    decision_days  what was ruled, by which articles and by whom         (1095)
    history_days   contacts made: caps look back a year                   (400)
    export_days    files of `agentkit person export` in the home           (30)
    proof_years    proof of consent after an erasure: UWG s.7a              (5)

    A field of the catalogue with a retention of its own goes so many days after the last change of
    its record.


    These are choices of the business: no law is claimed for them but the last. The ledger still
    verifies; proof of consent and suppressions outlive everything else.
    """  # noqa: D301  (click wants the character that the escape stands for)
    from agentkit.clock import SystemClock
    from agentkit.rights import apply_retention, field_terms, open_store

    operator, fields = operator_of(settings), field_terms(settings)
    store = open_store(settings, SystemClock())
    try:
        actor = f"operator:{operator.name}"
        done = apply_retention(
            store, settings.tenant, settings.retention, actor=actor, dry=dry_run, fields=fields
        )
        if not dry_run:
            store.purge()
    finally:
        store.close()
    verb = "would go" if dry_run else "gone"
    for kept in done:
        click.echo(f"{kept.count:>8} {verb}  {kept.what}: {kept.term}")
    if not dry_run:
        click.echo(signed(operator), err=True)
