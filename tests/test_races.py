"""No claim commits after a withdrawal has: threads and processes, on both databases."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

TRIALS = 16


@pytest.mark.parametrize("database", ["sqlite_url", "postgres_url"])
def test_no_claim_commits_after_a_withdrawal_of_threads_or_of_processes(
    database: str, request: pytest.FixtureRequest, tmp_path: Path, home: Path
) -> None:
    url = request.getfixturevalue(database)
    folder = tmp_path / "races"
    command = [sys.executable, "-m", "tests.races", url, str(folder), str(TRIALS)]
    run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert run.returncode == 0, run.stderr[-2000:]
    trials = [json.loads(line) for line in run.stdout.splitlines()]
    assert len(trials) == TRIALS
    assert {t["kind"] for t in trials} == {"threads", "processes"}
    assert sum(t["after"] for t in trials) == 0
    states = {state for t in trials for state in t["states"]}
    assert states <= {"performed", "stopped", "denied"}
