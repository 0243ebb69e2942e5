"""The whole plugin API.

A review goes through these hooks in this order:

1. ``declare`` once, when the plugin is loaded;
2. ``start`` once, when the gate opens;
3. ``examine_many`` (or its sugar ``examine``) for every batch of actions in the plugin's scope;
4. ``revise`` where an article that may be cured by a rewrite has fired: back to 3, three rounds;
5. ``observe`` after an entry was committed to the ledger, best effort;
6. ``stop`` once, when the gate closes.

A plugin observes and never rules: it returns evidence, the constitution judges. A plugin that
raises, is late, or answers nonsense leaves a gap, and a gap never allows.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pluggy

from agentkit.action import Action
from agentkit.evidence import Evidence, Failed
from agentkit.kinds import ActionKind

if TYPE_CHECKING:
    from agentkit.context import Context
    from agentkit.entry import Entry
    from agentkit.verdict import Verdict

__all__ = ["API_VERSION", "Answer", "Answers", "Manifest", "hookimpl", "hookspec"]

PROJECT: Final = "agentkit"
API_VERSION: Final = 1
"""Version of this page. A plugin that needs another one is refused when it is loaded."""

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)

Answer = Evidence | Failed | tuple[Evidence | Failed, ...]
"""What a plugin says of one action; a tuple where it declares several evidence classes."""
Answers = Sequence[Answer]


@dataclass(frozen=True)
class Manifest:
    """Everything static that a plugin brings, in one place.

    Attributes:
        name: The plugin's name; it must be the name of its entry point.
        version: The plugin's own version.
        evidence: Evidence classes; their namespaces belong to this plugin alone.
        kinds: Action kinds it adds.
        heads: Classifier heads it adds over the shared encoder: name to model file.
        constitutions: Constitution files it adds, by name.
        settings: A pydantic model that types its section of the settings file.
        decisions: Decision functions for the twin test, by ``AGENT/KIND``: called with the action
            and a person, each returns the arguments that the agent would propose for that person.
        deadline: Seconds that one batch may take before it is a gap (awaitables, and plugins
            that run in a process of their own).
        isolation: ``inline`` or ``process``.
        last: Its ``revise`` is asked after everybody else's: a model's, after what rules can do.
        api: The version of this page that it was written for.
    """

    name: str
    version: str = "0"
    evidence: tuple[type[Evidence], ...] = ()
    kinds: tuple[ActionKind, ...] = ()
    heads: Mapping[str, Path] = field(default_factory=dict)
    constitutions: Mapping[str, Path] = field(default_factory=dict)
    settings: type[Any] | None = None
    decisions: Mapping[str, Callable[..., Mapping[str, Any]]] = field(default_factory=dict)
    deadline: float = 2.0
    isolation: str = "inline"
    last: bool = False
    api: int = API_VERSION


@hookspec
def declare() -> Manifest:  # type: ignore[empty-body]
    """Say what the plugin brings. Called once; no work may be done here."""


@hookspec
def examine_many(actions: Sequence[Action], context: Context) -> Answers | Awaitable[Answers]:  # type: ignore[empty-body]
    """Examine a batch: one answer an action, in the order of ``actions``.

    Only actions in the scope of the declared evidence arrive. May be ``async``. Raising, returning
    another number of answers or another type leaves a gap for each action of the batch.
    """


@hookspec
def examine(action: Action, context: Context) -> Answer | Awaitable[Answer]:  # type: ignore[empty-body]
    """Examine one action: sugar over ``examine_many``. Raising leaves a gap for this action."""


@hookspec
def revise(action: Action, verdict: Verdict, context: Context) -> Action | None:
    """Rewrite the action so that it complies, or return None. What comes back is judged afresh.

    Kind, subject, recipient and amount cannot be changed (``Action.revised`` refuses). A figure, a
    link or a currency that is neither in the action, nor on record, nor in the settings makes the
    rewrite void, and so does a claim more than before: a revision may take, soften and correct.
    Revisers are asked in the order of their names, each on the best version so far.
    """


@hookspec
def connect(url: str) -> Any:
    """Open the CRM behind a URL whose scheme this plugin knows, else return None."""


@hookspec
def observe(entry: Entry) -> None:
    """Hear of an entry after it was committed. Best effort: an error is logged, nothing more."""


@hookspec
def start(settings: Any) -> None:
    """Begin: load models, open pools."""


@hookspec
def stop() -> None:
    """End: close what ``start`` opened."""
