"""Erasing a person: nothing readable is left, and nothing brings them back."""

from __future__ import annotations

import shutil
import sqlite3
import threading
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import inspect

from agentkit.clock import FixedClock
from agentkit.crm.importing import import_contacts
from agentkit.errors import Conflict, LedgerError, NotFound
from agentkit.ledger import checkpoint, seal, verify
from agentkit.rights import JOURNAL, erase, open_store, proofs_of, reapply
from agentkit.rights.holdings import HOLDINGS, KEEPS_TOKENS, PERSON_COLUMNS
from agentkit.settings import Settings
from agentkit.store import Store, execute, insert_many
from agentkit.store.tables import metadata
from tests.rights.people import (
    ADDRESS,
    ID,
    NAME,
    SECRETS,
    WORDS,
    add_anke,
    anke_world,
    found_in,
    live,
    say,
)
from tests.worlds import FileCRM, World, make_world, message

BY = "operator:dora"


def rows_with(store: Store, words: tuple[str, ...] = (*SECRETS, ID)) -> list[str]:
    """Tables and words: what any column of any row still says, whatever the database."""
    found = []
    with store.read() as conn:
        for table in metadata.tables:
            for row in execute(conn, f'select * from "{table}"'):
                text = b" ".join(v if isinstance(v, bytes) else str(v).encode() for v in row)
                found += [f"{table}: {word}" for word in words if word.encode() in text]
    return found


def export(tmp_path: Path, *rows: str) -> Path:
    path = tmp_path / "contacts.csv"
    path.write_text("\n".join(("Record ID,Email,Phone Number,Country", *rows)) + "\n")
    return path


def test_every_table_that_names_a_person_is_erased_or_says_why_not() -> None:
    covered = {h.table for h in HOLDINGS} | set(KEEPS_TOKENS)
    naming = {
        name
        for name, table in metadata.tables.items()
        if PERSON_COLUMNS & {column.name for column in table.columns}
    }
    assert naming <= covered


def test_no_column_of_any_row_says_anything_of_an_erased_person(
    any_store: Store, clock: FixedClock, tmp_path: Path
) -> None:
    world = anke_world(any_store, clock, tmp_path)
    assert {w.split(": ")[1] for w in rows_with(any_store)} >= {NAME, ADDRESS, ID}
    erase(any_store, "default", ID, actor=BY)
    assert rows_with(any_store) == []
    assert any_store.purge()
    assert world.rows("select count(*) from contacts") == [(1,)], "the other one is still there"


def test_no_byte_of_any_file_says_anything_of_an_erased_person(
    store: Store, clock: FixedClock, home: Path, tmp_path: Path
) -> None:
    world = anke_world(store, clock, tmp_path)
    for number in range(300):  # pages split, and copies of rows stay between cells
        world.add_contact(f"c-{number}")
    for number in range(60):
        world.pipeline.propose(message(f"hello {NAME}", id=f"a{number}", subject=ID))
        world.pipeline.propose(message("hello", id=f"b{number}", subject=f"c-{number}"))
    assert found_in(home), "the search finds what is there"
    while seal(store):
        pass
    checkpoint(store, home)
    erase(store, "default", ID, actor=BY)
    assert store.purge()
    assert found_in(home) == []
    found = verify(store, home)
    assert found.ok
    assert found.checkpoints == 1


def test_the_ledger_says_that_somebody_was_erased_and_verifies(
    any_store: Store, clock: FixedClock, home: Path, tmp_path: Path
) -> None:
    world = anke_world(any_store, clock, tmp_path)
    seal(any_store)
    done = erase(any_store, "default", ID, actor=BY)
    while seal(any_store):
        pass
    assert verify(any_store, home).ok
    sql = "select actor, person_token, private from entries where kind = 'erased'"
    token = any_store.vault.token("default", ID)
    assert world.rows(sql) == [(BY, token, None)]
    assert done.points == 2
    assert done.proof_until is not None


def test_what_waited_is_never_performed(
    any_store: Store, clock: FixedClock, tmp_path: Path
) -> None:
    world = anke_world(any_store, clock, tmp_path)
    done = erase(any_store, "default", ID, actor=BY)
    assert set(done.stopped) == {"case", "waits"}
    assert world.state("waits") == world.state("case") == "stopped"
    assert world.state("sent") == "performed"
    assert world.advance("waits").done
    assert world.rows("select state from permits where action = 'waits'") == [("void",)]
    assert world.rows("select state from cases where action = 'case'") == [("withdrawn",)]
    view = world.desk.case(str(world.rows("select id from cases where action = 'case'")[0][0]))
    assert view.action is None


