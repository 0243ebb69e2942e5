"""What a user meets at the command line when the input is bad: one sentence, and nothing lost."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import orjson
import pytest

from agentkit.cli import main

FULL = Path("/dev/full")
"""A device on which every write fails as on a full disk."""
GOOD = {"kind": "message.send", "text": "hello", "channel": "email", "purpose": "service"}
HOUSE = "constitution: house\nversion: 1\nprinciples: {care: be careful}\n"


class Said(NamedTuple):
    """What a command said, and its exit status."""

    status: int
    out: str
    err: str


Say = Callable[..., Said]


@pytest.fixture
def say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Say:
    """Type a command in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def typed(*words: str | Path) -> Said:
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            main([str(word) for word in words])
        out, err = capfd.readouterr()
        assert "Traceback" not in out + err
        return Said(int(ended.value.code or 0), out, err)

    return typed


def is_told(said: Said, *words: str) -> None:
    """Exit status 2 and a line ``error:`` with these words."""
    assert said.status == 2, said
    assert "error: " in said.err
    for word in words:
        assert word in said.err


def write(name: str, content: str | bytes) -> Path:
    path = Path(name)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def article(when: str = "true", applies_to: str = "{kinds: [message.send]}") -> str:
    return (
        f"  - id: rule\n    principle: care\n    applies_to: {applies_to}\n    when: {when}\n"
        "    then: deny\n    because: so it is\n"
    )


def house(articles: str) -> str:
    return f"{HOUSE}articles:\n{articles}"


# Constitutions


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            house(article("consent.statu == 'x'")),
            ["did you mean 'consent.status'?", "article rule"],
        ),
        (house(article("consent.status > 3")), ["article rule", "no matching overload"]),
        (house(article("deception.score > 0.5", "{kinds: [lead.score]}")), ["narrow `applies_to`"]),
        (house(article("weather.sunny")), ["declares 'weather'", "agentkit plugins list"]),
        (house(article(applies_to="{kinds: [mesage.send]}")), ["did you mean 'message.send'?"]),
        (house(article(applies_to="{channels: [E-Mail]}")), ["did you mean 'email'?"]),
        (house(article(applies_to="{purposes: [Marketing]}")), ["did you mean 'marketing'?"]),
        (house(article(applies_to="{jurisdictions: [Germany]}")), ["codes: EU, EEA, UK"]),
        (house(article() + "    when: false\n"), ["'when' stands there twice", "line 11"]),
        (house(article()) + "articles: []\n", ["'articles' stands there twice"]),
        ("[" * 20_000, ["nested too deeply"]),
        ("!!python/object/apply:os.system ['true']", ["not valid YAML"]),
        (b"\xff\x00\x9d not text" * 8, ["cannot be read"]),
        ("", ["valid dictionary"]),
        (f"{HOUSE}articles: []\n", ["no article", "would be allowed"]),
    ],
)
def test_a_wrong_constitution_is_refused_before_a_line_is_judged(
    say: Say, text: str | bytes, words: list[str]
) -> None:
    rules = write("house.yaml", text)
    actions = write("a.jsonl", orjson.dumps(GOOD))
    said = say("review", actions, "--constitution", rules)
    is_told(said, *words)
    assert said.out == ""


def test_constitutions_that_extend_each_other_are_refused_with_the_circle(say: Say) -> None:
    for one, other in (("a", "b"), ("b", "a")):
        write(f"{one}.yaml", f"constitution: {one}\nversion: 1\nextends: [{other}.yaml]\n"
                             "principles: {}\narticles: []\n")  # fmt: skip
    actions = write("a.jsonl", orjson.dumps(GOOD))
    said = say("review", actions, "--constitution", "a.yaml")
    is_told(said, "a.yaml -> b.yaml -> a.yaml", "take one of them out")


def test_an_example_that_fails_fails_the_test_command(say: Say) -> None:
    example = "    examples: [{given: {consent.status: granted}, expect: deny}]\n"
    rules = write("house.yaml", house(article("consent.status != 'granted'") + example))
    said = say("constitution", "test", rules)
    assert said.status == 1
    assert "rule, example 1" in said.out
    assert "expected deny, got allow" in said.out


