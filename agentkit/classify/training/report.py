"""Evaluate what was trained and write the model card."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from agentkit.classify.card import make_card, write_card
from agentkit.classify.classifier import Classifier
from agentkit.classify.drift import profile
from agentkit.classify.heads import HEADS
from agentkit.classify.manifest import read_manifest
from agentkit.classify.training.assemble import Unseen
from agentkit.classify.training.cascade import cascade
from agentkit.classify.training.data import OUTPUTS, Row, last_rows
from agentkit.classify.training.evaluate import cross_fitted, errors_of, evaluate, measures
from agentkit.classify.training.run import Plan, Trained

__all__ = ["evaluate_and_write"]


def _profiles(seen: Unseen) -> dict[str, Any]:
    """Distributions of score and length by head, for later comparison."""
    values, _ = cross_fitted(seen)
    found = {}
    for head in HEADS:
        chosen = np.flatnonzero(seen.own())
        scores = values[chosen, OUTPUTS.index(head)]
        lengths = [float(len(seen.rows[int(i)].text)) for i in chosen]
        found[head] = {
            "score": profile([float(s) for s in scores]).quantiles,
            "length": profile(lengths).quantiles,
        }
    return found


def _last(plan: Plan, rows: list[Row]) -> dict[str, Any]:
    """Figures on the batch that was written last, by the shipped files as anybody loads them."""
    classifier, found = Classifier.load(plan.out, threads=2), {}
    for head in sorted({row.head for row in rows}):
        chosen = [row for row in rows if row.head == head]
        scores = classifier.scores([row.text for row in chosen], [head], cascade=False)
        told = [score for score in scores if head in score.scores]
        kept = [row for row, score in zip(chosen, scores, strict=True) if head in score.scores]
        labels = np.array([row.label == 1 for row in kept])
        values = np.array([score.scores[head] for score in told], dtype=np.float32)
        flags = np.array([score.flags[head] for score in told], dtype=bool)
        found[head] = measures(labels, values, flags, [row.group for row in kept])
    return found


def evaluate_and_write(plan: Plan, trained: Trained, say: Callable[[str], None]) -> None:
    """Measure every head, write the card, and say the main figures."""
    say("evaluating")
    figures = evaluate(trained.seen, trained.left_out, trained.folds)
    for head, found in _last(plan, last_rows(plan.corpus)).items():
        figures[head]["last"] = found
    card = make_card(
        read_manifest(plan.out),
        figures,
        export=trained.agreement,
        texts=errors_of(trained.seen.rows, figures),
        profiles=_profiles(trained.seen),
        cascade=cascade(trained.seen, trained.heads),
        notes=trained.notes,
    )
    write_card(plan.out, card)
    for head, found in figures.items():
        own, valid = found["own"], found["valid"].get("all", {})
        say(
            f"{head}: own AUROC {own['auroc']}, F1 {own['f1']}; valid AUROC {valid.get('auroc')}, "
            f"F1 {valid.get('f1')}, ECE {valid.get('ece')}; ordinary {found['ordinary']['flagged']}"
        )
