"""Agents on LangChain: they propose, the pipeline decides.

middleware  every tool call of an agent passes the gate
tools       the CRM as tools: reads, and proposals
playbook    a chat model that follows a playbook, where there is no key
models      chat models by name
crew        the agents that ship: outreach, lead scoring and support triage
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from agentkit.agents.crew import outreach_agent, scoring_agent, triage_agent
    from agentkit.agents.middleware import EthicsMiddleware
    from agentkit.agents.models import chat_model
    from agentkit.agents.playbook import PlaybookModel

_HOMES = {
    "EthicsMiddleware": "middleware",
    "PlaybookModel": "playbook",
    "chat_model": "models",
    "outreach_agent": "crew",
    "scoring_agent": "crew",
    "triage_agent": "crew",
}

__all__ = [
    "EthicsMiddleware",
    "PlaybookModel",
    "chat_model",
    "outreach_agent",
    "scoring_agent",
    "triage_agent",
]


def __getattr__(name: str) -> Any:
    """Import LangChain only when an agent is used."""
    if name not in _HOMES:
        raise AttributeError(f"module 'agentkit.agents' has no attribute {name!r}")
    return getattr(import_module(f"agentkit.agents.{_HOMES[name]}"), name)
