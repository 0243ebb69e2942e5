from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from agentkit.constitution import Catalogue, compile_constitution, load_constitution
from agentkit.constitution.check import check_examples, typed
from agentkit.errors import AgentkitError, ConstitutionError
from agentkit.kinds import Kinds
from tests.gates import Mood

CATALOGUE = Catalogue(Kinds(), [Mood])
RULE: dict[str, Any] = {
    "id": "no-pressure",
    "principle": "p",
    "applies_to": {"kinds": ["message.send"]},
    "when": "mood.pushy",
    "then": "deny",
    "because": "pushy",
}


def write(folder: Path, name: str, **parts: Any) -> str:
    content = {"constitution": name, "version": 1, "principles": {"p": "be good"}, **parts}
    path = folder / f"{name}.yaml"
    path.write_text(yaml.safe_dump(content, sort_keys=False))
    return str(path)


def compiled(path: str) -> list[Any]:
    return compile_constitution(load_constitution(path), CATALOGUE)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"when": "mood.push"}, "mood"),
        ({"when": "mood.score == 'high'"}, "no matching overload"),
        ({"when": "mood.score"}, "gives double, not bool"),
        ({"when": "has(mood.pushy)"}, "has()"),
        ({"then": "allow"}, "then"),
        ({"then": "defer"}, "needs `until:`"),
        ({"then": "defer", "until": "mood.score"}, "not timestamp"),
        ({"then": "defer", "task": "contact.planet"}, "no fact"),
        ({"until": "judged_at"}, "belong to `then: defer`"),
        ({"applies_to": {}}, "applies more widely than mood.pushy"),
        ({"applies_to": {"kinds": ["lead.score"]}}, "applies more widely than mood.pushy"),
        ({"applies_to": {"kinds": ["message.sent"]}}, "no action kind"),
        ({"applies_to": {"kind": ["message.send"]}}, "Extra inputs"),
        ({"because": "{mood.smell}"}, "mood.smell"),
        ({"principle": "q"}, "nowhere written down"),
        ({"id": "No Pressure"}, "id"),
        ({"overideable": "supervisor"}, "Extra inputs"),
        ({"examples": [{"given": {}, "expect": "maybe"}]}, "expect"),
    ],
)
def test_a_wrong_article_is_refused_and_named(
    tmp_path: Path, change: dict[str, Any], words: str
) -> None:
    path = write(tmp_path, "mine", articles=[{**RULE, **change}])
    with pytest.raises(AgentkitError) as caught:
        compiled(path)
    assert words in str(caught.value)


def test_a_typo_inside_the_file_is_told_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(
        "constitution: mine\nversion: 1\nprinciples: {p: be good}\narticles:\n"
        "  - {id: a, principle: p, when: 'true', then: deny, because: x}\n"
        "  - {id: b, principle: p, wenn: 'true', then: deny, because: x}\n"
    )
    with pytest.raises(ConstitutionError, match=r"line 6: article b"):
        load_constitution(path)


@pytest.mark.parametrize(
    "text",
    ["", "- a list", "constitution: [", "constitution: x", "a: !!python/object/new:os.system [ls]",
     "constitution: x\nversion: one\n", "\x00"],
)  # fmt: skip
def test_a_file_that_is_no_constitution_is_refused_in_plain_words(
    tmp_path: Path, text: str
) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    with pytest.raises(ConstitutionError) as caught:
        load_constitution(path)
    assert "mine.yaml" in caught.value.message


def test_a_missing_name_or_file_says_what_there_is() -> None:
    with pytest.raises(ConstitutionError) as caught:
        load_constitution("crm-defualt")
    assert "crm-default" in caught.value.hint
    with pytest.raises(ConstitutionError, match="cannot be read"):
        load_constitution("nowhere.yaml")


def test_a_cycle_in_extends_is_shown(tmp_path: Path) -> None:
    for name, other in (("one", "two"), ("two", "three"), ("three", "one")):
        write(tmp_path, name, extends=[str(tmp_path / f"{other}.yaml")])
    with pytest.raises(ConstitutionError, match="circle"):
        load_constitution(tmp_path / "one.yaml")
    write(tmp_path, "self", extends=[str(tmp_path / "self.yaml")])
    with pytest.raises(ConstitutionError, match="circle"):
        load_constitution(tmp_path / "self.yaml")


