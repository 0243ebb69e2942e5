"""The CRM as tools: reads that are answered, and writes that are only proposed."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from langchain_core.tools import BaseTool, StructuredTool

from agentkit.action import Action
from agentkit.context import Person
from agentkit.crm.catalogue import field_catalogue, purposes_of
from agentkit.crm.rows import last_mail
from agentkit.errors import ModelError
from agentkit.pipeline import Pipeline

__all__ = ["PROPOSALS", "READS", "ActionBuilder", "crm_tools"]

ActionBuilder = Callable[[Mapping[str, Any]], dict[str, Any]]
"""From a tool call's arguments to the fields of an action."""


def _message(args: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "kind": "message.send",
        "subject": args["contact"],
        "channel": args.get("channel", "email"),
        "purpose": args.get("purpose", "marketing"),
        "text": args["text"],
        "args": {"subject_line": args.get("subject_line", "")},
        "records": {k: args[k] for k in ("deal", "product") if args.get(k)},
        "confidence": args.get("confidence"),
    }


def _score(args: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "kind": "lead.score",
        "subject": args["contact"],
        "args": {"score": args["score"], "inputs": args.get("inputs") or {}},
        "reason": args.get("reason", ""),
    }


def _offer(args: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "kind": "offer.set",
        "subject": args["contact"],
        "args": {
            "amount": args["amount"],
            "currency": args.get("currency", ""),
            "discount": args.get("discount", 0.0),
            "inputs": args.get("inputs") or {},
        },
        "records": {"deal": args["deal"]} if args.get("deal") else {},
        "reason": args.get("reason", ""),
    }


def _ticket(args: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "kind": "ticket.open",
        "subject": args["contact"],
        "args": {"title": args["title"], "priority": args.get("priority", "")},
    }


def _refund(args: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "kind": "refund.pay",
        "subject": args["contact"],
        "args": {"amount": args["amount"], "currency": args["currency"]},
        "records": {"ticket": args["ticket"]} if args.get("ticket") else {},
        "reason": args.get("reason", ""),
    }


PROPOSALS: Final[Mapping[str, ActionBuilder]] = {
    "send_message": _message,
    "score_lead": _score,
    "set_offer": _offer,
    "open_ticket": _ticket,
    "pay_refund": _refund,
}
"""Tools whose calls become actions."""
READS: Final = frozenset({"get_contact", "compute_score", "read_mail"})
"""Tools that only read: judged as ``record.read`` and answered."""


def send_message(
    contact: str,
    text: str,
    subject_line: str = "",
    channel: str = "email",
    purpose: str = "marketing",
    deal: str = "",
    product: str = "",
    confidence: float | None = None,
) -> str:
    """Propose a message to a contact. ``deal`` and ``product`` are ids that the text speaks of."""
    raise _only_proposed(contact, text, subject_line, channel, purpose, deal, product, confidence)


def score_lead(
    contact: str, score: float, inputs: dict[str, Any] | None = None, reason: str = ""
) -> str:
    """Propose a score of 0 to 100 for a lead, with the inputs that it rests on."""
    raise _only_proposed(contact, score, inputs, reason)


def set_offer(
    contact: str,
    amount: float,
    currency: str = "",
    discount: float = 0.0,
    deal: str = "",
    inputs: dict[str, Any] | None = None,
    reason: str = "",
) -> str:
    """Propose an offer to a contact; ``discount`` is a fraction, 0.1 for ten percent."""
    raise _only_proposed(contact, amount, currency, discount, deal, inputs, reason)


def open_ticket(contact: str, title: str, priority: str = "") -> str:
    """Propose a ticket about a contact."""
    raise _only_proposed(contact, title, priority)


def pay_refund(
    contact: str, amount: float, currency: str, ticket: str = "", reason: str = ""
) -> str:
    """Propose a refund to a contact; ``ticket`` is the id of the ticket that grants it."""
    raise _only_proposed(contact, amount, currency, ticket, reason)


