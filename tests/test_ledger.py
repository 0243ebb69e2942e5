"""The ledger: order, sealing, checkpoints, and every way of tampering is found and named."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentkit.canonical import from_json
from agentkit.clock import FixedClock
from agentkit.entry import Entry
from agentkit.errors import ConfigError, LedgerError
from agentkit.ledger import checkpoint, read, seal, verify
from agentkit.ledger.chain import seal_hash
from agentkit.store import Store, execute
from agentkit.store.rows import entry_digest

ENTRIES = 12


def note(store: Store, number: int, tenant: str = "default", person: str = "") -> Entry:
    private = {"text": f"secret {number}"} if person else None
    public = {"number": number}
    now = store.clock.now()
    return Entry("note", tenant, now, action=f"a{number}", public=public, private=private,
                 person=person)  # fmt: skip


def fill(store: Store, count: int = ENTRIES, tenant: str = "default") -> None:
    for number in range(1, count + 1):
        with store.write() as unit:
            unit.append(note(store, number, tenant, "maria"))


def change(store: Store, *statements: str) -> None:
    """Do what somebody with the database's password can do."""
    if store.engine.dialect.name == "sqlite":
        guards = [f"drop trigger if exists {t}_no_{v}" for t in ("entries", "seals")
                  for v in ("update", "delete")]  # fmt: skip
    else:
        guards = [f"alter table {t} disable trigger all" for t in ("entries", "seals")]
    with store.write() as unit:
        for statement in (*guards, *statements):
            assert execute(unit.conn, statement).rowcount != 0, statement


@pytest.fixture
def sealed(any_store: Store, home: Path) -> Store:
    """Twelve sealed entries of one tenant, and their checkpoint."""
    fill(any_store)
    assert seal(any_store) == ENTRIES
    checkpoint(any_store, home)
    return any_store


def ids(store: Store) -> list[int]:
    return [entry.id for entry in read(store)]


def test_an_untouched_ledger_verifies_and_shows_its_unsealed_window(
    sealed: Store, home: Path, clock: FixedClock
) -> None:
    clock.advance(timedelta(minutes=5))
    with sealed.write() as unit:
        unit.append_many(note(sealed, n) for n in (13, 14))
    clock.advance(timedelta(minutes=5))
    found = verify(sealed, home)
    assert (found.ok, found.sealed, found.unsealed, found.checkpoints) == (True, ENTRIES, 2, 1)
    assert found.chains[0].unsealed_since == clock.now() - timedelta(minutes=5)
    found.require()


