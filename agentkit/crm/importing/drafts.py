"""One row of a contact export, read: pure, without a database."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from agentkit.consent.points import normal_point
from agentkit.crm.importing.columns import Columns
from agentkit.crm.importing.dates import ImpossibleDate, read_date, read_flag
from agentkit.crm.importing.reading import Row
from agentkit.crm.importing.report import ImportReport
from agentkit.crm.places import country_code, language_code, region_code, time_zone
from agentkit.crm.postal import region_of_postal_code
from agentkit.crm.whereabouts import contradicts
from agentkit.crm.zones import plausible_zone
from agentkit.store.instants import to_micros

__all__ = ["CLOSED_PURPOSES", "Draft", "read_draft"]

CLOSED_PURPOSES: Final = ("marketing", "research")
"""What "unsubscribed" and "do not call" end: invoices and answers to questions go on."""
_MAX_ID: Final = 100
_LIST: Final = re.compile(r"\s*[;|]\s*")
_DATES: Final = ("last_purchase", "contract_until", "last_inquiry")


@dataclass
class Draft:
    """What a row says about a person.

    Attributes:
        line: Line of the file.
        id: CRM id; empty where the row has none.
        columns: Columns of ``contacts``; only what is known.
        own: The business's own fields.
        opt_outs: (channel, purpose, header) that the row closes.
        opt_ins: Channels for which the row claims that the person is subscribed, or not opted out.
        refused: Why the row is not kept; empty where it is. Its opt-outs count all the same.
    """

    line: int
    id: str
    columns: dict[str, Any] = field(default_factory=dict)
    own: dict[str, Any] = field(default_factory=dict)
    opt_outs: list[tuple[str, str, str]] = field(default_factory=list)
    opt_ins: list[str] = field(default_factory=list)
    refused: str = ""


def read_draft(row: Row, columns: Columns, report: ImportReport) -> Draft:
    """Read one row; what is left out of it is reported by line.

    A row whose address is none, or that holds a day that does not exist, is not kept: such rows
    are mostly shifted by a column, and nothing in them can be trusted but a no.
    """
    values: Mapping[str, str] = row.values
    draft = Draft(row.line, columns.first(values, "id"))
    if not draft.id or len(draft.id) > _MAX_ID:
        draft.refused = "has no id" if not draft.id else "its id is too long"
    _read_place(draft, values, columns, report)
    _read_points(draft, values, columns, report)
    _read_texts(draft, values, columns)
    _read_dates(draft, values, columns, report)
    _read_flags(draft, values, columns, report)
    draft.columns = {name: value for name, value in draft.columns.items() if value}
    return draft


def _read_place(
    draft: Draft, values: Mapping[str, str], columns: Columns, report: ImportReport
) -> None:
    names = _countries(values, columns)
    country = next(filter(None, map(country_code, names)), "")
    if names and not country:
        report.change(draft.line, f"the country {names[0][:40]!r} is not known: left open")
    zone_text = columns.first(values, "timezone")
    zone = time_zone(zone_text)
    if zone_text and not zone:
        report.change(draft.line, f"the time zone {zone_text[:40]!r} is not known: left open")
    language_text = columns.first(values, "language")
    language = language_code(language_text)
    if language_text and not language:
        report.change(draft.line, f"the language {language_text[:40]!r} is not known: left open")
    region = _region(draft, columns.first(values, "region"), country, report)
    region = _by_postal_code(draft, values, columns, region, report)
    draft.columns |= {
        "country": country, "region": region, "timezone": zone, "language": language
    }  # fmt: skip
    if country and zone and not plausible_zone(country, zone):
        report.note(draft.line, f"the country {country} and the time zone {zone} contradict")


def _countries(values: Mapping[str, str], columns: Columns) -> list[str]:
    return [values[h] for h in columns.fields.get("country", ()) if values[h]]


def _region(draft: Draft, text: str, country: str, report: ImportReport) -> str:
    """The region's code; without a country a region says little, so its text is kept aside."""
    if not text:
        return ""
    draft.own["region_text"] = text
    region = region_code(country, text) if country else ""
    if country and not region:
        report.change(draft.line, f"{country} has no region {text[:40]!r}: left open")
    return region


