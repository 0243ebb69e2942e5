"""``agentkit review``: judge a file of actions without performing any."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from difflib import get_close_matches
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

import click
import orjson

from agentkit.action import Action, Observation, Sender
from agentkit.agent import Register, load_register
from agentkit.cli.options import opened, with_settings
from agentkit.clock import Clock, FixedClock, SystemClock, parse_instant
from agentkit.context import Deed, Person, Stop, Touch
from agentkit.crm import InlinePeople, PeopleSource, StorePeople
from agentkit.errors import AgentkitError, InvalidAction
from agentkit.settings import Settings

if TYPE_CHECKING:
    from agentkit.gate import Gate
    from agentkit.verdict import Review

__all__ = ["command"]

_CHUNK: Final = 200
_LONGEST_LINE: Final = 8_000_000
"""Bytes of a line that is still read; a longer one is refused in its place."""
_PLAIN: Final = (
    "kind", "tenant", "agent", "run", "subject", "channel", "purpose", "text", "request", "reason",
    "args", "records", "confidence",
)  # fmt: skip
_KNOWN: Final = frozenset(
    {*_PLAIN, "id", "observations", "contact", "record", "history", "sender", "deadline"}
)


class _People:
    """The people of the chunk that is being judged."""

    def __init__(self, others: PeopleSource | None) -> None:
        self.others = others
        self.chunk = InlinePeople(others)

    def people(self, tenant: str, actions: Sequence[Action]) -> Mapping[str, Person]:
        """The subjects of the actions."""
        return self.chunk.people(tenant, actions)

    def stops(self, tenant: str) -> Sequence[Stop]:
        """The stop switches that hold now."""
        return self.chunk.stops(tenant)

    def runs(self, tenant: str, runs: Sequence[str]) -> Mapping[str, Sequence[Touch]]:
        """What each run has done so far."""
        return self.chunk.runs(tenant, runs)

    def deeds(self, tenant: str, runs: Sequence[str]) -> Mapping[str, Sequence[Deed]]:
        """What each run proposed."""
        return self.chunk.deeds(tenant, runs)


class _Line:
    """One line: what to answer to, and the action or what is wrong."""

    def __init__(self, number: int, row: Any) -> None:
        self.number = number
        self.id = row.get("id", number) if isinstance(row, dict) else number
        self.action: Action | None = None
        self.error = ""


@click.command()
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
@click.option("--constitution", "names", multiple=True, metavar="NAME|FILE",
              help="What judges; more than one may be given. Default: the settings.")  # fmt: skip
@click.option("--agents", type=click.Path(path_type=Path), metavar="FILE",
              help="Register of agents; without one every agent may do anything.")  # fmt: skip
@click.option("--now", metavar="TIME", help="Judge as of this instant, 2026-11-23T09:30+01:00.")
@with_settings
def command(
    settings: Settings, file: Path, names: tuple[str, ...], agents: Path | None, now: str | None
) -> None:
    """Judge FILE (JSON lines; - is standard input) and perform nothing.

    One action a line in, one answer a line out. A line that cannot be judged is answered with
    {"line", "error"} in its place, and the exit status is then 1.
    """
    if names:
        settings = replace(settings, constitutions=names, bindings=())
    clock: Clock = FixedClock(parse_instant(now)) if now else SystemClock()
    with opened(file) as stream, _crm_people(settings, clock) as others:
        people = _People(others)
        gate = _gate(settings, people, clock, _register(settings, agents))
        bad, lines = _review(stream, gate, people, sys.stdout.buffer, settings.tenant)
    if not lines:
        click.echo(f"{file} holds no line: nothing was judged", err=True)
    if bad:
        click.echo(f"{bad} of the lines could not be judged", err=True)
        sys.exit(1)


def _gate(settings: Settings, people: PeopleSource, clock: Clock, register: Register) -> Gate:
    from agentkit.pipeline import build_gate

    return build_gate(settings, people, clock, register)


def _register(settings: Settings, agents: Path | None) -> Register:
    chosen = agents or settings.agents
    if chosen is not None:
        return load_register(chosen)
    click.echo(
        "no register of agents (--agents FILE): open charter, every agent may propose anything",
        err=True,
    )
    return Register(open=True)


@contextmanager
def _crm_people(settings: Settings, clock: Clock) -> Iterator[PeopleSource | None]:
    """People of the built-in CRM, where there is a database; nothing is made or migrated."""
    from sqlalchemy import make_url

    from agentkit.store import Store

    url = make_url(settings.url)
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").exists():
        yield None
        return
    store = Store.open(settings.url, clock=clock, home=settings.home, create=False)
    try:
        yield StorePeople(store, settings)
    finally:
        store.close()


def _review(
    stream: IO[bytes], gate: Gate, people: _People, out: IO[bytes], tenant: str
) -> tuple[int, int]:
    """Judge chunk by chunk; returns how many lines could not be judged, of how many."""
    bad = total = 0
    for chunk in _chunks(stream):
        total += len(chunk)
        people.chunk = InlinePeople(people.others)
        lines = [_read(number, data, gate, people.chunk, tenant) for number, data in chunk]
        good = [line for line in lines if line.action is not None]
        reviews = iter(gate.review_many([line.action for line in good if line.action is not None]))
        for line in lines:
            if line.action is None:
                bad += 1
                answer: dict[str, Any] = {"line": line.number, "error": line.error}
            else:
                answer = _answer(line.id, next(reviews), gate, people.chunk)
            out.write(orjson.dumps(answer, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_UTC_Z))
        out.flush()
    return bad, total


def _chunks(stream: IO[bytes]) -> Iterator[list[tuple[int, bytes]]]:
    """Numbered lines in lists of `_CHUNK`; blank ones are left out."""
    chunk: list[tuple[int, bytes]] = []
    for number, line in enumerate(_lines(stream), 1):
        if line.strip():
            chunk.append((number, line))
        if len(chunk) == _CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _lines(stream: IO[bytes]) -> Iterator[bytes]:
    """Lines, each read no further than the longest allowed one, so that memory stays flat."""
    while line := stream.readline(_LONGEST_LINE + 1):
        rest = line
        while len(rest) > _LONGEST_LINE and not rest.endswith(b"\n"):
            rest = stream.readline(_LONGEST_LINE + 1)
        yield line


def _read(number: int, data: bytes, gate: Gate, people: InlinePeople, tenant: str) -> _Line:
    row: Any = None
    try:
        row = _parse(data)
        action = gate.check(_action(row, number, tenant))
        people.add(action, row)
    except AgentkitError as error:
        line = _Line(number, row)
        line.error = f"{error.message}; {error.hint}" if error.hint else error.message
        return line
    line = _Line(number, row)
    line.action = action
    return line


def _parse(data: bytes) -> dict[str, Any]:
    """One JSON object.

    Raises:
        InvalidAction: it is none.
    """
    if len(data) > _LONGEST_LINE:
        raise InvalidAction(f"the line is longer than {_LONGEST_LINE:,} bytes")
    try:
        row = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        row = _lenient(data, error)
    if not isinstance(row, dict):
        raise InvalidAction('expected an object like {"kind": "message.send", "text": "..."}')
    for key in sorted(set(row) - _KNOWN):
        near = get_close_matches(key, _KNOWN, 1, cutoff=0.8)
        if near:
            raise InvalidAction(f"there is no field {key!r:.40}", hint=f"did you mean {near[0]!r}?")
    return row


def _lenient(data: bytes, error: Exception) -> Any:
    """Escaped lone surrogates are JSON to some writers; the gate takes them out and says so."""
    try:
        return json.loads(data, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise InvalidAction(f"not JSON: {error}") from error


def _no_constant(word: str) -> Any:
    raise ValueError(f"{word} is no JSON")


def _action(row: Mapping[str, Any], number: int, tenant: str) -> Action:
    """The action of a line; without an id the line number, without a subject nobody on record."""
    if not isinstance(row.get("kind"), str):
        raise InvalidAction("a line needs a kind", hint='{"kind": "message.send", ...}')
    fields = {name: row[name] for name in _PLAIN if row.get(name) is not None}
    fields.setdefault("tenant", tenant)
    if not fields.get("subject"):
        fields["subject"] = _subject(row, number)
    fields["id"] = f"{row.get('id', '')}#{number}"
    fields["observations"] = _observations(row.get("observations"))
    fields["sender"] = _sender(row.get("sender"))
    if row.get("deadline") is not None:
        fields["deadline"] = _instant(row["deadline"])
    return Action.create(**fields)


def _subject(row: Mapping[str, Any], number: int) -> str:
    contact = row.get("contact")
    known = contact.get("id") if isinstance(contact, dict) else None
    return str(known) if known else f"line-{number}"


def _observations(value: Any) -> tuple[Observation, ...]:
    items = [] if value is None else value
    if not isinstance(items, list) or not all(_is_observation(o) for o in items):
        raise InvalidAction('observations must be a list of {"source": ..., "text": ...}')
    return tuple(Observation(o.get("source", ""), o.get("text", "")) for o in items)


def _is_observation(value: Any) -> bool:
    return isinstance(value, dict) and all(
        isinstance(value.get(name, ""), str) for name in ("source", "text")
    )


def _sender(value: Any) -> Sender:
    if value is None:
        return Sender()
    if not isinstance(value, dict) or not all(isinstance(v, str) for v in value.values()):
        raise InvalidAction('sender must be an object {"brand", "country", "region"} of texts')
    return Sender(*(value.get(name, "") for name in ("brand", "country", "region")))


def _instant(value: Any) -> datetime:
    if not isinstance(value, str):
        raise InvalidAction("deadline must be an instant: 2026-11-23T09:30:00+01:00")
    return parse_instant(value)


def _answer(identity: Any, review: Review, gate: Gate, people: InlinePeople) -> dict[str, Any]:
    from agentkit.pipeline import reasons

    verdict, action = review.verdict, review.action
    person = people.people(action.tenant, [action]).of(action) if verdict.fired else None
    name = "" if person is None else person.contact.name
    sentences = reasons(review, gate.policy, name)
    return {
        "id": identity,
        "ruling": verdict.ruling.word,
        "until": verdict.until,
        "articles": [
            {"id": f.article, "ruling": f.ruling.word, "because": because}
            for f, because in zip(verdict.fired, sentences, strict=False)
        ],
        "gaps": [{"fact": g.fact, "kind": g.kind} for g in verdict.gaps],
        "revised": _revised(review),
        "evidence": {name: found.to_json() for name, found in review.evidence.items()},
        "findings": _findings(review),
    }


def _revised(review: Review) -> dict[str, Any] | None:
    if not review.revised:
        return None
    made = review.verdict.revisions
    rounds = [
        {"round": r.round, "by": r.plugin, "articles": r.articles, "principles": r.principles}
        for r in made
    ]
    by = [r.plugin for r in made]
    return {"text": review.action.text, "args": review.action.args, "by": by, "rounds": rounds}


def _findings(review: Review) -> list[dict[str, Any]]:
    return [
        {
            "plugin": namespace,
            "label": f.label,
            "message": f.message,
            "span": f.span and {"start": f.span.start, "end": f.span.end, "path": f.span.path},
            "score": f.score,
            "source": f.source,
        }
        for namespace, found in review.evidence.items()
        for f in found.findings
    ]
