"""``agentkit model eval``: what the heads are worth on text they were not trained on.

Calibration and thresholds are fitted on unseen logits too, so what is reported is cross-fitted:
chosen on one half of the groups, measured on the other, and the other way round. The thresholds
that are shipped are chosen on all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import f1_score, roc_auc_score

from agentkit.classify.heads import ALONE, CLAIMS, HEADS, LABELS
from agentkit.classify.training.assemble import Unseen, choose, lines_of
from agentkit.classify.training.calibrate import ece
from agentkit.classify.training.data import OUTPUTS, Row, fold_of

__all__ = ["auroc", "cross_fitted", "evaluate"]

Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]
_DRAWS: Final = 200
_NUDGE: Final = "deception.shop_nudge"
_LEAST: Final = 10
"""Rows of each class below which a figure is not given."""


def cross_fitted(seen: Unseen) -> tuple[Floats, Bools]:
    """Probabilities and flags of every output, each by a choice made on the other half.

    Returns:
        Two arrays of (rows, outputs).
    """
    half = np.array([fold_of("half:" + row.group, 2) for row in seen.rows])
    values = np.zeros(seen.encoder.shape, dtype=np.float32)
    flags = np.zeros(seen.encoder.shape, dtype=bool)
    for number in (0, 1):
        chosen, held = np.flatnonzero(half != number), np.flatnonzero(half == number)
        part = _subset(seen, chosen)
        for column, output in enumerate(OUTPUTS):
            made = choose(part, output.split(".")[0], output)
            probability = made.both.probability(
                seen.encoder[held, column], lines_of(seen, output)[held]
            )
            values[held, column] = probability
            flags[held, column] = probability >= made.threshold
    for column, output in enumerate(OUTPUTS):
        head, _, label = output.partition(".")
        if label and label not in ALONE:
            flags[:, column] &= flags[:, OUTPUTS.index(head)]
    return values, flags


def _subset(seen: Unseen, index: NDArray[np.int64]) -> Unseen:
    """Some of the rows."""
    return replace(
        seen,
        rows=[seen.rows[int(i)] for i in index],
        encoder=seen.encoder[index],
        linear=seen.linear[index],
        targets=seen.targets[index],
    )


def auroc(labels: Bools, values: Floats) -> float | None:
    """Area under the curve; None where a class has too few rows."""
    if min(labels.sum(), (~labels).sum()) < _LEAST:
        return None
    return round(float(roc_auc_score(labels, values)), 4)


def _interval(
    measure: Callable[[NDArray[np.int64]], float | None], groups: Sequence[str], seed: int = 7
) -> list[float] | None:
    """95 % interval by drawing groups with replacement, so that pairs stay together."""
    members: dict[str, list[int]] = {}
    for index, group in enumerate(groups):
        members.setdefault(group, []).append(index)
    lists, rng = list(members.values()), np.random.default_rng(seed)
    found = []
    for _ in range(_DRAWS):
        drawn = rng.integers(0, len(lists), len(lists))
        value = measure(np.array([i for d in drawn for i in lists[d]]))
        if value is not None:
            found.append(value)
    if not found:
        return None
    return [round(float(q), 4) for q in np.quantile(found, (0.025, 0.975))]


def _at_recall(labels: Bools, values: Floats, recall: float = 0.95) -> float | None:
    """False positive rate where the recall is reached."""
    if min(labels.sum(), (~labels).sum()) < _LEAST:
        return None
    limit = np.quantile(values[labels], 1 - recall)
    return round(float((values[~labels] >= limit).mean()), 4)


def measures(labels: Bools, values: Floats, flags: Bools, groups: Sequence[str]) -> dict[str, Any]:
    """The figures of one head on one set."""
    interval = _interval(lambda i: auroc(labels[i], values[i]), groups)
    wrong = flags & ~labels
    return {
        "rows": len(labels),
        "positives": int(labels.sum()),
        "auroc": auroc(labels, values),
        "auroc_95": interval,
        "f1": round(float(f1_score(labels, flags, zero_division=0)), 4),
        "recall": round(float(flags[labels].mean()), 4) if labels.any() else None,
        "false_positive_rate": round(float(wrong.sum() / max(1, (~labels).sum())), 4),
        "fpr_at_95_recall": _at_recall(labels, values),
        "ece": round(ece(values, labels), 4),
    }


def _any_label(seen: Unseen, values: Floats, flags: Bools) -> tuple[Floats, Bools]:
    """Deception on web-shop snippets counts any claim or manipulation label."""
    columns = [i for i, name in enumerate(OUTPUTS) if name.startswith("deception.")]
    columns.append(OUTPUTS.index("deception"))
    assert len(seen.rows) == len(values)  # noqa: S101  (same rows)
    return np.asarray(values[:, columns].max(1)), np.asarray(flags[:, columns].any(1))


def _snippets(seen: Unseen, values: Floats, flags: Bools) -> dict[str, Any]:
    """Figures of deception on the valid files, which are web-shop snippets.

    Their label is the output ``shop_nudge``, so that is the probability whose calibration counts;
    the highest of several probabilities is none.
    """
    found = _public(seen, "deception", *_any_label(seen, values, flags))
    rows = np.flatnonzero(seen.native("deception") & ~seen.own())
    sources = np.array([seen.rows[int(i)].source for i in rows])
    labels = np.array([seen.rows[int(i)].label == 1 for i in rows])
    nudge = values[rows, OUTPUTS.index(_NUDGE)]
    for source, figures in found.items():
        chosen = sources == source if source != "all" else np.ones(len(rows), dtype=bool)
        figures["ece"] = round(ece(nudge[chosen], labels[chosen]), 4)
    return found


def _public(seen: Unseen, head: str, values: Floats, flags: Bools) -> dict[str, Any]:
    """Figures on the valid files: all together and by source."""
    members = seen.native(head) & ~seen.own()
    index = np.flatnonzero(members)
    rows = [seen.rows[int(i)] for i in index]
    labels = np.array([row.label == 1 for row in rows])
    sources = np.array([row.source for row in rows])
    groups = [row.group for row in rows]
    found = {"all": measures(labels, values[index], flags[index], groups)}
    for source in sorted({row.source for row in rows}):
        part = np.flatnonzero(sources == source)
        found[source] = measures(
            labels[part], values[index][part], flags[index][part], [groups[i] for i in part]
        )
    return found


def _valid(seen: Unseen, head: str, values: Floats, flags: Bools) -> dict[str, Any]:
    """Figures of a head on its valid files, where it has some."""
    if head == "promotional":
        return {}
    if head == "deception":
        return _snippets(seen, values, flags)
    column = OUTPUTS.index(head)
    return _public(seen, head, values[:, column], flags[:, column])


def _own(seen: Unseen, head: str, values: Floats, flags: Bools) -> dict[str, Any]:
    """Figures on the project's own set."""
    index = np.flatnonzero(seen.native(head) & seen.own())
    rows = [seen.rows[int(i)] for i in index]
    labels = np.array([row.label == 1 for row in rows])
    part, raised = values[index], flags[index]
    found = measures(labels, part, raised, [row.group for row in rows])
    found["by_language"] = _errors(labels, part, raised, [row.lang for row in rows])
    found["by_writers"] = _errors(labels, part, raised, [row.writers for row in rows])
    distance = np.where(labels, 1 - part, part)
    found["nearest_errors"] = [
        {"id": rows[int(i)].id, "label": int(labels[i]), "score": round(float(part[i]), 3)}
        for i in np.argsort(-distance)[:8]
        if raised[i] != labels[i]
    ]
    return found


