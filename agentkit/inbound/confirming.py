"""One confirmation of a withdrawal, without a word of promotion, within five minutes.

47 CFR 64.1200(a)(12) allows one text that confirms an opt-out, within five minutes and without
marketing; agentkit holds every channel to that. It is an ordinary action: proposed to the gate by
the agent ``inbound``, so where a register of agents is used its charter must name that agent. A
withdrawal that stands already is not confirmed again, nor one that is dealt with too late.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from agentkit.action import Action, Sender
from agentkit.errors import AgentkitError
from agentkit.inbound.work import Work

if TYPE_CHECKING:
    from agentkit.pipeline import Pipeline

__all__ = ["CONFIRM_WITHIN", "confirm"]

CONFIRM_WITHIN: Final = timedelta(minutes=5)
"""47 CFR 64.1200(a)(12)."""
_CHANNELS: Final = frozenset({"sms", "whatsapp", "chat", "email"})
_TEXTS: Final = {
    "en": "You will receive no more promotional messages{brand}. This is an automated message.",
    "de": "Sie erhalten keine werblichen Nachrichten{brand} mehr. "
    "Dies ist eine automatisierte Nachricht.",
    "fr": "Vous ne recevrez plus de messages promotionnels{brand}. "
    "Ceci est un message automatique.",
    "es": "No recibirá más mensajes promocionales{brand}. Este es un mensaje automático.",
}
_SUBJECTS: Final = {
    "en": "Your opt-out", "de": "Ihre Abmeldung", "fr": "Votre désinscription", "es": "Su baja",
}  # fmt: skip
_FROM: Final = {"en": " from {}", "de": " von {}", "fr": " de {}", "es": " de {}"}


def confirm(pipeline: Pipeline, work: Work) -> dict[str, str]:
    """Propose the confirmation of what `work` has withdrawn; says where it stands, or why not."""
    now = pipeline.clock.now()
    refused = _refusal(work, now)
    if refused:
        return {"state": "none", "why": refused}
    action = _confirmation(work)
    try:
        proposal = pipeline.propose(action)
    except AgentkitError as error:  # the withdrawal is recorded: its confirmation may fail
        return {"state": "none", "why": error.message}
    return {"state": proposal.state, "action": action.id}


def _refusal(work: Work, now: datetime) -> str:
    withdrawn = work.receipt.withdrawn or {}
    if work.message.type not in {"reply", "stop"} or work.message.channel not in _CHANNELS:
        return "no person waits for an answer on this channel"
    if not work.contacts:
        return "no contact has this mailbox or number"
    if not withdrawn.get("fresh"):
        return "it was withdrawn before: there is never a second confirmation"
    if now >= work.at + CONFIRM_WITHIN:
        return "more than five minutes have passed"
    return ""


def _confirmation(work: Work) -> Action:
    language = next(
        (code for code in (work.receipt.language, work.contacts[0].language) if code in _TEXTS),
        "en",
    )
    brand = _FROM[language].format(work.brand) if work.brand else ""
    mail = work.message.channel == "email"
    return Action.create(
        id=f"confirm-{work.key}",
        tenant=work.tenant,
        agent="inbound",
        kind="message.send",
        subject=work.contacts[0].id,
        channel=work.message.channel,
        purpose="service",
        args={"subject_line": _SUBJECTS[language]} if mail else {},
        text=_TEXTS[language].format(brand=brand),
        reason="confirms a withdrawal",
        deadline=work.at + CONFIRM_WITHIN,
        sender=Sender(work.brand, work.settings.country),
    )
