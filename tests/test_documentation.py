"""Documentation that is run: the README's Python, its YAML, its commands and its links."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from agentkit import hookspecs
from agentkit.cli import COMMANDS
from agentkit.constitution.model import Article, ConstitutionFile

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
PYTHON = [text for language, text in BLOCKS if language == "python"]
YAML = [text for language, text in BLOCKS if language == "yaml"]
CONSOLE = [text for language, text in BLOCKS if language in {"console", "sh"}]


@pytest.mark.parametrize("code", PYTHON, ids=lambda c: c.splitlines()[0][:50])
def test_every_python_example_of_the_readme_runs(code: str, tmp_path: Path) -> None:
    script = tmp_path / "example.py"
    script.write_text(code, encoding="utf-8")
    run = subprocess.run(
        [sys.executable, str(script)], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr


@pytest.mark.parametrize("text", YAML, ids=lambda c: c.splitlines()[0][:50])
def test_every_yaml_example_of_the_readme_is_valid(text: str) -> None:
    data = yaml.safe_load(text)
    if isinstance(data, dict):
        assert ConstitutionFile.model_validate(data)
    else:
        assert [Article.model_validate(spec) for spec in data]


def test_the_readme_names_only_commands_that_exist() -> None:
    named = set(re.findall(r"\bagentkit ([a-z]+)\b", "\n".join(CONSOLE)))
    assert named
    assert named <= set(COMMANDS)


def test_make_targets_of_the_readme_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"`make ([a-z]+)`|^\$ make ([a-z]+)", README, re.MULTILINE))
    named = {one or other for one, other in named}
    assert {"demo", "test"} <= named
    assert named <= targets


@pytest.mark.parametrize(
    "hook",
    [
        n
        for n, f in inspect.getmembers(hookspecs, inspect.isfunction)
        if hasattr(f, "agentkit_spec")
    ],
)
def test_every_hook_stands_in_the_readme_with_its_arguments(hook: str) -> None:
    parameters = ", ".join(inspect.signature(getattr(hookspecs, hook)).parameters)
    assert f"`{hook}({parameters})`" in README


def test_links_inside_the_project_lead_somewhere() -> None:
    for target in re.findall(r"\]\((?!https?://|#)([^)#]+)", README):
        assert (ROOT / target).exists(), target


def test_the_changelog_keeps_its_form() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert text.startswith("# Changelog")
    assert "## [Unreleased]" in text or re.search(r"## \[\d+\.\d+\.\d+\]", text)
