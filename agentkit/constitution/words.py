"""Words that name nothing: a binding or an article with one would never apply, and say nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Final

from agentkit.action import Scope
from agentkit.constitution.binding import Binding
from agentkit.constitution.facts import Catalogue
from agentkit.constitution.load import Constitution
from agentkit.crm.places import country_code
from agentkit.errors import ConfigError, ConstitutionError
from agentkit.kinds import CHANNELS, PURPOSES, meant

__all__ = ["check_binding", "check_scope_words"]

_GROUPS: Final = frozenset({"EU", "EEA", "UK"})
_CODE: Final = re.compile(r"([A-Z]{2})(-[A-Z0-9]{1,3})?")


def check_scope_words(scope: Scope, senders: Iterable[str] = ()) -> None:
    """Refuse a misspelt channel, purpose, jurisdiction or sender's country in ``applies_to``.

    Raises:
        ConstitutionError: names the word and the one that was meant.
    """
    for what, words, known in (
        ("channel", scope.channels, CHANNELS), ("purpose", scope.purposes, PURPOSES)
    ):  # fmt: skip
        for word in sorted(words):
            near = meant(word, known)
            if near:
                raise ConstitutionError(
                    f"there is no {what} {word!r}", hint=f"did you mean {near!r}?"
                )
    unknown = _no_jurisdiction(scope.jurisdictions)
    if unknown:
        raise ConstitutionError(f"{unknown!r} is no jurisdiction", hint=_CODES)
    stranger = next((c for c in sorted(senders) if country_code(c) != c), "")
    if stranger:
        raise ConstitutionError(f"{stranger!r} is no country of a sender", hint="write DE or US")


def check_binding(binding: Binding, loaded: Sequence[Constitution], catalogue: Catalogue) -> None:
    """Refuse a binding that judges nothing, selects nothing or names a fact that is none.

    Raises:
        ConfigError: naming the binding.
    """
    where = f"binding {binding.name!r}"
    if not any(constitution.articles for constitution in loaded):
        raise ConfigError(
            f"{where} has no article: everything that it selects would be allowed",
            hint='name a constitution that has some, such as constitutions = ["crm-default"]',
        )
    kinds = {kind.name for kind in catalogue.kinds}
    _known(f"{where} selects the action kind", binding.select.kinds, kinds)
    _known(f"{where} names in `overridable_gaps`", binding.overridable_gaps, set(catalogue.facts))
    unknown = _no_jurisdiction(binding.select.jurisdictions)
    if unknown:
        raise ConfigError(f"{where} selects {unknown!r}, which is no jurisdiction", hint=_CODES)


_CODES: Final = "codes: EU, EEA, UK, a country such as DE, or a region such as US-TX"


def _known(where: str, words: Iterable[str], known: set[str]) -> None:
    for word in sorted(set(words) - known):
        near = get_close_matches(word, known, 1)
        hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(sorted(known)[:20])}"
        raise ConfigError(f"{where} {word!r}, which does not exist", hint=hint)


def _no_jurisdiction(codes: Iterable[str]) -> str:
    """The first code that names no place."""
    for code in sorted(codes):
        match = _CODE.fullmatch(code)
        if code not in _GROUPS and not (match and country_code(match[1]) == match[1]):
            return code
    return ""
