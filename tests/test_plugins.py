"""What is believed of a plugin's answer, and what happens to everything else."""

from __future__ import annotations

import asyncio
import re
import sys
import threading
from collections.abc import Callable, Sequence
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentkit.action import Action
from agentkit.context import Context
from agentkit.evidence import Evidence, Failed, Finding
from agentkit.hookspecs import Manifest, hookimpl
from agentkit.plugins import Plugins

CONTEXT = cast("Context", object())
BATCH = tuple(Action.create(id=str(i), kind="message.send", text=f"text {i}") for i in range(3))


class Loyalty(Evidence, namespace="loyalty"):
    tier: str


class Mood(Evidence, namespace="mood"):
    tone: str


class Score(Evidence, namespace="score", kinds=["lead.score"]):
    value: float


def plugin(
    examine_many: Callable[..., Any] | None = None,
    *,
    one: Callable[..., Any] | None = None,
    hooks: dict[str, Callable[..., Any]] | None = None,
    **manifest: Any,
) -> Any:
    """A plugin object made of functions that take no self."""
    fields = {"name": "loyalty", "evidence": (Loyalty,) if examine_many or one else ()} | manifest
    given = {"examine_many": examine_many, "examine": one, **(hooks or {})}
    body: dict[str, Any] = {
        name: staticmethod(hookimpl(function)) for name, function in given.items() if function
    }
    body["declare"] = staticmethod(hookimpl(lambda: Manifest(**fields)))
    return type("Given", (), body)()


def gold(actions: Sequence[Action], context: Context) -> list[Evidence]:
    return [Loyalty(f"gold {a.id}") for a in actions]


def ask(*plugins: Any, actions: Sequence[Action] = BATCH) -> list[dict[str, Any]]:
    return list(Plugins.of(*plugins).examine_many(actions, CONTEXT))


def gaps(rows: list[dict[str, Any]], namespace: str = "loyalty") -> list[tuple[str, str]]:
    """(kind, reason) of each row; fails where a row holds evidence."""
    assert all(type(row[namespace]) is Failed for row in rows), rows
    return [(row[namespace].kind, row[namespace].reason) for row in rows]


def only(kind: str, words: str, rows: list[dict[str, Any]]) -> None:
    for got, reason in gaps(rows):
        assert got == kind
        assert re.search(words, reason), reason


# -- honest plugins ---------------------------------------------------------------------------


def test_each_action_gets_its_own_answer_in_the_order_of_the_batch() -> None:
    assert [r["loyalty"] for r in ask(plugin(gold))] == [Loyalty(f"gold {i}") for i in range(3)]


def test_examine_is_sugar_over_examine_many() -> None:
    sugar = plugin(one=lambda action, context: Loyalty(f"gold {action.id}"))
    assert ask(sugar) == ask(plugin(gold))


def test_an_implementation_may_take_fewer_arguments_or_another_order() -> None:
    assert ask(plugin(lambda actions: gold(actions, CONTEXT))) == ask(plugin(gold))
    assert ask(plugin(lambda context, actions: gold(actions, context))) == ask(plugin(gold))


def test_a_plugin_is_asked_only_about_actions_in_the_scope_of_its_evidence() -> None:
    seen: list[str] = []

    def scores(actions: Sequence[Action]) -> list[Evidence]:
        seen.extend(a.id for a in actions)
        return [Score(0.5) for _ in actions]

    mixed = (BATCH[0], Action.create(id="s", kind="lead.score"), BATCH[1])
    rows = ask(plugin(scores, evidence=(Score,)), actions=mixed)
    assert seen == ["s"]
    assert rows == [{}, {"score": Score(0.5)}, {}]


def test_a_plugin_of_several_classes_answers_with_a_tuple_each_in_its_scope() -> None:
    both = (Mood("calm"), Loyalty("gold"), Score(0.1))
    rows = ask(
        plugin(lambda actions: [both for _ in actions], evidence=(Loyalty, Mood, Score)),
    )
    assert rows == [{"loyalty": Loyalty("gold"), "mood": Mood("calm")}] * 3


def test_a_plugin_that_says_it_failed_is_taken_at_its_word() -> None:
    rows = ask(plugin(lambda actions: [Failed("service down", "timeout")] * len(actions)))
    assert gaps(rows) == [("timeout", "service down")] * 3


