"""A chat model that follows a playbook, for demos, tests and businesses without a key.

    playbook: outreach
    steps:
      - call: get_contact
        args: {contact: "{{ task.contact }}"}
      - when: results.get_contact.language == "de"
        call: send_message
        args: {contact: "{{ task.contact }}", text: "Guten Tag ..."}
      - say: "{{ last }}"

Each turn takes the next step whose ``when`` holds. Templates are Jinja, in its sandbox; a value
that begins with ``=`` is an expression and keeps its type. ``task`` is the JSON of the request,
``results`` the JSON of the tools' answers to it by tool, ``last`` the last answer as text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import yaml
from jinja2 import Template, TemplateError
from jinja2.environment import TemplateExpression
from jinja2.sandbox import ImmutableSandboxedEnvironment
from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatResult

from agentkit.errors import ConfigError

__all__ = ["PlaybookModel"]

SAYS: Final = "(playbook model: no language model is behind this)"
_KEYS: Final = frozenset({"when", "call", "args", "say"})
_JINJA: Final = ImmutableSandboxedEnvironment(keep_trailing_newline=True)
_CALL_ID: Final = re.compile(r"step-(\d+)-\d+")


class PlaybookModel(BaseChatModel):
    """Follows a list of steps; says in its last message that no language model is behind it."""

    name: str | None = "playbook"
    steps: list[dict[str, Any]]

    @classmethod
    def load(cls, path: Path) -> PlaybookModel:
        """Read a playbook.

        Raises:
            ConfigError: the file cannot be read, or a step is none.
        """
        try:
            data = yaml.safe_load(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise ConfigError(f"the playbook {path} cannot be read: {error.strerror}") from error
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            raise ConfigError(f"the playbook {path} is not valid YAML: {error}") from error
        steps = data.get("steps") if isinstance(data, dict) else None
        if not isinstance(steps, list) or not steps:
            raise ConfigError(f"the playbook {path} has no steps", hint="write `steps:` as a list")
        for number, step in enumerate(steps, 1):
            _check_step(step, number, path)
        return cls(name=str(data.get("playbook", path.stem)), steps=steps)

    @property
    def _llm_type(self) -> str:
        return "playbook"

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | Any],  # noqa: ARG002
        *,
        tool_choice: str | None = None,  # noqa: ARG002
        **kwargs: Any,  # noqa: ARG002
    ) -> PlaybookModel:
        """A playbook names its tools itself."""
        return self

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,  # noqa: ARG002  (the base class's signature)
        run_manager: CallbackManagerForLLMRun | None = None,  # noqa: ARG002
        **kwargs: Any,  # noqa: ARG002
    ) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=self._next(messages))])

    def _next(self, messages: Sequence[BaseMessage]) -> AIMessage:
        data = _data(messages)
        for index in range(_taken(messages), len(self.steps)):
            step = self.steps[index]
            if "when" in step and not self._expression(step["when"], data):
                continue
            if "call" not in step:
                return AIMessage(f"{self._render(step['say'], data)} {SAYS}")
            call = {
                "name": step["call"],
                "args": self._render(step.get("args", {}), data),
                "id": f"step-{index}-{data['turn']}",
                "type": "tool_call",
            }
            return AIMessage("", tool_calls=[call])
        return AIMessage(f"Done. {SAYS}")

    def _render(self, value: Any, data: Mapping[str, Any]) -> Any:
        if isinstance(value, dict):
            return {k: self._render(v, data) for k, v in value.items()}
        if isinstance(value, list):
            return [self._render(v, data) for v in value]
        if not isinstance(value, str):
            return value
        if value.startswith("="):
            return self._expression(value[1:], data)
        return self._evaluated(value, lambda: _template(value).render(data))

    def _expression(self, source: str, data: Mapping[str, Any]) -> Any:
        return self._evaluated(source, lambda: _expression(source)(**data))

    def _evaluated(self, source: str, evaluate: Callable[[], Any]) -> Any:
        try:
            return evaluate()
        except (TemplateError, TypeError, ValueError, ArithmeticError, LookupError) as error:
            what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
            raise ConfigError(
                f"the playbook {self.name!r} cannot work out {source[:80]!r}: {what}"
            ) from error


@lru_cache(maxsize=512)
def _template(source: str) -> Template:
    """Compiled once: a playbook is followed for a thousand people."""
    return _JINJA.from_string(source)


@lru_cache(maxsize=512)
def _expression(source: str) -> TemplateExpression:
    return _JINJA.compile_expression(source)


def _check_step(step: Any, number: int, path: Path) -> None:
    good = (
        isinstance(step, dict)
        and ("call" in step) != ("say" in step)
        and set(step) <= _KEYS
        and all(isinstance(step[k], str) for k in ("when", "call", "say") if k in step)
        and isinstance(step.get("args", {}), dict)
    )
    if not good:
        raise ConfigError(
            f"{path}: step {number} is none",
            hint="a step has `call:` (with `args:`) or `say:`, and perhaps `when:`, all texts",
        )


def _latest(messages: Sequence[BaseMessage]) -> Sequence[BaseMessage]:
    """The messages from the last request on."""
    asked = [i for i, m in enumerate(messages) if isinstance(m, HumanMessage)]
    return messages[asked[-1] :] if asked else messages


def _taken(messages: Sequence[BaseMessage]) -> int:
    """Index of the step after the last that was taken since the last request."""
    for message in reversed(_latest(messages)):
        if isinstance(message, AIMessage) and message.tool_calls:
            step = _CALL_ID.fullmatch(str(message.tool_calls[-1]["id"]))
            return int(step[1]) + 1 if step else 0
    return 0


def _data(messages: Sequence[BaseMessage]) -> dict[str, Any]:
    latest = _latest(messages)
    answers = [m for m in latest if isinstance(m, ToolMessage)]
    return {
        "task": _json(latest[0].text if latest else ""),
        "results": {str(m.name): _json(m.text) for m in answers},
        "last": answers[-1].text if answers else "",
        "turn": sum(isinstance(m, HumanMessage) for m in messages),
    }


def _json(text: str) -> Any:
    """The JSON in a message, or the text itself."""
    try:
        return json.loads(text)
    except ValueError:
        return text
