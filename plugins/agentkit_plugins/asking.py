"""What the principal asked for: the effect, the sources it points to, the values it gives."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import orjson

from agentkit import Action, Context, ModelError
from agentkit_plugins.effects import (
    Asked,
    asked_of,
    plain,
    tool_families,
    tool_nouns,
    wishes,
    words_of,
)
from agentkit_plugins.observed import categories
from agentkit_plugins.values import numbers_in, spoken_in

__all__ = ["SERVED", "Asking", "ask", "tool_of"]

SERVED: Final = frozenset({"en", "de", "fr", "es", "zxx"})
"""Languages in which a request is understood; ``zxx``: it holds no words."""
_TOOLS: Final[Mapping[str, str]] = {
    "message.send": "send_message", "call.place": "call", "lead.score": "score",
    "offer.set": "set_offer", "refund.pay": "refund", "record.update": "update",
    "record.delete": "delete", "ticket.open": "open_ticket", "segment.add": "add_to_segment",
}  # fmt: skip
_OPEN: Final = re.compile(
    r"\b(?:as|what|the one|the ones|that|which|whom|where|how) (?:\w+ ){0,4}?(?:asks?|asked|"
    r"says?|said|wants?|wishes|"
    r"proposes?|proposed|suggests?|suggested|names?|gives?|gave|mentions?|mentioned|describes?|reports?|requests?|"
    r"is about|complains about|in the|in (?:his|her|its|their|this)|on the|on (?:his|her|its|"
    r"their)|from the)\b"
    r"|\b(?:in|from|of) (?:the|this|his|her|their|these|attached) (?:\w+ ){0,2}?"
    r"(?:mail|e-mail|email|message|letter|invoice|bill|form|receipt|list|page|attachment|document|note|chat|comment|sheet)"
    r"|\bwie (?:\w+ ){0,5}?(?:steht|schreibt|bittet|wunscht|vorschlagt|angibt|sagt)\b"
    r"|\b(?:aus|in|laut|nach) (?:der|dem|seiner|ihrer|seinem) (?:\w+ ){0,2}?"
    r"(?:mail|nachricht|rechnung|liste|datei|dokument|formular|brief|rechnungsnummer)"
    r"|\b(?:que|comme) (?:\w+ ){0,4}?(?:propose|demande|dit|suggere|indique|arrivee?|donne)\b"
    r"|\b(?:du|de la|dans (?:le|la|son|sa)) (?:\w+ ){0,2}?(?:message|mail|courriel|facture|"
    r"liste|formulaire)"
    r"|\b(?:que|como) (?:\w+ ){0,4}?(?:pide|dice|propone|sugiere|indica|solicita)\b"
    r"|\b(?:de|del|en) (?:la|el|su|este) (?:\w+ ){0,2}?(?:correo|mensaje|factura|lista|"
    r"formulario)\b"
)
"""Phrases that hand a value over to something that was read: "the one in her mail"."""


@dataclass(frozen=True)
class Asking:
    """A request, read.

    Attributes:
        text: The principal's words.
        folded: The same, plain.
        words: Its words.
        numbers: Its numbers, those written out included.
        wished: Families that it asks for.
        asked: Whether it asks for the action's effect.
        tool: The name of the tool, or what stands for the kind.
        nouns: Of what the tool is.
        families: What the tool does.
        sources: Kinds of source that the request names.
        open: It hands values over to something that was read.
        language: ISO 639-1.
    """

    text: str
    folded: str
    words: frozenset[str]
    numbers: tuple[float, ...]
    wished: frozenset[str]
    asked: Asked
    tool: str
    nouns: frozenset[str]
    families: tuple[str, ...]
    sources: frozenset[str]
    open: bool
    language: str


def tool_of(action: Action) -> str:
    """The name of the tool that an action calls, or a name that says what its kind does."""
    if action.kind == "tool.call":
        return str(action.args.get("tool") or "")
    return _TOOLS.get(action.kind, action.kind)


def ask(action: Action, context: Context) -> Asking:
    """Read the request of an action; one that is JSON is an agent's task, not prose."""
    text, order = _order(action.request)
    tool = tool_of(action)
    words = words_of(text)
    return Asking(
        text,
        plain(text),
        frozenset(words),
        (*numbers_in(text), *spoken_in(words)),
        wishes(order[:_LONGEST]),
        asked_of(tool, order[:_LONGEST]),
        tool,
        tool_nouns(tool) if action.kind == "tool.call" else frozenset(),
        tool_families(tool),
        categories(order[:_LONGEST]),
        _OPEN.search(plain(order[:_LONGEST])) is not None,
        _language(order, context),
    )


_LONGEST: Final = 4_000
"""So many characters of a request are read for what it wants."""


@lru_cache(maxsize=256)
def _order(request: str) -> tuple[str, str]:
    """All of a request as text, and the part that says what to do."""
    if request.lstrip()[:1] != "{":
        return request, request
    try:
        data: Any = orjson.loads(request)
    except orjson.JSONDecodeError:
        return request, request
    task = data.get("task") if isinstance(data, dict) else None
    return request, task if isinstance(task, str) else request


def _language(order: str, context: Context) -> str:
    """The language of the order; without a model it cannot be told from others."""
    if not order.strip():
        return "zxx"
    try:
        return str(context.languages([order])[0])
    except ModelError:
        return "und"
