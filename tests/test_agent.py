from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from agentkit.action import Action
from agentkit.agent import Register, load_register
from agentkit.errors import ConfigError

NOW = datetime(2026, 11, 23, tzinfo=UTC)
YAML = """
agents:
  outreach:
    owner: Jana Wolff
    objective: win back sleeping customers
    kinds: [message.send, offer.set, segment.add]
    purposes: [marketing]
    channels: [email]
    segments: [sleeping]
    max_amount: 200
    model: openai:gpt-x
    provider: OpenAI
    region: EU
    expires: 2027-01-01
"""


@pytest.fixture
def register(tmp_path: Path) -> Register:
    path = tmp_path / "agents.yaml"
    path.write_text(YAML)
    return load_register(path)


def propose(**fields: Any) -> Action:
    defaults = {
        "agent": "outreach", "kind": "message.send", "subject": "c", "purpose": "marketing",
        "channel": "email",
    }  # fmt: skip
    return Action.create(**{**defaults, **fields})


@pytest.mark.parametrize(
    ("fields", "breach"),
    [
        ({}, ""),
        ({"agent": "stranger"}, "charter-unknown-agent"),
        ({"kind": "record.delete"}, "charter-kind"),
        ({"channel": "sms"}, "charter-channel"),
        ({"purpose": "research"}, "charter-purpose"),
        ({"kind": "segment.add", "args": {"segment": "vip"}}, "charter-segment"),
        ({"kind": "segment.add", "args": {"segment": "sleeping"}}, ""),
        ({"kind": "offer.set", "args": {"amount": 200}}, ""),
        ({"kind": "offer.set", "args": {"amount": 200.01}}, "charter-amount"),
        ({"kind": "offer.set", "args": {"amount": -1}}, "charter-amount"),
        ({"kind": "offer.set", "args": {"amount": "200"}}, "charter-amount"),
    ],
)
def test_outside_its_charter_an_agent_is_told_which_line_it_crossed(
    register: Register, fields: dict[str, Any], breach: str
) -> None:
    assert register.breach(propose(**fields), NOW) == breach


def test_an_expired_charter_covers_nothing(register: Register) -> None:
    assert register.breach(propose(), datetime(2027, 1, 1, tzinfo=UTC)) == "charter-expired"


def test_an_empty_register_covers_nobody_and_an_open_one_everybody() -> None:
    assert Register().breach(propose(), NOW) == "charter-unknown-agent"
    assert Register(open=True).breach(propose(), NOW) == ""


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("agents: {a: {colour: red}}", "unknown field 'colour'"),
        ("agents: {a: {kinds: message.send}}", "must be a list of words"),
        ("agents: {a: {max_amount: yes}}", "must be a number"),
        ("agents: {a: {max_amount: -3}}", "must be a number"),
        ("agents: [a, b]", "no section"),
        ("agents: {a: 3}", "must be a mapping"),
        ("agents: {a: {expires: soon}}", "is not a date or time"),
        ("a: [", "not valid YAML"),
        ("agents: !!python/object/apply:os.system ['true']", "not valid YAML"),
    ],
)
def test_a_wrong_register_is_refused_with_what_is_wrong(
    tmp_path: Path, text: str, says: str
) -> None:
    path = tmp_path / "agents.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=says):
        load_register(path)


def test_a_missing_register_says_what_to_type(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="--agents FILE"):
        load_register(tmp_path / "none.yaml")
