"""CPU time, best of several rounds."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any


def cpu(function: Callable[[], Any], rounds: int = 9) -> float:
    """Seconds of process CPU time of one call: the best of ``rounds``."""
    best = float("inf")
    for _ in range(rounds):
        begun = time.process_time()
        function()
        best = min(best, time.process_time() - begun)
    return best


def cpu_prepared(
    prepare: Callable[[], Any], function: Callable[[Any], Any], rounds: int = 9
) -> float:
    """As `cpu`, with a preparation before each round that is not counted."""
    best = float("inf")
    for _ in range(rounds):
        prepared = prepare()
        begun = time.process_time()
        function(prepared)
        best = min(best, time.process_time() - begun)
    return best
