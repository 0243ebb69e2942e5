"""``agentkit review --now``: the law of the day, of the place and of the channel decides."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from agentkit.cli import cli

TEXT = "Hello Jo, the new sofas of Nordlicht are in our shop for you to see."
AGREED = [{"channel": "sms", "purpose": "marketing", "status": "granted", "at": "2020-01-01"}]
DALLAS = {"country": "US", "region": "TX", "timezone": "America/Chicago"}
EL_PASO = {"country": "US", "region": "TX", "timezone": "America/Denver"}


def review(now: str, place: dict[str, str], tmp_path: Path, **fields: Any) -> dict[str, Any]:
    line = {
        "kind": "message.send", "channel": "sms", "purpose": "marketing", "text": TEXT,
        "sender": {"brand": "Nordlicht", "country": "US"},
        "contact": {
            "name": "Jo Doe", "phone": "+12145550100", "type": "consumer", **place,
            "consents": AGREED,
        },
        **fields,
    }  # fmt: skip
    path = tmp_path / "in.jsonl"
    path.write_text(json.dumps(line))
    result = CliRunner().invoke(cli, ["review", str(path), "--now", now])
    assert result.exit_code == 0, result.output
    answer: dict[str, Any] = json.loads(result.stdout)
    return answer


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("now", "place", "until"),
    [
        ("2024-09-10T08:30-05:00", DALLAS, None),
        ("2026-11-24T08:30-06:00", DALLAS, "2026-11-24T15:00:00Z"),
        ("2026-11-24T09:00-06:00", DALLAS, None),
        ("2026-11-24T08:30-07:00", EL_PASO, "2026-11-24T16:00:00Z"),
        ("2026-11-24T09:30-06:00", EL_PASO, "2026-11-24T16:00:00Z"),
        ("2026-11-22T11:00-06:00", DALLAS, "2026-11-22T18:00:00Z"),
        ("2024-09-08T11:00-05:00", DALLAS, None),
        ("2026-11-22T12:00-06:00", DALLAS, None),
        ("2024-09-10T21:30-05:00", DALLAS, "2024-09-11T13:00:00Z"),
    ],
    ids=[
        "Texas, weekday 08:30, before the law",
        "Texas, weekday 08:30, since the law: 09:00 there",
        "Texas at nine",
        "El Paso, 08:30 there",
        "El Paso, where it is 08:30 and in Dallas 09:30",
        "Texas, Sunday at eleven: noon",
        "Texas, Sunday at eleven, before the law",
        "Texas, Sunday at noon",
        "21:30 fails at every date",
    ],
)
def test_a_text_to_texas(
    now: str, place: dict[str, str], until: str | None, tmp_path: Path
) -> None:
    answer = review(now, place, tmp_path)
    assert (answer["ruling"], answer["until"]) == ("allow" if until is None else "defer", until)
