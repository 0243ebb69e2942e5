"""Contact points that must not be used, kept as keyed hashes so that they outlive an erasure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final

from agentkit.consent.points import normal_channel, normal_point
from agentkit.consent.stopping import Objection, contacts_at, stop_actions
from agentkit.entry import Entry
from agentkit.errors import ImportFileError
from agentkit.store.instants import to_micros
from agentkit.store.sql import execute, insert_many, placeholders

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from agentkit.store import Unit, Vault

__all__ = ["suppress", "suppressed", "suppression_token"]

_COLUMNS: Final = ("tenant", "token", "channel", "purpose", "brand", "at", "reason")


def suppression_token(vault: Vault, tenant: str, point: str, country: str = "") -> str:
    """The token of a contact point: HMAC-SHA256 of its normal form; empty where it has none."""
    normal = normal_point(point, country)
    return vault.token(tenant, normal) if normal else ""


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
    """Never use this mailbox or number again; stops what waits for the people who have it.

    Args:
        unit: The transaction.
        tenant: Whose data.
        point: Address or number.
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
        ImportFileError: the point is neither an address nor a number.
    """
    normal = normal_point(point, country)
    if not normal:
        raise ImportFileError(
            "a contact point to suppress is neither an address nor a number",
            hint="write name@host.tld, or the number with its prefix: +49 40 123456",
        )
    people = contacts_at(unit.conn, tenant, normal)
    unit.lock_people(tenant, people)
    token, channel = unit.vault.token(tenant, normal), normal_channel(channel)
    row = (tenant, token, channel, purpose, brand, to_micros(now), reason)
    insert_many(unit.conn, "suppressions", _COLUMNS, [row], or_ignore=True)
    scope = {"channel": channel, "purpose": purpose, "brand": brand}
    public = {"token": token, "reason": reason, **scope}
    unit.append(Entry("suppressed", tenant, now, actor=actor, public=public))
    objection = Objection(normal, channel, purpose, brand, reason="suppressed")
    stop_actions(unit, tenant, people, objection, now=now, actor=actor)
    return token


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
        points: Addresses and numbers in normal form.
        channel: The channel that would be used.
        purpose: The purpose.
        brand: The brand that would speak.
    """
    tokens = [vault.token(tenant, point) for point in points if point]
    if not tokens:
        return ""
    sql = (
        "select channel, purpose, brand, reason from suppressions where tenant = ? "
        f"and token in ({placeholders(len(tokens))}) order by at"
    )
    asked = (normal_channel(channel), purpose, brand)
    for *scope, reason in execute(conn, sql, (tenant, *tokens)):
        if all(not s or not a or s == a for s, a in zip(scope, asked, strict=True)):
            return reason or "suppressed"
    return ""
