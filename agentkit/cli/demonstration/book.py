"""The book of business: its files, and how a share of what matters is blanked."""

from __future__ import annotations

import csv
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

__all__ = ["Book", "blanked", "book_of"]

_BLANKED: Final = frozenset(
    {
        "Country/Region", "Time Zone", "Preferred language",
        "MailingCountry", "Time_Zone__c", "Preferred_Language__c",
    }
)  # fmt: skip
_SEED: Final = 20261123


@dataclass(frozen=True)
class Book:
    """Files to import."""

    contacts: tuple[Path, ...]
    consents: Path
    records: Path
    history: Path
    mails: Path


def book_of(examples: Path) -> Book:
    """The book beside the package."""
    folder = examples / "book"
    return Book(
        (folder / "contacts_hubspot.csv", folder / "contacts_salesforce.csv"),
        folder / "consents.csv",
        folder / "records.jsonl",
        folder / "history.csv",
        folder / "mails.jsonl",
    )


def blanked(paths: Sequence[Path], share: float, folder: Path) -> tuple[Path, ...]:
    """Copies in which each country, time zone and language is empty with probability ``share``.

    The same share gives the same copies; broken rows stay broken.
    """
    folder.mkdir(parents=True, exist_ok=True)
    return tuple(_blank(path, share, folder / path.name) for path in paths)


def _blank(source: Path, share: float, target: Path) -> Path:
    # ruff: noqa: S311  (a repeatable choice of cells, no secret)
    chance = random.Random(f"{_SEED}/{source.name}")
    with source.open(encoding="utf-8", newline="") as read:
        header, *rows = csv.reader(read)
    columns = [i for i, name in enumerate(header) if name in _BLANKED]
    for row in rows:
        for column in columns:
            if chance.random() < share and column < len(row):
                row[column] = ""
    with target.open("w", encoding="utf-8", newline="") as write:
        csv.writer(write, lineterminator="\n").writerows([header, *rows])
    return target
