"""Recorded decisions, judged again under another policy: no plugin runs, no model, no clock.

A verdict depends on recorded facts alone, so "what would this change of the constitution have done
last month?" is answered from the rows. What was erased stays erased: its facts are gaps.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from agentkit.action import Action
from agentkit.consent import DESK_KINDS
from agentkit.constitution import Policy
from agentkit.desk.rows import find_decision
from agentkit.evidence import Gap, Unknown
from agentkit.facts import digest_facts
from agentkit.gate import Found
from agentkit.jurisdiction import Jurisdiction, jurisdiction_of
from agentkit.store.actions import StoredAction, StoredReview, open_reviews, scan_actions
from agentkit.verdict import Fired, Ruling, Verdict

if TYPE_CHECKING:
    from agentkit.store import Store

__all__ = ["Change", "ReplayReport", "judge_again", "replay"]

_CHUNK: Final = 500
_EXAMPLES: Final = 100
_NOBODY: Final = Jurisdiction(frozenset(), country_known=True, region_known=True)
_RECOMPUTED: Final = "deadline-passes-first"


@dataclass(frozen=True, slots=True)
class Change:
    """An action that the other policy would have ruled differently.

    Attributes:
        action: Its id.
        before: The recorded ruling.
        after: The ruling under the other policy.
        appeared: Articles that fire only under the other policy.
        gone: Articles that fired only as recorded.
    """

    action: str
    before: Ruling
    after: Ruling
    appeared: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()


@dataclass
class ReplayReport:
    """What another policy would have done.

    Attributes:
        judged: How many decisions were judged again.
        erased: How many of them concern people who were erased since: their facts are gaps.
        same: How many keep their ruling.
        changes: How many go from one ruling to another.
        appeared: By article: how often it fires only under the other policy.
        gone: By article: how often it fired only as recorded.
        examples: The first changes, by id.
    """

    judged: int = 0
    erased: int = 0
    same: int = 0
    changes: Counter[tuple[Ruling, Ruling]] = field(default_factory=Counter)
    appeared: Counter[str] = field(default_factory=Counter)
    gone: Counter[str] = field(default_factory=Counter)
    examples: list[Change] = field(default_factory=list)

    def add(self, action: str, before: Verdict, after: Verdict, *, erased: bool) -> None:
        """Count one decision."""
        was, now = ({f.article for f in v.fired} for v in (before, after))
        self.judged += 1
        self.erased += erased
        self.appeared.update(now - was)
        self.gone.update(was - now)
        if before.ruling is after.ruling:
            self.same += 1
            return
        self.changes[before.ruling, after.ruling] += 1
        if len(self.examples) < _EXAMPLES:
            appeared, gone = tuple(sorted(now - was)), tuple(sorted(was - now))
            self.examples.append(Change(action, before.ruling, after.ruling, appeared, gone))


def replay(
    store: Store, policy: Policy, since: datetime, until: datetime, *, tenant: str = "default"
) -> ReplayReport:
    """Judge the actions proposed from ``since`` to before ``until`` again under ``policy``.

    Rows are streamed, so memory does not grow with the number of decisions.
    """
    report = ReplayReport()
    for stored, kept, waived in _recorded(store, tenant, since, until):
        after = judge_again(policy, stored, kept)
        after = after.waiving(*waived) if waived is not None else after
        report.add(stored.id, stored.verdict, after, erased=kept is None)
    return report


_Waived = tuple[tuple[str, ...], tuple[str, ...]]


def _recorded(
    store: Store, tenant: str, since: datetime, until: datetime
) -> Iterator[tuple[StoredAction, StoredReview | None, _Waived | None]]:
    """Rows with what they keep, and what a person waived in them."""
    after = ""
    while True:
        with store.read() as conn:
            rows = scan_actions(conn, tenant, since, until, after=after, limit=_CHUNK)
            kept = open_reviews(conn, store.vault, rows)
            decisions = {
                row.id: find_decision(conn, store.vault, tenant, row.decision)
                for row in rows
                if row.decision
            }
        for row, review in zip(rows, kept, strict=True):
            if row.kind in DESK_KINDS:  # no constitution judges what a person meant
                continue
            decision = decisions.get(row.id)
            counts = decision is not None and decision.action_digest == row.digest
            waived = (decision.waives, decision.waives_gaps) if counts and decision else None
            yield row, review, waived
        if len(rows) < _CHUNK:
            return
        after = rows[-1].id


def judge_again(policy: Policy, stored: StoredAction, kept: StoredReview | None) -> Verdict:
    """One recorded decision under another policy; ``kept`` is None where the person was erased."""
    before = stored.verdict
    core = [f for f in before.fired if _is_core(f)]
    if any(f.constitution == "charter" for f in core):
        return before  # a charter is no article: no policy changes what lies outside it
    now = before.judged_at or stored.created_at
    action = _shell(stored) if kept is None else kept.action
    facts = _plain_facts(stored) if kept is None else dict(kept.facts)
    gaps = _gaps(policy, before, facts, erased=kept is None)
    jurisdiction = jurisdiction_of(None) if kept is None else _jurisdiction(facts, action)
    found = Found()
    judges = policy.judges_for(action, jurisdiction)
    if not judges:
        found.no_binding()
    for judge in judges:
        found.hear(judge, action, facts, gaps, jurisdiction, now)
    evidence = digest_facts(facts, action.salt)
    verdict = found.verdict(action, now, before.revisions, evidence, policy.digest, before.models)
    return _with_core(verdict, core)


def _is_core(fired: Fired) -> bool:
    return fired.constitution in {"charter", "core"} and fired.article != _RECOMPUTED


def _with_core(verdict: Verdict, core: list[Fired]) -> Verdict:
    """What the core itself ruled holds under every policy."""
    if not core:
        return verdict
    strictest = max(verdict.ruling, *(f.ruling for f in core))
    fired = (*verdict.fired, *core)
    return replace(verdict, ruling=strictest, until=None, tasks=(), fired=fired)


def _shell(stored: StoredAction) -> Action:
    """What is known of an erased person's action: what stands in clear columns."""
    return Action(
        stored.id, stored.kind, stored.agent, stored.tenant, stored.person, stored.channel,
        stored.purpose, run=stored.run, deadline=stored.deadline,
    )  # fmt: skip


def _plain_facts(stored: StoredAction) -> dict[str, Any]:
    return {
        "action.kind": stored.kind,
        "action.channel": stored.channel,
        "action.purpose": stored.purpose,
        "agent.name": stored.agent,
    }


def _gaps(
    policy: Policy, before: Verdict, facts: Mapping[str, Any], *, erased: bool
) -> dict[str, Gap]:
    if erased:
        names = policy.catalogue.facts.keys() - facts.keys()
        return {n: Gap(n, "erased", "the person was erased") for n in names}
    gaps = {g.fact: g for g in before.gaps}
    unknown = {n: v for n, v in facts.items() if type(v) is Unknown}
    return gaps | {n: Gap(n, "unknown", v.reason, v.needs) for n, v in unknown.items()}


def _jurisdiction(facts: Mapping[str, Any], action: Action) -> Jurisdiction:
    """Whose law, from the recorded codes."""
    codes = facts.get("jurisdiction.codes")
    if not isinstance(codes, tuple):
        return jurisdiction_of(None) if action.subject else _NOBODY
    region = next((c.partition("-")[2] for c in codes if "-" in c), None)
    country = next((c for c in codes if len(c) == 2 and c not in {"EU", "UK"}), None)  # noqa: PLR2004  (ISO 3166)
    return _NOBODY if country is None else jurisdiction_of(country, region)
