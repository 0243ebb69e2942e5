"""Contact points that must not be used, kept as keyed hashes so that they outlive an erasure.

One mailbox, one number, or everybody at a domain (``@example.org``); for every channel, purpose
and brand or for one of each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from agentkit.consent.points import normal_channel, normal_domain, normal_point
from agentkit.consent.purposes import normal_purpose, objection_hits
from agentkit.consent.stopping import Objection, contacts_at, stop_actions
from agentkit.entry import Entry
from agentkit.errors import ImportFileError
from agentkit.store.instants import to_micros
from agentkit.store.sql import execute, insert_many, placeholders

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from agentkit.store import Unit, Vault

__all__ = [
    "Suppression",
    "suppress",
    "suppress_point",
    "suppressed",
    "suppression_token",
    "suppression_tokens",
]

_COLUMNS: Final = ("tenant", "token", "channel", "purpose", "brand", "at", "reason")


@dataclass(frozen=True, slots=True)
class Suppression:
    """What must not be used.

    Attributes:
        point: Mailbox, number or ``@domain`` in normal form.
        reason: Why, as a short word: ``complaint``, ``bounce``, ``objection``, ``list``.
        channel: Empty means every channel.
        purpose: Empty means every purpose.
        brand: Empty means every brand.
    """

    point: str
    reason: str
    channel: str = ""
    purpose: str = ""
    brand: str = ""


def suppression_token(vault: Vault, tenant: str, point: str, country: str = "") -> str:
    """The token of a mailbox, number or domain: HMAC-SHA256 of its normal form; empty if none."""
    normal = normal_domain(point) or normal_point(point, country)
    return vault.token(tenant, normal) if normal else ""


def suppression_tokens(vault: Vault, tenant: str, point: str) -> tuple[str, ...]:
    """The tokens under which a point in normal form may stand: its own, and its domain's."""
    own = vault.token(tenant, point)
    _, at, domain = point.rpartition("@")
    return (own, vault.token(tenant, f"@{domain}")) if at else (own,)


def suppress(
    unit: Unit,
    tenant: str,
    point: str,
    *,
    now: datetime,
    reason: str,
    channel: str = "",
    purpose: str = "",
    brand: str = "",
    actor: str = "system",
    country: str = "",
) -> str:
    """Never use this mailbox, number or domain again; stops what waits for those who have it.

    Args:
        unit: The transaction.
        tenant: Whose data.
        point: Address, number, or ``@domain`` for everybody there.
        now: The instant.
        reason: Why, as a short word: ``complaint``, ``bounce``, ``objection``, ``list``.
        channel: Empty means every channel.
        purpose: Empty means every purpose.
        brand: Empty means every brand.
        actor: Who asked.
        country: ISO code, for a number without prefix.

    Returns:
        The token under which it stands.

    Raises:
        ImportFileError: the point is neither an address nor a number nor a domain.
    """
    normal = normal_domain(point) or normal_point(point, country)
    if not normal:
        raise ImportFileError(
            "a contact point to suppress is neither an address nor a number",
            hint="write name@host.tld, @host.tld, or the number with its prefix: +49 40 123456",
        )
    entry = Suppression(normal, reason, normal_channel(channel), normal_purpose(purpose), brand)
    suppress_point(unit, tenant, entry, now=now, actor=actor)
    return unit.vault.token(tenant, normal)


def suppress_point(
    unit: Unit,
    tenant: str,
    entry: Suppression,
    *,
    now: datetime,
    actor: str = "system",
    owners: Callable[[str], Sequence[str]] | None = None,
) -> bool:
    """Record one suppression whose parts are in normal form; see `suppress`.

    Args:
        unit: The transaction.
        tenant: Whose data.
        entry: What must not be used.
        now: The instant.
        actor: Who asked.
        owners: Who has a point (`owners_of_points`); None asks the database.

    Returns:
        Whether it was not there before.
    """
    people = (
        owners(entry.point) if owners is not None else contacts_at(unit.conn, tenant, entry.point)
    )
    unit.lock_people(tenant, people)
    token = unit.vault.token(tenant, entry.point)
    scope = {"channel": entry.channel, "purpose": entry.purpose, "brand": entry.brand}
    if _stands(unit.conn, tenant, token, scope.values()):
        return False
    row = (tenant, token, *scope.values(), to_micros(now), entry.reason)
    insert_many(unit.conn, "suppressions", _COLUMNS, [row], or_ignore=True)
    public = {"token": token, "reason": entry.reason, **scope}
    unit.append(Entry("suppressed", tenant, now, actor=actor, public=public))
    objection = Objection(
        entry.point, entry.channel, entry.purpose, entry.brand, reason="suppressed"
    )
    stop_actions(unit, tenant, list(people), objection, now=now, actor=actor)
    return True


def _stands(conn: Connection, tenant: str, token: str, scope: Iterable[str]) -> bool:
    sql = (
        "select 1 from suppressions where tenant = ? and token = ? and channel = ? "
        "and purpose = ? and brand = ?"
    )
    return execute(conn, sql, (tenant, token, *scope)).first() is not None


def suppressed(
    conn: Connection,
    vault: Vault,
    tenant: str,
    points: Sequence[str],
    *,
    channel: str,
    purpose: str,
    brand: str = "",
) -> str:
    """Why none of these points may be used so; empty where no suppression stands against it.

    A dimension that the caller leaves empty is not known, and counts as the suppressed one.

    Args:
        conn: Any connection; inside a claim, that of the claim's transaction.
        vault: For the tokens.
        tenant: Whose data.
        points: Addresses and numbers in normal form; their domains are looked up too.
        channel: The channel that would be used.
        purpose: The purpose.
        brand: The brand that would speak.
    """
    tokens = [t for point in points if point for t in suppression_tokens(vault, tenant, point)]
    if not tokens:
        return ""
    sql = (
        "select channel, purpose, brand, reason from suppressions where tenant = ? "
        f"and token in ({placeholders(len(tokens))}) order by at"
    )
    asked = normal_channel(channel)
    for closed, refused, theirs, reason in execute(conn, sql, (tenant, *tokens)):
        same = all(not s or not a or s == a for s, a in ((closed, asked), (theirs, brand)))
        if same and objection_hits(refused, purpose):
            return reason or "suppressed"
    return ""
