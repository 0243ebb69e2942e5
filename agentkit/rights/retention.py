"""How long what is kept: contents short, decisions long, by the settings; one command enforces it.

What runs out is deleted where it can be. The ledger is never changed: what its private parts say
becomes unreadable when the key of the person goes, and that is as soon as nothing of the person is
younger than the term. Tokens, suppressions and proof of consent follow their own dates.

No term here claims to be the law's: the logging duties of the EU AI Act (Art. 12, 26(6)) are for
high-risk systems and do not apply before 2 December 2027, and ordinary lead scoring is none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from agentkit.canonical import canonical, from_json
from agentkit.crm.catalogue import field_catalogue
from agentkit.entry import Entry
from agentkit.rights.files import EXPORTS
from agentkit.rights.holdings import ids_with_ciphertext, known_ids
from agentkit.settings import Retention, Settings
from agentkit.store import execute, placeholders, to_micros
from agentkit.store.actions import FINAL_STATES

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from agentkit.store import Store, Vault

__all__ = ["Kept", "apply", "field_terms"]

_FINAL: Final = placeholders(len(FINAL_STATES))
_CHUNK: Final = 500


@dataclass(frozen=True, slots=True)
class Kept:
    """What one term did.

    Attributes:
        what: What it is about, in words.
        term: How long, in words.
        before: Older than this ran out.
        count: How many ran out: deleted, or with `dry` what would be.
    """

    what: str
    term: str
    before: datetime
    count: int


@dataclass(frozen=True, slots=True)
class _Rule:
    what: str
    term: str
    before: datetime
    run: Callable[[_Run, int], int]


def apply(
    store: Store,
    tenant: str,
    terms: Retention,
    *,
    actor: str,
    dry: bool = False,
    fields: Mapping[str, Mapping[str, int]] | None = None,
) -> list[Kept]:
    """Enforce the terms; a second time at the same instant changes nothing.

    Args:
        store: The database.
        tenant: Whose data.
        terms: How long what is kept.
        actor: Who does it.
        dry: Only count.
        fields: Days by record and field, as the field catalogue has them.
    """
    now = store.clock.now()
    rules, vault = [*_rules(terms, now), *_field_rules(fields or {}, now)], store.vault
    if dry:
        with store.read() as conn:
            done = [_done(r, _Run(conn, vault, tenant, dry=True)) for r in rules]
        return [*done, _exports(store.home, terms, now, dry=True)]
    with store.write() as unit:
        done = [_done(r, _Run(unit.conn, vault, tenant, dry=False)) for r in rules]
        files = _exports(store.home, terms, now, dry=False)
        changed = {k.what: k.count for k in [*done, files] if k.count}
        if changed:
            unit.append(Entry("retention", tenant, now, actor=actor, public={"ran_out": changed}))
    return [*done, files]


def field_terms(settings: Settings) -> dict[str, dict[str, int]]:
    """Days by record and field, where the field catalogue gives some."""
    terms: dict[str, dict[str, int]] = {}
    for (record, name), field in field_catalogue(settings).fields.items():
        if field.retention:
            terms.setdefault(record, {})[name] = field.retention
    return terms


def _rules(terms: Retention, now: datetime) -> list[_Rule]:
    def days(count: int) -> datetime:
        return now - timedelta(days=count)

    short, long = days(terms.content_days), days(terms.decision_days)
    return [
        _Rule("contents of decisions", f"{terms.content_days} days", short, _contents),
        _Rule("texts that were sent", f"{terms.content_days} days", short, _texts),
        _Rule("messages that came in", f"{terms.content_days} days", short, _inbound),
        _Rule("reasons that people gave", f"{terms.content_days} days", short, _reasons),
        _Rule("contacts made", f"{terms.history_days} days", days(terms.history_days), _touches),
        _Rule("decisions", f"{terms.decision_days} days", long, _decisions),
        _Rule("proofs of consent", "their own date", now, _proofs),
        _Rule("keys of persons", f"{terms.content_days} days", short, _keys),
    ]


def _field_rules(fields: Mapping[str, Mapping[str, int]], now: datetime) -> list[_Rule]:
    """One term a field of the catalogue that has one, counted from the record's last change."""
    return [
        _Rule(f"{record}.{name}", f"{days} days", now - timedelta(days=days),
              partial(_field, record, name))
        for record, named in fields.items()
        for name, days in named.items()
        if days
    ]  # fmt: skip


def _field(record: str, name: str, run: _Run, before: int) -> int:
    """Take a field of the business's own out of records that did not change since."""
    table, where = ("contacts", "") if record == "contact" else ("records", " and type = ?")
    values = (run.tenant, before, *([record] if where else []))
    sql = f"select id, fields from {table} where tenant = ? and updated_at < ?{where}"
    found = [(i, from_json(text)) for i, text in execute(run.conn, sql, values) if name in text]
    old = [(i, fields) for i, fields in found if name in fields]
    for id_, fields in [] if run.dry else old:
        text = canonical({k: v for k, v in fields.items() if k != name}).decode()
        sql = f"update {table} set fields = ? where tenant = ? and id = ?{where}"
        execute(run.conn, sql, (text, run.tenant, id_, *([record] if where else [])))
    return len(old)