Tamper = Callable[[Store, list[int]], None]
TAMPERINGS: dict[str, tuple[Tamper, str, int]] = {
    "edit an entry": (
        lambda s, i: change(s, f"update entries set actor = 'me' where id = {i[4]}"),
        "altered", 5,
    ),
    "edit an entry and its digest": (
        lambda s, i: change(s, f"update entries set digest = '{'a' * 64}' where id = {i[4]}"),
        "altered", 5,
    ),
    "delete an entry": (
        lambda s, i: change(s, f"delete from entries where id = {i[4]}"), "missing", 5,
    ),
    "delete an entry and its seal": (
        lambda s, i: change(s, f"delete from entries where id = {i[4]}",
                            f"delete from seals where entry = {i[4]}"), "missing", 5,
    ),
    "insert an entry before sealed ones": (
        lambda s, i: change(s, "insert into entries (tenant, id, kind, at, public, digest) "
                            f"select tenant, -1, kind, at, public, digest from entries "
                            f"where id = {i[4]}"), "inserted", -1,
    ),
    "swap two entries": (
        lambda s, i: change(s, f"update entries set id = 900 where id = {i[4]}",
                            f"update entries set id = {i[4]} where id = {i[5]}",
                            f"update entries set id = {i[5]} where id = 900"), "reordered", 5,
    ),
    "swap two seals": (
        lambda s, _: change(s, "update seals set n = 900 where n = 5",
                            "update seals set n = 5 where n = 6",
                            "update seals set n = 6 where n = 900"), "reordered", 5,
    ),
    "point a seal at another entry": (
        lambda s, i: change(s, f"update seals set entry = -{i[4]} where n = 6",
                            f"update seals set entry = {i[5]} where n = 5",
                            f"update seals set entry = {i[4]} where n = 6"), "reordered", 5,
    ),
    "edit a seal's hash": (
        lambda s, _: change(s, f"update seals set hash = '{'b' * 64}' where n = 5"), "seal", 5,
    ),
    "edit a seal's link": (
        lambda s, _: change(s, f"update seals set prev = '{'b' * 64}' where n = 5"), "seal", 5,
    ),
    "edit the last seal": (
        lambda s, _: change(s, f"update seals set hash = '{'b' * 64}' where n = 12"), "seal", 12,
    ),
    "swap two ciphertexts": (
        lambda s, i: change(s, f"update entries set private = (select private from entries "
                            f"where id = {i[5]}) where id = {i[4]}"), "altered", 5,
    ),
    "cut off the tail": (
        lambda s, i: change(s, "delete from seals where n > 9",
                            f"delete from entries where id > {i[8]}"), "cut", 10,
    ),
    "cut off the tail of the seals": (
        lambda s, _: change(s, "delete from seals where n > 9"), "cut", 10,
    ),
    "empty the ledger": (
        lambda s, _: change(s, "delete from seals", "delete from entries"), "cut", 1,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", TAMPERINGS)
def test_tampering_is_found_and_named(sealed: Store, home: Path, name: str) -> None:
    tamper, kind, place = TAMPERINGS[name]
    numbers = ids(sealed)
    tamper(sealed, numbers)
    found = verify(sealed, home)
    assert [fault.kind for fault in found.faults] == [kind], found.faults
    fault = found.faults[0]
    assert place in (fault.seal, fault.entry)
    with pytest.raises(LedgerError, match="does not verify"):
        found.require()


def test_text_in_place_of_bytes_is_an_alteration_and_no_crash(store: Store, home: Path) -> None:
    fill(store)
    seal(store)
    change(store, "update entries set public = '{}', at = 'noon' where id = 3")
    assert [(f.kind, f.entry) for f in verify(store, home).faults] == [("altered", 3)]


def test_an_entry_altered_before_it_is_sealed_is_found(any_store: Store, home: Path) -> None:
    fill(any_store, 3)
    target = ids(any_store)[1]
    change(any_store, f"update entries set kind = 'performed' where id = {target}")
    assert [(f.kind, f.entry) for f in verify(any_store, home).faults] == [("altered", target)]


def test_a_whole_chain_computed_anew_fails_against_its_checkpoint(
    sealed: Store, home: Path
) -> None:
    forged, prev = ids(sealed)[4], "0" * 64
    columns = "tenant, kind, at, action, actor, person_token, public, private"
    change(sealed, f"update entries set actor = 'nobody' where id = {forged}", "delete from seals")
    with sealed.write() as unit:
        rows = execute(unit.conn, f"select {columns}, id from entries order by id").all()
        for n, (*values, number) in enumerate(rows, 1):
            digest = entry_digest(*values)
            execute(unit.conn, "update entries set digest = ? where id = ?", (digest, number))
            link = seal_hash("default", n, number, digest, prev)
            sql = "insert into seals (tenant, n, entry, prev, hash) values ('default', ?, ?, ?, ?)"
            execute(unit.conn, sql, (n, number, prev, link))
            prev = link
    (fault,) = verify(sealed, home).faults
    assert (fault.kind, fault.seal) == ("altered", ENTRIES)
    assert "computed anew" in fault.message


def test_a_chain_sealed_in_another_order_is_found_without_a_checkpoint(
    any_store: Store, home: Path
) -> None:
    fill(any_store, 3)
    with any_store.write() as unit:
        prev = "0" * 64
        rows = execute(unit.conn, "select id, digest from entries order by id desc").all()
        for n, (number, digest) in enumerate(rows, 1):
            link = seal_hash("default", n, number, digest, prev)
            sql = "insert into seals (tenant, n, entry, prev, hash) values ('default', ?, ?, ?, ?)"
            execute(unit.conn, sql, (n, number, prev, link))
            prev = link
    assert [(f.kind, f.seal) for f in verify(any_store, home).faults] == [("reordered", 2)]


def test_an_altered_checkpoint_is_void(sealed: Store, home: Path, clock: FixedClock) -> None:
    fill(sealed, 1)
    seal(sealed)
    clock.advance(timedelta(hours=1))
    path = checkpoint(sealed, home)
    first, second = path.read_bytes().splitlines()
    path.write_bytes(first.replace(b'"n":12', b'"n":11') + b"\n" + second + b"\n")
    messages = [fault.message for fault in verify(sealed, home).faults]
    assert len(messages) == 2
    assert "signature is not ours" in messages[0]
    path.write_bytes(second + b"\n")
    (fault,) = verify(sealed, home).faults
    assert "the line before it was changed or removed" in fault.message
    path.write_bytes(b"{}\n")
    (fault,) = verify(sealed, home).faults
    assert "cannot be read" in fault.message


def test_a_checkpoint_is_written_only_where_something_was_sealed(
    sealed: Store, home: Path, clock: FixedClock
) -> None:
    path = checkpoint(sealed, home)
    assert path.name == "2026-11.jsonl"
    assert len(path.read_bytes().splitlines()) == 1
    clock.advance(timedelta(days=30))
    fill(sealed, 1)
    seal(sealed)
    later = checkpoint(sealed, home)
    assert later.name == "2026-12.jsonl"
    clock.advance(timedelta(days=-30))
    fill(sealed, 1)
    seal(sealed)
    assert checkpoint(sealed, home) == later
    assert verify(sealed, home).ok


def test_an_auditor_verifies_with_the_public_key_alone(sealed: Store, home: Path) -> None:
    line = from_json(checkpoint(sealed, home).read_bytes().splitlines()[-1])
    (home / "keys" / "master").unlink()
    with pytest.raises(ConfigError, match="key file"):
        verify(sealed, home)
    assert verify(sealed, home, key=bytes.fromhex(line["key"])).ok
    assert not verify(sealed, home, key=bytes(31) + b"\x01").ok


def test_tenants_have_chains_of_their_own(any_store: Store, home: Path) -> None:
    fill(any_store, 3, "b")
    fill(any_store, 2, "a")
    assert seal(any_store, limit=4) == 4
    assert seal(any_store, limit=4) == 1
    assert seal(any_store) == 0
    found = verify(any_store, home)
    assert [(c.tenant, c.head.n) for c in found.chains] == [("a", 2), ("b", 3)]
    target = next(entry.id for entry in read(any_store, tenant="a"))
    change(any_store, f"delete from entries where tenant = 'a' and id = {target}")
    assert [(f.tenant, f.kind) for f in verify(any_store, home).faults] == [("a", "missing")]


def test_the_ledger_refuses_update_and_delete(sealed: Store) -> None:
    for statement in (
        "update entries set actor = 'me'",
        "delete from entries",
        "update seals set hash = ''",
        "delete from seals",
    ):
        with pytest.raises(Exception, match="append-only"), sealed.write() as unit:
            execute(unit.conn, statement)


def test_reading_pages_filters_and_stops_at_the_last_seal(sealed: Store) -> None:
    with sealed.write() as unit:
        unit.append(Entry("erased", "default", sealed.clock.now(), action="a3"))
    assert len(list(read(sealed))) == ENTRIES + 1
    assert len(list(read(sealed, sealed=True))) == ENTRIES
    assert [entry.kind for entry in read(sealed, action="a3")] == ["note", "erased"]
    assert [entry.action for entry in read(sealed, kinds=["erased"])] == ["a3"]
    third = ids(sealed)[2]
    assert next(read(sealed, after=third)).public == {"number": 4}
    assert list(read(sealed, tenant="another")) == []


def test_entries_of_many_writers_are_sealed_once_each_while_they_write(
    any_store: Store, home: Path
) -> None:
    done = threading.Event()

    def write(worker: int) -> None:
        for number in range(25):
            with any_store.write() as unit:
                unit.append_many(note(any_store, worker * 100 + number) for _ in range(2))

    def keep_sealing() -> None:
        while not done.is_set():
            seal(any_store, limit=7)

    writers = [threading.Thread(target=write, args=(worker,)) for worker in range(4)]
    sealers = [threading.Thread(target=keep_sealing) for _ in range(2)]
    for thread in (*writers, *sealers):
        thread.start()
    for thread in writers:
        thread.join()
    done.set()
    for thread in sealers:
        thread.join()
    while seal(any_store):
        pass
    found = verify(any_store, home)
    assert (found.faults, found.sealed, found.unsealed) == ((), 200, 0)


def test_on_postgresql_the_sealer_waits_for_entries_that_were_numbered_earlier(
    postgres_url: str, clock: FixedClock, home: Path
) -> None:
    """A transaction that commits late must not leave an entry below the sealed head."""
    store = Store.open(postgres_url, clock=clock, home=home)
    numbered, go = threading.Event(), threading.Event()

    def late() -> None:
        with store.write() as unit:
            unit.append(note(store, 1))
            unit.flush()
            numbered.set()
            go.wait(10)

    def seal_it() -> None:
        results.append(seal(store))

    results: list[int] = []
    slow = threading.Thread(target=late)
    slow.start()
    assert numbered.wait(10)
    sealer = threading.Thread(target=seal_it)
    sealer.start()
    sealer.join(0.3)
    waited = sealer.is_alive()
    go.set()
    slow.join()
    sealer.join()
    assert waited
    assert results == [1]
    fill(store, 1)
    assert seal(store) == 1
    assert verify(store, home).ok
    store.close()


@given(
    st.tuples(st.text(), st.text(), st.integers(0, 2**53), st.text(), st.text(), st.text()),
    st.binary(),
    st.none() | st.binary(),
    st.integers(0, 7),
)
def test_every_column_is_bound_by_the_digest(
    head: tuple[str, str, int, str, str, str], public: bytes, private: bytes | None, which: int
) -> None:
    columns = [*head, public, private]
    value = columns[which]
    other = (
        value + 1 if isinstance(value, int)
        else value + "x" if isinstance(value, str)
        else b"x" if value is None
        else value + b"x"
    )  # fmt: skip
    changed = [*columns[:which], other, *columns[which + 1 :]]
    assert entry_digest(*columns) != entry_digest(*changed)  # type: ignore[arg-type]


@given(st.binary(max_size=8), st.binary(max_size=8))
def test_bytes_cannot_move_between_the_public_and_the_private_part(a: bytes, b: bytes) -> None:
    head = ("t", "note", 1, "", "system", "")
    moved = entry_digest(*head, a + b, b"") == entry_digest(*head, a, b)
    assert moved == (b == b"")
