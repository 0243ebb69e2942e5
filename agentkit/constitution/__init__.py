"""Articles, bindings and judging: policy as data."""

from __future__ import annotations

from agentkit.constitution.binding import DEFAULT_GAPS, Binding, Selector, read_binding
from agentkit.constitution.facts import Catalogue, Declared, FieldMapping
from agentkit.constitution.judge import Compiled, Judge, Voices
from agentkit.constitution.load import Constitution, Located, load_constitution, shipped
from agentkit.constitution.model import Article, ConstitutionFile, Example
from agentkit.constitution.policy import Policy, compile_constitution

__all__ = [
    "DEFAULT_GAPS",
    "Article",
    "Binding",
    "Catalogue",
    "Compiled",
    "Constitution",
    "ConstitutionFile",
    "Declared",
    "Example",
    "FieldMapping",
    "Judge",
    "Located",
    "Policy",
    "Selector",
    "Voices",
    "compile_constitution",
    "load_constitution",
    "read_binding",
    "shipped",
]
