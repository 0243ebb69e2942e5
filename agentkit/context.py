"""What a plugin may look at beside the action: people, consents, history, records, the clock.

Everything is read-only, and everything of a batch is fetched with one query a table before the
first plugin is asked: a look-up here never waits for a database.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

from agentkit.action import Action
from agentkit.agent import Agent
from agentkit.clock import Clock
from agentkit.kinds import ActionKind

__all__ = [
    "Circumstance",
    "ConsentRecord",
    "ConsentStatus",
    "Contact",
    "Context",
    "Deed",
    "Person",
    "Relationship",
    "Stop",
    "Touch",
]

ConsentStatus = Literal["granted", "withdrawn", "refused", "expired", "not_specified"]


@dataclass(frozen=True, slots=True)
class Relationship:
    """Dates on which legal exceptions hang."""

    last_purchase: datetime | None = None
    contract_until: datetime | None = None
    last_inquiry: datetime | None = None


@dataclass(frozen=True, slots=True)
class Contact:
    """A person in the CRM. An empty string means: not on record.

    Attributes:
        id: CRM record id.
        type: ``consumer``, ``business``, or empty where not on record.
        timezone: IANA name.
        language: ISO 639-1.
        fields: The business's own fields, by the names of the CRM.
    """

    id: str
    name: str = ""
    email: str = ""
    phone: str = ""
    country: str = ""
    region: str = ""
    timezone: str = ""
    language: str = ""
    type: str = ""
    company: str = ""
    owner: str = ""
    relationship: Relationship = Relationship()
    fields: Mapping[str, Any] = field(default_factory=dict)

    def point(self, channel: str) -> str:
        """The contact point that a channel reaches: a mailbox or a number; empty if none.

        Texts reach the mobile number (the field ``mobile``) where there is one.
        """
        if channel == "email":
            return self.email
        if channel in {"sms", "whatsapp"}:
            return str(self.fields.get("mobile") or self.phone)
        return self.phone if channel in {"phone", "call"} else ""


@dataclass(frozen=True, slots=True)
class ConsentRecord:
    """One event in the life of a consent: contact point x brand x purpose (ISO/IEC TS 27560).

    Attributes:
        point: The mailbox or number; empty means every point of the person.
        channel: Channel; empty means every channel.
        purpose: W3C Data Privacy Vocabulary term in short (``marketing``); empty means every one.
        brand: Brand; empty means every brand of the controller.
        status: What the event says.
        at: When it was given, withdrawn or recorded.
        expires: When a granted consent lapses.
        source: Where it was captured.
        proof: Reference to the proof of capture.
        double_opt_in_at: When the second step was taken.
        notice: Version of the notice text.
        lawful_basis: Ground of the processing (GDPR Art. 6(1)) as the record names it: ``consent``,
            ``legitimate_interest``, ``contract``, ...; empty where it names none.
        method: How it was captured or said: ``web_form``, ``paper``, ``oral``, ``keyword``, ...;
            empty where not on record.
        scope: ``controller`` where an objection made to one brand holds for every brand of the
            controller; empty where it holds exactly as its other fields say.
    """

    point: str
    channel: str
    purpose: str
    brand: str
    status: ConsentStatus
    at: datetime
    expires: datetime | None = None
    source: str = ""
    proof: str = ""
    double_opt_in_at: datetime | None = None
    notice: str = ""
    lawful_basis: str = ""
    method: str = ""
    scope: str = ""


@dataclass(frozen=True, slots=True)
class Circumstance:
    """Something lasting that a person said of themselves or asked for; it holds for all agents.

    Attributes:
        kind: ``bereavement``, ``hardship``, ``vulnerability``, ``minor``, ``complaint``,
            ``dispute``, ``revocation_unclear``, ``rights_request``, ``not_before``.
        since: From when on.
        until: When it lapses; None: when somebody lifts it.
        source: Where it comes from: ``inbound:ID``; never the words themselves.
        id: Of the event that set it; empty where it comes with an action.
        role: Who may lift it.
    """

    kind: str
    since: datetime
    until: datetime | None = None
    source: str = ""
    id: str = ""
    role: str = ""

    def holds(self, now: datetime) -> bool:
        """Whether it has not lapsed; one that is dated in the future holds at once."""
        return self.until is None or self.until > now


@dataclass(frozen=True, slots=True)
class Touch:
    """One earlier contact with a person, or action about them."""

    kind: str
    channel: str
    purpose: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Deed:
    """An action that the same run of an agent proposed before, and that was not refused.

    Attributes:
        action: The action as it was judged last.
        state: ``allowed``, ``deferred``, ``escalated``, ``approved``, ``performing``,
            ``performed`` or ``unknown``.
        at: When it was proposed.
    """

    action: Action
    state: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Stop:
    """A stop switch: nothing in its scope runs until a person lifts it.

    Attributes:
        scope: ``all``, ``agent:NAME``, ``kind:NAME`` or ``person:ID``.
        by: Who pulled it.
        at: When.
        reason: Why.
    """

    scope: str
    by: str
    at: datetime
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Person:
    """Everything about one subject that the gate fetched before asking plugins.

    Attributes:
        contact: The person.
        consents: Consent events, any order.
        suppressed: Channels on which the person must never be contacted for marketing (``*``:
            every channel).
        history: Earlier contacts.
        records: CRM records by type: the deal, ticket or product that the action names, else the
            person's latest of that type.
        scores: Earlier scores of the person by model.
        circumstances: What is known of their circumstances and nobody has lifted, lapsed or not.
        history_known: The list of earlier contacts was given: an empty one then says that there
            were none. Without it an empty list says nothing.
        restricted: Their data may only be stored (GDPR Art. 18).
    """

    contact: Contact
    consents: Sequence[ConsentRecord] = ()
    suppressed: frozenset[str] = frozenset()
    history: Sequence[Touch] = ()
    records: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    scores: Mapping[str, float] = field(default_factory=dict)
    circumstances: Sequence[Circumstance] = ()
    history_known: bool = False
    restricted: bool = False


class Context(Protocol):
    """The read-only view that a plugin gets beside its actions."""

    @property
    def now(self) -> datetime:
        """The instant of judging, aware, UTC; the same for a whole batch."""
        ...

    @property
    def clock(self) -> Clock:
        """The clock itself (for plugins that keep state of their own)."""
        ...

    @property
    def parameters(self) -> Mapping[str, Any]:
        """Parameters of the binding that judges (thresholds, caps, hours)."""
        ...

    def person(self, action: Action) -> Person | None:
        """The subject of an action; None where the CRM has no such record."""
        ...

    def kind(self, action: Action) -> ActionKind:
        """The registered kind of an action."""
        ...

    def agent(self, action: Action) -> Agent | None:
        """The registered agent; None under an open charter."""
        ...

    def stops(self, action: Action) -> Sequence[Stop]:
        """Stop switches that hold for an action."""
        ...

    def run(self, action: Action) -> Sequence[Touch]:
        """What the same run has done before."""
        ...

    def deeds(self, action: Action) -> Sequence[Deed]:
        """What the same run proposed before this action and nobody refused, oldest first."""
        ...

    def decide(self, action: Action, person: Person) -> Mapping[str, Any] | None:
        """Run the registered decision function again for another person (the twin test).

        Returns:
            The arguments that the agent would have proposed, or None where no decision function
            is registered for the action's kind and agent.
        """
        ...

    def principle(self, article: str) -> str:
        """The principle that an article serves, in plain language; empty if there is none.

        A principle explains a ruling, and it is what a rewrite is held against.
        """
        ...

    def classify(self, head: str, texts: Sequence[str]) -> Sequence[Any]:
        """Score texts with a classifier head, one batch for all actions.

        Returns:
            One `agentkit.classify.Scores` a text.

        Raises:
            ModelError: no model is installed, or its file is not the one the manifest names.
        """
        ...

    def embed(self, texts: Sequence[str]) -> Sequence[Sequence[float]]:
        """What texts mean, as unit vectors of the shared encoder; each text once a batch.

        Some 8 ms a short text; only the first few hundred characters are read.

        Raises:
            ModelError: no model is installed, or it has no encoder.
        """
        ...

    def languages(self, texts: Sequence[str]) -> Sequence[str]:
        """Languages of texts without asking the encoder: ISO 639-1, ``und``, or ``zxx`` (no words).

        Raises:
            ModelError: no model is installed, or it cannot tell languages.
        """
        ...
