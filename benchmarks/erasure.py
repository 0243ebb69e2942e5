"""Erase one person among a hundred thousand decisions, then search every byte.

    make soak                             100,000 decisions (a few minutes)
    python -m benchmarks.erasure 2000     fewer

The tests do the same among a few hundred, on SQLite and PostgreSQL.
"""

from __future__ import annotations

import logging
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path

from agentkit.action import Action
from agentkit.agent import Register
from agentkit.clock import FixedClock
from agentkit.crm.importing import import_contacts
from agentkit.ledger import checkpoint, seal, verify
from agentkit.rights import erase, export, gather
from agentkit.store import Store, insert_many, to_micros
from tests.rights.people import ADDRESS, ID, NAME, WORDS, found_in, live
from tests.worlds import World, make_world, message

BATCH = 1_000
PEOPLE = 5_000


def main(decisions: int) -> int:
    """Build, erase, search; 0 where nothing was found and everything still verifies."""
    clock = FixedClock(datetime.fromisoformat("2026-11-23T09:30:00+01:00"))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        home = folder / "home"
        home.mkdir()
        logging.basicConfig(filename=home / "agentkit.log", level=logging.DEBUG)
        store = Store.open(f"sqlite:///{home / 'agentkit.db'}", clock=clock, home=home)
        world = make_world(store, clock, folder)
        live(world)
        _fill(world, decisions)
        policy, settings = world.pipeline.gate.policy, world.settings
        dossier = gather(store, policy, Register(open=True), settings, ID)
        export(store, dossier, actor="operator:dora")
        while seal(store):
            pass
        checkpoint(store, home)
        before = found_in(home)
        began = time.perf_counter()
        erase(store, "default", ID, actor="operator:dora")
        erased = time.perf_counter()
        store.scrub()
        kept = found_in(home)
        rewriting = time.perf_counter()
        whole = store.purge()
        ended = time.perf_counter()
        while seal(store):
            pass
        after, verified = found_in(home), verify(store, home)
        again = _import(store, folder)
        size = (home / "agentkit.db").stat().st_size / 1e6
        print(f"{decisions:,} decisions, {size:,.0f} MB; before: {len(before)} places name her")
        print(f"erased in {1000 * (erased - began):.0f} ms; left before the rewrite: {len(kept)}")
        print(f"rewritten in {ended - rewriting:.1f} s, to the end: {whole}")
        print(f"found after it: {after or 'nothing'}")
        print(f"the ledger verifies: {verified.ok} ({verified.sealed:,} entries)")
        print(f"imported again: {again} added; found: {found_in(home) or 'nothing'}")
        store.close()
    return int(bool(after) or not verified.ok or again > 0)


def _fill(world: World, decisions: int) -> None:
    now = to_micros(world.clock.now())
    columns = ("tenant", "id", "name", "email", "country", "created_at", "updated_at")
    rows = [
        ("default", f"p{n}", f"Person {n}", f"p{n}@example.org", "DE", now, now)
        for n in range(PEOPLE)
    ]
    with world.store.write() as unit:
        insert_many(unit.conn, "contacts", columns, rows)
    for start in range(0, decisions, BATCH):
        numbers = range(start, min(start + BATCH, decisions))
        world.pipeline.propose_many([_action(n) for n in numbers])
        while seal(world.store):
            pass
    for number in range(0, min(decisions, 3_000), 3):
        world.advance(f"d{number}")


def _action(number: int) -> Action:
    """One in a thousand is about her."""
    if number % 1_000 == 7:
        return message(f"Liebe {NAME}, {WORDS} ({number})", id=f"d{number}", subject=ID)
    return message(f"Guten Tag {number}", id=f"d{number}", subject=f"p{number % PEOPLE}")


def _import(store: Store, folder: Path) -> int:
    path = folder / "again.csv"
    path.write_text(f"Record ID,Email,Country\n{ID},{ADDRESS},Germany\n")
    return import_contacts(store, "default", path).added


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000))
