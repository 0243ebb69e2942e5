"""``agentkit keys`` and ``agentkit retention`` at the command line."""

from __future__ import annotations

import getpass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from agentkit.cli import main
from agentkit.clock import FixedClock
from agentkit.ledger import read
from agentkit.store import Store
from tests.rights.people import NAME, anke_world


@pytest.fixture
def run(home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    monkeypatch.setattr(getpass, "getuser", lambda: "dora")

    def go(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main([*arguments, "--home", str(home)])
        out = capsys.readouterr()
        return int(ended.value.code or 0), out.out, out.err

    return go


def test_the_master_key_is_replaced_and_named_never_shown(
    run: Any, store: Store, clock: FixedClock, home: Path, tmp_path: Path
) -> None:
    world = anke_world(store, clock, tmp_path)
    before = run("keys", "show")[1]
    secret = (home / "keys" / "master").read_text().strip()
    code, out, err = run("keys", "rotate")
    assert code == 0
    assert "keys are wrapped by the new master key" in out
    assert "master.before-" in out
    assert "not authentication" in err
    new = (home / "keys" / "master").read_text().strip()
    after = run("keys", "show")[1]
    assert (new != secret, after != before) == (True, True)
    assert not {secret, new} & set((out + after).split())
    assert not (home / "keys" / "master.new").exists()
    (entry,) = read(store, kinds=["keys"])
    assert entry.actor == "operator:dora"
    case = str(world.rows("select id from cases where action = 'case'")[0][0])
    assert NAME in "".join(run("desk", "show", case)[1:])


def test_a_key_file_that_others_may_read_is_refused_with_what_to_type(
    run: Any, store: Store, home: Path
) -> None:
    path = home / "keys" / "master"
    path.chmod(0o640)
    code, _, err = run("keys", "rotate")
    assert code == 2
    assert f"chmod 600 {path}" in err


def test_retention_counts_before_it_deletes(
    run: Any, store: Store, clock: FixedClock, home: Path, tmp_path: Path
) -> None:
    clock.advance(timedelta(days=-400))  # the command goes by the machine's clock
    anke_world(store, clock, tmp_path)
    code, out, _ = run("retention", "apply", "--dry-run")
    assert code == 0
    assert "2 would go  contents of decisions: 180 days" in out
    code, out, err = run("retention", "apply")
    assert "2 gone  contents of decisions: 180 days" in out
    assert "not authentication" in err
    assert " 2 gone" not in run("retention", "apply")[1]
    assert len(list(read(store, kinds=["retention"]))) == 1


def test_the_desk_says_that_something_is_contested(
    run: Any, store: Store, clock: FixedClock, tmp_path: Path
) -> None:
    anke_world(store, clock, tmp_path)
    assert run("person", "contest", "asked")[0] == 0
    assert "1 contested by their persons" in "".join(run("desk", "list")[1:])
    assert run("person", "contest", "no-such")[0] == 2
