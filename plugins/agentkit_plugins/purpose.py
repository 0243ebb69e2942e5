"""What an action is really for, whatever its agent declared, and whether its data serve that.

An invoice with a line of advertising is judged as marketing: it may go out as it is to somebody
whom marketing may reach, and to everybody else without that line. Data that was given for one
purpose does not decide for another (``compatibility.yaml``).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, field_validator

from agentkit import (
    Action,
    Context,
    Evidence,
    Finding,
    Manifest,
    ModelError,
    Person,
    Span,
    Unknown,
    Verdict,
    consent_state,
    fact,
    hookimpl,
)
from agentkit_plugins.as_marketing import AsMarketing, Reach, as_marketing, may_stay
from agentkit_plugins.compatibility import CATEGORIES, incompatible
from agentkit_plugins.promotion import (
    HEAD,
    STRONG,
    advertises,
    is_mixed,
    sentences,
    signals_of,
    without_promotion,
)
from agentkit_plugins.purposes import SERVICE_PURPOSES
from agentkit_plugins.senders import words_of

__all__ = ["Purpose", "PurposeSettings"]

_CONTACTS: Final = frozenset({"message.send", "call.place"})
_YES: Final = frozenset({"yes", "true", "1", "ja", "oui", "si", "sí"})
_LEAST_LEFT: Final = 20
"""Characters that must remain: less is no message."""


class PurposeSettings(BaseModel):
    """``[plugins.purpose]`` of the settings: categories of data that may serve a decision, too."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    compatible: dict[str, list[str]] = Field(default_factory=dict)

    @field_validator("compatible")
    @classmethod
    def _known(cls, value: dict[str, list[str]]) -> dict[str, list[str]]:
        strange = sorted({c for listed in value.values() for c in listed} - CATEGORIES)
        if strange:
            known = ", ".join(sorted(CATEGORIES))
            raise ValueError(f"there is no category {strange[0]!r}; known: {known}")
        return value


_settings = PurposeSettings()


class Purpose(
    Evidence,
    namespace="purpose",
    version=2,
    kinds=["message.send", "call.place", "lead.score", "offer.set", "segment.add"],
    volatile=True,
):
    """What an action is for, and whether the data it uses was given for that."""

    effective: str | Unknown = fact(doc="marketing where the text advertises, else as declared")
    mismatch: bool | Unknown = fact(doc="declared as service, and the text advertises")
    signals: tuple[str, ...] = fact(doc="price, discount, deadline, call_to_action, product, head")
    reach: Reach = fact(
        personal=True,
        doc="where the text advertises: permitted, no_ground, objected or open (not on record)",
    )
    recent_marketing: int = fact(
        personal=True, doc="marketing contacts in seven days, where the text advertises; else 0"
    )
    oldest_recent: datetime = fact(personal=True, doc="the first of them; now if there is none")
    incompatible_data: tuple[str, ...] = fact(doc="inputs that were given for another purpose")
    objected: bool = fact(personal=True, doc="the person objects to marketing by every channel")
    restricted: bool = fact(personal=True, doc="processing of the person's data is restricted")
    promotes: bool = fact(doc="what is declared is held to the rules of marketing; no purpose is")


class _Text(NamedTuple):
    """What the text is for."""

    mismatch: bool | Unknown = False
    signals: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()


@hookimpl
def declare() -> Manifest:
    """What this plugin brings."""
    return Manifest("purpose", "2", evidence=(Purpose,), settings=PurposeSettings)


@hookimpl
def start(settings: object) -> None:
    """Take the settings of the installation."""
    global _settings  # noqa: PLW0603  (a plugin is a module: this is its state)
    _settings = settings if isinstance(settings, PurposeSettings) else PurposeSettings()


@hookimpl
def stop() -> None:
    """Forget them."""
    start(None)


@hookimpl
def examine_many(actions: Sequence[Action], context: Context) -> list[Evidence]:
    """Compare what each action declares with what its words and data say."""
    texts = [text for a in actions if _checked(a) for text in _texts(a)]
    try:
        context.classify(HEAD, texts) if texts else ()
    except ModelError:
        return [_examine(a, context, model=False) for a in actions]
    return [_examine(a, context, model=True) for a in actions]


def _checked(action: Action) -> bool:
    """Whether the agent declares that the text is no marketing."""
    return action.kind == "message.send" and action.purpose in SERVICE_PURPOSES


def _texts(action: Action) -> list[str]:
    subject = action.args.get("subject_line", "")
    return [t for t in (words_of(action), subject) if isinstance(t, str) and t.strip()]


def _examine(action: Action, context: Context, *, model: bool) -> Purpose:
    person = context.person(action)
    read = _read(action, context, person, model=model) if _checked(action) else _Text()
    effective: str | Unknown = action.purpose
    reach, recent, oldest = AsMarketing("as_declared", 0, context.now)
    if type(read.mismatch) is Unknown:
        effective = read.mismatch
    if read.mismatch is not False:
        reach, recent, oldest = as_marketing(action, context)
        effective = "marketing" if read.mismatch is True else effective
    return Purpose(
        effective,
        read.mismatch,
        read.signals,
        reach,
        recent,
        oldest,
        incompatible(action.kind, action.args.get("inputs"), _settings.compatible),
        person is not None and _objected(person, context.now),
        person is not None and _restricted(person),
        action.purpose not in SERVICE_PURPOSES,
        findings=read.findings,
    )


def _read(action: Action, context: Context, person: Person | None, *, model: bool) -> _Text:
    found: list[bool | None] = []
    signals: set[str] = set()
    findings: list[Finding] = []
    for text in _texts(action):
        parts = sentences(text)
        seen = [signals_of(s.text, person) for s in parts]
        scores = context.classify(HEAD, [text])[0] if model else None
        found.append(advertises(text, scores, seen))
        signals |= frozenset().union(*seen)
        if scores is not None and scores.flags.get(HEAD):
            signals.add("head")
        if text == words_of(action):
            marked = zip(parts, seen, strict=True)
            findings += [_finding(s.span) for s, what in marked if STRONG & what]
    if True in found:
        return _Text(True, tuple(sorted(signals)), tuple(findings))
    open_ = None in found
    return _Text(Unknown("no score of the promotional head") if open_ else False,
                 tuple(sorted(signals)))  # fmt: skip


def _finding(span: Span) -> Finding:
    return Finding("promotion", "this sentence advertises", span, source="rules")


def _objected(person: Person, now: datetime) -> bool:
    if "*" in person.suppressed:
        return True
    general = [e for e in person.consents if not e.channel and not e.point]
    if not general:
        return False
    status = consent_state(general, "", "", "marketing", "", now).status
    return status in {"withdrawn", "refused"}


def _restricted(person: Person) -> bool:
    value = person.contact.fields.get("processing_restricted")
    return value is True or str(value).strip().lower() in _YES


@hookimpl
def revise(action: Action, verdict: Verdict, context: Context) -> Action | None:
    """Take the advertising out of a service message that marketing may not reach, or not now."""
    if not _checked(action) or not action.text or not any(f.revise for f in verdict.fired):
        return None
    if may_stay(action, verdict, context):
        return None
    body = words_of(action)
    if not is_mixed(body, context, context.person(action)):
        return None
    try:
        left = without_promotion(body, context, context.person(action))
    except ModelError:
        return None
    if left == body or len(left.strip()) < _LEAST_LEFT:
        return None
    return action.revised(text=left + action.text[len(body) :])