# Settings and registers


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("quorom = 2", ["'quorum'"]),
        ("quorum = 0.5", ["whole"]),
        ("case_hours = nan", ["above zero"]),
        ("case_hours = inf", ["above zero"]),
        ("tenant = ' '", ["tenant is empty"]),
        ("country = 'Germany'", ["DE or US"]),
        ("brands = [3]", ["brands", "text"]),
        ("constitutions = []", ["no article", "crm-default"]),
        ("operators = {anna = [3]}", ["operators.anna"]),
        ("fields = {contact = 3}", ["fields.contact", "a table"]),
        ("plugins = {consent = 3}", ["plugins.consent", "a table"]),
        ("fields.contact.tier = {source = 3, type = 'string'}", ["source"]),
        ("fields.contact.tier = {source = 'T', type = 'strng'}", ["types: string"]),
        ("fields.contact.'my tier' = {source = 'T', type = 'string'}", ["customer_tier"]),
        ("fields.contakt.tier = {source = 'T', type = 'string'}", ["records: contact"]),
        ("crm = 'nocrm://x'", ["no plugin connects", "builtin:"]),
        ("database = 'mongodb://u:secret@h/d'", ["'mongodb'", "postgresql://"]),
        ("disabled = ['consnt']", ["did you mean 'consent'?"]),
        ("plugins_dir = 'nowhere'", ["does not exist"]),
        (b"\xff\xfe\x00", ["not valid TOML"]),
    ],
)
def test_a_wrong_setting_is_refused_by_name(say: Say, text: str | bytes, words: list[str]) -> None:
    write("agentkit.toml", text)
    said = say("desk", "list", "--home", "home")
    is_told(said, *words)
    assert "secret" not in said.err


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("mode = 'shadwo'", ["shadow, warn or enforce"]),
        ("mode = ['enforce']", ["shadow, warn or enforce"]),
        ("constitutions = 'crm-default'", ["must be a list"]),
        ("constitutions = ['crm-defalt']", ["known: agent-safety"]),
        ("select = 3", ["must be a table"]),
        ("select = {kind = ['message.send']}", ["select by: tenants"]),
        ("select = {kinds = 'message.send'}", ["list of words"]),
        ("select = {kinds = ['mesage.send']}", ["did you mean 'message.send'?"]),
        ("select = {jurisdictions = ['Germany']}", ["codes: EU"]),
        ("parameters = 3", ["must be a table"]),
        ("parameters = {max_discont = 0.1}", ["parameters: "]),
        ("parameters = {max_discount = 'x'}", ["double"]),
        ("parameters = {max_discount = nan}", ["double"]),
        ("gaps = 3", ["must be a table"]),
        ("gaps = {failed = 'allow'}", ["missing evidence is never consent"]),
        ("gaps = {faild = 'deny'}", ["kinds: record"]),
        ("overridable_gaps = 'x'", ["must be a table"]),
        ("overridable_gaps = {'consent.statu' = 'boss'}", ["did you mean 'consent.status'?"]),
        ("overridable_gaps = {'consent.status' = ''}", ["names no role"]),
        ("colour = 'red'", ["keys: name"]),
    ],
)
def test_a_binding_that_would_silently_not_bind_is_refused(
    say: Say, line: str, words: list[str]
) -> None:
    write("agentkit.toml", f"[[bindings]]\n{line}\n")
    is_told(say("desk", "list", "--home", "home"), *words)


def test_a_binding_for_an_agent_who_is_not_registered_is_refused(say: Say) -> None:
    write("agents.yaml", "agents:\n  outreach: {kinds: [message.send]}\n")
    binding = "[[bindings]]\nselect = {agents = ['outraech']}\n"
    write("agentkit.toml", f"agents = 'agents.yaml'\n{binding}")
    is_told(say("desk", "list", "--home", "home"), "'outraech'", "registered: outreach")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("agents:\n  a: {kinds: [message.send], colour: red}", ["unknown field 'colour'", "kinds"]),
        ("agents:\n  a: {kinds: message.send}", ["list of words"]),
        ("agents:\n  a: {max_amount: .nan}", ["number of zero or more"]),
        ("agents:\n  a: {amount_per_day: .inf}", ["number of zero or more"]),
        ("agents:\n  a: {channels: [emial]}", ["did you mean 'email'?"]),
        ("agents:\n  a: {purposes: [Marketing]}", ["did you mean 'marketing'?"]),
        ("agents:\n  a: {expires: never}", ["write it like"]),
        ("agents:\n  a: {kinds: []}\n  a: {kinds: [refund.pay]}", ["'a' stands there twice"]),
        ("agents: 3", ["no section `agents:`"]),
        ("", ["no section `agents:`"]),
        ("[" * 20_000, ["nested too deeply"]),
        (b"\xff\xfe\x00", ["not valid YAML"]),
    ],
)
def test_a_wrong_register_is_refused_and_opens_nothing(
    say: Say, text: str | bytes, words: list[str]
) -> None:
    register = write("agents.yaml", text)
    actions = write("a.jsonl", orjson.dumps(GOOD))
    said = say("review", actions, "--agents", register)
    is_told(said, *words)
    assert said.out == ""


