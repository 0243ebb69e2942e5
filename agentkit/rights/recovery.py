"""Opening a database and holding it to the erasure journal, before anything else happens."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final

from agentkit.canonical import from_json
from agentkit.clock import Clock
from agentkit.entry import Entry
from agentkit.rights import journal
from agentkit.rights.erasure import erase_rows, points_of, remember
from agentkit.rights.holdings import known_ids
from agentkit.rights.journal import Erasure
from agentkit.settings import Settings
from agentkit.store import Store, execute, from_micros, insert_many, to_micros

if TYPE_CHECKING:
    from agentkit.store import Unit

__all__ = ["open_store", "reapply"]

_ACTOR: Final = "system"


def open_store(settings: Settings, clock: Clock) -> Store:
    """Open the database of the settings, and erase again whom a restored backup brought back.

    Raises:
        StoreError: it cannot be opened.
        LedgerError: the erasure journal was altered.
    """
    store = Store.open(settings.url, clock=clock, home=settings.home)
    try:
        reapply(store)
    except BaseException:
        store.close()
        raise
    return store


def reapply(store: Store) -> int:
    """Compare the database with the erasure journal; each learns what only the other knows.

    Returns:
        How many erasures were applied again.
    """
    known = _known(store)
    if not known and not (store.home / journal.JOURNAL).exists():
        return 0
    written = journal.read(store.home, store.vault)
    missing = [e for e in written if (e.tenant, e.id) not in known]
    if missing:
        with store.write() as unit:
            _apply(unit, missing, store.clock.now())
        store.purge()
    lost = set(known) - {(e.tenant, e.id) for e in written}
    if lost:
        ordered = sorted((known[key] for key in lost), key=lambda e: (e.at, e.id))
        journal.append(store.home, store.vault, ordered)
    return len(missing)


def _known(store: Store) -> dict[tuple[str, str], Erasure]:
    """The erasures that the database knows."""
    sql = "select id, tenant, token, points, at from erasures"
    with store.read() as conn:
        return {
            (tenant, id_): Erasure(id_, tenant, token, tuple(from_json(points)), from_micros(at))
            for id_, tenant, token, points, at in execute(conn, sql)
        }


def _apply(unit: Unit, erasures: Sequence[Erasure], now: datetime) -> None:
    people: dict[str, dict[str, str]] = {}
    for erasure in erasures:
        tenant = erasure.tenant
        if tenant not in people:
            ids = known_ids(unit.conn, tenant)
            people[tenant] = {unit.vault.token(tenant, i): i for i in ids}
        person = people[tenant].get(erasure.token)
        _suppress(unit, erasure)
        if person is None:
            _forget(unit, erasure, now)
            continue
        unit.lock_person(tenant, person)
        points = points_of(unit.conn, tenant, person)
        erase_rows(unit, erasure, person, points, now=now, actor=_ACTOR, again=True)


def _forget(unit: Unit, erasure: Erasure, now: datetime) -> None:
    """Nothing of the person came back but perhaps a key; that it was erased is known again."""
    sql = "delete from person_keys where tenant = ? and token = ? and key_class = 'payload'"
    execute(unit.conn, sql, (erasure.tenant, erasure.token))
    remember(unit.conn, erasure, now)
    public = {"erasure": erasure.id, "points": len(erasure.points), "again": True}
    unit.append(Entry("erased", erasure.tenant, now, actor=_ACTOR, public=public))


def _suppress(unit: Unit, erasure: Erasure) -> None:
    """The contact points stay suppressed, also where the restored record has other ones."""
    columns = ("tenant", "token", "channel", "purpose", "brand", "at", "reason")
    at = to_micros(erasure.at)
    rows = [(erasure.tenant, token, "", "", "", at, "erasure") for token in erasure.points]
    insert_many(unit.conn, "suppressions", columns, rows, or_ignore=True)
