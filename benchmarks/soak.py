"""Long trials: workers killed at the worst moments, by the thousand.

    make soak                       1,000 crashes (about an hour)
    python -m benchmarks.soak 60    fewer

The tests run the same trials, twenty of them.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parent.parent


def main(trials: int) -> int:
    """Run the trials in a process of their own; every one must end as intended."""
    ends: Counter[str] = Counter()
    repeated = 0
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "tests.crashes", folder, str(trials)]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as run:
            for line in run.stdout or ():
                trial = json.loads(line)
                ends[f"{trial['point']}: {', '.join(trial['states'])}"] += 1
                repeated += len(trial["sent"]) - len(set(trial["sent"]))
    for end, count in sorted(ends.items()):
        print(f"{count:>6}  {end}")
    print(f"{sum(ends.values())} crashes, {repeated} effects repeated")
    return int(repeated > 0 or sum(ends.values()) != trials)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000))
