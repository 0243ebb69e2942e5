"""Replacing the master key: nothing is lost, and an interrupted rotation goes on."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from agentkit.clock import FixedClock
from agentkit.entry import Entry
from agentkit.errors import ConfigError, StoreError
from agentkit.ledger import checkpoint, seal, verify
from agentkit.rights import JOURNAL, erase, reapply
from agentkit.store import Store, execute
from agentkit.store.keys import MasterKey, load_masters, new_master, settle_master
from agentkit.store.rotation import rotate
from tests.rights.people import ID, anke_world
from tests.worlds import make_world


def keys_of(store: Store, home: Path) -> tuple[MasterKey, MasterKey]:
    return load_masters(home)[0], new_master(home)


def fill(store: Store, count: int = 25) -> list[bytes]:
    with store.write() as unit:
        people = [(f"p{n}", {"n": n}) for n in range(count)]
        sealed = store.vault.encrypt_many(unit.conn, "t", people)
        proof = [("p1", {"proof": True})]
        return sealed + store.vault.encrypt_many(unit.conn, "t", proof, key_class="proof")


def opened(store: Store, sealed: list[bytes]) -> list[object]:
    people = [*(f"p{n}" for n in range(len(sealed) - 1)), "p1"]
    with store.read() as conn:
        return list(store.vault.decrypt_many(conn, "t", list(zip(people, sealed, strict=True))))


def reopened(store: Store, clock: FixedClock) -> Store:
    url = store.engine.url.render_as_string(hide_password=False)
    store.close()
    return Store.open(url, clock=clock, home=store.home)


def test_after_a_rotation_the_new_key_alone_reads_everything(
    any_store: Store, clock: FixedClock, home: Path
) -> None:
    sealed, token = fill(any_store), any_store.vault.token("t", "x")
    before = opened(any_store, sealed)
    old, new = keys_of(any_store, home)
    assert rotate(any_store, old, new, batch=7) == 26
    kept = settle_master(home, old)
    assert kept is not None
    assert kept.stat().st_mode & 0o777 == 0o600
    kept.unlink()
    again = reopened(any_store, clock)
    try:
        assert opened(again, sealed) == before
        assert again.vault.token("t", "x") == token, "suppressions still match"
        assert again.master().fingerprint == new.fingerprint
        fill(again)
    finally:
        again.close()


def test_a_process_that_began_before_goes_on_reading_and_writing(
    any_store: Store, clock: FixedClock, home: Path
) -> None:
    url = any_store.engine.url.render_as_string(hide_password=False)
    worker = Store.open(url, clock=clock, home=home)
    try:
        sealed = fill(worker)
        old, new = keys_of(any_store, home)
        rotate(any_store, old, new)
        settle_master(home, old)
        assert opened(worker, sealed)[0] == {"n": 0}
        worker.vault._open.clear()
        assert opened(worker, sealed)[0] == {"n": 0}
        with worker.write() as unit:
            later = worker.vault.encrypt(unit.conn, "t", "new person", {"n": "later"})
    finally:
        worker.close()
    again = reopened(any_store, clock)
    try:
        with again.read() as conn:
            assert again.vault.decrypt(conn, "t", "new person", later) == {"n": "later"}
    finally:
        again.close()


def test_an_interrupted_rotation_resumes(
    any_store: Store, clock: FixedClock, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealed = fill(any_store)
    old, new = keys_of(any_store, home)
    from agentkit.store import rotation

    true_pass, calls = rotation._pass, []

    def breaks(*args: object) -> object:
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return true_pass(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(rotation, "_pass", breaks)
    with pytest.raises(KeyboardInterrupt):
        rotate(any_store, old, new, batch=5)
    monkeypatch.undo()
    half = reopened(any_store, clock)
    try:
        assert opened(half, sealed)[0] == {"n": 0}, "both keys are accepted meanwhile"
        assert opened(half, sealed)[24] == {"n": 24}
        again_old, again_new = keys_of(half, home)
        assert (again_old, again_new) == (old, new)
        assert rotate(half, old, new, batch=5) == 26 - 8, (
            "two of the ten were the pepper and the old signer"
        )
        assert rotate(half, old, new) == 0
    finally:
        half.close()


def test_the_ledger_and_the_journal_verify_across_a_rotation(
    store: Store, clock: FixedClock, home: Path, tmp_path: Path
) -> None:
    anke_world(store, clock, tmp_path)
    seal(store)
    checkpoint(store, home)
    erase(store, "default", ID, actor="operator:dora")
    old, new = keys_of(store, home)
    rotate(store, old, new)
    settle_master(home, old)
    again = reopened(store, clock)
    try:
        with again.write() as unit:
            unit.append(Entry("note", "default", clock.now()))
        while seal(again):
            pass
        checkpoint(again, home)
        found = verify(again, home)
        assert found.ok
        assert found.checkpoints == 2
        assert reapply(again) == 0
        assert (home / JOURNAL).exists()
    finally:
        again.close()


def test_a_key_that_was_replaced_signs_no_checkpoint_any_more(
    store: Store, clock: FixedClock, home: Path, tmp_path: Path
) -> None:
    make_world(store, clock, tmp_path)
    lines = []
    old, new = keys_of(store, home)
    for step in range(3):
        with store.write() as unit:
            unit.append(Entry("note", "default", clock.now(), public={"n": step}))
        while seal(store):
            pass
        path = checkpoint(store, home)
        lines = path.read_bytes().splitlines()
        if step == 0:
            rotate(store, old, new)
            settle_master(home, old)
    assert verify(store, home).ok
    from hashlib import sha256

    from agentkit.canonical import canonical, from_json

    body = from_json(lines[2]) | {"key": old.signer().public_key().public_bytes_raw().hex()}
    body.pop("signature")
    body["prev"] = sha256(lines[1]).hexdigest()
    forged = canonical({**body, "signature": old.signer().sign(canonical(body)).hex()})
    path.write_bytes(b"\n".join([*lines[:2], forged]) + b"\n")
    found = verify(store, home)
    assert [f.message for f in found.faults if "not ours" in f.message]


def test_keys_of_the_environment_are_rotated_to_the_one_given(
    any_store: Store, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AGENTKIT_KEY", load_masters(home)[0].secret.hex())
    with pytest.raises(ConfigError, match="no new one is given") as caught:
        new_master(home)
    assert "AGENTKIT_KEY_NEW" in caught.value.hint
    monkeypatch.setenv("AGENTKIT_KEY_NEW", "cd" * 32)
    sealed = fill(any_store)
    old, new = keys_of(any_store, home)
    rotate(any_store, old, new)
    assert settle_master(home, old) is None
    monkeypatch.setenv("AGENTKIT_KEY", "cd" * 32)
    monkeypatch.delenv("AGENTKIT_KEY_NEW")
    any_store.vault._open.clear()
    assert opened(any_store, sealed)[3] == {"n": 3}


def test_what_cannot_be_rotated_is_refused(store: Store, home: Path) -> None:
    fill(store)
    old, new = keys_of(store, home)
    with pytest.raises(ConfigError, match="is the old one"):
        rotate(store, old, old)
    stranger = MasterKey(os.urandom(32), "a letter")
    with pytest.raises(ConfigError, match="is not the one"):
        rotate(store, stranger, new)
    with store.write() as unit:
        sql = "update person_keys set wrapped = ? where key_class = 'proof'"
        execute(unit.conn, sql, (os.urandom(60),))
    with pytest.raises(StoreError, match="neither the old nor the new"):
        rotate(store, old, new)


def test_a_new_key_that_others_may_read_is_refused(home: Path) -> None:
    new_master(home)
    path = home / "keys" / "master.new"
    path.chmod(0o644)
    with pytest.raises(ConfigError, match="others may read") as caught:
        new_master(home)
    assert caught.value.hint == f"chmod 600 {path}"
