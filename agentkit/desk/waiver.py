"""What an approval would waive, and what no approval of this operator can."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from agentkit.case import Operator
from agentkit.errors import Forbidden
from agentkit.verdict import Ruling, Verdict

__all__ = ["Blocker", "Waiver", "waiver_of"]


@dataclass(frozen=True, slots=True)
class Blocker:
    """Something that this operator's approval cannot waive.

    Attributes:
        what: Id of the article, or name of the missing fact.
        gap: It is a missing fact.
        role: The role that may waive it; empty where nobody may.
    """

    what: str
    gap: bool
    role: str


@dataclass(frozen=True, slots=True)
class Waiver:
    """What an approval means for one verdict and one operator.

    Deferrals are never waived: an approved action still waits for its hour.

    Attributes:
        articles: Articles it waives.
        gaps: Missing facts whose absence it accepts.
        overrules: Those of both that go beyond the question that was put to a person: a denial,
            or missing evidence. A screen asks again before it waives them.
        blockers: What stands in the way; with any, an approval is refused.
    """

    articles: tuple[str, ...] = ()
    gaps: tuple[str, ...] = ()
    overrules: tuple[str, ...] = ()
    blockers: tuple[Blocker, ...] = ()

    def check(self, operator: Operator) -> None:
        """Refuse an approval that would waive what it may not.

        Raises:
            Forbidden: names the article or fact, and the role that it takes.
        """
        if not self.blockers:
            return
        first = self.blockers[0]
        what = f"the missing fact {first.what}" if first.gap else f"the article {first.what}"
        if first.role:
            have = ", ".join(sorted(operator.roles)) or "none"
            raise Forbidden(
                f"{what} takes the role {first.role!r} to waive; {operator.name} has: {have}",
                hint="hand the case to somebody who has it, or edit or reject the action",
            )
        raise Forbidden(
            f"nobody may waive {what}",
            hint="supply the fact in the CRM, edit the action, or reject it"
            if first.gap
            else "edit the action so that it does not fire, or reject it",
        )


def waiver_of(verdict: Verdict, gap_roles: Mapping[str, str], operator: Operator) -> Waiver:
    """What an approval by this operator would waive.

    Args:
        verdict: The judgement that the operator saw.
        gap_roles: Role by missing fact; a fact that is not there is nobody's to waive.
        operator: Who would approve.
    """
    articles = {f.article: f.overridable for f in verdict.fired if f.ruling >= Ruling.ESCALATE}
    gaps = {g: gap_roles.get(g, "") for g, r in verdict.gap_rulings if r >= Ruling.ESCALATE}
    denied = [f.article for f in verdict.fired if f.ruling is Ruling.DENY]
    blockers = [
        Blocker(what, gap, role)
        for needed, gap in ((articles, False), (gaps, True))
        for what, role in needed.items()
        if not _may(role, operator)
    ]
    return Waiver(
        articles=tuple(a for a, role in articles.items() if _may(role, operator)),
        gaps=tuple(g for g, role in gaps.items() if _may(role, operator)),
        overrules=(*denied, *gaps),
        blockers=tuple(blockers),
    )


def _may(role: str, operator: Operator) -> bool:
    """An empty role is nobody's, whatever the settings give."""
    return role != "" and role in operator.roles
