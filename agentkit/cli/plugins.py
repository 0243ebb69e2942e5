"""``agentkit plugins``: what is installed, from whom, and what was not let in and why."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from agentkit.cli.options import Listed, with_settings
from agentkit.errors import NotFound
from agentkit.settings import Settings

if TYPE_CHECKING:
    from agentkit.plugins import PluginInfo

__all__ = ["command"]

_folder = click.option(
    "--plugins-dir",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Load the single files of this folder too; default: from the settings.",
)


@click.group(cls=Listed)
def command() -> None:
    """List and check plugins."""


@command.command("list")
@_folder
@with_settings
def list_(settings: Settings, plugins_dir: Path | None) -> None:
    """List every plugin that is found: in use, disabled or refused. Exit status 1 if any is."""
    infos = _infos(settings, plugins_dir)
    width = max((len(i.name) for i in infos), default=0)
    for info in infos:
        click.echo(_line(info, width))
        _explain(info)
    if not infos:
        click.echo("no plugins are installed; `pip install agentkit-crm` brings the first ones")
    sys.exit(any(i.status == "error" for i in infos))


@command.command()
@click.argument("name")
@_folder
@with_settings
def check(settings: Settings, plugins_dir: Path | None, name: str) -> None:
    """Show all about the plugin NAME, and whether it may be used. Exit status 1 if not."""
    infos = _infos(settings, plugins_dir)
    wanted = [i for i in infos if i.name == name]
    if not wanted:
        known = ", ".join(i.name for i in infos) or "none"
        raise NotFound(f"no plugin {name!r} is found", hint=f"plugins found: {known}")
    for info in wanted:
        _details(info)
    sys.exit(any(i.status == "error" for i in wanted))


def _infos(settings: Settings, folder: Path | None) -> list[PluginInfo]:
    from agentkit.plugins import Plugins

    plugins = Plugins.discover(settings.plugins, settings.disabled, folder or settings.plugins_dir)
    return plugins.listing()


def _line(info: PluginInfo, width: int) -> str:
    colour = {"ok": "green", "disabled": "yellow", "error": "red"}[info.status]
    status = click.style(f"{info.status:8}", fg=colour)
    source = f"{info.distribution} {info.version}".strip() if info.distribution else info.source
    digest = f"  sha256:{info.digest[:12]}" if info.digest else ""
    return f"{info.name:{width}}  {status}  {source}{digest}"


def _explain(info: PluginInfo) -> None:
    if info.error:
        click.echo(f"    {info.error}")
    if info.hint:
        click.echo(f"    {info.hint}")


def _details(info: PluginInfo) -> None:
    facts = {
        "name": info.name,
        "status": info.status,
        "distribution": info.distribution,
        "version": info.version,
        "source": info.source,
        "sha256": info.digest,
        "evidence": ", ".join(info.evidence),
        "action kinds": ", ".join(info.kinds),
        "hooks": ", ".join(info.hooks),
        "isolation": info.isolation,
    }
    for label, value in facts.items():
        if value:
            click.echo(f"{label + ':':14}{value}")
    _explain(info)