# Actions

LONE = r'{"kind":"message.send","text":"a\u0000b\ud800c"}'


def line(**fields: object) -> bytes:
    return orjson.dumps({**GOOD, **fields})


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (line(kind="mesage.send"), "did you mean 'message.send'?"),
        (line(kind="lead.score"), "needs argument 'score'"),
        (line(kind="lead.score", args={"score": 0.5, "shade": 1}), "has no argument 'shade'"),
        (line(kind="lead.score", args={"score": "high"}), "must be double"),
        (line(text="word " * 220_000), "the most is 100,000"),
        (line(args={"template": "x" * 1_100_000}), "the most is 1,000,000"),
        (line(channel="E-Mail"), "did you mean 'email'?"),
        (line(channel="SMS"), "did you mean 'sms'?"),
        (line(purpose="Marketing"), "did you mean 'marketing'?"),
        (line(confidence="NaN"), "confidence must be a number"),
        (line(confidence=7), "confidence must be a number"),
        (line(deadline="soon"), "write it like"),
        (line(text={}), "text must be text"),
        (line(contact=[]), "contact must be an object"),
        (b'{"kind":"message.send","confidence":NaN}', "not JSON"),
        (b'{"kind":"tool.call","args":' + b"[" * 99_999 + b"]" * 99_999 + b"}", "not JSON"),
        (b'["kind", "message.send"]', "expected an object"),
        (b'{"text":"hello"}', "needs a kind"),
        (b"\x00\x01\xfe\xff" * 50, "not JSON"),
        (b'{"kind":"message.send","text":"' + b"a" * 9_000_000 + b'"}', "longer than 8,000,000"),
    ],
)
def test_a_bad_line_is_answered_in_its_place_and_the_next_one_is_judged(
    say: Say, bad: bytes, words: str
) -> None:
    said = say("review", write("a.jsonl", bad + b"\n" + line(id="next") + b"\n"))
    first, second = (json.loads(answer) for answer in said.out.splitlines())
    assert first["line"] == 1
    assert words in first["error"]
    assert second["id"] == "next"
    assert said.status == 1
    assert "1 of the lines could not be judged" in said.err


def test_characters_that_blind_a_judge_are_taken_out_before_it_reads(say: Say) -> None:
    rules = write("house.yaml", house(article("action.cleaned && action.text_length == 3")))
    said = say("review", write("a.jsonl", LONE), "--constitution", rules)
    assert json.loads(said.out)["ruling"] == "deny"


@pytest.mark.parametrize(("content", "status"), [(b"", 0), (b"\n \n", 0)])
def test_a_file_without_lines_is_said_to_hold_none(say: Say, content: bytes, status: int) -> None:
    said = say("review", write("a.jsonl", content))
    assert (said.status, said.out) == (status, "")
    assert "nothing was judged" in said.err


def test_a_missing_file_and_a_folder_are_no_file_of_lines(say: Say) -> None:
    is_told(say("review", "missing.jsonl"), "missing.jsonl cannot be read")
    is_told(say("review", "."), "Is a directory")


# Plugins

PLUGIN = """
from agentkit import Evidence, Manifest, hookimpl

class Weather(Evidence, namespace="weather", kinds=["message.send"]):
    sunny: bool

@hookimpl
def declare():
    return Manifest("weather", "1", evidence=(Weather,), deadline=0.2{manifest})

@hookimpl
{body}
"""
HANG = "async def examine(action, context):\n    import asyncio\n    await asyncio.sleep(60)"
BLOCK = "def examine(action, context):\n    import time\n    time.sleep(60)"


@pytest.mark.parametrize(
    ("body", "manifest", "kind"),
    [
        ("def examine(action, context):\n    raise ValueError(action.text)", "", "failed"),
        ("def examine(action, context):\n    raise SystemExit(0)", "", "failed"),
        (HANG, "", "timeout"),
        (BLOCK, ', isolation="process"', "timeout"),
        ("def examine(action, context):\n    return 'sunny'", "", "invalid"),
        ("def examine(action, context):\n    return Weather('yes')", "", "invalid"),
        ("def examine_many(actions, context):\n    return []", "", "invalid"),
    ],
)
def test_a_plugin_that_does_wrong_is_a_gap_for_a_person_and_never_an_allow(
    say: Say, body: str, manifest: str, kind: str
) -> None:
    Path("plugins").mkdir()
    write("plugins/weather.py", PLUGIN.format(body=body, manifest=manifest))
    write("house.yaml", house(article("weather.sunny")))
    write("agentkit.toml", "plugins_dir = 'plugins'\nconstitutions = ['house.yaml']\n")
    said = say("review", write("a.jsonl", line(text="private words")))
    answer = json.loads(said.out)
    assert answer["ruling"] == "escalate"
    assert answer["gaps"][0]["fact"] == "weather.sunny"
    assert answer["gaps"][0]["kind"] == kind
    assert "private words" not in said.out.replace(json.dumps(answer["revised"]), "") + said.err


