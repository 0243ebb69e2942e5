"""Every action of an agent passes an ethics gate.

    propose -> examine -> judge -> (revise) -> decide -> perform -> record

Names are loaded when they are first used: ``import agentkit`` costs nothing heavy.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_HOMES = {
    "agentkit.action": [
        "Action", "ActionKind", "Arg", "Kinds", "Observation", "Scope", "Sender",
    ],
    "agentkit.agent": ["Agent", "Register", "load_register"],
    "agentkit.case": ["Case", "Decision", "Operator"],
    "agentkit.clock": ["Clock", "FixedClock", "SystemClock", "parse_instant"],
    "agentkit.context": [
        "ConsentRecord", "Contact", "Context", "Person", "Relationship", "Stop", "Touch",
    ],
    "agentkit.entry": ["Entry"],
    "agentkit.errors": ["AgentkitError", "InvalidAction", "ModelError", "PluginError"],
    "agentkit.evidence": [
        "Evidence", "Failed", "Finding", "Gap", "Span", "Unknown", "evidence", "fact",
    ],
    "agentkit.hookspecs": ["Manifest", "hookimpl"],
    "agentkit.jurisdiction": ["Jurisdiction", "jurisdiction_of"],
    "agentkit.permit": ["Claim", "Effect", "Permit"],
    "agentkit.verdict": ["Review", "Ruling", "Verdict"],
}  # fmt: skip
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = sorted(_HOME_OF)  # noqa: PLE0605  (sorted, and held to the map above by a test)


def __getattr__(name: str) -> Any:
    """Import a public name from the module that defines it."""
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module 'agentkit' has no attribute {name!r}")
    return getattr(import_module(home), name)


def __dir__() -> list[str]:
    """The public names."""
    return __all__
