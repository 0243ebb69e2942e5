"""Everything about the people of a batch: one query a table, no object mapper.

Answers never depend on what else is in the batch. Records are the one thing that an action can
choose (``Action.records``), so `People` keeps a view for each action that does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import orjson

from agentkit.action import Action
from agentkit.consent import circumstances_of
from agentkit.consent.record import EVENT_COLUMNS, NOBODY, OF_OTHERS, read_event
from agentkit.consent.suppress import suppression_tokens
from agentkit.context import Circumstance, ConsentRecord, Contact, Deed, Person, Stop, Touch
from agentkit.crm.inline import InlinePeople
from agentkit.crm.rows import CONTACT_SQL, read_contact
from agentkit.crm.views import People, points_of
from agentkit.settings import Settings
from agentkit.store.actions import OPEN_STATES, actions_of_runs, open_reviews
from agentkit.store.instants import from_micros, to_micros
from agentkit.store.sql import execute, fetch, placeholders

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from agentkit.store import Store

__all__ = [
    "CHUNK",
    "HISTORY",
    "InlinePeople",
    "People",
    "StorePeople",
    "consents_of",
    "of_others",
]

CHUNK: Final = 500
"""Ids a query: below every database's limit on bound values."""
HISTORY: Final = timedelta(days=366)
"""How far back the history of a person is read: longer than any cap's window."""
_CORRESPONDENCE: Final = "mail"
"""Records of this type are what people wrote; they are read where a case is shown."""

_TAKEN: Final = frozenset((*OPEN_STATES, "performed"))
"""States of actions that were not refused."""
_EVENTS: Final = ", ".join(EVENT_COLUMNS)
_MARKETING: Final = ("", "marketing")
_RESTRICTED: Final = (
    "select contact from restrictions where tenant = ? and lifted_at is null and contact in"
)