@pytest.mark.parametrize("code", ["import no_such_module", "def broken(:", "raise SystemExit(3)"])
def test_a_plugin_that_cannot_be_imported_is_named_and_nothing_passes_without_it(
    say: Say, code: str
) -> None:
    Path("plugins").mkdir()
    write("plugins/weather.py", code)
    write("house.yaml", house(article("weather.sunny")))
    write("agentkit.toml", "plugins_dir = 'plugins'\nconstitutions = ['house.yaml']\n")
    said = say("review", write("a.jsonl", line()))
    is_told(said, "'weather'", "agentkit plugins list")
    listed = say("plugins", "list")
    assert listed.status == 1
    assert "weather" in listed.out


# Databases, homes and disks

CONTACTS = "Record ID,First Name,Email,Country/Region\n1,Ann,ann@example.com,DE\n"


@pytest.mark.parametrize(
    "command",
    [["desk", "list"], ["import", "c.csv"], ["worker"], ["ledger", "verify"], ["review", "c.csv"]],
)
def test_a_database_of_a_newer_version_is_left_as_it_is(say: Say, command: list[str]) -> None:
    write("c.csv", CONTACTS)
    assert say("import", "c.csv", "--home", "home").status == 0
    with sqlite3.connect("home/agentkit.db") as connection:
        connection.execute("update alembic_version set version_num = '9999'")
    connection.close()
    is_told(say(*command, "--home", "home"), "newer than this program", "pip install --upgrade")


def test_a_database_that_is_none_says_so(say: Say) -> None:
    Path("home").mkdir()
    write("home/agentkit.db", b"not a database. " * 312 + b"no, none")
    is_told(say("desk", "list", "--home", "home"), "damaged or is no agentkit database")
    assert Path("home/agentkit.db").stat().st_size == 5000


def test_a_home_that_cannot_be_made_says_how_to_name_another(say: Say) -> None:
    write("c.csv", CONTACTS)
    for command in (["desk", "list"], ["import", "c.csv"], ["worker"]):
        is_told(say(*command, "--home", "c.csv"), "cannot be made", "--home DIR")


def test_asking_for_a_ledger_that_is_not_there_makes_none(say: Say) -> None:
    for word in ("verify", "show", "export", "seal"):
        is_told(say("ledger", word, "--home", "home"), "there is no database")
    assert not Path("home").exists()


@pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("command", [["review", "a.jsonl"], ["desk", "list", "--home", "home"]])
def test_a_full_disk_under_the_output_is_one_sentence(tmp_path: Path, command: list[str]) -> None:
    (tmp_path / "a.jsonl").write_bytes(line())
    with FULL.open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "agentkit.cli", *command], cwd=tmp_path, stdout=full,
            stderr=subprocess.PIPE, check=False, text=True,
        )  # fmt: skip
    assert done.returncode == 2
    assert "error: No space left on device" in done.stderr
    assert "make room" in done.stderr
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr


# Imports


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "no header row"),
        (bytes(range(256)) * 12, ""),
        (b"PK\x03\x04" + bytes(300), ""),
        (b"a,b\n1,2\n", "the columns are: a, b"),
    ],
)
def test_a_file_that_is_no_export_imports_nothing(say: Say, content: bytes, words: str) -> None:
    is_told(say("import", write("c.csv", content), "--home", "home"), words)


def test_what_an_error_quotes_of_a_file_moves_no_cursor(say: Say) -> None:
    said = say("import", write("c.csv", "x\x1b]0;owned\x07\x9b31m\u202e,y\n1,2\n"), "--home", "h")
    is_told(said, "the columns are: x")
    assert not set(said.err) & {"\x1b", "\x07", "\x9b", "\u202e"}


def test_the_screens_ask_for_a_terminal(say: Say) -> None:
    is_told(say("tui", "--home", "home"), "need a terminal", "agentkit desk list")
