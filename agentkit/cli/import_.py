"""``agentkit import``: read what other CRMs export."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from agentkit.cli.options import with_settings
from agentkit.errors import ImportFileError
from agentkit.settings import Settings

if TYPE_CHECKING:
    from agentkit.crm.importing import ImportReport
    from agentkit.store import Store

__all__ = ["command", "import_book", "show_reports"]

_FILE: Final = click.Path(path_type=Path, dir_okay=False)
_MAX_LINES: Final = 12


@click.command("import")
@click.argument("contacts", nargs=-1, type=_FILE)
@click.option("--consents", type=_FILE, metavar="FILE", help="Consent events, CSV.")
@click.option("--suppressions", type=_FILE, metavar="FILE", help="Points never to be used, CSV.")
@click.option("--records", type=_FILE, metavar="FILE", help="Deals, tickets, products, JSONL.")
@click.option("--history", type=_FILE, metavar="FILE", help="Earlier contacts, CSV.")
@click.option("--mails", type=_FILE, metavar="FILE", help="What people wrote, JSONL.")
@click.option(
    "--format", "fmt", type=click.Choice(["auto", "hubspot", "salesforce"]), default="auto",
    show_default=True, help="What exported the contacts.",
)  # fmt: skip
@with_settings
def command(
    contacts: tuple[Path, ...],
    consents: Path | None,
    suppressions: Path | None,
    records: Path | None,
    history: Path | None,
    mails: Path | None,
    fmt: str,
    settings: Settings,
) -> None:
    """Read contacts and records exported from a CRM.

    CONTACTS are CSV exports, recognised by their header (UTF-8 or UTF-16, commas, semicolons or
    tabs; a cell may hold newlines).

    \b
    HubSpot: Record ID, First Name, Last Name, Email, Phone Number, Mobile Phone
      Number, Country/Region, State/Region, Time Zone, Preferred language, Company
      Name, Contact owner, Unsubscribed from all email, Opted out of email: TYPE;
      or the internal names (hs_object_id, firstname, hs_email_optout, ...).
    Salesforce: Id, FirstName, LastName, Email, Phone, MobilePhone,
      MailingCountry, MailingState, Account.Name, Owner.Name, HasOptedOutOfEmail,
      DoNotCall; or the labels of a report (Contact ID, Mailing
      Country, Email Opt Out, ...).
    Both, as custom fields: Time Zone, Preferred Language, Brand, Type, Last order
      date, Contract end date, Last inquiry date, Opt-out offered, SMS opt out,
      Address source, Bought categories (separated by ;), Postal Code.
    Other columns are kept under their own names. A company makes a contact a
    business, unless Type says consumer.

    \b
    --consents: point, channel, purpose, brand, status, at, expires, source,
      proof, double_opt_in_at, notice_version, lawful_basis, method, scope,
      country
    --suppressions: point (or email, phone, domain), channel, purpose, brand,
      reason, country; @example.org closes everybody at a domain
    --records:  {"type", "id", "contact", "fields"} a line
    --history:  contact, kind, channel, purpose, at
    --mails:    {"id", "contact", "channel", "at", "text"} a line

    Opt-outs become withdrawals at once; "subscribed" never becomes a consent. Bad rows are
    reported by line and the good ones kept; importing a file again changes nothing. The exit
    status is 1 where no row of a file could be kept.
    """  # noqa: D301  (click wants the character that the escape stands for)
    from agentkit.clock import SystemClock
    from agentkit.rights import open_store

    others = {
        "suppressions": suppressions, "records": records, "history": history, "mails": mails,
        "consents": consents,
    }  # fmt: skip
    _check([*contacts, *filter(None, others.values())])
    store = open_store(settings, SystemClock())
    try:
        reports = import_book(store, settings.tenant, contacts, fmt=fmt, **others)
    finally:
        store.close()
    show_reports(reports)
    if any(report.rows and not report.kept for report in reports):
        sys.exit(1)


def import_book(
    store: Store,
    tenant: str,
    contacts: Sequence[Path] = (),
    *,
    fmt: str = "auto",
    records: Path | None = None,
    history: Path | None = None,
    mails: Path | None = None,
    consents: Path | None = None,
    suppressions: Path | None = None,
) -> list[ImportReport]:
    """Import a whole book of business: people, who must not be contacted, then the rest.

    Raises:
        ImportFileError: a file as a whole cannot be read; those before it are imported.
    """
    from agentkit.crm import importing

    reports = [importing.import_contacts(store, tenant, path, fmt) for path in contacts]
    steps: list[tuple[Callable[[Store, str, Path], ImportReport], Path | None]] = [
        (importing.import_suppressions, suppressions),
        (importing.import_consents, consents),
        (importing.import_records, records),
        (importing.import_history, history),
        (importing.import_mails, mails),
    ]
    return reports + [step(store, tenant, path) for step, path in steps if path is not None]


def show_reports(reports: Sequence[ImportReport]) -> None:
    """Print one table, and below it what a person should look at, by line."""
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False)
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column("file", no_wrap=True)
    table.add_column("read as", no_wrap=True)
    for name in ("rows", "added", "updated", "as before", "skipped"):
        table.add_column(name, justify="right")
    for r in reports:
        numbers = (r.rows, r.added, r.updated, r.unchanged, r.skipped)
        table.add_row(r.file, f"{r.what} ({r.format})", *(f"{n:,}" for n in numbers))
    console.print(table)
    for report in reports:
        for line in _problems(report):
            console.print(line, markup=False, soft_wrap=True)
    if any(report.skipped for report in reports):
        console.print("\nMend the skipped lines and import the file again: the rest stays.")


def _problems(report: ImportReport) -> Iterable[str]:
    """One line a reason, with the lines of the file: first what was skipped."""
    groups: dict[tuple[str, str], list[int]] = {}
    for problem in report.problems:
        groups.setdefault((problem.severity, problem.reason), []).append(problem.line)
    if groups:
        yield f"\n{report.file}"
    for severity in ("skipped", "changed", "note"):
        for (kind, reason), lines in groups.items():
            if kind == severity:
                yield f"  {severity:8} {_lines(lines)}: {reason}"


def _lines(lines: Sequence[int]) -> str:
    word = "line" if len(lines) == 1 else "lines"
    shown = ", ".join(map(str, lines[:_MAX_LINES]))
    more = len(lines) - _MAX_LINES
    return f"{word} {shown}{f' and {more} more' if more > 0 else ''}"


def _check(paths: Sequence[Path]) -> None:
    """Refuse before anything is imported where a file is missing."""
    if not paths:
        raise ImportFileError(
            "no file to import was named", hint="agentkit import contacts.csv --consents FILE"
        )
    missing = next((p for p in paths if not p.is_file()), None)
    if missing is not None:
        raise ImportFileError(
            f"there is no file {missing}", hint="nothing was imported; check the path"
        )
