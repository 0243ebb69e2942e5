"""What a person's own words say: a withdrawal, how sure that is, of what; needs; a wish to wait.

The opt_out head scores the whole and each sentence. Certain is a sentence that the head scores
above the upper threshold, or flags while it holds plain words of a withdrawal, unless something in
it reads the contrary. Between the thresholds, in a language that is not served, or without a model
nothing is certain: a person decides.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

from agentkit.errors import ModelError
from agentkit.inbound.dates import wish_of
from agentkit.inbound.keywords import TEXT_CHANNELS, is_stop, plain
from agentkit.inbound.phrases import (
    ABOUT_ORDER,
    ACCOUNT,
    CHANNEL_WORDS,
    CONDITIONAL,
    DATA,
    FOR_NOW,
    LESS,
    MARKETING_WORDS,
    MINOR,
    NEEDS_WORDS,
    NO_MORE,
    STAYS,
)

__all__ = ["LONGEST_READ", "Reading", "Right", "Scope", "Thresholds", "read_words"]

Right = Literal["delete_data", "close_account"]
_Classify = Callable[[Sequence[str]], Sequence[Any]]

LONGEST_READ: Final = 20_000
"""Characters that are read; of a longer text the rest is put before a person."""
_SENTENCES: Final = 40
_LONGEST_SENTENCE: Final = 500
_SPLIT: Final = re.compile(r"(?<=[^\d\s][.!?])\s+|\n+")
_ACCOUNT_LABELS: Final = frozenset({"close_account", "delete_data"})
_NEEDS: Final = {
    "bereavement": "bereavement",
    "hardship": "hardship",
    "vulnerability": "vulnerability",
    "complaint": "complaint",
    "threat_legal": "dispute",
}
"""Label of the needs_human head to the circumstance that it tells of."""
_ADULT: Final = 18
_CHILD: Final = 5
_FEW: Final = 2


@dataclass(frozen=True, slots=True)
class Thresholds:
    """From which scores on something is certain, or a person must look."""

    certain: float = 0.9
    unclear: float = 0.35
    needs: float = 0.9


@dataclass(frozen=True, slots=True)
class Scope:
    """Of what a withdrawal is; an empty field means every one."""

    channel: str
    purpose: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What words say.

    Attributes:
        withdrawal: ``certain``, ``unclear`` or ``none``.
        why: What makes it so, in a few words without what the person wrote.
        scope: Of what, where it is one.
        sentence: The sentence that says so.
        rights: Deletion of data, closing of an account.
        circumstances: Kind and sentence of each certain circumstance.
        language: ISO code; ``und`` where nobody can tell.
        scores: Probabilities of the two heads, where there are any.
    """

    withdrawal: Literal["certain", "unclear", "none"] = "none"
    why: str = ""
    scope: Scope = Scope("", "marketing")
    sentence: str = ""
    rights: tuple[Right, ...] = ()
    circumstances: tuple[tuple[str, str], ...] = ()
    language: str = "und"
    scores: Mapping[str, float] = field(default_factory=dict)


def read_words(
    text: str, channel: str, classify: _Classify, limits: Thresholds = Thresholds()
) -> Reading:
    """Read a person's own words.

    Args:
        text: Without what was quoted.
        channel: How they came.
        classify: Scores texts with all heads; may raise `ModelError`.
        limits: Thresholds.
    """
    if not text.strip():
        return Reading(why="no words of their own")
    if channel in TEXT_CHANNELS and is_stop(text):
        scope = Scope(channel, "marketing")
        return Reading("certain", "a keyword as the whole text", scope, text.strip())
    seen = text[:LONGEST_READ]
    parts = _sentences(seen)
    try:
        whole, *scores = classify([seen, *parts])
    except ModelError:
        return _unread(text, channel, parts, "no model is installed")
    reading = _read(parts, whole, scores, channel, limits)
    if len(text) > LONGEST_READ and reading.withdrawal == "none":
        return _unclear(reading, channel, parts, "the text is longer than what is read")
    return reading


def _sentences(text: str) -> list[str]:
    found = [part.strip()[:_LONGEST_SENTENCE] for part in _SPLIT.split(text)]
    return [part for part in found if part][:_SENTENCES]


def _read(
    parts: Sequence[str], whole: Any, scores: Sequence[Any], channel: str, limits: Thresholds
) -> Reading:
    reading = Reading(
        language=whole.language,
        scores={h: whole.scores[h] for h in ("opt_out", "needs_human") if h in whole.scores},
        circumstances=_circumstances(parts, whole, scores, limits),
        rights=_rights(parts, whole),
    )
    if "opt_out" not in whole.scores:
        if whole.language == "zxx":
            return reading
        return _unclear(reading, channel, parts, "the text could not be scored")
    best = _best(parts, whole, scores)
    if reading.rights and not NO_MORE.search(plain(best.text)):
        return reading
    return _judged(reading, best, whole, channel, limits)


@dataclass(frozen=True, slots=True)
class _Sentence:
    """The sentence that most likely says no."""

    text: str
    score: float
    flagged: bool


def _best(parts: Sequence[str], whole: Any, scores: Sequence[Any]) -> _Sentence:
    """Plain words of a withdrawal first, then the score; one sentence is the whole."""
    whole_score, flagged = whole.scores["opt_out"], bool(whole.flags.get("opt_out"))
    if len(parts) == 1:
        return _Sentence(parts[0], whole_score, flagged)
    found = [
        _Sentence(part, score.scores.get("opt_out", 0.0), bool(score.flags.get("opt_out")))
        for part, score in zip(parts, scores, strict=True)
    ]
    return max(
        found,
        key=lambda s: (bool(NO_MORE.search(plain(s.text))), s.score),
        default=_Sentence("", whole_score, flagged),
    )


