"""What an agent wants to do."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from agentkit.canonical import clean_json, clean_text, digest
from agentkit.errors import InvalidAction

__all__ = [
    "MAX_TEXT",
    "Action",
    "Observation",
    "Scope",
    "Sender",
]

MAX_TEXT: Final = 100_000
"""Longest text of an action, in characters: a customer message is never longer."""


@dataclass(frozen=True, slots=True)
class Observation:
    """Untrusted text that the agent read before it proposed, and where it came from."""

    source: str
    text: str


@dataclass(frozen=True, slots=True)
class Sender:
    """On whose behalf an action speaks: a brand, in a country (ISO 3166), perhaps a region."""

    brand: str = ""
    country: str = ""
    region: str = ""


@dataclass(frozen=True)
class Action:
    """What an agent wants to do. Frozen: a change is a new action with a new digest.

    Build one with `Action.create`, which cleans hostile characters and draws the salt.

    Attributes:
        id: Identifier, unique in the tenant.
        kind: Name of a registered kind, ``message.send`` say.
        agent: Name of a registered agent.
        tenant: The business whose data this is.
        subject: Id of the CRM record of the person concerned; never free text.
        channel: ``email``, ``sms``, ``phone``, ``whatsapp``, ``chat``, ``post``; empty if none.
        purpose: The purpose that the agent declares: a claim to be checked, not a fact.
        args: Arguments by name, as the kind declares them.
        text: Outbound text; empty where there is none.
        request: What the principal asked the agent to do.
        observations: Untrusted text that the agent read.
        reason: Why the agent wants it, in its own words.
        run: Groups the actions of one run of the agent.
        confidence: The agent's own confidence, 0 to 1; None if it gave none.
        records: Ids of other CRM records concerned, by type: ``{"deal": "D-17"}``.
        sender: On whose behalf.
        deadline: After this instant the action makes no sense any more.
        cleaned: Characters that blind a judge (NUL, lone surrogates) were taken out.
        salt: Random bytes in hex, kept with the encrypted payload, so that the digest cannot be
            guessed from outside.
    """

    id: str
    kind: str
    agent: str = ""
    tenant: str = "default"
    subject: str = ""
    channel: str = ""
    purpose: str = ""
    args: Mapping[str, Any] = field(default_factory=dict)
    text: str = ""
    request: str = ""
    observations: tuple[Observation, ...] = ()
    reason: str = ""
    run: str = ""
    confidence: float | None = None
    records: Mapping[str, str] = field(default_factory=dict)
    sender: Sender = Sender()
    deadline: datetime | None = None
    cleaned: bool = False
    salt: str = ""

    @classmethod
    def create(cls, **fields: Any) -> Action:
        """Make an action from untrusted values: hostile characters are removed and that is noted.

        Raises:
            InvalidAction: a field is unknown or of a wrong type, or the whole is too large.
        """
        unknown = sorted(set(fields) - set(cls.__dataclass_fields__))
        if unknown:
            msg = f"an action has no field {unknown[0]!r}"
            raise InvalidAction(msg, hint=f"its fields: {', '.join(cls.__dataclass_fields__)}")
        _check_shape(fields)
        changed = False
        for name, value in fields.items():
            clean = _clean_field(value)
            if clean is not value:
                fields[name], changed = clean, True
        fields.setdefault("id", secrets.token_hex(8))
        fields["cleaned"] = changed or bool(fields.get("cleaned"))
        fields["salt"] = fields.get("salt") or secrets.token_hex(16)
        return cls(**fields)

    @property
    def digest(self) -> str:
        """Hex sha256 over every field, salt included; what an approval is bound to."""
        known: str | None = self.__dict__.get("_digest")
        if known is None:
            known = self.__dict__["_digest"] = digest(self.to_json())
        return known

    def revised(self, **changes: Any) -> Action:
        """The same action with another text or arguments: kind and subject cannot change.

        Raises:
            InvalidAction: the change would make it a different action.
        """
        fixed = {"id", "tenant", "agent", "kind", "subject"} & set(changes)
        if fixed:
            msg = f"a revision may not change {', '.join(sorted(fixed))}"
            raise InvalidAction(msg, hint="propose a new action instead")
        merged = {k: _clean_field(v) for k, v in changes.items()}
        return replace(self, **merged)

    def to_json(self) -> dict[str, Any]:
        """Every field as plain JSON values; `from_json` reads it back."""
        return {  # in the order of the canonical form, which then need not be sorted
            "agent": self.agent,
            "args": self.args,
            "channel": self.channel,
            "cleaned": self.cleaned,
            "confidence": self.confidence,
            "deadline": self.deadline,
            "id": self.id,
            "kind": self.kind,
            "observations": [(o.source, o.text) for o in self.observations],
            "purpose": self.purpose,
            "reason": self.reason,
            "records": self.records,
            "request": self.request,
            "run": self.run,
            "salt": self.salt,
            "sender": (self.sender.brand, self.sender.country, self.sender.region),
            "subject": self.subject,
            "tenant": self.tenant,
            "text": self.text,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Action:
        """Read what `to_json` wrote."""
        values = dict(data)
        values["observations"] = tuple(Observation(s, t) for s, t in values["observations"])
        values["sender"] = Sender(*values["sender"])
        if isinstance(values["deadline"], str):
            values["deadline"] = datetime.fromisoformat(values["deadline"])
        return cls(**values)


def _clean_field(value: Any) -> Any:
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, dict | list):
        return clean_json(value)
    if isinstance(value, tuple) and value and isinstance(value[0], Observation):
        clean = tuple(Observation(clean_text(o.source), clean_text(o.text)) for o in value)
        return value if clean == value else clean
    if isinstance(value, Sender):
        sender = Sender(*map(_clean_field, (value.brand, value.country, value.region)))
        return value if sender == value else sender
    return value


_TEXT_FIELDS: Final = (
    "id", "kind", "agent", "tenant", "subject", "channel", "purpose", "text", "request", "reason",
    "run",
)  # fmt: skip


def _check_shape(fields: Mapping[str, Any]) -> None:
    for name in _TEXT_FIELDS:
        value = fields.get(name, "")
        if not isinstance(value, str):
            msg = f"{name} must be text, not {type(value).__name__}"
            raise InvalidAction(msg)
        if len(value) > MAX_TEXT:
            msg = f"{name} has {len(value):,} characters; the most is {MAX_TEXT:,}"
            raise InvalidAction(msg, hint="shorten it, or attach the long part as a document")
    args = fields.get("args", {})
    if not isinstance(args, Mapping):
        msg = f"args must be an object of named arguments, not {type(args).__name__}"
        raise InvalidAction(msg)
    _check_confidence(fields.get("confidence"))
    deadline = fields.get("deadline")
    if deadline is not None and (not isinstance(deadline, datetime) or deadline.tzinfo is None):
        raise InvalidAction("deadline must be an instant with a time zone")


def _check_confidence(value: object) -> None:
    real = isinstance(value, int | float) and not isinstance(value, bool)
    if value is not None and not (real and 0 <= value <= 1):  # type: ignore[operator]  # NaN fails
        raise InvalidAction(f"confidence must be a number from 0 to 1, not {value!r:.40}")


@dataclass(frozen=True, slots=True)
class Scope:
    """Which actions something applies to. An empty set means all.

    Attributes:
        kinds: Names of action kinds.
        channels: Channels.
        purposes: Declared purposes.
        jurisdictions: Codes such as ``EU``, ``DE``, ``US``, ``US-TX`` (articles only).
    """

    kinds: frozenset[str] = frozenset()
    channels: frozenset[str] = frozenset()
    purposes: frozenset[str] = frozenset()
    jurisdictions: frozenset[str] = frozenset()

    @classmethod
    def of(
        cls,
        kinds: Iterable[str] = (),
        channels: Iterable[str] = (),
        purposes: Iterable[str] = (),
        jurisdictions: Iterable[str] = (),
    ) -> Scope:
        """Build a scope from any iterables."""
        return cls(
            frozenset(kinds), frozenset(channels), frozenset(purposes), frozenset(jurisdictions)
        )

    def holds(self, action: Action) -> bool:
        """Whether the action lies in this scope (jurisdictions are not looked at here)."""
        return (
            (not self.kinds or action.kind in self.kinds)
            and (not self.channels or action.channel in self.channels)
            and (not self.purposes or action.purpose in self.purposes)
        )

    def covers(self, other: Scope) -> bool:
        """Whether every action in ``other`` also lies in this scope."""
        return all(
            not mine or (theirs and theirs <= mine)
            for mine, theirs in (
                (self.kinds, other.kinds),
                (self.channels, other.channels),
                (self.purposes, other.purposes),
            )
        )
