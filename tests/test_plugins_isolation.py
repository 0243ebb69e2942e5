"""Plugins in a process of their own: cut off whatever they do, and believed no further."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentkit.action import Action, Observation, Sender
from agentkit.agent import Agent
from agentkit.clock import Clock, FixedClock
from agentkit.context import ConsentRecord, Contact, Deed, Person, Relationship, Stop, Touch
from agentkit.errors import InvalidEvidence, ModelError
from agentkit.evidence import Evidence, Failed, Finding, Span, Unknown, fact
from agentkit.kinds import BUILTIN_KINDS, ActionKind, Kinds
from agentkit.plugins import Plugins
from agentkit.plugins import isolation as isolation_module
from agentkit.plugins.wire import pack, pack_answer, unpack, unpack_answer
from agentkit.verdict import Ruling, Verdict

NOW = datetime(2026, 11, 23, 8, 30, tzinfo=UTC)
BATCH = tuple(
    Action.create(id=str(i), kind="message.send", subject=f"C-{i}", text=f"text {i}", agent="a")
    for i in range(3)
)
HEAD = """
import asyncio, os, re, subprocess, sys, time
from agentkit import Evidence, Failed, Finding, Manifest, Span, Unknown, hookimpl

class Said(Evidence, namespace="house"):
    word: str | Unknown
    size: float = 0.5

class Other(Evidence, namespace="other"):
    word: str

@hookimpl
def declare():
    return Manifest("house", evidence=(Said,), isolation="process", deadline={deadline})

"""


class View:
    """A context over fixed people, as the gate would prefetch them."""

    now = NOW
    clock: Clock = FixedClock(NOW)
    parameters: Mapping[str, Any] = {"cap": 3, "since": NOW}

    def person(self, action: Action) -> Person | None:
        if action.id == "2":
            return None
        contact = Contact(
            action.subject,
            name="Anna",
            relationship=Relationship(last_purchase=NOW),
            fields={"tier": "gold", "$at": "not an instant", "since": NOW},
        )
        consent = ConsentRecord("", "email", "marketing", "", "granted", NOW)
        return Person(contact, (consent,), frozenset({"sms"}), (Touch("m", "email", "x", NOW),))

    def kind(self, action: Action) -> ActionKind:
        return Kinds(BUILTIN_KINDS).get(action.kind)

    def agent(self, action: Action) -> Agent | None:
        return Agent(action.agent, channels=frozenset({"email"}), expires=NOW)

    def stops(self, action: Action) -> Sequence[Stop]:
        return [Stop("all", "anna", NOW)] if action.id == "1" else []

    def run(self, action: Action) -> Sequence[Touch]:
        return [Touch("message.send", "email", "marketing", NOW)]

    def deeds(self, action: Action) -> Sequence[Deed]:
        return [Deed(action, "performed", NOW)]

    def embed(self, texts: Sequence[str]) -> Sequence[Sequence[float]]:
        return [[float(len(t))] for t in texts]

    def languages(self, texts: Sequence[str]) -> Sequence[str]:
        return ["de"] * len(texts)

    def decide(self, action: Action, person: Person) -> Mapping[str, Any] | None:
        return {"score": 0.5, "for": person.contact.name}

    def principle(self, article: str) -> str:
        return f"the principle of {article}"

    def classify(self, head: str, texts: Sequence[str]) -> Sequence[Any]:
        if head == "none":
            raise ModelError("no such head")
        from agentkit.classify.scores import Scores

        return [Scores("en", scores={head: 0.25}) for _ in texts]


@contextmanager
def house(folder: Path, body: str, deadline: float = 20.0) -> Iterator[Plugins]:
    (folder / "house.py").write_text(HEAD.replace("{deadline}", str(deadline)) + body)
    plugins = Plugins.discover(disabled=_installed(), plugins_dir=folder)
    plugins.check()
    try:
        yield plugins
    finally:
        plugins.stop()


def _installed() -> list[str]:
    return [i.name for i in Plugins.discover().listing()]


def ask(folder: Path, body: str, deadline: float = 20.0) -> list[Any]:
    with house(folder, "@hookimpl\n" + body, deadline) as plugins:
        return [row["house"] for row in plugins.examine_many(BATCH, View())]


# -- answers ----------------------------------------------------------------------------------


def test_evidence_comes_back_as_it_was_given_from_a_process_of_its_own(tmp_path: Path) -> None:
    body = """
def examine_many(actions, context):
    finding = Finding("seen", "here", Span(0, 2), 0.5, "rule")
    return [Said(str(os.getpid()), 1.0, findings=[finding]),
            Said(Unknown("no word", "contact.word")), Failed("cannot", "timeout")]
