"""The store on both databases: transactions, errors in plain words, migrations, concurrency."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, event, inspect, make_url
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, col, select

from agentkit.clock import FixedClock
from agentkit.entry import Entry
from agentkit.errors import (
    ConfigError,
    SchemaMismatch,
    StoreError,
    StoreFull,
    StoreLocked,
    StoreReadOnly,
)
from agentkit.store import Store, execute, from_micros, insert_many, to_micros
from agentkit.store.schema import HEAD, MIGRATIONS
from agentkit.store.tables import ActionRow, metadata

STOP = ("tenant", "id", "at")


def note(store: Store, **fields: Any) -> Entry:
    return Entry("note", fields.pop("tenant", "t"), store.clock.now(), **fields)


def count(conn: Connection, table: str) -> int:
    return int(execute(conn, f"select count(*) from {table}").scalar_one())


def reading(store: Store, table: str) -> int:
    with store.read() as conn:
        return count(conn, table)


@contextmanager
def opened(url: str, clock: FixedClock, home: Path, **options: Any) -> Iterator[Store]:
    store = Store.open(url, clock=clock, home=home, **options)
    try:
        yield store
    finally:
        store.close()


# --- transactions


def test_entries_commit_with_the_change_they_describe(any_store: Store) -> None:
    with any_store.write() as unit:
        insert_many(unit.conn, "stops", STOP, [("t", "s1", 0)])
        unit.append(note(any_store, actor="me", private={"b": 2}, person="maria"))
        unit.append_many([note(any_store), note(any_store, tenant="u")])
    assert (reading(any_store, "stops"), reading(any_store, "entries")) == (1, 3)
    with any_store.read() as conn:
        row = execute(conn, "select private, person_token from entries where actor = 'me'").one()
        assert any_store.vault.decrypt(conn, "t", "maria", bytes(row[0])) == {"b": 2}
        assert row[1] == any_store.vault.token("t", "maria")


def fail_after_a_change(store: Store, ran: list[str]) -> None:
    with store.write() as unit:
        insert_many(unit.conn, "stops", STOP, [("t", "s1", 0)])
        unit.append(note(store, private={"b": 2}, person="maria"))
        unit.after_commit(lambda: ran.append("no"))
        unit.flush()
        raise RuntimeError


def test_a_failed_transaction_leaves_nothing_and_calls_nobody(any_store: Store) -> None:
    ran: list[str] = []
    with pytest.raises(RuntimeError):
        fail_after_a_change(any_store, ran)
    assert [reading(any_store, table) for table in ("stops", "entries")] == [0, 0]
    assert ran == []
    with any_store.write() as unit:
        unit.after_commit(lambda: ran.append(f"{reading(any_store, 'stops')} seen"))
        insert_many(unit.conn, "stops", STOP, [("t", "s1", 0)])
    assert ran == ["1 seen"]


def test_a_transaction_inside_a_transaction_is_refused_at_once(any_store: Store) -> None:
    with any_store.write(), pytest.raises(StoreError, match="inside another") as caught:
        any_store.write().__enter__()
    assert "pass the unit on" in caught.value.hint
    with any_store.write() as unit:
        unit.append(note(any_store))


def test_no_write_goes_through_a_reader(any_store: Store) -> None:
    with pytest.raises(StoreReadOnly), any_store.read() as conn:
        insert_many(conn, "stops", STOP, [("t", "s1", 0)])
    with any_store.write() as unit:  # the same pooled connection writes again
        insert_many(unit.conn, "stops", STOP, [("t", "s1", 0)])
    assert reading(any_store, "stops") == 1


def test_a_unit_joins_a_transaction_that_another_library_began(any_store: Store) -> None:
    ran: list[int] = []
    with any_store.engine.begin() as conn:
        unit = any_store.join(conn)
        unit.append(note(any_store))
        unit.after_commit(lambda: ran.append(reading(any_store, "entries")))
        unit.flush()
    unit.committed()
    assert ran == [1]


def test_rows_that_are_there_can_be_skipped(any_store: Store) -> None:
    rows = [("t", "s1", 0), ("t", "s2", 0)]
    with any_store.write() as unit:
        assert insert_many(unit.conn, "stops", STOP, []) == 0
        assert insert_many(unit.conn, "stops", STOP, rows[:1]) == 1
        insert_many(unit.conn, "stops", STOP, rows, or_ignore=True)
    assert reading(any_store, "stops") == 2
    with pytest.raises(DBAPIError), any_store.write() as unit:
        insert_many(unit.conn, "stops", STOP, rows)


def test_a_commit_is_on_the_disk_and_readers_do_not_wait(store: Store) -> None:
    with store.write() as unit:
        insert_many(unit.conn, "stops", STOP, [("t", "s1", 0)])
        assert execute(unit.conn, "pragma synchronous").scalar() == 2
        assert execute(unit.conn, "pragma journal_mode").scalar() == "wal"
        assert execute(unit.conn, "pragma secure_delete").scalar() == 1
        assert execute(unit.conn, "pragma foreign_keys").scalar() == 1
        with ThreadPoolExecutor(1) as other:
            assert other.submit(reading, store, "stops").result(timeout=5) == 0


def test_only_the_owner_can_read_the_database_file(store: Store, home: Path) -> None:
    assert store.engine is not None
    assert (home / "agentkit.db").stat().st_mode & 0o077 == 0
    assert home.stat().st_mode & 0o077 == 0


# --- instants


@given(st.datetimes(timezones=st.timezones()))
def test_an_instant_survives_to_the_microsecond(instant: datetime) -> None:
    utc = instant.astimezone(UTC)
    assert from_micros(to_micros(instant)) == utc
    assert to_micros(utc + timedelta(microseconds=1)) == to_micros(instant) + 1


def test_an_instant_without_a_zone_is_refused() -> None:
    with pytest.raises(ConfigError, match="no time zone"):
        to_micros(datetime(2026, 11, 23))  # noqa: DTZ001  (that is the point)


def test_the_row_classes_read_what_plain_sql_wrote(any_store: Store, clock: FixedClock) -> None:
    now = to_micros(clock.now())
    columns = ("tenant", "id", "payload", "created_at", "updated_at")
    with any_store.write() as unit:
        insert_many(unit.conn, "actions", columns, [("t", "a1", b"\x00\xff", now, now)])
    with any_store.read() as conn, Session(conn) as session:
        row = session.exec(select(ActionRow).where(col(ActionRow.created_at) == clock.now())).one()
    assert (row.id, row.payload, row.created_at) == ("a1", b"\x00\xff", clock.now())
    assert (row.state, row.verdict, row.tasks, row.until) == ("", "{}", "[]", None)


# --- what a database refuses, in words that say what to do


def test_a_locked_database_says_so(store: Store, home: Path, clock: FixedClock) -> None:
    holder = sqlite3.connect(home / "agentkit.db", isolation_level=None)
    holder.execute("begin immediate")
    with (
        opened(str(store.engine.url), clock, home, busy_seconds=0.05) as second,
        pytest.raises(StoreLocked, match="held by another process") as caught,
    ):
        second.write().__enter__()
    assert "try again" in caught.value.hint
    holder.close()
    with store.write() as unit:
        unit.append(note(store))


def test_a_thread_that_writes_for_too_long_is_named(
    store: Store, home: Path, clock: FixedClock
) -> None:
    with (
        opened(str(store.engine.url), clock, home, busy_seconds=0.05) as second,
        second.write(),
        ThreadPoolExecutor(1) as other,
        pytest.raises(StoreLocked, match="another thread"),
    ):
        other.submit(second.write().__enter__).result(timeout=5)


def test_a_locked_row_of_postgresql_says_so(
    postgres_url: str, home: Path, clock: FixedClock
) -> None:
    with opened(postgres_url, clock, home, busy_seconds=0.1) as store:
        with psycopg.connect(postgres_url.replace("+psycopg", "")) as holder:
            holder.execute("lock table stops")
            with pytest.raises(StoreLocked, match="held by another process"):
                reading(store, "stops")
        assert reading(store, "stops") == 0


def test_a_read_only_file_is_read_and_not_written(
    store: Store, home: Path, clock: FixedClock
) -> None:
    with store.write() as unit:
        unit.append(note(store))
    store.close()
    url = f"sqlite:///file:{home / 'agentkit.db'}?mode=ro&uri=true"
    with opened(url, clock, home) as second:
        assert reading(second, "entries") == 1
        with (
            pytest.raises(StoreReadOnly, match="cannot be written") as caught,
            second.write() as unit,
        ):
            unit.append(note(second))
    assert "permissions" in caught.value.hint


def test_a_read_only_database_of_postgresql_says_so(
    postgres_url: str, home: Path, clock: FixedClock
) -> None:
    with opened(postgres_url, clock, home):
        pass
    name = make_url(postgres_url).database
    with psycopg.connect(postgres_url.replace("+psycopg", ""), autocommit=True) as admin:
        admin.execute(f"alter database {name} set default_transaction_read_only = on")
    with (
        opened(postgres_url, clock, home) as store,
        pytest.raises(StoreReadOnly),
        store.write() as unit,
    ):
        unit.append(note(store))


def test_a_full_disk_loses_nothing_that_was_committed(store: Store) -> None:
    with store.write() as unit:
        unit.append(note(store))
    store.engine.dispose()

    def shrink(connection: sqlite3.Connection, _: object) -> None:
        pages = connection.execute("pragma page_count").fetchone()[0]
        connection.execute(f"pragma max_page_count = {pages + 1}")

    event.listen(store.engine, "connect", shrink)
    with pytest.raises(StoreFull, match="no space is left") as caught, store.write() as unit:
        unit.append(note(store, public={"big": "x" * 100_000}))
    assert "free some space" in caught.value.hint
    assert reading(store, "entries") == 1
    event.remove(store.engine, "connect", shrink)
    store.engine.dispose()
    with store.write() as unit:
        unit.append(note(store, public={"big": "x" * 100_000}))
    assert reading(store, "entries") == 2


@pytest.mark.parametrize("create", [True, False])
def test_a_database_from_a_newer_version_is_left_alone(
    any_store: Store, home: Path, clock: FixedClock, create: bool
) -> None:
    with any_store.write() as unit:
        execute(unit.conn, "update alembic_version set version_num = '9999'")
    url = any_store.engine.url.render_as_string(hide_password=False)
    with pytest.raises(SchemaMismatch, match="9999") as caught:
        Store.open(url, clock=clock, home=home, create=create)
    assert "upgrade agentkit" in caught.value.hint
    assert reading(any_store, "entries") == 0


def test_a_file_that_is_no_database_says_so(home: Path, clock: FixedClock) -> None:
    home.mkdir()
    path = home / "notes.db"
    path.write_text("these are my notes, and not a database at all\n" * 50)
    with pytest.raises(StoreError, match="no agentkit database"):
        Store.open(f"sqlite:///{path}", clock=clock, home=home)
    assert path.read_text().startswith("these are my notes")


def test_tables_of_another_program_are_left_alone(home: Path, clock: FixedClock) -> None:
    home.mkdir()
    path = home / "other.db"
    other = sqlite3.connect(path)
    other.execute("create table contacts (name text)")
    other.close()
    with pytest.raises(SchemaMismatch, match="another program") as caught:
        Store.open(f"sqlite:///{path}", clock=clock, home=home)
    assert "a database of its own" in caught.value.hint
    other = sqlite3.connect(path)
    assert other.execute("select name from sqlite_master").fetchall() == [("contacts",)]
    other.close()


def test_without_create_nothing_is_made(home: Path, clock: FixedClock) -> None:
    with pytest.raises(StoreError, match="there is no database"):
        Store.open(f"sqlite:///{home / 'x.db'}", clock=clock, home=home, create=False)
    assert not home.exists()
    home.mkdir()
    sqlite3.connect(home / "x.db").close()
    with pytest.raises(StoreError, match="is empty"):
        Store.open(f"sqlite:///{home / 'x.db'}", clock=clock, home=home, create=False)


def test_a_folder_in_place_of_the_file_says_so(home: Path, clock: FixedClock) -> None:
    (home / "x.db").mkdir(parents=True)
    with pytest.raises(StoreError, match="cannot be opened"):
        Store.open(f"sqlite:///{home / 'x.db'}", clock=clock, home=home)


def test_an_unreachable_server_is_named_without_its_password(
    tmp_path: Path, home: Path, clock: FixedClock
) -> None:
    url = f"postgresql://agentkit:hunter2@/crm?host={tmp_path}"
    with pytest.raises(StoreError, match="cannot be opened") as caught:
        Store.open(url, clock=clock, home=home)
    assert "hunter2" not in str(caught.value)
    assert "AGENTKIT_DATABASE" in caught.value.hint


def test_an_unknown_database_of_a_server_says_so(
    postgres_server: str, home: Path, clock: FixedClock
) -> None:
    url = make_url(postgres_server).set(database="nowhere").render_as_string(hide_password=False)
    with pytest.raises(StoreError, match="cannot be opened"):
        Store.open(url, clock=clock, home=home)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("agentkit.db", "not a database URL"),
        ("mysql://localhost/crm", "keeps no data in 'mysql'"),
        ("sqlite://", "would forget"),
        ("sqlite:///:memory:", "would forget"),
        ("sqlite:///file:x?mode=memory&uri=true", "would forget"),
    ],
)
def test_a_wrong_url_is_refused(url: str, message: str, home: Path, clock: FixedClock) -> None:
    with pytest.raises(ConfigError, match=message):
        Store.open(url, clock=clock, home=home)


# --- migrations


def test_the_migrations_give_the_schema_of_the_row_classes(any_store: Store) -> None:
    with any_store.engine.connect() as conn:
        context = MigrationContext.configure(conn, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_every_key_begins_with_the_tenant(any_store: Store) -> None:
    inspector = inspect(any_store.engine)
    tables = set(inspector.get_table_names()) - {"alembic_version"}
    assert tables == set(metadata.tables)
    for table in tables:
        assert inspector.get_pk_constraint(table)["constrained_columns"][0] == "tenant", table
        for index in inspector.get_indexes(table):
            assert index["column_names"][0] == "tenant", index


def test_the_head_in_the_code_is_the_head_of_the_folder() -> None:
    assert ScriptDirectory(MIGRATIONS).get_heads() == [HEAD]


@pytest.mark.parametrize("database", ["sqlite_url", "postgres_url"])
def test_a_new_database_opened_by_many_at_once_is_made_once(
    database: str, request: pytest.FixtureRequest, home: Path, clock: FixedClock
) -> None:
    url = request.getfixturevalue(database)
    code = (
        "import sys; from pathlib import Path; from agentkit.clock import SystemClock;"
        "from agentkit.store import Store;"
        "s = Store.open(sys.argv[1], clock=SystemClock(), home=Path(sys.argv[2]));"
        "print(s.vault.token('t', 'maria')); s.close()"
    )
    run = [sys.executable, "-c", code, url, str(home)]
    processes = [
        subprocess.Popen(run, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    answers = [process.communicate() for process in processes]
    assert [error for _, error in answers] == ["", "", ""]
    assert len({token for token, _ in answers}) == 1
    with opened(url, clock, home, create=False) as store:
        assert reading(store, "alembic_version") == 1


def test_what_runs_often_imports_neither_the_row_classes_nor_the_migrations(
    store: Store, home: Path
) -> None:
    code = (
        "import sys; from pathlib import Path; from agentkit.clock import SystemClock;"
        "from agentkit.store import Store; import agentkit.ledger;"
        "s = Store.open(sys.argv[1], clock=SystemClock(), home=Path(sys.argv[2])); s.vault;"
        "print({'sqlmodel', 'pydantic', 'alembic', 'psycopg'} & set(sys.modules)); s.close()"
    )
    run = [sys.executable, "-c", code, str(store.engine.url), str(home)]
    found = subprocess.run(run, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "set()"


# --- concurrency


def in_threads(number: int, work: Callable[[], object]) -> None:
    with ThreadPoolExecutor(number) as pool:
        for future in [pool.submit(work) for _ in range(number)]:
            future.result()


def test_read_then_update_by_many_threads_loses_nothing(store: Store) -> None:
    with store.write() as unit:
        insert_many(unit.conn, "workers", ("tenant", "id", "pid", "beat_at"), [("t", "w", 0, 0)])

    def work() -> None:
        for _ in range(50):
            with store.write() as unit:
                seen = execute(unit.conn, "select pid from workers").scalar_one()
                execute(unit.conn, "update workers set pid = ?", (seen + 1,))

    in_threads(8, work)
    with store.read() as conn:
        assert execute(conn, "select pid from workers").scalar() == 400


def test_our_engine_loses_nothing_in_the_hands_of_another_library(store: Store) -> None:
    """Whoever begins a transaction by SQLAlchemy alone gets the write lock at its start too."""
    with store.write() as unit:
        insert_many(unit.conn, "workers", ("tenant", "id", "pid", "beat_at"), [("t", "w", 0, 0)])

    def work() -> None:
        for _ in range(20):
            with store.engine.begin() as conn:
                seen = execute(conn, "select pid from workers").scalar_one()
                execute(conn, "update workers set pid = ?", (seen + 1,))

    in_threads(4, work)
    with store.read() as conn:
        assert execute(conn, "select pid from workers").scalar() == 80


def claim(store: Store, number: int, checked: threading.Event) -> None:
    """Perform only where the person has not withdrawn."""
    with store.write() as unit:
        unit.lock_person("t", f"p{number}")
        sql = "select count(*) from suppressions where token = ?"
        if execute(unit.conn, sql, (f"p{number}",)).scalar_one() == 0:
            checked.set()
            if unit.conn.dialect.name == "postgresql":
                execute(unit.conn, "select pg_sleep(0.002)")
            insert_many(unit.conn, "permits", ("tenant", "action", "state"),
                        [("t", f"p{number}", "claimed")])  # fmt: skip


def withdraw(store: Store, number: int, checked: threading.Event) -> int:
    """Withdraw; how many claims stand the moment that the withdrawal has committed."""
    if number % 2:  # every other time in the middle of the claim
        checked.wait(10)
    with store.write() as unit:
        unit.lock_person("t", f"p{number}")
        columns = ("tenant", "token", "channel", "purpose", "brand", "at")
        insert_many(unit.conn, "suppressions", columns, [("t", f"p{number}", "", "", "", 0)])
    return claims(store, number)


def claims(store: Store, number: int) -> int:
    with store.read() as conn:
        sql = "select count(*) from permits where action = ?"
        return int(execute(conn, sql, (f"p{number}",)).scalar_one())


def test_no_claim_commits_after_a_withdrawal_has(any_store: Store) -> None:
    after, before = 0, 0
    with any_store.write() as unit:  # half of the people are locked for the first time below
        unit.lock_people("t", [f"p{number}" for number in range(0, 200, 4)])
        unit.lock_people("t", [f"p{number}" for number in range(1, 200, 4)])
    with ThreadPoolExecutor(2) as pool:
        for number in range(200):
            checked = threading.Event()
            claiming = pool.submit(claim, any_store, number, checked)
            seen = pool.submit(withdraw, any_store, number, checked).result()
            claiming.result()
            after += claims(any_store, number) - seen
            before += seen
    assert after == 0
    assert before >= 100  # a claim that came first did commit


def test_two_who_lock_the_same_people_in_other_orders_do_not_deadlock(any_store: Store) -> None:
    people = [f"p{number}" for number in range(20)]

    def work(order: list[str]) -> None:
        for _ in range(10):
            with any_store.write() as unit:
                unit.lock_people("t", order)
                unit.append(note(any_store))

    with ThreadPoolExecutor(2) as pool:
        for future in [pool.submit(work, people), pool.submit(work, people[::-1])]:
            future.result()
    assert reading(any_store, "entries") == 20
