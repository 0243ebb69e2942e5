"""From a tool call of a LangChain agent to an action that can be judged.

The same call gives the same action, whenever and wherever it is read again: its id is made of the
tenant, the agent, the thread and the call's id, and its request and observations are the messages
before the call. So a node that is executed twice proposes one action.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Protocol

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage

from agentkit.action import Action, Observation, Sender
from agentkit.agents.tools import ActionBuilder
from agentkit.canonical import canonical, clean_json
from agentkit.errors import InvalidAction

__all__ = [
    "MARK",
    "Asked",
    "Asker",
    "Request",
    "arguments_of",
    "read_request",
    "record_read",
    "repeats",
    "tool_call",
]

MARK: Final = "agentkit"
"""Key of `ToolMessage.artifact` in answers of the gate: nothing that an agent read of the world."""
_HINTS: Final = ("readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint")
_REPEATS: Final = 20
"""So many earlier calls are compared, the newest first."""


class Request(Protocol):
    """What this module reads of LangGraph's ``ToolCallRequest``."""

    tool_call: Any
    tool: Any
    state: Any
    runtime: Any

    def override(self, **overrides: Any) -> Any:
        """The same request with another call."""
        ...


@dataclass(frozen=True)
class Asked:
    """A tool call.

    Attributes:
        tool: Name of the tool.
        args: Its arguments, as the model wrote them.
        id: Id of the call.
        thread: The conversation; empty where nobody keeps it.
        task: The one execution, where there is no conversation to tell calls apart.
        before: The messages before the call.
        hints: What the tool's server says of it (MCP annotations); nobody vouches for that.
    """

    tool: str
    args: Mapping[str, Any]
    id: str
    thread: str
    task: str
    before: Sequence[BaseMessage]
    hints: Mapping[str, bool] = field(default_factory=dict)


@dataclass(frozen=True)
class Asker:
    """On whose behalf tool calls are made.

    Attributes:
        tenant: The business.
        agent: The agent's name in the register.
        sender: The default sender.
        prefix: How ids begin.
    """

    tenant: str
    agent: str
    sender: Sender
    prefix: str = ""

    def action_id(self, asked: Asked) -> str:
        """The id of the action of a call: the same for the same call."""
        parts = (self.tenant, self.agent, asked.thread or f"task {asked.task}", asked.id)
        framed = b"".join(len(p.encode()).to_bytes(4, "big") + p.encode() for p in parts)
        return self.prefix + hashlib.sha256(framed).hexdigest()[:32]

    def action(self, asked: Asked, builder: ActionBuilder) -> Action:
        """The action of a call.

        Raises:
            InvalidAction: the arguments make none.
        """
        made = {"sender": self.sender, **_built(asked, builder)}
        own = {
            "id": self.action_id(asked),
            "agent": self.agent,
            "tenant": self.tenant,
            "run": asked.thread,
            "request": _request(asked.before),
            "observations": _observations(asked.before),
        }
        return Action.create(**made | own)


def read_request(request: Request) -> Asked:
    """The call that LangGraph asks for, as middleware gets it."""
    call, runtime = request.tool_call, request.runtime
    thread = runtime.config.get("configurable", {}).get("thread_id")
    info = runtime.execution_info
    return Asked(
        tool=call["name"],
        args=call["args"],
        id=str(call["id"] or ""),
        thread="" if thread is None else str(thread),
        task=secrets.token_hex(8) if info is None else info.task_id,
        before=_before(_messages(request.state), call["id"]),
        hints=_hints(getattr(request, "tool", None)),
    )


def repeats(asked: Asked) -> Iterator[Asked]:
    """Earlier calls of the conversation with the same tool and arguments, the newest first."""
    if not asked.thread:
        return
    found = 0
    for index in range(len(asked.before) - 1, -1, -1):
        message = asked.before[index]
        for call in message.tool_calls if isinstance(message, AIMessage) else ():
            if (call["name"], call["args"]) == (asked.tool, asked.args) and call["id"]:
                yield replace(asked, id=call["id"], before=asked.before[:index])
                found += 1
        if found >= _REPEATS:
            return


