"""Long trials: workers killed at the worst moments, withdrawals against claims, by the thousand.

    make soak                       1,000 crashes and 1,000 races a database (about an hour)
    python -m benchmarks.soak 60    fewer
    python -m benchmarks.soak 1000 races

The tests run the same trials, some twenty of them.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from tests.servers import create_database, postgres

ROOT: Final = Path(__file__).parent.parent
SUITES: Final = ("races", "crashes")


def main(trials: int, suites: list[str]) -> int:
    """Run the trials in processes of their own; every one must end as intended."""
    failed = [suite for suite in suites or SUITES if not _TRIALS[suite](trials)]
    return int(bool(failed))


def crashes(trials: int) -> bool:
    """Workers that die; nothing may be repeated."""
    ends: Counter[str] = Counter()
    repeated = 0
    with tempfile.TemporaryDirectory() as folder:
        for trial in _run("tests.crashes", folder, str(trials)):
            ends[f"{trial['point']}: {', '.join(trial['states'])}"] += 1
            repeated += len(trial["sent"]) - len(set(trial["sent"]))
    _show(ends)
    print(f"{sum(ends.values())} crashes, {repeated} effects repeated")
    return repeated == 0 and sum(ends.values()) == trials


def races(trials: int) -> bool:
    """Withdrawals against claims; none may commit after one has."""
    with tempfile.TemporaryDirectory() as folder, postgres() as server:
        sqlite = f"sqlite:///{Path(folder) / 'races.db'}"
        urls = {"SQLite": sqlite, "PostgreSQL": create_database(server, "races")}
        kept = [_races(name, url, str(Path(folder) / name), trials) for name, url in urls.items()]
    return all(kept)


def _races(database: str, url: str, folder: str, trials: int) -> bool:
    ends: Counter[str] = Counter()
    claimed = after = 0
    for trial in _run("tests.races", url, folder, str(trials)):
        ends[f"{database}, {trial['kind']}: {', '.join(trial['states'])}"] += 1
        claimed += trial["claimed"]
        after += trial["after"]
    _show(ends)
    print(f"{sum(ends.values())} races on {database}: {claimed} claims, {after} after a withdrawal")
    return after == 0 and sum(ends.values()) == trials


_TRIALS: Final = {"races": races, "crashes": crashes}


def _run(module: str, *arguments: str) -> Iterator[dict[str, Any]]:
    command = [sys.executable, "-m", module, *arguments]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as run:
        for line in run.stdout or ():
            yield json.loads(line)


def _show(ends: Counter[str]) -> None:
    for end, count in sorted(ends.items()):
        print(f"{count:>6}  {end}")


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000, sys.argv[2:]))
