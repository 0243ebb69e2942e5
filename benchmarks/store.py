"""Proposing in batches with everything durable: SQLite in WAL mode, synchronous=FULL."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from agentkit.agent import Agent, Register
from agentkit.canonical import canonical
from agentkit.clock import SystemClock
from agentkit.ledger import seal
from agentkit.pipeline import Pipeline, build
from agentkit.plugins import Plugins
from agentkit.settings import Settings
from agentkit.store import insert_many, to_micros
from benchmarks.gate import actions, constitution, plugin

PEOPLE = 1000
COUNT = 10_000


def make_pipeline() -> Pipeline:
    """Four plugins without models, a hundred articles, a thousand people in the built-in CRM."""
    home = Path(tempfile.mkdtemp(prefix="agentkit-bench-"))
    rules = home / "bench.yaml"
    rules.write_text(constitution(100))
    agent = Agent(
        "outreach",
        kinds=frozenset(["message.send"]),
        channels=frozenset(["email"]),
        purposes=frozenset(["marketing"]),
    )
    pipeline = build(
        Settings(home=home, constitutions=(str(rules),)),
        plugins=Plugins.of(*(plugin(f"p{i}") for i in range(4))),
        register=Register({"outreach": agent}),
    )
    _fill(pipeline)
    return pipeline


def _fill(pipeline: Pipeline) -> None:
    now = to_micros(SystemClock().now())
    columns = ("tenant", "id", "name", "email", "country", "timezone", "fields", "created_at",
               "updated_at")  # fmt: skip
    rows = [
        ("default", f"c{i}", f"Person {i}", f"p{i}@example.com", "DE", "Europe/Berlin",
         canonical({}).decode(), now, now)
        for i in range(PEOPLE)
    ]  # fmt: skip
    with pipeline.store.write() as unit:
        insert_many(unit.conn, "contacts", columns, rows)


def measure() -> dict[str, float]:
    """Actions a second: examined, judged, encrypted, recorded with entries, committed."""
    pipeline = make_pipeline()
    best_wall = best_cpu = 0.0
    for _ in range(3):
        batch = [a for _ in range(COUNT // PEOPLE) for a in actions(PEOPLE)]
        wall, cpu = time.perf_counter(), time.process_time()
        proposals = pipeline.propose_many(batch)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        assert {p.state for p in proposals} == {"allowed"}
        best_wall, best_cpu = max(best_wall, COUNT / wall), max(best_cpu, COUNT / cpu)
    begun = time.perf_counter()
    sealed = 0
    while done := seal(pipeline.store):
        sealed += done
    sealing = sealed / (time.perf_counter() - begun)
    pipeline.close()
    return {
        "actions a second (wall)": best_wall,
        "actions a second (CPU)": best_cpu,
        "entries sealed a second": sealing,
    }
