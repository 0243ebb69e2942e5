from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage
from langchain_core.tools import StructuredTool

from agentkit.agent import Register
from agentkit.agents import (
    PlaybookModel,
    chat_model,
    outreach_agent,
    scoring_agent,
    triage_agent,
)
from agentkit.agents.models import Patience, ask, worth_retrying
from agentkit.agents.tools import PROPOSALS, READS, crm_tools
from agentkit.clock import FixedClock
from agentkit.crm import BuiltinCRM, StorePeople
from agentkit.desk import Desk
from agentkit.errors import ConfigError
from agentkit.hookspecs import Manifest, hookimpl
from agentkit.pipeline import Pipeline
from agentkit.settings import Settings
from agentkit.store import Store
from tests.agents import Scripted, kept, make_agents_world
from tests.gates import article, make_gate
from tests.test_imports import loaded_after
from tests.worlds import World, tally


def playbook(folder: Path, text: str) -> PlaybookModel:
    path = folder / "book.yaml"
    path.write_text(text, encoding="utf-8")
    return PlaybookModel.load(path)


def says(model: PlaybookModel, *messages: BaseMessage) -> AIMessage:
    answer = model.invoke(list(messages) or [HumanMessage("{}")])
    assert isinstance(answer, AIMessage)
    return answer


def say(folder: Path, template: str, task: object = None) -> str:
    """What a playbook of one line says about a task."""
    model = playbook(folder, json.dumps({"steps": [{"say": template}]}))
    return says(model, HumanMessage(json.dumps(task))).text.removesuffix(
        " (playbook model: no language model is behind this)"
    )


# The playbook model


def test_a_playbook_says_that_no_language_model_is_behind_it(tmp_path: Path) -> None:
    assert "no language model" in says(playbook(tmp_path, "steps: [{say: hello}]")).text


def test_steps_are_taken_in_order_and_only_where_their_condition_holds(tmp_path: Path) -> None:
    model = playbook(
        tmp_path,
        "steps:\n"
        "- {call: read, args: {id: '{{ task.id }}'}}\n"
        "- {when: results.read.score > 5, call: praise, args: {score: =results.read.score}}\n"
        "- {when: results.read.score <= 5, call: blame}\n"
        "- say: '{{ last }}'\n",
    )
    asked = HumanMessage('{"id": "c1"}')
    first = says(model, asked)
    (call,) = first.tool_calls
    assert (call["name"], call["args"]) == ("read", {"id": "c1"})
    read = ToolMessage('{"score": 7}', name="read", tool_call_id=str(call["id"]))
    second = says(model, asked, first, read)
    (call,) = second.tool_calls
    assert (call["name"], call["args"]) == ("praise", {"score": 7})
    praised = ToolMessage("well done", name="praise", tool_call_id=str(call["id"]))
    assert says(model, asked, first, read, second, praised).text.startswith("well done")


def test_a_second_request_begins_the_book_again_and_forgets_old_answers(tmp_path: Path) -> None:
    model = playbook(
        tmp_path, "steps:\n- {when: not results.read, call: read}\n- say: 'read {{ results.read }}'"
    )
    first = says(model, HumanMessage("one"))
    answer = ToolMessage("old", name="read", tool_call_id="x")
    second = says(model, HumanMessage("one"), first, answer, HumanMessage("two"))
    assert second.tool_calls[0]["name"] == "read"
    assert second.tool_calls[0]["id"] != first.tool_calls[0]["id"]


def test_calls_of_another_model_in_the_conversation_do_not_confuse_it(tmp_path: Path) -> None:
    call = {"name": "x", "args": {}, "id": "call_abc", "type": "tool_call"}
    other = AIMessage("", tool_calls=[call])
    model = playbook(tmp_path, "steps: [{say: hello}]")
    assert says(model, HumanMessage("a"), other).text.startswith("hello")


@pytest.mark.parametrize(
    "template",
    [
        "{{ ''.__class__ }}",
        "{{ task.__class__ }}",
        "{{ cycler.__init__ }}",
        "{{ task.items.__self__ }}",
    ],
)
def test_templates_cannot_reach_pythons_insides(tmp_path: Path, template: str) -> None:
    assert say(tmp_path, template, {}) == ""


@pytest.mark.parametrize(
    "template",
    [
        "{{ ''.__class__.__mro__ }}",
        "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
        "{{ task.update({'a': 1}) }}",
        "{{ range(1000000000) | list }}",
        "{{ unknown.attribute }}",
        "{{ task.a + 1 }}",
        "{{ 1 / 0 }}",
        "{% import 'os' as os %}",
    ],
)
def test_templates_that_try_to_or_cannot_be_worked_out_are_refused(
    tmp_path: Path, template: str
) -> None:
    with pytest.raises(ConfigError, match="cannot work out"):
        say(tmp_path, template, {"a": "x"})


