"""What a tool that no kind describes may do: by its name, its annotations, its arguments."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from agentkit import Action, Evidence, fact
from agentkit_plugins.effects import Risk, risk_of
from agentkit_plugins.values import URLS

__all__ = ["Tool", "tool_evidence"]

_QUERY: Final = 12
"""A query of so many characters can carry something worth hiding."""
_BODY: Final = frozenset("body data payload json form content files".split())  # noqa: SIM905
"""Arguments that a reading tool has no use for."""
_METHODS: Final = frozenset("post put patch delete".split())  # noqa: SIM905
_SEEN: Final = 500
_ORDER: Final[tuple[Risk, ...]] = (
    "read",
    "unknown",
    "write",
    "send",
    "permission",
    "pay",
    "delete",
)


class Tool(Evidence, namespace="tool", version=1, kinds=["tool.call"]):
    """What a tool may do, as far as its name, its annotations and its arguments say."""

    risk: Risk = fact(doc="read, write, send, pay, delete, permission or unknown")
    writes: bool = fact(
        doc="it may change something; a tool that does not say that it reads, writes"
    )
    carries_out: bool = fact(doc="it reads, but its address or its arguments can carry data out")
    annotated: bool = fact(doc="its server says whether it reads or destroys (MCP annotations)")


def tool_evidence(action: Action) -> Tool:
    """The risk of one tool call.

    Annotations come from whoever wrote the tool: they make a call riskier, and let it count as
    reading only where its name says nothing.
    """
    tool = str(action.args.get("tool") or "")
    hints = action.args.get("annotations")
    hints = hints if isinstance(hints, Mapping) else {}
    risk = _annotated(risk_of(tool), hints, action.args.get("schema"))
    arguments = action.args.get("arguments")
    if risk == "read" and _method(arguments) in _METHODS:
        risk = "write"
    out = risk == "read" and _carries(arguments)
    return Tool(risk, risk != "read", out, bool(hints))


def _annotated(risk: Risk, hints: Mapping[str, Any], schema: Any) -> Risk:
    if hints.get("destructiveHint") is True and hints.get("readOnlyHint") is not True:
        return max(risk, "delete", key=_ORDER.index)
    if hints.get("readOnlyHint") is False:
        return max(risk, "write", key=_ORDER.index)
    if risk == "unknown" and hints.get("readOnlyHint") is True:
        return "read"
    properties = schema.get("properties") if isinstance(schema, Mapping) else None
    if risk == "read" and isinstance(properties, Mapping) and set(properties) & {"amount", "iban"}:
        return "write"
    return risk


def _method(arguments: Any) -> str:
    return str(arguments.get("method", "")).lower() if isinstance(arguments, Mapping) else ""


def _carries(arguments: Any) -> bool:
    """A link with a query or a user in it, or a body that a reading call has no use for."""
    if isinstance(arguments, Mapping) and {str(k).lower() for k in arguments} & _BODY:
        return True
    return any(_laden(text) for text in _texts(arguments))


def _laden(text: str) -> bool:
    for match in URLS.finditer(text[: _SEEN * 8]):
        try:
            parts = urlsplit(match.group() if "//" in match.group() else f"//{match.group()}")
        except ValueError:  # no link at all, whatever it is
            return True
        if len(parts.query) >= _QUERY or "@" in parts.netloc or len(parts.fragment) >= _QUERY:
            return True
    return False


def _texts(value: Any) -> Iterator[str]:
    stack, seen = [value], 0
    while stack and seen < _SEEN:
        seen += 1
        inner = stack.pop()
        if isinstance(inner, str):
            yield inner
        elif isinstance(inner, Mapping):
            stack.extend(inner.values())
        elif isinstance(inner, list | tuple):
            stack.extend(inner)
