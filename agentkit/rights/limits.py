"""Restrict, object, rectify: what a person may ask for short of being erased."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from agentkit.canonical import canonical, from_json
from agentkit.consent import Objection, normal_point, stop_actions, suppress, withdraw
from agentkit.consent.stopping import WAITING
from agentkit.crm.places import country_code, language_code, time_zone
from agentkit.crm.rows import CONTACT_COLUMNS
from agentkit.entry import Entry
from agentkit.errors import InvalidAction, NotFound
from agentkit.rights.erasure import erased_at, is_known, points_of
from agentkit.store import execute, insert_many, placeholders, to_micros

if TYPE_CHECKING:
    from agentkit.store import Store, Unit

__all__ = ["Limited", "Rectified", "lift", "object_to_marketing", "rectify", "restrict"]

OWN_REQUEST: Final = frozenset({"support", "legal"})
"""Purposes that a restriction leaves alone: the person's own request, and legal claims."""
_COLUMNS: Final = ("tenant", "id", "contact", "at", "by", "reason", "lifted_at", "lifted_by")
_TEXTS: Final = frozenset({*CONTACT_COLUMNS, "brand"}) - {
    "id", "fields", "last_purchase", "contract_until", "last_inquiry",
}  # fmt: skip
_LONGEST: Final = 10_000


@dataclass(frozen=True, slots=True)
class Limited:
    """What a restriction or an objection did at once.

    Attributes:
        stopped: Ids of actions that will not be performed.
        points: How many contact points were closed.
    """

    stopped: tuple[str, ...]
    points: int = 0


@dataclass(frozen=True, slots=True)
class Rectified:
    """A corrected field."""

    field: str
    before: str
    after: str


def restrict(store: Store, tenant: str, person: str, *, by: str, reason: str = "") -> Limited:
    """Restrict the processing of a person's data (GDPR Art. 18) until `lift`.

    The fact ``contact.restricted`` is true from now on, and articles say what follows. What waits
    stops at once, but for answers to the person's own request.

    Raises:
        NotFound: nobody of this id is on record.
    """
    now = store.clock.now()
    with store.write() as unit:
        _hold(unit, tenant, person)
        sealed = None
        if reason.strip():
            sealed = unit.vault.encrypt(unit.conn, tenant, person, {"reason": reason.strip()})
        row = (tenant, secrets.token_hex(8), person, to_micros(now), by, sealed, None, "")
        insert_many(unit.conn, "restrictions", _COLUMNS, [row])
        stopped: list[str] = []
        for purpose in _waiting_purposes(unit, tenant, person):
            # a purpose that no action has stops those alone that name none
            objection = Objection(purpose=purpose or "\x01", reason="restricted")
            stopped += stop_actions(unit, tenant, [person], objection, now=now, actor=_actor(by))
        unit.append(_entry(tenant, person, "restrict", by, now, reason=reason))
    return Limited(tuple(dict.fromkeys(stopped)))


def lift(store: Store, tenant: str, person: str, *, by: str, reason: str) -> None:
    """Lift the restrictions of a person; tell them before (GDPR Art. 18(3)).

    Raises:
        InvalidAction: no reason is given.
        NotFound: nothing of this person is restricted.
    """
    if not reason.strip():
        raise InvalidAction("say why it may be used again: the ledger keeps it")
    now = store.clock.now()
    with store.write() as unit:
        unit.lock_person(tenant, person)
        sql = (
            "update restrictions set lifted_at = ?, lifted_by = ? where tenant = ? "
            "and contact = ? and lifted_at is null"
        )
        if not execute(unit.conn, sql, (to_micros(now), by, tenant, person)).rowcount:
            raise NotFound("nothing of this person is restricted")
        unit.append(_entry(tenant, person, "lift", by, now, reason=reason))


def object_to_marketing(store: Store, tenant: str, person: str, *, by: str) -> Limited:
    """Record an objection to advertising and to profiling for it (GDPR Art. 21(2), (3)).

    It holds for every channel and brand until the person says yes again, and closes the contact
    points for advertising, so that it outlives an erasure. Service messages go on.

    Raises:
        NotFound: nobody of this id is on record.
    """
    now = store.clock.now()
    with store.write() as unit:
        _hold(unit, tenant, person)
        recorded = withdraw(
            unit, tenant, person, now=now, purpose="marketing", source="right:object",
            actor=_actor(by),
        )  # fmt: skip
        points = points_of(unit.conn, tenant, person)
        for point in points:
            suppress(
                unit, tenant, point, now=now, reason="objection", purpose="marketing",
                actor=_actor(by),
            )  # fmt: skip
        unit.append(_entry(tenant, person, "object", by, now))
    return Limited(recorded.stopped, len(points))