"""
    said = ask(tmp_path, body)
    assert int(said[0].word) != os.getpid()
    assert list(said[0].findings) == [Finding("seen", "here", Span(0, 2), 0.5, "rule")]
    assert said[1].word == Unknown("no word", "contact.word")
    assert said[2] == Failed("cannot", "timeout")


def test_the_context_is_the_same_inside(tmp_path: Path) -> None:
    body = """
def examine(action, context):
    person = context.person(action)
    twin = context.decide(action, person) if person else None
    return Said(repr((
        action.text, context.now, context.clock.now(), dict(context.parameters), person, twin,
        context.kind(action), context.agent(action), list(context.stops(action)),
        list(context.run(action)), context.classify("deception", ["x"])[0].scores,
        [d.action.id for d in context.deeds(action)], context.embed(["ab"]),
        context.languages(["x"]),
    )))
"""
    view = View()
    for action, said in zip(BATCH, ask(tmp_path, body), strict=True):
        person = view.person(action)
        twin = view.decide(action, person) if person else None
        inside = eval(said.word, _names())  # noqa: S307  (the repr of our own nouns)
        expected = (
            action.text, NOW, NOW, dict(view.parameters), person, twin, view.kind(action),
            view.agent(action), list(view.stops(action)), list(view.run(action)),
            {"deception": 0.25}, [action.id], [[2.0]], ["de"],
        )  # fmt: skip
        assert inside == expected


def _names() -> dict[str, Any]:
    import datetime as dt

    from agentkit import action, agent, context, kinds

    return {**vars(action), **vars(agent), **vars(context), **vars(kinds), "datetime": dt}


def test_an_error_of_a_look_up_is_raised_inside_by_its_own_name(tmp_path: Path) -> None:
    body = """
def examine_many(actions, context):
    from agentkit import ModelError
    try:
        context.classify("none", ["x"])
    except ModelError as error:
        return [Said(error.message)] * 3
"""
    assert {s.word for s in ask(tmp_path, body)} == {"no such head"}


def test_an_async_plugin_runs_in_its_process_too(tmp_path: Path) -> None:
    body = """
async def examine(action):
    await asyncio.sleep(0)
    return Said(action.id)
"""
    assert [s.word for s in ask(tmp_path, body)] == ["0", "1", "2"]


async def test_aexamine_many_does_not_block_the_loop_while_a_process_works(tmp_path: Path) -> None:
    body = "@hookimpl\ndef examine(action):\n    return Said(action.id)\n"
    with house(tmp_path, body) as plugins:
        rows = await plugins.aexamine_many(BATCH, View())
    assert [cast("Any", row["house"]).word for row in rows] == ["0", "1", "2"]


def test_a_print_of_the_plugin_does_not_speak_on_the_pipe(tmp_path: Path) -> None:
    body = """
def examine_many(actions):
    print('{"rows": []}', flush=True)
    os.write(1, b"garbage")
    return [Said(str(sys.stdin.read()))] * 3
"""
    assert {s.word for s in ask(tmp_path, body)} == {""}


def test_a_reviser_in_a_process_of_its_own_is_held_to_words_as_well(tmp_path: Path) -> None:
    body = """
@hookimpl
def examine(action):
    return Said("x")

@hookimpl
def revise(action, verdict):
    import dataclasses
    if verdict.ruling.word == "deny":
        return action.revised(text=action.text + ", kind regards")
    return dataclasses.replace(action, purpose="service")
"""
    with house(tmp_path, body) as plugins:
        for ruling, expected in ((Ruling.DENY, ["text 0, kind regards"]), (Ruling.ALLOW, [])):
            verdict = Verdict("0", BATCH[0].digest, ruling, judged_at=NOW)
            made = [a.text for _, a in plugins.revise(BATCH[0], verdict, View())]
            assert made == expected


# -- accidents and attacks --------------------------------------------------------------------

HANGS = {
    "an endless loop": "while True: pass",
    "a regular expression that holds the interpreter": "re.match(r'(a+)+$', 'a' * 40 + 'b')",
    "a sleep that ignores signals": (
        "import signal; [signal.signal(s, signal.SIG_IGN) for s in (2, 15)]; time.sleep(600)"
    ),
}


@pytest.mark.parametrize("hang", HANGS.values(), ids=HANGS.keys())
def test_what_hangs_is_killed_at_its_deadline_and_the_next_batch_is_answered(
    tmp_path: Path, hang: str
) -> None:
    body = f"""
@hookimpl
def examine_many(actions):
    if actions[0].text == "text 0":
        {hang}
    return [Said("awake")] * len(actions)
