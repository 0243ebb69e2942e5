"""The CRM: what every connector promises, the built-in one, people for the gate, imports."""

from __future__ import annotations

from agentkit.crm.builtin import BuiltinCRM, Message
from agentkit.crm.interface import CRM, Capabilities
from agentkit.crm.people import InlinePeople, StorePeople
from agentkit.crm.states import consent_states
from agentkit.crm.views import People, PeopleSource
from agentkit.crm.whereabouts import countries_of, zones_of_number
from agentkit.crm.zones import zones_of

__all__ = [
    "CRM",
    "BuiltinCRM",
    "Capabilities",
    "InlinePeople",
    "Message",
    "People",
    "PeopleSource",
    "StorePeople",
    "consent_states",
    "countries_of",
    "zones_of",
    "zones_of_number",
]
