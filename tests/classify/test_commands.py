"""``agentkit classify`` and ``agentkit model``, as they are typed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from agentkit.classify.manifest import MODELS
from agentkit.cli.classify import command as classify
from agentkit.cli.model import command as model
from agentkit.errors import ImportFileError, ModelError


def lines(*rows: Any) -> str:
    return "".join((r if isinstance(r, str) else json.dumps(r)) + "\n" for r in rows)


def scored(tmp_path: Path, text: str, *options: str) -> tuple[int, list[dict[str, Any]]]:
    file = tmp_path / "in.jsonl"
    file.write_text(text, "utf-8")
    result = CliRunner().invoke(classify, [*options, str(file)], catch_exceptions=False)
    return result.exit_code, [json.loads(line) for line in result.stdout.splitlines()]


def test_a_line_in_is_a_line_out(tmp_path: Path) -> None:
    rows = lines(
        {"id": "a", "text": "Please stop calling me."}, {"id": "b", "text": "See you Friday."}
    )
    status, found = scored(tmp_path, rows, "--head", "opt_out", "--head", "bias")
    assert status == 0
    assert [row["id"] for row in found] == ["a", "b"]
    assert set(found[0]) >= {"id", "language", "scores", "flags", "labels", "gaps"}
    assert list(found[0]["scores"]) == ["opt_out", "bias"]
    assert found[0]["flags"] == {"opt_out": True, "bias": False}


@pytest.mark.parametrize(
    "bad", ["{", "[]", '"text"', '{"id": 1}', '{"id": 1, "text": 7}', '{"text": null}', "\x00"]
)
def test_a_bad_line_is_answered_in_its_place(tmp_path: Path, bad: str) -> None:
    status, found = scored(tmp_path, lines({"id": 1, "text": "hello there"}, bad, {"text": "bye"}))
    assert status == 1
    assert found[0]["id"] == 1
    assert found[1]["line"] == 2
    assert found[1]["error"]
    assert found[2]["id"] == 3


def test_bytes_that_are_no_text_are_a_bad_line(tmp_path: Path) -> None:
    file = tmp_path / "in.jsonl"
    file.write_bytes(b'{"text": "\xff\xfe"}\n')
    result = CliRunner().invoke(classify, [str(file)])
    assert result.exit_code == 1
    assert json.loads(result.stdout)["line"] == 1


def test_a_foreign_text_has_gaps_instead_of_scores(tmp_path: Path) -> None:
    _, found = scored(tmp_path, lines({"text": "Proszę do mnie więcej nie dzwonić w tej sprawie"}))
    assert found[0]["scores"] == {}
    assert {gap["kind"] for gap in found[0]["gaps"]} == {"unknown"}


def test_more_lines_than_a_chunk_keep_their_order(tmp_path: Path) -> None:
    rows = lines(*({"id": n, "text": f"Order {n} arrives on Friday."} for n in range(300)))
    _, found = scored(tmp_path, rows, "--head", "opt_out")
    assert [row["id"] for row in found] == list(range(300))


def test_a_missing_file_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(ImportFileError, match="cannot be read"):
        CliRunner().invoke(classify, [str(tmp_path / "none.jsonl")], catch_exceptions=False)


def test_an_unknown_head_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="there is no head 'kindness'"):
        scored(tmp_path, "", "--head", "kindness")


def test_the_card_is_in_step() -> None:
    assert CliRunner().invoke(model, ["card", "--check"]).exit_code == 0


def test_drift_says_which_head_no_longer_sees_what_it_was_measured_on(tmp_path: Path) -> None:
    pytest.importorskip("scipy")
    file = tmp_path / "period.jsonl"
    file.write_text(lines(*({"scores": {"bias": 0.97}} for _ in range(100))), "utf-8")
    result = CliRunner().invoke(model, ["drift", str(file)], catch_exceptions=False)
    assert result.exit_code == 1
    assert "bias" in result.stdout
    assert "drifted" in result.stdout


@pytest.mark.parametrize("text", ["{", "[]\n", '{"scores": 1}\n', '{"scores": {"bias": "x"}}\n'])
def test_a_file_without_scores_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "period.jsonl"
    file.write_text(text, "utf-8")
    with pytest.raises(ImportFileError, match="holds no scores"):
        CliRunner().invoke(model, ["drift", str(file)], catch_exceptions=False)


def test_the_shipped_model_is_small_enough() -> None:
    assert sum(f.stat().st_size for f in MODELS.rglob("*") if f.is_file()) < 60e6
