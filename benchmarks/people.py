"""What reaches people: the demo's book with a quarter of country, zone and language blanked."""

from __future__ import annotations

import tempfile
from pathlib import Path

from agentkit.cli.demo import demonstrate


def measure() -> dict[str, float | str]:
    """The demo's book of business with 25 % of country, time zone and language blanked."""
    with tempfile.TemporaryDirectory() as folder:
        told, _ = demonstrate(Path(folder) / "demo", blank=0.25)
    outreach, total = told.outcomes["outreach"], told.total
    return {
        "% of actions that reach a person": 100 * total.share,
        "% of the outreach agent's actions alone": 100 * outreach.share,
        "actions": float(total.proposed),
        "data tasks (one a person and field)": float(sum(task.people for task in told.tasks)),
        "groups of data tasks on one screen": float(len(told.tasks)),
    }
