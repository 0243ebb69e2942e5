"""Whether a decision about a person rests on who the person is.

Two looks: the names of the inputs that the agent says it used, and the twin test, in which the
decision function is run again for the same person under other names.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from itertools import islice
from typing import Any, Final, Literal

from agentkit import (
    Action,
    Context,
    Evidence,
    Finding,
    Manifest,
    Person,
    Unknown,
    fact,
    hookimpl,
)
from agentkit_plugins.protected_words import ground_of
from agentkit_plugins.twin_names import TWIN_NAMES

__all__ = ["Bias"]

_MAX_NAMES: Final = 100
_LONG: Final = 200
"""Characters of a name that are looked at."""
_DEPTH: Final = 4
_LISTS_OF_NAMES: Final = frozenset(
    {"inputs", "features", "names", "columns", "fields", "variables"}
)
"""Keys whose list names inputs; any other list is a value."""
_EQUAL: Final = 1e-9
"""Relative difference below which two decisions are the same."""


class Bias(Evidence, namespace="bias", version=1, kinds=["lead.score", "offer.set", "segment.add"]):
    """What a decision about a person used, and whether a name changes it."""

    inputs_declared: bool = fact(doc="the agent said which inputs it used")
    protected_inputs: tuple[str, ...] = fact(doc="inputs named after a protected ground")
    proxy_inputs: tuple[str, ...] = fact(doc="inputs that stand for one: postcode, first name")
    twin: Literal["not_run", "same", "differs"] | Unknown = fact(
        doc="the decision for the same person under other names"
    )
    twin_difference: float | Unknown = fact(
        doc="largest relative difference over all twins; 1.0 where a word differs"
    )


@hookimpl
def declare() -> Manifest:
    """What this plugin brings."""
    return Manifest("bias", "1", evidence=(Bias,))


@hookimpl
def examine(action: Action, context: Context) -> Evidence:
    """Read the inputs' names and run the twin test where a decision function is registered."""
    inputs = action.args.get("inputs")
    names = tuple(islice(_names(inputs, _DEPTH), _MAX_NAMES)) if inputs else ()
    protected, proxies, findings = _grounds(names)
    twin, difference, widest = _twin(action, context)
    if twin == "differs":
        findings = (*findings, Finding("twin_differs", widest, None, None, "twin test"))
    return Bias(bool(inputs), protected, proxies, twin, difference, findings=findings)


@lru_cache(maxsize=1024)
def _grounds(
    names: tuple[str, ...],
) -> tuple[tuple[str, ...], tuple[str, ...], tuple[Finding, ...]]:
    """Protected inputs, proxies, and a finding for each."""
    grounds = [(name, ground) for name in names if (ground := ground_of(name))]
    return (
        tuple(name for name, ground in grounds if ground == "protected"),
        tuple(name for name, ground in grounds if ground == "proxy"),
        tuple(_input_finding(name, ground) for name, ground in grounds),
    )


def _input_finding(name: str, ground: str) -> Finding:
    what = "is a protected ground" if ground == "protected" else "stands for a protected ground"
    return Finding(f"{ground}_input", f"the input {name!r} {what}", None, None, "word list")


def _names(inputs: Any, depth: int) -> Iterator[str]:
    """Names of inputs: keys at every level, and what lists of names hold."""
    if isinstance(inputs, str):
        yield inputs[:_LONG]
    elif not depth:
        return
    elif isinstance(inputs, Mapping):
        yield from (str(key)[:_LONG] for key in inputs)
        for key, value in inputs.items():
            if isinstance(value, Mapping) or key in _LISTS_OF_NAMES:
                yield from _names(value, depth - 1)
    elif isinstance(inputs, list | tuple):
        for item in inputs:
            yield from _names(item, depth - 1)


def _twin(
    action: Action, context: Context
) -> tuple[Literal["not_run", "same", "differs"] | Unknown, float | Unknown, str]:
    """The verdict of the twin test, its largest difference, and that in words."""
    person = context.person(action)
    if person is None:
        return "not_run", 0.0, ""
    try:
        own = context.decide(action, person)
        if own is None:
            return "not_run", 0.0, ""
        twins = [(name, context.decide(action, _called(person, name))) for name in TWIN_NAMES]
    except Exception as error:  # noqa: BLE001  (an agent's own function may raise anything: not a pass)
        unknown = Unknown(f"the decision function raised {type(error).__name__}")
        return unknown, unknown, ""
    widest = max(((difference(own, other or {}), name) for name, other in twins), default=(0.0, ""))
    if widest[0] <= _EQUAL:
        return "same", 0.0, ""
    words = f"called {widest[1]}, the same person gets a decision {widest[0]:.0%} apart"
    return "differs", widest[0], words


def _called(person: Person, name: str) -> Person:
    """The same person under another name, also in the mail address where the name stands in it."""
    contact = person.contact
    local, at, domain = contact.email.partition("@")
    own = [part for part in contact.name.lower().split() if len(part) > 2]  # noqa: PLR2004  (initials)
    named = any(part in local.lower() for part in own)
    email = f"{name.lower().replace(' ', '.')}{at}{domain}" if named else contact.email
    return replace(person, contact=replace(contact, name=name, email=email))


def difference(one: Mapping[str, Any], other: Mapping[str, Any]) -> float:
    """Largest relative difference between two decisions; 1.0 where something else differs.

    Inputs are left out: they may well name the person.
    """
    keys = (set(one) | set(other)) - {"inputs"}
    return max((_apart(one.get(key), other.get(key)) for key in keys), default=0.0)


def _apart(one: Any, other: Any) -> float:
    if isinstance(one, bool) or isinstance(other, bool) or type(one) is str:
        return 0.0 if one == other else 1.0
    if isinstance(one, int | float) and isinstance(other, int | float):
        if one != one or other != other:  # noqa: PLR0124  (NaN)
            return 1.0
        largest = max(abs(one), abs(other))
        return min(abs(one - other) / largest, 1.0) if largest else 0.0
    return 0.0 if one == other else 1.0
