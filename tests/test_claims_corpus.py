"""The project's own messages with records: well formed, and settled as labelled on the tuning half.

The other half is for reporting (`python -m benchmarks claims`): nothing is tuned on it, so no test
looks at it row by row.
"""

from __future__ import annotations

from collections import Counter

import pytest

from benchmarks.claims import action_of, compared, found, macro_f1, rows

CLAIMS, ORDINARY = rows("claims"), rows("ordinary")
LANGUAGES = {"en", "de", "fr", "es"}


def test_there_are_enough_rows_in_four_languages_and_two_halves() -> None:
    halves = Counter(row["split"] for row in CLAIMS)
    assert len(CLAIMS) >= 300
    assert halves["report"] >= 150
    assert len(ORDINARY) >= 150
    for some in (CLAIMS, ORDINARY):
        assert {row["lang"] for row in some} == LANGUAGES
        assert len({row["id"] for row in some}) == len(some)


def test_a_text_stands_in_one_half_only_and_with_several_records() -> None:
    halves = {split: {r["action"]["text"] for r in CLAIMS if r["split"] == split}
              for split in ("tune", "report")}  # fmt: skip
    assert not halves["tune"] & halves["report"]
    pairs = Counter(row["pair"] for row in CLAIMS)
    assert sum(n > 1 for n in pairs.values()) > 100


def test_every_label_quotes_its_text() -> None:
    kinds = {"date", "price", "discount", "stock", "quantity", "prior_contact", "relationship",
             "consent", "sender"}  # fmt: skip
    for row in CLAIMS:
        for claim in row["claims"]:
            assert claim["text"] in row["action"]["text"]
    assert {c["kind"] for row in CLAIMS for c in row["claims"]} == kinds


@pytest.mark.parametrize("row", [*CLAIMS[::40], *ORDINARY[::40]], ids=lambda row: str(row["id"]))
def test_a_row_is_an_action_as_review_takes_it(row: dict[str, object]) -> None:
    assert action_of(row["action"]).kind == "message.send"  # type: ignore[arg-type]


def test_the_tuning_half_is_settled_as_labelled() -> None:
    tune = [row for row in CLAIMS if row["split"] == "tune"]
    macro, _ = macro_f1(pair for row in tune for pair in compared(row, found(row)))
    assert macro > 0.97


def test_no_claim_of_an_ordinary_message_is_contradicted() -> None:
    wrong = [row["id"] for row in ORDINARY for c in found(row) if c.outcome == "contradicted"]
    assert wrong == []
