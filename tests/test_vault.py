"""Personal data at rest: keys per person, erasure, tokens, the master key."""

from __future__ import annotations

import base64
import threading
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agentkit.clock import FixedClock
from agentkit.entry import Entry
from agentkit.errors import ConfigError, StoreError
from agentkit.ledger import checkpoint, read, seal, verify
from agentkit.store import Store, execute
from agentkit.store.keys import load_master

SECRET = {"text": "Dear Maria, your flat in Lisbon", "score": 0.5, "list": [1, None, "é"]}

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
SCALAR = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXT
JSON = st.dictionaries(TEXT, SCALAR | st.lists(SCALAR))


def put(store: Store, person: str = "maria", value: Any = None, tenant: str = "t") -> bytes:
    with store.write() as unit:
        return store.vault.encrypt(unit.conn, tenant, person, SECRET if value is None else value)


def get(store: Store, data: bytes, person: str = "maria", tenant: str = "t") -> Any:
    with store.read() as conn:
        return store.vault.decrypt(conn, tenant, person, data)


def forget(store: Store, person: str = "maria") -> int:
    with store.write() as unit:
        return store.vault.forget(unit, "t", person)


@given(JSON, TEXT)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_was_encrypted_comes_back(store: Store, value: dict[str, Any], person: str) -> None:
    assert get(store, put(store, person, value), person) == value


def test_the_same_value_never_looks_the_same_twice(store: Store) -> None:
    assert len({put(store) for _ in range(20)}) == 20


def test_many_are_encrypted_and_decrypted_in_order(any_store: Store) -> None:
    people = [f"p{number % 700}" for number in range(1500)]
    with any_store.write() as unit:
        data = any_store.vault.encrypt_many(unit.conn, "t", [(p, {"of": p}) for p in people])
    with any_store.read() as conn:
        found = any_store.vault.decrypt_many(conn, "t", list(zip(people, data, strict=True)))
        keys = execute(conn, "select count(*) from person_keys where tenant = 't'").scalar()
    assert [value and value["of"] for value in found] == people
    assert keys == 700


# --- erasure


def test_an_erased_person_cannot_be_read_and_others_can(any_store: Store) -> None:
    hers, his = put(any_store), put(any_store, "john")
    assert forget(any_store) == 1
    assert get(any_store, hers) is None
    assert get(any_store, his, "john") == SECRET
    assert forget(any_store) == 0


def test_somebody_who_comes_back_gets_a_new_key_and_the_old_data_stay_unreadable(
    any_store: Store,
) -> None:
    before = put(any_store)
    forget(any_store)
    after = put(any_store)
    assert (get(any_store, before), get(any_store, after)) == (None, SECRET)


def test_the_ledger_still_verifies_after_an_erasure(any_store: Store, home: Path) -> None:
    now = any_store.clock.now()
    with any_store.write() as unit:
        unit.append(Entry("judged", "t", now, private=SECRET, person="maria"))
    seal(any_store)
    checkpoint(any_store, home)
    with any_store.write() as unit:
        any_store.vault.forget(unit, "t", "maria")
        unit.append(Entry("erased", "t", now, person="maria"))
    seal(any_store)
    found = verify(any_store, home)
    assert (found.ok, found.sealed) == (True, 2)
    (entry, erased) = read(any_store, tenant="t")
    assert entry.person_token == erased.person_token
    with any_store.read() as conn:
        item = (entry.person_token, entry.private or b"")
        assert any_store.vault.decrypt_tokens(conn, "t", [item]) == [None]


def test_an_erasure_by_another_process_holds_here_at_once(
    store: Store, home: Path, clock: FixedClock
) -> None:
    data = put(store)
    other = Store.open(str(store.engine.url), clock=clock, home=home)
    assert get(other, data) == SECRET  # it has unwrapped the key, and remembers it
    forget(store)
    assert get(other, data) is None
    other.close()


def test_an_erased_key_is_overwritten_in_the_files(store: Store, home: Path) -> None:
    put(store)
    with store.read() as conn:
        sql = "select wrapped from person_keys where tenant = 't'"
        wrapped = bytes(execute(conn, sql).scalar_one())
    assert any(wrapped in path.read_bytes() for path in home.glob("agentkit.db*"))
    forget(store)
    assert not any(wrapped in path.read_bytes() for path in home.glob("agentkit.db*"))


def test_an_erasure_that_is_rolled_back_erases_nothing(store: Store) -> None:
    data = put(store)

    def fail() -> None:
        with store.write() as unit:
            store.vault.forget(unit, "t", "maria")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert get(store, data) == SECRET


def test_proof_of_consent_outlives_an_erasure_of_the_payload(any_store: Store) -> None:
    with any_store.write() as unit:
        proof = any_store.vault.encrypt(unit.conn, "t", "maria", SECRET, key_class="proof")
    payload = put(any_store)
    forget(any_store)
    assert (get(any_store, proof), get(any_store, payload)) == (SECRET, None)
    with any_store.write() as unit:
        any_store.vault.forget(unit, "t", "maria", classes=["proof"])
    assert get(any_store, proof) is None


