"""Why, in plain words: the articles' own sentences, filled in when somebody looks.

Sentences hold names and values of facts, so they are never stored: they are made from the recorded
facts each time they are shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from agentkit.constitution.model import Article
from agentkit.constitution.policy import PLACEHOLDER, Policy
from agentkit.evidence import Gap, Unknown
from agentkit.verdict import Fired, Review

__all__ = ["explain", "explain_all", "render"]

_CORE: Final[Mapping[str, str]] = {
    "charter-unknown-agent": "the agent is not in the register",
    "charter-expired": "the agent's charter has expired",
    "charter-kind": "the agent's charter does not allow this kind of action",
    "charter-channel": "the agent's charter does not allow this channel",
    "charter-purpose": "the agent's charter does not allow this purpose",
    "charter-segment": "the agent's charter does not allow this segment",
    "charter-amount": "the amount is outside the agent's charter",
    "deadline-passes-first": "by the time it may be done, the action makes no sense any more",
}
"""What the core itself rules, without an article."""
_WORDS: Final[Mapping[str, str]] = {
    "unknown": "is not known",
    "failed": "could not be found out",
    "timeout": "came too late",
    "not_installed": "is given by no plugin",
    "invalid": "was no proper value",
    "erased": "was erased",
}
_UNNAMED: Final = "this person"


def explain(
    review: Review,
    article: Article,
    *,
    contact_name: str = "",
    parameters: Mapping[str, Any] | None = None,
) -> str:
    """An article's ``because`` with the review's facts in place of their names.

    Args:
        review: Its recorded facts are shown.
        article: Whose sentence.
        contact_name: Name of the person concerned, where whoever looks may see it.
        parameters: Of the binding that judged, by qualified name (``params.quiet_from``).
    """
    shown = {
        **(parameters or {}),
        **review.facts,
        "contact.name": contact_name or _UNNAMED,
        "action.text": review.action.text,
        "action.agent": review.action.agent,
        "action.subject": review.action.subject,
    }
    return render(article, shown)


def render(article: Article, facts: Mapping[str, Any]) -> str:
    """An article's ``because``, filled in with ``facts``; what is not there is called unknown.

    A list that is empty names nothing, and the colon before it goes too.
    """

    def fill(match: Any) -> str:
        return _shown(facts.get(match[1], Unknown("")))

    return PLACEHOLDER.sub(fill, article.because).rstrip(" :")


def explain_all(review: Review, policy: Policy, *, contact_name: str = "") -> list[str]:
    """One sentence for each article that fired, and one for each gap."""
    return [
        *(_fired(fired, review, policy, contact_name) for fired in review.verdict.fired),
        *(_gap(gap) for gap in review.verdict.gaps),
    ]


def _fired(fired: Fired, review: Review, policy: Policy, contact_name: str) -> str:
    located = policy.article(fired.article)
    if located is None:
        return _CORE.get(fired.article, fired.article)
    parameters = {n: v for judge in policy.judges for n, v in judge.parameters.items()}
    return explain(review, located.article, contact_name=contact_name, parameters=parameters)


def _gap(gap: Gap) -> str:
    reason = f": {gap.reason}" if gap.reason else ""
    waits = f" (waits for {gap.needs})" if gap.needs else ""
    return f"{gap.fact} {_WORDS[gap.kind]}{reason}{waits}"


def _shown(value: object) -> str:
    return ", ".join(_words(value))


def _words(value: object) -> Iterator[str]:
    if isinstance(value, tuple | list):
        yield from (word for item in value for word in _words(item))
    elif isinstance(value, Unknown) or value == "":
        yield "unknown"
    elif isinstance(value, bool):
        yield "yes" if value else "no"
    elif isinstance(value, float):
        yield f"{value:,.2f}".rstrip("0").rstrip(".")
    elif isinstance(value, datetime):
        yield f"{value:%Y-%m-%d %H:%M} UTC"
    else:
        yield str(value)
