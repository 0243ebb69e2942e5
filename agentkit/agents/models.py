"""Chat models by name, and patience with them."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

from langchain.agents.middleware.types import AgentMiddleware
from langchain_core.language_models.chat_models import BaseChatModel
from tenacity import (
    AsyncRetrying,
    Retrying,
    retry_if_exception,
    stop_after_attempt,
    wait_random_exponential,
)

from agentkit.errors import ConfigError

__all__ = ["Patience", "ask", "chat_model", "worth_retrying"]

_BOOK: Final = "--model playbook:FILE"
_NAMES: Final = "name it PROVIDER:MODEL, openai:gpt-5 say"

_WORTH_RETRYING: Final = frozenset(
    {"RateLimitError", "APITimeoutError", "APIConnectionError", "InternalServerError",
     "ServiceUnavailableError", "OverloadedError", "ConnectError", "ReadTimeout", "TimeoutError"}
)  # fmt: skip
"""Names of errors of whatever provider: no package of theirs is imported for this."""


def chat_model(name: str) -> BaseChatModel:
    """A chat model by name: ``playbook:FILE``, or ``PROVIDER:MODEL`` as LangChain names it.

    Raises:
        ConfigError: no such provider, its package is missing, or its key is.
    """
    provider, _, rest = name.partition(":")
    if provider == "playbook":
        from agentkit.agents.playbook import PlaybookModel

        return PlaybookModel.load(Path(rest))
    return _provided(name)


def _provided(name: str) -> BaseChatModel:
    from langchain.chat_models import init_chat_model

    provider = name.partition(":")[0] if ":" in name else ""
    try:
        model: BaseChatModel = init_chat_model(name)
    except ImportError as error:
        package = re.search(r"langchain-[a-z-]+[a-z]", str(error))
        raise ConfigError(
            f"the model {name!r} needs a package that is not installed",
            hint=f"pip install {package[0] if package else f'langchain-{provider}'}",
        ) from error
    except Exception as error:  # each provider raises errors of its own for a missing key
        said = (str(error).splitlines() or [type(error).__name__])[0]
        hint = f"set the key of {provider} in the environment" if provider else _NAMES
        raise ConfigError(
            f"the model {name!r} cannot be used: {said[:200]}", hint=f"{hint}, or use {_BOOK}"
        ) from error
    return model


def worth_retrying(error: BaseException) -> bool:
    """Whether an error of a provider may pass; all others would only come again."""
    return type(error).__name__ in _WORTH_RETRYING


class Patience(AgentMiddleware[Any, Any, Any]):
    """Asks a model again after errors that may pass.

    Only the model is asked again, never the agent: what its tools proposed stays as it is.
    """

    def __init__(self, attempts: int = 5, longest: float = 20.0) -> None:
        """Set the limits.

        Args:
            attempts: Most calls of the model for one answer.
            longest: Longest of the random, growing waits between them, in seconds.
        """
        super().__init__()
        self._limits: dict[str, Any] = {
            "retry": retry_if_exception(worth_retrying),
            "wait": wait_random_exponential(multiplier=0.5, max=longest),
            "stop": stop_after_attempt(attempts),
            "reraise": True,
        }

    def wrap_model_call(self, request: Any, handler: Callable[[Any], Any]) -> Any:
        """Ask, and ask again where that may help."""
        return Retrying(**self._limits)(handler, request)

    async def awrap_model_call(self, request: Any, handler: Callable[[Any], Awaitable[Any]]) -> Any:
        """As `wrap_model_call`."""
        return await AsyncRetrying(**self._limits)(handler, request)


def ask(agent: Any, request: str, thread: str) -> str:
    """Give an agent one request; returns its last words.

    Args:
        agent: From `agentkit.agents.crew`, or any other of LangChain's.
        request: What it shall do.
        thread: The run's id: the same call in the same run is the same action.
    """
    config = {"configurable": {"thread_id": thread}, "recursion_limit": 50}
    result = agent.invoke({"messages": [{"role": "user", "content": request}]}, config)
    return str(result["messages"][-1].text)
