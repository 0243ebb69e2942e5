"""Permits and claims: no effect without a permit, no permit used twice.

A claim is taken in the transaction that checks, under the person's lock, everything that may have
changed since the action was judged: a withdrawal takes the same lock, so no claim commits after a
withdrawal has. A claim is a lease with a fence: after the lease another worker may *look*, never
perform, and an effect that comes with an older fence is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Literal

from agentkit.action import Action
from agentkit.canonical import canonical, from_json
from agentkit.consent import suppressed
from agentkit.errors import PermitError
from agentkit.permit import Claim, Effect, Permit
from agentkit.store.instants import from_micros, to_micros
from agentkit.store.sql import execute, insert_many

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from agentkit.store import Unit

__all__ = [
    "LEASE",
    "Refusal",
    "Why",
    "claim",
    "find_claim",
    "issue",
    "issue_many",
    "person_version",
    "record_effect",
    "release",
    "stop_for",
    "void",
]

LEASE: Final = timedelta(seconds=60)
"""How long a claim holds; every call of a connector, its retries included, ends well before."""

Why = Literal[
    "permit", "digest", "state", "deadline", "not-before", "stop", "stale", "busy", "suppressed",
]  # fmt: skip
_PERMIT_COLUMNS: Final = (
    "tenant", "action", "action_digest", "basis", "binding", "state", "owner", "lease_until",
    "fence",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an action was not claimed.

    Attributes:
        why: ``stale``: something about the person changed since the judgement, so judge again.
            ``busy``: another action of the person is being performed. ``stop``: a stop switch
            holds. The others say that this permit will never be claimed.
        until: For ``not-before`` and ``busy``: when to come back.
        detail: For people; no personal data.
    """

    why: Why
    until: datetime | None = None
    detail: str = ""


def issue_many(unit: Unit, permits: Sequence[Permit]) -> None:
    """Issue permits for actions that have none yet."""
    rows = [
        (p.tenant, p.action, p.action_digest, p.basis, p.binding, "issued", "", None, 0)
        for p in permits
    ]
    insert_many(unit.conn, "permits", _PERMIT_COLUMNS, rows)


def issue(unit: Unit, permit: Permit) -> None:
    """Issue a permit; one that was issued or is void is replaced.

    A used one is replaced only where nobody knows whether its effect took place and a person has
    decided since: that decision is then the basis.

    Raises:
        PermitError: the action is claimed, or was performed.
    """
    sql = (
        "insert into permits (tenant, action, action_digest, basis, binding, state, owner, "
        "lease_until, fence) values (?, ?, ?, ?, ?, 'issued', '', null, 0) "
        "on conflict (tenant, action) do update set action_digest = excluded.action_digest, "
        "basis = excluded.basis, binding = excluded.binding, state = 'issued', owner = '', "
        "lease_until = null where permits.state in ('issued', 'void') or (permits.state = 'used' "
        "and excluded.basis like ? and permits.basis <> excluded.basis and "
        "exists (select 1 from effects where effects.tenant = permits.tenant "
        "and effects.action = permits.action and effects.outcome = 'unknown'))"
    )
    values = (permit.tenant, permit.action, permit.action_digest, permit.basis, permit.binding)
    if execute(unit.conn, sql, (*values, "decision:%")).rowcount != 1:
        raise PermitError(
            f"action {permit.action} was claimed or performed already",
            hint="propose a new action if it must happen once more",
        )


def void(unit: Unit, tenant: str, action: str) -> None:
    """Take back a permit that nobody has claimed."""
    sql = "update permits set state = 'void' where tenant = ? and action = ? and state = 'issued'"
    execute(unit.conn, sql, (tenant, action))


