"""A database that an older version made is brought up to date with what it holds."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config

from agentkit.clock import FixedClock
from agentkit.consent import events_of
from agentkit.store import Store, execute, insert_many, to_micros
from agentkit.store.engine import make_engine, read_url
from agentkit.store.schema import MIGRATIONS


@pytest.mark.parametrize("database", ["sqlite_url", "postgres_url"])
def test_events_of_the_first_version_say_nothing_in_the_new_fields(
    database: str, request: pytest.FixtureRequest, clock: FixedClock, home: Path
) -> None:
    url = request.getfixturevalue(database)
    home.mkdir(exist_ok=True)
    engine = make_engine(read_url(url), busy_seconds=5)
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    now = to_micros(clock.now())
    with engine.connect() as conn, conn.begin():
        config.attributes["connection"] = conn
        command.upgrade(config, "0001")
        columns = ("tenant", "id", "contact", "point", "status", "at", "recorded_at")
        row = ("t", "e", "C-1", "a@example.org", "withdrawn", now, now)
        insert_many(conn, "consent_events", columns, [row])
    engine.dispose()
    (home / "keys").mkdir(mode=0o700)
    key = home / "keys" / "master"
    key.write_text("00" * 32)
    key.chmod(0o600)
    store = Store.open(url, clock=clock, home=home)
    with store.read() as conn:
        (event,) = events_of(conn, "t", "C-1")
        assert execute(conn, "select version_num from alembic_version").scalar() != "0001"
    store.close()
    assert (event.status, event.lawful_basis, event.method, event.scope) == (
        "withdrawn",
        "",
        "",
        "",
    )
