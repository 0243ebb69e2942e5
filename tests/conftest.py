"""Fixtures that every test may use: a clock that stands still, and real databases."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from agentkit.clock import FixedClock
from agentkit.store import Store
from tests.servers import create_database, postgres


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("AGENTKIT_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def clock() -> FixedClock:
    """Monday 23 November 2026, 09:30 in Berlin."""
    return FixedClock(datetime.fromisoformat("2026-11-23T09:30:00+01:00"))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The folder of keys and checkpoints."""
    return tmp_path / "agentkit"


@pytest.fixture
def sqlite_url(home: Path) -> str:
    return f"sqlite:///{home / 'agentkit.db'}"


_TEMPLATE = "agentkit_template"


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The administrative URL of a real PostgreSQL on a unix socket, ended at the end."""
    with postgres() as server:
        yield server


@pytest.fixture(scope="session")
def postgres_template(postgres_server: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of a database with the newest schema, to be copied with its key."""
    url = create_database(postgres_server, _TEMPLATE)
    clock = FixedClock(datetime.fromisoformat("2026-11-23T09:30:00+01:00"))
    template = tmp_path_factory.mktemp("template")
    Store.open(url, clock=clock, home=template).close()
    return template


@pytest.fixture
def postgres_url(postgres_server: str) -> str:
    """A fresh, empty database of the test's own."""
    return create_database(postgres_server, f"test_{secrets.token_hex(6)}")


@pytest.fixture
def postgres_copy(postgres_server: str, postgres_template: Path, home: Path) -> str:
    """A fresh database of the test's own with the newest schema; its key is put into ``home``."""
    shutil.copytree(postgres_template / "keys", home / "keys")
    return create_database(postgres_server, f"test_{secrets.token_hex(6)}", _TEMPLATE)


@pytest.fixture
def store(sqlite_url: str, clock: FixedClock, home: Path) -> Iterator[Store]:
    """A store on SQLite."""
    opened = Store.open(sqlite_url, clock=clock, home=home)
    yield opened
    opened.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def any_store(request: pytest.FixtureRequest, clock: FixedClock, home: Path) -> Iterator[Store]:
    """A store on each database in turn."""
    fixture = "sqlite_url" if request.param == "sqlite" else "postgres_copy"
    opened = Store.open(request.getfixturevalue(fixture), clock=clock, home=home)
    yield opened
    opened.close()
