"""Start-up stays light: heavy libraries are loaded where they are used."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

HEAVY = ("alembic", "cel_expr_python", "dbos", "langchain", "numpy", "onnxruntime", "pydantic",
         "rich", "sqlalchemy", "sqlmodel", "textual", "tokenizers", "yaml")  # fmt: skip


def loaded_after(code: str) -> set[str]:
    """Top-level modules in a fresh interpreter that ran ``code``."""
    tops = "sorted({m.partition('.')[0] for m in sys.modules})"
    script = f"import sys, json\n{code}\nprint(json.dumps({tops}))"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(json.loads(run.stdout.splitlines()[-1]))


def test_importing_agentkit_loads_nothing_heavy() -> None:
    assert loaded_after("import agentkit").isdisjoint(HEAVY)


def test_the_help_text_loads_nothing_heavy() -> None:
    code = "from agentkit.cli import cli\nfrom click.testing import CliRunner\n"
    code += "assert CliRunner().invoke(cli, ['--help']).exit_code == 0"
    assert loaded_after(code).isdisjoint(HEAVY)


@pytest.mark.parametrize("heavy", ["sqlmodel", "dbos", "langchain", "textual", "onnxruntime"])
def test_the_gate_itself_needs_no_database_agent_screen_or_model(heavy: str) -> None:
    assert heavy not in loaded_after("from agentkit import Gate")


def test_the_nouns_need_neither_yaml_nor_pydantic() -> None:
    code = "from agentkit import Action, Evidence, Verdict, Review, Contact, Entry, Permit"
    assert loaded_after(code).isdisjoint(HEAVY)
