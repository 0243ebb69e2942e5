"""What each type of message leads to, inside the transaction that keeps it."""

from __future__ import annotations

from typing import Final

from agentkit.consent import (
    consent_state,
    events_of,
    person_key,
    set_circumstance,
    suppress,
    withdraw,
)
from agentkit.consent.state import OBJECTIONS
from agentkit.context import Contact
from agentkit.crm import zones_of
from agentkit.desk import close_answered
from agentkit.inbound.clocks import clocks_for
from agentkit.inbound.dates import not_before, wish_of
from agentkit.inbound.message import Inbound
from agentkit.inbound.questions import ask_about_right, ask_about_withdrawal
from agentkit.inbound.reading import Reading, Scope
from agentkit.inbound.work import Work

__all__ = ["handle"]

_NOT_THE_POINT: Final = ("5.2.2", "5.3.4", "5.7.")
"""Permanent codes that say nothing about the mailbox: full, too large, refused by policy."""


def handle(work: Work, reading: Reading) -> None:
    """Do what the message asks for; the receipt says what that was.

    Args:
        work: The message and its transaction.
        reading: What its words say; empty for messages that are no replies.
    """
    kind = work.message.type
    if kind == "reply":
        _reply(work, reading)
    elif kind == "bounce":
        _bounce(work)
    elif kind == "complaint":
        _complaint(work)
    else:
        purpose = work.message.purpose or "marketing"
        why = "the provider says that they opted out" if kind == "stop" else "one-click post"
        _withdraw(work, Scope(work.message.channel, purpose), why)


def _reply(work: Work, reading: Reading) -> None:
    receipt = work.receipt
    receipt.language = reading.language if reading.scores else ""
    if reading.withdrawal == "certain":
        work.sentence = reading.sentence
        _withdraw(work, reading.scope, reading.why)
    if reading.rights:
        ask_about_right(work, reading)
    elif reading.withdrawal == "unclear":
        if all(_objected(work, c, reading.scope) for c in work.ids):
            receipt.note("ignored", "it may be a withdrawal, and that is recorded already")
        else:
            ask_about_withdrawal(work, reading, reading.scope)
    for kind, sentence in reading.circumstances:
        _set(work, kind, sentence)
    if reading.withdrawal != "certain":
        _wait(work)
    if not receipt.done:
        receipt.note("ignored", reading.why or "nothing in it asks for anything that is kept here")


def _withdraw(work: Work, scope: Scope, why: str, *, brand: str | None = None) -> None:
    """Record a withdrawal for everybody who has the point; what waits for them stops."""
    named = work.brand if brand is None else brand
    point, event = work.point_for(scope.channel), ""
    stopped: list[str] = []
    fresh = not all(_objected(work, contact, scope) for contact in work.ids)
    for contact in work.ids if not point or not work.contacts else work.ids[:1]:
        done = withdraw(
            work.unit, work.tenant, contact, now=work.now, at=work.at, point=point,
            channel=scope.channel, purpose=scope.purpose, brand=named, source=work.source,
            proof=work.source, actor="inbound",
        )  # fmt: skip
        stopped += done.stopped
        event = event or done.event
    scope_of_all = (scope.channel, scope.purpose, named)
    person = person_key(work.ids[0], work.token)
    close_answered(work.unit, work.tenant, person, scope_of_all, event, work.now)
    work.receipt.withdrawn = {
        "channel": scope.channel, "purpose": scope.purpose, "brand": named, "at": work.at,
        "event": event, "stopped": stopped, "fresh": fresh,
    }  # fmt: skip
    work.receipt.clocks = clocks_for(work.country, scope.channel, work.at).to_json()
    work.receipt.note("withdrawn", why)


def _objected(work: Work, contact: str, scope: Scope) -> bool:
    """Whether a withdrawal of this scope stands already."""
    point = work.point_for(scope.channel)
    events = events_of(work.unit.conn, work.tenant, contact, [work.message.sender])
    purpose = scope.purpose or "marketing"
    found = consent_state(events, point, scope.channel, purpose, work.brand, work.now)
    record = found.record
    wide = record is not None and (not record.brand or record.brand == work.brand)
    return found.status in OBJECTIONS and wide


def _bounce(work: Work) -> None:
    if not _is_hard(work.message):
        work.receipt.note("ignored", "a soft bounce: the mailbox may work tomorrow")
        return
    suppress(
        work.unit, work.tenant, work.message.sender, now=work.now, reason="bounce",
        channel=work.message.channel, actor="inbound",
    )  # fmt: skip
    work.receipt.note("suppressed", "a hard bounce: nobody is reached there")


def _is_hard(message: Inbound) -> bool:
    word = message.bounce.lower()
    if word:
        return word in {"hard", "permanent", "undelivered"}
    return message.status.startswith("5.") and not message.status.startswith(_NOT_THE_POINT)


def _complaint(work: Work) -> None:
    """A feedback loop says "spam": promotion from this sender ends for the point, every brand."""
    _withdraw(work, Scope(work.message.channel, "marketing"), "a complaint", brand="")
    suppress(
        work.unit, work.tenant, work.message.sender, now=work.now, reason="complaint",
        channel=work.message.channel, purpose="marketing", actor="inbound",
    )  # fmt: skip
    work.receipt.note("suppressed")


def _set(work: Work, kind: str, sentence: str) -> None:
    for contact in work.ids:
        made = set_circumstance(
            work.unit, work.tenant, contact, kind, now=work.now, since=work.at, actor="inbound",
            point_token="" if contact else work.token, source=work.source, words=sentence,
        )  # fmt: skip
    work.receipt.circumstances.append({"kind": kind, "until": made.until})
    work.receipt.note("paused", "they wrote of lasting circumstances")


def _wait(work: Work) -> None:
    """Note when they asked to be contacted, each in the zones that are plausible for them."""
    words = work.message.text
    for contact in work.contacts or (Contact(""),):
        until = not_before(words, work.at, _zones(contact))
        if until is None or until <= work.now:
            continue
        set_circumstance(
            work.unit, work.tenant, contact.id, "not_before", now=work.now, since=work.at,
            until=until, point_token="" if contact.id else work.token, source=work.source,
            words=wish_of(words), actor="inbound",
        )  # fmt: skip
        work.receipt.until = max(until, work.receipt.until or until)
        work.receipt.note("deferred", "they asked to be contacted later")


def _zones(contact: Contact) -> tuple[str, ...]:
    return (contact.timezone,) if contact.timezone else zones_of(contact.country, contact.region)
