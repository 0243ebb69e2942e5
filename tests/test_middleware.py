from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.tools import StructuredTool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command

from agentkit.action import Sender
from agentkit.agents import EthicsMiddleware
from agentkit.agents.asking import Asked, Asker, read_request, repeats, tool_call
from agentkit.clock import FixedClock
from agentkit.errors import ConfigError
from agentkit.store import Store
from tests.agents import (
    DANGER,
    HARMLESS,
    HELLO,
    RAN,
    DiesAfterTool,
    Killed,
    Turn,
    actions,
    agent_of,
    answers,
    config,
    dangerous,
    get_note,
    get_secret,
    harmless,
    kept,
    make_agents_world,
    only,
    said,
    send_message,
)
from tests.worlds import SUPERVISOR, World


@pytest.fixture(autouse=True)
def _nothing_ran() -> None:
    RAN.clear()


@pytest.fixture
def world(store: Store, clock: FixedClock, tmp_path: Path) -> World:
    return make_agents_world(store, clock, tmp_path)


# Proposing


def test_a_mapped_tool_becomes_a_proposal_and_never_runs(world: World) -> None:
    agent = agent_of(world, [[HELLO], "ok"], [send_message])
    (answer,) = answers(agent.invoke(said(), config()))
    assert (answer.status, answer.name, RAN) == ("success", "send_message", [])
    assert "Allowed" in answer.text
    assert world.rows("select agent, run, person from actions") == [("helper", "t1", "c1")]
    assert world.advance(only(world)).state == "performed"


def test_a_denied_proposal_is_an_error_with_its_reason(world: World) -> None:
    call = ("send_message", {"contact": "c1", "text": "x" * 300})
    (answer,) = answers(agent_of(world, [[call], "ok"], [send_message]).invoke(said(), config()))
    assert answer.status == "error"
    assert "Denied" in answer.text
    assert "of message.send" in answer.text


@pytest.mark.parametrize(
    ("args", "what"),
    [({"contact": "c1"}, "text"), ({"contact": "", "text": "hello"}, "subject"),
     ({"contact": "c1", "text": ["no"]}, "text")],
)  # fmt: skip
def test_a_call_that_nobody_can_judge_tells_the_model_what_is_wrong(
    world: World, args: dict[str, Any], what: str
) -> None:
    agent = agent_of(world, [[("send_message", args)], "ok"], [send_message])
    (answer,) = answers(agent.invoke(said(), config()))
    assert (answer.status, RAN, actions(world)) == ("error", [], [])
    assert what in answer.text


def test_a_builder_that_misses_an_argument_tells_the_model_which(world: World) -> None:
    agent = agent_of(
        world, [[HARMLESS], "ok"], [harmless],
        tools={"harmless": lambda args: {"kind": "message.send", "subject": args["contact"]}},
    )  # fmt: skip
    (answer,) = answers(agent.invoke(said(), config()))
    assert (answer.status, actions(world)) == ("error", [])
    assert "needs the argument 'contact'" in answer.text


def test_a_node_that_is_executed_twice_proposes_one_action(world: World) -> None:
    agent = agent_of(
        world, [[HELLO], "ok"], [send_message], checkpointer=InMemorySaver(),
        outer=[DiesAfterTool()],
    )  # fmt: skip
    with pytest.raises(Killed):
        agent.invoke(said(), config())
    (answer,) = answers(agent.invoke(None, config()))
    assert "Allowed" in answer.text
    assert world.kinds(only(world)) == ["proposed", "judged"]


def test_a_call_id_that_comes_again_with_another_content_is_refused(world: World) -> None:
    agent_of(world, [[HELLO], "ok"], [send_message]).invoke(said(), config())
    other = ("send_message", {"contact": "c1", "text": "something else"})
    agent = agent_of(world, [[other], "ok"], [send_message])
    (answer,) = answers(agent.invoke(said(), config()))
    assert answer.status == "error"
    assert "another content" in answer.text
    assert kept(world, only(world)).action.text == "hello"


def test_without_a_thread_two_runs_with_the_same_call_ids_are_two_actions(world: World) -> None:
    for _ in range(2):
        agent_of(world, [[HELLO], "ok"], [send_message]).invoke(said())
    assert len(actions(world)) == 2


def test_what_the_agent_read_is_observed_and_what_the_gate_said_is_not(world: World) -> None:
    script: list[Turn] = [[("get_note", {"contact": "c1"})], [HARMLESS], [HELLO], "ok"]
    agent = agent_of(world, script, [get_note, harmless, send_message], reads={"get_note"})
    agent.invoke(said("write to c1"), config())
    (action,) = [a for a, kind, _ in actions(world) if kind == "message.send"]
    judged = kept(world, action).action
    assert judged.request == "write to c1"
    assert [(o.source, o.text) for o in judged.observations] == [("get_note", "c1 likes tea")]


