"""The gate's end of a plugin that runs in a process of its own (``isolation: process``).

What no thread can do, a process can: whatever the plugin is doing at its deadline (a regular
expression that holds the interpreter, an endless loop, a call into C) it is killed, with its
children, and what it owed is a gap. Messages are JSON; the answers are checked again here.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from agentkit.action import Action
from agentkit.context import Context
from agentkit.errors import AgentkitError, PluginError
from agentkit.evidence import Failed
from agentkit.plugins.admission import Admitted, describe
from agentkit.plugins.answers import Asked, Voice
from agentkit.plugins.wire import pack, unpack, unpack_answer
from agentkit.verdict import Verdict

__all__ = ["START_SECONDS", "Isolated"]

START_SECONDS: Final = 30.0
"""Seconds that a plugin's process may take to import and start the plugin."""
MAX_MESSAGE: Final = 256 * 1024 * 1024
"""Largest message from a plugin's process, in bytes."""
_BOOT: Final = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from agentkit.plugins.worker import main; main()"
)
_SECRETS: Final = ("AGENTKIT_KEY", "AGENTKIT_DATABASE")
"""Settings that open the vault and the database: no isolated plugin inherits them."""


class _Gone(Exception):
    """The process ended, or spoke nonsense."""


@dataclass(frozen=True)
class _Process:
    """A started process: the ends of its pipes, not blocking."""

    popen: subprocess.Popen[bytes]
    sink: int
    source: int

    def send(self, message: Mapping[str, Any], until: float) -> None:
        """Send a message before ``until`` (monotonic seconds); a full pipe does not block."""
        data = orjson.dumps(message)
        left = memoryview(len(data).to_bytes(8, "big") + data)
        while left:
            _wait(self.sink, until, writing=True)
            try:
                left = left[os.write(self.sink, left) :]
            except BrokenPipeError as error:
                raise _Gone from error

    def receive(self, until: float) -> dict[str, Any]:
        """The next message, if it comes before ``until``."""
        size = int.from_bytes(self._read(8, until), "big")
        if size > MAX_MESSAGE:
            raise _Gone
        try:
            message = orjson.loads(self._read(size, until))
        except ValueError as error:
            raise _Gone from error
        if not isinstance(message, dict):
            raise _Gone
        return message

    def _read(self, size: int, until: float) -> bytes:
        parts = bytearray()
        while len(parts) < size:
            _wait(self.source, until, writing=False)
            part = os.read(self.source, min(size - len(parts), 1 << 20))
            if not part:
                raise _Gone
            parts += part
        return bytes(parts)


def _wait(end: int, until: float, *, writing: bool) -> None:
    poll = select.poll()
    poll.register(end, select.POLLOUT if writing else select.POLLIN)
    if not poll.poll(max(0.0, until - time.monotonic()) * 1000):
        raise TimeoutError


