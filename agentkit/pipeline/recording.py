"""What a judgement leaves behind: rows, permits, data tasks, cases, and the entries that say so."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Protocol

from agentkit.case import Case
from agentkit.engine import issue, issue_many, void
from agentkit.entry import Entry
from agentkit.permit import Permit
from agentkit.plugins import Plugins
from agentkit.store.actions import (
    STATE_OF,
    ActionState,
    insert_actions,
    update_review,
)
from agentkit.store.instants import to_micros
from agentkit.store.sql import execute, insert_many, placeholders
from agentkit.verdict import Review, Ruling

if TYPE_CHECKING:
    from agentkit.store import Unit

__all__ = ["Opens", "Recorder"]

_CHUNK: Final = 500


class Opens(Protocol):
    """What the pipeline needs of the desk."""

    def open(self, unit: Unit, review: Review) -> Case:
        """Open a case in this transaction, with the entry that says so."""
        ...

    def expire(self) -> Any:
        """Deny what nobody decided in time."""
        ...


class Recorder:
    """Writes judgements down; every method belongs to a transaction of the caller's."""

    def __init__(self, desk: Opens, plugins: Plugins) -> None:
        """Remember who opens cases and who listens."""
        self._desk = desk
        self._observe = plugins.observe_many

    def first(self, unit: Unit, reviews: Sequence[Review], now: datetime) -> dict[str, str]:
        """Record new actions of one tenant.

        Returns:
            Ids of the cases that were opened, by action.
        """
        insert_actions(unit, reviews, now)
        issue_many(unit, [_permit(r, "verdict") for r in _ruled(reviews, Ruling.ALLOW)])
        open_tasks(unit, _ruled(reviews, Ruling.DEFER), now)
        self.append(unit, [e for r in reviews for e in (_proposed(r, now), _judged(r, now))])
        escalated = _ruled(reviews, Ruling.ESCALATE)
        return {r.action.id: self._desk.open(unit, r).id for r in escalated}

    def again(
        self,
        unit: Unit,
        review: Review,
        now: datetime,
        *,
        since: ActionState,
        to: ActionState | None = None,
        basis: str = "verdict",
        **columns: Any,
    ) -> Case | None:
        """Record that an action was judged again; an allowed one gets its permit.

        Args:
            unit: The transaction.
            review: The new judgement.
            now: The instant.
            since: The state that it had; if it has another one now, nothing is recorded.
            to: The new state, if not the one of the ruling.
            basis: What a permit rests on.
            columns: Further columns of the row.

        Returns:
            The case, where one was opened.

        Raises:
            LookupError: the action is not in the state ``since`` any more.
            PermitError: the action was claimed or performed already.
        """
        action, ruling = review.action, review.verdict.ruling
        state = to or STATE_OF[ruling]
        if not update_review(unit, review, to=state, since=[since], now=now, **columns):
            raise LookupError(action.id)
        self.append(unit, [_judged(review, now, basis)])
        if ruling is Ruling.ALLOW:
            issue(unit, _permit(review, basis))
            return None
        void(unit, action.tenant, action.id)
        if ruling is Ruling.DEFER:
            open_tasks(unit, [review], now)
        return self._desk.open(unit, review) if ruling is Ruling.ESCALATE else None

    def append(self, unit: Unit, entries: Sequence[Entry]) -> None:
        """Append entries, and tell the listeners once they are committed."""
        unit.append_many(entries)
        unit.after_commit(partial(self._observe, entries))


def _ruled(reviews: Iterable[Review], ruling: Ruling) -> list[Review]:
    return [r for r in reviews if r.verdict.ruling is ruling]


def _permit(review: Review, basis: str) -> Permit:
    action = review.action
    return Permit(action.id, action.tenant, action.digest, basis, review.verdict.binding)


def _proposed(review: Review, now: datetime) -> Entry:
    proposed = review.proposed
    public = {
        "kind": proposed.kind,
        "channel": proposed.channel,
        "purpose": proposed.purpose,
        "run": proposed.run,
        "digest": proposed.digest,
    }
    actor = f"agent:{proposed.agent}"
    return Entry("proposed", proposed.tenant, now, proposed.id, actor, public, None,
                 proposed.subject)  # fmt: skip


def _judged(review: Review, now: datetime, basis: str = "verdict") -> Entry:
    """That it was judged, and what followed in the same transaction.

    The permit of what is allowed, what a deferral waits for; a case has an entry of its own.
    """
    action, verdict = review.action, review.verdict
    public: dict[str, Any] = {
        "ruling": verdict.ruling.word,
        "articles": [f.article for f in verdict.fired],
        "noted": [f.article for f in verdict.noted],
        "gaps": [[g.fact, g.kind] for g in verdict.gaps],
        "revisions": len(verdict.revisions),
        "evidence": verdict.evidence,
        "binding": verdict.binding,
        "models": verdict.models,
        "digest": action.digest,
    }
    if verdict.ruling is Ruling.ALLOW:
        public["permit"] = basis
    elif verdict.ruling is Ruling.DEFER:
        public |= {"until": verdict.until, "tasks": verdict.tasks}
    return Entry("judged", action.tenant, now, action.id, "gate", public)


def open_tasks(unit: Unit, reviews: Sequence[Review], now: datetime) -> None:
    """One data task a person and field, whatever number of actions wait for it."""
    waiting = [
        (r.action.tenant, field, r.action.subject, r.action.id)
        for r in reviews
        for field in r.verdict.tasks
    ]
    if not waiting:
        return
    owners = _owners(unit, waiting[0][0], {contact for _, _, contact, _ in waiting})
    sql = (
        "insert into data_tasks (tenant, field, contact, owner, opened_at, closed_at) "
        "values (?, ?, ?, ?, ?, null) on conflict (tenant, field, contact) do update set "
        "closed_at = null, opened_at = excluded.opened_at, owner = excluded.owner "
        "where data_tasks.closed_at is not null"
    )
    for tenant, field, contact in sorted({w[:3] for w in waiting}):
        values = (tenant, field, contact, owners.get(contact, ""), to_micros(now))
        execute(unit.conn, sql, values)
    columns = ("tenant", "field", "contact", "action")
    insert_many(unit.conn, "task_actions", columns, waiting, or_ignore=True)


def _owners(unit: Unit, tenant: str, contacts: set[str]) -> dict[str, str]:
    """Who answers for each contact's record."""
    wanted, found = sorted(contacts), {}
    for start in range(0, len(wanted), _CHUNK):
        chunk = wanted[start : start + _CHUNK]
        marks = placeholders(len(chunk))
        sql = f"select id, owner from contacts where tenant = ? and id in ({marks})"
        found.update({row[0]: row[1] for row in execute(unit.conn, sql, (tenant, *chunk))})
    return found