def person_version(conn: Connection, tenant: str, person: str) -> tuple[int, ...]:
    """Counts and dates that change whenever anything changes that a judgement of a person read.

    Contacts made, consent events, changes of the record, restrictions: taken before an examination
    and compared inside the claim, they say whether the judgement still stands, caps included.
    """
    if not person:
        return ()
    sql = (
        "select (select count(*) from touches where tenant = ? and contact = ?), "
        "(select count(*) from consent_events where tenant = ? and contact = ?), "
        "(select coalesce(max(updated_at), 0) from contacts where tenant = ? and id = ?), "
        "(select coalesce(max(lock), 0) from contacts where tenant = ? and id = ?), "
        "(select count(*) from records where tenant = ? and contact = ?), "
        "(select coalesce(max(updated_at), 0) from records where tenant = ? and contact = ?), "
        "(select count(*) from circumstances where tenant = ? and contact = ?), "
        "(select count(*) from restrictions where tenant = ? and contact = ? and lifted_at is null)"
    )
    return tuple(execute(conn, sql, (tenant, person) * 8).one())


def stop_for(conn: Connection, tenant: str, agent: str, kind: str, person: str) -> str:
    """The scope of a stop switch that holds for an action; empty where none does."""
    sql = "select scope from stops where tenant = ? and lifted_at is null order by at"
    mine = {"all", f"agent:{agent}", f"kind:{kind}", f"person:{person}"}
    rows = execute(conn, sql, (tenant,))
    return next((str(row[0]) for row in rows if row[0] in mine), "")


def claim(
    unit: Unit,
    action: Action,
    *,
    owner: str,
    now: datetime,
    seen: Sequence[int],
    outbound: bool,
    lease: timedelta = LEASE,
) -> Claim | Refusal:
    """Claim an action's permit, checking again what may have changed since it was judged.

    Args:
        unit: The transaction; the effect of a transactional CRM belongs into the same one.
        action: The action that would be performed, with its text.
        owner: The worker.
        now: The instant.
        seen: `person_version` from before the last examination.
        outbound: Whether something reaches a person outside.
        lease: How long the claim holds.
    """
    if action.subject:
        unit.lock_person(action.tenant, action.subject)
    refusal = (
        _permit_refusal(unit.conn, action)
        or _time_refusal(unit.conn, action, now)
        or _person_refusal(unit, action, now, tuple(seen), outbound=outbound)
    )
    if refusal is not None:
        return refusal
    until = now + lease
    sql = (
        "update permits set state = 'claimed', owner = ?, lease_until = ?, fence = fence + 1 "
        "where tenant = ? and action = ? and state = 'issued' and action_digest = ?"
    )
    values = (owner, to_micros(until), action.tenant, action.id, action.digest)
    if execute(unit.conn, sql, values).rowcount != 1:
        return Refusal("permit", detail="somebody else claimed it")
    sql = (
        "update actions set state = 'performing', updated_at = ? where tenant = ? and id = ? "
        "and state in ('allowed', 'approved')"
    )
    if execute(unit.conn, sql, (to_micros(now), action.tenant, action.id)).rowcount != 1:
        raise PermitError(f"action {action.id} changed while it was claimed")
    fence = execute(
        unit.conn,
        "select fence from permits where tenant = ? and action = ?",
        (action.tenant, action.id),
    ).scalar_one()
    return Claim(action.id, action.tenant, owner, until, int(fence))


def _permit_refusal(conn: Connection, action: Action) -> Refusal | None:
    sql = (
        "select p.state, p.action_digest, a.digest, a.state from permits p join actions a "
        "on a.tenant = p.tenant and a.id = p.action where p.tenant = ? and p.action = ?"
    )
    row = execute(conn, sql, (action.tenant, action.id)).first()
    if row is None or row[0] != "issued":
        return Refusal("permit", detail="none was issued" if row is None else f"it is {row[0]}")
    if not row[1] == row[2] == action.digest:
        return Refusal("digest", detail="the action is not the one that was judged")
    if row[3] not in {"allowed", "approved"}:
        return Refusal("state", detail=f"the action is {row[3]}")
    return None


