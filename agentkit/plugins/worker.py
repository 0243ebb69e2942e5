"""The inside of the process that runs one plugin: a loop over JSON messages on two pipes.

Started by `agentkit.plugins.isolation`. The first message says which plugin; after that each
message is a request and each request gets one answer, perhaps after calls back for look-ups that
only the gate's process can make.
"""

from __future__ import annotations

import os
import resource
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson

from agentkit import errors
from agentkit.action import Action
from agentkit.agent import Agent
from agentkit.clock import Clock, FixedClock
from agentkit.context import Deed, Person, Stop, Touch
from agentkit.kinds import ActionKind
from agentkit.plugins.admission import Admitted, admit, describe
from agentkit.plugins.answers import Asked, Row, Voice
from agentkit.plugins.asking import ask_all, run_private
from agentkit.plugins.origin import Origin
from agentkit.plugins.wire import pack, pack_answer, unpack
from agentkit.verdict import Verdict

__all__ = ["main"]

Call = Callable[[str, dict[str, Any]], Any]


class Pipe:
    """Messages of JSON, each after its length in eight bytes."""

    def __init__(self, source: int, sink: int) -> None:
        self._source = os.fdopen(source, "rb")
        self._sink = os.fdopen(sink, "wb")

    def receive(self) -> Any:
        """The next message.

        Raises:
            EOFError: the gate has gone.
        """
        head = self._source.read(8)
        if len(head) < 8:  # noqa: PLR2004  (the length)
            raise EOFError
        return orjson.loads(self._source.read(int.from_bytes(head, "big")))

    def send(self, message: Mapping[str, Any]) -> None:
        """Send a message."""
        data = orjson.dumps(message)
        self._sink.write(len(data).to_bytes(8, "big") + data)
        self._sink.flush()

    def call(self, op: str, arguments: dict[str, Any]) -> Any:
        """Ask the gate's process for a look-up.

        Raises:
            AgentkitError: what the look-up raised there, if it is one of ours.
        """
        self.send({"call": op, **arguments})
        reply = self.receive()
        if "raised" in reply:
            kind = getattr(errors, reply["raised"], errors.AgentkitError)
            raise kind(reply["message"])
        return reply["value"]


class RemoteContext:
    """A `Context` over what the gate sent along with a batch."""

    def __init__(self, data: Mapping[str, Any], call: Call) -> None:
        self.now: datetime = unpack(datetime, data["now"])
        self.clock: Clock = FixedClock(self.now)
        self.parameters: Mapping[str, Any] = unpack(Any, data["parameters"])
        self._call = call
        self._people: list[Person] = [unpack(Person, p) for p in data["people"]]
        self._kinds: list[ActionKind] = [unpack(ActionKind, k) for k in data["kinds"]]
        self._agents: list[Agent] = [unpack(Agent, a) for a in data["agents"]]
        self._of: dict[str, Any] = data["of"]

    def _entry(self, action: Action) -> dict[str, Any]:
        """The gate's look-ups for an action of this batch (`KeyError` for any other)."""
        entry: dict[str, Any] = self._of[f"{action.tenant}\n{action.id}"]
        return entry

    def person(self, action: Action) -> Person | None:
        """The subject of an action; None where the CRM has no such record."""
        at = self._entry(action)["person"]
        return None if at is None else self._people[at]

    def kind(self, action: Action) -> ActionKind:
        """The registered kind of an action."""
        at: int = self._entry(action)["kind"]
        return self._kinds[at]

    def agent(self, action: Action) -> Agent | None:
        """The registered agent; None under an open charter."""
        at = self._entry(action)["agent"]
        return None if at is None else self._agents[at]

    def stops(self, action: Action) -> Sequence[Stop]:
        """Stop switches that hold for an action."""
        return [unpack(Stop, s) for s in self._entry(action)["stops"]]

    def run(self, action: Action) -> Sequence[Touch]:
        """What the same run has done before."""
        return [unpack(Touch, t) for t in self._entry(action)["run"]]

    def deeds(self, action: Action) -> Sequence[Deed]:
        """What the same run proposed before."""
        return [unpack(Deed, d) for d in self._entry(action)["deeds"]]

    def decide(self, action: Action, person: Person) -> Mapping[str, Any] | None:
        """Run the registered decision function again, in the gate's process."""
        arguments = {"action": pack(action), "person": pack(person)}
        decided: Mapping[str, Any] | None = unpack(Any, self._call("decide", arguments))
        return decided

    def principle(self, article: str) -> str:
        """The principle that an article serves, in plain language; empty if there is none."""
        return str(self._call("principle", {"article": article}))

    def classify(self, head: str, texts: Sequence[str]) -> Sequence[Any]:
        """Score texts in the gate's process, where the model is loaded."""
        from agentkit.classify.scores import Scores

        scores = self._call("classify", {"head": head, "texts": list(texts)})
        return [unpack(Scores, s) for s in scores]

    def embed(self, texts: Sequence[str]) -> Sequence[Sequence[float]]:
        """Vectors of texts, from the gate's process."""
        vectors: Sequence[Sequence[float]] = self._call("embed", {"texts": list(texts)})
        return vectors

    def languages(self, texts: Sequence[str]) -> Sequence[str]:
        """Languages of texts, from the gate's process."""
        found: Sequence[str] = self._call("languages", {"texts": list(texts)})
        return found