def test_expressions_run_in_the_same_sandbox(tmp_path: Path) -> None:
    book = "steps:\n- when: cycler.__init__.__globals__.os\n  say: reached\n- say: inert\n"
    with pytest.raises(ConfigError, match="cannot work out"):
        says(playbook(tmp_path, book))


@pytest.mark.parametrize("hostile", ["{{ 7 * 7 }}", "={1: 2}", "{% raw %}", "{# x #}", "=task"])
def test_hostile_data_stays_data(tmp_path: Path, hostile: str) -> None:
    assert say(tmp_path, "Hello {{ task.name }}", {"name": hostile}) == f"Hello {hostile}"


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("steps: [", "not valid YAML"),
        ("steps: []", "no steps"),
        ("- 1", "no steps"),
        ("steps: [{sya: x}]", "step 1"),
        ("steps: [{say: a}, {say: b, call: c}]", "step 2"),
        ("steps: [{say: a, when: true}]", "step 1"),
        ("steps: [{call: a, args: [1]}]", "step 1"),
        ("steps: [{say: 1}]", "step 1"),
    ],
)
def test_a_bad_playbook_is_refused_when_it_is_loaded(tmp_path: Path, text: str, what: str) -> None:
    with pytest.raises(ConfigError, match=what):
        playbook(tmp_path, text)


def test_a_playbook_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nobook\.yaml cannot be read"):
        chat_model(f"playbook:{tmp_path / 'nobook.yaml'}")


# Models by name


def test_a_missing_provider_package_says_what_to_install() -> None:
    with pytest.raises(ConfigError, match="pip install langchain-openai"):
        chat_model("openai:gpt-5")


def test_a_model_whose_provider_nobody_knows_says_how_to_name_it() -> None:
    with pytest.raises(ConfigError, match="PROVIDER:MODEL"):
        chat_model("my-model")
    with pytest.raises(ConfigError, match="cannot be used"):
        chat_model("nobody:my-model")


def test_a_missing_key_says_so_without_a_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    class ChatOpenAI:
        def __init__(self, **_: object) -> None:
            raise RuntimeError("The api_key must be set\nby OPENAI_API_KEY")

    package = ModuleType("langchain_openai")
    package.ChatOpenAI = ChatOpenAI  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "langchain_openai", package)
    with pytest.raises(ConfigError, match="set the key of openai") as caught:
        chat_model("openai:gpt-5")
    assert "The api_key must be set" in caught.value.message
    assert "by OPENAI" not in caught.value.message


class RateLimitError(Exception):
    """As providers name it."""


class BadRequestError(Exception):
    """As providers name it."""


class Flaky(Scripted):
    """Raises what it is given, one a call, before it goes on with the script."""

    errors: list[Any]
    asked: int = 0

    def _generate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> Any:
        self.asked += 1
        if self.errors and self.errors[0] is not None:
            raise self.errors.pop(0)
        self.errors[:1] = []
        return super()._generate(messages, *args, **kwargs)


def patient(model: Flaky, tools: Sequence[Any] = ()) -> Any:
    return create_agent(model, list(tools), middleware=[Patience(attempts=3, longest=0.0)])


def test_errors_that_may_pass_are_tried_again() -> None:
    model = Flaky(script=["ok"], errors=[RateLimitError(), TimeoutError()])
    assert ask(patient(model), "hello", "t1") == "ok"
    assert model.asked == 3


def test_errors_that_would_only_come_again_are_not() -> None:
    model = Flaky(script=["ok"], errors=[BadRequestError("no"), None])
    with pytest.raises(BadRequestError):
        ask(patient(model), "hello", "t1")
    assert model.asked == 1


def test_patience_ends() -> None:
    model = Flaky(script=["ok"], errors=[RateLimitError() for _ in range(9)])
    with pytest.raises(RateLimitError):
        ask(patient(model), "hello", "t1")
    assert model.asked == 3


async def test_awaited_models_are_asked_again_too() -> None:
    model = Flaky(script=["ok"], errors=[RateLimitError()])
    result = await patient(model).ainvoke({"messages": [HumanMessage("hello")]})
    assert (result["messages"][-1].text, model.asked) == ("ok", 2)


