"""Beside Microsoft's agent-governance-toolkit-core, in its own environment, on the same machine.

Both judge an action a thousand times against a hundred rules. Theirs: PolicyEvaluator (a hundred
rules that look for a phrase in the text) and AuditLog in memory. Ours: four plugins examine, a
hundred articles of which ten apply, digests of action and facts. Neither writes to a disk. The two
take turns, and the median of the turns' ratios is what counts.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import venv
from pathlib import Path

from benchmarks.gate import make_gate, per_action

ENVIRONMENT = Path(".agentkit/bench/peer")
PACKAGE = "agent-governance-toolkit-core>=5,<6"


def environment() -> Path:
    """The peer's own environment, created once; returns its interpreter."""
    python = ENVIRONMENT / "bin" / "python"
    if not python.exists():
        venv.create(ENVIRONMENT, with_pip=True)
        subprocess.run([str(python), "-m", "pip", "install", "-q", PACKAGE, "pyyaml"], check=True)
    return python


def theirs(python: Path) -> float:
    """Microseconds of CPU an action of the peer."""
    script = Path(__file__).with_name("peer_script.py")
    run = subprocess.run([str(python), str(script)], check=True, capture_output=True, text=True)
    return float(json.loads(run.stdout.splitlines()[-1])["us"])


def measure() -> dict[str, float]:
    """Microseconds an action, ours and the peer's, in turns; the ratio is the median of turns."""
    python = environment()
    gate = make_gate(100)
    turns = [(theirs(python), per_action(gate)) for _ in range(5)]
    return {
        "agent-governance-toolkit-core, evaluate + audit, us": min(t for t, _ in turns),
        "agentkit, us": min(o for _, o in turns),
        "times faster (median of five turns)": statistics.median(t / o for t, o in turns),
    }
