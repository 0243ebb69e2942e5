"""One message in one transaction: what the steps share."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from agentkit.action import Sender
from agentkit.consent import contacts_at
from agentkit.consent.points import PHONE_CHANNELS
from agentkit.context import Contact
from agentkit.crm.rows import CONTACT_SQL, read_contact
from agentkit.inbound.message import Inbound
from agentkit.inbound.receipt import Receipt
from agentkit.settings import Settings
from agentkit.store import execute
from agentkit.store.actions import find_action, open_review

if TYPE_CHECKING:
    from agentkit.desk import Desk
    from agentkit.store import Unit

__all__ = ["Work", "begin"]


@dataclass
class Work:
    """What is known of a message while it is dealt with.

    Attributes:
        unit: The transaction; it holds the locks of all contacts.
        message: What came in.
        key: Our id of it.
        at: When it counts from.
        now: The instant.
        contacts: Those who have the mailbox or number.
        brand: Brand that a withdrawal is for; empty: every one.
        receipt: What was done so far.
        desk: Where cases go.
        settings: What the installation says.
        sentence: The words to keep as proof.
    """

    unit: Unit
    message: Inbound
    key: str
    at: datetime
    now: datetime
    contacts: tuple[Contact, ...]
    brand: str
    receipt: Receipt
    desk: Desk
    settings: Settings
    sentence: str = ""

    @property
    def tenant(self) -> str:
        """Whose person it is."""
        return self.message.tenant

    @property
    def ids(self) -> tuple[str, ...]:
        """CRM ids; one empty id where nobody is known."""
        return tuple(c.id for c in self.contacts) or ("",)

    @property
    def source(self) -> str:
        """How other records refer to the message."""
        return f"inbound:{self.key}"

    @property
    def token(self) -> str:
        """Keyed hash of the mailbox or number."""
        return self.unit.vault.token(self.tenant, self.message.sender)

    @property
    def country(self) -> str:
        """Country of the person; empty where it is not known or contacts differ."""
        found = {c.country for c in self.contacts}
        return found.pop() if len(found) == 1 else ""

    def point_for(self, channel: str) -> str:
        """The point that a withdrawal is tied to; empty: the person's, whatever it is."""
        point = self.message.sender
        reaches = (channel == "email") == ("@" in point)
        if not channel or (channel in PHONE_CHANNELS | {"email"} and not reaches):
            return "" if self.contacts else point
        return point


def begin(unit: Unit, message: Inbound, now: datetime, desk: Desk, settings: Settings) -> Work:
    """Find out who it is and lock them all, as every withdrawal does."""
    ids = contacts_at(unit.conn, message.tenant, message.sender)
    unit.lock_people(message.tenant, ids or [""])
    contacts = tuple(filter(None, (_contact(unit, message.tenant, id_) for id_ in ids)))
    receipt = Receipt(message.id, "", message.type, tuple(c.id for c in contacts))
    at = message.moment(now)
    return Work(
        unit, message, "", at, now, contacts, _brand(unit, message, settings), receipt, desk,
        settings,
    )  # fmt: skip


def _contact(unit: Unit, tenant: str, contact: str) -> Contact | None:
    row = execute(unit.conn, f"{CONTACT_SQL} where tenant = ? and id = ?", (tenant, contact))
    found = row.first()
    return Contact(contact) if found is None else read_contact(found)


def _brand(unit: Unit, message: Inbound, settings: Settings) -> str:
    """The brand written to, by the line or by the message that it answers."""
    if settings.withdrawal_scope == "controller":
        return ""
    return message.brand or _answered(unit, message).brand


def _answered(unit: Unit, message: Inbound) -> Sender:
    stored = find_action(unit.conn, message.tenant, message.in_reply_to)
    review = None if stored is None else open_review(unit.conn, unit.vault, stored)
    return Sender() if review is None else review.action.sender
