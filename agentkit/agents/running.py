"""Running an agent's own tool under a claim, and what its end means."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from langchain_core.messages import ToolMessage
from langchain_core.tools import ToolException
from langgraph.errors import GraphBubbleUp, GraphInterrupt
from langgraph.types import Command

from agentkit.action import Action
from agentkit.agents.asking import MARK, Asked, Request, arguments_of
from agentkit.agents.tools import ActionBuilder
from agentkit.errors import ConnectorError, InvalidAction
from agentkit.pipeline import CallAgain

__all__ = ["Answer", "Handler", "ToolRun"]

Answer = ToolMessage | Command[Any]
Handler = Callable[[Any], Answer]


class ToolRun:
    """One run of a tool, for `Pipeline.perform_with`.

    A tool that says that it failed (`ToolException`, an answer with status ``error``) has failed;
    after any other error nobody knows what it did, and a person must look. A tool that pauses the
    graph is run again from its start when the graph resumes, as LangGraph wants it.

    Attributes:
        answer: What the tool answered; None while it has not.
        raised: What must go on to LangGraph: an interrupt, or a command to a parent graph.
        trouble: The tool's error, for the agent.
    """

    def __init__(
        self,
        request: Request,
        asked: Asked,
        proposed: Action,
        builder: ActionBuilder,
        handler: Handler,
    ) -> None:
        """Remember what to run."""
        self.answer: Answer | None = None
        self.raised: GraphBubbleUp | None = None
        self.trouble = ""
        self._request = request
        self._asked = asked
        self._proposed = proposed
        self._builder = builder
        self._handler = handler

    def __call__(self, action: Action) -> Mapping[str, Any] | None:
        """Run it with the arguments that were judged.

        Raises:
            ConnectorError: it failed.
            CallAgain: it paused.
        """
        args = self._arguments(action)
        call = {**self._request.tool_call, "args": args}
        try:
            answer = self._handler(self._request.override(tool_call=call))
        except GraphInterrupt as pause:
            self.raised = pause
            raise CallAgain from pause
        except GraphBubbleUp as command:
            self.raised = command
            return None
        except ToolException as error:
            self.trouble = f"The tool failed: {error}"
            raise ConnectorError("the tool failed") from error
        except Exception as error:
            self.trouble = f"The tool broke: {type(error).__name__}: {error}"
            raise
        self.answer = _unmarked(answer, args, edited=args != self._asked.args)
        if isinstance(answer, ToolMessage) and answer.status == "error":
            raise ConnectorError("the tool says that it failed")
        return None

    def _arguments(self, action: Action) -> dict[str, Any]:
        try:
            return arguments_of(action, self._proposed, self._asked, self._builder)
        except InvalidAction as error:
            self.trouble = f"Not possible: {error.message}."
            raise ConnectorError(error.message, hint=error.hint) from error


def _unmarked(answer: Answer, args: Mapping[str, Any], *, edited: bool) -> Answer:
    """The tool's answer; it may not look like the gate's, and says with what it really ran."""
    if not isinstance(answer, ToolMessage):
        return answer
    changes: dict[str, Any] = {}
    if isinstance(answer.artifact, Mapping) and MARK in answer.artifact:
        changes["artifact"] = None
    if edited and isinstance(answer.content, str):
        shown = json.dumps(args, ensure_ascii=False, default=str)
        changes["content"] = f"{answer.content}\n(This call was changed; it ran with {shown})"
    return answer.model_copy(update=changes) if changes else answer
