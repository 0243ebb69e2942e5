"""Importing what belongs to people: consents, records, history, mails.

Rows that are there already are counted as unchanged; rows that cannot be read are reported.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from agentkit.canonical import canonical, from_json
from agentkit.consent.points import normal_channel, normal_point
from agentkit.consent.purposes import normal_basis, normal_purpose
from agentkit.consent.record import events_of, record_consents
from agentkit.consent.state import CONTROLLER, OBJECTIONS, STRICTNESS, state
from agentkit.consent.stopping import owners_of_points
from agentkit.context import ConsentRecord, ConsentStatus
from agentkit.crm.importing.contacts import chunks
from agentkit.crm.importing.dates import ImpossibleDate, read_instant
from agentkit.crm.importing.reading import Broken, Row, open_jsonl, open_table
from agentkit.crm.importing.report import ImportReport
from agentkit.crm.places import country_code
from agentkit.entry import Entry
from agentkit.errors import ImportFileError
from agentkit.store.instants import to_micros
from agentkit.store.sql import execute, insert_many, placeholders

if TYPE_CHECKING:
    from agentkit.store import Store, Unit

__all__ = ["import_consents", "import_history", "import_mails", "import_records"]

_WORDS: Final[dict[str, ConsentStatus]] = {
    "subscribed": "granted",
    "opted in": "granted",
    "opt-in": "granted",
    "unsubscribed": "withdrawn",
    "opted out": "withdrawn",
    "opt-out": "withdrawn",
    "revoked": "withdrawn",
    "unknown": "not_specified",
    "": "not_specified",
}
_CONSENT_COLUMNS: Final = frozenset({"point", "channel", "purpose", "status", "at"})
_HISTORY_COLUMNS: Final = frozenset({"contact", "kind", "channel", "at"})


class _BadRow(Exception):
    """Why a row is not kept."""


def import_consents(store: Store, tenant: str, path: Path) -> ImportReport:
    """Import consent events from CSV.

    Columns: ``point, channel, purpose, status, at`` and, where known, ``brand, expires, source,
    proof, double_opt_in_at, notice_version, lawful_basis, method, scope``, and ``country`` for
    numbers without prefix. An event belongs to every contact with that mailbox or number; one whose
    point nobody has is kept for whoever gets it.

    Raises:
        ImportFileError: the file as a whole cannot be read; nothing was imported.
    """
    with open_table(path) as table:
        report = ImportReport(path.name, "consents", "csv")
        _need(table.header, _CONSENT_COLUMNS, path)
        with store.read() as conn:
            owners = owners_of_points(conn, tenant)
        for chunk in chunks(table.rows):
            with store.write() as unit:
                _consent_chunk(unit, tenant, chunk, report, owners, store.clock.now())
    return report.sorted()


def import_history(store: Store, tenant: str, path: Path) -> ImportReport:
    """Import earlier contacts from CSV: ``contact, kind, channel, purpose, at``.

    Raises:
        ImportFileError: the file as a whole cannot be read; nothing was imported.
    """
    with open_table(path) as table:
        report = ImportReport(path.name, "history", "csv")
        _need(table.header, _HISTORY_COLUMNS, path)
        seen: dict[str, int] = {}
        for chunk in chunks(table.rows):
            with store.write() as unit:
                _history_chunk(unit, tenant, chunk, report, seen)
    return report.sorted()


def import_records(store: Store, tenant: str, path: Path) -> ImportReport:
    """Import records, one JSON object a line: ``{"type", "id", "contact", "fields"}``.

    Raises:
        ImportFileError: the file as a whole cannot be read; nothing was imported.
    """
    return _import_objects(store, tenant, path, "records")


def import_mails(store: Store, tenant: str, path: Path) -> ImportReport:
    """Import what people wrote: ``{"id", "contact", "channel", "at", "text"}``, one a line.

    They become records of type ``mail``.

    Raises:
        ImportFileError: the file as a whole cannot be read; nothing was imported.
    """
    return _import_objects(store, tenant, path, "mails")


def _import_objects(store: Store, tenant: str, path: Path, what: str) -> ImportReport:
    with open_jsonl(path) as rows:
        report = ImportReport(path.name, what, "jsonl")
        for chunk in chunks(rows):
            with store.write() as unit:
                _record_chunk(unit, tenant, chunk, report, store.clock.now())
    return report.sorted()


def _need(header: Sequence[str], columns: frozenset[str], path: Path) -> None:
    missing = sorted(columns - set(header))
    if missing:
        raise ImportFileError(
            f"{path.name} has no column {missing[0]!r}",
            hint=f"it needs: {', '.join(sorted(columns))}",
        )


def _readable(rows: Iterable[Row | Broken], report: ImportReport) -> Iterable[Row]:
    for row in rows:
        if isinstance(row, Broken):
            report.skip(row.line, row.reason)
        else:
            yield row


def _consent_chunk(
    unit: Unit,
    tenant: str,
    rows: Sequence[Row | Broken],
    report: ImportReport,
    owners: Callable[[str], Sequence[str]],
    now: datetime,
) -> None:
    for row in _readable(rows, report):
        try:
            record = _consent(row.values, now)
        except _BadRow as bad:
            report.skip(row.line, f"{bad}: the row is not kept")
            continue
        contacts = list(owners(record.point)) or [""]
        before = _objection(unit, tenant, contacts[0], record, now)
        lifts = before is not None and before < record.at
        if lifts and not (record.proof or record.double_opt_in_at):
            record = replace(record, status="not_specified")
        events = [(contact, record) for contact in contacts]
        done = record_consents(unit, tenant, events, now=now, actor="import", owners=owners)
        new = any(d.new for d in done)
        if new and before is not None:
            _note_kept(report, row.line, before, lifts=lifts, proven=record.status == "granted")
        if contacts == [""] and new:
            report.note(row.line, "no contact has this point: kept for whoever gets it")
        report.count("added" if new else "unchanged")


def _note_kept(
    report: ImportReport, line: int, since: datetime, *, lifts: bool, proven: bool
) -> None:
    """Say what became of a grant that meets an objection."""
    if not lifts:
        report.note(line, f"says granted; the newer withdrawal of {since:%Y-%m-%d} is kept")
    elif not proven:
        kept = f"the withdrawal of {since:%Y-%m-%d} is kept"
        report.note(line, f"says granted without proof or second step; {kept}")


def _objection(
    unit: Unit, tenant: str, contact: str, record: ConsentRecord, now: datetime
) -> datetime | None:
    """From when an objection holds against what a grant would allow; None where none does."""
    if record.status != "granted":
        return None
    known = events_of(unit.conn, tenant, contact, [record.point])
    asked = (record.point, record.channel, record.purpose, record.brand)
    held = state(known, *asked, now)
    return held.since if held.status in OBJECTIONS else None


def _consent(values: Mapping[str, str], now: datetime) -> ConsentRecord:
    point = normal_point(values["point"], country_code(values.get("country", "")))
    if not point:
        raise _BadRow("the point is neither an address nor a number with its prefix")
    status = _status(values["status"])
    at = _instant(values, "at")
    if at is None and status not in OBJECTIONS:
        raise _BadRow("it is not dated")
    if at is not None and at > now and status == "granted":
        raise _BadRow("a grant dated in the future is none")
    return ConsentRecord(
        point, normal_channel(values["channel"]), normal_purpose(values["purpose"]),
        values.get("brand", ""), status, at or now, _instant(values, "expires"),
        values.get("source", ""), values.get("proof", ""), _instant(values, "double_opt_in_at"),
        values.get("notice_version", "") or values.get("notice", ""),
        normal_basis(values.get("lawful_basis", "")), values.get("method", "").lower(),
        _scope(values.get("scope", "")),
    )  # fmt: skip


def _scope(text: str) -> str:
    word = text.strip().lower()
    if word not in {"", CONTROLLER}:
        raise _BadRow(f"the scope {text[:40]!r} is neither empty nor {CONTROLLER!r}")
    return word


def _status(text: str) -> ConsentStatus:
    word = text.strip().lower().replace(" ", "_")
    for status in STRICTNESS:
        if word == status:
            return status
    named = _WORDS.get(text.strip().lower())
    if named is None:
        raise _BadRow(f"the status {text[:40]!r} is none of {', '.join(STRICTNESS)}")
    return named


def _instant(values: Mapping[str, Any], name: str) -> datetime | None:
    text = str(values.get(name) or "")
    if not text:
        return None
    try:
        instant = read_instant(text)
    except ImpossibleDate as error:
        raise _BadRow(f"{name} {text[:40]!r} does not exist") from error
    if instant is None:
        raise _BadRow(f"{name} {text[:40]!r} is no instant with a time zone")
    return instant


def _history_chunk(
    unit: Unit,
    tenant: str,
    rows: Sequence[Row | Broken],
    report: ImportReport,
    seen: dict[str, int],
) -> None:
    readable = list(_readable(rows, report))
    known = _existing(unit, tenant, "contacts", [r.values["contact"] for r in readable])
    drafts: dict[str, tuple[Any, ...]] = {}
    for row in readable:
        try:
            id_, touch = _touch(unit, tenant, row.values, known, seen)
        except _BadRow as bad:
            report.skip(row.line, f"{bad}: the row is not kept")
        else:
            drafts[id_] = touch
    there = _existing(unit, tenant, "touches", list(drafts))
    columns = ("tenant", "id", "contact", "kind", "channel", "purpose", "at")
    new = [(tenant, i, *touch) for i, touch in drafts.items() if i not in there]
    insert_many(unit.conn, "touches", columns, new)
    report.added += len(new)
    report.unchanged += len(there)


def _touch(
    unit: Unit,
    tenant: str,
    values: Mapping[str, str],
    known: set[str],
    seen: dict[str, int],
) -> tuple[str, tuple[Any, ...]]:
    """Id and columns; two equal rows of one file are two contacts, so their number is in the id."""
    if values["contact"] not in known:
        raise _BadRow("no such contact is in the CRM")
    at = _instant(values, "at")
    if at is None or not values["kind"]:
        raise _BadRow("it has no kind" if at else "it is not dated")
    touch = (
        values["contact"], values["kind"], normal_channel(values["channel"]),
        values.get("purpose", ""), to_micros(at),
    )  # fmt: skip
    text = canonical(touch).decode()
    seen[text] = seen.get(text, 0) + 1
    return unit.vault.token(tenant, f"touch {seen[text]} {text}")[:32], touch


def _record_chunk(
    unit: Unit, tenant: str, rows: Sequence[Row | Broken], report: ImportReport, now: datetime
) -> None:
    readable = list(_readable(rows, report))
    wanted = [str(r.values.get("contact") or "") for r in readable]
    known = _existing(unit, tenant, "contacts", [c for c in wanted if c])
    before = report.added + report.updated
    for row in readable:
        try:
            record = _record(row.values, report.what, known)
            outcome = _save(unit, tenant, record, _instant(row.values, "at") or now)
        except _BadRow as bad:
            report.skip(row.line, f"{bad}: the row is not kept")
        else:
            report.count(outcome)
    if report.added + report.updated > before:
        public = {"what": report.what, "format": report.format, "rows": len(readable)}
        unit.append(Entry("imported", tenant, now, actor="import", public=public))


def _record(
    values: Mapping[str, Any], what: str, known: set[str]
) -> tuple[str, str, str, dict[str, Any]]:
    """Type, id, contact and fields of one line."""
    contact, id_ = str(values.get("contact") or ""), str(values.get("id") or "")
    if contact and contact not in known:
        raise _BadRow("no such contact is in the CRM")
    if what == "mails":
        kind = "mail"
        fields: Any = {k: str(values.get(k) or "") for k in ("channel", "at", "text")}
        if not contact or not fields["text"] or not fields["at"]:
            raise _BadRow("a mail needs contact, at and text")
    else:
        kind, fields = str(values.get("type") or ""), values.get("fields") or {}
    if not kind or not id_ or not isinstance(fields, dict):
        raise _BadRow("a record needs type, id and fields")
    return kind, id_, contact, fields


def _save(
    unit: Unit, tenant: str, record: tuple[str, str, str, dict[str, Any]], at: datetime
) -> Any:
    kind, id_, contact, fields = record
    sql = "select contact, fields from records where tenant = ? and type = ? and id = ?"
    row = execute(unit.conn, sql, (tenant, kind, id_)).one_or_none()
    text = canonical(fields).decode()
    if row is None:
        columns = ("tenant", "type", "id", "contact", "fields", "updated_at")
        values = (tenant, kind, id_, contact, text, to_micros(at))
        insert_many(unit.conn, "records", columns, [values])
        return "added"
    if row[0] == contact and from_json(row[1]) == fields:
        return "unchanged"
    sql = (
        "update records set contact = ?, fields = ?, updated_at = ? "
        "where tenant = ? and type = ? and id = ?"
    )
    execute(unit.conn, sql, (contact, text, to_micros(at), tenant, kind, id_))
    return "updated"


def _existing(unit: Unit, tenant: str, table: str, ids: Sequence[str]) -> set[str]:
    if not ids:
        return set()
    sql = f"select id from {table} where tenant = ? and id in ({placeholders(len(ids))})"
    return {row[0] for row in execute(unit.conn, sql, (tenant, *ids))}