def _only_proposed(*arguments: object) -> RuntimeError:
    del arguments
    return RuntimeError("this tool only proposes: run the agent with EthicsMiddleware")


def _fields_of(person: Person) -> dict[str, Any]:
    """Everything about a person that is no record of its own; the business's own fields, too."""
    c = person.contact
    own = {
        "name": c.name, "email": c.email, "phone": c.phone, "language": c.language,
        "country": c.country, "company": c.company, "type": c.type, "owner": c.owner,
        "segment": c.fields.get("segment", ""),
        "last_purchase": c.relationship.last_purchase,
    }  # fmt: skip
    return {**c.fields, **own}


@dataclass
class _Reader:
    """Reads what an agent may see: the fields that its purpose needs, by the field catalogue."""

    pipeline: Pipeline
    agent: str

    def __post_init__(self) -> None:
        """Read the catalogue once."""
        self.catalogue = field_catalogue(self.pipeline.settings)

    def get_contact(self, contact: str, purpose: str = "") -> str:
        """What is known of a contact, for a purpose: language, country, company, deals, tickets.

        Fields that the purpose does not need are null and listed under ``hidden``.
        """
        person = self._person(contact)
        if person is None:
            return json.dumps({"error": f"no contact {contact}"})
        wanted = purposes_of(self.pipeline.gate.register.get(self.agent), purpose)
        shown, hidden = self.catalogue.shown("contact", _fields_of(person), wanted)
        records = {}
        for kind, fields in person.records.items():
            records[kind], more = self.catalogue.shown(kind, fields, wanted)
            hidden += more
        known = {"contact": person.contact.id, **shown, "records": records, "hidden": hidden}
        return json.dumps(known, default=str, ensure_ascii=False)

    def compute_score(self, contact: str) -> str:
        """The score that this business's scoring function gives a lead, and its inputs."""
        person = self._person(contact)
        decisions = self.pipeline.plugins.decisions
        function = decisions.get(f"{self.agent}/lead.score") or decisions.get("*/lead.score")
        if person is None or function is None:
            return json.dumps({"error": f"no contact {contact}, or no scoring function"})
        return json.dumps(dict(function(self._asking(contact), person)), default=str)

    def read_mail(self, contact: str) -> str:
        """What a contact wrote last by e-mail; whether it asks for a person or for no more ads."""
        with self.pipeline.store.read() as conn:
            mail = last_mail(conn, self.pipeline.settings.tenant, contact)
        if mail is None:
            return json.dumps({"error": f"{contact} wrote no mail"})
        text = str(mail.get("text") or "")
        sorted_ = {"needs_person": self._flag("needs_human", text)}
        sorted_["opts_out"] = self._flag("opt_out", text)
        known = {"mail": mail.get("id", ""), "at": mail.get("at", ""), "text": text, **sorted_}
        return json.dumps(known, default=str, ensure_ascii=False)

    def _flag(self, head: str, text: str) -> bool:
        """Whether a classifier flags a text; what it cannot score is for a person."""
        context = self.pipeline.gate.context(self._asking(""))
        try:
            score = context.classify(head, [text])[0]
        except ModelError:
            return True
        return bool(score.flags.get(head, head not in score.scores))

    def _asking(self, contact: str) -> Action:
        return Action.create(
            id="read", kind="lead.score", agent=self.agent, subject=contact,
            tenant=self.pipeline.settings.tenant,
        )  # fmt: skip

    def _person(self, contact: str) -> Person | None:
        action = self._asking(contact)
        return self.pipeline.gate.people.people(action.tenant, [action]).get(contact)


def crm_tools(pipeline: Pipeline, agent: str) -> dict[str, BaseTool]:
    """Every CRM tool by name, reading for one agent."""
    reader = _Reader(pipeline, agent)
    functions: list[Callable[..., str]] = [
        send_message, score_lead, set_offer, open_ticket, pay_refund, reader.get_contact,
        reader.compute_score, reader.read_mail,
    ]  # fmt: skip
    return {f.__name__: StructuredTool.from_function(f) for f in functions}