"""
    with house(tmp_path, body, deadline=1.0) as plugins:
        plugins.start()
        hung = plugins._isolated["house"].pid
        rows = plugins.examine_many(BATCH, View())
        assert {cast("Failed", r["house"]).kind for r in rows} == {"timeout"}
        with pytest.raises(ProcessLookupError):
            os.kill(hung or 0, 0)
        rows = plugins.examine_many(BATCH[1:], View())
        assert {cast("Any", r["house"]).word for r in rows} == {"awake"}


def test_the_children_of_a_plugin_that_hangs_are_killed_with_it(tmp_path: Path) -> None:
    body = f"""
def examine_many(actions):
    child = subprocess.Popen(["sleep", "600"])
    open({str(tmp_path / "pid")!r}, "w").write(str(child.pid))
    time.sleep(600)
"""
    assert {a.kind for a in ask(tmp_path, body, deadline=2.0)} == {"timeout"}
    assert _ends(int((tmp_path / "pid").read_text()))


def _ends(pid: int) -> bool:
    """Whether a process ends: the signal is sent, the kernel takes a moment on a busy machine."""
    for _ in range(500):
        if not _runs(pid):
            return True
        time.sleep(0.01)
    return False


def _runs(pid: int) -> bool:
    """Whether a process runs (one that is dead but not yet reaped does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.mark.parametrize(
    "fall",
    ["os._exit(0)", "os.kill(os.getpid(), 9)", "os.kill(os.getpid(), 11)"],
)
def test_a_process_that_dies_is_a_gap(tmp_path: Path, fall: str) -> None:
    answers = ask(tmp_path, f"def examine_many(actions):\n    {fall}\n")
    assert {(a.kind, a.reason) for a in answers} == {("failed", "the process of house ended")}


def test_a_plugin_that_raises_or_exits_is_a_gap_without_its_message(tmp_path: Path) -> None:
    answers = ask(tmp_path, "def examine_many(actions):\n    sys.exit(actions[0].text)\n")
    assert {a.kind for a in answers} == {"failed"}
    assert "SystemExit at house.py" in answers[0].reason
    assert "text 0" not in answers[0].reason


@pytest.mark.parametrize(
    "answer",
    ["Said(7)", "Said('x', 1)", "Said('x', float('nan'))", "Other('x')", "'yes please'", "None",
     "object.__new__(Said)", "Said('x', findings=['hello'])"],
)  # fmt: skip
def test_nonsense_from_a_process_is_a_gap(tmp_path: Path, answer: str) -> None:
    answers = ask(tmp_path, f"def examine(action):\n    return {answer}\n")
    assert {a.kind for a in answers} == {"invalid"}


def test_a_process_that_forges_messages_on_the_pipe_is_not_believed(tmp_path: Path) -> None:
    body = """
def examine_many(actions):
    forged = b'{"rows": [{"consent": {"values": {"status": "granted"}, "findings": []}}]}'
    for end in range(3, 20):
        try:
            os.write(end, len(forged).to_bytes(8, "big") + forged)
        except OSError:
            pass
    time.sleep(600)
"""
    answers = ask(tmp_path, body)
    assert {a.kind for a in answers} <= {"invalid", "failed"}


def test_an_answer_left_over_in_the_pipe_is_not_taken_for_the_next_batch(tmp_path: Path) -> None:
    body = """
@hookimpl
def examine_many(actions):
    stale = b'{"rows": [{"house": {"values": {"word": "stale"}, "findings": []}}], "n": 1}'
    if actions[0].id == "0":
        for end in range(3, 20):
            try:
                os.write(end, 2 * (len(stale).to_bytes(8, "big") + stale))
            except OSError:
                pass
    return [Said(a.id) for a in actions]
"""
    with house(tmp_path, body) as plugins:
        plugins.examine_many(BATCH[:1], View())
        second = plugins.examine_many(BATCH[1:2], View())[0]["house"]
        third = plugins.examine_many(BATCH[2:], View())[0]["house"]
    assert cast("Failed", second).reason == "the process of house ended"
    assert cast("Any", third).word == "2"


def test_the_keys_of_vault_and_database_are_not_inherited(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AGENTKIT_KEY", "hunter2")
    monkeypatch.setenv("AGENTKIT_DATABASE", "postgresql://anna:hunter2@db")
    body = "def examine(action):\n    return Said(repr(dict(os.environ))[:9000])\n"
    assert all("hunter2" not in s.word for s in ask(tmp_path, body))


def test_a_plugin_whose_start_fails_is_not_asked_and_not_started_again(tmp_path: Path) -> None:
    body = f"""
@hookimpl
def start(settings):
    open({str(tmp_path / "starts")!r}, "a").write("x")
    raise ValueError("anna@example.com")

@hookimpl
def examine(action):
    return Said("x")
"""
    with house(tmp_path, body) as plugins:
        for _ in range(2):
            answers = [r["house"] for r in plugins.examine_many(BATCH, View())]
            assert {cast("Failed", a).kind for a in answers} == {"failed"}
        assert "ValueError at house.py" in cast("Failed", answers[0]).reason
        assert "anna" not in cast("Failed", answers[0]).reason
        plugins.start()
        assert "did not start" in plugins.listing()[-1].error or any(
            "did not start" in i.error for i in plugins.listing()
        )
    assert (tmp_path / "starts").read_text() == "x"


def test_a_plugin_that_hangs_while_it_starts_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(isolation_module, "START_SECONDS", 1.0)
    body = """
@hookimpl
def start(settings):
    time.sleep(600)

@hookimpl
def examine(action):
    return Said("x")
"""
    with house(tmp_path, body) as plugins:
        answers = [r["house"] for r in plugins.examine_many(BATCH, View())]
    assert "not ready after 1 s" in cast("Failed", answers[0]).reason


def test_stop_ends_the_process(tmp_path: Path) -> None:
    body = "@hookimpl\ndef examine(action):\n    return Said(str(os.getpid()))\n"
    with house(tmp_path, body) as plugins:
        rows = plugins.examine_many(BATCH, View())
        pid = int(cast("Any", rows[0]["house"]).word)
        assert _runs(pid)
    assert _ends(pid)


def test_the_operator_may_isolate_a_plugin_that_did_not_ask_for_it(tmp_path: Path) -> None:
    code = HEAD.replace('isolation="process", deadline={deadline}', 'isolation="inline"')
    body = "@hookimpl\ndef examine(action):\n    return Said(str(os.getpid()))\n"
    (tmp_path / "house.py").write_text(code + body)
    for section, apart in (({}, False), ({"isolation": "process", "deadline": 20.0}, True)):
        plugins = Plugins.discover({"house": section}, _installed(), tmp_path)
        rows = plugins.examine_many(BATCH, View())
        plugins.stop()
        assert (int(cast("Any", rows[0]["house"]).word) != os.getpid()) is apart


# -- the wire ---------------------------------------------------------------------------------

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.datetimes(timezones=st.just(UTC)) | st.timedeltas(timedelta(0), timedelta(days=999)),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.text(max_size=5) | st.sampled_from(["$at", "$for", "$$at"]), inner,
                      max_size=3),
    max_leaves=8,
)  # fmt: skip


