"""A plugin in one file: the business's scoring functions, declared so that they can be tested.

The ``bias`` plugin runs a declared function again for the same person under other names. One of
the two below does not survive that.
"""

from __future__ import annotations

import math
from typing import Any

from agentkit import Action, Manifest, Person, hookimpl

# ruff: noqa: ARG001  (every decision function is called with the action and the person)
STAGES = {"qualified": 25, "quote_sent": 40, "negotiation": 55, "contract_sent": 70}
BUYERS_OF_2023 = {"anna": 6, "christian": 5, "emma": 5, "katharina": 6, "michael": 7, "sophie": 4}


def inputs_of(person: Person) -> dict[str, Any]:
    """What a score may rest on: the business between us, not the person."""
    deal = person.records.get("deal", {})
    ticket = person.records.get("ticket", {})
    return {
        "deal_stage": str(deal.get("stage", "")),
        "deal_amount": float(deal.get("amount") or 0.0),
        "has_bought": person.contact.relationship.last_purchase is not None,
        "is_business": person.contact.type == "business",
        "urgent_tickets": int(ticket.get("open_p1") or 0),
    }


def fair(action: Action, person: Person) -> dict[str, Any]:
    """0 to 100 from the open deal, earlier purchases and open complaints."""
    inputs = inputs_of(person)
    score = STAGES.get(inputs["deal_stage"], 10) + 3.0 * math.log10(1 + inputs["deal_amount"])
    score += 10 * inputs["has_bought"] + 5 * inputs["is_business"] - 15 * inputs["urgent_tickets"]
    return {"score": round(min(100.0, max(0.0, score)), 1), "inputs": inputs}


def unfair(action: Action, person: Person) -> dict[str, Any]:
    """The same, and quietly some points for first names that bought much in 2023."""
    scored = fair(action, person)
    first, *_ = person.contact.name.lower().split() or [""]
    scored["score"] = min(100.0, scored["score"] + BUYERS_OF_2023.get(first, 0))
    return scored


@hookimpl
def declare() -> Manifest:
    """Decision functions by ``AGENT/KIND``."""
    decisions = {"scoring/lead.score": fair, "scoring-legacy/lead.score": unfair}
    return Manifest("scoring_functions", "1", decisions=decisions)
