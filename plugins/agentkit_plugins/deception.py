"""Whether a message deceives: what a model sees in its words, what the records say of its claims.

Two evidence classes, so that a missing model leaves the facts of the records standing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Literal

from agentkit import (
    Action,
    Context,
    Evidence,
    Failed,
    Finding,
    Manifest,
    ModelError,
    Span,
    Unknown,
    fact,
    hookimpl,
)
from agentkit_plugins.claims import Claim, check
from agentkit_plugins.phrases import CHEERFUL, PRESSURE, fold, place_of
from agentkit_plugins.reading import Reading, read
from agentkit_plugins.senders import words_of
from agentkit_plugins.signatures import is_known
from agentkit_plugins.subjects import subject_of

__all__ = ["Deception", "Truth"]

_HEAD: Final = "deception"
_CLAIMS: Final = frozenset(
    {
        "deadline",
        "scarcity",
        "social_proof",
        "prior_contact",
        "existing_relationship",
        "price_discount",
        "guarantee",
    }
)
"""Labels of the head that a record may make honest; every other one is manipulation."""
_MESSAGES: Final = {
    "contradicted": "“{said}”, but the record says: {record}",
    "unsupported": "“{said}” is not on record",
}


class Deception(Evidence, namespace="deception", version=1, kinds=["message.send"]):
    """What the deception head sees in the words of a message."""

    score: float | Unknown = fact(doc="0 to 1; 0 where there is no text")
    flagged: bool | Unknown = fact(doc="the score reaches the head's threshold")
    claims: tuple[str, ...] | Unknown = fact(doc="deadline, scarcity, price_discount, ...")
    manipulation: tuple[str, ...] | Unknown = fact(doc="pressure, guilt, impersonation, ...")
    promotional: bool | Unknown = fact(doc="the promotional head flags the text")


class Truth(Evidence, namespace="truth", version=2, kinds=["message.send"]):
    """What the records say of a message's claims, and who it says is writing."""

    contradicted: tuple[str, ...] | Unknown = fact(
        doc="date, price, discount, stock, quantity, prior_contact, relationship, consent, sender: "
        "the record says otherwise"
    )
    unsupported: tuple[str, ...] | Unknown = fact(doc="the same: the record has no such field")
    claims: tuple[str, ...] | Unknown = fact(
        closed=True, doc="the kind of every claim that a record could settle, one item a claim"
    )
    discloses_ai: bool = fact(doc="the text says that a machine writes")
    claims_human: bool = fact(closed=True, doc="the text says that a person writes")
    signature: Literal["none", "known", "unknown", "unchecked"] = fact(
        doc="who signs: a name of the charter, another, or a charter that names none"
    )
    subject: Literal["none", "plain", "false_reply", "false_document"] = fact(
        doc="the subject line: a reply to nothing, or an invoice, summons or parcel that is none"
    )
    pressing: bool = fact(closed=True, doc="words that press: act now, last chance")
    cheerful: bool = fact(closed=True, doc="cheer: great news, treat yourself, several !")
    hidden_text: bool = fact(closed=True, doc="text in the HTML that no reader sees")


_NO_TEXT: Final = Deception(0.0, False, (), (), False)
_SILENT: Final = Truth(
    contradicted=(), unsupported=(), claims=(), discloses_ai=False, claims_human=False,
    signature="none", subject="none", pressing=False, cheerful=False, hidden_text=False,
)  # fmt: skip
_MOST: Final = 100
_LOUD: Final = 3
"""Exclamation marks that make a text loud."""


@hookimpl
def declare() -> Manifest:
    """What this plugin brings."""
    return Manifest("deception", "1", evidence=(Deception, Truth))


@hookimpl
def examine_many(
    actions: Sequence[Action], context: Context
) -> list[tuple[Evidence | Failed, Evidence]]:
    """Score all texts in one batch; compare each message with its records."""
    seen, tongues = _deceptions(actions, context)
    return [
        (seen.get(i, _NO_TEXT), _truth(action, context, tongues.get(i, "")))
        for i, action in enumerate(actions)
    ]


def _deceptions(
    actions: Sequence[Action], context: Context
) -> tuple[dict[int, Evidence | Failed], dict[int, str]]:
    """By index of the action, for those with a text: what the model sees, and what is foreign."""
    texts = {
        i: list(_texts(a)) for i, a in enumerate(actions) if a.text or "subject_line" in a.args
    }
    flat = [t for parts in texts.values() for t in parts]
    if not flat:
        return {}, {}
    try:
        scores = iter(context.classify(_HEAD, flat))
    except ModelError as error:
        return dict.fromkeys(texts, Failed(f"no model: {error.message}")), {}
    scored = {i: [next(scores) for _ in parts] for i, parts in texts.items() if parts}
    return {i: _seen(parts) for i, parts in scored.items()}, {
        i: why for i, parts in scored.items() if (why := _foreign(parts[0]))
    }


