from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from agentkit.cli.constitution import command
from agentkit.errors import AgentkitError


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def run(*words: str) -> Result:
    return CliRunner().invoke(command, words)


def mine(text: str) -> str:
    Path("mine.yaml").write_text(
        "constitution: mine\nversion: 1\nextends: [crm-default]\narticles:\n" + text
    )
    return "mine.yaml"


RULE = (
    "  - id: no-promotion-in-trouble\n    principle: consent\n"
    "    applies_to: {kinds: [offer.set]}\n    when: WHEN\n    then: escalate\n"
    "    because: P1 open\n    examples:\n"
    "      - {given: {ticket.open_p1: 1, deal.discount: 0}, expect: escalate}\n"
    "      - {given: {ticket.open_p1: 0, deal.discount: 0.15}, expect: allow}\n"
)


def test_the_shipped_ones_are_in_order() -> None:
    result = run("check", "base", "crm-default", "strict")
    assert result.exit_code == 0, result.output
    assert result.output.count(": ok,") == 3
    assert "not reviewed by a lawyer" in result.output


def test_a_rule_of_ones_own_in_six_lines_is_checked_and_tested() -> None:
    path = mine(RULE.replace("WHEN", "ticket.open_p1 > 0 || deal.discount > 0.15"))
    assert run("check", path).exit_code == 0
    result = run("test", path)
    assert result.exit_code == 0, result.output
    assert "examples pass" in result.output
    assert "no cites" in run("check", path).output


def test_an_example_that_fails_is_shown_and_the_status_says_so() -> None:
    path = mine(RULE.replace("WHEN", "ticket.open_p1 > 0 || deal.discount > 0.1"))
    for name in ("check", "test"):
        result = run(name, path)
        assert result.exit_code == 1
        assert "no-promotion-in-trouble, example 2" in result.output
        assert "expected allow, got escalate" in result.output


def test_check_reports_every_file_and_names_what_is_wrong() -> None:
    path = mine(RULE.replace("WHEN", "ticket.opn_p1 > 0"))
    result = run("check", path, "base", "nowhere")
    assert result.exit_code == 1
    assert "did you mean 'ticket.open_p1'?" in result.output
    assert "base 1: ok" in result.output
    assert "there is no constitution 'nowhere'" in result.output


def test_facts_are_listed_with_type_meaning_and_scope() -> None:
    result = run("facts", "consent.")
    assert result.exit_code == 0
    line = next(row for row in result.output.splitlines() if row.startswith("consent.basis"))
    assert "string" in line
    assert "message.send" in line
    assert "[personal] [volatile]" in line


def test_an_unknown_prefix_suggests_the_nearest() -> None:
    result = run("facts", "consent.statsu")
    assert isinstance(result.exception, AgentkitError)
    assert result.exception.hint == "did you mean 'consent.status'?"


def test_an_article_is_shown_whole() -> None:
    result = run("show", "crm-default", "us-tx-quiet-hours")
    for words in ("Texas SB 140", "from 2025-09-01", "head of marketing", "contested in practice"):
        assert words in result.output
    assert "stop-switch" in run("show", "crm-default").output


def test_an_article_that_does_not_exist_suggests_the_nearest() -> None:
    result = run("show", "crm-default", "quiet-hour")
    assert isinstance(result.exception, AgentkitError)
    assert "quiet-hours" in result.exception.hint


def test_the_schema_is_printed_or_written() -> None:
    printed = run("schema")
    assert json.loads(printed.output)["title"] == "agentkit constitution"
    assert run("schema", "-o", "schema.json").exit_code == 0
    assert Path("schema.json").read_text() == printed.output


def test_the_business_own_fields_are_facts() -> None:
    Path("agentkit.toml").write_text(
        '[fields.contact]\ntier = {source = "Customer Tier", type = "string"}\n'
    )
    assert "contact.tier" in run("facts", "contact.").output
    path = mine(
        "  - {id: gold, principle: consent, applies_to: {kinds: [offer.set]},"
        " when: \"contact.tier == 'gold'\", then: escalate, because: x}\n"
    )
    assert run("check", path).exit_code == 0