def _kill(popen: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(popen.pid, signal.SIGKILL)
    popen.wait()
    for end in (popen.stdin, popen.stdout):
        if end is not None:
            end.close()


class Isolated:
    """One plugin in a process of its own; the process is started when it is first asked."""

    def __init__(
        self, admitted: Admitted, settings: Any, start_seconds: float | None = None
    ) -> None:
        """Keep what the process needs to find the plugin.

        Args:
            admitted: The plugin, as let in.
            settings: Its section of the settings, plain JSON.
            start_seconds: Seconds that importing and starting it may take; None: `START_SECONDS`.
        """
        origin, manifest = admitted.origin, admitted.manifest
        names = ("name", "value", "distribution", "version", "digest")
        self._hello = {
            "origin": {n: getattr(origin, n) for n in names},
            "override": {"isolation": "process", "deadline": manifest.deadline * 0.9},
            "settings": settings,
        }
        self._voice = Voice.of(admitted) if manifest.evidence else None
        self._name, self._deadline = manifest.name, manifest.deadline
        self._classes = {c.namespace: c for c in manifest.evidence}
        self._start_seconds = start_seconds or START_SECONDS
        self._process: _Process | None = None
        self._end: Callable[[], Any] = lambda: None
        self._lock = threading.Lock()
        self._refused = ""
        self._asked = 0

    @property
    def pid(self) -> int | None:
        """The process's id while it runs."""
        return self._process.popen.pid if self._process else None

    def start(self) -> None:
        """Start the process, which imports and starts the plugin.

        Raises:
            PluginError: it did not become ready; it is not tried again.
        """
        with self._lock:
            self._started()

    def stop(self) -> None:
        """End the process."""
        with self._lock:
            self._drop()

    def ask(self, asked: Asked, context: Context) -> None:
        """Ask the plugin about a batch and write down what it answers before its deadline."""
        voice = self._voice
        if voice is None:
            return
        request = {"op": "examine", "actions": [pack(a) for a in asked.actions]}
        try:
            reply = self._exchange(request, asked.actions, context)
            rows = reply["rows"]
            answers = [self._answer(r) for r in rows]
        except TimeoutError:
            voice.miss(asked, voice.late())
        except PluginError as error:
            voice.miss(asked, Failed(error.message))
        except _Gone:
            voice.miss(asked, Failed(f"the process of {self._name} ended"))
        except Exception as error:  # noqa: BLE001  (whatever it sends must end as a gap)
            voice.miss(asked, voice.wrong(f"spoke nonsense: {describe(error)}"))
        else:
            voice.settle(asked, answers)

    def _answer(self, row: Mapping[str, Any]) -> Any:
        answers = tuple(unpack_answer(self._classes[n], a) for n, a in row.items())
        return answers[0] if len(answers) == 1 else answers

    def revise(self, action: Action, verdict: Verdict, context: Context) -> Action | None:
        """Let the plugin rewrite an action.

        Raises:
            PluginError: it was late, ended or answered nonsense.
        """
        request = {"op": "revise", "action": pack(action), "verdict": _plain(verdict.to_json())}
        try:
            revised = self._exchange(request, (action,), context)["revised"]
            return None if revised is None else unpack(Action, revised)
        except (TimeoutError, _Gone, KeyError, TypeError, ValueError) as error:
            msg = f"the process of {self._name} did not revise: {type(error).__name__}"
            raise PluginError(msg) from error

    def _exchange(
        self, request: dict[str, Any], actions: Sequence[Action], context: Context
    ) -> dict[str, Any]:
        """One request and its answer; on any failure the process is killed."""
        message = {**request, "context": _pack_context(actions, context)}
        with self._lock:
            self._asked += 1
            message["n"] = self._asked
            process = self._started()
            until = time.monotonic() + self._deadline
            try:
                process.send(message, until)
                while "call" in (reply := process.receive(until)):
                    process.send(_look_up(reply, context), until)
                _check_number(reply, self._asked)
            except BaseException:
                self._drop()
                raise
            return reply

    def _started(self) -> _Process:
        if self._refused:
            raise PluginError(self._refused, hint="see `agentkit plugins list`")
        if self._process is None:
            self._process = _spawn()
            self._end = weakref.finalize(self, _kill, self._process.popen)
            self._greet(self._process)
        return self._process

    def _greet(self, process: _Process) -> None:
        until = time.monotonic() + self._start_seconds
        try:
            process.send(self._hello, until)
            reply = process.receive(until)
            why = str(reply.get("error", ""))
        except TimeoutError:
            why = f"it was not ready after {self._start_seconds:g} s"
        except _Gone:
            why = "its process ended"
        except BaseException:
            self._drop()
            raise
        if why:
            self._drop()
            self._refused = f"the plugin {self._name!r} did not start: {why}"
            raise PluginError(self._refused, hint="see `agentkit plugins list`")

    def _drop(self) -> None:
        self._process = None
        self._end()


def _check_number(reply: Mapping[str, Any], asked: int) -> None:
    """Refuse an answer to another question: one left over in the pipe, or sent unasked."""
    if reply.get("n") != asked:
        raise _Gone


def _spawn() -> _Process:
    environment = {k: v for k, v in os.environ.items() if k not in _SECRETS}
    popen = subprocess.Popen(  # noqa: S603  (this interpreter, our own module)
        [sys.executable, "-I", "-c", _BOOT, json.dumps(sys.path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
        start_new_session=True,
        bufsize=0,
    )
    if popen.stdin is None or popen.stdout is None:
        raise _Gone
    ends = popen.stdin.fileno(), popen.stdout.fileno()
    for end in ends:
        os.set_blocking(end, False)
    return _Process(popen, *ends)


def _look_up(call: Mapping[str, Any], context: Context) -> dict[str, Any]:
    """Answer a call back from the plugin's process; our errors are named, others are not."""
    try:
        if call["call"] == "classify":
            return {"value": pack(context.classify(call["head"], call["texts"]))}
        if call["call"] in {"embed", "languages"}:
            return {"value": pack(getattr(context, call["call"])(call["texts"]))}
        if call["call"] == "decide":
            return {"value": pack(context.decide(*_unpack_twin(call)))}
        if call["call"] == "principle":
            return {"value": context.principle(str(call["article"]))}
    except AgentkitError as error:
        return {"raised": type(error).__name__, "message": error.message}
    except Exception as error:  # noqa: BLE001  (a decision function is the business's own code)
        return {"raised": "AgentkitError", "message": type(error).__name__}
    raise _Gone


def _unpack_twin(call: Mapping[str, Any]) -> tuple[Action, Any]:
    from agentkit.context import Person

    return unpack(Action, call["action"]), unpack(Person, call["person"])


def _plain(value: Any) -> Any:
    return orjson.loads(orjson.dumps(value))


class _Table:
    """Distinct objects of a batch, each packed once."""

    def __init__(self) -> None:
        self.packed: list[Any] = []
        self._at: dict[int, int] = {}
        self._alive: list[Any] = []

    def at(self, value: Any) -> int | None:
        """The index of an object; None for None."""
        if value is None:
            return None
        if id(value) not in self._at:
            self._at[id(value)] = len(self.packed)
            self._alive.append(value)
            self.packed.append(pack(value))
        return self._at[id(value)]


def _pack_context(actions: Sequence[Action], context: Context) -> dict[str, Any]:
    """Every look-up that a plugin may make about the actions of a batch, made in advance."""
    people, kinds, agents = _Table(), _Table(), _Table()
    looked_up = {
        f"{a.tenant}\n{a.id}": {
            "person": people.at(context.person(a)),
            "kind": kinds.at(context.kind(a)),
            "agent": agents.at(context.agent(a)),
            "stops": pack(context.stops(a)),
            "run": pack(context.run(a)),
            "deeds": pack(context.deeds(a)),
        }
        for a in actions
    }
    return {
        "now": pack(context.now),
        "parameters": pack(context.parameters),
        "people": people.packed,
        "kinds": kinds.packed,
        "agents": agents.packed,
        "of": looked_up,
    }
