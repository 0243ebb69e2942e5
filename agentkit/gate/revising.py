"""When a rewrite is asked for, when it is better, and what it may never bring.

A revision never adds a claim, a recipient or an amount. What it may write is checked where it
arrives (`agentkit.plugins.revision`: words only, no figure or link that is not on record); what it
says is checked here, on the evidence of the rewritten action.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from agentkit.evidence import Evidence, Unknown
from agentkit.verdict import Review, Ruling, Verdict

__all__ = ["grown", "improves", "revisable"]


def revisable(verdict: Verdict) -> bool:
    """Something that a rewrite may cure fired, and nothing incurable denies."""
    if not any(f.revise for f in verdict.fired):
        return False
    return not any(f.ruling is Ruling.DENY and not f.revise for f in verdict.fired)


def improves(new: Review, old: Review) -> bool:
    """Not stricter, no article and no gap that was not there, and something that is cured.

    An article that no rewrite may cure is not cured by one either: a rewrite after which it does
    not fire any more is refused, so that the person it asks for does see the action.

    Cured is an article that asked for a rewrite, or, while the same ones still fire, one of the
    places that plugins pointed at.
    """
    left, before = _asking(new.verdict), _asking(old.verdict)
    if new.verdict.ruling > old.verdict.ruling or not _fired(new) <= _fired(old):
        return False
    if not _incurable(old.verdict) <= _fired(new):
        return False
    if not {g.fact for g in new.verdict.gaps} <= {g.fact for g in old.verdict.gaps}:
        return False
    return left < before or (left == before and _findings(new) < _findings(old))


def _asking(verdict: Verdict) -> frozenset[str]:
    return frozenset(f.article for f in verdict.fired if f.revise)


def _incurable(verdict: Verdict) -> frozenset[str]:
    return frozenset(f.article for f in verdict.fired if not f.revise)


def _fired(review: Review) -> frozenset[str]:
    return frozenset(f.article for f in review.verdict.fired)


def _findings(review: Review) -> int:
    return sum(len(evidence.findings) for evidence in review.evidence.values())


def grown(
    new: Mapping[str, Evidence], old: Mapping[str, Evidence], classes: Iterable[type[Evidence]]
) -> list[str]:
    """Closed facts to which a rewrite added: what they list may only become less."""
    found = []
    for cls in classes:
        before, after = old.get(cls.namespace), new.get(cls.namespace)
        for field in cls.fields:
            both = before is not None and after is not None
            if field.closed and both and _more(_of(after, field.attr), _of(before, field.attr)):
                found.append(field.name)
    return found


def _of(evidence: Any, attr: str) -> Any:
    return getattr(evidence, attr)


def _more(after: Any, before: Any) -> bool:
    if type(before) is Unknown:
        return False
    if type(after) is Unknown:
        return True
    if isinstance(after, tuple):
        return bool(Counter(after) - Counter(before))
    return bool(after > before)