def test_an_import_creates_nobody_at_a_contact_point_of_somebody_erased(
    any_store: Store, clock: FixedClock, tmp_path: Path
) -> None:
    anke_world(any_store, clock, tmp_path)
    erase(any_store, "default", ID, actor=BY)
    report = import_contacts(
        any_store, "default", export(tmp_path, f"77,{ADDRESS.upper()},,Germany")
    )
    assert [p.reason for p in report.problems] == [
        "suppressed: an objection is on file, so the person is not created: the row is not kept"
    ]
    assert rows_with(any_store) == []


def test_a_new_id_at_another_address_is_somebody_new(
    any_store: Store, clock: FixedClock, tmp_path: Path
) -> None:
    world = anke_world(any_store, clock, tmp_path)
    erase(any_store, "default", ID, actor=BY)
    clock.advance(timedelta(days=1))
    report = import_contacts(
        any_store, "default", export(tmp_path, f"{ID},neu@example.de,,Germany")
    )
    assert report.added == 1
    proposal = world.pipeline.propose(message("hello", id="new", subject=ID))
    assert proposal.state == "allowed"
    assert world.pipeline.propose(message("hello", id="new", subject=ID)).review is not None


def test_proof_of_consent_is_kept_under_its_own_key_until_its_date(
    any_store: Store, clock: FixedClock, tmp_path: Path
) -> None:
    world = anke_world(any_store, clock, tmp_path)
    done = erase(any_store, "default", ID, actor=BY)
    (proof,) = proofs_of(any_store, "default", ID)
    assert proof.until == done.proof_until == clock.now().replace(year=2031)
    assert "UWG s.7a" in proof.basis
    assert proof.events is not None
    assert [(e["point"], e["status"]) for e in proof.events] == [(ADDRESS, "granted")]
    assert world.rows("select count(*) from consent_events") == [(0,)]
    with any_store.write() as unit:
        any_store.vault.forget(unit, "default", ID, classes=["proof"])
    assert proofs_of(any_store, "default", ID)[0].events is None


def test_what_was_said_of_an_address_without_a_contact_goes_too(
    any_store: Store, clock: FixedClock, tmp_path: Path
) -> None:
    world = make_world(any_store, clock, tmp_path)
    add_anke(world)
    say(world)
    with any_store.write() as unit:
        rest = "point, channel, purpose, brand, status, at, source, proof, recorded_at"
        sql = f"insert into consent_events (tenant, id, contact, {rest}) "
        sql += f"select tenant, ?, '', {rest} from consent_events"
        execute(unit.conn, sql, ("loose",))
    erase(any_store, "default", ID, actor=BY)
    assert rows_with(any_store) == []
    assert len(proofs_of(any_store, "default", ID)[0].events or ()) == 2


def test_nobody_and_somebody_erased_are_told_apart(
    store: Store, clock: FixedClock, tmp_path: Path
) -> None:
    anke_world(store, clock, tmp_path)
    with pytest.raises(NotFound, match="nobody of this id"):
        erase(store, "default", "nobody", actor=BY)
    with pytest.raises(NotFound, match="nobody of this id"):
        erase(store, "other-tenant", ID, actor=BY)
    erase(store, "default", ID, actor=BY)
    with pytest.raises(NotFound, match="was erased on 2026-11-23"):
        erase(store, "default", ID, actor=BY)


# --- races


def test_nobody_is_erased_while_a_message_is_on_its_way(
    any_store: Store, clock: FixedClock, tmp_path: Path
) -> None:
    crm = FileCRM(tmp_path / "sent.txt", clock.now)
    world = make_world(any_store, clock, tmp_path, crm)
    add_anke(world)
    refused: list[Conflict] = []

    def meanwhile(action: object) -> None:
        with pytest.raises(Conflict, match="on its way") as caught:
            erase(any_store, "default", ID, actor=BY)
        refused.append(caught.value)

    crm.before = meanwhile
    world.pipeline.propose(message("hello", id="m", subject=ID))
    world.advance("m")
    assert len(refused) == 1
    assert world.state("m") == "performed"
    erase(any_store, "default", ID, actor=BY)
    assert rows_with(any_store) == []