def _judged(
    reading: Reading, best: _Sentence, whole: Any, channel: str, limits: Thresholds
) -> Reading:
    words = plain(best.text)
    said = bool(NO_MORE.search(words))
    score = max(best.score, whole.scores["opt_out"])
    contrary = _contrary(best.text, words, whole)
    quiet = not said and not best.flagged and bool(reading.circumstances)
    doubtful = best.score < limits.certain and (contrary == "later" or (contrary and not said))
    if quiet or (doubtful and contrary in {"later", "order"}):
        return reading
    scope = _scope(words, channel)
    sure = best.score >= limits.certain or (said and best.flagged)
    if sure and not contrary and (said or whole.scores["opt_out"] >= limits.unclear):
        return _with(reading, "certain", "the words say so", scope=scope, sentence=best.text)
    if score >= limits.unclear or said:
        why = _CONTRARY.get(contrary, "it may be one")
        return _with(reading, "unclear", why, scope=scope, sentence=best.text)
    return reading


_CONTRARY: Final = {
    "now": "they may only mean for now",
    "later": "they may only ask for a later time",
    "stays": "the same words say that they want to stay",
    "conditional": "it is said under a condition",
    "less": "less is asked for, not nothing",
    "order": "it may be about an order or a contract",
}


def _contrary(sentence: str, words: str, whole: Any) -> str:
    """What in a sentence reads the contrary; empty if nothing does."""
    labels = set(whole.labels.get("opt_out", ()))
    if STAYS.search(words):
        return "stays"
    if CONDITIONAL.search(words):
        return "conditional"
    if wish_of(sentence):
        return "later"
    if FOR_NOW.search(words):
        return "now"
    if LESS.search(words) or labels == {"reduce"}:
        return "less"
    return "order" if ABOUT_ORDER.search(words) and not MARKETING_WORDS.search(words) else ""


def _scope(words: str, channel: str) -> Scope:
    """The channel that is named, else the one written on; promotion, unless calls are at issue.

    "Don't call me" means calls of every purpose; "no more advertising by phone" does not.
    """
    for name, pattern in CHANNEL_WORDS.items():
        if name != channel and pattern.search(words):
            written = name == "email" or MARKETING_WORDS.search(words)
            return Scope(name, "marketing" if written else "")
    return Scope(channel, "marketing")


def _rights(parts: Sequence[str], whole: Any) -> tuple[Right, ...]:
    labels = set(whole.labels.get("opt_out", ()))
    only = bool(labels) and labels <= _ACCOUNT_LABELS
    words = [plain(part) for part in parts]
    wanted: list[Right] = []
    if any(DATA.search(w) for w in words) or (only and "delete_data" in labels):
        wanted.append("delete_data")
    if any(ACCOUNT.search(w) for w in words) or (only and "close_account" in labels):
        wanted.append("close_account")
    return tuple(wanted)


def _circumstances(
    parts: Sequence[str], whole: Any, scores: Sequence[Any], limits: Thresholds
) -> tuple[tuple[str, str], ...]:
    """Certain needs, each with its sentence; an age that is said.

    Certain is what the head flags and the words bear out, or one of few labels under a high score:
    a head that gives many at once does not know which.
    """
    found = {}
    young = next((part for part in parts if _is_minor(plain(part))), "")
    if young:
        found["minor"] = young
    sentence = _loudest(parts, scores)
    labels = [label for label in whole.labels.get("needs_human", ()) if label in _NEEDS]
    certain = whole.scores.get("needs_human", 0.0) >= limits.needs and len(labels) <= _FEW
    flagged = whole.flags.get("needs_human", False)
    for label, kind in _NEEDS.items():
        said = next((part for part in parts if NEEDS_WORDS[kind].search(plain(part))), "")
        if (said and flagged) or (certain and label in labels):
            found.setdefault(kind, said or sentence)
    return tuple(found.items())


def _is_minor(words: str) -> bool:
    match = MINOR.search(words)
    return match is not None and (match[1] is None or _CHILD <= int(match[1]) < _ADULT)


def _loudest(parts: Sequence[str], scores: Sequence[Any]) -> str:
    needs = [score.scores.get("needs_human", 0.0) for score in scores]
    return max(zip(needs, parts, strict=True), default=(0.0, ""))[1]


def _unread(text: str, channel: str, parts: Sequence[str], why: str) -> Reading:
    return _unclear(Reading(rights=_rights_by_words(parts)), channel, parts or [text[:200]], why)


def _rights_by_words(parts: Sequence[str]) -> tuple[Right, ...]:
    words = [plain(part) for part in parts]
    data: tuple[Right, ...] = ("delete_data",) if any(map(DATA.search, words)) else ()
    return data + (("close_account",) if any(map(ACCOUNT.search, words)) else ())


def _unclear(reading: Reading, channel: str, parts: Sequence[str], why: str) -> Reading:
    said = next((p for p in parts if NO_MORE.search(plain(p))), parts[0] if parts else "")
    return _with(reading, "unclear", why, scope=_scope(plain(said), channel), sentence=said)


def _with(
    reading: Reading,
    withdrawal: Literal["certain", "unclear"],
    why: str,
    *,
    scope: Scope,
    sentence: str,
) -> Reading:
    return replace(reading, withdrawal=withdrawal, why=why, scope=scope, sentence=sentence)
