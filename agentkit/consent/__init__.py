"""Consent: what people agreed to, derived from events; objections take effect at once."""

from __future__ import annotations

from agentkit.consent.points import normal_channel, normal_point, point_key
from agentkit.consent.record import (
    Recorded,
    events_of,
    record_consent,
    record_consents,
    withdraw,
)
from agentkit.consent.state import ConsentState, state
from agentkit.consent.state import state as consent_state
from agentkit.consent.stopping import Objection, stop_actions
from agentkit.consent.suppress import suppress, suppressed, suppression_token

__all__ = [
    "ConsentState",
    "Objection",
    "Recorded",
    "consent_state",
    "events_of",
    "normal_channel",
    "normal_point",
    "point_key",
    "record_consent",
    "record_consents",
    "state",
    "stop_actions",
    "suppress",
    "suppressed",
    "suppression_token",
    "withdraw",
]
