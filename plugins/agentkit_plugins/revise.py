"""Deterministic rewrites: correct a figure from the record, soften or drop a claim, disclose.

In this order: a figure that the record contradicts is corrected, where exactly one value on record
can be meant, in the text's own format and language; a claim that cannot be corrected loses its
lead-in ("As discussed last week, ...") or its sentence; words that press, and cheer where it does
not fit, go; text that no reader sees goes; ``Re:`` that answers nothing goes; the line that a
machine wrote it is added once. Nothing is ever added but that line and values of the record.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from agentkit import Action, Context, Manifest, ModelError, Span, Verdict, hookimpl
from agentkit_plugins.claims import Claim, check
from agentkit_plugins.corrections import correction
from agentkit_plugins.footers import DISCLOSURES
from agentkit_plugins.phrases import CHEERFUL, PRESSURE, fold, place_of
from agentkit_plugins.reading import read
from agentkit_plugins.senders import words_of
from agentkit_plugins.subjects import subject_of, without_reply_mark
from agentkit_plugins.tongues import language_of
from agentkit_plugins.wording import (
    applied,
    lead_of,
    sentence_of,
    sentences,
    tail_of,
    without_hidden,
)

__all__ = ["language_of"]

_LEAST_LEFT: Final = 20
"""Characters that must remain: less is no message."""
_LEAST_SHARE: Final = 0.25
"""Share of the text that must remain."""
_TONE: Final = frozenset({"tone-does-not-fit"})
_PRESS: Final = frozenset({"pressure-on-vulnerable", "eu-ai-act-vulnerable-person"})
_WORSE: Final = frozenset(
    {"guilt", "disguised_sender", "disguised_subject", "buried_conditions", "impersonation",
     "obstruction"}
)  # fmt: skip
"""Labels of the deception head that no left-out sentence cures."""
_ONE_IN: Final = 3
"""At most one sentence in so many is left out because the model flags it."""
_MOST_SENTENCES: Final = 40
_SUBJECT: Final = "subject_line"


@hookimpl
def declare() -> Manifest:
    """What this plugin brings: rewrites only."""
    return Manifest("revise", "2")


@hookimpl
def revise(action: Action, verdict: Verdict, context: Context) -> Action | None:
    """Make every edit that the text asks for; None where nothing is to do."""
    fired = {f.article for f in verdict.fired if f.revise}
    if not fired or not (action.text or action.args.get(_SUBJECT)):
        return None
    text = _truthful(without_hidden(action.text), action, context)
    if fired & _TONE:
        text = _sober(text)
    if fired & _PRESS or _flagged(words_of(action.revised(text=text)), context):
        text = _calm(text, action, context)
    if _too_little(words_of(action.revised(text=text)), words_of(action)):
        return None
    text = _disclosing(text, action, context) if action.text else text
    args = _with_subject(action, context)
    if text == action.text and args == action.args:
        return None
    return action.revised(text=text, args=args)


def _too_little(text: str, before: str) -> bool:
    """What is left is no message any more: a greeting, a link, a reference to nothing."""
    left, had = len(text.strip()), len(before.strip())
    return left < had and (left < _LEAST_LEFT or left < had * _LEAST_SHARE)


def _checked(text: str, action: Action, context: Context) -> list[Claim]:
    person = context.person(action)
    country = person.contact.country if person is not None else ""
    found = check(action.revised(text=text), person, context.now, country, context.agent(action))
    return [c for c in found if c.outcome == "contradicted" and c.kind != "sender"]


def _truthful(text: str, action: Action, context: Context) -> str:
    """The text with its contradicted claims corrected, or else taken out."""
    wrong = _checked(text, action, context)
    if not wrong:
        return text
    language, today = read(text).language, context.now.date()
    edits, dropped = [], []
    for claim in wrong:
        edit = correction(text, claim, language, today)
        if edit is not None:
            edits.append(edit)
        else:
            dropped.append(_place(text, claim))
    return applied(text, edits, [d for d in dropped if d is not None])


def _place(text: str, claim: Claim) -> Span | None:
    """What to take out for a claim: the lead of its sentence if that is enough, else all of it."""
    span = claim.span
    return lead_of(text, span) or tail_of(text, span) or sentence_of(text, span)


def _flagged(text: str, context: Context) -> bool:
    try:
        return any(s.flags.get("deception") for s in context.classify("deception", [text]))
    except ModelError:  # without a model nothing is flagged, and nothing needs dropping
        return False


def _calm(text: str, action: Action, context: Context) -> str:
    """The text without what presses: known phrases first, then a sentence that the model flags.

    Only where the model sees pressure and nothing worse: a text that lays guilt, hides conditions
    or poses as another is not mended by leaving out the sentence that shows it.
    """
    text = applied(text, (), _phrases(text, PRESSURE))
    try:
        whole = context.classify("deception", [words_of(action.revised(text=text))])[0]
    except ModelError:
        return text
    if not whole.flags.get("deception") or not _only_pressure(whole):
        return text
    parts = sentences(text)[:_MOST_SENTENCES]
    scores = context.classify("deception", [text[s.start : s.end] for s in parts])
    flagged = [s for s, score in zip(parts, scores, strict=True) if score.flags.get("deception")]
    return applied(text, (), flagged) if len(flagged) <= len(parts) / _ONE_IN else text


def _only_pressure(score: Any) -> bool:
    return not set(score.labels.get("deception", ())) & _WORSE


def _sober(text: str) -> str:
    """The text without cheer and exclamation marks."""
    plain = applied(text, (), _phrases(text, CHEERFUL))
    return plain.replace(" !", ".").replace("!", ".").replace("¡", "")


def _phrases(text: str, phrases: Iterable[str]) -> list[Span]:
    """Leads or sentences in which one of some phrases stands."""
    return [p for place in _places(text, phrases) if (p := _around(text, place)) is not None]


def _places(text: str, phrases: Iterable[str]) -> Iterator[Span]:
    folded = fold(text)
    for phrase in phrases:
        at = place_of(folded, phrase)
        if at >= 0:
            yield Span(at, at + len(phrase))


def _around(text: str, place: Span) -> Span | None:
    return lead_of(text, place) or sentence_of(text, place)


def _with_subject(action: Action, context: Context) -> dict[str, object]:
    """The arguments, with a subject line that announces no reply to nothing and no wrong figure."""
    args, subject = dict(action.args), action.args.get(_SUBJECT)
    if not isinstance(subject, str) or not subject:
        return args
    if subject_of(action, context.person(action)) == "false_reply":
        subject = without_reply_mark(subject) or subject
    language, today = language_of(action.text or subject), context.now.date()
    edits = [correction(subject, c, language, today) for c in _checked(subject, action, context)]
    return args | {_SUBJECT: applied(subject, [e for e in edits if e is not None], ())}


def _disclosing(text: str, action: Action, context: Context) -> str:
    """The text with one line that a machine wrote it, unless it says so, or says the contrary."""
    reading = read(text)
    if reading.discloses_ai or reading.claims_human:
        return text
    person = context.person(action)
    spoken = person.contact.language if person is not None else ""
    return f"{text.rstrip()}\n\n{DISCLOSURES[language_of(text, spoken)]}"
