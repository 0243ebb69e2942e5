"""Peak memory of ``agentkit review`` over files of growing length."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

LENGTHS = (1_000, 100_000)
TEXTS = 20
"""Different texts: each is scored once a batch, and a hundred thousand would take half an hour."""
_MEASURE = """
import resource, subprocess, sys
child = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(used.ru_maxrss, used.ru_utime + used.ru_stime)
sys.exit(child.returncode)
"""
"""A small process in between: a child's peak counts what its parent held when it was forked."""
_KINDS = ("granted", "withdrawn", "not_specified")


def measure() -> dict[str, float | str]:
    """Peak resident memory of a child process, in MB, and lines a second of its CPU time."""
    figures: dict[str, float | str] = {}
    with tempfile.TemporaryDirectory() as folder:
        for length in LENGTHS:
            path = Path(folder) / f"{length}.jsonl"
            write_lines(path, length)
            peak, seconds = review(path, Path(folder))
            figures[f"MB at the peak, {length:,} lines"] = peak
            figures[f"lines a second of CPU, {length:,} lines"] = length / seconds
    short, long = (float(figures[f"MB at the peak, {n:,} lines"]) for n in LENGTHS)
    figures["growth of the peak (times)"] = long / short
    return figures


def write_lines(path: Path, count: int) -> None:
    """Messages, scores and tool calls, each of another person; a campaign's texts repeat."""
    with path.open("w", encoding="utf-8") as file:
        for line in lines(count):
            file.write(json.dumps(line, ensure_ascii=False) + "\n")


def lines(count: int) -> Iterator[dict[str, Any]]:
    for i in range(count):
        if i % 10 == 8:
            yield {"id": f"a{i}", "kind": "lead.score", "subject": f"c{i}", "agent": "scoring",
                   "args": {"score": i % 100, "inputs": {"deal_amount": i}},
                   "contact": {"name": f"Lead {i}", "country": "DE"}}  # fmt: skip
        elif i % 10 == 9:
            yield {"id": f"a{i}", "kind": "tool.call", "agent": "outreach",
                   "args": {"tool": "get_order", "arguments": {"id": i}}}  # fmt: skip
        else:
            yield _message(i)


def _message(i: int) -> dict[str, Any]:
    return {
        "id": f"a{i}", "kind": "message.send", "agent": "outreach", "subject": f"c{i}",
        "channel": "email", "purpose": "marketing",
        "text": f"Hello, the price of the oak desk is EUR {100 + i % TEXTS}. You can try it here "
                "at your own pace. This message was written by an AI assistant.",
        "contact": {
            "name": f"Customer {i}", "email": f"c{i}@example.com", "country": "DE",
            "language": "en", "type": "consumer",
            "consents": [{"point": f"c{i}@example.com", "channel": "email",
                          "purpose": "marketing", "status": _KINDS[i % 3],
                          "at": "2026-01-02T10:00:00Z"}],
        },
        "record": {"product": {"price": float(100 + i % TEXTS), "stock": i % 40}},
    }  # fmt: skip


def review(path: Path, home: Path) -> tuple[float, float]:
    """Peak memory in MB and CPU seconds of one review, as the operating system counts them."""
    command = [
        sys.executable, "-m", "agentkit.cli", "review", str(path), "--home", str(home / "home"),
        "--now", "2026-11-23T09:30:00+01:00",
    ]  # fmt: skip
    measured = subprocess.run(
        [sys.executable, "-I", "-c", _MEASURE, *command],
        capture_output=True,
        text=True,
        check=False,
    )
    assert measured.returncode == 0, measured.stderr[-2000:]
    kilobytes, seconds = measured.stdout.split()
    return int(kilobytes) / 1024, float(seconds)
