"""Four cases in plain words: one for a person, one refused, one rewritten, one misled by a mail."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from agentkit.canonical import from_json
from agentkit.constitution.explain import explain_all
from agentkit.desk import printable
from agentkit.store import execute
from agentkit.store.actions import find_action, open_review

if TYPE_CHECKING:
    from agentkit.pipeline import Pipeline
    from agentkit.verdict import Review

__all__ = ["CaseTold", "four_cases"]

_ESCALATED: Final = ("large_offer", "unsure")
_DENIED: Final = ("", "poses", "channel")
_REVISED: Final = ("stock", "deadline", "discount", "only_discount", "undisclosed")
_MISLED: Final = ("credit", "doubled", "portal", "unseen")
_WITHDREW: Final = "80412370292"
"""Anke Petersen, who took back her consent to the newsletter a week before."""


@dataclass(frozen=True)
class CaseTold:
    """One case.

    Attributes:
        what: ``escalated``, ``denied``, ``revised`` or ``misled``.
        headline: What the agent wanted.
        why: A sentence for each article.
        changes: For a rewrite, lines that begin with ``-`` or ``+``.
        end: What became of it.
    """

    what: str
    headline: str
    why: tuple[str, ...]
    changes: tuple[str, ...] = ()
    end: str = ""


def four_cases(pipeline: Pipeline, slips: Sequence[Any]) -> list[CaseTold]:
    """One of each, as far as there are any."""
    persons = {slip.name: slip.person for slip in reversed(slips)} | {"": _WITHDREW}
    wanted = (
        ("escalated", "ruling = 'escalate'", [persons[n] for n in _ESCALATED if n in persons]),
        ("denied", "ruling = 'deny'", [persons[n] for n in _DENIED if n in persons]),
        ("revised", "state = 'performed'", [persons[n] for n in _REVISED if n in persons]),
        ("misled", "ruling = 'escalate'", [persons[n] for n in _MISLED if n in persons]),
    )
    told = [_first(pipeline, what, condition, who) for what, condition, who in wanted]
    return [case for case in told if case is not None]


def _first(
    pipeline: Pipeline, what: str, condition: str, persons: Sequence[str]
) -> CaseTold | None:
    """The case of the first of these persons who has one; nobody else's will do as well."""
    sql = (
        "select id from actions where tenant = ? and person = ? and agent = ? "
        f"and {condition} order by created_at desc, id"
    )
    tenant, agent = pipeline.settings.tenant, "triage" if what == "misled" else "outreach"
    for person in persons:
        with pipeline.store.read() as conn:
            ids = [row[0] for row in execute(conn, sql, (tenant, person, agent))]
            stored = [find_action(conn, tenant, i) for i in ids]
            kept = [open_review(conn, pipeline.store.vault, s) for s in stored if s is not None]
        for one in kept:
            review = None if one is None else one.review()
            if review is not None and (what != "revised" or _loses_words(review)):
                return _told(pipeline, what, review)
    return None


def _told(pipeline: Pipeline, what: str, review: Review) -> CaseTold:
    name = _name(pipeline, review.action.subject)
    if what == "revised":
        return CaseTold(
            what, _wanted(review, name), tuple(_cured(pipeline, review)),
            tuple(_changes(review.proposed.text, review.action.text)),
            "the new text was judged again, allowed and sent",
        )  # fmt: skip
    why = tuple(dict.fromkeys(explain_all(review, pipeline.gate.policy, contact_name=name)))
    end = "nobody decides this: it is refused" if what == "denied" else _waiting(pipeline, review)
    return CaseTold(what, _wanted(review, name), why, end=end)


def _wanted(review: Review, name: str) -> str:
    action = review.action
    if action.kind == "offer.set":
        amount, rate = action.args["amount"], action.args.get("discount", 0.0)
        return f"an offer of {amount:,.0f} {action.args.get('currency')} to {name}, {rate:.0%} off"
    if action.kind == "refund.pay":
        return f"a refund of {action.args['amount']:,.0f} {action.args['currency']} to {name}"
    return f"a {action.purpose} message to {name} by {action.channel}"


def _cured(pipeline: Pipeline, review: Review) -> Iterator[str]:
    """What the articles that asked for the rewrite say, as far as it names no values."""
    for revision in review.verdict.revisions:
        for id_ in revision.articles:
            located = pipeline.gate.policy.article(id_)
            if located is not None:
                yield located.article.because.partition("{")[0].rstrip(" :(")


def _loses_words(review: Review) -> bool:
    """A rewrite that takes something out: most only add the lines that a law asks for."""
    changes = _changes(review.proposed.text, review.action.text)
    return any(line.startswith("- ") for line in changes)


def _changes(before: str, after: str) -> Iterator[str]:
    """Lines that differ; what a customer's name may hold moves no cursor."""
    for line in difflib.ndiff(printable(before).splitlines(), printable(after).splitlines()):
        if line[:2] in {"- ", "+ "} and line[2:].strip():
            yield line


def _name(pipeline: Pipeline, person: str) -> str:
    contact = pipeline.crm.contact(pipeline.settings.tenant, person)
    return printable(contact.name, lines=False) if contact is not None else person


def _waiting(pipeline: Pipeline, review: Review) -> str:
    sql = "select id, articles from cases where tenant = ? and action = ? and state = 'open'"
    with pipeline.store.read() as conn:
        row = execute(conn, sql, (review.action.tenant, review.action.id)).first()
    if row is None:
        return "it waits for a person"
    count = len(from_json(row[1]))
    asks = "one rule asks" if count == 1 else f"{count} rules ask"
    return f"{asks} for a person: it waits as case {row[0]}"
