"""Everything on record of one person (GDPR Art. 15), gathered to be read by that person."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from agentkit.agent import Register
from agentkit.canonical import from_json
from agentkit.context import Contact
from agentkit.crm.catalogue import field_catalogue
from agentkit.crm.rows import CONTACT_SQL, read_contact
from agentkit.errors import NotFound
from agentkit.rights.deadlines import RIGHTS, Due, due_dates
from agentkit.rights.decisions import DecisionText, PersonAtWork, decisions_about, shown
from agentkit.rights.erasure import erased_at, is_known, points_of
from agentkit.rights.sections import Section, consents, messages, sections
from agentkit.settings import Settings
from agentkit.store import execute, from_micros, placeholders

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from agentkit.constitution import Policy
    from agentkit.store import Store

__all__ = ["Dossier", "Recipient", "gather"]

_LABELS: Final[Mapping[str, str]] = {
    "name": "Name", "email": "E-mail address", "phone": "Telephone", "country": "Country",
    "region": "Region", "timezone": "Time zone", "language": "Language",
    "type": "Consumer or business", "company": "Company", "owner": "Looked after by",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Recipient:
    """Who received data of the person, and for what."""

    name: str
    what: str


@dataclass(frozen=True)
class Dossier:
    """Everything on record of one person.

    Attributes:
        person: CRM id.
        tenant: Who holds the data.
        brands: Brands of the controller.
        made_at: When this was put together.
        record: Label and value of the CRM record.
        uses: What each kind of data may be used for, by the field catalogue.
        created_at: Since when the record exists; None where there is no record any more.
        consents: One row an event.
        suppressed: Channels and purposes that are closed, in words.
        messages: When, how and what was sent.
        decisions: Every decision.
        sections: What else is on record, table by table.
        seen_by: Who of the business saw or decided something.
        sources: Where the data come from.
        recipients: Who received data.
        principles: What the decisions are held to, in plain language.
        deadlines: By when a request made now must be answered, by right.
    """

    person: str
    tenant: str
    brands: tuple[str, ...]
    made_at: datetime
    record: tuple[tuple[str, str], ...]
    uses: tuple[tuple[str, str], ...]
    created_at: datetime | None
    consents: Section
    suppressed: tuple[str, ...]
    messages: tuple[tuple[datetime, str, str, str], ...]
    decisions: tuple[DecisionText, ...]
    sections: tuple[Section, ...]
    seen_by: tuple[PersonAtWork, ...]
    sources: tuple[str, ...]
    recipients: tuple[Recipient, ...]
    principles: tuple[str, ...]
    deadlines: Mapping[str, tuple[Due, ...]]

    def to_json(self) -> dict[str, Any]:
        """Plain JSON, with a name of the format and its version."""
        due = {
            right: [
                {
                    "law": d.deadline.law,
                    "cites": d.deadline.cites,
                    "on": d.on,
                    "extended": d.extended,
                }
                for d in found
            ]
            for right, found in self.deadlines.items()
        }
        body = asdict(self)
        return {"format": "agentkit-person", "version": 1, **body, "deadlines": due}


def gather(
    store: Store, policy: Policy, register: Register, settings: Settings, person: str
) -> Dossier:
    """Put together everything on record of a person.

    Raises:
        NotFound: nobody of this id is on record, or the person was erased.
    """
    tenant, vault = settings.tenant, store.vault
    token = vault.token(tenant, person)
    with store.read() as conn:
        if not is_known(conn, tenant, person):
            raise _nobody(erased_at(conn, tenant, token))
        contact, created = _contact(conn, tenant, person)
        points = points_of(conn, tenant, person)
        name = "" if contact is None else contact.name
        decisions = decisions_about(conn, vault, policy, tenant, person, name)
        tokens = [vault.token(tenant, point) for point in points]
        return Dossier(
            person=person,
            tenant=tenant,
            brands=settings.brands,
            made_at=store.clock.now(),
            record=tuple(_record(contact)),
            uses=tuple(_uses(contact, settings)),
            created_at=created,
            consents=consents(conn, tenant, person),
            suppressed=tuple(_suppressed(conn, tenant, tokens)),
            messages=tuple(messages(conn, store, tenant, person)),
            decisions=tuple(decisions),
            sections=tuple(sections(conn, store, tenant, person, tokens)),
            seen_by=tuple(_seen_by(conn, tenant, token, [d.id for d in decisions])),
            sources=tuple(_sources(conn, tenant, person, created)),
            recipients=tuple(_recipients(decisions, register, settings)),
            principles=tuple(_principles(policy)),
            deadlines=_deadlines(contact, store.clock.now()),
        )


def _nobody(when: datetime | None) -> NotFound:
    if when is None:
        return NotFound(
            "nobody of this id is on record", hint="give the record id of the CRM, not a name"
        )
    return NotFound(
        f"the person of this id was erased on {when:%Y-%m-%d}: there is nothing to export",
        hint="`agentkit person proof ID` shows what proof of consent is still kept",
    )


def _contact(conn: Connection, tenant: str, person: str) -> tuple[Contact | None, datetime | None]:
    row = execute(conn, f"{CONTACT_SQL} where tenant = ? and id = ?", (tenant, person)).first()
    sql = "select created_at from contacts where tenant = ? and id = ?"
    created = execute(conn, sql, (tenant, person)).scalar()
    contact = None if row is None else read_contact(row)
    return contact, None if created is None else from_micros(created)


def _record(contact: Contact | None) -> Iterator[tuple[str, str]]:
    if contact is None:
        return
    yield "Record number", contact.id
    for name, label in _LABELS.items():
        value = getattr(contact, name)
        if value:
            yield label, str(value)
    dates = contact.relationship
    for label, when in (
        ("Last purchase", dates.last_purchase),
        ("Contract until", dates.contract_until),
        ("Last inquiry", dates.last_inquiry),
    ):
        if when is not None:
            yield label, f"{when:%Y-%m-%d}"
    for name, value in contact.fields.items():
        if value not in (None, "", [], {}):
            yield name.replace("_", " ").capitalize(), shown(value)


def _uses(contact: Contact | None, settings: Settings) -> Iterator[tuple[str, str]]:
    """Purposes, and the fields that may serve them: no field is used for anything else."""
    if contact is None:
        return
    catalogue, named = field_catalogue(settings), dict(contact.fields)
    named |= {n: v for n in _LABELS if (v := getattr(contact, n))}
    served: dict[str, list[str]] = {}
    for name in named:
        purposes = catalogue.get("contact", name).purposes
        words = "any purpose" if "*" in purposes else ", ".join(sorted(purposes))
        label = _LABELS.get(name, name.replace("_", " ").capitalize())
        served.setdefault(words or "nothing that a software agent does", []).append(label)
    for words, labels in sorted(served.items()):
        yield words, ", ".join(labels)


def _suppressed(conn: Connection, tenant: str, tokens: Sequence[str]) -> Iterator[str]:
    if not tokens:
        return
    sql = (
        "select channel, purpose, brand, at, reason from suppressions where tenant = ? "
        f"and token in ({placeholders(len(tokens))}) order by at, channel, purpose"
    )
    for channel, purpose, brand, at, reason in execute(conn, sql, (tenant, *tokens)):
        what = purpose or "everything"
        by = f" of {brand}" if brand else ""
        since = f"since {from_micros(at):%Y-%m-%d} ({reason})"
        yield f"{what} by {channel or 'every channel'}{by}, {since}"


def _seen_by(
    conn: Connection, tenant: str, token: str, actions: Sequence[str]
) -> Iterator[PersonAtWork]:
    """Who took or decided a case, and who exported or changed something, by the ledger."""
    columns = "select id, kind, actor, at, public from entries where tenant = ? and actor like ?"
    rows = list(
        execute(
            conn, f"{columns} and action = '' and person_token = ?", (tenant, "operator:%", token)
        )
    )
    for start in range(0, len(actions), 500):
        chunk = actions[start : start + 500]
        sql = f"{columns} and action in ({placeholders(len(chunk))})"
        rows += list(execute(conn, sql, (tenant, "operator:%", *chunk)))
    for _, kind, actor, at, public in sorted(rows, key=lambda row: row[0]):
        body = from_json(bytes(public))
        what = _ENTRY_WORDS.get(kind, kind)
        detail = body.get("right") or body.get("choice") or ""
        words = f"{what} ({detail})" if detail else what
        yield PersonAtWork(actor.removeprefix("operator:"), from_micros(at), words)


_ENTRY_WORDS: Final[Mapping[str, str]] = {
    "claimed_case": "opened a case to decide it",
    "decided": "decided a case",
    "edited": "changed a text",
    "right": "acted on a right of yours",
    "stopped": "pulled a stop switch",
    "lifted": "lifted a stop switch",
    "consent": "recorded a consent or an objection",
}


def _sources(conn: Connection, tenant: str, person: str, created: datetime | None) -> Iterator[str]:
    if created is not None:
        yield f"the CRM record, kept here since {created:%Y-%m-%d}"
    sql = (
        "select distinct source from consent_events where tenant = ? and contact = ? "
        "and length(source) > 0 order by source"
    )
    yield from (f"consent: {row[0]}" for row in execute(conn, sql, (tenant, person)))
    sql = "select count(*) from records where tenant = ? and contact = ? and type = 'mail'"
    mails = execute(conn, sql, (tenant, person)).scalar_one()
    if mails:
        yield f"you yourself: {mails} messages that you wrote"


def _recipients(
    decisions: Sequence[DecisionText], register: Register, settings: Settings
) -> Iterator[Recipient]:
    """The systems that data went to: the CRM, and whoever runs the models of the agents."""
    crm = settings.crm.partition(":")[0]
    where = "kept by ourselves" if crm == "builtin" else f"reached as {crm}"
    yield Recipient(f"our CRM ({where})", "your record, and what was done about you")
    for name in dict.fromkeys(d.agent for d in decisions):
        agent = register.get(name)
        if agent is None:
            yield Recipient(f"the software agent {name}", "what it needed for its proposals")
            continue
        runs = " ".join(filter(None, (agent.provider, agent.model)))
        region = f", in {agent.region}" if agent.region else ""
        model = f"; its language model is run by {runs}{region}" if runs else ""
        yield Recipient(
            f"the software agent {name}{model}",
            agent.objective or "what it needed for its proposals",
        )


def _principles(policy: Policy) -> Iterator[str]:
    seen: set[str] = set()
    for constitution in policy.constitutions.values():
        for file in constitution.files:
            for name, words in file.principles.items():
                if name not in seen:
                    seen.add(name)
                    yield words


def _deadlines(contact: Contact | None, now: datetime) -> dict[str, tuple[Due, ...]]:
    country = "" if contact is None else contact.country
    region = "" if contact is None else contact.region
    return {right: due_dates(right, country, region, now) for right in RIGHTS}
