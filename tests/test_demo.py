from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from rich.console import Console

import agentkit
from agentkit.cli import cli
from agentkit.cli.demo import demonstrate
from agentkit.cli.demonstration.book import blanked, book_of
from agentkit.cli.demonstration.cases import CaseTold
from agentkit.cli.demonstration.home import MARKER, examples_folder, fresh_home
from agentkit.cli.demonstration.report import as_data, show
from agentkit.cli.demonstration.stage import Told
from agentkit.clock import SystemClock
from agentkit.errors import ConfigError
from agentkit.ledger import verify
from agentkit.settings import load_settings
from agentkit.store import Store, execute

ANKE = "80412370292"
PRESSING = ("nur noch", "only 2 left")


@dataclass
class Scored:
    language: str = "de"
    scores: dict[str, float] = field(default_factory=dict)
    flags: dict[str, bool] = field(default_factory=dict)
    labels: dict[str, list[str]] = field(default_factory=dict)
    gaps: list[Any] = field(default_factory=list)
    spans: dict[str, Any] = field(default_factory=dict)


class WordList:
    """Stands in for the model: fast, and the same on every machine."""

    digest = "words"

    def scores(self, texts: Sequence[str]) -> list[Scored]:
        return [self.score(any(word in text.lower() for word in PRESSING)) for text in texts]

    def languages(self, texts: Sequence[str]) -> list[str]:
        return ["en"] * len(texts)

    def vectors(self, texts: Sequence[str]) -> list[list[float]]:
        return [[1.0, 0.0]] * len(texts)

    def score(self, pressing: bool) -> Scored:
        score = 0.9 if pressing else 0.1
        return Scored(
            scores={
                "deception": score,
                "needs_human": 0.1,
                "promotional": 0.5,
                "injection": 0.1,
                "opt_out": 0.1,
            },
            flags={"deception": pressing},
        )


@dataclass(frozen=True)
class Played:
    home: Path
    told: Told
    cases: list[CaseTold]

    def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        settings = load_settings(home=self.home)
        store = Store.open(settings.url, clock=SystemClock(), home=self.home, create=False)
        try:
            with store.read() as conn:
                return [tuple(row) for row in execute(conn, sql, values)]
        finally:
            store.close()

    def state(self, slip: str, agent: str = "outreach") -> str:
        person = next(s.person for s in self.told.slips if s.name == slip)
        sql = "select state from actions where person = ? and agent = ? and run like '%slip%'"
        return str(self.rows(sql, person, agent)[0][0])


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    home = tmp_path_factory.mktemp("demo") / "home"
    return Played(home, *demonstrate(home, limit=25, classifier=WordList))


def test_every_proposal_is_ruled_once(played: Played) -> None:
    assert set(played.told.outcomes) == {"outreach", "scoring", "triage", "scoring-legacy"}
    for outcomes in played.told.outcomes.values():
        ruled = outcomes.allowed + outcomes.deferred + outcomes.escalated + outcomes.denied
        assert outcomes.proposed == ruled > 0


def test_the_fair_scores_are_set_and_the_unfair_ones_all_refused(played: Played) -> None:
    fair, unfair = played.told.outcomes["scoring"], played.told.outcomes["scoring-legacy"]
    assert fair.performed == fair.proposed == 25
    assert unfair.denied == unfair.proposed == 7
    scored = played.rows("select fields from contacts order by id limit 1")[0][0]
    assert set(json.loads(scored)["scores"]) == {"scoring"}


@pytest.mark.parametrize(
    ("slip", "state"),
    [
        ("undisclosed", "performed"),
        ("stock", "performed"),
        ("deadline", "performed"),
        ("discount", "performed"),
        ("only_discount", "performed"),
        ("large_offer", "escalated"),
        ("unsure", "escalated"),
        ("poses", "denied"),
        ("channel", "denied"),
    ],
)
def test_each_mistake_ends_where_it_should(played: Played, slip: str, state: str) -> None:
    assert played.state(slip) == state


@pytest.mark.parametrize("slip", ["credit", "portal", "doubled", "unseen"])
def test_what_only_a_mail_asks_for_waits_for_a_person(played: Played, slip: str) -> None:
    assert played.state(slip, "triage") == "escalated"


def test_what_a_ticket_grants_is_refunded_without_a_person(played: Played) -> None:
    sql = "select state, json_extract(verdict, '$.ruling') from actions where kind = 'refund.pay'"
    assert ("performed", "allow") in played.rows(sql)


def test_what_was_rewritten_is_sent_without_the_mistake(played: Played) -> None:
    revised = next(case for case in played.cases if case.what == "revised")
    assert any(line.startswith("- ") and "2" in line for line in revised.changes)
    assert not any(line.startswith("+ ") and "2 Stück" in line for line in revised.changes)


def test_who_withdrew_is_not_written_to(played: Played) -> None:
    email = played.told.reach[0]
    assert email.channel == "email"
    assert ANKE not in email.allowed
    sql = (
        "select a.purpose from outbox o join actions a on a.tenant = o.tenant and a.id = o.action "
        "where o.to_contact = ?"
    )
    assert {purpose for (purpose,) in played.rows(sql, ANKE)} <= {"service"}


