"""Importing a list of contact points that must not be used.

One column is enough: ``point`` (or ``email``, ``phone``, ``domain``, as exports call it). Bad rows
are reported by line and the good ones kept; a list that is read again changes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from agentkit.consent.points import normal_channel, normal_domain, normal_point
from agentkit.consent.purposes import normal_purpose
from agentkit.consent.stopping import owners_of_points
from agentkit.consent.suppress import Suppression, suppress_point
from agentkit.crm.importing.contacts import chunks
from agentkit.crm.importing.reading import Broken, Row, open_table
from agentkit.crm.importing.report import ImportReport
from agentkit.crm.places import country_code
from agentkit.entry import Entry
from agentkit.errors import ImportFileError

if TYPE_CHECKING:
    from agentkit.store import Store, Unit

__all__ = ["import_suppressions"]

_POINTS: Final = {
    "point": "point",
    "email": "point",
    "emailaddress": "point",
    "recipient": "point",
    "phone": "point",
    "phonenumber": "point",
    "mobile": "point",
    "mobilephone": "point",
    "mobilephonenumber": "point",
    "domain": "domain",
    "emaildomain": "domain",
}
"""Columns that name what must not be used."""
_OTHERS: Final = {
    "channel": "channel",
    "purpose": "purpose",
    "brand": "brand",
    "businessunit": "brand",
    "reason": "reason",
    "country": "country",
    "countryregion": "country",
}
_CHANNELS: Final = frozenset({"", "email", "sms", "phone", "whatsapp", "chat", "post"})
_OTHER: Final = re.compile(r"[^a-z]")
_MAX_REASON: Final = 40

Columns = Mapping[str, Sequence[str]]
Owners = Callable[[str], Sequence[str]]


def import_suppressions(store: Store, tenant: str, path: Path) -> ImportReport:
    """Import a suppression list from CSV.

    Columns: ``point``, ``email``, ``phone`` or ``domain``, one or several, and, where known,
    ``channel, purpose, brand, reason, country`` (empty: every channel, purpose and brand). A row
    with several points closes each of them.

    Raises:
        ImportFileError: the file as a whole cannot be read; nothing was imported.
    """
    with open_table(path) as table:
        columns = _columns(table.header, path)
        report = ImportReport(path.name, "suppressions", "csv")
        with store.read() as conn:
            owners = owners_of_points(conn, tenant)
        for chunk in chunks(table.rows):
            with store.write() as unit:
                _chunk(unit, tenant, chunk, columns, report, owners, store.clock.now())
    return report.sorted()


def _columns(header: Sequence[str], path: Path) -> Columns:
    """Our field to the headers that hold it."""
    fields: dict[str, list[str]] = {}
    for name in filter(None, header):
        squashed = _OTHER.sub("", name.lower())
        field = _POINTS.get(squashed) or _OTHERS.get(squashed)
        if field:
            fields.setdefault(field, []).append(name)
    if not fields.keys() & {"point", "domain"}:
        raise ImportFileError(
            f"{path.name} has no column of contact points",
            hint="name one `point`, `email`, `phone` or `domain`; "
            "also read: channel, purpose, brand, reason, country",
        )
    return fields


def _chunk(
    unit: Unit,
    tenant: str,
    rows: Sequence[Row | Broken],
    columns: Columns,
    report: ImportReport,
    owners: Owners,
    now: datetime,
) -> None:
    before = report.added
    for row in rows:
        if isinstance(row, Broken):
            report.skip(row.line, row.reason)
            continue
        entries, bad = _entries(row.values, columns)
        new = [
            suppress_point(unit, tenant, e, now=now, actor="import", owners=owners) for e in entries
        ]
        if entries:
            report.count("added" if any(new) else "unchanged")
        if bad:
            tell = report.change if entries else report.skip
            tell(row.line, bad)
    if report.added > before:
        public = {"what": report.what, "format": report.format, "rows": report.added - before}
        unit.append(Entry("imported", tenant, now, actor="import", public=public))


def _entries(values: Mapping[str, str], columns: Columns) -> tuple[list[Suppression], str]:
    """What a row closes, and what of it could not be read.

    A word that is not understood never narrows: it is taken as every channel.
    """
    country = country_code(_first(values, columns, "country"))
    said = normal_channel(_first(values, columns, "channel"))
    channel = said if said in _CHANNELS else ""
    bad = (
        f"the channel {said[:40]!r} is not known: every channel is closed"
        if said != channel
        else ""
    )
    points = [(text, normal_domain(text) or normal_point(text, country)) for text in
              _all(values, columns, "point")]  # fmt: skip
    points += [(text, normal_domain(f"@{text.removeprefix('*').removeprefix('@')}")) for text in
               _all(values, columns, "domain")]  # fmt: skip
    if not points:
        return [], "names no contact point: the row is not kept"
    if not all(normal for _, normal in points):
        bad = _why(points, country)
    reason = _first(values, columns, "reason").lower()[:_MAX_REASON] or "list"
    purpose = normal_purpose(_first(values, columns, "purpose"))
    brand = _first(values, columns, "brand")
    found = dict.fromkeys(normal for _, normal in points if normal)
    return [Suppression(p, reason, channel, purpose, brand) for p in found], bad


def _why(points: Sequence[tuple[str, str]], country: str) -> str:
    text = next(text for text, normal in points if not normal)
    if "@" not in text and any(c.isdigit() for c in text) and not country:
        return "a number has no prefix, and no country tells it: not suppressed"
    return "a contact point is neither an address nor a number nor a domain: not suppressed"


def _all(values: Mapping[str, str], columns: Columns, field: str) -> list[str]:
    return [values[name] for name in columns.get(field, ()) if values[name]]


def _first(values: Mapping[str, str], columns: Columns, field: str) -> str:
    return next(iter(_all(values, columns, field)), "")
