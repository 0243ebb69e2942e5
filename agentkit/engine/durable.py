"""The life of every action as a DBOS workflow: it advances, waits, and survives the process.

DBOS keeps ids and instants only; the rows of ``actions`` are the truth. A message on the topic
``wake`` only wakes: whoever wakes reads the rows. So a lost message costs a second (the sweep of
the next worker finds what is due), never an action. Steps of DBOS run at least once; that an
effect happens once is the doing of permits and claims, not of DBOS.

Importing this module imports DBOS, some 0.4 seconds.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final

from dbos import DBOS, DBOSConfig, DBOSPortableJSONSerializer, SetWorkflowID

from agentkit.engine.due import open_actions
from agentkit.engine.life import LifeCycle
from agentkit.engine.workers import beat, leave, worker_alive
from agentkit.errors import AgentkitError, ConfigError, Conflict, StoreError
from agentkit.settings import Settings

__all__ = ["APPLICATION_VERSION", "Engine", "Summary", "durable_url"]

APPLICATION_VERSION: Final = "agentkit-life-1"
"""Raised whenever the steps of `life` change: DBOS recovers workflows of its own version only."""
_TOPIC: Final = "wake"
_LONGEST_WAIT: Final = 24 * 3600.0
_SHORTEST_WAIT: Final = 0.05
_AFTER_ERROR: Final = 15.0
_TRIES: Final = 3
"""Failed steps after which `Engine.run_until_idle` leaves an action to the next worker."""
_THREADS: Final = 4
_FLOOD: Final = 64
"""Most workflows that one process takes a step in at once."""
_RUNNING: Final = ("PENDING", "ENQUEUED", "DELAYED")
_LOST_MESSAGE: Final = 20.0
_AGAIN: Final = "~"
"""Before the number of a further workflow of the same action."""

log = logging.getLogger("agentkit.engine")


def durable_url(settings: Settings) -> str:
    """Where DBOS keeps its tables: a file beside the database, or the same PostgreSQL."""
    if settings.url.startswith("sqlite"):
        return f"sqlite:///{settings.home.resolve() / 'dbos.sqlite'}"
    return settings.url


def workflow_id(tenant: str, action: str) -> str:
    """The id of an action's workflow: starting it twice is starting it once."""
    return f"{tenant}:{action}"


@dataclass
class Summary:
    """What a run did.

    Attributes:
        steps: Steps taken.
        states: How many actions each state was reached by.
        failures: Ids of actions whose step raised, with the last error's kind.
    """

    steps: int = 0
    states: dict[str, int] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Known:
    """A workflow that exists: its id, who runs it, how it stands, and how many the action had."""

    id: str
    executor: str
    status: str
    count: int


@DBOS.workflow(name="life")
async def life(tenant: str, action: str) -> str:
    """Advance until the action is done; wait as long as each step says."""
    engine = Engine.running()
    while True:
        following = await DBOS.run_step_async({"name": "advance"}, engine.step, tenant, action)
        if following["done"]:
            engine.ended(action)
            return str(following["state"])
        await DBOS.recv_async(_TOPIC, timeout_seconds=following["seconds"])


