"""Start-up: the help text and the bare import, with compiled bytecode."""

from __future__ import annotations

import subprocess
import sys
import time


def _wall(*command: str, rounds: int = 9) -> float:
    best = float("inf")
    for _ in range(rounds):
        begun = time.perf_counter()
        subprocess.run([sys.executable, *command], check=True, capture_output=True)
        best = min(best, time.perf_counter() - begun)
    return best * 1000


def measure() -> dict[str, float]:
    """Milliseconds from start to end of a process (best of nine, interpreter included)."""
    return {
        "python -c pass, ms": _wall("-c", "pass"),
        "import agentkit, ms": _wall("-c", "import agentkit"),
        "agentkit --help, ms": _wall("-m", "agentkit.cli", "--help"),
    }
