from __future__ import annotations

import pytest

from agentkit.clock import FixedClock
from agentkit.entry import Entry
from agentkit.store import Store, execute


def test_entries_commit_with_the_change_they_describe(any_store: Store, clock: FixedClock) -> None:
    with any_store.write() as unit:
        unit.append(Entry("note", "t", clock.now(), public={"a": 1}, private={"b": 2}, person="p"))
    with pytest.raises(RuntimeError), any_store.write() as unit:
        unit.append(Entry("note", "t", clock.now()))
        raise RuntimeError
    with any_store.read() as conn:
        rows = execute(conn, "select id, public, private from entries").all()
        assert len(rows) == 1
        assert any_store.vault.decrypt(conn, "t", "p", bytes(rows[0][2])) == {"b": 2}
