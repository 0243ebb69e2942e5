"""Chat models by name, and patience with them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from langchain_core.language_models.chat_models import BaseChatModel
from tenacity import retry, retry_if_exception, stop_after_attempt, wait_random_exponential

from agentkit.errors import ConfigError

__all__ = ["ask", "chat_model"]

_WORTH_RETRYING: Final = frozenset(
    {"RateLimitError", "APITimeoutError", "APIConnectionError", "InternalServerError",
     "ServiceUnavailableError", "OverloadedError", "ConnectError", "ReadTimeout", "TimeoutError"}
)  # fmt: skip
"""Names of errors, of whatever provider, that may pass; all others would only come again."""


def chat_model(name: str) -> BaseChatModel:
    """A chat model by name: ``playbook:FILE``, or ``PROVIDER:MODEL`` as LangChain names it.

    Raises:
        ConfigError: no such provider, its package is missing, or its key is.
    """
    provider, _, rest = name.partition(":")
    if provider == "playbook":
        from agentkit.agents.playbook import PlaybookModel

        return PlaybookModel.load(Path(rest))
    from langchain.chat_models import init_chat_model

    try:
        model: BaseChatModel = init_chat_model(name)
    except ImportError as error:
        raise ConfigError(
            f"the model {name!r} needs a package that is not installed",
            hint=f"pip install langchain-{provider}",
        ) from error
    except Exception as error:  # each provider raises errors of its own for a missing key
        raise ConfigError(
            f"the model {name!r} cannot be used: {str(error).splitlines()[0][:200]}",
            hint=f"set the key of {provider} in the environment, or use --model playbook:FILE",
        ) from error
    return model


def _passing(error: BaseException) -> bool:
    return type(error).__name__ in _WORTH_RETRYING


@retry(
    retry=retry_if_exception(_passing),
    wait=wait_random_exponential(multiplier=0.5, max=20),
    stop=stop_after_attempt(5),
    reraise=True,
)
def ask(agent: Any, request: str, thread: str) -> str:
    """Give an agent one request; returns its last words.

    Errors that may pass are tried five times with random waits; every tool call of an attempt has
    an id of its own thread, so a second attempt is answered with what the first one did.
    """
    config = {"configurable": {"thread_id": thread}, "recursion_limit": 50}
    result = agent.invoke({"messages": [{"role": "user", "content": request}]}, config)
    return str(result["messages"][-1].text)
