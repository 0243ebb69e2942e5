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


ANKE = {
    "name": "Anke Petersen", "email": "anke.petersen@example.de", "type": "consumer",
    "country": "DE", "timezone": "Europe/Berlin", "language": "de",
    "relationship": {"last_purchase": "2024-02-09"},
    "consents": [
        {"channel": "email", "purpose": "marketing", "brand": "Nordlicht Möbel",
         "status": "granted", "at": "2023-04-18"},
        {"channel": "email", "purpose": "marketing", "brand": "Nordlicht Möbel",
         "status": "withdrawn", "at": "2026-11-16T10:02:00+01:00"},
    ],
}  # fmt: skip
ANKES_INVOICE = (
    "Guten Tag Frau Petersen,\n\nanbei die Rechnung 2026-1182 über 1.290,00 €. Bitte überweisen "
    "Sie den Betrag innerhalb von 14 Tagen.\n{}\nMit freundlichen Grüßen\nNordlicht Möbel"
)


def test_a_line_of_advertising_is_taken_out_of_the_invoice_of_somebody_who_withdrew(
    tmp_path: Path,
) -> None:
    """With the shipped model: the line goes, the invoice stays, and it is sent."""
    answer = review(
        "2026-11-18T10:00+01:00", {}, tmp_path, channel="email", purpose="billing",
        sender={"brand": "Nordlicht Möbel", "country": "DE"}, contact=ANKE,
        text=ANKES_INVOICE.format("Und: 20 % auf Sofas bis Sonntag!\n"),
    )  # fmt: skip
    assert (answer["ruling"], answer["gaps"]) == ("allow", [])
    disclosed = "\n\nDiese Nachricht hat ein KI-Assistent geschrieben."
    assert answer["revised"]["text"] == ANKES_INVOICE.format("") + disclosed
    assert answer["revised"]["by"] == ["purpose", "revise"]
    assert answer["evidence"]["purpose"]["mismatch"] is False


def test_the_same_invoice_without_the_line_is_only_given_its_disclosure(tmp_path: Path) -> None:
    answer = review(
        "2026-11-18T10:00+01:00", {}, tmp_path, channel="email", purpose="billing",
        sender={"brand": "Nordlicht Möbel", "country": "DE"}, contact=ANKE,
        text=ANKES_INVOICE.format(""),
    )  # fmt: skip
    assert answer["ruling"] == "allow"
    assert answer["revised"]["by"] == ["revise"]
