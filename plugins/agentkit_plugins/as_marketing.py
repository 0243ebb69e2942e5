"""Whether a message could go out as marketing, whatever its agent calls it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Literal, NamedTuple

from agentkit import Action, Context, Ruling, Verdict
from agentkit_plugins import consent

__all__ = ["AsMarketing", "Reach", "as_marketing", "may_stay"]

Reach = Literal["as_declared", "permitted", "no_ground", "objected", "open"]


class AsMarketing(NamedTuple):
    """What the records say of the same message under the purpose of marketing.

    Attributes:
        reach: ``permitted`` only where a ground is certain and nobody objected; ``open`` where the
            record does not tell. (``as_declared`` is for messages of which nobody asked this.)
        recent: Marketing contacts of the last seven days.
        oldest: The first of them; now if there is none.
    """

    reach: Reach
    recent: int
    oldest: datetime


def as_marketing(action: Action, context: Context) -> AsMarketing:
    """Examine an action's consent as if it were declared as marketing."""
    found = consent.examine(replace(action, purpose="marketing"), context)
    if not isinstance(found, consent.Consent):
        return AsMarketing("open", 0, context.now)
    recent, oldest = found.recent_marketing, found.oldest_recent
    if not isinstance(recent, int) or not isinstance(oldest, datetime):
        return AsMarketing("open", 0, context.now)
    return AsMarketing(_reach(found), recent, oldest)


def may_stay(action: Action, verdict: Verdict, context: Context) -> bool:
    """Whether the advertising in a service message may go out now, as it is.

    Not where marketing may not reach the person, and not where it has to wait or is denied now:
    the service message itself does not wait.
    """
    held = any(f.revise and f.ruling in {Ruling.DEFER, Ruling.DENY} for f in verdict.fired)
    return not held and as_marketing(action, context).reach == "permitted"


def _reach(found: consent.Consent) -> Reach:
    if found.suppressed is True or found.status in {"withdrawn", "refused"}:
        return "objected"
    if found.basis == "none":
        return "no_ground"
    return "permitted" if isinstance(found.basis, str) and found.suppressed is False else "open"
