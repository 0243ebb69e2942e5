"""Readiness: judged by the real gate, with gaps filled to see what they cost."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from agentkit.action import Action
from agentkit.agent import Register
from agentkit.cli import main
from agentkit.clock import FixedClock
from agentkit.context import Contact, Person, Stop, Touch
from agentkit.crm import People
from agentkit.pipeline import build_gate
from agentkit.rights import Overlay, Readiness, readiness
from agentkit.settings import Settings


class Held:
    """People in memory."""

    def __init__(self, contacts: Sequence[Contact]) -> None:
        self._people = {c.id: Person(c) for c in contacts}

    def people(self, tenant: str, actions: Sequence[Action]) -> People:
        wanted = {a.subject for a in actions}
        return People({i: p for i, p in self._people.items() if i in wanted})

    def stops(self, tenant: str) -> Sequence[Stop]:
        return ()

    def runs(self, tenant: str, runs: Sequence[str]) -> dict[str, Sequence[Touch]]:
        return dict.fromkeys(runs, ())


def ask(contacts: Sequence[Contact], clock: FixedClock, **options: object) -> Readiness:
    overlay = Overlay(Held(contacts))
    gate = build_gate(Settings(), overlay, clock, Register(open=True))
    try:
        return readiness(gate.review_many, overlay, contacts, clock.now(), **options)  # type: ignore[arg-type]
    finally:
        gate.plugins.stop()


def americans(count: int, start: int = 0, country: str = "US") -> list[Contact]:
    return [
        Contact(
            f"a{n}", email=f"a{n}@example.com", country=country, region="NY" if country else "",
            timezone="America/New_York" if country else "", language="en", type="consumer",
        )
        for n in range(start, start + count)
    ]  # fmt: skip


def test_a_missing_country_is_what_to_fix_first(clock: FixedClock) -> None:
    people = [*americans(6), *americans(3, 6, country="")]
    found = ask(people, clock, channels=["email"])
    (line,) = found.lines
    assert (line.people, line.today) == (9, 6)
    assert {law: (n, of) for law, n, of in line.laws} == {
        "United States: TCPA, CAN-SPAM": (6, 6), "country not on record": (0, 3),
    }  # fmt: skip
    assert found.fixes[0].field == "country"
    assert (found.fixes[0].missing, found.fixes[0].people) == (3, 3)
    assert len(found.fixes) <= 2
    again = ask(people, clock, channels=["email"])
    assert again.lines == found.lines, "filling gaps left nothing behind"


def test_where_nothing_is_missing_there_is_nothing_to_fix(clock: FixedClock) -> None:
    found = ask(americans(3), clock, channels=["email"], purposes=["marketing", "service"])
    assert found.fixes == ()
    assert [line.purpose for line in found.lines] == ["marketing", "service"]


def test_a_file_is_asked_about_and_not_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setenv("TMPDIR", str(scratch))
    monkeypatch.setattr("tempfile.tempdir", None)
    file = tmp_path / "people.csv"
    file.write_text(
        "Record ID,Email,Country/Region,State/Region,Time Zone,Type\n"
        "1,a@example.com,United States,New York,America/New_York,consumer\n"
        "2,b@example.com,,,,consumer\n"
        "x,not an address,,,,\n"
    )
    home = tmp_path / "home"
    with pytest.raises(SystemExit) as ended:
        main(["readiness", str(file), "--home", str(home), "--json"])
    assert not ended.value.code
    out = capsys.readouterr()
    assert json.loads(out.out)["people"] == 2
    assert "1 rows cannot be read" in out.err
    assert not home.exists()
    assert list(scratch.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--home", "nowhere"], "there is no CRM in"),
        (["--consents", "c.csv"], "belongs to a FILE"),
        (["missing.csv"], "missing.csv"),
    ],
)
def test_without_people_it_says_what_to_type(
    arguments: list[str], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        main(["readiness", *arguments])
    assert ended.value.code == 2
    assert words in capsys.readouterr().err