def rectify(
    store: Store, tenant: str, person: str, field: str, value: str, *, by: str
) -> Rectified:
    """Correct one field of a person's record (GDPR Art. 16); both values stand in the ledger.

    Args:
        store: The database.
        tenant: Whose data.
        person: CRM id.
        field: A field of every contact (``email``), or one of the business's own that is there.
        value: The right value; empty: there is none.
        by: Who corrects it.

    Raises:
        NotFound: nobody of this id is in the CRM.
        InvalidAction: there is no such field, or the value cannot be one.
    """
    now = store.clock.now()
    value = value.strip()
    if len(value) > _LONGEST:
        raise InvalidAction(f"a value has at most {_LONGEST} characters")
    with store.write() as unit:
        _hold(unit, tenant, person)
        columns = ", ".join(sorted(_TEXTS))
        sql = f"select {columns}, fields from contacts where tenant = ? and id = ?"
        row = execute(unit.conn, sql, (tenant, person)).mappings().first()
        if row is None:
            raise NotFound(
                "this person has no record in the CRM any more", hint="there is nothing to correct"
            )
        own = from_json(row["fields"])
        if field in _TEXTS:
            before, after = str(row[field]), _normal(field, value, str(row["country"]))
            changed: dict[str, Any] = {field: after}
        elif field in own:
            before, after = str(own[field]), value
            changed = {"fields": canonical({**own, field: _like(own[field], value)}).decode()}
        else:
            raise _no_field(field, own)
        sets = ", ".join(f"{name} = ?" for name in changed)
        sql = f"update contacts set {sets}, updated_at = ?, lock = lock + 1 "
        values = (*changed.values(), to_micros(now), tenant, person)
        execute(unit.conn, sql + "where tenant = ? and id = ?", values)
        private = {"before": before, "after": after}
        unit.append(_entry(tenant, person, "rectify", by, now, field=field, private=private))
    return Rectified(field, before, after)


def _hold(unit: Unit, tenant: str, person: str) -> None:
    """Lock a person who is on record.

    Raises:
        NotFound: nobody of this id is on record.
    """
    unit.lock_person(tenant, person)
    if is_known(unit.conn, tenant, person):
        return
    when = erased_at(unit.conn, tenant, unit.vault.token(tenant, person))
    if when is not None:
        raise NotFound(f"the person of this id was erased on {when:%Y-%m-%d}")
    raise NotFound(
        "nobody of this id is on record", hint="give the record id of the CRM, not a name"
    )


def _waiting_purposes(unit: Unit, tenant: str, person: str) -> Sequence[str]:
    """Purposes of what waits for a person, but for the person's own requests."""
    sql = (
        "select distinct purpose from actions where tenant = ? and person = ? "
        f"and state in ({placeholders(len(WAITING))})"
    )
    rows = execute(unit.conn, sql, (tenant, person, *WAITING))
    return [row[0] for row in rows if row[0] not in OWN_REQUEST]


def _normal(field: str, value: str, country: str) -> str:
    """A value as the record keeps it.

    Raises:
        InvalidAction: it cannot be one.
    """
    readers = {
        "email": lambda v: normal_point(v) if "@" in v else "",
        "phone": lambda v: normal_point(v, country),
        "country": country_code,
        "language": language_code,
        "timezone": time_zone,
    }
    if not value or field not in readers:
        return value
    normal: str = readers[field](value)
    if not normal:
        raise InvalidAction(f"{value!r:.60} is no {field}", hint=_EXAMPLES[field])
    return normal


_EXAMPLES: Final = {
    "email": "write name@host.tld",
    "phone": "write the number with its prefix: +49 40 123456",
    "country": "write it like DE or Germany",
    "language": "write it like de or German",
    "timezone": "write it like Europe/Berlin",
}


def _like(before: object, value: str) -> object:
    """A value of the type that the field has."""
    if isinstance(before, bool):
        return value.lower() in {"true", "yes", "1"}
    if isinstance(before, int | float):
        try:
            return float(value)
        except ValueError as error:
            raise InvalidAction(f"{value!r:.60} is no number, and the field holds one") from error
    return value


def _no_field(field: str, own: dict[str, Any]) -> InvalidAction:
    from difflib import get_close_matches

    names = sorted({*_TEXTS, *own})
    near = get_close_matches(field, names, 1)
    hint = f"did you mean {near[0]!r}?" if near else f"fields: {', '.join(names)}"
    return InvalidAction(f"the record has no field {field!r:.60}", hint=hint)


def _actor(by: str) -> str:
    return f"operator:{by}"


def _entry(
    tenant: str,
    person: str,
    right: str,
    by: str,
    now: datetime,
    *,
    reason: str = "",
    field: str = "",
    private: dict[str, Any] | None = None,
) -> Entry:
    public = {"right": right} | ({"field": field} if field else {})
    hidden = private or ({"reason": reason.strip()} if reason.strip() else None)
    return Entry(
        "right", tenant, now, actor=_actor(by), public=public, private=hidden, person=person
    )