class StorePeople:
    """Fetches people from the built-in CRM."""

    def __init__(self, store: Store, settings: Settings | None = None) -> None:
        """Read from this store."""
        self._store = store
        self._settings = settings or Settings()

    def people(self, tenant: str, actions: Sequence[Action]) -> People:
        """The subjects of the actions; who is missing is not in the CRM."""
        ids = list(dict.fromkeys(a.subject for a in actions if a.subject))
        with self._store.read() as conn:
            found = People()
            for start in range(0, len(ids), CHUNK):
                found.update(self._chunk(conn, tenant, ids[start : start + CHUNK]))
            _choose_records(conn, tenant, actions, found)
        return found

    def objections(
        self, tenant: str, contacts: Sequence[Contact]
    ) -> Sequence[tuple[Sequence[ConsentRecord], frozenset[str]]]:
        """What was said here of the mailboxes and numbers of contacts that others describe.

        Nothing that grants: a file may bring its own consents, and never lifts an objection.
        """
        keyed = {f"{NOBODY}{n}": contact for n, contact in enumerate(contacts)}
        owners: dict[str, list[str]] = {}
        for key, contact in keyed.items():
            for point in points_of(contact):
                owners.setdefault(point, []).append(key)
        said: dict[str, list[ConsentRecord]] = {key: [] for key in keyed}
        with self._store.read() as conn:
            for key, record in of_others(conn, tenant, owners, in_crm=False):
                if record.status != "granted":
                    said[key].append(record)
            closed = self._suppressions(conn, tenant, keyed, said)
        return [(said[key], frozenset(closed.get(key, ()))) for key in keyed]

    def stops(self, tenant: str) -> Sequence[Stop]:
        """The stop switches that hold now."""
        sql = 'select scope, "by", at, reason from stops where tenant = ? and lifted_at is null'
        with self._store.read() as conn:
            rows = execute(conn, sql, (tenant,)).all()
        return tuple(Stop(scope, by, from_micros(at), reason) for scope, by, at, reason in rows)

    def runs(self, tenant: str, runs: Sequence[str]) -> Mapping[str, Sequence[Touch]]:
        """What each run has done so far, oldest first."""
        found: dict[str, list[Touch]] = {run: [] for run in runs}
        wanted = list(found)
        with self._store.read() as conn:
            for start in range(0, len(wanted), CHUNK):
                chunk = wanted[start : start + CHUNK]
                sql = (
                    "select run, kind, channel, purpose, at from touches where tenant = ? "
                    f"and run in ({placeholders(len(chunk))}) order by at, id"
                )
                for run, kind, channel, purpose, at in execute(conn, sql, (tenant, *chunk)):
                    found[run].append(Touch(kind, channel, purpose, from_micros(at)))
        return found

    def deeds(self, tenant: str, runs: Sequence[str]) -> Mapping[str, Sequence[Deed]]:
        """What each run proposed, oldest first; of what was refused or erased, nothing is said."""
        with self._store.read() as conn:
            stored = actions_of_runs(conn, tenant, runs, CHUNK)
            kept = open_reviews(conn, self._store.vault, stored) if stored else []
        found: dict[str, list[Deed]] = {}
        for row, review in zip(stored, kept, strict=True):
            if review is not None:
                state = row.state if row.state in _TAKEN else ""
                found.setdefault(row.run, []).append(Deed(review.action, state, row.created_at))
        return found

    def _chunk(self, conn: Connection, tenant: str, ids: Sequence[str]) -> dict[str, Person]:
        marks = placeholders(len(ids))
        sql = f"{CONTACT_SQL} where tenant = ? and id in ({marks})"
        contacts = {row[0]: read_contact(row) for row in execute(conn, sql, (tenant, *ids)).all()}
        if not contacts:
            return {}
        consents = consents_of(conn, tenant, contacts)
        closed = self._suppressions(conn, tenant, contacts, consents)
        since = to_micros(self._store.clock.now() - HISTORY)
        history = _history(conn, tenant, list(contacts), since)
        records = _latest(conn, tenant, list(contacts))
        lasting = self._circumstances(conn, tenant, contacts)
        restricted = {row[0] for row in _in_chunks(conn, _RESTRICTED, tenant, list(contacts))}
        return {
            id_: Person(
                contact,
                consents.get(id_, ()),
                frozenset(closed.get(id_, ())),
                history.get(id_, ()),
                records.get(id_, {}),
                _scores(contact),
                lasting.get(id_, ()),
                restricted=id_ in restricted,
            )
            for id_, contact in contacts.items()
        }

    def _circumstances(
        self, conn: Connection, tenant: str, contacts: Mapping[str, Contact]
    ) -> dict[str, list[Circumstance]]:
        """What is said of the contacts, and of their points before anybody knew whose they are."""
        vault = self._store.vault
        tokens = {
            vault.token(tenant, point): id_
            for id_, contact in contacts.items()
            for point in points_of(contact)
        }
        return circumstances_of(conn, tenant, list(contacts), tokens)

    def _suppressions(
        self,
        conn: Connection,
        tenant: str,
        contacts: Mapping[str, Contact],
        consents: dict[str, list[ConsentRecord]],
    ) -> dict[str, set[str]]:
        """Channels closed to marketing by every brand; narrower ones become withdrawals."""
        if not _any_suppressed(conn, tenant):
            return {}
        owners: dict[str, list[tuple[str, str]]] = {}
        vault = self._store.vault
        for id_, contact in contacts.items():
            for point in points_of(contact):
                for token in suppression_tokens(vault, tenant, point):
                    owners.setdefault(token, []).append((id_, point))
        closed: dict[str, set[str]] = {}
        for token, channel, purpose, brand, at, reason in _suppressed_rows(conn, tenant, owners):
            for id_, point in owners[token]:
                if purpose in _MARKETING and not brand:
                    closed.setdefault(id_, set()).add(channel or "*")
                if purpose != "marketing" or brand:
                    record = ConsentRecord(
                        point, channel, purpose, brand, "withdrawn", from_micros(at),
                        source=f"suppression:{reason}",
                    )  # fmt: skip
                    consents.setdefault(id_, []).append(record)
        return closed