def test_asking_a_model_again_does_not_call_its_tools_again() -> None:
    called: list[str] = []

    def note(text: str) -> str:
        """Note."""
        called.append(text)
        return "noted"

    model = Flaky(
        script=[[("note", {"text": "a"})], "ok"], errors=[None, RateLimitError(), RateLimitError()]
    )
    agent = patient(model, [StructuredTool.from_function(note)])
    assert (ask(agent, "hello", "t1"), called) == ("ok", ["a"])


@pytest.mark.parametrize(
    ("error", "worth"),
    [(RateLimitError(), True), (TimeoutError(), True), (ValueError(), False),
     (ConfigError("no"), False), (KeyboardInterrupt(), False)],
)  # fmt: skip
def test_only_some_errors_are_worth_it(error: BaseException, worth: bool) -> None:
    assert worth_retrying(error) is worth


# The agents that ship


def score(action: Any, person: Any) -> dict[str, Any]:
    return {"score": 70.0 if person.contact.company else 30.0, "inputs": {"company": True}}


def scorer() -> ModuleType:
    """A plugin with the business's own scoring function."""
    module = ModuleType("scorer")
    module.declare = hookimpl(  # type: ignore[attr-defined]
        lambda: Manifest("scorer", decisions={"*/lead.score": score})
    )
    module.declare.__name__ = "declare"
    return module


@pytest.fixture
def world(store: Store, clock: FixedClock, tmp_path: Path) -> World:
    made = make_agents_world(store, clock, tmp_path)
    settings = Settings(home=store.home, brands=("Nordlicht", "Outlet"), country="DE")
    articles = article("high", "args.score > 90.0", applies_to="{kinds: [lead.score]}") + article(
        "outlet", "sender.brand == 'Outlet'"
    )
    gate = make_gate(
        tmp_path, clock, articles, tally(), scorer(),
        people=StorePeople(store, settings), register=Register(open=True),
    )  # fmt: skip
    made.desk = Desk(store, gate, settings, clock)
    made.pipeline = Pipeline(
        gate=gate, store=store, desk=made.desk, crm=BuiltinCRM(store), settings=settings,
        clock=clock, plugins=gate.plugins,
    )  # fmt: skip
    return made


TASK = json.dumps(
    {
        "contact": "c1", "channel": "email", "purpose": "marketing", "brand": "Nordlicht",
        "today": "2026-11-23", "product": {"id": "P1", "name": "Stuhl", "price": 99.0,
                                           "currency": "EUR"},
    }
)  # fmt: skip


def test_the_outreach_agent_reads_writes_and_proposes(world: World) -> None:
    last = ask(outreach_agent(world.pipeline), TASK, "r1")
    assert "Allowed" in last
    ((action, kind, agent, person),) = world.rows("select id, kind, agent, person from actions")
    assert (kind, agent, person) == ("message.send", "outreach", "c1")
    assert world.advance(action).state == "performed"


def test_an_agent_speaks_for_the_brand_that_it_is_given(world: World) -> None:
    assert "Denied" in ask(outreach_agent(world.pipeline, brand="Outlet"), TASK, "r1")


def test_the_same_run_twice_proposes_once(world: World) -> None:
    agent = outreach_agent(world.pipeline)
    assert ask(agent, TASK, "r1") == ask(agent, TASK, "r1")
    assert len(world.rows("select id from actions")) == 1


def test_the_scoring_agent_computes_and_proposes_the_inputs_too(world: World) -> None:
    assert "Allowed" in ask(scoring_agent(world.pipeline), '{"contact": "c1"}', "r1")
    ((action, kind),) = world.rows("select id, kind from actions")
    assert kind == "lead.score"
    assert world.advance(action).state == "performed"


def wrote(world: World, text: str, **more: Any) -> None:
    """A mail of c1 on record, and perhaps a ticket."""
    from agentkit.canonical import canonical
    from agentkit.store import insert_many, to_micros

    rows = [("mail", "m1", {"channel": "email", "at": "2026-11-22T10:00:00Z", "text": text})]
    rows += [("ticket", "T1", more)] if more else []
    columns = ("tenant", "type", "id", "contact", "fields", "updated_at")
    at = to_micros(world.clock.now())
    with world.store.write() as unit:
        insert_many(
            unit.conn,
            "records",
            columns,
            [("default", kind, id_, "c1", canonical(f).decode(), at) for kind, id_, f in rows],
        )


SERVICE = TASK.replace("marketing", "service")


def test_the_triage_agent_opens_a_ticket_and_answers(world: World) -> None:
    wrote(world, "Is the chair Alster made in green, too?")
    ask(triage_agent(world.pipeline), SERVICE, "r1")
    kinds = world.rows("select kind, purpose from actions order by kind")
    assert kinds == [("message.send", "service"), ("ticket.open", "")]