def test_what_is_extended_twice_is_taken_once(tmp_path: Path) -> None:
    root = write(tmp_path, "root", articles=[RULE])
    left = write(tmp_path, "left", extends=[root])
    right = write(tmp_path, "right", extends=[root])
    top = load_constitution(write(tmp_path, "top", extends=[left, right]))
    assert [a.article.id for a in top.articles] == ["no-pressure"]


def test_an_article_may_not_be_replaced_in_silence(tmp_path: Path) -> None:
    root = write(tmp_path, "root", articles=[RULE])
    with pytest.raises(ConstitutionError, match="exists in root"):
        load_constitution(write(tmp_path, "top", extends=[root], articles=[RULE]))
    with pytest.raises(ConstitutionError, match="two articles"):
        load_constitution(write(tmp_path, "twice", articles=[RULE, RULE]))


def override(**change: Any) -> dict[str, Any]:
    return {
        "id": "no-pressure", "reason": "false alarms", "approved_by": "anna",
        "until": date(2027, 1, 1), **change,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"reason": ""}, "reason"),
        ({"approved_by": ""}, "approved_by"),
        ({"until": None}, "until"),
        ({"then": "allow"}, "then"),
        ({"id": "nothing"}, "which nothing that it extends contains"),
    ],
)
def test_an_override_needs_a_target_a_reason_an_approver_and_an_end(
    tmp_path: Path, change: dict[str, Any], words: str
) -> None:
    root = write(tmp_path, "root", articles=[RULE])
    top = write(tmp_path, "top", extends=[root], overrides=[override(**change)])
    with pytest.raises(ConstitutionError) as caught:
        load_constitution(top)
    assert words in str(caught.value)


def test_a_protected_article_cannot_be_overridden(tmp_path: Path) -> None:
    root = write(tmp_path, "root", articles=[{**RULE, "protected": True}])
    with pytest.raises(ConstitutionError, match="protected"):
        load_constitution(write(tmp_path, "top", extends=[root], overrides=[override()]))


def test_an_override_ends_and_then_the_original_holds_again(tmp_path: Path) -> None:
    root = write(tmp_path, "root", articles=[RULE])
    top = write(tmp_path, "top", extends=[root], overrides=[override(then="escalate")])
    articles = [a.article for a in load_constitution(top).articles]
    before = [a.then for a in articles if a.in_force(date(2026, 12, 31))]
    after = [a.then for a in articles if a.in_force(date(2027, 1, 1))]
    assert (before, after) == (["escalate"], ["deny"])


def test_an_override_that_switches_off_does_so_until_its_end_only(tmp_path: Path) -> None:
    root = write(tmp_path, "root", articles=[RULE])
    top = load_constitution(write(tmp_path, "top", extends=[root], overrides=[override()]))
    assert not any(a.article.in_force(date(2026, 12, 31)) for a in top.articles)
    assert any(a.article.in_force(date(2027, 1, 1)) for a in top.articles)


def test_the_digest_is_of_what_judges_and_nothing_else(tmp_path: Path) -> None:
    plain = load_constitution(write(tmp_path, "a", articles=[RULE])).digest
    example = {"given": {"mood.pushy": True}, "expect": "deny"}
    tested = load_constitution(write(tmp_path, "b", articles=[{**RULE, "examples": [example]}]))
    softer = load_constitution(write(tmp_path, "c", articles=[{**RULE, "then": "escalate"}]))
    assert plain == tested.digest
    assert plain != softer.digest


def test_examples_that_fail_are_told_with_what_was_given(tmp_path: Path) -> None:
    examples = [
        {"given": {"mood.pushy": True}, "expect": "deny"},
        {"given": {"mood.pushy": True}, "expect": "allow"},
        {"given": {}, "expect": "deny"},
    ]
    path = write(tmp_path, "mine", articles=[{**RULE, "examples": examples}])
    results = check_examples(load_constitution(path), CATALOGUE)
    assert [r.passed for r in results] == [True, False, False]
    assert "mood.pushy=True" in results[1].sentence
    assert results[2].got == "gap"
    assert results[2].missing == ("mood.pushy",)


