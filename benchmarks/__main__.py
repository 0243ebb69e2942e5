"""Measure every figure of the README and write them to benchmarks/results.json.

    make bench                          all of them
    python -m benchmarks gate store     some of them

Times are CPU time of the process, the best of several rounds, because machines are shared and
noisy; figures that compare are ratios of one run.
"""

from __future__ import annotations

import json
import platform
import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Final

Figures = Mapping[str, float | str]

SUITES: Final = (
    "startup", "gate", "peer", "store", "review", "people", "consent", "classify", "claims",
    "scenarios",
)  # fmt: skip
RESULTS: Final = Path(__file__).with_name("results.json")


def main(names: list[str]) -> int:
    wanted = names or list(SUITES)
    unknown = sorted(set(wanted) - set(SUITES))
    if unknown:
        print(f"there is no suite {unknown[0]!r}; suites: {', '.join(SUITES)}", file=sys.stderr)
        return 2
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    results["machine"] = f"Python {platform.python_version()}, {platform.machine()}"
    for name in wanted:
        measure: Callable[[], Figures] = import_module(f"benchmarks.{name}").measure
        print(f"\n{name}: {(measure.__doc__ or '').strip().splitlines()[0]}", flush=True)
        figures = dict(measure())
        for key, value in figures.items():
            print(f"  {key:<58} {value if isinstance(value, str) else f'{value:,.2f}':>14}")
        results[name] = figures
        RESULTS.write_text(json.dumps(results, indent=1, sort_keys=True) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
