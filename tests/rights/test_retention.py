"""Retention: contents short, decisions long, the ledger for good."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest

from agentkit.clock import FixedClock
from agentkit.errors import ConfigError
from agentkit.ledger import seal, verify
from agentkit.rights import apply_retention, erase, field_terms, proofs_of
from agentkit.settings import Retention, load_settings
from agentkit.store import Store
from tests.rights.people import ID, NAME, anke_world
from tests.worlds import World, message

TERMS = Retention()


def apply(world: World, *, dry: bool = False) -> dict[str, int]:
    done = apply_retention(world.store, "default", TERMS, actor="operator:dora", dry=dry)
    return {kept.what: kept.count for kept in done if kept.count}


def test_nothing_runs_out_too_early(any_store: Store, clock: FixedClock, tmp_path: Path) -> None:
    world = anke_world(any_store, clock, tmp_path)
    clock.advance(timedelta(days=TERMS.content_days - 1))
    assert apply(world) == {}
    assert world.rows("select kind from entries where kind = 'retention'") == []


def test_contents_go_and_decisions_stay(
    any_store: Store, clock: FixedClock, home: Path, tmp_path: Path
) -> None:
    world = anke_world(any_store, clock, tmp_path)
    seal(any_store)
    clock.advance(timedelta(days=TERMS.content_days + 1))
    expected = apply(world, dry=True)
    assert expected == {
        "contents of decisions": 2, "texts that were sent": 1, "reasons that people gave": 1,
    }  # fmt: skip
    assert apply(world) == expected
    assert apply(world) == {}, "a second time changes nothing"
    assert world.pipeline.status("default", "sent").verdict.ruling.word == "allow"
    assert world.pipeline.propose(message("x", id="sent", subject=ID)).review is None
    waits = world.rows("select payload from actions where id = 'waits'")
    assert waits[0][0] is not None, "what still waits is kept whole"
    while seal(any_store):
        pass
    assert verify(any_store, home).ok


def test_the_key_goes_when_nothing_of_the_person_is_younger(
    any_store: Store, clock: FixedClock, home: Path, tmp_path: Path
) -> None:
    world = anke_world(any_store, clock, tmp_path)
    for action in ("waits", "case"):
        with any_store.write() as unit:
            from agentkit.store.actions import move_action

            move_action(
                unit, "default", action, to="expired", since=["allowed", "escalated"],
                now=clock.now(),
            )  # fmt: skip
    sealed = world.rows("select private, person_token from entries where private is not null")
    clock.advance(timedelta(days=TERMS.content_days + 1))
    assert apply(world)["keys of persons"] == 1
    with any_store.read() as conn:
        vault = any_store.vault
        found = vault.decrypt_tokens(conn, "default", [(t, bytes(p)) for p, t in sealed])
    assert set(map(str, found)) == {"None"}
    assert world.rows("select name from contacts where id = ?", ID) == [(NAME,)]
    while seal(any_store):
        pass
    assert verify(any_store, home).ok


def test_old_decisions_go_and_proof_and_suppression_outlive_them(
    any_store: Store, clock: FixedClock, home: Path, tmp_path: Path
) -> None:
    world = anke_world(any_store, clock, tmp_path)
    erase(any_store, "default", ID, actor="operator:dora")
    clock.advance(timedelta(days=TERMS.decision_days + 1))
    gone = apply(world)
    assert gone["decisions"] == 4
    for table in ("actions", "cases", "decisions", "permits", "effects"):
        assert world.rows(f"select count(*) from {table}") == [(0,)], table
    assert world.rows("select count(*) from suppressions") == [(2,)]
    assert len(proofs_of(any_store, "default", ID)) == 1
    clock.advance(timedelta(days=2 * 366))
    assert apply(world) == {"proofs of consent": 1}
    assert proofs_of(any_store, "default", ID) == []
    assert world.rows("select count(*) from person_keys where key_class = 'proof'") == [(0,)]
    assert world.rows("select count(*) from suppressions") == [(2,)]
    while seal(any_store):
        pass
    assert verify(any_store, home).ok


def test_exports_that_were_sent_go(
    store: Store, clock: FixedClock, home: Path, tmp_path: Path
) -> None:
    world = anke_world(store, clock, tmp_path)
    (home / "exports").mkdir()
    for name, days in (("person-old.html", 31), ("person-new.html", 29), ("mine.txt", 99)):
        path = home / "exports" / name
        path.touch()
        at = clock.now().timestamp() - days * 86_400
        os.utime(path, (at, at))
    assert apply(world) == {"exports": 1}
    assert {p.name for p in (home / "exports").iterdir()} == {"person-new.html", "mine.txt"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("content_day = 3", "no term retention.content_day"),
        ("content_days = 0", "whole number above zero"),
        ("content_days = 1.5", "whole number above zero"),
        ("content_days = true", "whole number above zero"),
        ("content_days = 2000", "longer than the decisions"),
        ("history_days = 30", "must be 366 or more"),
    ],
)
def test_terms_that_make_no_sense_are_refused(text: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "agentkit.toml"
    path.write_text(f"[retention]\n{text}\n")
    with pytest.raises(ConfigError, match=words):
        load_settings(path)


def test_terms_are_read_from_the_settings(tmp_path: Path) -> None:
    path = tmp_path / "agentkit.toml"
    path.write_text("[retention]\ncontent_days = 30\n")
    assert load_settings(path).retention == Retention(content_days=30)


def test_a_field_of_the_catalogue_goes_after_its_own_term(
    any_store: Store, clock: FixedClock, home: Path, tmp_path: Path
) -> None:
    world = anke_world(any_store, clock, tmp_path)
    path = tmp_path / "agentkit.toml"
    path.write_text('[catalogue.contact]\nmobile = {purposes = ["service"], retention = 30}\n')
    fields = field_terms(load_settings(path))
    assert fields == {"contact": {"mobile": 30}}
    clock.advance(timedelta(days=31))
    for dry, left in ((True, True), (False, False)):
        done = apply_retention(
            any_store, "default", TERMS, actor="operator:dora", dry=dry, fields=fields
        )
        assert {k.what: k.count for k in done if k.count} == {"contact.mobile": 1}
        text = world.rows("select fields from contacts where id = ?", ID)[0][0]
        assert ("mobile" in text) is left
    done = apply_retention(any_store, "default", TERMS, actor="operator:dora", fields=fields)
    assert not any(k.count for k in done)