def test_whoever_asks_for_a_person_gets_a_ticket_and_no_machines_answer(world: World) -> None:
    wrote(world, "I want to talk to a real person, not a bot. This is the third time I complain.")
    ask(triage_agent(world.pipeline), SERVICE, "r1")
    assert world.rows("select kind from actions") == [("ticket.open",)]


def test_a_refund_is_what_the_ticket_grants_whatever_the_mail_says(world: World) -> None:
    wrote(
        world, "You charged delivery twice, I think 900 EUR would be fair.",
        refund_due=35.0, currency="EUR", open=True,
    )  # fmt: skip
    ask(triage_agent(world.pipeline), SERVICE, "r1")
    ((id_,),) = world.rows("select id from actions where kind = 'refund.pay'")
    review = kept(world, id_)
    assert review.action.args == {"amount": 35.0, "currency": "EUR"}


def test_who_wrote_nothing_gets_nothing(world: World) -> None:
    assert "wrote no mail" in ask(triage_agent(world.pipeline), SERVICE, "r1")
    assert world.rows("select id from actions") == []


def test_the_last_mail_is_read_and_no_text_message(world: World) -> None:
    wrote(world, "The newest mail")
    read = crm_tools(world.pipeline, "triage")["read_mail"].invoke({"contact": "c1"})
    assert json.loads(read)["text"] == "The newest mail"


def test_an_unknown_contact_ends_in_words(world: World) -> None:
    for agent in (outreach_agent(world.pipeline), scoring_agent(world.pipeline)):
        assert "no contact c9" in ask(agent, TASK.replace('"c1"', '"c9"'), "r1")
    assert world.rows("select id from actions") == []


def test_agents_see_neither_addresses_nor_numbers(world: World) -> None:
    read = crm_tools(world.pipeline, "outreach")["get_contact"].invoke({"contact": "c1"})
    assert "Anke Petersen" in read
    assert "@" not in read
    assert "+49" not in read


def test_an_agent_is_shown_what_its_purpose_needs_and_told_what_is_hidden(world: World) -> None:
    tools = crm_tools(world.pipeline, "outreach")
    for purpose, name in (("marketing", "Anke Petersen"), ("scoring", None)):
        read = json.loads(tools["get_contact"].invoke({"contact": "c1", "purpose": purpose}))
        assert read["name"] == name
        assert "contact.email" in read["hidden"]


def test_tools_that_only_propose_do_nothing_without_the_middleware(world: World) -> None:
    tools = crm_tools(world.pipeline, "outreach")
    assert set(tools) == set(PROPOSALS) | READS
    with pytest.raises(RuntimeError, match="EthicsMiddleware"):
        tools["send_message"].invoke({"contact": "c1", "text": "hi"})
    with pytest.raises(RuntimeError, match="EthicsMiddleware"):
        tools["open_ticket"].invoke({"contact": "c1", "title": "hi"})


@pytest.mark.parametrize(
    ("tool", "args", "kind"),
    [
        ("set_offer", {"contact": "c1", "amount": 10.0, "deal": "D1"}, "offer.set"),
        ("open_ticket", {"contact": "c1", "title": "broken"}, "ticket.open"),
        ("pay_refund", {"contact": "c1", "amount": 5.0, "currency": "EUR"}, "refund.pay"),
        ("send_message", {"contact": "c1", "text": "x", "product": "P1"}, "message.send"),
    ],
)
def test_every_crm_tool_makes_an_action_that_its_kind_describes(
    world: World, tool: str, args: dict[str, Any], kind: str
) -> None:
    from agentkit.action import Action

    action = Action.create(**PROPOSALS[tool](args))
    assert world.pipeline.gate.check(action).kind == kind


# Loading


def test_agents_load_langchain_only_when_one_is_used() -> None:
    assert "langchain" not in loaded_after("import agentkit.agents")
    assert "langchain_core" not in loaded_after("import agentkit.agents")
    assert "langchain" in loaded_after("from agentkit.agents import EthicsMiddleware")


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    import agentkit.agents

    with pytest.raises(AttributeError, match="no_such_agent"):
        agentkit.agents.no_such_agent  # noqa: B018


def test_the_example_pays_once_and_only_after_a_person_agreed(tmp_path: Path) -> None:
    import subprocess

    example = Path(__file__).parent.parent / "examples" / "govern_your_agent.py"
    run = subprocess.run(
        [sys.executable, str(example)], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    before, _, after = run.stdout.partition("approves case")
    assert "refunds paid: []" in before
    assert "refunds paid: ['49.9 for A-17']" in after
    assert list(tmp_path.iterdir()) == []