def _by_postal_code(
    draft: Draft, values: Mapping[str, str], columns: Columns, region: str, report: ImportReport
) -> str:
    """The region, or the one that the postal code tells; neither where the two contradict."""
    headers = columns.fields.get("postal_code", ())
    draft.own |= {h: values[h] for h in headers if values[h]}
    country = next(filter(None, map(country_code, _countries(values, columns))), "")
    told = region_of_postal_code(country, columns.first(values, "postal_code"))
    if region and told and told != region:
        report.change(draft.line, f"the postal code lies in {told}, not in {region}: left open")
        return ""
    return region or told


def _read_points(
    draft: Draft, values: Mapping[str, str], columns: Columns, report: ImportReport
) -> None:
    country = draft.columns.get("country", "")
    address = columns.first(values, "email")
    email = normal_point(address) if "@" in address else ""
    if address and not email:
        draft.refused = draft.refused or "its e-mail address is none"
    numbers = {n: columns.first(values, n) for n in ("phone", "mobile")}
    read = {n: normal_point(text, country) for n, text in numbers.items() if text}
    for name in (n for n, number in read.items() if not number):
        why = "has no prefix, and no country tells it" if not country else "is none"
        report.change(draft.line, f"the {name} number {why}: left open")
        draft.own[f"{name}_text"] = numbers[name]
    draft.columns |= {"email": email, "phone": read.get("phone") or read.get("mobile", "")}
    if read.get("mobile"):
        draft.own["mobile"] = read["mobile"]
    if any(contradicts(number, country) for number in read.values()):
        report.note(draft.line, f"the country {country} and the prefix of a number contradict")


def _read_texts(draft: Draft, values: Mapping[str, str], columns: Columns) -> None:
    parts = (columns.first(values, "first"), columns.first(values, "last"))
    name = columns.first(values, "name") or " ".join(filter(None, parts))
    company = columns.first(values, "company")
    said = columns.first(values, "type").lower()
    given = said if said in {"consumer", "business"} else ""
    owner = columns.first(values, "owner") or columns.first(values, "owner_id")
    draft.columns |= {
        "name": name,
        "company": company,
        "type": given or ("business" if company else "consumer"),
        "owner": owner,
        "brand": columns.first(values, "brand"),
    }
    draft.own |= {h: values[h] for h in columns.others if values[h]}
    source = columns.first(values, "address_source")
    if source:
        draft.own["address_source"] = source
    bought = columns.first(values, "bought_categories")
    if bought:
        draft.own["bought_categories"] = [c for c in _LIST.split(bought) if c]


def _read_dates(
    draft: Draft, values: Mapping[str, str], columns: Columns, report: ImportReport
) -> None:
    for name in _DATES:
        text = columns.first(values, name)
        instant = _date(draft, text)
        if text and instant is None and not draft.refused:
            report.change(draft.line, f"the date {text[:40]!r} is not understood: left open")
        draft.columns[name] = None if instant is None else to_micros(instant)
    for header in columns.others:
        if "date" in header.lower():
            _date(draft, values[header])


def _date(draft: Draft, text: str) -> Any:
    try:
        return read_date(text)
    except ImpossibleDate:
        draft.refused = draft.refused or f"the date {text[:40]!r} does not exist"
        return None


def _read_flags(
    draft: Draft, values: Mapping[str, str], columns: Columns, report: ImportReport
) -> None:
    offered = read_flag(columns.first(values, "opt_out_offered"))
    if offered is not None:
        draft.own["opt_out_offered"] = offered
    for header, (channel, purpose) in columns.opt_outs.items():
        flag = read_flag(values[header])
        if values[header] and flag is None:
            report.note(draft.line, f"{values[header][:40]!r} in {header!r} is taken as a yes")
        if flag or (values[header] and flag is None):
            purposes = (purpose,) if purpose else CLOSED_PURPOSES
            draft.opt_outs += [(channel, p, header) for p in purposes]
        elif flag is False:
            draft.opt_ins.append(channel)
    draft.opt_ins += [c for h, c in columns.opt_ins.items() if read_flag(values[h])]
