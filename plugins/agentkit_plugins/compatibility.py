"""Which data may serve which decision: the table beside this file, and the settings."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from importlib import resources
from typing import Any, Final

import yaml

__all__ = ["CATEGORIES", "incompatible", "names_of"]

_DEPTH: Final = 6
"""So deep inputs are looked through; what lies deeper is named by its parent."""
_MOST: Final = 100
_PART: Final = re.compile(r"[^\W\d_]+")
_CAMEL: Final = re.compile(r"(?<=[a-zà-ÿ0-9])(?=[A-ZÀ-Þ])")
_TABLE: Final[Mapping[str, Any]] = yaml.safe_load(
    resources.files("agentkit_plugins").joinpath("compatibility.yaml").read_text(encoding="utf-8")
)
_WORDS: Final[Mapping[str, frozenset[str]]] = {
    category: frozenset(words) for category, words in _TABLE["categories"].items()
}
CATEGORIES: Final = frozenset(_WORDS)
"""Names of the categories."""


def incompatible(
    kind: str, inputs: Any, compatible: Mapping[str, Sequence[str]]
) -> tuple[str, ...]:
    """Names of the inputs of a decision that were given for another purpose.

    Args:
        kind: Kind of the decision.
        inputs: As the agent declares them: names and values, or a list of names.
        compatible: Categories that the settings list for a kind.
    """
    refused = frozenset(_TABLE["decisions"].get(kind, ())) - frozenset(compatible.get(kind, ()))
    found = [name for name in names_of(inputs) if _category(name) & refused]
    return tuple(sorted(set(found)))[:_MOST]


def names_of(inputs: Any, depth: int = _DEPTH) -> Iterator[str]:
    """Every name in the inputs, whatever they are nested in."""
    if isinstance(inputs, Mapping) and depth:
        for name, value in inputs.items():
            yield str(name)[:200]
            yield from names_of(value, depth - 1)
    elif isinstance(inputs, list | tuple) and depth:
        for item in inputs:
            if isinstance(item, str):
                yield item[:200]
            else:
                yield from names_of(item, depth - 1)


@lru_cache(maxsize=4096)
def _category(name: str) -> frozenset[str]:
    plain = _CAMEL.sub("_", name).lower()
    parts = frozenset(_PART.findall(plain)) | {plain}
    return frozenset(c for c, words in _WORDS.items() if parts & words)
