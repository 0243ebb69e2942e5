"""Every tool call of a LangChain agent passes the gate.

    agent = create_agent(model, tools, middleware=[EthicsMiddleware(pipeline, agent="outreach")])

propose  (default) a call becomes an action; the tool itself never runs, and the agent is told what
         became of its proposal. Workers perform it.
govern   the agent's own tool runs, once, under a claim, if the gate or a person allows it.

Tools that only read are judged as ``record.read`` and answered. Put this middleware last in the
list: whatever comes after it could change a call that was judged.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Any, Final, Literal, get_args

from langchain.agents.middleware.types import AgentMiddleware
from langchain_core.messages import ToolMessage
from langgraph.types import interrupt
from pydantic import BaseModel, ValidationError

from agentkit.action import Action, Sender
from agentkit.agents.answers import invalid, proposal_answer, refused_read
from agentkit.agents.asking import (
    Asked,
    Asker,
    Request,
    read_request,
    record_read,
    repeats,
    tool_call,
)
from agentkit.agents.running import Answer, Handler, ToolRun
from agentkit.agents.tools import PROPOSALS, READS, ActionBuilder
from agentkit.errors import ConfigError, Conflict, InvalidAction, NotFound
from agentkit.pipeline import CALL, Next, Pipeline, Proposal, reasons
from agentkit.verdict import Review, Ruling

__all__ = ["EthicsMiddleware", "Mode"]

Mode = Literal["propose", "govern"]
AsyncHandler = Callable[[Any], Awaitable[Answer]]

_WAITS: Final = frozenset({"deferred", "escalated"})
_OPEN: Final = frozenset({"allowed", "approved", "deferred", "escalated", "performing", "unknown"})
_GOVERNED: Final[Mapping[str, str]] = {
    "allowed": "Allowed, but not performed yet.",
    "approved": "A person approved it, but it is not performed yet.",
    "performed": "This call was performed already; it is not repeated.",
}


class EthicsMiddleware(AgentMiddleware[Any, Any, Any]):
    """Puts the gate between an agent and its tools."""

    def __init__(
        self,
        pipeline: Pipeline,
        agent: str,
        mode: Mode = "propose",
        tools: Mapping[str, ActionBuilder] | None = None,
        reads: Collection[str] | None = None,
        *,
        interrupt: bool = False,
        sender: Sender | None = None,
    ) -> None:
        """Bind an agent to a pipeline.

        Args:
            pipeline: What judges, records and performs.
            agent: The agent's name in the register.
            mode: ``propose`` or ``govern``.
            tools: From a tool's name to a function that makes the fields of an action of the
                call's arguments; other tools become ``tool.call``. None: `PROPOSALS` when
                proposing, and no tool when governing.
            reads: Names of tools that only read. None: `READS`.
            interrupt: Pause the agent's run while a call waits (needs a checkpointer). Resuming
                only wakes it: what the desk says counts, whatever the value it is resumed with.
            sender: On whose behalf the agent speaks. None: the first brand of the settings.

        Raises:
            ConfigError: there is no such mode, or a tool is said to read and to act.
        """
        super().__init__()
        if mode not in get_args(Mode):
            raise ConfigError(f"there is no mode {mode!r}", hint="use 'propose' or 'govern'")
        self.pipeline = pipeline
        self.mode = mode
        self.actions = dict((PROPOSALS if mode == "propose" else {}) if tools is None else tools)
        self.reads = frozenset(READS if reads is None else reads)
        self.interrupt = interrupt
        both = sorted(self.reads & self.actions.keys())
        if both:
            raise ConfigError(f"the tool {both[0]!r} cannot both act and only read")
        settings = pipeline.settings
        sender = sender or Sender(settings.brands[0] if settings.brands else "", settings.country)
        prefix = CALL if mode == "govern" else ""
        self._asker = Asker(settings.tenant, agent, sender, prefix)

    @property
    def name(self) -> str:
        """Unique among the middleware of one agent."""
        return f"{type(self).__name__}[{self._asker.agent}]"

    def wrap_tool_call(self, request: Any, handler: Handler) -> Answer:
        """Judge a call; LangChain calls this instead of the tool.

        Raises:
            ConfigError: the agent runs without what this mode needs.
        """
        asked = self._asked(request)
        try:
            self._check(request, asked)
            if asked.tool in self.reads:
                review = self.pipeline.gate.review(self._read(asked))
                return handler(request) if _allows(review) else self._refused(asked, review)
            proposal = self._known(asked) or self.pipeline.propose(self._action(asked))
        except (InvalidAction, Conflict) as error:
            return invalid(asked, error)
        if self.mode == "propose":
            return self._told(asked, self._until_decided(proposal))
        return self._run(request, asked, proposal, handler)

    async def awrap_tool_call(self, request: Any, handler: AsyncHandler) -> Answer:
        """As `wrap_tool_call`, for agents that run in an event loop.

        Raises:
            ConfigError: the agent runs without what this mode needs.
        """
        asked = self._asked(request)
        try:
            self._check(request, asked)
            if asked.tool in self.reads:
                review = await self.pipeline.gate.areview(self._read(asked))
                return await handler(request) if _allows(review) else self._refused(asked, review)
            proposal = await asyncio.to_thread(self._known, asked)
            proposal = proposal or await self.pipeline.apropose(self._action(asked))
        except (InvalidAction, Conflict) as error:
            return invalid(asked, error)
        if self.mode == "propose":
            proposal = self._until_decided(proposal)
            return await asyncio.to_thread(self._told, asked, proposal)
        loop = asyncio.get_running_loop()

        def handle(changed: Any) -> Answer:
            """Run the tool in the agent's own loop, from the thread that holds the claim."""
            return asyncio.run_coroutine_threadsafe(_awaited(handler, changed), loop).result()

        return await asyncio.to_thread(self._run, request, asked, proposal, handle)

    # What is asked

    def _asked(self, request: Request) -> Asked:
        asked = read_request(request)
        if self.mode == "govern" and not asked.thread:
            raise ConfigError(
                "a governed agent needs a thread id, by which a repeated call is known again",
                hint='invoke it with {"configurable": {"thread_id": "..."}}',
            )
        config = request.runtime.config.get("configurable", {})
        if self.interrupt and config.get("__pregel_checkpointer") is None:
            raise ConfigError(
                "interrupt=True needs a checkpointer: without one the paused run would be lost",
                hint="create_agent(..., checkpointer=InMemorySaver()), or interrupt=False",
            )
        return asked

    def _check(self, request: Request, asked: Asked) -> None:
        """Refuse what the tool itself would refuse, before anybody is bothered with it."""
        if request.tool is None and asked.tool not in self.actions:
            raise InvalidAction(f"there is no tool {asked.tool!r}")
        if not asked.id:
            raise InvalidAction(f"the call of {asked.tool} has no id, so it cannot be told apart")
        schema = None if request.tool is None else request.tool.tool_call_schema
        if not (isinstance(schema, type) and issubclass(schema, BaseModel)):
            return
        try:
            schema.model_validate(asked.args)
        except ValidationError as error:
            wrong = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
            raise InvalidAction(f"{asked.tool} cannot take these arguments: {wrong}") from error

    def _action(self, asked: Asked) -> Action:
        return self._asker.action(
            asked, self.actions.get(asked.tool) or tool_call(asked.tool, asked.hints)
        )

    def _read(self, asked: Asked) -> Action:
        return self._asker.action(asked, record_read(asked.tool))

    def _known(self, asked: Asked) -> Proposal | None:
        """The answer to an earlier call that this one repeats, if that one is still open.

        An agent that asks again for what waits is not another case on the desk, and what was
        approved meanwhile is performed under the id that was approved.
        """
        for earlier in repeats(asked):
            try:
                stored = self.pipeline.status(self._asker.tenant, self._asker.action_id(earlier))
                if stored.state in _OPEN:
                    return self.pipeline.propose(self._action(earlier))
            except (NotFound, Conflict):
                continue
        return None

    # What is answered

    def _until_decided(self, proposal: Proposal) -> Proposal:
        """Pause the run while the proposal waits, if that is wanted."""
        while self.interrupt and proposal.state in _WAITS:
            _pause(proposal)
            proposal = self._again(proposal)
        return proposal

    def _again(self, proposal: Proposal) -> Proposal:
        """Where a recorded proposal stands now."""
        review = proposal.review
        return self.pipeline.propose(proposal.action if review is None else review.proposed)

    def _run(self, request: Request, asked: Asked, proposal: Proposal, handler: Handler) -> Answer:
        """Perform an allowed or approved call in this process; say where it stands."""
        proposed = proposal.action if proposal.review is None else proposal.review.proposed
        builder = self.actions.get(asked.tool) or tool_call(asked.tool, asked.hints)
        run = ToolRun(request, asked, proposed, builder, handler)
        while True:
            following = self.pipeline.perform_with(proposed.tenant, proposed.id, run)
            if run.raised is not None:
                raise run.raised
            if run.answer is not None:
                return run.answer
            proposal = self._again(proposal)
            if not (self.interrupt and following.state in _WAITS):
                return self._told(asked, proposal, run.trouble or _not_yet(following))
            _pause(proposal)

    def _told(self, asked: Asked, proposal: Proposal, trouble: str = "") -> ToolMessage:
        text = proposal.message
        if proposal.state == "rejected":
            text = self.pipeline.message(proposal.action.tenant, proposal.action.id)
        elif self.mode == "govern":
            text = _GOVERNED.get(proposal.state, text)
        return proposal_answer(asked, proposal, f"{text}\n{trouble}" if trouble else text)

    def _refused(self, asked: Asked, review: Review) -> ToolMessage:
        return refused_read(asked, reasons(review, self.pipeline.gate.policy))


def _allows(review: Review) -> bool:
    return review.verdict.ruling is Ruling.ALLOW


def _not_yet(following: Next) -> str:
    return following.why if following.state in {"allowed", "approved"} else ""


def _pause(proposal: Proposal) -> None:
    """Interrupt the run; returns at once where it was resumed after this very interrupt."""
    interrupt(
        {
            "action": proposal.action.id,
            "case": proposal.case,
            "state": proposal.state,
            "message": proposal.message,
        }
    )


async def _awaited(handler: AsyncHandler, request: Any) -> Answer:
    return await handler(request)
