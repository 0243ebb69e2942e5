"""The export: everything on record of a person, readable by that person and by nobody else."""

from __future__ import annotations

import getpass
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from agentkit.agent import Agent, Register
from agentkit.canonical import canonical
from agentkit.cli import main
from agentkit.clock import FixedClock
from agentkit.errors import NotFound
from agentkit.ledger import read
from agentkit.rights import Dossier, erase, export, gather, restrict
from agentkit.rights.page import html_of
from agentkit.store import Store
from tests.rights.people import ADDRESS, ID, NAME, NUMBER, WORDS, add_anke, anke_world, found_in
from tests.worlds import World, make_world, message

AGENT = Agent(
    "outreach", objective="win back customers", model="gpt-x", provider="Modellhaus", region="EU"
)


def dossier_of(world: World, person: str = ID) -> Dossier:
    register = Register({"outreach": AGENT})
    return gather(world.store, world.pipeline.gate.policy, register, world.settings, person)


class Outline(HTMLParser):
    """Text of a page, and what it would load or run."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.text: list[str] = []
        self.tags: set[str] = set()
        self.loads: list[str] = []
        self._hidden = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self._hidden = tag == "style"
        for name, value in attrs:
            if name in {"src", "href"} and not str(value).startswith("#"):
                self.loads.append(str(value))

    def handle_endtag(self, tag: str) -> None:
        self._hidden = False

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.text.append(data)


def words_of(page: str) -> str:
    return " ".join(" ".join(Outline(page).text).split())


def test_everything_on_record_is_in_it(any_store: Store, clock: FixedClock, tmp_path: Path) -> None:
    world = anke_world(any_store, clock, tmp_path)
    restrict(any_store, "default", ID, by="dora", reason="disputed amount 47,11")
    dossier = dossier_of(world)
    page, data = words_of(html_of(dossier)), canonical(dossier.to_json()).decode()
    for said in (NAME, ADDRESS, NUMBER, WORDS, "Nordlicht", "hat schon gekauft", "47,11",
                 "ist verreist"):  # fmt: skip
        assert said in page, said
        assert said in json.loads(data).__str__(), said
    assert {d.outcome for d in dossier.decisions} == {
        "done", "refused by a person", "stopped before it was done",
    }  # fmt: skip
    (sent,) = [d for d in dossier.decisions if d.id == "sent"]
    assert "action.text_length" in sent.all_facts
    assert "Modellhaus" in page
    assert "anna" in page
    assert ID in data


def test_the_rules_that_spoke_are_told_with_their_facts(
    store: Store, clock: FixedClock, tmp_path: Path
) -> None:
    world = make_world(store, clock, tmp_path)
    add_anke(world)
    world.pipeline.propose(message("x" * 300, id="long", subject=ID))
    (one,) = dossier_of(world).decisions
    assert one.outcome == "not allowed"
    assert one.automatic
    (reason,) = one.reasons
    assert (reason.article, reason.effect, reason.binding) == (
        "too-long",
        "does not allow it",
        True,
    )
    assert ("characters of its text", "300") in one.facts
    assert "does not allow it" in words_of(html_of(dossier_of(world)))


def test_the_page_is_one_file_that_loads_and_runs_nothing(
    store: Store, clock: FixedClock, tmp_path: Path
) -> None:
    outline = Outline(html_of(dossier_of(anke_world(store, clock, tmp_path))))
    assert outline.loads == []
    assert not outline.tags & {"script", "iframe", "img", "link", "object", "form"}


def test_what_others_wrote_is_text_and_nothing_else(
    store: Store, clock: FixedClock, tmp_path: Path
) -> None:
    world = make_world(store, clock, tmp_path)
    evil = '<script>alert(1)</script>\x1b[31m\u202e{{ 7*7 }}" onload=x'
    fields = {evil[:30]: evil, "list": [evil], "nested": {"a": {"b": evil}}}
    add_anke(world, name=evil, fields=canonical(fields).decode())
    world.pipeline.propose(message(evil, id="m", subject=ID, args={"subject_line": evil}))
    page = html_of(dossier_of(world))
    assert "script" not in Outline(page).tags
    assert "{{ 7*7 }}" in words_of(page)
    assert not re.search("[\x1b\u202e]", page)


def test_the_files_are_their_owners_and_the_ledger_says_who_exported(
    store: Store, clock: FixedClock, home: Path, tmp_path: Path
) -> None:
    world = anke_world(store, clock, tmp_path)
    paths = export(store, dossier_of(world), actor="operator:dora")
    assert [p.suffix for p in paths] == [".html", ".json"]
    assert all(p.stat().st_mode & 0o777 == 0o600 for p in paths)
    assert not any(ID in p.name or "anke" in p.name for p in paths)
    (entry,) = read(store, kinds=["right"])
    assert (entry.actor, entry.public["right"]) == ("operator:dora", "access")
    assert any("acted on a right" in who.what for who in dossier_of(world).seen_by)
    erase(store, "default", ID, actor="operator:dora")
    store.purge()
    assert found_in(home) == []


def test_somebody_else_is_not_in_it(store: Store, clock: FixedClock, tmp_path: Path) -> None:
    world = anke_world(store, clock, tmp_path)
    world.pipeline.propose(message("for the other one only", id="other", subject="c1"))
    text = canonical(dossier_of(world).to_json()).decode()
    assert "other one only" not in text
    assert "c1@example.de" not in text


def test_a_person_of_whom_only_decisions_are_left_is_told_so(
    store: Store, clock: FixedClock, tmp_path: Path
) -> None:
    world = make_world(store, clock, tmp_path)
    world.pipeline.propose(message("hello", id="m", subject="gone"))
    page = words_of(html_of(dossier_of(world, "gone")))
    assert "no record of you in the customer system" in page


# --- the command line


@pytest.fixture
def run(
    store: Store, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Any:
    monkeypatch.setattr(getpass, "getuser", lambda: "dora")
    monkeypatch.chdir(home)

    def go(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(["person", *arguments, *([] if arguments[0] == "deadlines" else ["--home", "."])])
        out = capsys.readouterr()
        return int(ended.value.code or 0), out.out, out.err

    return go


def test_each_right_has_a_command_that_says_what_it_did(
    run: Any, store: Store, clock: FixedClock, home: Path, tmp_path: Path
) -> None:
    anke_world(store, clock, tmp_path)
    code, out, err = run("export", ID)
    assert code == 0
    assert out.count("exports/person-") == 2
    assert "(GDPR)" in out
    assert "not authentication" in err
    assert run("rectify", ID, "company", "Zwiebel AG")[1].startswith("company corrected")
    assert "2 actions that waited" in run("restrict", ID)[1]
    assert run("lift", ID, "--reason", "settled")[0] == 0
    assert "closed to advertising" in run("object", ID)[1]
    code, out, _ = run("contest", "asked", "--reason", "Ich will\x1b[2J reden")
    number = out.split()[1].rstrip(",")
    assert "not by anna" in out
    listed = run("contests")[1]
    assert number in listed
    assert "\x1b" not in listed
    assert run("answer", number, "--reason", "x")[0] == 2
    assert "nothing is undone" in run("answer", number, "--overturn", "--reason", "recht")[1]
    assert run("contests")[1] == "nothing is contested\n"
    code, out, err = run("erase", ID)
    assert (code, "--yes" in err) == (2, True)
    code, out, _ = run("erase", ID, "--yes")
    assert "proof of consent is kept until" in out
    assert found_in(home) == []
    assert json.loads(run("proof", ID)[1].splitlines()[0])["events"]


@pytest.mark.parametrize("command", ["export", "erase", "restrict", "object"])
def test_nobody_and_somebody_erased_are_named_without_a_traceback(
    run: Any, command: str, store: Store, clock: FixedClock, tmp_path: Path
) -> None:
    make_world(store, clock, tmp_path)
    more = ["--yes"] if command == "erase" else []
    code, _, err = run(command, "nobody", *more)
    assert code == 2
    assert "nobody of this id" in err
    erase(store, "default", "c1", actor="operator:dora")
    code, _, err = run(command, "c1", *more)
    assert code == 2
    assert "was erased on" in err


def test_deadlines_are_shown_by_law(run: Any) -> None:
    code, out, _ = run("deadlines", "--country", "GB", "--received", "2026-11-23")
    assert code == 0
    assert "access    2026-12-23, extended 2027-02-23  UK GDPR" in out
    assert "Art. 12A" in out


def test_nobody_is_exported_after_an_erasure(
    store: Store, clock: FixedClock, tmp_path: Path
) -> None:
    world = anke_world(store, clock, tmp_path)
    erase(store, "default", ID, actor="operator:dora")
    with pytest.raises(NotFound, match="nothing to export"):
        dossier_of(world)