def test_an_empty_batch_asks_nobody() -> None:
    assert ask(plugin(lambda actions: 1 / 0), actions=()) == []


# -- what is not an answer --------------------------------------------------------------------


@pytest.mark.parametrize("nonsense", [None, "yes please", True, 7, {"0": 1}, {1, 2}, iter([])])
def test_an_answer_that_is_no_list_is_a_gap_for_every_action(nonsense: object) -> None:
    only("invalid", "no list", ask(plugin(lambda actions: nonsense)))


@pytest.mark.parametrize("nonsense", [None, "yes please", True, Loyalty, object(), (1, 2), []])
def test_an_answer_of_another_type_is_a_gap_of_that_action_alone(nonsense: object) -> None:
    rows = ask(plugin(lambda actions: [nonsense, *gold(actions[1:], CONTEXT)]))
    only("invalid", "no evidence", rows[:1])
    assert rows[1]["loyalty"] == Loyalty("gold 1")


@pytest.mark.parametrize("count", [0, 1, 2, 4])
def test_a_wrong_number_of_answers_shifts_nobodys_evidence_to_another_action(count: int) -> None:
    rows = ask(plugin(lambda actions: [Loyalty("gold")] * count))
    only("invalid", f"gave {count} answers to 3", rows)


@given(st.lists(st.sampled_from([Loyalty("gold"), Mood("calm"), None, "yes", Failed("no"), ()])))
def test_whatever_a_plugin_answers_every_action_gets_evidence_of_the_declared_class_or_a_gap(
    answers: list[Any],
) -> None:
    for row in ask(plugin(lambda actions: answers)):
        assert row.keys() == {"loyalty"}
        assert type(row["loyalty"]) in (Loyalty, Failed)


def test_evidence_of_a_class_that_was_not_declared_is_refused() -> None:
    only(
        "invalid",
        "'mood', which it did not declare",
        ask(plugin(lambda actions: [Mood("calm")] * 3)),
    )


def test_a_subclass_that_could_lie_about_its_facts_is_not_the_declared_class() -> None:
    class Liar(Loyalty, namespace="loyalty"):
        def facts(self) -> dict[str, Any]:
            return {"consent.status": "granted"}

    only("invalid", "did not declare", ask(plugin(lambda actions: [Liar("gold")] * 3)))


def test_evidence_in_another_plugins_namespace_does_not_replace_what_its_owner_says() -> None:
    forger = plugin(
        lambda actions: [(Mood("calm"), Loyalty("forged")) for _ in actions],
        name="mood",
        evidence=(Mood,),
    )
    for first, second in ((plugin(gold), forger), (forger, plugin(gold))):
        rows = ask(first, second)
        assert [r["loyalty"] for r in rows] == [Loyalty(f"gold {i}") for i in range(3)]
        assert {r["mood"].kind for r in rows} == {"invalid"}


def test_two_answers_of_one_class_are_no_answer() -> None:
    twice = (Loyalty("gold"), Loyalty("none"))
    rows = ask(plugin(lambda actions: [twice] * 3, evidence=(Loyalty, Mood)))
    only("invalid", "answered twice", rows)


def test_a_class_that_is_owed_and_missing_is_a_gap_beside_the_one_that_came() -> None:
    rows = ask(plugin(lambda actions: [(Loyalty("gold"),)] * 3, evidence=(Loyalty, Mood)))
    assert rows[0]["loyalty"] == Loyalty("gold")
    assert rows[0]["mood"].kind == "invalid"


def test_evidence_that_bypassed_its_constructor_is_refused() -> None:
    hollow = object.__new__(Loyalty)
    only("invalid", "findings", ask(plugin(lambda actions: [hollow] * 3)))


def test_findings_that_are_none_are_refused_and_real_ones_kept() -> None:
    bad = Loyalty("gold", findings=cast("Any", ["hello"]))
    good = Loyalty("gold", findings=[Finding("seen")])
    rows = ask(plugin(lambda actions: [bad, good, good]))
    only("invalid", "findings", rows[:1])
    assert rows[1]["loyalty"] is good


