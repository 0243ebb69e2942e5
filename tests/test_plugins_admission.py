"""Who is let in, and who is not: each test shows the accident or attack that a refusal stops."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, cast

import pluggy
import pytest

from agentkit.action import Action
from agentkit.context import Context
from agentkit.errors import InvalidEvidence, PluginError
from agentkit.evidence import Evidence
from agentkit.hookspecs import Manifest, hookimpl
from agentkit.kinds import ActionKind
from agentkit.plugins import Plugins

CONTEXT = cast("Context", object())
BATCH = tuple(Action.create(id=str(i), kind="message.send") for i in range(3))


class Loyalty(Evidence, namespace="loyalty"):
    tier: str


def gold(actions: Sequence[Action]) -> list[Evidence]:
    return [Loyalty(f"gold {a.id}") for a in actions]


def plugin(
    manifest: dict[str, Any] | None = None,
    *,
    raw: dict[str, Any] | None = None,
    **hooks: Callable[..., Any] | None,
) -> Any:
    """A sound plugin, but for what a test changes: manifest fields, hooks, raw attributes."""
    declared = {"name": "loyalty", "evidence": (Loyalty,)} | (manifest or {})
    given: dict[str, Any] = {
        "examine_many": lambda actions: gold(actions),  # noqa: PLW0108  (the mark stays on it)
        "declare": lambda: Manifest(**declared),
        **hooks,
    }
    body = {hook: staticmethod(hookimpl(f)) for hook, f in given.items() if f is not None}
    return type("Given", (), body | (raw or {}))()


def refused(words: str, *plugins: Any) -> None:
    """The plugins are refused for this reason, with a hint, and speak for nobody afterwards."""
    with pytest.raises(PluginError, match=words) as caught:
        Plugins.of(*plugins)
    assert caught.value.hint
    made = Plugins.of(*plugins, strict=False)
    assert made.evidence_classes == {}
    assert made.examine_many(BATCH, CONTEXT) == [{}, {}, {}]
    assert {i.status for i in made.listing()} == {"error"}


def test_a_sound_plugin_is_let_in() -> None:
    made = Plugins.of(plugin())
    assert made.evidence_classes == {"loyalty": Loyalty}
    info = made.listing()[0]
    assert (info.name, info.ok, info.hooks) == ("loyalty", True, ("declare", "examine_many"))


# -- hooks ------------------------------------------------------------------------------------


@pytest.mark.parametrize("hook", ["examine_many", "examine", "revise", "declare"])
@pytest.mark.parametrize("new", [True, False])
def test_a_wrapper_of_any_form_is_refused(hook: str, new: bool) -> None:
    def wrap() -> Any:
        result = yield
        return result

    mark = hookimpl(wrapper=new, hookwrapper=not new)
    changed = {"examine_many": None} if hook == "examine" else {}
    refused(f"wraps {hook}", plugin(raw={hook: staticmethod(mark(wrap))}, **changed))


@pytest.mark.parametrize("option", ["wrapper", "hookwrapper"])
def test_a_wrapper_marked_by_hand_is_refused(option: str) -> None:
    def wrap() -> Any:
        yield

    wrap.agentkit_impl = {option: True}  # type: ignore[attr-defined]
    refused("wraps", plugin(raw={"examine_many": staticmethod(wrap)}))


def test_a_misspelt_hook_is_refused_instead_of_never_being_called() -> None:
    refused("examin_many", plugin(examin_many=lambda actions: []))


def test_a_misspelt_hook_cannot_hide_behind_optionalhook() -> None:
    hidden: Any = staticmethod(hookimpl(lambda actions: [], optionalhook=True))
    refused("examin as optional", plugin(raw={"examin": hidden}))
    refused("examine_many as optional", plugin(raw={"examine_many": hidden}))


def test_a_hook_without_its_mark_is_refused_instead_of_never_being_called() -> None:
    refused("not marked", plugin(examine_many=None, raw={"examine_many": staticmethod(gold)}))


def test_a_hook_with_an_argument_of_another_name_is_refused() -> None:
    refused("does not fit the hooks", plugin(examine_many=lambda messages: []))


def test_two_implementations_of_one_hook_in_one_plugin_are_refused() -> None:
    again: Any = staticmethod(hookimpl(lambda actions: [], specname="examine_many"))
    refused("more than once", plugin(raw={"again": again}))


def test_examine_and_examine_many_together_are_refused() -> None:
    refused("both", plugin(examine=lambda action: Loyalty("gold")))


def test_generators_are_refused_because_their_bodies_never_run() -> None:
    def one_by_one(actions: Any) -> Iterator[Evidence]:
        yield from gold(actions)

    async def one_by_one_later(actions: Any) -> Any:
        yield gold(actions)

    refused("is a generator", plugin(examine_many=one_by_one))
    refused("is a generator", plugin(examine_many=one_by_one_later))


@pytest.mark.parametrize("hook", ["declare", "revise", "connect", "observe", "start", "stop"])
def test_an_async_hook_that_nobody_awaits_is_refused(hook: str) -> None:
    async def later() -> None:
        raise AssertionError

    refused(f"{hook} of .* is async", plugin(None, raw=None, **cast("Any", {hook: later})))


# -- manifests --------------------------------------------------------------------------------


def test_a_plugin_that_declares_nothing_is_refused() -> None:
    refused("declares nothing", plugin(declare=None))
    refused("declares nothing", ModuleType("empty"))


@pytest.mark.parametrize("nonsense", [None, "loyalty", {}, Manifest, type("Manifest", (), {})()])
def test_nonsense_from_declare_is_refused(nonsense: object) -> None:
    refused("no Manifest", plugin(declare=lambda: nonsense))


@pytest.mark.parametrize("error", [ValueError, SystemExit, BaseException])
def test_a_declare_that_falls_over_is_refused(error: type[BaseException]) -> None:
    def fall() -> Manifest:
        raise error("anna@example.com")

    refused(f"failed: {error.__name__}", plugin(declare=fall))


@pytest.mark.parametrize("api", [0, 2, "1", None])
def test_another_version_of_the_api_is_refused(api: Any) -> None:
    refused("is written for API", plugin({"api": api, "evidence": "of another shape"}))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("name", ""), ("name", "two words"), ("name", None), ("version", 1),
        ("evidence", [Loyalty]), ("evidence", (Loyalty("gold"),)), ("evidence", (int,)),
        ("evidence", Loyalty), ("kinds", ("message.send",)), ("heads", {"mood": "mood.onnx"}),
        ("constitutions", {1: Path()}), ("decisions", {"a/b": 1}), ("settings", dict),
        ("deadline", 0), ("deadline", float("nan")), ("deadline", float("inf")),
        ("deadline", True), ("deadline", "2"), ("isolation", "thread"), ("isolation", None),
    ],
)  # fmt: skip
def test_a_manifest_field_of_a_wrong_shape_is_refused(name: str, value: Any) -> None:
    refused("is wrong", plugin({name: value}))


def test_evidence_without_a_hook_and_a_hook_without_evidence_are_refused() -> None:
    refused("never examines", plugin(examine_many=None))
    refused("declares no evidence", plugin({"evidence": ()}))


# -- namespaces -------------------------------------------------------------------------------


def speaking(namespace: str) -> type[Evidence]:
    class Spoken(Evidence, namespace=namespace):
        word: str

    return Spoken


@pytest.mark.parametrize(
    "namespace",
    ["action", "agent", "contact", "deal", "ticket", "product", "args", "jurisdiction", "run",
     "params", "judged_at"],
)  # fmt: skip
def test_a_namespace_of_the_core_is_refused(namespace: str) -> None:
    refused("core's own", plugin({"evidence": (speaking(namespace),)}))


@pytest.mark.parametrize("namespace", ["in", "true", "string", "timestamp", "null"])
def test_a_namespace_that_the_expression_language_keeps_is_refused(namespace: str) -> None:
    refused("no expression can read", plugin({"evidence": (speaking(namespace),)}))


def test_evidence_that_changes_how_its_facts_are_read_is_refused() -> None:
    class Forger(Evidence, namespace="forger"):
        word: str

        def facts(self) -> dict[str, Any]:
            return {"consent.status": "granted"}

    refused("changes how facts are read", plugin({"evidence": (Forger,)}))


def test_evidence_whose_fields_were_renamed_into_another_namespace_is_refused() -> None:
    forged = speaking("forger")
    forged.fields = Loyalty.fields
    refused("changes how facts are read", plugin({"evidence": (forged,)}))


def test_the_base_class_itself_is_no_evidence() -> None:
    refused("core's own|no expression|changes|not declared", plugin({"evidence": (Evidence,)}))


def test_one_namespace_twice_in_one_plugin_is_refused() -> None:
    refused("one namespace", plugin({"evidence": (Loyalty, speaking("loyalty"))}))
    with pytest.raises(InvalidEvidence):
        speaking("two words")


def test_two_plugins_that_claim_one_namespace_are_both_refused_in_either_order() -> None:
    first, second = plugin(), plugin({"name": "other"})
    refused("'loyalty' .*also claimed by", first, second)
    refused("'loyalty' .*also claimed by", second, first)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("kinds", (ActionKind("gift.send"),)),
        ("heads", {"mood": Path("mood.onnx")}),
        ("constitutions", {"house": Path("house.yaml")}),
        ("decisions", {"scoring/lead.score": lambda action, person: {}}),
    ],
)
def test_nothing_that_one_plugin_brings_can_be_replaced_by_another(field: str, value: Any) -> None:
    def bringer(name: str) -> Any:
        return plugin({"name": name, "evidence": (), field: value}, examine_many=None)

    assert Plugins.of(bringer("first"), plugin()).evidence_classes
    refused("also claimed by", bringer("first"), bringer("second"))


def test_a_plugin_given_twice_is_refused() -> None:
    refused("given twice", plugin({"evidence": ()}, examine_many=None),
            plugin({"evidence": ()}, examine_many=None))  # fmt: skip


def test_a_contested_namespace_leaves_the_other_plugins_in_peace() -> None:
    calm = plugin({"name": "calm", "evidence": (speaking("calm"),)})
    made = Plugins.of(plugin(), plugin({"name": "other"}), calm, strict=False)
    assert set(made.evidence_classes) == {"calm"}


def test_a_built_in_action_kind_cannot_be_made_harmless() -> None:
    harmless = ActionKind("message.send", version=2, reads=True)
    refused("redefines the built-in kind", plugin({"kinds": (harmless,)}))
    assert Plugins.of().kinds.get("message.send").outbound


def test_kinds_of_plugins_stand_beside_the_built_in_ones() -> None:
    gift = ActionKind("gift.send", outbound=True)
    assert Plugins.of(plugin({"kinds": (gift,)})).kinds.get("gift.send") == gift


def test_an_object_cannot_be_isolated_and_an_isolated_plugin_cannot_connect() -> None:
    refused("is an object", plugin({"isolation": "process"}))
    refused("cannot implement connect", plugin({"isolation": "process"}, connect=lambda url: None))


# -- nobody comes in late ---------------------------------------------------------------------


def test_a_late_registration_is_refused_and_one_behind_our_back_is_not_asked() -> None:
    plugins = Plugins.of(plugin())
    late = plugin(examine_many=lambda actions: [Loyalty("forged")] * 3)
    with pytest.raises(PluginError, match="too late"):
        plugins.manager.register(late, "late")
    pluggy.PluginManager.register(plugins.manager, late, "late")
    rows = plugins.examine_many(BATCH, CONTEXT)
    assert [r["loyalty"] for r in rows] == [Loyalty(f"gold {i}") for i in range(3)]


@pytest.mark.parametrize("new", [True, False])
def test_a_wrapper_registered_late_cannot_erase_the_answers(new: bool) -> None:
    class Eraser:
        @hookimpl(wrapper=new, hookwrapper=not new)
        def examine_many(self) -> Any:
            result = yield
            if hasattr(result, "force_result"):
                result.force_result([])
            return []

    plugins = Plugins.of(plugin())
    pluggy.PluginManager.register(plugins.manager, Eraser())
    assert plugins.manager.hook.examine_many(actions=BATCH, context=CONTEXT) == []  # the accident
    rows = plugins.examine_many(BATCH, CONTEXT)
    assert [r["loyalty"] for r in rows] == [Loyalty(f"gold {i}") for i in range(3)]


def test_an_implementation_that_is_swapped_after_discovery_is_not_called() -> None:
    given = plugin()
    plugins = Plugins.of(given)
    type(given).examine_many = staticmethod(lambda actions, context: [Loyalty("forged")] * 3)
    assert plugins.examine_many(BATCH, CONTEXT)[0]["loyalty"] == Loyalty("gold 0")
