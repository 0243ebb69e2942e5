"""``agentkit run``: let an agent work through people of the CRM, one run each."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Literal

import click

from agentkit.canonical import from_json
from agentkit.cli.options import with_settings
from agentkit.errors import NotFound
from agentkit.settings import Settings

if TYPE_CHECKING:
    from agentkit.context import Contact
    from agentkit.pipeline import Pipeline
    from agentkit.store import Store

__all__ = ["check_agent", "command", "contacts_of", "request_for", "requests_for", "work"]

_CURRENCIES: Final = {"GB": "GBP", "US": "USD", "CA": "CAD", "CH": "CHF"}
_OTHERWISE: Final = "EUR"
Role = Literal["outreach", "scoring", "triage"]

_ORDERS: Final[Mapping[Role, str]] = {
    "scoring": "Score this lead.",
    "outreach": "Write one message to this contact, about the product or about an open quote.",
    "triage": "Read what the customer wrote. Open a ticket and answer. Refund only what a ticket "
    "on record grants.",
}

Request = dict[str, Any]


@click.command("run")
@click.argument("agent")
@click.option("--model", default="", metavar="NAME",
              help="A chat model, PROVIDER:MODEL or playbook:FILE; default: the playbook that "
              "ships with the agent.")  # fmt: skip
@click.option("--limit", type=click.IntRange(1), metavar="N", help="Only the first N people.")
@click.option("--purpose", default="marketing", show_default=True, metavar="NAME",
              help="What the agent declares that it is for.")  # fmt: skip
@click.option("--channel", default="email", show_default=True,
              type=click.Choice(["email", "sms"]), help="How people are written to.")  # fmt: skip
@with_settings
def command(
    settings: Settings, agent: str, model: str, limit: int | None, purpose: str, channel: str
) -> None:
    """Let AGENT work through the people of the CRM.

    AGENT is a name in the register of agents (`agents =` in agentkit.toml). It reads each person
    and proposes; the gate judges each proposal. Nothing is performed here: `agentkit worker` does
    that, after judging once more.
    """
    from rich.console import Console

    from agentkit.cli.outcomes import last_entry, outcome_table, outcomes_of
    from agentkit.pipeline import build

    console = Console(highlight=False)
    pipeline = build(settings)
    try:
        check_agent(pipeline, agent)
        asked = requests_for(pipeline, agent, purpose=purpose, channel=channel, limit=limit)
        if not model:
            click.echo("no --model: a playbook speaks, no language model is asked", err=True)
        before = last_entry(pipeline.store, settings.tenant)
        work(pipeline, agent, asked, f"{agent}-{before}", model=model, done=_counter(len(asked)))
        found = outcomes_of(pipeline.store, settings.tenant, pipeline.gate.kinds, after=before)
    finally:
        pipeline.close()
    console.print(outcome_table(found))
    _what_next(found.values())


def check_agent(pipeline: Pipeline, name: str) -> None:
    """Refuse a name that is in no register.

    Raises:
        NotFound: the register has no such agent.
    """
    register = pipeline.gate.register
    if register.get(name) is None and not register.open:
        known = ", ".join(sorted(a.name for a in register)) or "none"
        raise NotFound(f"the register has no agent {name!r}", hint=f"agents: {known}")


def _role(pipeline: Pipeline, name: str) -> Role:
    """What an agent does, by what its charter allows."""
    charter = pipeline.gate.register.get(name)
    kinds = charter.kinds if charter is not None else frozenset[str]()
    if "lead.score" in kinds and "message.send" not in kinds:
        return "scoring"
    return "triage" if {"ticket.open", "message.send"} <= kinds else "outreach"


def requests_for(
    pipeline: Pipeline,
    agent: str,
    *,
    purpose: str = "marketing",
    channel: str = "email",
    limit: int | None = None,
) -> list[Request]:
    """One request a person, in the order of their ids; for triage, a person who wrote by e-mail.

    Raises:
        NotFound: the CRM holds nobody.
    """
    store, tenant = pipeline.store, pipeline.settings.tenant
    role = _role(pipeline, agent)
    contacts = contacts_of(store, tenant)
    if not contacts:
        raise NotFound("the CRM holds nobody", hint="agentkit import contacts.csv")
    if role == "triage":
        contacts = _who_wrote(store, tenant, contacts)
        purpose = "service"
    contacts = contacts[:limit]
    products = _products(store, tenant)
    common = {
        "task": _ORDERS[role],
        "purpose": purpose,
        "channel": channel,
        "brand": next(iter(pipeline.settings.brands), ""),
        "today": pipeline.clock.now().date().isoformat(),
    }
    return [request_for(contact, products, common) for contact in contacts]


def contacts_of(store: Store, tenant: str) -> list[Contact]:
    """Everybody in the built-in CRM, by id."""
    from agentkit.crm.rows import CONTACT_SQL, read_contact
    from agentkit.store import execute

    with store.read() as conn:
        rows = execute(conn, f"{CONTACT_SQL} where tenant = ? order by id", (tenant,)).all()
    return [read_contact(row) for row in rows]


def _who_wrote(store: Store, tenant: str, contacts: Sequence[Contact]) -> list[Contact]:
    from agentkit.crm.rows import mail_writers

    with store.read() as conn:
        writers = set(mail_writers(conn, tenant))
    return [c for c in contacts if c.id in writers]


def _products(store: Store, tenant: str) -> list[Mapping[str, Any]]:
    """What can be sold now: it has a price, and some are left."""
    from agentkit.store import execute

    sql = "select id, fields from records where tenant = ? and type = 'product' order by id"
    with store.read() as conn:
        rows = execute(conn, sql, (tenant,)).all()
    products = ({"id": row[0], **from_json(row[1])} for row in rows)
    return [p for p in products if p.get("price") and p.get("stock")]


def request_for(
    contact: Contact, products: Sequence[Mapping[str, Any]], common: Mapping[str, Any]
) -> Request:
    """What the agent is asked about one person: ids and products, never an address."""
    brand = str(contact.fields.get("brand") or common.get("brand", ""))
    currency = _CURRENCIES.get(contact.country, _OTHERWISE)
    fitting = [
        p
        for p in products
        if (not brand or p.get("brand", brand) == brand) and p.get("currency") == currency
    ]
    chosen = fitting[zlib.crc32(contact.id.encode()) % len(fitting)] if fitting else None
    return {**common, "contact": contact.id, "brand": brand, "product": chosen}


def work(
    pipeline: Pipeline,
    name: str,
    requests: Iterable[Request],
    thread: str,
    *,
    model: str = "",
    done: Callable[[Request], None],
) -> None:
    """Give an agent its requests one after the other, a thread each.

    What the agent does is told by its charter; it speaks for the brand that each person knows.

    Raises:
        ConfigError: the model cannot be used.
    """
    from agentkit.agents import outreach_agent, scoring_agent, triage_agent
    from agentkit.agents.models import ask

    makers = {"scoring": scoring_agent, "triage": triage_agent, "outreach": outreach_agent}
    make = makers[_role(pipeline, name)]
    agents: dict[str, Any] = {}
    for request in requests:
        brand = str(request["brand"])
        if brand not in agents:
            agents[brand] = make(pipeline, model, name, brand)
        text = json.dumps(request, ensure_ascii=False)
        ask(agents[brand], text, f"{thread}-{request['contact']}")
        done(request)


def _counter(total: int) -> Callable[[Request], None]:
    """Says how far it is, on stderr, every tenth of the way."""
    step, count = max(1, total // 10), 0

    def done(request: Request) -> None:
        nonlocal count
        del request
        count += 1
        if count % step == 0 or count == total:
            click.echo(f"  {count} of {total} people", err=True)

    return done


def _what_next(found: Iterable[Any]) -> None:
    outcomes = list(found)
    if any(o.allowed or o.deferred for o in outcomes):
        click.echo("what is allowed is performed by: agentkit worker", err=True)
    if any(o.reached for o in outcomes):
        click.echo("what waits for a person: agentkit desk list", err=True)
