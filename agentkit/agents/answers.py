"""What an agent is told: always one message for the call that it made."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from langchain_core.messages import ToolMessage

from agentkit.agents.asking import MARK, Asked
from agentkit.errors import AgentkitError
from agentkit.pipeline import Proposal

__all__ = ["answer", "invalid", "proposal_answer", "refused_read"]

_BAD: Final = frozenset({"denied", "rejected", "failed", "expired", "stopped", "unknown"})


def answer(asked: Asked, text: str, *, bad: bool, **about: str) -> ToolMessage:
    """A message of the gate, marked so that no later call takes it for something read."""
    return ToolMessage(
        text,
        name=asked.tool,
        tool_call_id=asked.id,
        status="error" if bad else "success",
        artifact={MARK: about},
    )


def invalid(asked: Asked, error: AgentkitError) -> ToolMessage:
    """What was wrong with a call that nobody can judge."""
    text = f"Not possible: {error.message}." + (f" {error.hint}" if error.hint else "")
    return answer(asked, text, bad=True, state="invalid")


def refused_read(asked: Asked, reasons: Sequence[str]) -> ToolMessage:
    """Why a read is not answered."""
    lines = ["You may not read this:", *(f"- {reason}" for reason in reasons)]
    return answer(asked, "\n".join(lines), bad=True, state="denied")


def proposal_answer(asked: Asked, proposal: Proposal, text: str) -> ToolMessage:
    """What became of a proposal."""
    about: dict[str, Any] = {"action": proposal.action.id, "state": proposal.state}
    if proposal.case:
        about["case"] = proposal.case
    return answer(asked, text, bad=proposal.state in _BAD, **about)
