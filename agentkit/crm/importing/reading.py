"""Reading exports as they are: any usual encoding, delimiter and quoting, broken rows included.

A row that cannot be read is given back as `Broken` with its line, and reading goes on behind it.
"""

from __future__ import annotations

import csv
import re
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import IO, Any, Final

from agentkit.canonical import clean_json, clean_text, from_json
from agentkit.errors import ImportFileError

__all__ = ["MAX_FIELD", "Broken", "Row", "Table", "open_jsonl", "open_table"]

MAX_FIELD: Final = 10_000
"""Longest cell, in characters."""
_MAX_LINE: Final = 1_000_000
_MAX_ROW_LINES: Final = 200
_SAMPLE: Final = 1 << 20
_DELIMITERS: Final = ",;\t|"


@dataclass(frozen=True, slots=True)
class Row:
    """One row: the line it begins on, and its cells by column (or its JSON object)."""

    line: int
    values: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Broken:
    """A row that could not be read, and why."""

    line: int
    reason: str


@dataclass(frozen=True)
class Table:
    """An open table.

    Attributes:
        header: Names of the columns, in order.
        rows: Rows and broken rows, in order; read once.
        encoding: As what the bytes were read.
    """

    header: tuple[str, ...]
    rows: Iterator[Row | Broken]
    encoding: str


@contextmanager
def open_table(path: Path) -> Iterator[Table]:
    """Open a delimited text file with a header row.

    Raises:
        ImportFileError: there is no such file, it cannot be read, or it has no header.
    """
    with _open(path) as (file, encoding):
        lines = _Lines(file)
        delimiter = _delimiter(lines)
        records = _records(lines, delimiter)
        first = next(records, None)
        if first is None or isinstance(first, Broken) or not any(c.strip() for c in first[1]):
            raise ImportFileError(
                f"{path.name} has no header row",
                hint="the first line must name the columns; export it again as CSV",
            )
        header = tuple(clean_text(c).strip() for c in first[1])
        yield Table(header, _rows(records, header), encoding)


@contextmanager
def open_jsonl(path: Path) -> Iterator[Iterator[Row | Broken]]:
    """Open a file with one JSON object a line.

    Raises:
        ImportFileError: there is no such file, or it cannot be read.
    """
    with _open(path) as (file, _):
        yield _objects(_Lines(file))


@contextmanager
def _open(path: Path) -> Iterator[tuple[IO[str], str]]:
    try:
        with path.open("rb") as probe:
            encoding = _encoding(probe.read(_SAMPLE))
        file = path.open(encoding=encoding, errors="surrogateescape", newline="")
    except OSError as error:
        raise ImportFileError(
            f"{path} cannot be read: {error.strerror or error}",
            hint="check the path and its rights",
        ) from error
    with file:
        yield file, encoding


def _encoding(sample: bytes) -> str:
    """UTF-8 with or without mark, UTF-16 with or without, else Windows-1252."""
    if sample.startswith(BOM_UTF8):
        return "utf-8-sig"
    if sample.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        return "utf-16"
    even, odd = sample[0:2000:2].count(0), sample[1:2000:2].count(0)
    if max(even, odd) * 4 > min(len(sample), 2000):
        return "utf-16-le" if odd > even else "utf-16-be"
    text = sample.decode("utf-8", errors="surrogateescape")
    bad = sum("\ud800" <= c <= "\udfff" for c in text)
    good = sum(c > "\x7f" for c in text) - bad
    return "utf-8" if bad <= max(good, 3) and not (bad and not good) else "cp1252"


class _Lines:
    """Physical lines with their numbers; over-long ones are cut and marked."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file
        self._ahead: deque[tuple[int, str]] = deque()
        self._number = 0

    def take(self) -> tuple[int, str] | None:
        """The next line with its number; None at the end."""
        if self._ahead:
            return self._ahead.popleft()
        text = self._file.readline(_MAX_LINE)
        if not text:
            return None
        self._number += 1
        if len(text) == _MAX_LINE:
            self._drop_rest()
        return self._number, text

    def put_back(self, lines: list[tuple[int, str]]) -> None:
        """Give lines back, to be taken again."""
        self._ahead.extendleft(reversed(lines))

    def _drop_rest(self) -> None:
        while True:
            rest = self._file.readline(_MAX_LINE)
            if not rest or rest.endswith(("\n", "\r")):
                return


def _delimiter(lines: _Lines) -> str:
    """The delimiter of the header: the most frequent one outside quotes; Excel's ``sep=`` wins."""
    first = lines.take()
    if first is None:
        return ","
    said = re.fullmatch(r"sep=(.)\s*", first[1])
    if said:
        return said[1]
    lines.put_back([first])
    bare = re.sub(r'"[^"]*"', "", first[1])
    return max(_DELIMITERS, key=bare.count)


