"""Every action of an agent passes an ethics gate.

    propose -> examine -> judge -> (revise) -> decide -> perform -> record

Names are loaded when they are first used: ``import agentkit`` costs nothing heavy. The map and the
imports for type checkers are held together by a test.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from agentkit.action import (
        Action,
        Observation,
        Scope,
        Sender,
    )
    from agentkit.agent import (
        Agent,
        Register,
        load_register,
    )
    from agentkit.agents import (
        EthicsMiddleware,
        PlaybookModel,
        chat_model,
    )
    from agentkit.case import (
        Case,
        Decision,
        Operator,
    )
    from agentkit.clock import (
        Clock,
        FixedClock,
        SystemClock,
        parse_instant,
    )
    from agentkit.consent import (
        SERVICE_PURPOSES,
        ConsentState,
        consent_state,
    )
    from agentkit.context import (
        Circumstance,
        ConsentRecord,
        Contact,
        Context,
        Deed,
        Person,
        Relationship,
        Stop,
        Touch,
    )
    from agentkit.crm import (
        CRM,
        countries_of,
        zones_of,
        zones_of_number,
    )
    from agentkit.desk import (
        CaseSummary,
        CaseView,
        Desk,
        Turn,
        Waiver,
        printable,
    )
    from agentkit.engine import (
        worker_alive,
    )
    from agentkit.entry import (
        Entry,
    )
    from agentkit.errors import (
        AgentkitError,
        InvalidAction,
        ModelError,
        PluginError,
    )
    from agentkit.evidence import (
        Evidence,
        Failed,
        Finding,
        Gap,
        Span,
        Unknown,
        fact,
    )
    from agentkit.gate import (
        Gate,
    )
    from agentkit.hookspecs import (
        Manifest,
        hookimpl,
    )
    from agentkit.inbound import (
        Inbound,
        Receipt,
        Receiver,
    )
    from agentkit.jurisdiction import (
        Jurisdiction,
        jurisdiction_of,
    )
    from agentkit.kinds import (
        ActionKind,
        Arg,
        Kinds,
    )
    from agentkit.permit import (
        Claim,
        Effect,
        Permit,
    )
    from agentkit.pipeline import (
        Pipeline,
    )
    from agentkit.pipeline.build import (
        build,
    )
    from agentkit.settings import (
        Settings,
        load_settings,
    )
    from agentkit.verdict import (
        Review,
        Revision,
        Ruling,
        Verdict,
    )

__version__ = "0.1.0"

_HOMES = {
    "agentkit.action": ["Action", "Observation", "Scope", "Sender"],
    "agentkit.agent": ["Agent", "Register", "load_register"],
    "agentkit.agents": ["EthicsMiddleware", "PlaybookModel", "chat_model"],
    "agentkit.case": ["Case", "Decision", "Operator"],
    "agentkit.clock": ["Clock", "FixedClock", "SystemClock", "parse_instant"],
    "agentkit.consent": ["SERVICE_PURPOSES", "ConsentState", "consent_state"],
    "agentkit.context": [
        "Circumstance",
        "ConsentRecord",
        "Contact",
        "Context",
        "Deed",
        "Person",
        "Relationship",
        "Stop",
        "Touch",
    ],
    "agentkit.crm": ["CRM", "countries_of", "zones_of", "zones_of_number"],
    "agentkit.desk": ["CaseSummary", "CaseView", "Desk", "Turn", "Waiver", "printable"],
    "agentkit.engine": ["worker_alive"],
    "agentkit.entry": ["Entry"],
    "agentkit.errors": ["AgentkitError", "InvalidAction", "ModelError", "PluginError"],
    "agentkit.evidence": ["Evidence", "Failed", "Finding", "Gap", "Span", "Unknown", "fact"],
    "agentkit.gate": ["Gate"],
    "agentkit.hookspecs": ["Manifest", "hookimpl"],
    "agentkit.inbound": ["Inbound", "Receipt", "Receiver"],
    "agentkit.jurisdiction": ["Jurisdiction", "jurisdiction_of"],
    "agentkit.kinds": ["ActionKind", "Arg", "Kinds"],
    "agentkit.permit": ["Claim", "Effect", "Permit"],
    "agentkit.pipeline": ["Pipeline"],
    "agentkit.pipeline.build": ["build"],
    "agentkit.settings": ["Settings", "load_settings"],
    "agentkit.verdict": ["Review", "Revision", "Ruling", "Verdict"],
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "CRM",
    "SERVICE_PURPOSES",
    "Action",
    "ActionKind",
    "Agent",
    "AgentkitError",
    "Arg",
    "Case",
    "CaseSummary",
    "CaseView",
    "Circumstance",
    "Claim",
    "Clock",
    "ConsentRecord",
    "ConsentState",
    "Contact",
    "Context",
    "Decision",
    "Deed",
    "Desk",
    "Effect",
    "Entry",
    "EthicsMiddleware",
    "Evidence",
    "Failed",
    "Finding",
    "FixedClock",
    "Gap",
    "Gate",
    "Inbound",
    "InvalidAction",
    "Jurisdiction",
    "Kinds",
    "Manifest",
    "ModelError",
    "Observation",
    "Operator",
    "Permit",
    "Person",
    "Pipeline",
    "PlaybookModel",
    "PluginError",
    "Receipt",
    "Receiver",
    "Register",
    "Relationship",
    "Review",
    "Revision",
    "Ruling",
    "Scope",
    "Sender",
    "Settings",
    "Span",
    "Stop",
    "SystemClock",
    "Touch",
    "Turn",
    "Unknown",
    "Verdict",
    "Waiver",
    "build",
    "chat_model",
    "consent_state",
    "countries_of",
    "fact",
    "hookimpl",
    "jurisdiction_of",
    "load_register",
    "load_settings",
    "parse_instant",
    "printable",
    "worker_alive",
    "zones_of",
    "zones_of_number",
]


def __getattr__(name: str) -> Any:
    """Import a public name from the module that defines it."""
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module 'agentkit' has no attribute {name!r}")
    return getattr(import_module(home), name)


def __dir__() -> list[str]:
    """The public names."""
    return __all__
