"""Lasting circumstances of a person: what agents must know before they promote anything."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from agentkit import (
    Action,
    Circumstance,
    Context,
    Evidence,
    Manifest,
    Unknown,
    fact,
    hookimpl,
)

__all__ = ["Circumstances"]

_NO_END: Final = datetime(9999, 12, 31, tzinfo=UTC)
_WAITS: Final = "not_before"
_UNDECIDED: Final = frozenset({"revocation_unclear", "rights_request"})
_QUARREL: Final = frozenset({"complaint", "dispute"})


class Circumstances(
    Evidence,
    namespace="circumstance",
    version=2,
    kinds=["message.send", "call.place", "offer.set", "segment.add"],
    volatile=True,
):
    """What holds for the person now; a kind that nobody knows counts as vulnerable."""

    active: tuple[str, ...] | Unknown = fact(personal=True, doc="kinds that hold now, in order")
    promotion_paused: bool | Unknown = fact(personal=True, doc="one of them pauses promotion")
    vulnerable: bool | Unknown = fact(
        personal=True, doc="bereavement, hardship, vulnerability, a minor"
    )
    quarrel: bool | Unknown = fact(personal=True, doc="an open complaint or dispute")
    undecided: bool | Unknown = fact(
        personal=True, doc="a person at the desk decides on a withdrawal or a deletion"
    )
    until: datetime | Unknown = fact(
        personal=True,
        doc="end of what pauses; 9999-12-31 where it has none; now where nothing does",
    )
    not_before: datetime | Unknown = fact(
        personal=True, doc="when they asked to be contacted; now where they asked for no time"
    )


@hookimpl
def declare() -> Manifest:
    """What this plugin brings."""
    return Manifest("circumstances", "2", evidence=(Circumstances,))


@hookimpl
def examine(action: Action, context: Context) -> Circumstances:
    """Read what stands in the record; nothing is guessed from the text."""
    person = context.person(action)
    if person is None:
        return Circumstances(*[Unknown("the CRM has no such contact")] * 7)
    now = context.now
    holding = [c for c in person.circumstances if c.holds(now)]
    if not holding:
        return Circumstances((), False, False, False, False, now, now)
    kinds = {c.kind for c in holding}
    pausing = [c for c in holding if c.kind != _WAITS]
    return Circumstances(
        tuple(sorted(kinds)),
        bool(pausing),
        bool(kinds - {_WAITS} - _UNDECIDED - _QUARREL),
        bool(kinds & _QUARREL),
        bool(kinds & _UNDECIDED),
        _latest(pausing, now),
        _latest([c for c in holding if c.kind == _WAITS], now),
    )


def _latest(found: list[Circumstance], now: datetime) -> datetime:
    return max((c.until or _NO_END for c in found), default=now)