@lru_cache(maxsize=8)
def _whole(delimiter: str) -> re.Pattern[str]:
    """Matches from the start as many complete cells as there are (possessive: never backtracks)."""
    d = re.escape(delimiter)
    cell = rf'(?>"(?:[^"]++|"")*+"[^{d}]*+|[^"{d}][^{d}]*+|)'
    return re.compile(rf"(?:{cell}(?:{d}|\Z))*+")


def _records(lines: _Lines, delimiter: str) -> Iterator[tuple[int, list[str]] | Broken]:
    """Logical rows: a quoted cell may hold newlines; a quote never closed spoils one line only."""
    whole = _whole(delimiter)
    while (taken := lines.take()) is not None:
        number, text = taken
        if len(text) >= _MAX_LINE:
            yield Broken(number, f"the line is longer than {_MAX_LINE:,} characters")
            continue
        if '"' in text and not _complete(whole, text):
            more = _until_closed(lines, whole, text)
            if more is None:
                yield Broken(number, "a quote is opened and never closed")
                continue
            text = more
        if text.strip():
            yield _cells(number, text, delimiter)


def _complete(whole: re.Pattern[str], text: str) -> bool:
    match = whole.match(text)
    return match is not None and match.end() == len(text)


def _until_closed(lines: _Lines, whole: re.Pattern[str], text: str) -> str | None:
    """Join lines until the quote is closed; None, with the lines given back, where it is not."""
    taken: list[tuple[int, str]] = []
    while len(taken) < _MAX_ROW_LINES and len(text) < _MAX_LINE:
        line = lines.take()
        if line is None:
            break
        taken.append(line)
        text += line[1]
        if '"' in line[1] and _complete(whole, text):
            return text
    lines.put_back(taken)
    return None


def _cells(number: int, text: str, delimiter: str) -> tuple[int, list[str]] | Broken:
    if any("\udc80" <= c <= "\udcff" for c in text) if not text.isascii() else False:
        return Broken(number, "the bytes of this line are not valid in the file's encoding")
    try:
        return number, next(csv.reader([text], delimiter=delimiter))
    except csv.Error as error:
        return Broken(number, f"the line is not valid CSV: {error}")


def _rows(
    records: Iterator[tuple[int, list[str]] | Broken], header: tuple[str, ...]
) -> Iterator[Row | Broken]:
    for record in records:
        yield record if isinstance(record, Broken) else _row(*record, header)


def _row(line: int, cells: list[str], header: tuple[str, ...]) -> Row | Broken:
    while len(cells) > len(header) and not cells[-1].strip():
        cells.pop()
    if len(cells) != len(header):
        return Broken(line, f"has {len(cells)} cells, the header has {len(header)}")
    long = next((n for n, c in zip(header, cells, strict=True) if len(c) > MAX_FIELD), None)
    if long is not None:
        return Broken(line, f"the cell {long!r} is longer than {MAX_FIELD:,} characters")
    values = {n: clean_text(c).strip() for n, c in zip(header, cells, strict=True) if n}
    return Row(line, values)


def _objects(lines: _Lines) -> Iterator[Row | Broken]:
    while (taken := lines.take()) is not None:
        line, text = taken
        if text.strip():
            yield _object(line, text)


def _object(line: int, text: str) -> Row | Broken:
    if len(text) >= _MAX_LINE:
        return Broken(line, f"the line is longer than {_MAX_LINE:,} characters")
    try:
        value = from_json(text.encode("utf-8", errors="surrogateescape"))
    except ValueError as error:
        return Broken(line, f"the line is not valid JSON: {error}")
    if not isinstance(value, dict):
        return Broken(line, "the line is not a JSON object")
    return Row(line, clean_json(value))
