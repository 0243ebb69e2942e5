"""Revisers, connectors, listeners and the life cycle."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from agentkit.action import Action
from agentkit.context import Context
from agentkit.entry import Entry
from agentkit.errors import PluginError
from agentkit.hookspecs import Manifest, hookimpl
from agentkit.plugins import Plugins
from agentkit.verdict import Ruling, Verdict

CONTEXT = cast("Context", object())
ACTION = Action.create(id="0", kind="message.send", text="text 0")


def plugin(name: str = "given", **hooks: Callable[..., Any]) -> Any:
    """A plugin object made of functions that take no self."""
    body = {hook: staticmethod(hookimpl(function)) for hook, function in hooks.items()}
    body["declare"] = staticmethod(hookimpl(lambda: Manifest(name)))
    return type("Given", (), body)()


VERDICT = Verdict("0", ACTION.digest, Ruling.DENY)


def reviser(name: str, change: Callable[[Action], Any]) -> Any:
    return plugin(
        name=name,
        revise=lambda action: change(action),  # noqa: PLW0108  (the hook names it so)
    )


def test_revisers_are_handed_what_the_one_before_made() -> None:
    first = reviser("first", lambda a: a.revised(text=a.text + " one"))
    second = reviser("second", lambda a: a.revised(text=a.text + " two"))
    made = list(Plugins.of(first, second).revise(ACTION, VERDICT, CONTEXT))
    assert [(n, a.text) for n, a in made] == [
        ("first", "text 0 one"),
        ("second", "text 0 one two"),
    ]


def test_a_reviser_that_changes_nothing_or_answers_none_yields_nothing() -> None:
    idle = reviser("idle", lambda a: a.revised(text=a.text))
    silent = reviser("silent", lambda a: None)
    assert list(Plugins.of(idle, silent).revise(ACTION, VERDICT, CONTEXT)) == []


@pytest.mark.parametrize(
    "change",
    [
        lambda a: replace(a, purpose="service"),
        lambda a: replace(a, purpose="service", text="innocent"),
        lambda a: replace(a, subject="C-2"),
        lambda a: replace(a, channel="post"),
        lambda a: replace(a, kind="ticket.open"),
        lambda a: replace(a, args={**a.args, "amount": 1.0}),
        lambda a: replace(a, args={**a.args, "currency": "JPY"}),
        lambda a: replace(a, args={}),
        lambda a: replace(a, args={**a.args, "extra": "x"}),
        lambda a: replace(a, text="x" * 100_001),
        lambda a: replace(a, text=None),
        lambda a: "yes please",
        lambda a: 1 / 0,
        lambda a: exec("raise SystemExit"),  # noqa: S102
    ],
)
def test_a_reviser_that_changes_more_than_words_is_passed_over(
    change: Callable[[Action], Any],
) -> None:
    action = Action.create(
        id="9", kind="offer.set", purpose="marketing", channel="email", subject="C-1",
        text="hello", args={"amount": 5.0, "currency": "EUR", "inputs": {}},
    )  # fmt: skip
    polite = reviser("polite", lambda a: a.revised(text="kind regards"))
    made = list(Plugins.of(reviser("greedy", change), polite).revise(action, VERDICT, CONTEXT))
    assert [(n, a.text, a.args) for n, a in made] == [("polite", "kind regards", action.args)]


def test_a_reviser_may_add_the_header_that_lets_people_unsubscribe_and_not_take_it_away() -> None:
    header = {"list_unsubscribe": "<https://x.example/u>"}
    text = "hello, and to stop: https://x.example/u"
    message = Action.create(id="9", kind="message.send", subject="C-1", text=text)
    adds = reviser("adds", lambda a: replace(a, args={**a.args, **header}))
    made = list(Plugins.of(adds).revise(message, VERDICT, CONTEXT))
    assert [dict(a.args) for _, a in made] == [header]
    takes = reviser("takes", lambda a: replace(a, args={}))
    assert list(Plugins.of(takes).revise(made[0][1], VERDICT, CONTEXT)) == []


def test_a_revision_is_cleaned_of_characters_that_blind_a_judge() -> None:
    blinding = reviser("blinding", lambda a: replace(a, text="hello\0 buy now"))
    made = list(Plugins.of(blinding).revise(ACTION, VERDICT, CONTEXT))
    assert made[0][1].text == "hello buy now"


def test_connect_takes_the_one_answer_and_refuses_two() -> None:
    crm = object()
    first = plugin(name="first", connect=lambda url: crm if url[:2] == "x:" else None)
    second = plugin(name="second", connect=lambda url: object())
    assert Plugins.of(first).connect("x:") is crm
    assert Plugins.of(first).connect("y:") is None
    with pytest.raises(PluginError, match="first and second both connect"):
        Plugins.of(first, second).connect("x:")


def test_a_connector_that_fails_does_not_show_the_password_in_the_url() -> None:
    def fall(url: str) -> None:
        raise ValueError(url)

    with pytest.raises(PluginError, match="could not connect to hub") as caught:
        Plugins.of(plugin(connect=fall)).connect("hub://anna:secret@host")
    assert "secret" not in str(caught.value)


def test_a_listener_that_falls_over_stops_nobody_else_from_hearing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    heard: list[Entry] = []

    def fall(entry: Entry) -> None:
        raise SystemExit(entry.public["name"])

    deaf = plugin(name="deaf", observe=fall)
    keen = plugin(name="keen", observe=lambda entry: heard.append(entry))  # noqa: PLW0108  (as above)
    entry = Entry("note", "default", datetime(2026, 11, 23, tzinfo=UTC), public={"name": "Anna"})
    Plugins.of(deaf, keen).observe(entry)
    assert heard == [entry]
    assert "deaf" in caplog.text
    assert "Anna" not in caplog.text


def test_plugins_stop_in_reverse_order_and_one_that_falls_over_does_not_keep_the_rest() -> None:
    stopped: list[str] = []

    def fall() -> None:
        stopped.append("second")
        raise OSError

    first = plugin(name="first", stop=lambda: stopped.append("first"))
    Plugins.of(first, plugin(name="second", stop=fall)).stop()
    assert stopped == ["second", "first"]