@pytest.mark.parametrize("kind", ["not_installed", "erased", "nonsense", [], None])
def test_a_plugin_cannot_name_a_kind_of_gap_that_is_the_cores_to_name(kind: Any) -> None:
    assert gaps(ask(plugin(lambda actions: [Failed("x", kind)] * 3))) == [("failed", "x")] * 3


def test_a_generator_or_coroutine_returned_instead_of_a_list_is_refused_without_a_warning() -> None:
    async def later() -> list[Evidence]:
        return [Loyalty("gold")] * 3

    only("invalid", "async def", ask(plugin(lambda actions: later())))
    only("invalid", "generator", ask(plugin(lambda actions: (Loyalty("gold") for _ in actions))))
    only("invalid", "async def", ask(plugin(lambda actions: [later() for _ in actions])))
    only("invalid", "gave 4", ask(plugin(lambda actions: [later() for _ in range(4)])))


# -- plugins that fall over -------------------------------------------------------------------


class Odd(BaseException):
    """Derived from neither Exception nor anything that callers catch."""


@pytest.mark.parametrize("error", [ValueError, SystemExit, Odd, GeneratorExit, RecursionError,
                                   asyncio.CancelledError])  # fmt: skip
@pytest.mark.parametrize("form", ["many", "one", "async many", "async one"])
def test_a_plugin_that_raises_leaves_a_gap_and_the_others_are_asked(
    error: type[BaseException], form: str
) -> None:
    def fall(*_: Any) -> Any:
        raise error("anna@example.com")

    async def fall_later(*_: Any) -> Any:
        await asyncio.sleep(0)
        raise error("anna@example.com")

    function = fall_later if "async" in form else fall
    many: Any = (lambda actions: function()) if form == "many" else None
    one: Any = (lambda action: function()) if form == "one" else None
    if form == "async many":

        async def many(actions: Any) -> Any:
            return await function()

    if form == "async one":

        async def one(action: Any) -> Any:
            return await function()

    calm = plugin(lambda actions: [Mood("calm")] * 3, name="mood", evidence=(Mood,))
    rows = ask(plugin(many, one=one), calm)
    only("failed", f"loyalty raised {error.__name__} at test_plugins.py", rows)
    assert all("anna" not in reason for _, reason in gaps(rows))
    assert {r["mood"] for r in rows} == {Mood("calm")}


def test_ctrl_c_is_the_operators_and_is_not_swallowed() -> None:
    def interrupted(actions: Any) -> Any:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ask(plugin(interrupted))


def test_examine_that_raises_for_one_action_leaves_the_others_their_evidence() -> None:
    def second_falls(action: Action) -> Evidence:
        if action.id == "1":
            raise ValueError
        return Loyalty("gold")

    rows = ask(plugin(one=second_falls))
    assert rows[0]["loyalty"] == rows[2]["loyalty"] == Loyalty("gold")
    assert rows[1]["loyalty"].kind == "failed"


def test_a_plugin_cannot_reorder_or_empty_the_batch_of_the_next_one() -> None:
    def vandal(actions: Any) -> list[Evidence]:
        with pytest.raises(AttributeError):
            actions.clear()
        return [Mood("calm")] * 3

    rows = ask(plugin(vandal, name="mood", evidence=(Mood,)), plugin(gold))
    assert [r["loyalty"] for r in rows] == [Loyalty(f"gold {i}") for i in range(3)]


# -- await and deadlines ----------------------------------------------------------------------


async def gold_later(actions: Sequence[Action], context: Context) -> list[Evidence]:
    await asyncio.sleep(0)
    return gold(actions, context)


def test_an_async_plugin_is_asked_from_synchronous_code() -> None:
    assert ask(plugin(gold_later)) == ask(plugin(gold))


async def test_synchronous_code_inside_a_running_loop_gets_its_answers_too() -> None:
    assert ask(plugin(gold_later)) == ask(plugin(gold))


async def test_aexamine_many_asks_in_the_callers_loop() -> None:
    loops: list[object] = []

    async def where(actions: Sequence[Action]) -> list[Evidence]:
        loops.append(asyncio.get_running_loop())
        return gold(actions, CONTEXT)

    sync = plugin(lambda actions: [Mood("calm")] * 3, name="mood", evidence=(Mood,))
    rows = await Plugins.of(plugin(where), sync).aexamine_many(BATCH, CONTEXT)
    assert loops == [asyncio.get_running_loop()]
    assert rows[2] == {"loyalty": Loyalty("gold 2"), "mood": Mood("calm")}


