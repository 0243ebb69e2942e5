"""``agentkit demo``: the whole sentence on a book of business."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from agentkit.cli.demonstration.stage import Told

__all__ = ["command", "demonstrate"]

_OPENING = """\
Agents propose, plugins examine, a constitution judges, people decide.
It is Monday 23 November 2026, 09:30, at a furniture company in Hamburg.
No language model is behind the agents: a playbook speaks, and errs on purpose.
"""


@click.command("demo")
@click.option("--home", type=click.Path(path_type=Path), default=Path(".agentkit/demo"),
              show_default=True, metavar="DIR",
              help="A folder of the demo's own; it is emptied first.")  # fmt: skip
@click.option("--blank", type=click.FloatRange(0, 1), default=0.0, metavar="SHARE",
              help="First blank this share of country, time zone, language (0 to 1).")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Only the report, as one JSON object.")
def command(home: Path, blank: float, *, as_json: bool) -> None:
    """Run the whole sentence on a book of business: no server, no key, no network.

    Four agents work through a few hundred people of an invented furniture company. A playbook
    speaks for them, and makes some mistakes on purpose. It is 2026-11-23, 09:30 in Hamburg.
    """
    from rich.console import Console

    from agentkit.cli.demonstration.report import as_data, show

    console = Console(highlight=False)
    if not as_json:
        console.print(_OPENING)
    told, cases = demonstrate(home, blank=blank, console=None if as_json else console)
    if as_json:
        click.echo(json.dumps(as_data(told, cases, home), ensure_ascii=False, indent=1))
    else:
        show(console, told, cases, home)


def demonstrate(
    home: Path,
    *,
    blank: float = 0.0,
    console: Any = None,
    limit: int | None = None,
    classifier: Any = None,
) -> tuple[Told, list[Any]]:
    """Play the demo into a folder.

    Args:
        home: The folder; what an earlier demo left in it goes.
        blank: Share of country, time zone and language that is blanked first.
        console: Where progress is shown; None: nowhere.
        limit: Most people an agent works through.
        classifier: Loads the classifier; None: the shipped one.

    Raises:
        ConfigError: the folder holds something else, or the book of business is not here.
    """
    from dataclasses import replace

    from rich.console import Console

    from agentkit.cli.demonstration.book import blanked, book_of
    from agentkit.cli.demonstration.cases import four_cases
    from agentkit.cli.demonstration.home import examples_folder, fresh_home
    from agentkit.cli.demonstration.stage import Stage
    from agentkit.cli.demonstration.steps import Steps

    examples = examples_folder()
    settings = fresh_home(home, examples)
    book = book_of(examples)
    if blank:
        book = replace(book, contacts=blanked(book.contacts, blank, home / "book"))
    steps = Steps(console or Console(quiet=True), quiet=console is None)
    stage = Stage(settings, examples, steps, classifier)
    try:
        told = stage.play(book, limit=limit)
        return told, four_cases(stage.pipeline, told.slips)
    finally:
        stage.close()
