"""``agentkit keys``: the master key, and replacing it."""

from __future__ import annotations

import click

from agentkit.cli.options import Listed, operator_of, signed, with_settings
from agentkit.settings import Settings

__all__ = ["command"]


@click.group("keys", cls=Listed)
def command() -> None:
    """Show and replace the master key of personal data."""


@command.command()
@with_settings
def show(settings: Settings) -> None:
    """Say which key is used, and how many keys of persons it wraps; never the key itself."""
    from agentkit.clock import SystemClock
    from agentkit.rights import open_store
    from agentkit.store import execute

    store = open_store(settings, SystemClock())
    try:
        master = store.master()
        sql = (
            "select key_class, count(*) from person_keys where tenant = ? "
            "group by key_class order by key_class"
        )
        with store.read() as conn:
            counts = execute(conn, sql, (settings.tenant,)).all()
    finally:
        store.close()
    click.echo(f"master key {master.fingerprint.hex()[:16]}, from {master.source}")
    for key_class, count in counts:
        click.echo(f"  {count} keys of the class {key_class}")


@command.command()
@with_settings
def rotate(settings: Settings) -> None:
    """Replace the master key; where it was interrupted, run it again.

    The new key is drawn into keys/master.new, or taken from the variable AGENTKIT_KEY_NEW where the
    key comes from AGENTKIT_KEY. Workers that run go on: they accept both. Payloads, tokens and the
    ledger do not change; checkpoints are signed by the new key from now on.
    """
    from agentkit.clock import SystemClock
    from agentkit.entry import Entry
    from agentkit.rights import open_store
    from agentkit.store.keys import load_masters, new_master, settle_master
    from agentkit.store.rotation import rotate as run

    operator = operator_of(settings)
    store = open_store(settings, SystemClock())
    try:
        new = new_master(settings.home)
        masters = load_masters(settings.home)
        old = next((m for m in masters if m.secret != new.secret), masters[0])
        count = run(store, old, new)
        with store.write() as unit:
            public = {"from": old.fingerprint.hex()[:16], "to": new.fingerprint.hex()[:16]}
            actor = f"operator:{operator.name}"
            unit.append(
                Entry("keys", settings.tenant, store.clock.now(), actor=actor, public=public)
            )
        kept = settle_master(settings.home, old)
    finally:
        store.close()
    click.echo(f"{count} keys are wrapped by the new master key {new.fingerprint.hex()[:16]}")
    if kept is None:
        click.echo("  set AGENTKIT_KEY to the new key in every process, and drop AGENTKIT_KEY_NEW")
    else:
        click.echo(f"  the old key is {kept}: keep it with the backups made before, not here")
    click.echo(signed(operator), err=True)
