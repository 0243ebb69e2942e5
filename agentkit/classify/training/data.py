"""Training rows: public sets and the project's own text, brought to one form.

Every row says for each output (a head's score or one of its labels) yes, no, or nothing: a
complaint says nothing about discounts. The public sets lie outside the repository, in folders by
task with ``train.jsonl`` and ``valid.jsonl``; the model card names their licences.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from agentkit.classify.heads import CLAIMS, HEADS, LABELS
from agentkit.classify.text import normalise
from agentkit.errors import ModelError

__all__ = [
    "COLUMNS",
    "OUTPUTS",
    "PLAIN",
    "Row",
    "fold_of",
    "last_rows",
    "own_rows",
    "public_rows",
    "read_jsonl",
    "wide_rows",
]

PLAIN: Final = "plain"
"""Stands for a head in rows of plain daily traffic, which were collected for none."""

OUTPUTS: Final = tuple(
    name for head in HEADS for name in (head, *(f"{head}.{label}" for label in LABELS[head]))
)
"""Every output of every head, in the order of the heads."""

COLUMNS: Final = tuple(f"{head}{end}" for head in HEADS for end in ("", ":any"))
"""Columns of the linear tier: each head's score, and whether there is anything at all."""

Targets = dict[str, float]


@dataclass(frozen=True)
class Row:
    """One text with what is known about it.

    Attributes:
        text: Normalised.
        targets: 1.0 or 0.0 by output; what is absent is not known.
        source: Which set it comes from; ``own`` and ``wide`` for the project's.
        head: The head it was collected for, or `PLAIN`.
        label: What it was collected as.
        group: What stays together when folds are made.
        lang: Language code.
        writers: Group of writers (``native``, ``non_native``, ``dialect``, ...).
        kinds: Labels as written beside it, near-misses included.
        id: Of the project's rows.
    """

    text: str
    targets: Targets
    source: str
    head: str
    label: int
    group: str
    lang: str = "en"
    writers: str = "native"
    kinds: tuple[str, ...] = ()
    id: str = ""