def test_claims_that_race_an_erasure_are_before_it_or_never(
    any_store: Store, clock: FixedClock, tmp_path: Path
) -> None:
    world = make_world(any_store, clock, tmp_path)
    add_anke(world)
    ids = [f"m{n}" for n in range(8)]
    for id_ in ids:
        world.pipeline.propose(message(f"Quellenhof {id_}", id=id_, subject=ID))
    start = threading.Barrier(5)

    def perform(mine: list[str]) -> None:
        start.wait()
        for id_ in mine:
            world.advance(id_)

    def go() -> None:
        start.wait()
        erase(any_store, "default", ID, actor=BY)

    threads = [threading.Thread(target=perform, args=(ids[n::4],)) for n in range(4)]
    threads.append(threading.Thread(target=go))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    erased = world.rows("select max(id) from entries where kind = 'erased'")[0][0]
    late = world.rows("select 1 from entries where kind = 'claimed' and id > ?", erased)
    assert erased is not None
    assert late == []
    assert rows_with(any_store) == []


def test_what_was_judged_before_the_erasure_is_not_recorded_after_it(
    any_store: Store, clock: FixedClock, tmp_path: Path
) -> None:
    world = make_world(any_store, clock, tmp_path)
    add_anke(world)
    review = world.pipeline.gate.review(message(f"hello {NAME}", id="m", subject=ID))
    clock.advance(timedelta(seconds=1))
    erase(any_store, "default", ID, actor=BY)
    with pytest.raises(Conflict, match="erased while"), any_store.write() as unit:
        world.pipeline._recorder.first(unit, [review], clock.now())
    assert rows_with(any_store) == []
    clock.advance(timedelta(seconds=1))
    world.pipeline.propose(message("hello", id="m", subject="c1"))
    assert world.state("m") == "allowed"


# --- restores


def backup(home: Path, tmp_path: Path) -> Path:
    target = tmp_path / "backup.db"
    with (
        closing(sqlite3.connect(home / "agentkit.db")) as live,
        closing(sqlite3.connect(target)) as copy,
    ):
        live.backup(copy)
    return target


def restore(store: Store, home: Path, target: Path) -> None:
    store.close()
    for suffix in ("", "-wal", "-shm"):
        (home / f"agentkit.db{suffix}").unlink(missing_ok=True)
    shutil.copy(target, home / "agentkit.db")


def test_a_restored_backup_is_erased_again_before_anything_else(
    store: Store, clock: FixedClock, home: Path, tmp_path: Path
) -> None:
    anke_world(store, clock, tmp_path)
    target = backup(home, tmp_path)
    clock.advance(timedelta(days=1))
    erase(store, "default", ID, actor=BY)
    restore(store, home, target)
    assert found_in(home), "the backup brought her back"
    clock.advance(timedelta(days=1))
    again = open_store(Settings(home=home), clock)
    try:
        assert found_in(home) == []
        world = World(again, clock, tmp_path)
        assert world.state("waits") == "stopped"
        assert verify(again, home).ok
        (proof,) = proofs_of(again, "default", ID)
        assert proof.events
        report = import_contacts(again, "default", export(tmp_path, f"9,{ADDRESS},,Germany"))
        assert report.added == 0
        assert reapply(again) == 0
    finally:
        again.close()


def test_a_backup_from_before_the_person_was_known_learns_of_the_objection(
    store: Store, clock: FixedClock, home: Path, tmp_path: Path
) -> None:
    world = make_world(store, clock, tmp_path)
    target = backup(home, tmp_path)
    live(world)
    erase(store, "default", ID, actor=BY)
    restore(store, home, target)
    again = open_store(Settings(home=home), clock)
    try:
        report = import_contacts(again, "default", export(tmp_path, f"9,{ADDRESS},,Germany"))
        assert report.added == 0
        with pytest.raises(NotFound, match="was erased on"):
            erase(again, "default", ID, actor=BY)
    finally:
        again.close()


def test_a_lost_journal_is_written_again_from_the_database(
    any_store: Store, clock: FixedClock, home: Path, tmp_path: Path
) -> None:
    anke_world(any_store, clock, tmp_path)
    erase(any_store, "default", ID, actor=BY)
    before = (home / JOURNAL).read_bytes()
    (home / JOURNAL).unlink()
    assert reapply(any_store) == 0
    assert (home / JOURNAL).read_bytes() == before