async def test_async_plugins_wait_side_by_side() -> None:
    meet = asyncio.Barrier(2)

    async def first(actions: Any) -> Any:
        await meet.wait()
        return gold(actions, CONTEXT)

    async def second(actions: Any) -> Any:
        await meet.wait()
        return [Mood("calm")] * 3

    other = plugin(second, name="mood", evidence=(Mood,))
    rows = await Plugins.of(plugin(first), other).aexamine_many(BATCH, CONTEXT)
    assert all(type(v) is not Failed for row in rows for v in row.values())


def test_inline_plugins_run_in_the_callers_thread() -> None:
    threads: list[int] = []

    def where(actions: Sequence[Action]) -> list[Evidence]:
        threads.append(threading.get_ident())
        return gold(actions, CONTEXT)

    ask(plugin(where))
    assert threads == [threading.get_ident()]


def test_a_hanging_async_plugin_is_cut_off_at_its_deadline() -> None:
    async def hang(actions: Any) -> Any:
        await asyncio.Event().wait()

    only("timeout", "longer than 0.05 s", ask(plugin(hang, deadline=0.05)))


def test_an_async_plugin_that_swallows_its_cancellation_is_left_behind() -> None:
    async def stubborn(actions: Any) -> Any:
        for _ in range(1000):
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                continue

    only("timeout", "longer than", ask(plugin(stubborn, deadline=0.05)))


def test_of_async_examine_the_actions_that_were_ready_keep_their_evidence() -> None:
    async def one_hangs(action: Action) -> Evidence:
        if action.id == "1":
            await asyncio.Event().wait()
        return Loyalty("gold")

    rows = ask(plugin(one=one_hangs, deadline=0.1))
    assert rows[0]["loyalty"] == rows[2]["loyalty"] == Loyalty("gold")
    assert rows[1]["loyalty"].kind == "timeout"


async def test_a_caller_who_gives_up_takes_the_plugins_tasks_along() -> None:
    cancelled: list[bool] = []

    async def patient(actions: Any) -> Any:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.append(True)
            raise

    plugins = Plugins.of(plugin(patient, deadline=60))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(plugins.aexamine_many(BATCH, CONTEXT), 0.05)
    assert cancelled == [True]


# -- nobody there -----------------------------------------------------------------------------


def test_without_any_plugin_a_policy_that_reads_evidence_meets_gaps_not_silence() -> None:
    rows = Plugins.of().examine_many(BATCH, CONTEXT, required=["consent"])
    assert {r["consent"].kind for r in rows} == {"not_installed"}  # type: ignore[union-attr]


async def test_a_required_namespace_that_a_plugin_provides_is_that_plugins_to_answer() -> None:
    rows = await Plugins.of(plugin(gold)).aexamine_many(BATCH, CONTEXT, required=["loyalty"])
    assert rows[0]["loyalty"] == Loyalty("gold 0")


def test_the_gap_of_a_refused_plugin_names_it() -> None:
    plugins = Plugins.of(plugin(gold, api=99), strict=False)
    assert "Given" in plugins.absent("loyalty").reason


def test_a_plugin_that_does_not_start_owes_gaps_from_then_on() -> None:
    def fall(settings: Any) -> None:
        raise ValueError("no model")

    plugins = Plugins.of(plugin(gold, hooks={"start": fall}))
    plugins.start()
    only("failed", "did not start", list(plugins.examine_many(BATCH, CONTEXT)))
    assert plugins.listing()[0].status == "error"


def test_the_happy_path_calls_no_function_of_ours_for_each_action() -> None:
    answers = [Loyalty("gold")] * 1000
    plugins = Plugins.of(plugin(lambda actions: answers))
    calls: list[str] = []
    batch = [BATCH[0]] * 1000
    sys.setprofile(lambda frame, event, _: calls.append(event) if event == "call" else None)
    try:
        plugins.examine_many(batch, CONTEXT)
    finally:
        sys.setprofile(None)
    assert len(calls) < 100
