"""The built-in CRM: what an action does is written in the transaction of its claim.

Either both commit or neither does, so an effect happens exactly once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from agentkit.action import Action
from agentkit.canonical import canonical, from_json
from agentkit.consent.points import PHONE_CHANNELS, normal_point
from agentkit.context import Contact
from agentkit.crm.rows import CONTACT_COLUMNS, CONTACT_SQL, read_contact
from agentkit.errors import ConnectorError
from agentkit.permit import Claim, Effect
from agentkit.store.instants import from_micros, to_micros
from agentkit.store.sql import execute, insert_many

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from agentkit.store import Store, Unit

__all__ = ["BuiltinCRM", "Message"]

_WRITABLE: Final = frozenset({*CONTACT_COLUMNS, "brand"}) - {
    "id", "fields", "last_purchase", "contract_until", "last_inquiry",
}  # fmt: skip
_POINTS: Final = frozenset({"email", "phone"})


@dataclass(frozen=True, slots=True)
class Message:
    """What the built-in CRM has sent: the demo's and the tests' mailbox.

    Attributes:
        action: Id of the action.
        contact: To whom.
        channel: How.
        point: The mailbox or number; empty where the channel has none.
        subject_line: Subject; empty where there is none.
        text: The text, or the script of a call.
    """

    action: str
    contact: str
    channel: str
    point: str
    subject_line: str
    text: str


class _Refused(Exception):
    """The action cannot take effect; it becomes a failed effect, and is not tried again."""


class BuiltinCRM:
    """A CRM in the store's own tables (``contacts``, ``records``, ``touches``, ``outbox``)."""

    transactional = True
    looks_up_markers = True
    settle_seconds = 0.0
    reads_own_writes = True

    def __init__(self, store: Store) -> None:
        """Use this store, its clock and its vault."""
        self._store = store
        self._do: Mapping[str, Callable[[Action, Unit], dict[str, Any]]] = {
            "message.send": self._send,
            "call.place": self._send,
            "lead.score": self._score,
            "offer.set": self._offer,
            "record.update": self._update,
            "record.delete": self._delete,
            "segment.add": self._segment,
            "refund.pay": self._refund,
            "ticket.open": self._ticket,
        }

    def contact(self, tenant: str, contact: str) -> Contact | None:
        """A person by CRM id; None where there is none."""
        with self._store.read() as conn:
            return _contact(conn, tenant, contact)

    def record(self, tenant: str, kind: str, record: str) -> Mapping[str, Any] | None:
        """The fields of a record; None where there is none."""
        with self._store.read() as conn:
            found = _record(conn, tenant, kind, record)
        return None if found is None else found[1]

    def apply(self, action: Action, unit: Unit) -> Effect:
        """Do it in the transaction of its claim; the caller stores the effect there.

        Returns:
            ``done``, or ``failed`` with a reason where the record does not allow it (no such
            contact, no number to call, a deal of somebody else): trying again would not help.

        Raises:
            ConnectorError: this CRM knows no such kind; nothing was done.
        """
        do = self._do.get(action.kind)
        if do is None:
            raise ConnectorError(
                f"the built-in CRM cannot perform {action.kind!r}",
                hint=f"it performs: {', '.join(sorted(self._do))}",
            )
        now = self._store.clock.now()
        try:
            detail = do(action, unit)
        except _Refused as refusal:
            return Effect(action.id, "failed", action.id, now, {"reason": str(refusal)})
        row = (
            action.tenant, action.id, action.subject, action.kind, _channel(action), action.purpose,
            to_micros(now), action.id, action.run,
        )  # fmt: skip
        columns = ("tenant", "id", "contact", "kind", "channel", "purpose", "at", "action", "run")
        insert_many(unit.conn, "touches", columns, [row])
        return Effect(action.id, "done", action.id, now, detail)

    def perform(self, action: Action, claim: Claim) -> Effect:  # noqa: ARG002  (the protocol's)
        """Refused: effects of this CRM belong into the claim's transaction.

        Raises:
            ConnectorError: always.
        """
        raise ConnectorError(
            "the built-in CRM performs inside the transaction of the claim",
            hint="call apply(action, unit) where `transactional` is true",
        )

    def find(self, tenant: str, marker: str) -> Effect | None:
        """The effect of the action with this id; None where it has had none."""
        sql = "select outcome, marker, detail, at from effects where tenant = ? and action = ?"
        with self._store.read() as conn:
            row = execute(conn, sql, (tenant, marker)).one_or_none()
        if row is None:
            return None
        return Effect(marker, row[0], row[1], from_micros(row[3]), from_json(row[2]))

    def message(self, tenant: str, action: str) -> Message | None:
        """What was sent by an action; None where nothing was, or the person is erased."""
        sql = (
            "select channel, to_contact, text_encrypted from outbox where tenant = ? and action = ?"
        )
        with self._store.read() as conn:
            row = execute(conn, sql, (tenant, action)).one_or_none()
            if row is None or row[2] is None:
                return None
            plain = self._store.vault.decrypt(conn, tenant, row[1], bytes(row[2]))
        if plain is None:
            return None
        return Message(action, row[1], row[0], plain["point"], plain["subject_line"], plain["text"])

    def _send(self, action: Action, unit: Unit) -> dict[str, Any]:
        contact = _contact_of(action, unit)
        channel = _channel(action)
        point = _reach(contact, channel)
        text = action.text or str(action.args.get("script", ""))
        plain = {
            "point": point, "subject_line": str(action.args.get("subject_line", "")), "text": text
        }  # fmt: skip
        sealed = unit.vault.encrypt(unit.conn, action.tenant, contact.id, plain)
        row = (
            action.tenant, action.id, channel, contact.id, sealed,
            to_micros(self._store.clock.now()),
        )  # fmt: skip
        columns = ("tenant", "action", "channel", "to_contact", "text_encrypted", "at")
        insert_many(unit.conn, "outbox", columns, [row])
        return {"outbox": action.id, "channel": channel}

    def _score(self, action: Action, unit: Unit) -> dict[str, Any]:
        contact = _contact_of(action, unit)
        model = str(action.args.get("model") or action.agent or "default")
        score = float(action.args["score"])
        scores = {**(contact.fields.get("scores") or {}), model: score}
        self._save(action, unit, contact, {"score": score, "scores": scores})
        return {"contact": contact.id, "model": model}

    def _segment(self, action: Action, unit: Unit) -> dict[str, Any]:
        contact = _contact_of(action, unit)
        name = str(action.args["segment"])
        segments = [s for s in contact.fields.get("segments") or [] if s != name]
        self._save(action, unit, contact, {"segments": [*segments, name]})
        return {"contact": contact.id, "segment": name}

    def _offer(self, action: Action, unit: Unit) -> dict[str, Any]:
        names = ("amount", "currency", "discount")
        terms = {n: action.args[n] for n in names if action.args.get(n) is not None}
        record = action.records.get("deal") or f"D-{action.id}"
        return self._put(action, unit, "deal", record, terms)

    def _ticket(self, action: Action, unit: Unit) -> dict[str, Any]:
        fields = {
            "subject": action.args["title"],
            "priority": action.args.get("priority", ""),
            "open": True,
            "opened_at": self._store.clock.now().isoformat(),
        }
        return self._put(action, unit, "ticket", f"T-{action.id}", fields)

    def _refund(self, action: Action, unit: Unit) -> dict[str, Any]:
        fields = {
            "amount": action.args["amount"],
            "currency": action.args["currency"],
            "paid_at": self._store.clock.now().isoformat(),
        }
        return self._put(action, unit, "refund", f"R-{action.id}", fields)

    def _update(self, action: Action, unit: Unit) -> dict[str, Any]:
        kind, record, fields = (action.args[n] for n in ("type", "record", "fields"))
        if not isinstance(fields, Mapping):
            raise _Refused("fields-are-no-object")
        if kind != "contact":
            return self._put(action, unit, str(kind), str(record), fields, create=False)
        if record != action.subject:
            raise _Refused("record-of-another-person")
        contact = _contact_of(action, unit)
        columns = {k: _column(k, v, contact) for k, v in fields.items() if k in _WRITABLE}
        own = {k: v for k, v in fields.items() if k not in _WRITABLE}
        self._save(action, unit, contact, own, columns)
        return {"contact": action.subject, "fields": sorted(fields)}

    def _delete(self, action: Action, unit: Unit) -> dict[str, Any]:
        kind, record = str(action.args["type"]), str(action.args["record"])
        if kind == "contact":
            if record != action.subject:
                raise _Refused("record-of-another-person")
            sql = "delete from contacts where tenant = ? and id = ?"
            gone = execute(unit.conn, sql, (action.tenant, record)).rowcount
        else:
            _own(action, unit, kind, record)
            sql = "delete from records where tenant = ? and type = ? and id = ?"
            gone = execute(unit.conn, sql, (action.tenant, kind, record)).rowcount
        if not gone:
            raise _Refused("no-such-record")
        return {"record": f"{kind}/{record}"}

    def _put(
        self,
        action: Action,
        unit: Unit,
        kind: str,
        record: str,
        fields: Mapping[str, Any],
        *,
        create: bool = True,
    ) -> dict[str, Any]:
        """Make a record, or change the named fields of one that is the subject's (or nobody's)."""
        known = _own(action, unit, kind, record)
        now = to_micros(self._store.clock.now())
        if known is None:
            if not create:
                raise _Refused("no-such-record")
            text = canonical(fields).decode()
            row = (action.tenant, kind, record, action.subject, text, now)
            columns = ("tenant", "type", "id", "contact", "fields", "updated_at")
            insert_many(unit.conn, "records", columns, [row])
        else:
            text = canonical({**known, **fields}).decode()
            sql = (
                "update records set fields = ?, updated_at = ? "
                "where tenant = ? and type = ? and id = ?"
            )
            execute(unit.conn, sql, (text, now, action.tenant, kind, record))
        return {"record": f"{kind}/{record}"}

    def _save(
        self,
        action: Action,
        unit: Unit,
        contact: Contact,
        own: Mapping[str, Any],
        columns: Mapping[str, str] | None = None,
    ) -> None:
        """Change a contact: its own fields, and the columns that every contact has."""
        values = {**(columns or {}), "fields": canonical({**contact.fields, **own}).decode()}
        names = ", ".join(f"{name} = ?" for name in values)
        sql = (
            f"update contacts set {names}, updated_at = ?, lock = lock + 1 "
            "where tenant = ? and id = ?"
        )
        now = to_micros(self._store.clock.now())
        execute(unit.conn, sql, (*values.values(), now, action.tenant, contact.id))


