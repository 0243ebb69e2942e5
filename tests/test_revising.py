"""Rounds of revision: each rewrite judged, the best kept, nothing added, every round recorded."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from agentkit.action import Action
from agentkit.clock import FixedClock
from agentkit.evidence import Evidence, Finding, Unknown, fact
from agentkit.gate import Gate
from agentkit.gate.revising import grown
from agentkit.hookspecs import Manifest, hookimpl
from agentkit.testing import NOW
from agentkit.verdict import Review, Revision, Ruling
from tests.gates import article, make_gate, message, plugin

WORDS = ("hurry", "guilt", "lie")


class Said(Evidence, namespace="said", kinds=["message.send"]):
    """Which bad words a text holds, and what it claims."""

    hurry: bool
    guilt: bool
    lie: bool
    claims: tuple[str, ...] | Unknown = fact(default=(), closed=True)
    loud: bool = fact(default=False, closed=True)


def said(action: Action) -> Said:
    text = action.text
    claims = tuple(w for w in text.split() if w == "claim")
    findings = [Finding(w) for w in text.split() if w in WORDS]
    hurry, guilt, lie = (w in text for w in WORDS)
    return Said(hurry, guilt, lie, claims, "!" in text, findings=findings)


ARTICLES = "".join(article(w, f"said.{w}", "escalate", revise="true") for w in WORDS)


def without(word: str, also: str = "") -> Callable[[Action], Action]:
    return lambda a: a.revised(text=a.text.replace(word, also))


def reviser(name: str, change: Callable[[Action], Action | None], *, last: bool = False) -> Any:
    module = ModuleType(name)

    def declare() -> Manifest:
        return Manifest(name, last=last)

    def revise(action: Action, verdict: Any, context: Any) -> Action | None:
        return change(action)

    module.declare = hookimpl(declare)  # type: ignore[attr-defined]
    module.revise = hookimpl(revise)  # type: ignore[attr-defined]
    return module


def gate(tmp_path: Path, *revisers: ModuleType) -> Gate:
    says = plugin("said", said, evidence=(Said,))
    return make_gate(tmp_path, FixedClock(NOW), ARTICLES, says, *revisers)


def review(tmp_path: Path, text: str, *revisers: ModuleType) -> Review:
    return gate(tmp_path, *revisers).review(message(text))


def test_each_reviser_goes_on_from_the_best_version_so_far(tmp_path: Path) -> None:
    worse = reviser("a_worse", lambda a: a.revised(text=a.text + " lie lie lie"))
    found = review(
        tmp_path,
        "hurry or guilt",
        worse,
        reviser("b", without("hurry")),
        reviser("c", without("guilt")),
    )
    assert found.action.text == " or "
    assert found.verdict.ruling is Ruling.ALLOW
    assert [(r.plugin, r.round) for r in found.verdict.revisions] == [("b", 1), ("c", 1)]


def test_every_version_between_is_kept_with_the_articles_and_the_principle(tmp_path: Path) -> None:
    found = review(
        tmp_path, "hurry guilt", reviser("b", without("hurry")), reviser("c", without("guilt"))
    )
    (draft,) = found.drafts
    assert draft.text == " guilt"
    first, second = found.verdict.revisions
    assert (first.before, first.after) == (found.proposed.digest, draft.digest)
    assert (second.before, second.after) == (draft.digest, found.action.digest)
    assert first.articles == ("hurry", "guilt")
    assert second.articles == ("guilt",)
    assert first.principles == ("p",)


def test_there_are_at_most_three_rounds(tmp_path: Path) -> None:
    one_by_one = reviser("slow", lambda a: a.revised(text=a.text.replace("lie", "", 1)))
    found = review(tmp_path, "lie lie lie lie lie", one_by_one)
    assert [r.round for r in found.verdict.revisions] == [1, 2, 3]
    assert found.verdict.ruling is Ruling.ESCALATE
    assert found.action.text.split() == ["lie", "lie"]


def test_a_reviser_that_goes_round_in_circles_ends(tmp_path: Path) -> None:
    calls = []

    def flip(action: Action) -> Action:
        calls.append(action.text)
        other = {"hurry": "guilt", "guilt": "hurry"}
        return action.revised(text=other[action.text])

    found = review(tmp_path, "hurry", reviser("flip", flip))
    assert found.action.text == "hurry"
    assert found.verdict.revisions == ()
    assert len(calls) <= 3


@pytest.mark.parametrize(
    "change",
    [
        lambda a: a.revised(text=a.text + "!"),
        lambda a: a.revised(text="claim claim"),
        lambda a: a.revised(text="guilt"),
        lambda a: a.revised(text="hurry guilt"),
        lambda a: a.revised(text=a.text + " hurry"),
        lambda a: None,
        lambda a: 1 / 0,
    ],
)
def test_a_rewrite_that_makes_it_worse_or_adds_something_is_not_taken(
    tmp_path: Path, change: Callable[[Action], Action | None]
) -> None:
    found = review(tmp_path, "hurry claim", reviser("bad", change))
    assert found.action is found.proposed
    assert found.verdict.ruling is Ruling.ESCALATE


def test_a_claim_may_be_taken_and_never_added(tmp_path: Path) -> None:
    fewer = review(tmp_path, "hurry claim claim", reviser("r", lambda a: a.revised(text="claim")))
    assert fewer.verdict.ruling is Ruling.ALLOW
    more = review(tmp_path, "hurry claim", reviser("r", lambda a: a.revised(text="claim claim")))
    assert more.action.text == "hurry claim"


def test_who_is_last_is_asked_after_all_others(tmp_path: Path) -> None:
    asked = []

    def late(action: Action) -> None:
        asked.append(action.text)

    model = reviser("a_model", late, last=True)
    review(tmp_path, "hurry lie", model, reviser("rules", without("hurry")))
    assert asked[0] == " lie"


def test_what_no_rewrite_cures_goes_to_a_person_with_every_round(tmp_path: Path) -> None:
    found = review(tmp_path, "hurry lie", reviser("r", without("hurry")))
    assert found.verdict.ruling is Ruling.ESCALATE
    assert [f.article for f in found.verdict.fired] == ["lie"]
    assert len(found.verdict.revisions) == 1


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (("a",), ("a",), []),
        (("a", "a"), ("a",), []),
        (("a",), ("a", "a"), ["said.claims"]),
        (("a",), ("b",), ["said.claims"]),
        (Unknown("no model"), ("b",), []),
        ((), Unknown("a strange language"), ["said.claims"]),
    ],
)
def test_a_closed_fact_may_only_become_less(before: Any, after: Any, expected: list[str]) -> None:
    old = {"said": Said(False, False, False, before)}
    new = {"said": Said(False, False, False, after)}
    assert grown(new, old, [Said]) == expected


def test_a_judgement_that_follows_another_keeps_its_rewrites(tmp_path: Path) -> None:
    judged = gate(tmp_path, reviser("r", without("hurry")), reviser("s", without("guilt")))
    first = judged.review(message("hurry lie"))
    edited = first.action.revised(text="guilt")
    both = judged.review(edited).after(first)
    assert [r.plugin for r in both.verdict.revisions] == ["r", "s"]
    assert both.proposed.text == "hurry lie"
    assert [d.text for d in both.drafts] == [" lie", "guilt"]


def test_revisions_recorded_before_they_named_principles_are_read() -> None:
    assert Revision.from_json(["revise", ["x"], "d0", "d1"]) == Revision(
        "revise", ("x",), "d0", "d1"
    )
    known = Revision("revise", ("x",), "d0", "d1", ("honesty",), 2)
    assert Revision.from_json(known.to_json()) == known
