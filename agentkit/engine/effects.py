"""Calling a CRM outside, and what its answers mean.

Only what a connector declares transient is tried again. An answer that is lost is *unknown*: it is
never turned into a second try, because the first may have reached a person.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from tenacity import (
    Retrying,
    retry_if_exception_type,
    stop_after_attempt,
    stop_after_delay,
    wait_exponential,
    wait_random,
)

from agentkit.action import Action
from agentkit.crm import CRM
from agentkit.engine.permits import LEASE
from agentkit.errors import ConnectorError, TransientConnectorError, UnknownOutcome
from agentkit.permit import Claim, Effect

__all__ = ["ATTEMPTS", "perform", "postponement"]

ATTEMPTS: Final = 4
"""Most calls under one claim."""
MAX_POSTPONED: Final = 8
"""After so many claims that found the outside system down, the action has failed."""
_BUDGET: Final = LEASE / 3
"""Time for all calls under one claim: no new call begins afterwards, well before the lease ends."""


def perform(crm: CRM, action: Action, claim: Claim, now: datetime) -> Effect:
    """Call the connector, again where that is safe: exponential waits with jitter, bounded.

    Args:
        crm: A connector that is not transactional.
        action: What to do.
        claim: Under which claim.
        now: The instant, for effects that are known here.

    Returns:
        The effect; ``unknown`` where the connector does not know, or broke.

    Raises:
        TransientConnectorError: certainly not done, in every attempt.
    """
    calls = Retrying(
        retry=retry_if_exception_type(TransientConnectorError),
        stop=stop_after_attempt(ATTEMPTS) | stop_after_delay(_BUDGET.total_seconds()),
        wait=wait_exponential(multiplier=0.1, max=5.0) + wait_random(0, 0.2),
        reraise=True,
    )
    try:
        return calls(crm.perform, action, claim)
    except TransientConnectorError:
        raise
    except UnknownOutcome as error:
        return _effect(action, "unknown", error, now)
    except ConnectorError as error:
        return _effect(action, "failed", error, now)
    except Exception as error:  # noqa: BLE001  (foreign code that broke half way: nobody knows)
        return _effect(action, "unknown", error, now)


def _effect(action: Action, outcome: str, error: Exception, now: datetime) -> Effect:
    """An effect with the kind of error only: a message may hold personal data."""
    detail = {"error": type(error).__name__}
    return Effect(action.id, "failed" if outcome == "failed" else "unknown", action.id, now, detail)


def postponement(attempt: int) -> timedelta | None:
    """How long to leave an outside system alone after so many claims that found it down.

    Returns:
        One minute, doubled each time, at most an hour; None where it has been enough.
    """
    if attempt >= MAX_POSTPONED:
        return None
    return min(timedelta(minutes=2 ** (attempt - 1)), timedelta(hours=1))
