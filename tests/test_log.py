"""The log carries ids, and never what people are called or wrote."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from agentkit.clock import FixedClock
from agentkit.errors import ConfigError
from agentkit.log import ALLOWED, configure, get_logger


@pytest.fixture
def lines(clock: FixedClock) -> Iterator[io.BytesIO]:
    stream = io.BytesIO()
    configure(level="debug", clock=clock, stream=stream)
    yield stream
    structlog.reset_defaults()


def events(stream: io.BytesIO) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in stream.getvalue().splitlines()]


def test_an_event_is_one_json_line_with_the_ids_of_the_ledger(lines: io.BytesIO) -> None:
    log = get_logger().bind(tenant="acme")
    log.info("action performed", action="a-17", articles=["quiet-hours", "caps"], seconds=0.25)
    assert events(lines) == [
        {
            "at": "2026-11-23T08:30:00Z",
            "event": "action performed",
            "level": "info",
            "tenant": "acme",
            "action": "a-17",
            "articles": ["quiet-hours", "caps"],
            "seconds": 0.25,
        }
    ]


def test_unknown_keys_are_dropped_and_named(lines: io.BytesIO) -> None:
    get_logger().warning("contact imported", email="maria@example.org", name="Maria", count=1)
    assert b"maria" not in lines.getvalue().lower()
    (event,) = events(lines)
    assert (event["count"], event["dropped"]) == (1, ["email", "name"])


@pytest.mark.parametrize(
    "value",
    ["maria@example.org", "+4915112345678", "Maria Silva", "x" * 200, {"a": 1}, b"x", "é", "a\nb"],
)
def test_a_known_key_carries_no_personal_value(lines: io.BytesIO, value: object) -> None:
    get_logger().info("judged", action=value, articles=[value, "caps"])
    (event,) = events(lines)
    assert event["action"] == "withheld"
    assert event["articles"] == ["withheld", "caps"]


def test_a_text_with_data_in_it_is_no_event(lines: io.BytesIO) -> None:
    get_logger().info("Mail to maria@example.org failed")
    assert events(lines)[0]["event"] == "withheld"


def test_of_an_exception_only_class_and_place_are_written(lines: io.BytesIO) -> None:
    try:
        int("maria@example.org")
    except ValueError:
        get_logger().exception("plugin failed", plugin="consent")
    assert b"maria" not in lines.getvalue()
    (event,) = events(lines)
    assert event["error"] == "ValueError"
    assert event["where"].startswith("test_log:") or ".test_log:" in event["where"]


@given(st.dictionaries(st.sampled_from(sorted(ALLOWED)) | st.text(), st.text(min_size=3)))
def test_whatever_is_logged_no_address_gets_through(fields: dict[str, str]) -> None:
    stream = io.BytesIO()
    configure(level="info", stream=stream)
    fields.pop("event", None)
    get_logger().info("judged", **{k: f"{v}@example.org" for k, v in fields.items() if k})
    structlog.reset_defaults()
    (event,) = events(stream)
    assert not [v for k, v in event.items() if k != "dropped" and "@" in str(v)]


def test_levels_filter_and_a_wrong_one_is_refused(
    monkeypatch: pytest.MonkeyPatch, lines: io.BytesIO
) -> None:
    configure(level="error", stream=lines)
    get_logger().info("judged")
    assert lines.getvalue() == b""
    monkeypatch.setenv("AGENTKIT_LOG", "loud")
    with pytest.raises(ConfigError, match="'loud'") as caught:
        configure()
    assert "AGENTKIT_LOG is one of debug" in caught.value.hint


def test_without_set_up_warnings_go_to_stderr_and_stdout_stays_clean() -> None:
    code = (
        "from agentkit.log import get_logger; log = get_logger();"
        "log.info('quiet'); log.warning('case opened', case='c1', name='Maria')"
    )
    run = [sys.executable, "-c", code]
    found = subprocess.run(run, capture_output=True, text=True, check=True)
    assert found.stdout == ""
    event = orjson.loads(found.stderr)
    assert (event["event"], event["case"], event["dropped"]) == ("case opened", "c1", ["name"])