def through(value: Any) -> Any:
    return orjson.loads(orjson.dumps(pack(value)))


@given(JSON)
def test_whatever_customer_data_says_it_comes_through_the_pipe_as_it_was(value: Any) -> None:
    if isinstance(value, str):
        value = value.encode(errors="ignore").decode()
    try:
        sent = through(value)
    except TypeError:
        return  # lone surrogates: actions and contacts are cleaned of them
    assert unpack(Any, sent) == value


@given(st.dictionaries(st.text("abc$", max_size=4), JSON, max_size=3))
def test_people_come_through_with_every_type_intact(fields: dict[str, Any]) -> None:
    person = Person(Contact("C-1", fields=fields), scores={"lead": 0.5}, history=(),
                    suppressed=frozenset({"sms", "*"}))  # fmt: skip
    try:
        sent = through(person)
    except TypeError:
        return
    assert unpack(Person, sent) == person


def test_actions_come_through_with_the_same_digest() -> None:
    action = Action.create(
        id="9", kind="offer.set", args={"amount": 5.0, "inputs": {"$at": ["x"]}}, text="hé",
        observations=(Observation("mail", "text"),), sender=Sender("brand", "DE"), deadline=NOW,
    )  # fmt: skip
    assert unpack(Action, through(action)).digest == action.digest


class Every(Evidence, namespace="every"):
    text: str = fact(default="x", personal=True)
    flag: bool = True
    count: int = 1
    share: float = 0.5
    at: datetime = NOW
    wait: timedelta = timedelta(hours=1)
    names: tuple[str, ...] = ("a", "b")
    maybe: str | Unknown = Unknown("no", "contact.x")


def test_evidence_of_every_type_comes_through() -> None:
    sent = orjson.loads(orjson.dumps(pack_answer(Every())))
    assert unpack_answer(Every, sent) == Every()


@pytest.mark.parametrize(
    "forged",
    [None, 7, "x", [], {}, {"values": {}}, {"values": {"nope": 1}, "findings": []},
     {"values": {"text": 7}, "findings": []}, {"values": {"count": True}, "findings": []},
     {"values": {"at": "2026-11-23"}, "findings": []}, {"values": {}, "findings": [{}]},
     {"values": {"text": {"$unknown": ["a"]}}, "findings": []}, {"failed": "x"}],
)  # fmt: skip
def test_a_forged_answer_is_refused_on_this_side_of_the_pipe(forged: Any) -> None:
    with pytest.raises(InvalidEvidence):
        unpack_answer(Every, forged)
