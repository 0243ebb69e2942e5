"""``agentkit ledger``, as a person types it."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest
from click.testing import CliRunner, Result

from agentkit.cli.ledger import command
from agentkit.entry import Entry
from agentkit.errors import ConfigError, StoreError
from agentkit.ledger import checkpoint, seal
from agentkit.store import Store, execute


def call(home: Path, *words: str) -> Result:
    result = CliRunner().invoke(command, [*words, "--home", str(home)])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


@pytest.fixture
def filled(store: Store, home: Path) -> Path:
    now = store.clock.now()
    with store.write() as unit:
        unit.append(Entry("judged", "default", now, action="a1", actor="gate",
                          public={"ruling": "deny"}, private={"text": "Dear Maria"},
                          person="maria"))  # fmt: skip
        unit.append(Entry("note", "default", now, action="a2"))
    seal(store)
    checkpoint(store, home)
    with store.write() as unit:
        unit.append(Entry("performed", "default", now, action="a2"))
    return home


def test_a_sound_ledger_verifies_with_its_unsealed_window_shown(filled: Path) -> None:
    result = call(filled, "verify")
    assert result.exit_code == 0
    assert "default: 2 sealed, 1 not yet sealed (since 2026-11-23 08:30:00 UTC)" in result.output
    assert "1 checkpoints, the last of 2026-11-23" in result.output
    assert "the ledger verifies" in result.output


def test_a_tampered_ledger_is_named_and_the_exit_status_is_one(filled: Path, store: Store) -> None:
    with store.write() as unit:
        execute(unit.conn, "drop trigger entries_no_update")
        execute(unit.conn, "update entries set kind = 'note' where id = 1")
    result = call(filled, "verify")
    assert result.exit_code == 1
    assert "altered: entry 1 of 'default' (note, action a1) was altered" in result.output
    assert "does NOT verify" in result.output


def test_an_auditor_verifies_a_copy_with_the_public_key(filled: Path, tmp_path: Path) -> None:
    line = next((filled / "checkpoints").glob("*.jsonl")).read_bytes()
    key = orjson.loads(line)["key"]
    (filled / "checkpoints").rename(tmp_path / "checkpoints")
    (filled / "keys" / "master").unlink()
    result = call(filled, "verify", "--checkpoints", str(tmp_path), "--public-key", key)
    assert (result.exit_code, "1 checkpoints" in result.output) == (0, True)
    with pytest.raises(ConfigError, match="not 32 bytes in hex"):
        call(filled, "verify", "--public-key", "abc")


def test_without_checkpoints_that_is_said(store: Store, home: Path) -> None:
    assert store.engine is not None
    assert "a cut-off end cannot be seen" in call(home, "verify").output


def test_seal_seals_what_waits_and_signs(filled: Path) -> None:
    assert "1 entries sealed" in call(filled, "seal").output
    assert "default: 3 sealed, 0 not yet sealed\n2 checkpoints" in call(filled, "verify").output


def test_show_filters_and_shows_nothing_personal(filled: Path) -> None:
    lines = call(filled, "show").output.splitlines()
    assert len(lines) == 3
    assert lines[0].split() == [
        "1", "2026-11-23", "08:30:00", "judged", "a1", "gate", '{"ruling":"deny"}'
    ]  # fmt: skip
    assert len(call(filled, "show", "--action", "a2").output.splitlines()) == 2
    assert len(call(filled, "show", "--kind", "note", "--kind", "judged").output.splitlines()) == 2
    assert len(call(filled, "show", "--after", "1", "--limit", "1").output.splitlines()) == 1
    assert "Maria" not in call(filled, "show").output


def test_export_decrypts_only_when_asked_and_never_the_erased(
    filled: Path, store: Store, tmp_path: Path
) -> None:
    plain = [orjson.loads(line) for line in call(filled, "export").output.splitlines()]
    assert [line["kind"] for line in plain] == ["judged", "note", "performed"]
    assert "private" not in plain[0]
    first = orjson.loads(call(filled, "export", "--private").output.splitlines()[0])
    assert first["private"] == {"text": "Dear Maria"}
    with store.write() as unit:
        store.vault.forget(unit, "default", "maria")
    target = tmp_path / "ledger.jsonl"
    call(filled, "export", "--private", "--output", str(target))
    assert orjson.loads(target.read_bytes().splitlines()[0])["private"] is None


def test_without_a_database_it_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="there is no database"):
        call(tmp_path / "nowhere", "verify")
    assert not (tmp_path / "nowhere").exists()