def _contact(conn: Connection, tenant: str, contact: str) -> Contact | None:
    sql = f"{CONTACT_SQL} where tenant = ? and id = ?"
    row = execute(conn, sql, (tenant, contact)).one_or_none()
    return None if row is None else read_contact(row)


def _contact_of(action: Action, unit: Unit) -> Contact:
    contact = _contact(unit.conn, action.tenant, action.subject)
    if contact is None:
        raise _Refused("no-such-contact")
    return contact


def _record(
    conn: Connection, tenant: str, kind: str, record: str
) -> tuple[str, dict[str, Any]] | None:
    """Whose it is, and its fields."""
    sql = "select contact, fields from records where tenant = ? and type = ? and id = ?"
    row = execute(conn, sql, (tenant, kind, record)).one_or_none()
    return None if row is None else (row[0], from_json(row[1]))


def _own(action: Action, unit: Unit, kind: str, record: str) -> dict[str, Any] | None:
    """The fields of a record of the subject or of nobody; None where there is none."""
    found = _record(unit.conn, action.tenant, kind, record)
    if found is not None and found[0] not in {"", action.subject}:
        raise _Refused("record-of-another-person")
    return None if found is None else found[1]


def _channel(action: Action) -> str:
    return action.channel or ("phone" if action.kind == "call.place" else "")


def _reach(contact: Contact, channel: str) -> str:
    """The mailbox or number of a channel."""
    if not channel:
        raise _Refused("no-channel")
    point = contact.point(channel)
    if channel in {"sms", "whatsapp"}:
        point = str(contact.fields.get("mobile") or point)
    if not point and (channel == "email" or channel in PHONE_CHANNELS):
        raise _Refused("no-contact-point")
    return point


def _column(name: str, value: Any, contact: Contact) -> str:
    if not isinstance(value, str):
        raise _Refused(f"{name}-is-no-text")
    if name in _POINTS and value:
        normal = normal_point(value, contact.country)
        if not normal:
            raise _Refused(f"{name}-is-no-contact-point")
        return normal
    return value