def _time_refusal(conn: Connection, action: Action, now: datetime) -> Refusal | None:
    if action.deadline is not None and action.deadline <= now:
        return Refusal("deadline", detail="its deadline has passed")
    sql = "select until from actions where tenant = ? and id = ?"
    until = execute(conn, sql, (action.tenant, action.id)).scalar()
    if until is not None and until > to_micros(now):
        return Refusal("not-before", from_micros(until))
    scope = stop_for(conn, action.tenant, action.agent, action.kind, action.subject)
    return Refusal("stop", detail=scope) if scope else None


def _person_refusal(
    unit: Unit, action: Action, now: datetime, seen: tuple[int, ...], *, outbound: bool
) -> Refusal | None:
    if not action.subject:
        return None
    if person_version(unit.conn, action.tenant, action.subject) != seen:
        return Refusal("stale", detail="the person's record changed since it was judged")
    sql = (
        "select max(p.lease_until) from actions a join permits p on p.tenant = a.tenant "
        "and p.action = a.id where a.tenant = ? and a.person = ? and a.state = 'performing' "
        "and a.id <> ?"
    )
    busy = execute(unit.conn, sql, (action.tenant, action.subject, action.id)).scalar()
    if busy is not None and busy > to_micros(now):
        return Refusal("busy", now + timedelta(seconds=2), "another action reaches this person")
    reason = _suppression(unit, action) if outbound else ""
    return Refusal("suppressed", detail=reason) if reason else None


def _suppression(unit: Unit, action: Action) -> str:
    sql = "select email, phone, fields from contacts where tenant = ? and id = ?"
    row = execute(unit.conn, sql, (action.tenant, action.subject)).first()
    if row is None:
        return ""
    email, phone, mobile = row[0], row[1], str(from_json(row[2]).get("mobile") or "")
    points = [phone, mobile] if action.channel else [email, phone, mobile]
    if action.channel == "email":
        points = [email]
    return suppressed(
        unit.conn, unit.vault, action.tenant, points,
        channel=action.channel, purpose=action.purpose, brand=action.sender.brand,
    )  # fmt: skip


def find_claim(conn: Connection, tenant: str, action: str) -> Claim | None:
    """The claim on an action, whether its lease still holds or not."""
    sql = (
        "select owner, lease_until, fence from permits where tenant = ? and action = ? "
        "and state = 'claimed'"
    )
    row = execute(conn, sql, (tenant, action)).first()
    return None if row is None else Claim(action, tenant, row[0], from_micros(row[1]), row[2])


def record_effect(unit: Unit, claim: Claim, effect: Effect) -> bool:
    """Record what was done under a claim and use up its permit.

    Returns:
        False where the claim is not the newest any more: nothing was recorded then.

    Raises:
        PermitError: an effect of this action is recorded already.
    """
    if not _end(unit, claim, "used"):
        return False
    sql = (
        "insert into effects (tenant, action, outcome, marker, detail, at) "
        "values (?, ?, ?, ?, ?, ?) on conflict (tenant, action) do update set "
        "outcome = excluded.outcome, marker = excluded.marker, detail = excluded.detail, "
        "at = excluded.at where effects.outcome = 'unknown'"
    )
    detail = canonical(effect.detail or {}).decode()
    values: tuple[Any, ...] = (
        claim.tenant, claim.action, effect.outcome, effect.marker, detail, to_micros(effect.at),
    )  # fmt: skip
    if execute(unit.conn, sql, values).rowcount != 1:
        raise PermitError(f"an effect of action {claim.action} is recorded already")
    return True


def release(unit: Unit, claim: Claim, *, to: Literal["issued", "void"] = "void") -> bool:
    """Give a claim back after which certainly nothing was done; the fence grows."""
    return _end(unit, claim, to)


def _end(unit: Unit, claim: Claim, to: str) -> bool:
    sql = (
        "update permits set state = ?, lease_until = null, fence = fence + ? where tenant = ? "
        "and action = ? and state = 'claimed' and owner = ? and fence = ?"
    )
    values = (to, int(to != "used"), claim.tenant, claim.action, claim.owner, claim.fence)
    return execute(unit.conn, sql, values).rowcount == 1