def test_personal_data_are_nowhere_in_clear(store: Store, home: Path) -> None:
    now = store.clock.now()
    with store.write() as unit:
        unit.append(Entry("judged", "t", now, private=SECRET, person="maria-1970"))
    store.close()
    bytes_at_rest = b"".join(path.read_bytes() for path in home.glob("agentkit.db*"))
    assert b"judged" in bytes_at_rest
    for word in (b"Lisbon", b"maria-1970", sha256(b"maria-1970").hexdigest().encode()):
        assert word not in bytes_at_rest


# --- tampering


@pytest.mark.parametrize("place", [2, 9, 10, 25, -1])
def test_altered_ciphertext_is_refused_or_unknown(store: Store, place: int) -> None:
    data = bytearray(put(store))
    data[place] ^= 1
    if place in {2, 9}:  # another key's id: as good as erased
        assert get(store, bytes(data)) is None
        return
    with pytest.raises(StoreError, match="altered"):
        get(store, bytes(data))


@pytest.mark.parametrize("data", [b"", b"\x01", b"\x02" + b"x" * 40, b"\x01\x09" + b"x" * 40])
def test_what_is_no_ciphertext_is_refused(store: Store, data: bytes) -> None:
    with pytest.raises(StoreError, match="damaged"):
        get(store, data)


def test_ciphertext_moved_to_another_person_or_tenant_is_not_read(store: Store) -> None:
    hers = put(store)
    put(store, "john")
    put(store, tenant="u")
    assert get(store, hers, "john") is None
    assert get(store, hers, tenant="u") is None


def test_a_key_moved_to_another_person_is_refused(store: Store) -> None:
    hers, token = put(store), store.vault.token
    put(store, "john")
    with store.write() as unit:
        sql = (
            "update person_keys set (key_id, wrapped) = "
            "(select key_id, wrapped from person_keys where token = ?) where token = ?"
        )
        execute(unit.conn, sql, (token("t", "maria"), token("t", "john")))
    with pytest.raises(StoreError, match="moved to another person"):
        get(store, hers, "john")


# --- tokens


def test_a_token_depends_on_tenant_subject_and_key(
    store: Store, home: Path, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = store.vault.token("t", "+4915112345678")
    assert here == store.vault.token("t", "+4915112345678")
    assert here != store.vault.token("u", "+4915112345678")
    assert here != store.vault.token("t", "+4915112345679")
    monkeypatch.setenv("AGENTKIT_KEY", "ab" * 32)
    url = f"sqlite:///{home / 'other.db'}"
    other = Store.open(url, clock=clock, home=home)
    assert other.vault.token("t", "+4915112345678") != here
    other.close()


# --- the master key


@pytest.fixture
def made(store: Store, home: Path) -> tuple[str, Path]:
    """The URL of a database that was made, and its key file."""
    store.close()
    return str(store.engine.url), home / "keys" / "master"


def test_the_key_file_is_for_its_owner_alone(
    made: tuple[str, Path], home: Path, clock: FixedClock
) -> None:
    url, path = made
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o077 == 0
    path.chmod(0o640)
    store = Store.open(url, clock=clock, home=home)
    with pytest.raises(ConfigError, match="others may read") as caught:
        put(store)
    assert caught.value.hint == f"chmod 600 {path}"
    store.close()


def test_a_lost_key_is_never_replaced_by_a_new_one(
    made: tuple[str, Path], home: Path, clock: FixedClock
) -> None:
    url, path = made
    path.unlink()
    store = Store.open(url, clock=clock, home=home)
    with pytest.raises(ConfigError, match="is missing"):
        put(store)
    assert not path.exists()
    store.close()


@pytest.mark.parametrize("spell", [bytes.hex, lambda key: base64.b64encode(key).decode()])
def test_the_environment_gives_the_key_of_the_file(
    made: tuple[str, Path],
    home: Path,
    clock: FixedClock,
    monkeypatch: pytest.MonkeyPatch,
    spell: Any,
) -> None:
    url, path = made
    key = bytes.fromhex(path.read_text())
    path.unlink()
    monkeypatch.setenv("AGENTKIT_KEY", spell(key))
    store = Store.open(url, clock=clock, home=home)
    assert get(store, put(store)) == SECRET
    store.close()


def test_another_key_is_refused_before_it_mixes_with_the_first(
    made: tuple[str, Path], home: Path, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AGENTKIT_KEY", "ab" * 32)
    store = Store.open(made[0], clock=clock, home=home)
    with pytest.raises(ConfigError, match="is not the one that"):
        store.vault.token("t", "maria")
    store.close()


@pytest.mark.parametrize("text", ["hunter2", "ab" * 31, "zz" * 32, "Q" * 43 + "!"])
def test_a_malformed_key_is_refused(text: str, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGENTKIT_KEY", text)
    with pytest.raises(ConfigError, match="not a key of 32 bytes") as caught:
        load_master(home)
    assert text not in str(caught.value)
    assert "token_hex(32)" in caught.value.hint


def test_the_key_is_not_printed(store: Store) -> None:
    master = store.master()
    assert master.secret.hex() not in repr(master)
    assert repr(master.secret) not in repr(master)


def test_a_first_key_drawn_by_two_at_once_is_one_key(any_store: Store) -> None:
    start = threading.Barrier(2)

    def work(number: int) -> bytes:
        start.wait()
        return put(any_store, f"p{number}")

    with ThreadPoolExecutor(2) as pool:
        for number in range(25):
            pair = [pool.submit(work, number) for _ in range(2)]
            for future in pair:
                assert get(any_store, future.result(), f"p{number}") == SECRET