@pytest.mark.parametrize("channel", [0, 1, 2])
def test_everybody_is_either_reachable_or_has_one_reason(played: Played, channel: int) -> None:
    reach = played.told.reach[channel]
    assert reach.people == played.told.people == 380
    assert reach.today + sum(count for _, count in reach.reasons) == reach.people
    assert 0 < reach.today < reach.people


def test_few_actions_reach_a_person_and_each_of_them_is_a_case(played: Played) -> None:
    total = played.told.total
    assert total.reached == played.told.cases == total.escalated


def test_missing_countries_are_tasks_for_the_owners_of_the_records(played: Played) -> None:
    fields = {task.field for task in played.told.tasks}
    assert fields <= {"contact.country", "contact.region", "contact.timezone", "contact.type"}


def test_the_ledger_verifies_with_its_checkpoint(played: Played) -> None:
    store = Store.open(
        load_settings(home=played.home).url, clock=SystemClock(), home=played.home, create=False
    )
    try:
        found = verify(store, played.home)
    finally:
        store.close()
    assert found.ok
    assert found.checkpoints == 1
    assert found.chains[0].head.n == played.told.sealed


def test_the_report_keeps_within_eighty_columns_and_is_plain_in_a_file(played: Played) -> None:
    out = io.StringIO()
    show(Console(file=out, width=80, highlight=False), played.told, played.cases, Path("h"))
    lines = out.getvalue().splitlines()
    assert max(map(len, lines)) <= 80
    assert "\x1b" not in out.getvalue()
    assert [line.strip()[:2] for line in lines if line.startswith("  1.")] == ["1."]
    assert {"Escalated", "Denied", "Revised", "Misled"} <= {
        c.what.capitalize() for c in played.cases
    }


def test_the_report_is_json_too(played: Played) -> None:
    data = json.loads(json.dumps(as_data(played.told, played.cases, played.home)))
    assert data["people"] == 380
    assert data["agents"]["scoring-legacy"]["denied"] == 7


def test_the_desk_finds_agents_and_operators_in_the_home(played: Played) -> None:
    run = CliRunner().invoke(cli, ["desk", "list", "--home", str(played.home), "--json"])
    assert run.exit_code == 0, run.output
    assert len(json.loads(run.stdout)) == played.told.cases


def test_a_folder_with_other_things_in_it_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(ConfigError, match="not made by the demo"):
        fresh_home(tmp_path, examples_folder())
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.txt"]


def test_the_demo_empties_its_own_folder_and_keeps_what_others_put_there(tmp_path: Path) -> None:
    home = tmp_path / "demo"
    fresh_home(home, examples_folder())
    (home / "agentkit.db").write_text("from last time")
    (home / "notes.txt").write_text("mine")
    settings = fresh_home(home, examples_folder())
    assert not (home / "agentkit.db").exists()
    assert (home / "notes.txt").read_text() == "mine"
    assert (home / MARKER).is_file()
    assert settings.home.resolve() == home
    assert settings.roles("anybody") >= {"supervisor", "account-owner"}


def test_the_demo_never_writes_into_a_database_set_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AGENTKIT_DATABASE", "postgresql://production")
    with pytest.raises(ConfigError, match="AGENTKIT_DATABASE"):
        fresh_home(tmp_path / "demo", examples_folder())
    assert not (tmp_path / "demo").exists()


def test_without_the_book_one_sentence_says_where_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agentkit, "__file__", str(tmp_path / "agentkit" / "__init__.py"))
    with pytest.raises(ConfigError) as caught:
        examples_folder()
    assert "make demo" in (caught.value.hint or "")


def _cells(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def test_blanking_is_repeatable_and_touches_three_columns_only(tmp_path: Path) -> None:
    book = book_of(examples_folder())
    first = blanked(book.contacts, 0.25, tmp_path / "one")
    again = blanked(book.contacts, 0.25, tmp_path / "two")
    assert [p.read_bytes() for p in first] == [p.read_bytes() for p in again]
    for source, copy in zip(book.contacts, first, strict=True):
        before, after = (_cells(p) for p in (source, copy))
        changed = {
            before[0][i]
            for old, new in zip(before, after, strict=True)
            for i, (a, b) in enumerate(zip(old, new, strict=True))
            if a != b
        }
        assert len(changed) == 3
        assert all(any(w in c for w in ("ountry", "one", "anguage")) for c in changed)


def test_half_blanked_is_about_half(tmp_path: Path) -> None:
    (copied,) = blanked(book_of(examples_folder()).contacts[:1], 0.5, tmp_path)
    header, *rows = _cells(copied)
    country = header.index("Country/Region")
    empty = sum(not row[country] for row in rows if len(row) > country) / len(rows)
    assert 0.45 < empty < 0.65  # the book itself lacks one in twelve
