"""The kit for plugin authors, used as they would."""

from __future__ import annotations

from pathlib import Path

from agentkit import Failed, Ruling
from agentkit.testing import examine, message, person, review
from tests.gates import Mood, article, plugin


def test_a_plugin_is_examined_through_the_real_guards() -> None:
    found = examine(plugin(), message("hurry"))
    assert isinstance(found["mood"], Mood)
    assert found["mood"].pushy is True
    broken = examine(plugin(examine=lambda a: "nonsense"), message())
    assert isinstance(broken["mood"], Failed)


def test_a_constitution_of_ones_own_judges_in_three_lines(tmp_path: Path) -> None:
    rules = tmp_path / "own.yaml"
    head = "constitution: own\nversion: 1\nprinciples: {p: be good}\narticles:\n"
    rules.write_text(head + article("only-germans", "contact.country != 'DE'"))
    assert review(message(), plugin(), constitutions=[str(rules)]).verdict.ruling is Ruling.ALLOW
    french = person(country="FR")
    verdict = review(message(), plugin(), who=french, constitutions=[str(rules)]).verdict
    assert verdict.ruling is Ruling.DENY