def _foreign(score: Any) -> str:
    """Why a text cannot be read for claims: its language is none of the four; empty if it can."""
    if score.language == "zxx" or _HEAD in score.scores:
        return ""
    return next((g.reason for g in score.gaps if g.fact.startswith(_HEAD)), "no known language")


def _texts(action: Action) -> Sequence[str]:
    """What a person would read, less the lines that a law asks for; the body first: it is shown."""
    subject = action.args.get("subject_line", "")
    return [t for t in (words_of(action), subject) if isinstance(t, str) and t.strip()]


def _seen(parts: Sequence[Any]) -> Deception:
    """The strictest over body and subject line; what cannot be scored leaves all unknown."""
    spoken = [p for p in parts if p.language != "zxx"]  # without words there is nothing to deceive
    if not spoken:
        return _NO_TEXT
    lacking = next((p for p in spoken if _HEAD not in p.scores), None)
    if lacking is not None:
        reason = next((g.reason for g in lacking.gaps if g.fact.startswith(_HEAD)), "no score")
        return Deception(*[Unknown(reason)] * 5)
    labels = {label for p in spoken for label in p.labels.get(_HEAD, ())}
    flagged = any(p.flags.get(_HEAD) for p in spoken)
    return Deception(
        max(float(p.scores[_HEAD]) for p in spoken),
        flagged,
        tuple(sorted(labels & _CLAIMS)),
        tuple(sorted(labels - _CLAIMS)),
        any(bool(p.flags.get("promotional")) for p in spoken),
        findings=tuple(_model_findings(spoken[0], labels - _CLAIMS)) if flagged else (),
    )


def _model_findings(body: Any, labels: set[str]) -> Sequence[Finding]:
    names = ", ".join(sorted(labels)) or "manipulation"
    message = f"the wording presses or misleads ({names})"
    score = round(float(body.scores[_HEAD]), 3)
    return [Finding("deception", message, body.spans.get(_HEAD), score, "deception head")]


def _truth(action: Action, context: Context, foreign: str) -> Truth:
    subject = action.args.get("subject_line", "")
    subject = subject if isinstance(subject, str) else ""
    if not (action.text or subject):
        return _SILENT
    reading, heading = read(action.text), read(subject)
    found = _checked(action, context) if action.text else []
    above = _checked(action.revised(text=subject), context) if subject else []
    both = (*found, *above)
    unknown = Unknown(foreign) if foreign and not both else None
    return Truth(
        contradicted=unknown or _kinds(both, "contradicted"),
        unsupported=unknown or _kinds(both, "unsupported"),
        claims=unknown or tuple(sorted(c.kind for c in both))[:_MOST],
        discloses_ai=reading.discloses_ai,
        claims_human=reading.claims_human or heading.claims_human,
        signature=_signature(reading.signed, action, context) if reading.signed else "none",
        subject=subject_of(action, context.person(action)),
        pressing=_says(reading, PRESSURE) or _says(heading, PRESSURE),
        cheerful=_says(reading, CHEERFUL) or reading.visible.count("!") >= _LOUD,
        hidden_text=reading.hidden,
        findings=(*_findings(found, "text"), *_findings(above, "subject_line")),
    )


def _says(reading: Reading, phrases: tuple[str, ...]) -> bool:
    folded = fold(reading.visible)
    return any(p in folded and place_of(folded, p) >= 0 for p in phrases)


def _checked(action: Action, context: Context) -> list[Claim]:
    person = context.person(action)
    country = person.contact.country if person is not None else ""
    return check(action, person, context.now, country, context.agent(action))


def _kinds(found: Sequence[Claim], outcome: str) -> tuple[str, ...]:
    return tuple(sorted({c.kind for c in found if c.outcome == outcome})) if found else ()


def _findings(found: Sequence[Claim], path: str) -> list[Finding]:
    return [_finding(c, path) for c in found if c.outcome != "supported"] if found else []


def _finding(claim: Claim, path: str) -> Finding:
    message = _MESSAGES[claim.outcome].format(said=claim.said, record=claim.record)
    span = claim.span if path == "text" else Span(claim.span.start, claim.span.end, path)
    return Finding(f"{claim.outcome}_{claim.kind}", message, span, None, "CRM record")


def _signature(
    name: str, action: Action, context: Context
) -> Literal["known", "unknown", "unchecked"]:
    agent = context.agent(action)
    if agent is None or not agent.sender_names:
        return "unchecked"
    return "known" if is_known(name, agent.sender_names, action.sender.brand) else "unknown"