def _done(rule: _Rule, run: _Run) -> Kept:
    return Kept(rule.what, rule.term, rule.before, rule.run(run, to_micros(rule.before)))


@dataclass(frozen=True, slots=True)
class _Run:
    """One application of the terms; a dry one only counts."""

    conn: Connection
    vault: Vault
    tenant: str
    dry: bool

    def change(self, table: str, where: str, values: tuple[Any, ...], sets: str = "") -> int:
        """Delete rows, or set columns of them; returns how many there are."""
        if self.dry:
            sql = f"select count(*) from {table} where {where}"
            return int(execute(self.conn, sql, values).scalar_one())
        verb = f"update {table} set {sets}" if sets else f"delete from {table}"
        return execute(self.conn, f"{verb} where {where}", values).rowcount


def _contents(run: _Run, before: int) -> int:
    where = f"tenant = ? and state in ({_FINAL}) and updated_at < ? and payload is not null"
    return run.change("actions", where, (run.tenant, *FINAL_STATES, before), "payload = null")


def _texts(run: _Run, before: int) -> int:
    where = "tenant = ? and at < ? and text_encrypted is not null"
    return run.change("outbox", where, (run.tenant, before), "text_encrypted = null")


def _inbound(run: _Run, before: int) -> int:
    where = "tenant = ? and at < ? and payload is not null"
    return run.change("inbound_messages", where, (run.tenant, before), "payload = null")


def _reasons(run: _Run, before: int) -> int:
    where = "tenant = ? and at < ? and length(reason) > 0"
    return run.change("decisions", where, (run.tenant, before), "reason = ''")


def _touches(run: _Run, before: int) -> int:
    return run.change("touches", "tenant = ? and at < ?", (run.tenant, before))


def _decisions(run: _Run, before: int) -> int:
    """Rows of actions whose story has ended, with all that hangs on them."""
    where = f"tenant = ? and state in ({_FINAL}) and updated_at < ?"
    values = (run.tenant, *FINAL_STATES, before)
    if not run.dry:
        old = f"select id from actions where {where}"
        cases = f"select id from cases where tenant = ? and action in ({old})"
        sql = f'delete from decisions where tenant = ? and "case" in ({cases})'
        execute(run.conn, sql, (run.tenant, run.tenant, *values))
        for table in ("cases", "permits", "effects", "outbox", "task_actions", "contests"):
            sql = f"delete from {table} where tenant = ? and action in ({old})"
            execute(run.conn, sql, (run.tenant, *values))
    return run.change("actions", where, values)


def _proofs(run: _Run, before: int) -> int:
    """Proofs whose date has come, and the proof keys of erased persons that open none any more."""
    count = run.change("consent_proofs", "tenant = ? and until < ?", (run.tenant, before))
    if count and not run.dry:
        sql = (
            "delete from person_keys where tenant = ? and key_class = 'proof' and token in "
            "(select token from erasures where tenant = ?) and token not in "
            "(select token from consent_proofs where tenant = ?)"
        )
        execute(run.conn, sql, (run.tenant,) * 3)
    return count


def _keys(run: _Run, before: int) -> int:
    """Payload keys of persons of whom nothing encrypted is to be kept any more.

    The private parts of the ledger become unreadable with them; the ledger still verifies.
    """
    sql = (
        "select token from person_keys where tenant = ? and key_class = 'payload' "
        "and created_at < ? and token not in (select person_token from entries where tenant = ? "
        "and at >= ? and private is not null)"
    )
    idle = {row[0] for row in execute(run.conn, sql, (run.tenant, before, run.tenant, before))}
    people = known_ids(run.conn, run.tenant) - ids_with_ciphertext(run.conn, run.tenant)
    old = sorted(idle & {run.vault.token(run.tenant, person) for person in people})
    for start in range(0, 0 if run.dry else len(old), _CHUNK):
        chunk = old[start : start + _CHUNK]
        sql = (
            "delete from person_keys where tenant = ? and key_class = 'payload' "
            f"and token in ({placeholders(len(chunk))})"
        )
        execute(run.conn, sql, (run.tenant, *chunk))
    return len(old)


def _exports(home: Path, terms: Retention, now: datetime, *, dry: bool) -> Kept:
    """Files of exports that were sent long ago."""
    before = now - timedelta(days=terms.export_days)
    old = [
        path
        for path in sorted((home / EXPORTS).glob("person-*"))
        if path.stat().st_mtime < before.timestamp()
    ]
    if not dry:
        for path in old:
            path.unlink(missing_ok=True)
    return Kept("exports", f"{terms.export_days} days", before, len(old))
