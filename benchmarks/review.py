"""Peak memory of ``agentkit review`` over files of growing length."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

LENGTHS = (1_000, 100_000)
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
    """Messages, scores and tool calls; every text is another one, so that no cache helps."""
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
        "text": f"Hello, the desk number {i} costs EUR {100 + i % 900}. It is made of oak, and "
                f"you can try it at {i % 7 + 9} o'clock. This message was written by an AI "
                "assistant.",
        "contact": {
            "name": f"Customer {i}", "email": f"c{i}@example.com", "country": "DE",
            "language": "en", "type": "consumer",
            "consents": [{"point": f"c{i}@example.com", "channel": "email",
                          "purpose": "marketing", "status": _KINDS[i % 3],
                          "at": "2026-01-02T10:00:00Z"}],
        },
        "record": {"product": {"price": float(100 + i % 900), "stock": i % 40}},
    }  # fmt: skip


def review(path: Path, home: Path) -> tuple[float, float]:
    """Peak memory in MB and CPU seconds of one review, as the operating system counts them."""
    command = [
        sys.executable, "-m", "agentkit.cli", "review", str(path), "--home", str(home / "home"),
        "--now", "2026-11-23T09:30:00+01:00",
    ]  # fmt: skip
    with Path(os.devnull).open("w") as nothing, (home / "errors").open("w+") as errors:
        child = subprocess.Popen(command, stdout=nothing, stderr=errors)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        errors.seek(0)
        assert child.returncode == 0, errors.read()[-2000:]
    return usage.ru_maxrss / 1024, usage.ru_utime + usage.ru_stime
