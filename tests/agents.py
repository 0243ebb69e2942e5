"""A scripted model, a few tools and a pipeline around them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from langchain.agents import create_agent
from langchain.agents.middleware import AgentMiddleware
from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.tools import BaseTool

from agentkit.agent import Register
from agentkit.agents import EthicsMiddleware
from agentkit.clock import Clock
from agentkit.crm import BuiltinCRM, StorePeople
from agentkit.desk import Desk
from agentkit.pipeline import Pipeline
from agentkit.settings import Settings
from agentkit.store import Store
from agentkit.store.actions import StoredReview, find_action, open_review
from tests.gates import article, make_gate
from tests.worlds import ARTICLES, World, tally

__all__ = [
    "DANGER",
    "HARMLESS",
    "HELLO",
    "RAN",
    "DiesAfterTool",
    "Killed",
    "Scripted",
    "Turn",
    "actions",
    "agent_of",
    "answers",
    "config",
    "dangerous",
    "forbidden",
    "get_note",
    "get_secret",
    "harmless",
    "kept",
    "make_agents_world",
    "only",
    "said",
    "send_message",
]

CALLS = "{kinds: [tool.call]}"
CALL_ARTICLES = (
    article("danger", "args.tool == 'dangerous'", "escalate", overridable="supervisor",
            applies_to=CALLS)
    + article("forbidden", "args.tool == 'forbidden'", applies_to=CALLS)
    + article("no-secrets", "args.tool == 'get_secret'", applies_to="{kinds: [record.read]}")
)  # fmt: skip
Turn = str | Sequence[tuple[str, Mapping[str, Any]]]


class Scripted(BaseChatModel):
    """Says and calls what the script says, one item a turn; call ids are the n-th of the model."""

    script: list[Any]
    turns: int = 0

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def bind_tools(self, tools: Any, **kwargs: Any) -> Scripted:
        return self

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        item = self.script[self.turns]
        self.turns += 1
        if isinstance(item, str):
            message = AIMessage(item)
        else:
            message = AIMessage(
                "",
                tool_calls=[
                    {"name": n, "args": a, "id": f"t{self.turns}c{i}", "type": "tool_call"}
                    for i, (n, a) in enumerate(item)
                ],
            )
        return ChatResult(generations=[ChatGeneration(message=message)])


def make_agents_world(store: Store, clock: Clock, folder: Path) -> World:
    """A world whose gate knows articles about tools too, and whose charter is open."""
    world = World(store, clock, folder)
    settings = Settings(home=store.home)
    gate = make_gate(
        folder, clock, ARTICLES + CALL_ARTICLES, tally(), people=StorePeople(store, settings),
        register=Register(open=True),
    )  # fmt: skip
    world.desk = Desk(store, gate, settings, clock)
    world.pipeline = Pipeline(
        gate=gate, store=store, desk=world.desk, crm=BuiltinCRM(store), settings=settings,
        clock=clock, plugins=gate.plugins,
    )  # fmt: skip
    world.add_contact("c1")
    return world


def agent_of(
    world: World,
    script: Sequence[Turn],
    own: Sequence[Callable[..., Any] | BaseTool],
    *,
    checkpointer: Any = None,
    outer: Sequence[Any] = (),
    **options: Any,
) -> Any:
    """A LangChain agent that follows the script behind the middleware."""
    return create_agent(
        Scripted(script=list(script)),
        list(own),
        middleware=[*outer, EthicsMiddleware(world.pipeline, "helper", **options)],
        checkpointer=checkpointer,
    )


def config(thread: str = "t1") -> dict[str, Any]:
    return {"configurable": {"thread_id": thread}}


def said(text: str = "please") -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": text}]}


def answers(result: dict[str, Any]) -> list[ToolMessage]:
    """The tool messages of a result."""
    return [m for m in result["messages"] if isinstance(m, ToolMessage)]


HELLO = ("send_message", {"contact": "c1", "text": "hello"})
DANGER = ("dangerous", {"what": "x"})
HARMLESS = ("harmless", {"what": "y"})
RAN: list[str] = []


class Killed(BaseException):
    """The process ends here."""


def send_message(contact: str, text: str, channel: str = "email") -> str:
    """Send."""
    RAN.append(text)
    return f"sent {text} to {contact} by {channel}"


def dangerous(what: str) -> str:
    """Do something dangerous."""
    RAN.append(what)
    return f"did {what}"


def harmless(what: str) -> str:
    """Do something harmless."""
    RAN.append(what)
    return f"did {what}"


def forbidden() -> str:
    """Do what is forbidden."""
    RAN.append("forbidden")
    return "did it"


def get_note(contact: str) -> str:
    """Read a note."""
    RAN.append("read")
    return f"{contact} likes tea"


def get_secret() -> str:
    """Read a secret."""
    RAN.append("secret")
    return "42"


def actions(world: World) -> list[tuple[Any, ...]]:
    return world.rows("select id, kind, state from actions order by created_at, id")


def only(world: World) -> str:
    ((action, _, _),) = actions(world)
    return str(action)


def kept(world: World, action: str) -> StoredReview:
    with world.store.read() as conn:
        stored = find_action(conn, "default", action)
        assert stored is not None
        found = open_review(conn, world.store.vault, stored)
    assert found is not None
    return found


class DiesAfterTool(AgentMiddleware[Any, Any, Any]):
    """Ends the process once, after the tool's answer and before LangGraph has kept it."""

    def __init__(self) -> None:
        super().__init__()
        self.left = 1

    def wrap_tool_call(self, request: Any, handler: Any) -> Any:
        answer = handler(request)
        if self.left:
            self.left -= 1
            raise Killed
        return answer