def consents_of(
    conn: Connection, tenant: str, contacts: Mapping[str, Contact]
) -> dict[str, list[ConsentRecord]]:
    """Events by contact, and what was said of their points (see `events_of`)."""
    marks = placeholders(len(contacts))
    sql = f"select contact, {_EVENTS} from consent_events where tenant = ? and contact in ({marks})"
    found: dict[str, list[ConsentRecord]] = {}
    for row in fetch(conn, sql, (tenant, *contacts)):
        found.setdefault(row[0], []).append(read_event(row[1:]))
    owners: dict[str, list[str]] = {}
    for id_, contact in contacts.items():
        for point in points_of(contact):
            owners.setdefault(point, []).append(id_)
    for id_, record in of_others(conn, tenant, owners):
        found.setdefault(id_, []).append(record)
    return found


def of_others(
    conn: Connection, tenant: str, owners: Mapping[str, Sequence[str]], *, in_crm: bool = True
) -> Iterator[tuple[str, ConsentRecord]]:
    """What others said of points that these contacts have, as far as it binds them.

    Args:
        conn: A connection.
        tenant: Whose data.
        owners: By point, the contacts that are asked about.
        in_crm: They are in the CRM themselves, with these points.

    Yields:
        A contact, and an event of somebody else that counts for it too.
    """
    sql = "select distinct point, contact from consent_events where tenant = ? and point in"
    shared = dict.fromkeys(
        point
        for point, contact in _in_chunks(conn, sql, tenant, list(owners))
        if owners[point] != [contact]
    )
    sql = f"select contact, {_EVENTS} from consent_events where tenant = ? and {OF_OTHERS}"
    for event in _in_chunks(conn, f"{sql} and point in", tenant, list(shared)):
        for id_ in owners[event[1]]:
            if id_ != event[0]:
                yield id_, read_event(event[1:])
    yield from _of_duplicates(conn, tenant, owners, in_crm=in_crm)


def _of_duplicates(
    conn: Connection, tenant: str, owners: Mapping[str, Sequence[str]], *, in_crm: bool
) -> Iterator[tuple[str, ConsentRecord]]:
    """What others who share a point refused for every point of theirs: it binds the shared one."""
    shared: dict[str, list[tuple[str, str]]] = {}
    for column in ("email", "phone"):
        points = [p for p in owners if ("@" in p) == (column == "email")]
        if in_crm and column == "email":
            points = _of_several(conn, tenant, points)
        sql = f"select id, {column} from contacts where tenant = ? and {column} in"
        for other, point in _in_chunks(conn, sql, tenant, points):
            mine = [(id_, point) for id_ in owners[point] if id_ != other]
            if mine:
                shared.setdefault(other, []).extend(mine)
    sql = (
        f"select contact, {_EVENTS} from consent_events where tenant = ? "
        "and status in ('withdrawn', 'refused') and length(point) = 0 and contact in"
    )
    for event in _in_chunks(conn, sql, tenant, list(shared)):
        record = read_event(event[1:])
        for id_, point in shared[event[0]]:
            yield id_, replace(record, point=point)


def _of_several(conn: Connection, tenant: str, mailboxes: Sequence[str]) -> list[str]:
    """Those of the mailboxes that more than one contact has: told by the index alone."""
    found: list[str] = []
    for start in range(0, len(mailboxes), CHUNK):
        chunk = mailboxes[start : start + CHUNK]
        sql = (
            f"select email from contacts where tenant = ? and email in ({placeholders(len(chunk))})"
            " group by email having count(*) > 1"
        )
        found += [row[0] for row in fetch(conn, sql, (tenant, *chunk))]
    return found


def _any_suppressed(conn: Connection, tenant: str) -> bool:
    sql = "select 1 from suppressions where tenant = ? limit 1"
    return execute(conn, sql, (tenant,)).one_or_none() is not None


