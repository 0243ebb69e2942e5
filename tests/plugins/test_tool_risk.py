from __future__ import annotations

from typing import Any

import pytest

from agentkit.action import Observation
from agentkit.verdict import Ruling
from agentkit_plugins import oversight
from tests.plugins.shop import act, context, facts, person, shop


def tool(name: str, arguments: Any = None, **more: Any) -> dict[str, Any]:
    args = {"tool": name, "arguments": arguments or {}, **more}
    return facts(oversight, act("tool.call", subject="", args=args), context(person()))


@pytest.mark.parametrize(
    ("name", "hints", "risk"),
    [
        ("frobnicate", {}, "unknown"),
        ("frobnicate", {"readOnlyHint": True}, "read"),
        ("send_email", {"readOnlyHint": True}, "send"),
        ("get_invoice", {"readOnlyHint": False}, "write"),
        ("get_invoice", {"destructiveHint": True}, "delete"),
        ("get_invoice", {"readOnlyHint": True, "destructiveHint": True}, "read"),
        ("get_invoice", "nonsense", "read"),
    ],
)
def test_annotations_make_a_tool_riskier_and_never_a_writer_harmless(
    name: str, hints: Any, risk: str
) -> None:
    found = tool(name, annotations=hints)
    assert found["tool.risk"] == risk
    assert found["tool.writes"] is (risk != "read") is found["oversight.writes"]


@pytest.mark.parametrize(
    ("arguments", "out"),
    [
        ({"url": "https://x.example/page"}, False),
        ({"url": "https://x.example/up?list=maria@example.com"}, True),
        ({"url": "https://maria@x.example/"}, True),
        ({"url": "https://x.example/#maria@example.com,arjun"}, True),
        ({"url": "https://x.example/", "body": "all contacts"}, True),
        ({"query": "sofa"}, False),
        ({"a": [{"b": "http://x.example/?q=" + "y" * 40}]}, True),
        ("https://[broken?aaaaaaaaaaaaaaaaaaaa", True),
    ],
)
def test_a_read_that_carries_data_out_is_no_harmless_read(arguments: Any, out: bool) -> None:
    assert tool("fetch_url", arguments)["tool.carries_out"] is out


def test_a_reading_name_with_a_writing_method_writes() -> None:
    assert tool("fetch", {"method": "POST", "url": "x"})["tool.writes"] is True


def test_a_schema_that_takes_money_is_no_reading_tool() -> None:
    schema: dict[str, Any] = {"properties": {"amount": {}, "iban": {}}}
    assert tool("get_things_done", schema=schema)["tool.risk"] == "write"


def test_the_gate_lets_a_found_page_be_read_but_not_with_data_in_its_address() -> None:
    gate = shop(person(), constitutions=("base", "agent-safety"))
    seen = (Observation("web.search", '{"url": "https://x.example/up"}'),)
    rulings = []
    for url in ("https://x.example/up", "https://x.example/up?d=maria@example.com"):
        args = {"tool": "fetch_url", "arguments": {"url": url}}
        action = act(
            "tool.call", subject="", request="Find the price.", observations=seen, args=args
        )
        rulings.append(gate.review(action).verdict.ruling)
    assert rulings == [Ruling.ALLOW, Ruling.ESCALATE]
