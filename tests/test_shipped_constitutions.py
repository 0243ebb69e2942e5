"""What is shipped passes its own examples and says where it comes from."""

from __future__ import annotations

from datetime import date
from importlib import resources

import pytest
import yaml

from agentkit.cli.constitution import schema_text
from agentkit.constitution import (
    Article,
    Catalogue,
    compile_constitution,
    load_constitution,
    shipped,
)
from agentkit.constitution.check import check_examples
from agentkit.kinds import Kinds
from tests.plugins.shop import FIRST_PARTY

CATALOGUE = Catalogue(
    Kinds(),
    [c for plugin in FIRST_PARTY for c in plugin.declare().evidence],
)
ARTICLES: list[tuple[str, Article]] = [
    (name, article) for name in shipped() for article in load_constitution(name).files[-1].articles
]
by_article = pytest.mark.parametrize(
    ("name", "article"), ARTICLES, ids=[f"{name}-{a.id}" for name, a in ARTICLES]
)


def test_the_three_constitutions_are_there() -> None:
    assert {"base", "crm-default", "strict"} <= shipped().keys()


@pytest.mark.parametrize("name", sorted(shipped()))
def test_every_example_passes(name: str) -> None:
    constitution = load_constitution(name)
    compile_constitution(constitution, CATALOGUE)
    assert [r.sentence for r in check_examples(constitution, CATALOGUE) if not r.passed] == []


@by_article
def test_an_article_says_where_it_comes_from_and_who_looked(name: str, article: Article) -> None:
    assert article.cites
    assert all(len(c) > 5 for c in article.cites)
    assert article.status in {"settled", "contested", "policy"}
    assert article.effective_from is not None
    assert article.verified_on == date(2026, 11, 23)
    assert article.verified_by
    assert article.owner
    assert article.because


@by_article
def test_an_article_has_an_example_that_breaks_it_and_one_that_keeps_it(
    name: str, article: Article
) -> None:
    expected = [e.expect for e in article.examples]
    assert len(expected) >= 3
    assert article.then in expected
    assert "allow" in expected


@by_article
def test_a_law_from_memory_only_warns(name: str, article: Article) -> None:
    from_memory = article.verified_by.startswith("from memory")
    if from_memory and article.status != "policy" and "policy" not in article.verified_by:
        assert article.mode == "warn"


@by_article
def test_what_only_a_person_may_waive_names_the_role(name: str, article: Article) -> None:
    if article.then == "escalate" and article.mode is None:
        assert article.overridable


@pytest.mark.parametrize("name", sorted(shipped()))
def test_no_constitution_claims_a_lawyers_review_that_it_did_not_have(name: str) -> None:
    file = load_constitution(name).files[-1]
    assert file.reviewed_by == "not reviewed by a lawyer"
    assert file.reviewed_on is None


def test_the_floor_is_protected() -> None:
    protected = {a.id for name, a in ARTICLES if name == "base" and a.protected}
    assert {"stop-switch", "objection-is-final", "machine-does-not-pose-as-person"} <= protected


def test_no_shipped_constitution_overrides_another() -> None:
    assert all(not load_constitution(name).files[-1].overrides for name in shipped())


def test_repealed_and_future_law_is_not_encoded_as_law() -> None:
    cited = " ".join(c for _, a in ARTICLES for c in a.cites)
    assert "24-205" not in cited
    assert "16 CFR 425" not in cited


def test_the_schema_for_editors_is_in_step() -> None:
    folder = resources.files("agentkit_constitutions")
    kept = folder.joinpath("constitution.schema.json").read_text(encoding="utf-8")
    assert kept == schema_text(), "run: agentkit constitution schema -o FILE"


@pytest.mark.parametrize("name", sorted(shipped()))
def test_the_files_are_plain_yaml_of_one_document(name: str) -> None:
    assert isinstance(yaml.safe_load(shipped()[name].read_text(encoding="utf-8")), dict)