def _suppressed_rows(
    conn: Connection, tenant: str, tokens: Iterable[str]
) -> Iterator[Sequence[Any]]:
    sql = (
        "select token, channel, purpose, brand, at, reason from suppressions where tenant = ? "
        "and token in"
    )
    return _in_chunks(conn, sql, tenant, list(tokens))


def _in_chunks(
    conn: Connection, sql: str, tenant: str, values: Sequence[str]
) -> Iterator[Sequence[Any]]:
    for start in range(0, len(values), CHUNK):
        chunk = values[start : start + CHUNK]
        yield from fetch(conn, f"{sql} ({placeholders(len(chunk))})", (tenant, *chunk))


def _history(
    conn: Connection, tenant: str, ids: Sequence[str], since: int
) -> dict[str, list[Touch]]:
    """Touches by contact, oldest first."""
    sql = (
        "select contact, kind, channel, purpose, at from touches where tenant = ? and at >= ? "
        f"and contact in ({placeholders(len(ids))}) order by at, id"
    )
    found: dict[str, list[Touch]] = {}
    for contact, kind, channel, purpose, at in execute(conn, sql, (tenant, since, *ids)).all():
        found.setdefault(contact, []).append(Touch(kind, channel, purpose, from_micros(at)))
    return found


def _latest(
    conn: Connection, tenant: str, ids: Sequence[str]
) -> dict[str, dict[str, Mapping[str, Any]]]:
    """The latest record of each type by contact; of two of one instant the larger id.

    A ticket also tells how many of the person's tickets are open with priority P1 (``open_p1``).
    """
    sql = (
        "select contact, type, updated_at, id, fields from records "
        f"where tenant = ? and contact in ({placeholders(len(ids))}) and type <> ?"
    )
    newest: dict[tuple[str, str], tuple[int, str, str]] = {}
    urgent: dict[str, int] = {}
    for contact, kind, at, id_, text in execute(conn, sql, (tenant, *ids, _CORRESPONDENCE)).all():
        candidate = (at, id_, text)
        if candidate > newest.get((contact, kind), (-1, "", "")):
            newest[contact, kind] = candidate
        if kind == "ticket" and _is_open_p1(text):
            urgent[contact] = urgent.get(contact, 0) + 1
    found: dict[str, dict[str, Mapping[str, Any]]] = {}
    for (contact, kind), (_, id_, text) in newest.items():
        counted = {"open_p1": urgent.get(contact, 0)} if kind == "ticket" else {}
        found.setdefault(contact, {})[kind] = {"id": id_, **orjson.loads(text), **counted}
    return found


def _is_open_p1(text: str) -> bool:
    fields = orjson.loads(text)
    return fields.get("open") is True and fields.get("priority") == "P1"


def _choose_records(
    conn: Connection, tenant: str, actions: Sequence[Action], found: People
) -> None:
    """Views for the actions that name records; one that is another person's is left out."""
    naming = [a for a in actions if a.records and a.subject in found]
    wanted = sorted({str(id_) for a in naming for id_ in a.records.values()})
    sql = "select id, type, contact, fields from records where tenant = ? and id in"
    named = {
        (kind, id_): (contact, fields)
        for id_, kind, contact, fields in _in_chunks(conn, sql, tenant, wanted)
    }
    for action in naming:
        person = found[action.subject]
        records = dict(person.records)
        for kind, id_ in action.records.items():
            latest = records.pop(kind, {})
            owner, fields = named.get((kind, id_), (None, "{}"))
            if owner in {"", action.subject}:
                counted = {k: latest[k] for k in ("open_p1",) if k in latest}
                records[kind] = {"id": id_, **counted, **orjson.loads(fields)}
        found.views[action.id] = replace(person, records=records)


def _scores(contact: Contact) -> Mapping[str, float]:
    scores = contact.fields.get("scores")
    return scores if isinstance(scores, dict) else {}
