"""A withdrawal races claims: whoever claims after it has committed is counted, and must not be.

Run as ``python -m tests.races URL FOLDER TRIALS``: half of the trials with threads, half with
processes; prints one JSON object a trial. An instant is taken inside the claim's transaction, right
before it commits, and another right after the withdrawal has committed: a claim that commits later
than the withdrawal can only show the larger one.
"""

from __future__ import annotations

import json
import multiprocessing
import queue
import random
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from agentkit.action import Action
from agentkit.clock import SystemClock
from agentkit.consent import withdraw
from agentkit.store import Store
from tests.worlds import World, make_world, message

CLAIMERS = 3
"""One performs what was allowed before, one what was approved, one proposes in the race itself."""
DEADLINE = 60
"""Seconds after which whoever waits for the others gives up."""
_PAUSE = 0.02
"""Seconds that a transaction is held open at most, or that somebody comes late."""
_SETTLED = frozenset({"performed", "stopped", "denied", "failed"})


def main(url: str, folder: Path, trials: int) -> None:
    """Print the trials of both kinds."""
    for kind in ("threads", "processes"):
        for result in run(url, folder, (trials + 1) // 2, kind):
            print(json.dumps(result), flush=True)  # noqa: T201


def run(url: str, folder: Path, trials: int, kind: str) -> Iterator[dict[str, Any]]:
    """Trials with one kind of claimers; one result a trial. Keys are in the folder's ``home``."""
    fork = multiprocessing.get_context("fork")
    threads = kind == "threads"
    go: Any = threading.Barrier(CLAIMERS + 1) if threads else fork.Barrier(CLAIMERS + 1)
    done: Any = queue.Queue() if threads else fork.Queue()
    _open(url, folder / "first").store.close()
    start: Any = threading.Thread if threads else fork.Process
    claimers = [
        start(target=_claim, args=(url, folder / str(k), trials, kind, k, go, done), daemon=True)
        for k in range(CLAIMERS)
    ]
    for claimer in claimers:
        claimer.start()
    world = _open(url, folder / "withdrawer")
    chance = random.Random(trials)  # noqa: S311  (jitter, no secret)
    for number in range(trials):
        yield {"kind": kind, **_trial(world, f"{kind}-{number}", chance, go, done)}
    for claimer in claimers:
        claimer.join(DEADLINE)
    world.store.close()


def _open(url: str, folder: Path) -> World:
    folder.mkdir(parents=True, exist_ok=True)
    clock = SystemClock()
    store = Store.open(url, clock=clock, home=folder.parent / "home")
    return make_world(store, clock, folder)


def _trial(world: World, name: str, chance: random.Random, go: Any, done: Any) -> dict[str, Any]:
    """One person, one withdrawal, and an action for each claimer."""
    world.add_contact(name)
    channels = ["email", "sms"]
    world.pipeline.propose_many(
        [message(id=f"{name}-{k}", subject=name, channel=c) for k, c in enumerate(channels)]
    )
    world.approve(f"{name}-1")
    go.wait(DEADLINE)
    time.sleep(chance.random() * 2 * _PAUSE)
    with world.store.write() as unit:
        withdraw(unit, "default", name, now=world.clock.now(), purpose="marketing")
        time.sleep(chance.random() * 4 * _PAUSE)
    withdrawn = time.monotonic_ns()
    claims = [done.get(timeout=DEADLINE) for _ in range(CLAIMERS)]
    return {
        "states": sorted(state for state, _ in claims),
        "claimed": sum(at is not None for _, at in claims),
        "after": sum(at is not None and at > withdrawn for _, at in claims),
    }


def _claim(url: str, folder: Path, trials: int, kind: str, number: int, go: Any, done: Any) -> None:
    """Perform one action a trial, slowly, so that the withdrawal comes in between."""
    world = _open(url, folder)
    chance = random.Random(number)  # noqa: S311  (jitter, no secret)
    claimed: list[int] = []
    apply = world.crm.apply

    def slowly(action: Action, unit: Any) -> Any:
        effect = apply(action, unit)
        time.sleep(chance.random() * _PAUSE)
        claimed.append(time.monotonic_ns())
        return effect

    world.crm.apply = slowly  # type: ignore[method-assign]
    for trial in range(trials):
        claimed.clear()
        action = f"{kind}-{trial}-{number}"
        go.wait(DEADLINE)
        time.sleep(chance.random() * _PAUSE)
        if number == CLAIMERS - 1:
            world.pipeline.propose(message(id=action, subject=f"{kind}-{trial}"))
        end = time.monotonic() + DEADLINE
        while time.monotonic() < end:
            world.advance(action)
            if world.state(action) in _SETTLED:
                break
        state = world.state(action)
        done.put((state, claimed[-1] if claimed and state == "performed" else None))
    world.store.close()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