def tool_call(tool: str, hints: Mapping[str, bool] | None = None) -> ActionBuilder:
    """Fields of an action for a tool that no kind describes, with what its server says of it."""
    more = {"annotations": dict(hints)} if hints else {}
    return lambda args: {
        "kind": "tool.call",
        "args": {"tool": tool, "arguments": dict(args), **more},
    }


def _hints(tool: Any) -> dict[str, bool]:
    """MCP annotations, as LangChain's adapters keep them in a tool's metadata."""
    metadata = getattr(tool, "metadata", None)
    known = metadata if isinstance(metadata, Mapping) else {}
    return {name: known[name] for name in _HINTS if isinstance(known.get(name), bool)}


def record_read(tool: str) -> ActionBuilder:
    """Fields of an action for a tool that only reads."""
    return lambda args: {
        "kind": "record.read",
        "subject": args.get("contact", ""),
        "args": {"tool": tool, "arguments": dict(args)},
    }


def arguments_of(
    action: Action, proposed: Action, asked: Asked, builder: ActionBuilder
) -> dict[str, Any]:
    """The tool's arguments for an action, which may have been revised or edited since.

    Arguments that carried a changed value carry the new one. The result is built again and must
    give exactly the action that was judged: nothing else may reach the tool.

    Raises:
        InvalidAction: the change cannot be said in the tool's arguments.
    """
    args = _carried(action, proposed, asked.args)
    rebuilt = _built(replace(asked, args=args), builder)
    if _said(Action.create(id=action.id, **rebuilt)) != _said(action):
        raise InvalidAction(
            f"the change cannot be handed to the tool {asked.tool}",
            hint="reject it, and ask the agent for another call",
        )
    cleaned: dict[str, Any] = clean_json(args)
    return cleaned


def _carried(action: Action, proposed: Action, args: Mapping[str, Any]) -> dict[str, Any]:
    if action.kind == "tool.call":
        return dict(action.args["arguments"])
    changes: list[tuple[Any, Any]] = [(proposed.text, action.text)]
    changes += [(proposed.args.get(name), value) for name, value in action.args.items()]
    carried = dict(args)
    for old, new in changes:
        if old != new and old not in (None, ""):
            same = [k for k, v in carried.items() if type(v) is type(old) and v == old]
            carried.update(dict.fromkeys(same, new))
    return carried


def _said(action: Action) -> bytes:
    fields = ("kind", "subject", "channel", "purpose", "text", "args", "records")
    return canonical({name: getattr(action, name) for name in fields})


def _built(asked: Asked, builder: ActionBuilder) -> dict[str, Any]:
    """The fields that the builder makes of arguments that a model wrote."""
    try:
        return dict(builder(asked.args))
    except KeyError as error:
        raise InvalidAction(f"{asked.tool} needs the argument {error}") from error
    except (TypeError, ValueError, AttributeError) as error:
        raise InvalidAction(
            f"{asked.tool} cannot use these arguments: {error}", hint="correct them and call again"
        ) from error


def _messages(state: Any) -> Sequence[BaseMessage]:
    if isinstance(state, list):
        return state
    found = state.get("messages") if isinstance(state, Mapping) else state.messages
    return list(found or ())


def _before(messages: Sequence[BaseMessage], call_id: object) -> Sequence[BaseMessage]:
    for index in range(len(messages) - 1, -1, -1):
        message = messages[index]
        if isinstance(message, AIMessage) and any(c["id"] == call_id for c in message.tool_calls):
            return messages[:index]
    return messages


def _request(before: Sequence[BaseMessage]) -> str:
    """What the principal asked for: the last human message."""
    return next((m.text for m in reversed(before) if isinstance(m, HumanMessage)), "")


def _observations(before: Sequence[BaseMessage]) -> tuple[Observation, ...]:
    """What the agent read: answers of tools, without those of the gate itself."""
    return tuple(
        Observation(m.name or "tool", m.text)
        for m in before
        if isinstance(m, ToolMessage) and not _own(m)
    )


def _own(message: ToolMessage) -> bool:
    return isinstance(message.artifact, Mapping) and MARK in message.artifact