def read_jsonl(path: Path) -> list[dict[str, Any]]:
    """Read one JSON object a line.

    Raises:
        ModelError: The file is missing or a line is not JSON.
    """
    try:
        lines = path.read_text("utf-8").split("\n")
        return [json.loads(line) for line in lines if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        hint = "name the folder of the public sets with --data, that of the project's with --corpus"
        raise ModelError(f"{path} cannot be read", hint=hint) from error
    except json.JSONDecodeError as error:
        raise ModelError(f"{path} has a line that is not JSON: {error}") from error


def fold_of(group: str, folds: int) -> int:
    """The fold of a group: by digest, so it never changes as rows are added."""
    return int(sha256(group.encode()).hexdigest()[:8], 16) % folds


def _deception(raw: dict[str, Any]) -> Targets:
    """Web-shop snippets have a label of their own; three of their groups are claims as well."""
    kind, bad = raw.get("group", "none"), float(raw["label"])
    claims = {"Urgency": "deadline", "Scarcity": "scarcity", "Social Proof": "social_proof"}
    found = {f"deception.{label}": float(kind == name) for name, label in claims.items()}
    none = {f"deception.{label}": 0.0 for label in CLAIMS}
    return (
        {**_absent(("deception",)), **none} if not bad else {**found, "deception.shop_nudge": bad}
    )


def _opt_out(raw: dict[str, Any]) -> Targets:
    """Closing an account is an opt-out with a label of its own."""
    closing = float(raw["label"] and raw.get("group") in {"erase_account", "closeaccount"})
    return {"opt_out": float(raw["label"]), "opt_out.close_account": closing}


def _needs_human(raw: dict[str, Any]) -> Targets:
    """Groups of the public sets that match a label."""
    kind = raw.get("group") or ""
    names = {"asks_human": "asks_person", "complaint": "complaint"}
    found = {f"needs_human.{label}": float(kind == name) for name, label in names.items()}
    return {"needs_human": float(raw["label"]), **found}


def _plain(head: str) -> Callable[[dict[str, Any]], Targets]:
    """A set that only answers its head's question."""
    return lambda raw: {head: float(raw["label"])}


_PUBLIC_OTHERS: Final[dict[str, tuple[str, ...]]] = {
    "deception": ("opt_out", "needs_human", "injection", "bias"),
    "bias": ("opt_out", "needs_human", "injection", "deception", "promotional"),
    "opt_out": ("injection", "promotional", "bias", "deception"),
    "needs_human": ("injection", "promotional", "opt_out", "deception"),
    "injection": ("opt_out",),
    "promotional": ("opt_out", "injection", "bias"),
}
"""Heads whose answer is no on every public row that was collected for another head."""
_TALKS_OF_ACCOUNTS: Final = ("bitext", "banking77")
"""Sources whose rows for other heads may ask to close an account."""


def _absent(heads: Iterable[str]) -> Targets:
    """No for some heads and for their labels; but what a text claims, only its own readers know."""
    return {
        output: 0.0
        for head in heads
        for output in (head, *(f"{head}.{x}" for x in LABELS[head] if x not in CLAIMS))
    }


_TASKS: Final[dict[str, tuple[str, Callable[[dict[str, Any]], Targets]]]] = {
    "deception": ("deception", _deception),
    "bias": ("bias", _plain("bias")),
    "opt_out": ("consent_revocation", _opt_out),
    "needs_human": ("needs_human", _needs_human),
    "injection": ("prompt_injection", _plain("injection")),
}
_OLDER: Final[dict[str, dict[str, float]]] = {
    "guilt": {"deception": 1, "deception.guilt": 1},
    "impersonation": {"deception": 1, "deception.impersonation": 1},
    "misleading_subject": {"deception": 1, "deception.disguised_subject": 1},
    "forced_continuity": {"deception": 1, "deception.buried_conditions": 1},
    "hidden_cost": {"deception": 1, "deception.buried_conditions": 1},
    "false_urgency": {"deception.deadline": 1},
    "true_deadline": {"deception.deadline": 1},
    "false_scarcity": {"deception.scarcity": 1},
    "real_stock": {"deception.scarcity": 1},
    "fake_social_proof": {"deception.social_proof": 1},
    "real_social_proof": {"deception.social_proof": 1},
    "fake_prior_contact": {"deception.prior_contact": 1},
    "real_prior_contact": {"deception.prior_contact": 1},
    "false_relationship": {"deception.existing_relationship": 1},
    "real_relationship": {"deception.existing_relationship": 1},
    "overpromise": {"deception.guarantee": 1},
}
"""What the kinds of the older hand-written rows say."""


def _row(raw: dict[str, Any], head: str, targets: Targets, source: str) -> Row:
    """Bring one public row to the common form."""
    text = normalise(raw["text"]).text
    targets = {**_absent(_PUBLIC_OTHERS[head]), **targets}
    if raw["source"] in _TALKS_OF_ACCOUNTS and head != "opt_out":
        targets = {name: value for name, value in targets.items() if "opt_out" not in name}
    group = raw.get("pair") or sha256(text.casefold().encode()).hexdigest()[:12]
    return Row(text, targets, source, head, int(raw["label"]), f"{source}:{group}")


def public_rows(data: Path, split: str) -> list[Row]:
    """Rows of the public sets, ``train`` or ``valid``; train leaves out every text of valid."""
    rows = [
        _row(raw, head, targets(raw), raw["source"])
        for head, (folder, targets) in _TASKS.items()
        for raw in read_jsonl(data / folder / f"{split}.jsonl")
    ]
    if split != "train":
        return rows
    held = {row.text.casefold() for row in public_rows(data, "valid")}
    return [row for row in [*rows, *_extra(data)] if row.text.casefold() not in held]


def _extra(data: Path) -> Iterator[Row]:
    """Text messages (promotional or not) and the older hand-written rows."""
    for raw in read_jsonl(data / "extra" / "sms_spam.jsonl"):
        targets = {"promotional": float(raw["label"])}
        yield _row(raw, "promotional", targets, raw["source"])
    for raw in read_jsonl(data / "handwritten" / "opt_out.jsonl"):
        targets = {"opt_out": float(raw["label"])}
        yield _row(raw, "opt_out", targets, raw["source"])
    for raw in read_jsonl(data / "handwritten" / "deception.jsonl"):
        honest = {} if raw["label"] else {"deception": 0.0}
        yield _row(raw, "deception", {**honest, **_OLDER.get(raw["kind"], {})}, raw["source"])


_OTHERS: Final[dict[str, tuple[str, ...]]] = {
    "deception": ("opt_out", "needs_human", "injection", "bias"),
    "bias": ("injection", "opt_out", "deception"),
    "opt_out": ("injection", "promotional", "bias", "deception"),
    "needs_human": ("injection", "promotional", "bias", "deception"),
    "injection": ("opt_out", "promotional", "bias"),
    "promotional": ("opt_out", "needs_human", "injection", "bias"),
}
"""Heads whose answer is no on every row that was written for another head."""


def _own_targets(raw: dict[str, Any], head: str) -> Targets:
    """What a row of the project's own set says about every output."""
    kinds, label = set(raw["labels"]), raw["label"]
    found = _absent(_OTHERS[head])
    found[head] = float(label)
    for name in LABELS[head]:
        counts = name in CLAIMS or label
        found[f"{head}.{name}"] = float(name in kinds and bool(counts))
    if head == "needs_human" and ("opt_out" in kinds or not label):
        found["opt_out"] = float("opt_out" in kinds)
    if head == "opt_out" and not label and kinds & {"asks_person", "complaint"}:
        found["needs_human"] = 1.0
    if head == "injection" and not label:
        found |= _absent(("deception",))
    return found


def _plain_targets(raw: dict[str, Any]) -> Targets:
    """Plain traffic asks nothing of any head; some of it advertises, and says so."""
    found = _absent(("opt_out", "needs_human", "injection", "bias"))
    found |= {"deception": 0.0, "promotional": float("promotional" in raw["labels"])}
    return found


def _written(folder: Path, heads: Iterable[str], source: str) -> list[Row]:
    """Rows of a folder of the corpus, every text once."""
    rows, seen = [], set()
    for head in heads:
        for raw in read_jsonl(folder / f"{head}.jsonl"):
            text = normalise(raw["text"]).text
            if text.casefold() in seen:
                continue
            seen.add(text.casefold())
            plain = head == PLAIN
            targets = _plain_targets(raw) if plain else _own_targets(raw, head)
            rows.append(
                Row(
                    text, targets, source, head, int(raw["label"]), raw["pair"] or raw["id"],
                    raw["lang"], raw["group"], tuple(raw["labels"]), raw["id"],
                )
            )  # fmt: skip
    return rows


def own_rows(corpus: Path) -> list[Row]:
    """The rows that are measured on and never trained on: hard pairs by head, plain traffic."""
    return _written(corpus, (*HEADS, PLAIN), "own")


def wide_rows(corpus: Path) -> list[Row]:
    """The rows that are trained on and never measured on: the same, and more."""
    return _written(corpus / "wide", (*HEADS, PLAIN), "wide")


def last_rows(corpus: Path) -> list[Row]:
    """The rows that were written last, on which nothing is chosen."""
    folder = corpus / "last"
    return _written(folder, [head for head in HEADS if (folder / f"{head}.jsonl").exists()], "last")