def _errors(labels: Bools, values: Floats, flags: Bools, groups: list[str]) -> dict[str, Any]:
    """Error rates by group."""
    found, array = {}, np.array(groups)
    for group in sorted(set(groups)):
        chosen = array == group
        yes, no = chosen & labels, chosen & ~labels
        found[group] = {
            "rows": int(chosen.sum()),
            "auroc": auroc(labels[chosen], values[chosen]),
            "missed": round(float((~flags[yes]).mean()), 4) if yes.any() else None,
            "wrongly_flagged": round(float(flags[no].mean()), 4) if no.any() else None,
        }
    return found


def _labels(seen: Unseen, head: str, values: Floats, flags: Bools) -> dict[str, Any]:
    """F1 and AUROC of each label on the project's own set."""
    index = np.flatnonzero(seen.native(head) & seen.own())
    found: dict[str, Any] = {}
    for label in LABELS[head]:
        column = OUTPUTS.index(f"{head}.{label}")
        labels = seen.targets[index, column] == 1
        if not labels.any():
            continue
        raised = flags[index, column]
        found[label] = {
            "positives": int(labels.sum()),
            "f1": round(float(f1_score(labels, raised, zero_division=0)), 4),
            "auroc": auroc(labels, values[index, column]),
        }
    return found


def evaluate(
    seen: Unseen, left_out: Mapping[str, Mapping[str, float]], folds: Mapping[str, float]
) -> dict[str, Any]:
    """All figures, by head."""
    values, flags = cross_fitted(seen)
    found: dict[str, Any] = {}
    for head in HEADS:
        column = OUTPUTS.index(head)
        score, flag = values[:, column], flags[:, column]
        plain = seen.plain() & (seen.targets[:, column] == 0)
        near = seen.near_misses(head)
        labels = _labels(seen, head, values, flags)
        found[head] = {
            "valid": _valid(seen, head, values, flags),
            "own": _own(seen, head, score, flag),
            "ordinary": {
                "rows": int(plain.sum()),
                "flagged": round(float(flag[plain].mean()), 4) if plain.any() else None,
                "near_misses_rows": int(near.sum()),
                "near_misses": round(float(flag[near].mean()), 4) if near.any() else None,
            },
            "labels": labels,
            "leave_one_source_out": dict(left_out.get(head, {})),
            "folds": folds.get(head),
        }
        if head == "deception" and labels:
            claims = [labels[name]["f1"] for name in CLAIMS if name in labels]
            found[head]["claims_macro_f1"] = round(float(np.mean(claims)), 4)
    return found


def errors_of(rows: Sequence[Row], found: dict[str, Any]) -> dict[str, str]:
    """Texts of the nearest errors by id, for the card."""
    wanted = {e["id"] for head in found.values() for e in head["own"]["nearest_errors"]}
    return {row.id: row.text[:160] for row in rows if row.id in wanted}