def main() -> None:
    """Serve one plugin until the gate closes the pipe."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # no customer data in core files
    pipe = Pipe(os.dup(0), os.dup(1))
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 0)
    os.dup2(nowhere, 1)  # a plugin's print() would otherwise speak on the pipe
    try:
        admitted = _begin(pipe)
        while True:
            request = pipe.receive()
            pipe.send({**_serve(admitted, request, pipe.call), "n": request["n"]})
    except EOFError:
        sys.exit(0)


def _begin(pipe: Pipe) -> Admitted:
    hello = pipe.receive()
    try:
        admitted = admit(Origin(**hello["origin"]), hello["override"])
        model = admitted.manifest.settings
        if "start" in admitted.hooks:
            section = hello["settings"]
            admitted.hooks["start"](model.model_validate(section) if model else section)
    except errors.AgentkitError as error:
        pipe.send({"error": error.message})
        raise SystemExit(1) from error
    except BaseException as error:
        pipe.send({"error": describe(error)})
        raise
    pipe.send({"ready": [c.namespace for c in admitted.manifest.evidence]})
    return admitted


def _serve(admitted: Admitted, request: Mapping[str, Any], call: Call) -> dict[str, Any]:
    context = RemoteContext(request["context"], call)
    if request["op"] == "revise":
        action, verdict = unpack(Action, request["action"]), Verdict.from_json(request["verdict"])
        revised = admitted.hooks["revise"](action, verdict, context)
        return {"revised": pack(revised) if isinstance(revised, Action) else None}
    actions = tuple(unpack(Action, a) for a in request["actions"])
    rows: list[Row] = [{} for _ in actions]
    voice = Voice.of(admitted)
    asked = voice.pick(Asked(actions, rows))
    if voice.awaits:
        run_private(ask_all([(voice, asked)], context))
    else:
        voice.ask(asked, context)
    return {"rows": [_pack_row(row, voice) for row in rows]}


def _pack_row(row: Row, voice: Voice) -> dict[str, Any]:
    return {namespace: _pack(answer, voice) for namespace, answer in row.items()}


def _pack(answer: Any, voice: Voice) -> dict[str, Any]:
    try:
        packed = pack_answer(answer)
        orjson.dumps(packed)
    except (errors.InvalidEvidence, TypeError, ValueError, AttributeError) as error:
        return pack_answer(
            voice.wrong(f"answered with evidence that is none: {type(error).__name__}")
        )
    return packed