def test_a_read_is_answered_and_one_that_is_not_allowed_never_runs(world: World) -> None:
    script: list[Turn] = [[("get_note", {"contact": "c1"}), ("get_secret", {})], "ok"]
    agent = agent_of(world, script, [get_note, get_secret], reads={"get_note", "get_secret"})
    note, secret = answers(agent.invoke(said(), config()))
    assert (note.text, RAN) == ("c1 likes tea", ["read"])
    assert (secret.status, actions(world)) == ("error", [])
    assert "of record.read" in secret.text


def test_an_unmapped_tool_is_proposed_and_never_runs(world: World) -> None:
    agent = agent_of(world, [[DANGER, HARMLESS], "ok"], [dangerous, harmless])
    agent.invoke(said(), config())
    assert sorted((k, s) for _, k, s in actions(world)) == [
        ("tool.call", "allowed"), ("tool.call", "escalated"),
    ]  # fmt: skip
    for action, _, state in actions(world):
        if state == "escalated":
            world.approve(action)
    world.pipeline.run_due()
    assert RAN == []


def test_a_tool_that_does_not_exist_bothers_nobody(world: World) -> None:
    agent = agent_of(world, [[("no_such_tool", {})], "ok"], [harmless])
    (answer,) = answers(agent.invoke(said(), config()))
    assert (answer.status, actions(world)) == ("error", [])
    assert "no tool 'no_such_tool'" in answer.text


def test_asking_again_for_what_waits_opens_no_second_case(world: World) -> None:
    sms = ("send_message", {"contact": "c1", "text": "hi", "channel": "sms"})
    agent = agent_of(world, [[sms], [sms], "ok"], [send_message])
    first, second = answers(agent.invoke(said(), config()))
    assert first.artifact["agentkit"] == second.artifact["agentkit"]
    assert len(world.rows("select id from cases")) == 1


def test_the_agent_hears_why_a_person_rejected_its_proposal(world: World) -> None:
    sms = ("send_message", {"contact": "c1", "text": "hi", "channel": "sms"})
    agent = agent_of(
        world, [[sms], "ok"], [send_message], checkpointer=InMemorySaver(), interrupt=True
    )
    agent.invoke(said(), config())
    case, digest = world.case_of(only(world))
    world.desk.reject(case, SUPERVISOR, digest, "call her instead")
    (answer,) = answers(agent.invoke(Command(resume=True), config()))
    assert answer.status == "error"
    assert "call her instead" in answer.text


# Settings that would open the gate


def test_a_mode_that_does_not_exist_is_refused(world: World) -> None:
    with pytest.raises(ConfigError, match="no mode 'governed'"):
        EthicsMiddleware(world.pipeline, "helper", mode="governed")  # type: ignore[arg-type]


def test_a_tool_cannot_act_and_only_read(world: World) -> None:
    with pytest.raises(ConfigError, match="send_message"):
        EthicsMiddleware(world.pipeline, "helper", reads={"send_message"})


def test_a_governed_agent_needs_a_thread_id(world: World) -> None:
    agent = agent_of(world, [[HARMLESS], "ok"], [harmless], mode="govern")
    with pytest.raises(ConfigError, match="thread id"):
        agent.invoke(said())
    assert (RAN, actions(world)) == ([], [])


def test_interrupting_without_a_checkpointer_is_refused(world: World) -> None:
    agent = agent_of(world, [[DANGER], "ok"], [dangerous], mode="govern", interrupt=True)
    with pytest.raises(ConfigError, match="checkpointer"):
        agent.invoke(said(), config())
    assert (RAN, actions(world)) == ([], [])


# In an event loop


async def aharmless(what: str) -> str:
    """Wait and do."""
    await asyncio.sleep(0)
    RAN.append(what)
    return f"awaited {what}"


async def test_a_governed_tool_is_awaited_once_in_the_agents_loop(world: World) -> None:
    slow = StructuredTool.from_function(coroutine=aharmless, name="aharmless")
    agent = agent_of(world, [[("aharmless", {"what": "y"})], "ok"], [slow], mode="govern")
    (answer,) = answers(await agent.ainvoke(said(), config()))
    assert (answer.text, RAN) == ("awaited y", ["y"])
    assert world.state(only(world)) == "performed"