def test_an_example_is_judged_as_of_its_date(tmp_path: Path) -> None:
    examples = [
        {"given": {"mood.pushy": True}, "expect": "allow", "at": "2026-12-31"},
        {"given": {"mood.pushy": True}, "expect": "deny", "at": "2027-01-01"},
        {"given": {"mood.pushy": True}, "expect": "deny", "at": "2027-06-30T22:00:00+02:00"},
        {"given": {"mood.pushy": True}, "expect": "allow", "at": "2027-07-01"},
    ]
    dates = {"effective_from": date(2027, 1, 1), "effective_until": date(2027, 7, 1)}
    path = write(tmp_path, "mine", articles=[{**RULE, **dates, "examples": examples}])
    assert all(r.passed for r in check_examples(load_constitution(path), CATALOGUE))


def test_an_example_sees_the_default_of_a_parameter_and_may_set_another(tmp_path: Path) -> None:
    examples = [
        {"given": {"mood.score": 1}, "expect": "deny"},
        {"given": {"mood.score": 0.5}, "expect": "allow"},
        {"given": {"mood.score": 0.5, "params.limit": 0}, "expect": "deny"},
    ]
    article = {**RULE, "when": "mood.score > params.limit", "examples": examples}
    limit = {"limit": {"type": "double", "default": 0.5}}
    path = write(tmp_path, "mine", articles=[article], parameters=limit)
    assert all(r.passed for r in check_examples(load_constitution(path), CATALOGUE))
    lower = {"limit": {"type": "double", "default": 0.1}}
    top = write(tmp_path, "top", extends=[path], parameters=lower)
    assert all(r.passed for r in check_examples(load_constitution(top), CATALOGUE))


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"mood.pushi": True}, "no fact"),
        ({"mood.pushy": "yes"}, "must be bool"),
        ({"mood.pushy": 1}, "must be bool"),
        ({"mood.score": True}, "must be double"),
        ({"mood.score": "0.5"}, "must be double"),
        ({"mood.score": float("nan")}, "must be double"),
        ({"judged_at": "yesterday"}, "not a date or time"),
        ({"run.actions": 1.5}, "must be int"),
        ({"jurisdiction.codes": "DE"}, "must be list(string)"),
        ({"jurisdiction.codes": [1]}, "must be string"),
    ],
)
def test_an_example_that_gives_a_wrong_fact_is_refused(
    tmp_path: Path, given: dict[str, Any], words: str
) -> None:
    examples = [{"given": given, "expect": "allow"}]
    path = write(tmp_path, "mine", articles=[{**RULE, "examples": examples}])
    with pytest.raises(ConstitutionError) as caught:
        check_examples(load_constitution(path), CATALOGUE)
    assert words in caught.value.message
    assert "no-pressure, example 1" in caught.value.message


def test_instants_in_examples_may_be_written_as_yaml_reads_them() -> None:
    whole = typed(date(2026, 11, 23), "timestamp", "x")
    assert typed("2026-11-23", "timestamp", "x") == whole
    assert typed("2026-11-23T01:00:00+01:00", "timestamp", "x") == whole
    with pytest.raises(ConstitutionError, match="time zone"):
        typed("2026-11-23T01:00:00", "timestamp", "x")


def _parameters(*names: str) -> dict[str, object]:
    from agentkit.constitution import Binding, Catalogue, Policy
    from agentkit.plugins import Plugins

    plugins = Plugins.discover()
    catalogue = Catalogue(plugins.kinds, plugins.evidence_classes.values())
    return Policy([Binding(constitutions=names)], catalogue).judges[0].parameters


def test_naming_what_a_constitution_extends_never_loosens_it() -> None:
    strict = _parameters("strict")
    assert _parameters("strict", "crm-default") == strict
    assert _parameters("crm-default", "strict") == strict
    assert strict != _parameters("crm-default")