class Engine:
    """Runs lives; one a process, as DBOS is.

    Attributes:
        life: The pipeline.
        summary: What was done since the launch.
    """

    _current: ClassVar[Engine | None] = None

    def __init__(self, life_cycle: LifeCycle, *, listen_seconds: float = 0.2) -> None:
        """Prepare; `launch` begins.

        Args:
            life_cycle: The pipeline.
            listen_seconds: How often DBOS looks for messages on SQLite.
        """
        self.life = life_cycle
        self.summary = Summary()
        self._listen_seconds = listen_seconds
        self._tenant = life_cycle.settings.tenant
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="agentkit-step")
        self._mine: set[str] = set()
        self._ids: dict[str, str] = {}
        self._asked: dict[str, float] = {}
        self._troubled: dict[str, int] = {}
        self._changed = threading.Condition()

    @classmethod
    def running(cls) -> Engine:
        """The engine of this process.

        Raises:
            ConfigError: none was launched.
        """
        if cls._current is None:
            raise ConfigError("no engine runs in this process", hint="start `agentkit worker`")
        return cls._current

    def launch(self) -> None:
        """Start DBOS, its tables included.

        Raises:
            Conflict: another engine runs in this process.
            StoreError: the database of DBOS cannot be opened.
        """
        if Engine._current is not None:
            raise Conflict(
                "an engine runs in this process already", hint="shut it down first, or use it"
            )
        self.life.settings.home.mkdir(parents=True, exist_ok=True)
        config: DBOSConfig = {
            "name": "agentkit",
            "system_database_url": durable_url(self.life.settings),
            "application_version": APPLICATION_VERSION,
            "executor_id": self.life.owner,
            "serializer": DBOSPortableJSONSerializer(),
            "log_level": "CRITICAL",
            "notification_listener_polling_interval_sec": self._listen_seconds,
        }
        try:
            DBOS(config=config)
            Engine._current = self
            DBOS.launch()
        except Exception as error:
            Engine._current = None
            DBOS.destroy()
            raise StoreError(
                f"the durable engine could not start: {type(error).__name__}",
                hint=f"check that {self.life.store.where} and its folder can be written",
            ) from error
        self._beat()
        setattr(self.life, "waker", self.wake)  # noqa: B010  (a pipeline has one, a life cycle may)

    def shutdown(self) -> None:
        """Stop; what waits goes on in the next worker, from its last recorded step."""
        if Engine._current is not self:
            return
        setattr(self.life, "waker", None)  # noqa: B010
        DBOS.destroy()
        self._pool.shutdown(wait=True)
        Engine._current = None
        with suppress(StoreError), self.life.store.write() as unit:
            leave(unit, self._tenant, self.life.owner)

    def submit(self, action: str) -> None:
        """See to it that an action lives: start its workflow, wake it, or take it over."""
        self._ensure([action])

    def wake(self, tenant: str, action: str) -> None:
        """Wake one action of this tenant."""
        if tenant == self._tenant:
            self._ensure([action])

    def recover(self) -> int:
        """Give every open action a workflow, and take over those of workers that died.

        Returns:
            How many actions are open.
        """
        count, after = 0, ""
        while True:
            with self.life.store.read() as conn:
                ids = open_actions(conn, self._tenant, after=after)
            if not ids:
                return count
            self._ensure([i for i in ids if i not in self._mine])
            count, after = count + len(ids), ids[-1]

    def sweep(self) -> list[str]:
        """Start or wake whatever is due.

        Returns:
            Ids of what is due and not set aside.
        """
        due = [i for i in self._due() if self._troubled.get(i, 0) < _TRIES]
        self._forget_lost()
        idle = [i for i in due if i not in self._asked]
        self._ensure(idle[: max(0, _FLOOD - len(self._asked))])
        return due

    def run_until_idle(self) -> Summary:
        """Perform what may run now; ends when nothing is due."""
        self._troubled.clear()
        while self.sweep() or self._mine.intersection(self._asked):
            with self._changed:
                self._changed.wait(0.2)
        return self.summary

    def run(
        self,
        stop: threading.Event,
        *,
        every: float = 1.0,
        chore: Callable[[], object] = lambda: None,
    ) -> None:
        """Work until told to stop: sweep, beat, and let the failed rest for a minute.

        Args:
            stop: Ends the work when it is set.
            every: Seconds between two sweeps.
            chore: Done with every beat: sealing the ledger, say.
        """
        self.recover()
        rounds = 0
        while not stop.wait(every):
            rounds += 1
            with suppress(StoreError):  # a database that is locked for a while ends no worker
                if rounds % 5 == 0:
                    self._beat()
                    chore()
                if rounds % 60 == 0:
                    self._troubled.clear()
                    self.recover()
                self.sweep()

    # What the workflow calls

    async def step(self, tenant: str, action: str) -> dict[str, Any]:
        """One step, in a thread of ours; its answer is all that DBOS records."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._pool, self._step, tenant, action)

    def ended(self, action: str) -> None:
        """An action's life is over."""
        self._mine.discard(action)
        self._ids.pop(action, None)

    def _step(self, tenant: str, action: str) -> dict[str, Any]:
        try:
            following = self.life.advance(tenant, action)
        except AgentkitError as error:
            return self._stumble(action, error)
        except Exception as error:  # noqa: BLE001  (a mistake of ours: this action waits, others go on)
            return self._stumble(action, error)
        finally:
            self._answered(action)
        self._troubled.pop(action, None)
        self.summary.steps += 1
        if following.done:
            states = self.summary.states
            states[following.state] = states.get(following.state, 0) + 1
        wait = _LONGEST_WAIT
        if following.wake_at is not None:
            wait = (following.wake_at - self.life.clock.now()).total_seconds()
        seconds = min(max(wait, _SHORTEST_WAIT), _LONGEST_WAIT)
        return {"state": following.state, "done": following.done, "seconds": seconds}

    def _stumble(self, action: str, error: Exception) -> dict[str, Any]:
        kind = type(error).__name__
        log.error("a step failed", extra={"action": action, "error": kind})
        self._troubled[action] = self._troubled.get(action, 0) + 1
        self.summary.failures[action] = kind
        return {"state": "", "done": False, "seconds": _AFTER_ERROR}

    def _answered(self, action: str) -> None:
        with self._changed:
            self._asked.pop(action, None)
            self._changed.notify_all()

    # Starting, waking, taking over

    def _due(self) -> list[str]:
        due: list[str] = self.life.due(limit=500 + len(self._troubled))
        return due

    def _forget_lost(self) -> None:
        """Ask again where no step followed: the message was lost, or its worker is slow."""
        now = time.monotonic()
        with self._changed:
            lost = [a for a, at in self._asked.items() if now - at > _LOST_MESSAGE]
            for action in lost:
                del self._asked[action]

    def _ensure(self, actions: Iterable[str]) -> None:
        wanted = list(actions)
        others = [a for a in wanted if a not in self._mine]
        known = self._statuses(others) if others else {}
        living: set[str] = set()
        if known:
            with self.life.store.read() as conn:
                living = worker_alive(conn, self._tenant, self.life.clock.now())
        for action in wanted:
            with self._changed:
                self._asked[action] = time.monotonic()
            if action in self._mine:
                DBOS.send(self._ids.get(action) or self._id(action), "", topic=_TOPIC)
            elif action in known:
                self._take_up(action, known[action], living)
            else:
                self._start(action, self._id(action))

    def _take_up(self, action: str, known: _Known, living: set[str]) -> None:
        """A workflow that another process began: wake it, take it over, or begin anew."""
        if known.status not in _RUNNING:  # it ended though the action did not
            self._start(action, f"{self._id(action)}{_AGAIN}{known.count + 1}")
        elif known.executor in living:
            DBOS.send(known.id, "", topic=_TOPIC)
        elif known.status == "PENDING":
            DBOS.resume_workflow(known.id)
            DBOS.send(known.id, "", topic=_TOPIC)  # it may resume in the middle of a long wait
            self._adopt(action, known.id)

    def _id(self, action: str) -> str:
        return workflow_id(self._tenant, action)

    def _start(self, action: str, chosen: str) -> None:
        with SetWorkflowID(chosen):
            DBOS.start_workflow(life, self._tenant, action)
        self._adopt(action, chosen)

    def _adopt(self, action: str, chosen: str) -> None:
        self._mine.add(action)
        self._ids[action] = chosen

    def _statuses(self, actions: list[str]) -> dict[str, _Known]:
        """The newest workflow of each action."""
        known: dict[str, _Known] = {}
        ids = {self._id(a): a for a in actions}
        found = DBOS.list_workflows(workflow_ids=list(ids), load_input=False, load_output=False)
        for one in found:
            action = ids[one.workflow_id]
            newest, count = one, 1
            if one.status not in _RUNNING:
                prefix = f"{one.workflow_id}{_AGAIN}"
                later = DBOS.list_workflows(
                    workflow_id_prefix=prefix, load_input=False, load_output=False
                )
                count += len(later)
                newest = later[-1] if later else one
            known[action] = _Known(
                newest.workflow_id, newest.executor_id or "", str(newest.status), count
            )
        return known

    def _beat(self) -> None:
        with self.life.store.write() as unit:
            beat(unit, self._tenant, self.life.owner, self.life.clock.now())