async def test_awaited_proposals_and_reads_are_judged_the_same_way(world: World) -> None:
    script: list[Turn] = [
        [("get_note", {"contact": "c1"}), ("get_secret", {}), HELLO, ("nothing", {})],
        "ok",
    ]
    agent = agent_of(
        world, script, [get_note, get_secret, send_message], reads={"get_note", "get_secret"}
    )
    result = answers(await agent.ainvoke(said(), config()))
    assert [m.status for m in result] == ["success", "error", "success", "error"]
    assert RAN == ["read"]
    assert world.state(only(world)) == "allowed"


async def test_an_awaited_run_pauses_and_two_resumers_run_the_tool_once(world: World) -> None:
    agent = agent_of(
        world, [[DANGER], "ok", "ok"], [dangerous], mode="govern", interrupt=True,
        checkpointer=InMemorySaver(),
    )  # fmt: skip
    paused = await agent.ainvoke(said(), config())
    world.approve(paused["__interrupt__"][0].value["action"])
    await asyncio.gather(*(agent.ainvoke(Command(resume=True), config()) for _ in range(2)))
    assert (RAN, world.effects()) == (["x"], 1)


async def test_an_awaited_run_needs_a_thread_and_a_checkpointer_too(world: World) -> None:
    with pytest.raises(ConfigError, match="thread id"):
        await agent_of(world, [[HARMLESS]], [harmless], mode="govern").ainvoke(said())
    with pytest.raises(ConfigError, match="checkpointer"):
        await agent_of(world, [[HARMLESS]], [harmless], interrupt=True).ainvoke(said(), config())


# Reading a conversation


@pytest.fixture
def long_conversation() -> list[Any]:
    return [
        HumanMessage("a"),
        AIMessage("", tool_calls=[{"name": "t", "args": {"n": 1}, "id": "1", "type": "tool_call"}]),
        HumanMessage("b"),
        AIMessage("", tool_calls=[{"name": "t", "args": {"n": 1}, "id": "2", "type": "tool_call"}]),
    ]


def test_what_was_said_after_a_call_does_not_change_its_action(
    long_conversation: list[Any],
) -> None:
    call = {"name": "t", "args": {"n": 1}, "id": "2", "type": "tool_call"}
    runtime = SimpleNamespace(config=config(), execution_info=None)
    later = [*long_conversation, ToolMessage("a sibling's answer", tool_call_id="9")]
    asker = Asker("default", "helper", Sender())
    first, second = (
        asker.action(
            read_request(SimpleNamespace(tool_call=call, state=state, runtime=runtime)),
            tool_call("t"),
        )
        for state in ({"messages": long_conversation}, later)
    )
    assert (first.id, first.request, first.observations) == (second.id, "b", ())
    assert second.observations == ()


def test_ids_tell_tenants_agents_threads_and_calls_apart() -> None:
    asked = Asked("t", {}, "1", "a", "", ())
    ids = {
        Asker("x", "y", Sender()).action_id(asked),
        Asker("xy", "", Sender()).action_id(asked),
        Asker("x", "y", Sender()).action_id(replace(asked, id="2")),
        Asker("x", "y", Sender()).action_id(replace(asked, thread="b")),
        Asker("x", "y", Sender()).action_id(replace(asked, thread="", task="b")),
        Asker("x", "y", Sender()).action_id(replace(asked, thread="a1", id="")),
    }
    assert len(ids) == 6


def test_an_earlier_call_is_read_with_what_was_said_before_it(long_conversation: list[Any]) -> None:
    asked = Asked("t", {"n": 1}, "3", "thread", "", long_conversation)
    assert [(r.id, len(r.before)) for r in repeats(asked)] == [("2", 3), ("1", 1)]
    assert list(repeats(Asked("t", {"n": 2}, "3", "thread", "", long_conversation))) == []
    assert list(repeats(Asked("t", {"n": 1}, "3", "", "task", long_conversation))) == []


@pytest.mark.parametrize("metadata", [None, "x", {"readOnlyHint": "yes"}, {"title": "Zap"}])
def test_a_tool_of_whom_its_server_says_nothing_is_judged_by_its_name(metadata: Any) -> None:
    assert "annotations" not in _called(metadata)["args"]


def test_what_a_tools_server_says_of_it_is_judged_too() -> None:
    fields = _called({"destructiveHint": True, "_meta": {"x": 1}})
    assert fields["args"]["annotations"] == {"destructiveHint": True}


def _called(metadata: Any) -> dict[str, Any]:
    call = {"name": "zap", "args": {"n": 1}, "id": "1", "type": "tool_call"}
    runtime = SimpleNamespace(config={}, execution_info=None)
    tool = SimpleNamespace(metadata=metadata)
    request: Any = SimpleNamespace(tool_call=call, tool=tool, state=[], runtime=runtime)
    asked = read_request(request)
    return tool_call(asked.tool, asked.hints)(asked.args)
