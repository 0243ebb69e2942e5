"""``agentkit inbound``: one message a line in, what was done a line out."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

import click
import orjson

from agentkit.cli.options import opened, with_settings
from agentkit.errors import AgentkitError, InvalidAction, StoreError
from agentkit.settings import Settings

if TYPE_CHECKING:
    from agentkit.inbound import Receiver

__all__ = ["command"]

_LONGEST_LINE: Final = 8_000_000
"""Bytes of a line that is still read; a longer one is refused in its place."""


@click.command()
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
@with_settings
def command(settings: Settings, file: Path) -> None:
    """Take what people and providers send: FILE holds one JSON object a line; - is stdin.

    \b
    {"type": "reply", "from": "a@example.org", "channel": "email", "text": "..."}
    type         reply, stop, bounce, complaint, list_unsubscribe
    from         the person's mailbox or number: who wrote or complained
    channel      email, sms, whatsapp, chat, phone
    id           the provider's id: the same one twice is a repeated delivery
    at           when it was written, 2026-11-16T10:02:00+01:00; without it: now
    brand, to    what was written to; a withdrawal holds for the brand
    subject, text, in_reply_to (id of our action), tenant
    bounce       hard or soft; or status: 5.1.1
    list, purpose   of an unsubscribe post

    One line out for each line in: what was done (withdrawn, suppressed, case, paused, deferred,
    duplicate, ignored), the scope of a withdrawal and the actions it stopped, cases that were
    opened, the legal clock and the operator's, and the confirmation that was proposed.

    A keyword (STOP, ABMELDEN, ...) counts where it is the whole text of an SMS, WhatsApp or chat
    message; elsewhere words are read by the classifier. What is not certain becomes a case, and
    promotion to the person waits until it is decided.

    A line that cannot be read is answered with {"line", "error"} in its place, the others are dealt
    with, and the exit status is then 1. Delivering a file again changes nothing.
    """  # noqa: D301  (click wants the character that the escape stands for)
    from agentkit.inbound import Receiver
    from agentkit.pipeline import build

    with opened(file) as stream:
        pipeline = build(settings)
        try:
            bad = _take(stream, Receiver(pipeline), settings, sys.stdout.buffer)
        finally:
            pipeline.close()
    if bad:
        click.echo(f"{bad} of the lines could not be read: nothing of them was recorded", err=True)
        sys.exit(1)


def _take(stream: IO[bytes], receiver: Receiver, settings: Settings, out: IO[bytes]) -> int:
    """Deal with each line; returns how many were bad."""
    bad = 0
    for number, line in enumerate(_lines(stream), 1):
        if not line.strip():
            continue
        try:
            answer = _answer(line, receiver, settings)
        except StoreError:  # the database refuses: the lines after it would fare no better
            raise
        except AgentkitError as error:
            bad += 1
            words = f"{error.message}; {error.hint}" if error.hint else error.message
            answer = {"line": number, "error": words}
        out.write(orjson.dumps(answer, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_UTC_Z))
        out.flush()
    return bad


def _answer(line: bytes, receiver: Receiver, settings: Settings) -> dict[str, Any]:
    from agentkit.inbound import read_inbound

    row = _parse(line)
    return receiver.receive(read_inbound(row, settings.tenant, settings.country)).to_json()


def _parse(line: bytes) -> dict[str, Any]:
    if len(line) > _LONGEST_LINE:
        raise InvalidAction(f"the line is longer than {_LONGEST_LINE:,} bytes")
    try:
        row = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        row = _lenient(line, error)
    if not isinstance(row, dict):
        raise InvalidAction('expected an object like {"type": "reply", "from": "...", ...}')
    return row


def _lenient(line: bytes, error: Exception) -> Any:
    """Escaped lone surrogates are JSON to some writers; they are taken out."""
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        raise InvalidAction(f"not JSON: {error}") from error


def _lines(stream: IO[bytes]) -> Iterator[bytes]:
    """Lines, each read no further than the longest allowed one, so that memory stays flat."""
    while line := stream.readline(_LONGEST_LINE + 1):
        rest = line
        while len(rest) > _LONGEST_LINE and not rest.endswith(b"\n"):
            rest = stream.readline(_LONGEST_LINE + 1)
        yield line
