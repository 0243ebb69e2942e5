"""A worker inside the desk: what was approved is performed, where nobody else does it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from agentkit import AgentkitError, Pipeline, worker_alive

__all__ = ["working"]

_PAUSE: Final = 1.0
"""Seconds between looks for something to do."""

log = logging.getLogger("agentkit.tui")


@contextmanager
def working(pipeline: Pipeline) -> Iterator[bool]:
    """Perform what is due while the desk is open; claims keep two workers apart.

    Only for the built-in CRM, whose effects need no credentials, and only where no worker runs.

    Yields:
        Whether this process works.
    """
    builtin = pipeline.settings.crm.partition(":")[0] == "builtin"
    if not builtin or _others(pipeline):
        yield False
        return
    ending = threading.Event()
    thread = threading.Thread(target=_work, args=(pipeline, ending), name="worker", daemon=True)
    thread.start()
    try:
        yield True
    finally:
        ending.set()
        thread.join(timeout=10)


def _others(pipeline: Pipeline) -> bool:
    with pipeline.store.read() as conn:
        return bool(worker_alive(conn, pipeline.settings.tenant, pipeline.clock.now()))


def _work(pipeline: Pipeline, ending: threading.Event) -> None:
    while not ending.wait(_PAUSE):
        try:
            if not _others(pipeline):
                pipeline.run_due(limit=100)
        except AgentkitError as error:  # a locked database, say: the next look tries again
            log.warning("the desk's worker was refused: %s", type(error).__name__)
