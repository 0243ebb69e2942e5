"""``agentkit worker``: perform what may run, wait for what must wait."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from agentkit.cli.options import with_settings
from agentkit.ledger import checkpoint, seal
from agentkit.settings import Settings
from agentkit.store import execute

if TYPE_CHECKING:
    from agentkit.engine.durable import Summary
    from agentkit.pipeline import Pipeline
    from agentkit.store import Store

__all__ = ["command"]


@click.command()
@click.option("--once", is_flag=True, help="Perform what may run now, then end.")
@click.option("--every", type=click.FloatRange(min=0.05), default=1.0, show_default=True,
              metavar="SECONDS", help="How often to look for what is due.")  # fmt: skip
@with_settings
def command(settings: Settings, every: float, *, once: bool) -> None:
    """Perform what may run, and wait for what must wait.

    Any number of workers may run at once; each action is performed once. Ends on Ctrl-C or SIGTERM:
    what waits goes on with the next worker.
    """
    from agentkit.engine.durable import Engine
    from agentkit.pipeline import build

    pipeline = build(settings)
    engine = Engine(pipeline)
    try:
        engine.launch()
        if once:
            summary = engine.run_until_idle()
        else:
            click.echo(f"worker {pipeline.owner} looks for work every {every:g} s; Ctrl-C ends it")
            with _stopping() as stop:
                engine.run(stop, every=every, chore=lambda: _chore(pipeline))
            summary = engine.summary
        engine.shutdown()
        _seal(pipeline.store)
        checkpoint(pipeline.store, settings.home)
        for line in _report(pipeline, summary):
            click.echo(line)
    finally:
        engine.shutdown()
        pipeline.close()


@contextmanager
def _stopping() -> Iterator[threading.Event]:
    """An event that Ctrl-C and SIGTERM set."""
    stop = threading.Event()
    kinds = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(kind, lambda *_: stop.set()) for kind in kinds]
    try:
        yield stop
    finally:
        for kind, handler in zip(kinds, before, strict=True):
            signal.signal(kind, handler)


def _chore(pipeline: Pipeline) -> None:
    pipeline.record_scores()
    _seal(pipeline.store)


def _seal(store: Store) -> None:
    while seal(store):
        pass


def _report(pipeline: Pipeline, summary: Summary) -> Iterator[str]:
    """What was done, and what waits for whom."""
    done = ", ".join(f"{count} {state}" for state, count in sorted(summary.states.items()))
    yield f"done: {done or 'nothing was due'}"
    for action, kind in summary.failures.items():
        yield f"  {action} raised {kind} and is left for the next worker"
    sql = (
        "select state, count(*) from actions where tenant = ? and state in "
        "('deferred', 'escalated', 'unknown') group by state order by state"
    )
    with pipeline.store.read() as conn:
        waiting = {row[0]: row[1] for row in execute(conn, sql, (pipeline.settings.tenant,))}
    if waiting.get("deferred"):
        due = pipeline.next_due()
        when = f", the next at {due:%Y-%m-%d %H:%M} UTC" if due else ""
        yield f"waiting: {waiting['deferred']} for their time or for data{when}"
    people = waiting.get("escalated", 0) + waiting.get("unknown", 0)
    if people:
        yield f"waiting: {people} for a person; next: agentkit desk list"
