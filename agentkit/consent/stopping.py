"""Stopping what waits when a person says no, so that no claim commits after the objection has."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from agentkit.canonical import from_json
from agentkit.consent.points import normal_channel
from agentkit.consent.purposes import objection_hits
from agentkit.entry import Entry
from agentkit.kinds import BUILTIN_KINDS
from agentkit.store.instants import to_micros
from agentkit.store.sql import execute, placeholders

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from agentkit.store import Unit

__all__ = [
    "DESK_KINDS",
    "WAITING",
    "Objection",
    "Owners",
    "contacts_at",
    "owners_of_points",
    "stop_actions",
]

WAITING: Final = ("allowed", "approved", "deferred", "escalated")
"""States from which an action could still be performed."""

DESK_KINDS: Final = frozenset({"consent.withdraw", "rights.request"})
"""What inbound messages put before people: it serves the person, so no objection stops it. No
agent can propose one, as no kind of action has these names."""

_INWARD: Final = frozenset(
    kind.name for kind in BUILTIN_KINDS if not kind.outbound and kind.name != "tool.call"
)
"""Kinds that certainly reach nobody: an objection to one channel leaves them alone."""
_CHUNK: Final = 500


@dataclass(frozen=True, slots=True)
class Objection:
    """What a person does not want any more; an empty field means every one.

    Attributes:
        point: Mailbox or number, in normal form.
        channel: Channel.
        purpose: Purpose.
        brand: Brand.
        reason: Short word for the ledger: ``consent-withdrawn``, ``suppressed``.
        event: Id of the consent event, where there is one.
    """

    point: str = ""
    channel: str = ""
    purpose: str = ""
    brand: str = ""
    reason: str = "consent-withdrawn"
    event: str = ""

    def hits(self, kind: str, channel: str, purpose: str) -> bool:
        """Whether an action falls under it; what the action leaves open counts as a hit."""
        if kind in DESK_KINDS:
            return False
        if not objection_hits(self.purpose, purpose):
            return False
        if not self.channel:
            return True
        channel = normal_channel(channel) or ("phone" if kind == "call.place" else "")
        return channel == self.channel if channel else kind not in _INWARD


def contacts_at(conn: Connection, tenant: str, point: str) -> list[str]:
    """Ids of all contacts that have this mailbox or number, or of whom an event says so.

    ``@domain`` stands for every mailbox there.

    A second number (``mobile``) stands among the contact's own fields, which are searched whole:
    whoever asks for many points uses `owners_of_points`.
    """
    if not point:
        return []
    if point.startswith("@"):
        return _contacts_at_domain(conn, tenant, point)
    column = "email" if "@" in point else "phone"
    sql = f"select id from contacts where tenant = ? and {column} = ?"
    found = {row[0] for row in execute(conn, sql, (tenant, point))}
    if column == "phone":
        sql = "select id from contacts where tenant = ? and fields like ?"
        found |= {row[0] for row in execute(conn, sql, (tenant, f'%"mobile":"{point}"%'))}
    sql = "select distinct contact from consent_events where tenant = ? and point = ?"
    found |= {row[0] for row in execute(conn, sql, (tenant, point)) if row[0]}
    return sorted(found)


def _contacts_at_domain(conn: Connection, tenant: str, domain: str) -> list[str]:
    """Whoever has a mailbox that ends so (the text is compared, so no character is a wildcard)."""
    length = len(domain)
    sql = (
        "select id from contacts where tenant = ? and substr(email, length(email) - ? + 1) = ? "
        "union select contact from consent_events where tenant = ? and contact <> '' "
        "and substr(point, length(point) - ? + 1) = ?"
    )
    values = (tenant, length, domain, tenant, length, domain)
    return sorted(row[0] for row in execute(conn, sql, values))


class Owners:
    """Who has which mailbox, number or domain, held in memory: for runs that ask for many."""

    def __init__(self) -> None:
        """Know nobody."""
        self._owners: dict[str, set[str]] = {}

    def __call__(self, point: str) -> list[str]:
        """Ids of the contacts that have it, in order."""
        return sorted(self._owners.get(point, ())) if point else []

    def add(self, point: str, contact: str) -> None:
        """Remember that a contact has a point, and is at its domain."""
        self._owners.setdefault(point, set()).add(contact)
        _, at, domain = point.rpartition("@")
        if at:
            self._owners.setdefault(f"@{domain}", set()).add(contact)


def owners_of_points(conn: Connection, tenant: str) -> Owners:
    """`contacts_at` for many points: reads every contact once and remembers who has what."""
    owners = Owners()
    sql = "select id, email, phone, fields from contacts where tenant = ?"
    for id_, email, phone, fields in execute(conn, sql, (tenant,)):
        mobile = from_json(fields).get("mobile") if '"mobile"' in fields else ""
        for point in filter(None, (email, phone, mobile)):
            owners.add(str(point), id_)
    sql = "select distinct contact, point from consent_events where tenant = ? and contact <> ''"
    for id_, point in execute(conn, sql, (tenant,)):
        owners.add(point, id_)
    return owners


def stop_actions(
    unit: Unit,
    tenant: str,
    people: Sequence[str],
    objection: Objection,
    *,
    now: datetime,
    actor: str = "system",
) -> list[str]:
    """Stop the waiting actions of these people that fall under an objection.

    The caller holds the people's locks. Permits become void, open cases are withdrawn, and one
    entry an action says why, with the decision it undoes.

    Returns:
        Ids of the stopped actions.
    """
    stopped: list[str] = []
    for action, state, decision in _waiting(unit, tenant, people, objection):
        _stop(unit, tenant, action, to_micros(now))
        public: dict[str, Any] = {"reason": objection.reason, "was": state}
        public |= {k: v for k, v in (("event", objection.event), ("decision", decision)) if v}
        unit.append(Entry("stopped", tenant, now, action=action, actor=actor, public=public))
        stopped.append(action)
    return stopped


def _waiting(
    unit: Unit, tenant: str, people: Sequence[str], objection: Objection
) -> Iterable[tuple[str, str, str]]:
    for start in range(0, len(people), _CHUNK):
        chunk = people[start : start + _CHUNK]
        sql = (
            "select id, state, decision, kind, channel, purpose, person, payload from actions "
            f"where tenant = ? and person in ({placeholders(len(chunk))}) "
            f"and state in ({placeholders(len(WAITING))}) order by id"
        )
        rows = execute(unit.conn, sql, (tenant, *chunk, *WAITING)).all()
        for action, state, decision, kind, channel, purpose, person, payload in rows:
            if objection.hits(kind, channel, purpose) and _same_brand(
                unit, tenant, person, payload, objection.brand
            ):
                yield action, state, decision


def _same_brand(unit: Unit, tenant: str, person: str, payload: Any, brand: str) -> bool:
    """Whether an action speaks for the brand; where that cannot be read, it counts as so."""
    if not brand or payload is None:
        return True
    value = unit.vault.decrypt(unit.conn, tenant, person, bytes(payload)) or {}
    sender = (value.get("action") or {}).get("sender") or ("",)
    name = sender.get("brand", "") if isinstance(sender, dict) else sender[0]
    return not name or name == brand


def _stop(unit: Unit, tenant: str, action: str, micros: int) -> None:
    sql = "update actions set state = 'stopped', updated_at = ? where tenant = ? and id = ?"
    execute(unit.conn, sql, (micros, tenant, action))
    sql = "update permits set state = 'void' where tenant = ? and action = ? and state = 'issued'"
    execute(unit.conn, sql, (tenant, action))
    sql = "update cases set state = 'withdrawn' where tenant = ? and action = ? and state = 'open'"
    execute(unit.conn, sql, (tenant, action))