def test_the_journal_holds_tokens_only_and_is_its_owners(
    store: Store, clock: FixedClock, home: Path, tmp_path: Path
) -> None:
    anke_world(store, clock, tmp_path)
    erase(store, "default", ID, actor=BY)
    path = home / JOURNAL
    assert path.stat().st_mode & 0o777 == 0o600
    assert not [word for word in (*SECRETS, ID) if word.encode() in path.read_bytes()]


@pytest.mark.parametrize(
    "harm",
    [
        lambda lines: lines[1:],
        lambda lines: [lines[0].replace(b"2026", b"2025"), lines[1]],
        lambda lines: [lines[1], lines[0]],
        lambda lines: [b"not json", lines[1]],
        lambda lines: [b"[]", lines[1]],
    ],
)
def test_an_altered_journal_is_refused_before_anything_happens(
    harm: object, store: Store, clock: FixedClock, home: Path, tmp_path: Path
) -> None:
    world = make_world(store, clock, tmp_path)
    for person in ("p1", "p2"):
        world.add_contact(person)
        erase(store, "default", person, actor=BY)
    path = home / JOURNAL
    lines = path.read_bytes().splitlines()
    path.write_bytes(b"\n".join(harm(lines)) + b"\n")  # type: ignore[operator]
    with pytest.raises(LedgerError, match="is not what was written"):
        open_store(Settings(home=home), clock)


def test_a_line_that_a_crash_cut_off_is_dropped(
    store: Store, clock: FixedClock, home: Path, tmp_path: Path
) -> None:
    world = make_world(store, clock, tmp_path)
    world.add_contact("p1")
    world.add_contact("p2")
    erase(store, "default", "p1", actor=BY)
    path = home / JOURNAL
    path.write_bytes(path.read_bytes() + b'{"at":"2026-')
    assert reapply(store) == 0
    erase(store, "default", "p2", actor=BY)
    assert reapply(store) == 0
    assert len(path.read_bytes().splitlines()) == 2


def test_an_erasure_that_was_written_down_and_not_committed_is_done_at_the_next_start(
    store: Store, clock: FixedClock, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = anke_world(store, clock, tmp_path)
    from agentkit.rights import journal

    true_append = journal.append

    def crash(*args: object) -> None:
        true_append(*args)  # type: ignore[arg-type]
        raise RuntimeError("the power fails")

    monkeypatch.setattr(journal, "append", crash)
    with pytest.raises(RuntimeError):
        erase(store, "default", ID, actor=BY)
    assert world.rows("select name from contacts where id = ?", ID) == [(NAME,)]
    assert reapply(store) == 1
    assert rows_with(store) == []


def test_what_came_in_is_erased_and_the_sentence_of_a_withdrawal_is_proof(
    any_store: Store, clock: FixedClock, tmp_path: Path
) -> None:
    world = anke_world(any_store, clock, tmp_path)
    vault, now = any_store.vault, 1_700_000_000_000_000
    token = vault.token("default", ADDRESS)
    columns = ("tenant", "id", "contact", "point_token", "at", "received_at", "payload", "proof")
    words = {"sentence": f"Bitte streichen Sie mich, {NAME}"}
    with any_store.write() as unit:
        for id_, contact, owner in (("i1", ID, ID), ("i2", "", f"point:{token}")):
            payload = vault.encrypt(unit.conn, "default", owner, {"text": WORDS})
            proof = vault.encrypt(unit.conn, "default", owner, words, key_class="proof")
            row = ("default", id_, contact, token, now, now, payload, proof)
            insert_many(unit.conn, "inbound_messages", columns, [row])
        other = ("default", "i3", "c1", token, now, now, None, None)
        insert_many(unit.conn, "inbound_messages", columns, [other])
    erase(any_store, "default", ID, actor=BY)
    assert world.rows("select id from inbound_messages") == [("i3",)], "somebody else's stays"
    (found,) = proofs_of(any_store, "default", ID)
    kept = [e for e in found.events or () if e["table"] == "inbound_messages"]
    assert [e["proof"] for e in kept] == [words, words]
    assert WORDS not in str(found.events)
    assert rows_with(any_store) == []


def test_every_table_of_the_catalogue_exists(any_store: Store) -> None:
    assert {h.table for h in HOLDINGS} <= set(inspect(any_store.engine).get_table_names())
