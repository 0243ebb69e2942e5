from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from agentkit.cli import cli, main
from agentkit.cli.run import request_for
from agentkit.context import Contact

Run = Callable[..., Result]

AGENTS = """
agents:
  scoring: {kinds: [record.read, lead.score], model: playbook, region: local}
  outreach:
    kinds: [record.read, message.send]
    channels: [email]
    purposes: [marketing]
    model: playbook
    region: local
"""
SETTINGS = """
home = "data"
agents = "agents.yaml"
plugins_dir = "plugins"
disabled = ["deception"]
constitutions = ["house.yaml"]
"""
HOUSE = """
constitution: house
version: 1
principles: {fairness: nobody by name}
articles:
  - id: by-name
    principle: fairness
    applies_to: {kinds: [lead.score]}
    when: bias.twin == 'differs'
    then: deny
    because: the name decides
  - id: no-marketing-to-companies
    principle: fairness
    applies_to: {kinds: [message.send]}
    when: contact.company != ''
    then: escalate
    overridable: operator
    because: a company
"""
CONTACTS = """\
Record ID,First Name,Last Name,Email,Country/Region,Preferred language,Company Name
1,Anke,Petersen,anke@example.org,Germany,de,
2,Brenda,Novak,brenda@example.org,United States,en,Tobin Ware
3,Lucía,Ortega,lucia@example.org,Spain,es,
"""
PLUGIN = """
from agentkit import Manifest, hookimpl

def score(action, person):
    return {"score": 40.0 + len(person.contact.company), "inputs": {"company_size": 1}}

@hookimpl
def declare():
    return Manifest("scores", "1", decisions={"scoring/lead.score": score})
"""
PRODUCTS = [
    {"id": "P1", "name": "Sofa", "price": 10.0, "currency": "EUR", "stock": 3, "brand": "Nord"},
    {"id": "P2", "name": "Desk", "price": 20.0, "currency": "USD", "stock": 3, "brand": "Nord"},
]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)
    for name, text in (
        ("agents.yaml", AGENTS), ("agentkit.toml", SETTINGS), ("house.yaml", HOUSE),
        ("contacts.csv", CONTACTS),
    ):  # fmt: skip
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "scores.py").write_text(PLUGIN, encoding="utf-8")
    (tmp_path / "products.jsonl").write_text(
        "".join(
            json.dumps({"type": "product", "id": p["id"], "contact": None, "fields": p}) + "\n"
            for p in PRODUCTS
        ),
        encoding="utf-8",
    )
    return lambda *words: CliRunner().invoke(cli, words)


@pytest.fixture
def imported(run: Run) -> Run:
    assert run("import", "contacts.csv", "--records", "products.jsonl").exit_code == 0
    return run


def _row(result: Result, agent: str) -> list[int]:
    line = next(x for x in result.stdout.splitlines() if x.startswith(agent))
    return [int(n) for n in line.split()[1:]]


def test_a_scoring_agent_proposes_a_score_for_everybody(imported: Run) -> None:
    result = imported("run", "scoring")
    assert result.exit_code == 0, result.output
    assert _row(result, "scoring") == [3, 3, 0, 0, 0, 0, 0]
    assert "agentkit worker" in result.stderr
    assert "no language model is asked" in result.stderr


def test_an_outreach_agent_writes_and_the_gate_rules(imported: Run) -> None:
    result = imported("run", "outreach")
    assert result.exit_code == 0, result.output
    assert _row(result, "outreach") == [3, 2, 0, 0, 1, 0, 0]
    assert "agentkit desk list" in result.stderr


def test_the_limit_is_a_number_of_people(imported: Run) -> None:
    assert _row(imported("run", "outreach", "--limit", "1"), "outreach")[0] == 1


def test_a_second_run_proposes_anew(imported: Run) -> None:
    imported("run", "scoring", "--limit", "1")
    assert _row(imported("run", "scoring", "--limit", "1"), "scoring")[0] == 1


def test_a_purpose_outside_the_charter_is_denied(imported: Run) -> None:
    result = imported("run", "outreach", "--purpose", "research")
    assert _row(result, "outreach") == [3, 0, 0, 0, 0, 3, 0]


def test_an_unknown_agent_is_named_with_those_there_are(
    imported: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as exited:
        main(["run", "outrech"])
    assert exited.value.code == 2
    assert "outreach, scoring" in capsys.readouterr().err


def test_an_empty_crm_says_what_to_import(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exited:
        main(["run", "outreach"])
    assert exited.value.code == 2
    assert "agentkit import" in capsys.readouterr().err


def test_a_model_that_cannot_be_used_is_an_error_without_a_traceback(
    imported: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as exited:
        main(["run", "outreach", "--model", "playbook:nowhere.yaml"])
    assert exited.value.code == 2
    assert "nowhere.yaml" in capsys.readouterr().err


@pytest.mark.parametrize(("country", "product"), [("DE", "P1"), ("US", "P2"), ("", "P1")])
def test_a_product_is_offered_in_the_money_of_the_country(country: str, product: str) -> None:
    contact = Contact("c1", country=country, fields={"brand": "Nord"})
    assert request_for(contact, PRODUCTS, {})["product"]["id"] == product


def test_a_brand_without_products_offers_none() -> None:
    contact = Contact("c1", country="DE", fields={"brand": "Süd"})
    assert request_for(contact, PRODUCTS, {})["product"] is None


def test_a_request_holds_no_address() -> None:
    contact = Contact("c1", "Anke", "anke@example.org", "+4940123", country="DE")
    text = json.dumps(request_for(contact, PRODUCTS, {"purpose": "marketing"}))
    assert "anke@" not in text
    assert "+4940" not in text
