"""Consent: what people agreed to, derived from events; objections take effect at once."""

from __future__ import annotations

from agentkit.consent.circumstances import (
    CIRCUMSTANCES,
    UNDECIDED,
    CircumstanceKind,
    Standing,
    circumstances_of,
    lift_circumstance,
    list_circumstances,
    person_key,
    release_circumstances,
    set_circumstance,
    standing_of,
)
from agentkit.consent.points import normal_channel, normal_domain, normal_point, point_key
from agentkit.consent.purposes import SERVICE_PURPOSES, normal_basis, normal_purpose
from agentkit.consent.record import (
    Recorded,
    events_of,
    record_consent,
    record_consents,
    withdraw,
)
from agentkit.consent.state import ConsentState, state
from agentkit.consent.state import state as consent_state
from agentkit.consent.stopping import DESK_KINDS, Objection, contacts_at, stop_actions
from agentkit.consent.suppress import Suppression, suppress, suppressed, suppression_token

__all__ = [
    "CIRCUMSTANCES",
    "DESK_KINDS",
    "SERVICE_PURPOSES",
    "UNDECIDED",
    "CircumstanceKind",
    "ConsentState",
    "Objection",
    "Recorded",
    "Standing",
    "Suppression",
    "circumstances_of",
    "consent_state",
    "contacts_at",
    "events_of",
    "lift_circumstance",
    "list_circumstances",
    "normal_basis",
    "normal_channel",
    "normal_domain",
    "normal_point",
    "normal_purpose",
    "person_key",
    "point_key",
    "record_consent",
    "record_consents",
    "release_circumstances",
    "set_circumstance",
    "standing_of",
    "state",
    "stop_actions",
    "suppress",
    "suppressed",
    "suppression_token",
    "withdraw",
]
