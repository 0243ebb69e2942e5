"""One plugin's voice: which actions it is asked about, and what of its answer is believed.

A plugin is asked alone. What it owes and does not give, gives late, gives in another number, of
another type, or in a namespace that is not its own, is a `Failed` for the facts it owes.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any, Final, cast, get_args

from agentkit.action import Action
from agentkit.context import Context
from agentkit.evidence import Evidence, Failed, Finding, GapKind
from agentkit.plugins.admission import Admitted, describe

__all__ = ["Asked", "Row", "Voice"]

Row = dict[str, Evidence | Failed]
"""What is known of one action: evidence, or why there is none, by namespace."""

_HONEST: Final = frozenset(get_args(GapKind)) - {"not_installed", "erased"}
"""Kinds of gap that a plugin may name itself; the others are for the core to say."""


@dataclass(frozen=True)
class Asked:
    """A question: actions, and where the answers about them belong."""

    actions: tuple[Action, ...]
    rows: Sequence[Row]

    @cached_property
    def shapes(self) -> Collection[Action]:
        """One action for each combination of what scopes look at: most batches have very few."""
        return {(a.kind, a.channel, a.purpose): a for a in self.actions}.values()


@dataclass(frozen=True)
class Voice:
    """One admitted plugin that examines.

    Attributes:
        name: Name of the plugin.
        function: Its ``examine_many`` or ``examine``.
        classes: Its evidence classes, as declared.
        single: It implements ``examine``: one action at a time.
        awaits: Its function is a coroutine function.
        deadline: Seconds for one batch, where it can be cut off.
        everywhere: Every class applies to every action: nothing has to be picked.
    """

    name: str
    function: Callable[[Any, Context], Any]
    classes: tuple[type[Evidence], ...]
    single: bool
    awaits: bool
    deadline: float
    everywhere: bool
    _by_class: dict[type, str] = field(default_factory=dict)

    @classmethod
    def of(cls, admitted: Admitted) -> Voice:
        """The voice of an admitted plugin that declares evidence."""
        many = admitted.hooks.get("examine_many")
        function = many or admitted.hooks["examine"]
        classes = admitted.manifest.evidence
        return cls(
            name=admitted.manifest.name,
            function=function,
            classes=classes,
            single=many is None,
            awaits=inspect.iscoroutinefunction(function),
            deadline=admitted.manifest.deadline,
            everywhere=not any(_limits(c) for c in classes),
            _by_class={c: c.namespace for c in classes},
        )

    def pick(self, everything: Asked) -> Asked:
        """The part of a batch that lies in the scope of any of its classes."""
        if self.everywhere or all(map(self._concerns, everything.shapes)):
            return everything
        pairs = zip(everything.actions, everything.rows, strict=True)
        mine = [(a, r) for a, r in pairs if self._concerns(a)]
        return Asked(tuple(a for a, _ in mine), [r for _, r in mine])

    def _concerns(self, action: Action) -> bool:
        return any(c.scope.holds(action) for c in self.classes)

    def ask(self, asked: Asked, context: Context) -> None:
        """Ask a plugin that does not await, here and now, and write down what it answers."""
        if self.single:
            answers = [self._ask_one(action, context) for action in asked.actions]
            self.settle(asked, answers)
            return
        try:
            answers = self.function(asked.actions, context)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001  (SystemExit too is its failure, not ours)
            self.miss(asked, self.raised(error))
        else:
            self.settle(asked, answers)

    def _ask_one(self, action: Action, context: Context) -> Any:
        try:
            return self.function(action, context)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001  (the other actions keep their answers)
            return self.raised(error)

    def calls(self, asked: Asked, context: Context) -> list[Callable[[], Awaitable[Any]]]:
        """What to await: one call for the batch, or one an action for a plugin that has sugar."""
        if self.single:
            return [partial(self.function, action, context) for action in asked.actions]
        return [partial(self.function, asked.actions, context)]

    def raised(self, error: BaseException) -> Failed:
        """The gap that an exception leaves."""
        return Failed(f"{self.name} raised {describe(error)}", "failed")

    def late(self) -> Failed:
        """The gap that a missed deadline leaves."""
        return Failed(f"{self.name} took longer than {self.deadline:g} s", "timeout")

    def wrong(self, what: str) -> Failed:
        """The gap that nonsense leaves."""
        return Failed(f"{self.name} {what}", "invalid")

    def miss(self, asked: Asked, failed: Failed) -> None:
        """Write down the same gap for everything that the plugin owed."""
        for action, row in zip(asked.actions, asked.rows, strict=True):
            for namespace in self.owed(action):
                row[namespace] = failed

    def owed(self, action: Action) -> list[str]:
        """The namespaces in which it must answer for an action."""
        return [c.namespace for c in self.classes if self.everywhere or c.scope.holds(action)]

    def settle(self, asked: Asked, answers: Any) -> None:
        """Write down the answers to one batch, after checking their number and types."""
        if type(answers) is Failed:
            self.miss(asked, self._believe_failed(answers))
        elif type(answers) is not list and type(answers) is not tuple:
            _discard(answers)
            self.miss(asked, self.wrong(f"answered a batch with {_what(answers)}, no list"))
        elif len(answers) != len(asked.actions):
            for answer in answers:
                _discard(answer)
            counts = f"gave {len(answers)} answers to {len(asked.actions)} actions"
            self.miss(asked, self.wrong(counts))
        elif len(self.classes) == 1:
            self._settle_one_class(asked, answers)
        else:
            for action, row, answer in zip(asked.actions, asked.rows, answers, strict=True):
                self._settle_classes(action, row, answer)

    def _settle_one_class(self, asked: Asked, answers: Sequence[Any]) -> None:
        cls = self.classes[0]
        namespace = cls.namespace
        for row, answer in zip(asked.rows, answers, strict=True):
            if type(answer) is cls and answer.__dict__.get("findings") == ():
                row[namespace] = answer
            else:
                row[namespace] = self._believe(answer, cls)

    def _settle_classes(self, action: Action, row: Row, answer: Any) -> None:
        parts = answer if type(answer) is tuple else (answer,)
        given: Row = {}
        excuse: Failed | None = None
        for part in parts:
            namespace = self._by_class.get(type(part))
            if type(part) is Failed:
                excuse = excuse or self._believe_failed(part)
            elif namespace is None or namespace in given:
                _discard(part)
                excuse, given = self.wrong(self._stray(part)), {}
                break
            else:
                given[namespace] = self._believe(part, type(part))
        excuse = excuse or self.wrong("gave no answer")
        for namespace in self.owed(action):
            row[namespace] = given.get(namespace, excuse)

    def _believe(self, answer: Any, cls: type[Evidence]) -> Evidence | Failed:
        if type(answer) is Failed:
            return self._believe_failed(answer)
        if type(answer) is tuple and len(answer) == 1:
            return self._believe(answer[0], cls)
        if type(answer) is not cls:
            _discard(answer)
            return self.wrong(self._stray(answer))
        findings = answer.__dict__.get("findings", 0)  # the constructor sets it
        if type(findings) not in (list, tuple) or any(type(f) is not Finding for f in findings):
            return self.wrong(f"answered with {cls.__name__} whose findings are no findings")
        believed: Evidence = answer
        return believed

    def _believe_failed(self, failed: Failed) -> Failed:
        reason, kind = cast("tuple[object, object]", (failed.reason, failed.kind))
        if not isinstance(reason, str):
            return self.wrong("failed without a reason in words")
        honest = isinstance(kind, str) and kind in _HONEST
        return failed if honest else Failed(reason, "failed")

    def _stray(self, answer: Any) -> str:
        if isinstance(answer, Evidence):
            if type(answer) in self._by_class:
                return f"answered twice with {type(answer).__name__}"
            return f"answered with evidence of {type(answer).namespace!r}, which it did not declare"
        return f"answered with {_what(answer)}, no evidence"


def _limits(cls: type[Evidence]) -> bool:
    return bool(cls.scope.kinds or cls.scope.channels or cls.scope.purposes)


def _what(answer: Any) -> str:
    if inspect.iscoroutine(answer):
        return "a coroutine that nobody awaits (declare the hook `async def`)"
    if inspect.isgenerator(answer) or inspect.isasyncgen(answer):
        return "a generator"
    return type(answer).__name__


def _discard(answer: Any) -> None:
    """Close a coroutine that will never run, so that it does not warn later."""
    if inspect.iscoroutine(answer) and inspect.getcoroutinestate(answer) == inspect.CORO_CREATED:
        answer.close()
