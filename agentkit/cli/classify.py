"""``agentkit classify``: one JSON object a line in, one a line out."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

import click
import orjson

from agentkit.classify.heads import HEADS
from agentkit.cli.options import opened
from agentkit.errors import ImportFileError

if TYPE_CHECKING:
    from agentkit.classify.classifier import Classifier

__all__ = ["command"]

_CHUNK: Final = 128
_LONGEST_LINE: Final = 8_000_000
"""Bytes of a line that is still read; a longer one is refused in its place."""


class _BadLineError(Exception):
    """A line that cannot be scored; the message says why."""


def _parse(line: bytes, number: int) -> tuple[Any, str]:
    """Id and text of one line; without an id, the line number."""
    if len(line) > _LONGEST_LINE:
        raise _BadLineError(f"the line is longer than {_LONGEST_LINE:,} bytes")
    try:
        row = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise _BadLineError(f"not JSON: {error}") from error
    if not isinstance(row, dict) or not isinstance(row.get("text"), str):
        raise _BadLineError('expected an object like {"id": "7", "text": "..."}')
    return row.get("id", number), row["text"]


def _parsed(lines: Iterable[bytes]) -> Iterator[tuple[int, Any, str | _BadLineError]]:
    """Line number, id, and the text or what is wrong with the line; blank lines are skipped."""
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            identity, text = _parse(line, number)
        except _BadLineError as error:
            yield number, None, error
        else:
            yield number, identity, text


def _lines(stream: IO[bytes]) -> Iterator[bytes]:
    """Lines, each read no further than the longest allowed one, so memory stays flat."""
    while line := stream.readline(_LONGEST_LINE + 1):
        whole = line
        while len(whole) > _LONGEST_LINE and not whole.endswith(b"\n"):
            whole = stream.readline(_LONGEST_LINE + 1)
            if not whole:
                break
        yield line


def _write_scores(
    classifier: Classifier,
    rows: list[tuple[int, Any, str | _BadLineError]],
    heads: list[str] | None,
    out: IO[bytes],
    *,
    cascade: bool,
) -> int:
    """Score a chunk and write it in order; returns how many lines were bad."""
    texts = [row[2] for row in rows if isinstance(row[2], str)]
    answers = iter(classifier.scores(texts, heads, cascade=cascade))
    bad = 0
    for number, identity, text in rows:
        if isinstance(text, _BadLineError):
            bad += 1
            answer: dict[str, Any] = {"line": number, "error": str(text)}
        else:
            answer = {"id": identity, **next(answers).to_json()}
        out.write(orjson.dumps(answer, option=orjson.OPT_APPEND_NEWLINE))
    out.flush()
    return bad


def _classify(
    stream: IO[bytes], out: IO[bytes], classifier: Classifier, heads: list[str] | None, **how: bool
) -> int:
    """Score a stream of lines chunk by chunk; returns how many lines were bad."""
    rows, bad = _parsed(_lines(stream)), 0
    while chunk := list(islice(rows, _CHUNK)):
        bad += _write_scores(classifier, chunk, heads, out, **how)
    return bad


@click.command("classify")
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True), metavar="FILE.jsonl")
@click.option("--head", "heads", multiple=True, metavar="NAME",
              help=f"Ask only this head; may be repeated. One of: {', '.join(HEADS)}.")  # fmt: skip
@click.option("--model", type=click.Path(path_type=Path), metavar="DIR",
              help="Folder of another model; default: the shipped one.")  # fmt: skip
@click.option("--threads", type=click.IntRange(1, 64), default=1, show_default=True,
              help="Cores to use.")  # fmt: skip
@click.option("--no-cascade", is_flag=True, help="Ask the encoder about every text.")
def command(
    file: Path, heads: tuple[str, ...], model: Path | None, threads: int, *, no_cascade: bool
) -> None:
    """Score texts: {"id", "text"} a line in, scores, flags, labels and gaps a line out.

    A bad line is answered in its place with {"line", "error"} and makes the exit status 1.
    """
    from agentkit.classify.classifier import Classifier

    classifier = Classifier.load(model, threads)
    wanted = list(dict.fromkeys(heads)) or None
    if wanted:
        classifier.scores([], wanted)
    try:
        with opened(file) as stream:
            bad = _classify(stream, sys.stdout.buffer, classifier, wanted, cascade=not no_cascade)
    except OSError as error:
        raise ImportFileError(f"{file} cannot be read: {error.strerror}") from error
    if bad:
        click.echo(f"{bad} of the lines could not be scored", err=True)
        sys.exit(1)
