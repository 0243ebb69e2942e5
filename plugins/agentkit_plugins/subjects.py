"""Whether a subject line announces what the body is not: a reply, an invoice, a summons."""

# ruff: noqa: E501  (a pattern reads better unbroken)

from __future__ import annotations

import re
from typing import Final, Literal

from agentkit import Action, Person

__all__ = ["SubjectKind", "subject_of", "without_reply_mark"]

SubjectKind = Literal["none", "plain", "false_reply", "false_document"]

_REPLY: Final = re.compile(
    r"^\s*(?:re|aw|antw|antwort|rép|rv|wg|fwd?|tr)\s?(?:\[\d+\])?\s?:", re.IGNORECASE
)
_DOCUMENTS: Final = (
    (  # invoices and reminders
        re.compile(
            r"\b(?:invoice|payment (?:due|overdue|reminder)|overdue|past due|rechnung|mahnung|"
            r"zahlungserinnerung|facture|impayé|rappel de paiement|factura|impago)\b",
            re.IGNORECASE,
        ),
        re.compile(
            r"\b(?:invoice\w*|balance|amount|payable|owe|paid|payment|statement|rechnung\w*|betrag|"
            r"zahl\w*|überweis\w*|mahn\w*|facture\w*|montant|régl\w*|paiement|solde|payer|payable|"
            r"factura\w*|importe|pag\w+|saldo)\b",
            re.IGNORECASE,
        ),
    ),
    (  # courts and lawyers
        re.compile(
            r"\b(?:summons|court|lawsuit|legal (?:notice|action)|final notice|vorladung|klage|gericht\w*|"
            r"letzte mahnung|convocation|tribunal|mise en demeure|citación judicial|juzgado|demanda)\b",
            re.IGNORECASE,
        ),
        re.compile(
            r"\b(?:court|claim\w*|lawyer|legal|hearing|debt|gericht\w*|anwalt\w*|klage\w*|forderung\w*|"
            r"tribunal|avocat\w*|créance|dette|juzgado|abogad\w+|deuda)\b",
            re.IGNORECASE,
        ),
    ),
    (  # parcels and orders
        re.compile(
            r"\b(?:your (?:parcel|order|delivery)|ihr(?:e)? (?:paket|bestellung|lieferung|sendung)|"
            r"votre (?:colis|commande|livraison)|su (?:paquete|pedido|envío))\b",
            re.IGNORECASE,
        ),
        re.compile(
            r"\b(?:parcel\w*|order\w*|deliver\w*|ship\w*|courier|paket\w*|bestell\w*|liefer\w*|"
            r"sendung\w*|versand\w*|colis|command\w*|livr\w*|paquete\w*|pedido\w*|entreg\w*|envi\w+)\b",
            re.IGNORECASE,
        ),
    ),
    (  # locked accounts and security
        re.compile(
            r"\b(?:account (?:suspended|locked|closed)|security alert|konto gesperrt|sicherheitswarnung|"
            r"compte (?:suspendu|bloqué)|alerte de sécurité|cuenta (?:suspendida|bloqueada)|"
            r"alerta de seguridad)\b",
            re.IGNORECASE,
        ),
        re.compile(
            r"\b(?:account\w*|password|sign in|login|security|konto\w*|kennwort|passwort|anmeld\w*|"
            r"compte\w*|mot de passe|cuenta\w*|contraseña)\b",
            re.IGNORECASE,
        ),
    ),
)
"""What a subject announces, and words of which a body that is it holds at least one."""


def subject_of(action: Action, person: Person | None) -> SubjectKind:
    """Compare a subject line with the body below it and with what was said before.

    ``Re:`` needs a message to reply to: a contact on record, or what the agent has just read. Where
    nothing says whether there was one, only marketing is taken to pretend.
    """
    subject = action.args.get("subject_line", "")
    if not isinstance(subject, str) or not subject.strip():
        return "none"
    if _REPLY.match(subject) and _nothing_before(action, person):
        return "false_reply"
    for announced, body in _DOCUMENTS:
        if announced.search(subject) and action.text and not body.search(action.text):
            return "false_document"
    return "plain"


def _nothing_before(action: Action, person: Person | None) -> bool:
    if action.observations:
        return False
    if person is None:
        return action.purpose == "marketing"
    if person.history or person.contact.relationship.last_inquiry is not None:
        return False
    return person.history_known or action.purpose == "marketing"


def without_reply_mark(subject: str) -> str:
    """A subject line without ``Re:`` and its like."""
    plain = _REPLY.sub("", subject, count=1).strip()
    return plain[:1].upper() + plain[1:]
