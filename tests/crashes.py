"""Processes that die at a chosen point, and the next one that must put things right.

Run as ``python -m tests.crashes FOLDER TRIALS``: one process imports everything and forks one
child after another, so that a trial costs a second. Prints one JSON object a trial.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from agentkit.action import Action
from agentkit.clock import SystemClock
from agentkit.engine.durable import Engine
from agentkit.pipeline.performing import Performing
from agentkit.store import Store
from tests.worlds import FileCRM, World, make_world, message

POINTS = ("before", "after", "inside", "waiting", "before-blind", "after-blind")
LEASE = 0.3
CRASHED = 9


def main(folder: Path, trials: int) -> None:
    Performing.lease = timedelta(seconds=LEASE)
    for number in range(trials):
        point = POINTS[number % len(POINTS)]
        print(json.dumps(trial(folder / str(number), point)), flush=True)  # noqa: T201


def trial(folder: Path, point: str) -> dict[str, object]:
    """One crash and one recovery."""
    folder.mkdir(parents=True)
    _in_child(lambda: _propose(folder, point))
    if point == "waiting":
        _kill_while_waiting(folder)
        _in_child(lambda: _world(folder, point, crash=False).approve("a0"))
    else:
        code = _in_child(lambda: _work(folder, point, crash=True))
        assert code == CRASHED, f"{point}: the child ended with {code}"
    time.sleep(LEASE + 0.1)
    _in_child(lambda: _work(folder, point, crash=False))
    result: dict[str, object] = {}
    _in_child(lambda: (folder / "result.json").write_text(json.dumps(_result(folder, point))))
    result.update(json.loads((folder / "result.json").read_text()))
    return result


def _result(folder: Path, point: str) -> dict[str, object]:
    world = _world(folder, point, crash=False)
    sent = FileCRM(folder / "sent.txt", world.clock.now).effects()
    outbox = [row[0] for row in world.rows("select action from outbox")]
    return {
        "point": point,
        "states": [world.state(f"a{n}") for n in range(2)],
        "sent": sorted(sent + outbox),
        "performed": sum(world.kinds(f"a{n}").count("performed") for n in range(2)),
    }


def _in_child(do: Callable[[], object]) -> int:
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            do()
            code = 0
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def _world(folder: Path, point: str, *, crash: bool) -> World:
    clock = SystemClock()
    home = folder / "home"
    store = Store.open(f"sqlite:///{home / 'agentkit.db'}", clock=clock, home=home)
    if point in {"inside", "waiting"}:
        world = make_world(store, clock, folder)
        if crash and point == "inside":
            _crash_inside(world)
        return world
    crm = FileCRM(
        folder / "sent.txt", clock.now, looks_up_markers="blind" not in point, settle_seconds=0.0
    )
    if crash:
        setattr(crm, point.removesuffix("-blind"), _die)
    return make_world(store, clock, folder, crm)


def _die(_: Action) -> None:
    os._exit(CRASHED)


def _crash_inside(world: World) -> None:
    """Die after the built-in CRM wrote its effect, before the transaction commits."""
    apply = world.crm.apply

    def applied(action: Action, unit: object) -> object:
        apply(action, unit)  # type: ignore[arg-type]
        os._exit(CRASHED)

    world.crm.apply = applied  # type: ignore[method-assign,assignment]


def _propose(folder: Path, point: str) -> None:
    world = _world(folder, point, crash=False)
    world.add_contact("c2")
    channel = "sms" if point == "waiting" else "email"
    world.pipeline.propose_many([message(id="a0", channel=channel), message(id="a1", subject="c2")])


def _work(folder: Path, point: str, *, crash: bool) -> None:
    world = _world(folder, point, crash=crash)
    engine = Engine(world.pipeline, listen_seconds=0.05)
    engine.launch()
    engine.recover()
    end = time.monotonic() + 20
    while time.monotonic() < end:
        engine.run_until_idle()
        states = {world.state(f"a{n}") for n in range(2)}
        if states <= {"performed", "unknown"} or point == "waiting":
            break
        time.sleep(0.05)
    engine.shutdown()


def _kill_while_waiting(folder: Path) -> None:
    """Let a worker wait for a person, and kill it."""
    ready = folder / "ready"
    pid = os.fork()
    if pid == 0:
        _wait_for_ever(folder, ready)
    while not ready.exists():
        time.sleep(0.02)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def _wait_for_ever(folder: Path, ready: Path) -> None:
    try:
        world = _world(folder, "waiting", crash=False)
        engine = Engine(world.pipeline, listen_seconds=0.05)
        engine.launch()
        engine.recover()
        engine.run_until_idle()
        ready.touch()
        time.sleep(60)
    finally:
        os._exit(1)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
