"""``agentkit ledger``: verify, seal, show and export."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import click

from agentkit.cli.options import Listed, with_settings
from agentkit.errors import ConfigError
from agentkit.settings import Settings

if TYPE_CHECKING:
    from agentkit.ledger import Recorded, Verification
    from agentkit.store import Store

__all__ = ["command"]

_KEY_BYTES = 32


@click.group(cls=Listed)
def command() -> None:
    """Verify, show and export the ledger."""


@command.command()
@click.option("--checkpoints", "folder", type=click.Path(path_type=Path), metavar="DIR",
              help="Folder that holds checkpoints/; a copy kept elsewhere is better.")  # fmt: skip
@click.option("--public-key", metavar="HEX",
              help="Trust this key, which stands in every checkpoint.")  # fmt: skip
@with_settings
def verify(settings: Settings, folder: Path | None, public_key: str | None) -> None:
    """Recompute every digest and link, and hold the end to the signed checkpoints.

    Names the first entry of each tenant that was altered, removed, inserted or moved. Exit status 1
    if anything is wrong.
    """
    from agentkit.ledger import verify as run

    key = None if public_key is None else _public_key(public_key)
    with _store(settings) as store:
        found = run(store, folder or settings.home, key=key)
    _show_verification(found)
    if not found.ok:
        sys.exit(1)


@command.command()
@with_settings
def seal(settings: Settings) -> None:
    """Seal all entries that wait, and sign a checkpoint (workers do this by themselves)."""
    from agentkit.ledger import checkpoint
    from agentkit.ledger import seal as run

    with _store(settings) as store:
        total = 0
        while sealed := run(store):
            total += sealed
        path = checkpoint(store, settings.home)
    click.echo(f"{total} entries sealed; checkpoint in {path}")


@command.command()
@click.option("--action", default="", metavar="ID", help="Only entries about this action.")
@click.option("--kind", "kinds", multiple=True, metavar="KIND", help="Only this kind; repeatable.")
@click.option("--after", default=0, metavar="ID", help="Start behind this entry.")
@click.option("--limit", default=50, show_default=True, help="How many at most.")
@with_settings
def show(settings: Settings, action: str, kinds: tuple[str, ...], after: int, limit: int) -> None:
    """Show entries, one a line: number, time (UTC), kind, action, who, and what is public."""
    from itertools import islice

    from agentkit.canonical import canonical
    from agentkit.ledger import read

    with _store(settings) as store:
        entries = read(store, after, kinds, tenant=settings.tenant, action=action)
        for entry in islice(entries, limit):
            facts = canonical(entry.public).decode() if entry.public else ""
            at = f"{entry.at:%Y-%m-%d %H:%M:%S}"
            click.echo(
                f"{entry.id:>8}  {at}  {entry.kind:<12}  {entry.action:<16}  {entry.actor:<20}  "
                f"{facts}".rstrip()
            )


@command.command()
@click.option("--output", type=click.File("w", encoding="utf-8", lazy=True), default="-",
              metavar="FILE", help="Default: standard output.")  # fmt: skip
@click.option("--after", default=0, metavar="ID", help="Start behind this entry.")
@click.option("--private", is_flag=True, help="Decrypt what is personal; erased data stay null.")
@with_settings
def export(settings: Settings, output: TextIO, after: int, *, private: bool) -> None:
    """Write entries as JSON lines, in order; personal data stay out unless asked for."""
    from agentkit.canonical import canonical
    from agentkit.ledger import read

    with _store(settings) as store:
        for entry in read(store, after, tenant=settings.tenant):
            line = _exported(entry)
            if private and entry.private is not None:
                line["private"] = _opened(store, entry, entry.private)
            output.write(canonical(line).decode() + "\n")


@contextmanager
def _store(settings: Settings) -> Iterator[Store]:
    """The database, which must be there."""
    from agentkit.clock import SystemClock
    from agentkit.store import Store

    store = Store.open(settings.url, clock=SystemClock(), home=settings.home, create=False)
    try:
        yield store
    finally:
        store.close()


def _public_key(text: str) -> bytes:
    """Read a public key.

    Raises:
        ConfigError: it is not 32 bytes in hex.
    """
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if len(key) != _KEY_BYTES:
        raise ConfigError(
            "the public key is not 32 bytes in hex",
            hint='copy the value of "key" from a checkpoint that you trust',
        )
    return key


def _show_verification(found: Verification) -> None:
    """Say what was found; faults go to stderr."""
    for chain in found.chains:
        click.echo(
            f"{chain.tenant}: {chain.head.n} sealed, {chain.unsealed} not yet sealed", nl=False
        )
        since = chain.unsealed_since
        click.echo(f" (since {since:%Y-%m-%d %H:%M:%S} UTC)" if since else "")
    if found.checkpoint_at is None:
        click.echo("no checkpoint: a cut-off end cannot be seen; `agentkit ledger seal` signs one")
    else:
        at = f"{found.checkpoint_at:%Y-%m-%d %H:%M:%S}"
        click.echo(f"{found.checkpoints} checkpoints, the last of {at} UTC")
    for fault in found.faults:
        click.secho(f"{fault.kind}: ", fg="red", bold=True, nl=False, err=True)
        click.echo(fault.message, err=True)
    click.echo(
        "the ledger verifies" if found.ok else "the ledger does NOT verify", err=not found.ok
    )


def _exported(entry: Recorded) -> dict[str, Any]:
    """What an export says of every entry."""
    return {
        "id": entry.id,
        "tenant": entry.tenant,
        "kind": entry.kind,
        "at": entry.at,
        "action": entry.action,
        "actor": entry.actor,
        "person": entry.person_token,
        "public": entry.public,
        "digest": entry.digest,
    }


def _opened(store: Store, entry: Recorded, data: bytes) -> dict[str, Any] | None:
    """The private part in clear; None where the person was erased."""
    with store.read() as conn:
        return store.vault.decrypt_tokens(conn, entry.tenant, [(entry.person_token, data)])[0]
