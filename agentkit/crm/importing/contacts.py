"""Importing contacts: rows become people, opt-outs become withdrawals, nothing becomes a consent.

Running an import again changes nothing. A blank cell never erases what is known. An export that
says "subscribed" never outweighs a withdrawal; the line is reported.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from agentkit.canonical import canonical, from_json
from agentkit.consent.record import events_of, record_consents
from agentkit.consent.state import OBJECTIONS, state
from agentkit.consent.stopping import owners_of_points
from agentkit.context import ConsentRecord
from agentkit.crm.importing.columns import Columns, columns_of
from agentkit.crm.importing.drafts import Draft, read_draft
from agentkit.crm.importing.reading import Broken, Row, open_table
from agentkit.crm.importing.report import ImportReport
from agentkit.crm.people import consents_of
from agentkit.crm.rows import CONTACT_SQL, read_contact
from agentkit.entry import Entry
from agentkit.store.instants import to_micros
from agentkit.store.sql import execute, insert_many, placeholders

if TYPE_CHECKING:
    from agentkit.store import Store, Unit

__all__ = ["chunks", "import_contacts"]

_T = TypeVar("_T")
_CHUNK: Final = 500
_COLUMNS: Final = (
    "name", "email", "phone", "country", "region", "timezone", "language", "type", "company",
    "owner", "brand", "last_purchase", "contract_until", "last_inquiry",
)  # fmt: skip
_NO_BRAND: Final = "\x01"
"""A brand that no event names: only events for every brand answer for it."""


def import_contacts(store: Store, tenant: str, path: Path, fmt: str = "auto") -> ImportReport:
    """Import a contact export of HubSpot or Salesforce (see `agentkit.crm.importing.columns`).

    Args:
        store: Where to.
        tenant: Whose data.
        path: The file.
        fmt: ``hubspot``, ``salesforce`` or ``auto``.

    Raises:
        ImportFileError: the file as a whole cannot be read; nothing was imported.
    """
    with open_table(path) as table:
        columns = columns_of(table.header, fmt)
        report = ImportReport(path.name, "contacts", columns.format)
        if table.encoding == "cp1252":
            report.note(1, "the file is not UTF-8: read as Windows-1252")
        if columns.opt_ins:
            names = ", ".join(columns.opt_ins)
            report.note(1, f"a yes in {names} is a claim without proof: no consent was recorded")
        work = _Import(store, tenant, columns, report)
        for chunk in chunks(table.rows):
            work.chunk(chunk)
    return report.sorted()


def chunks(items: Iterable[_T], size: int = _CHUNK) -> Iterator[list[_T]]:
    """Lists of at most ``size`` items: one transaction each."""
    source = iter(items)
    while chunk := list(islice(source, size)):
        yield chunk


class _Import:
    """One run over one file."""

    def __init__(self, store: Store, tenant: str, columns: Columns, report: ImportReport) -> None:
        self._store = store
        self._tenant = tenant
        self._columns = columns
        self._report = report
        self._lines: dict[str, int] = {}
        with store.read() as conn:
            self._owners = owners_of_points(conn, tenant)

    def chunk(self, rows: Sequence[Row | Broken]) -> None:
        """Import some rows in one transaction."""
        drafts = [d for row in rows if (d := self._draft(row)) is not None]
        before = (self._report.added, self._report.updated)
        with self._store.write() as unit:
            known = self._known(unit, [d.id for d in drafts if d.id])
            for draft in drafts:
                self._check(unit, draft, known)
            kept = [d for d in drafts if not d.refused]
            self._note_shared(unit, kept)
            self._save(unit, kept, known)
            self._remember(kept)
            self._consents(unit, drafts, kept)
            if before != (self._report.added, self._report.updated):
                self._entry(unit, len(kept))

    def _draft(self, row: Row | Broken) -> Draft | None:
        if isinstance(row, Broken):
            self._report.skip(row.line, row.reason)
            return None
        draft = read_draft(row, self._columns, self._report)
        first = self._lines.setdefault(draft.id, row.line) if draft.id else row.line
        if first != row.line:
            draft.refused = f"its id was on line {first} already"
        return draft

    def _known(self, unit: Unit, ids: Sequence[str]) -> dict[str, dict[str, Any]]:
        """Rows that are in the CRM already, by id."""
        if not ids:
            return {}
        names = ("id", *_COLUMNS, "fields")
        sql = (
            f"select {', '.join(names)} from contacts where tenant = ? "
            f"and id in ({placeholders(len(ids))})"
        )
        rows = execute(unit.conn, sql, (self._tenant, *ids)).all()
        return {row[0]: dict(zip(names, row, strict=True)) for row in rows}

    def _check(self, unit: Unit, draft: Draft, known: Mapping[str, Any]) -> None:
        """Refuse people who are gone and must not come back; report every refusal."""
        if not draft.refused and draft.id not in known and self._erased(unit, draft):
            draft.refused = "suppressed: an objection is on file, so the person is not created"
            draft.opt_outs.clear()
        if draft.refused:
            self._report.skip(draft.line, f"{draft.refused}: the row is not kept")

    def _erased(self, unit: Unit, draft: Draft) -> bool:
        points = (draft.columns.get("email"), draft.columns.get("phone"), draft.own.get("mobile"))
        tokens = [unit.vault.token(self._tenant, p) for p in points if p]
        if not tokens:
            return False
        sql = (
            "select 1 from suppressions where tenant = ? and channel = '' and purpose = '' "
            f"and brand = '' and token in ({placeholders(len(tokens))}) limit 1"
        )
        return execute(unit.conn, sql, (self._tenant, *tokens)).first() is not None

    def _note_shared(self, unit: Unit, drafts: Sequence[Draft]) -> None:
        """Say where two contacts share a mailbox: an objection to one binds both."""
        by_email = {e: d for d in reversed(drafts) if (e := d.columns.get("email"))}
        if not by_email:
            return
        sql = (
            "select id, email from contacts where tenant = ? "
            f"and email in ({placeholders(len(by_email))})"
        )
        owners = {e: i for i, e in execute(unit.conn, sql, (self._tenant, *by_email)).all()}
        owners |= {e: d.id for e, d in by_email.items() if e not in owners}
        for draft in drafts:
            owner = owners.get(draft.columns.get("email", ""), draft.id)
            if owner != draft.id:
                self._report.note(draft.line, f"has the same e-mail address as contact {owner}")

    def _save(
        self, unit: Unit, drafts: Sequence[Draft], known: Mapping[str, Mapping[str, Any]]
    ) -> None:
        now = to_micros(self._store.clock.now())
        new: list[tuple[Any, ...]] = []
        for draft in drafts:
            row = known.get(draft.id)
            if row is None:
                values = [draft.columns.get(c, _blank(c)) for c in _COLUMNS]
                fields = canonical(draft.own).decode()
                new.append((self._tenant, draft.id, *values, fields, now, now))
                self._report.count("added")
            else:
                self._report.count(self._update(unit, draft, row, now))
        columns = ("tenant", "id", *_COLUMNS, "fields", "created_at", "updated_at")
        insert_many(unit.conn, "contacts", columns, new)

    def _update(self, unit: Unit, draft: Draft, row: Mapping[str, Any], now: int) -> Any:
        own = {**from_json(row["fields"]), **draft.own}
        values = {c: draft.columns.get(c) or row[c] for c in _COLUMNS}
        values["fields"] = canonical(own).decode()
        if from_json(row["fields"]) == own and all(values[c] == row[c] for c in _COLUMNS):
            return "unchanged"
        names = ", ".join(f"{c} = ?" for c in values)
        sql = f"update contacts set {names}, updated_at = ? where tenant = ? and id = ?"
        execute(unit.conn, sql, (*values.values(), now, self._tenant, draft.id))
        return "updated"

    def _remember(self, drafts: Sequence[Draft]) -> None:
        """Whoever has a point from now on is bound by what others refused for it."""
        for draft in drafts:
            points = (
                draft.columns.get("email"),
                draft.columns.get("phone"),
                draft.own.get("mobile"),
            )
            for point in filter(None, points):
                self._owners.add(str(point), draft.id)

    def _consents(self, unit: Unit, drafts: Sequence[Draft], kept: Sequence[Draft]) -> None:
        """Opt-outs become withdrawals; claims against a withdrawal are reported."""
        held = self._held(unit, [d.id for d in kept])
        events: list[tuple[str, ConsentRecord]] = []
        for draft in drafts:
            if draft.refused:
                email = draft.columns.get("email", "")
                nobody = events_of(unit.conn, self._tenant, "", [email]) if email else []
                events += self._withdrawals(draft, nobody)
            else:
                events += self._withdrawals(draft, held.get(draft.id, []))
                self._report_claims(draft, held.get(draft.id, []))
        now = self._store.clock.now()
        record_consents(unit, self._tenant, events, now=now, actor="import", owners=self._owners)

    def _held(self, unit: Unit, ids: Sequence[str]) -> dict[str, list[ConsentRecord]]:
        if not ids:
            return {}
        sql = f"{CONTACT_SQL} where tenant = ? and id in ({placeholders(len(ids))})"
        rows = execute(unit.conn, sql, (self._tenant, *ids)).all()
        return consents_of(unit.conn, self._tenant, {row[0]: read_contact(row) for row in rows})

    def _withdrawals(
        self, draft: Draft, known: Sequence[ConsentRecord]
    ) -> Iterator[tuple[str, ConsentRecord]]:
        """One event an opt-out that does not hold already; by mailbox where the row is refused."""
        granted = (e.at for e in known if e.status == "granted")
        now = max([self._store.clock.now(), *granted])
        email = draft.columns.get("email", "")
        for channel, purpose, header in draft.opt_outs:
            point = email if channel == "email" else ""
            contact = "" if draft.refused else draft.id
            if not (contact or point) or self._closed(known, point, channel, purpose):
                continue
            yield contact, ConsentRecord(
                point, channel, purpose, "", "withdrawn", now,
                source=f"import:{self._columns.format}", proof=header,
            )  # fmt: skip

    def _closed(
        self, known: Sequence[ConsentRecord], point: str, channel: str, purpose: str
    ) -> bool:
        """Whether every brand is closed to this already."""
        now = self._store.clock.now()
        brands = {_NO_BRAND, *(e.brand for e in known if e.brand)}
        return all(
            state(known, point, channel, purpose, brand, now).status in OBJECTIONS
            for brand in brands
        )

    def _report_claims(self, draft: Draft, known: Sequence[ConsentRecord]) -> None:
        closed = {channel for channel, _, _ in draft.opt_outs}
        for channel in dict.fromkeys(c for c in draft.opt_ins if c not in closed):
            point = draft.columns.get("email", "") if channel == "email" else ""
            brand = draft.columns.get("brand", "")
            now = self._store.clock.now()
            held = state(known, point, channel, "marketing", brand, now)
            if held.status in OBJECTIONS and held.since is not None:
                word = "withdrawal" if held.status == "withdrawn" else "refusal"
                what = f"the row says not opted out of {channel or 'all'}"
                when = f"{held.since:%Y-%m-%d}"
                self._report.note(draft.line, f"{what}; the newer {word} of {when} is kept")

    def _entry(self, unit: Unit, rows: int) -> None:
        public = {"what": "contacts", "format": self._columns.format, "rows": rows}
        now = self._store.clock.now()
        unit.append(Entry("imported", self._tenant, now, actor="import", public=public))


def _blank(column: str) -> str | None:
    return None if column in {"last_purchase", "contract_until", "last_inquiry"} else ""
