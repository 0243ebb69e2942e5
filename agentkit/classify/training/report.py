"""Evaluate what was trained and write the model card."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import numpy as np

from agentkit.classify.card import make_card, write_card
from agentkit.classify.drift import profile
from agentkit.classify.heads import HEADS
from agentkit.classify.manifest import read_manifest
from agentkit.classify.training.assemble import Unseen
from agentkit.classify.training.data import OUTPUTS
from agentkit.classify.training.evaluate import cross_fitted, errors_of, evaluate
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


def evaluate_and_write(plan: Plan, trained: Trained, say: Callable[[str], None]) -> None:
    """Measure every head, write the card, and say the main figures."""
    say("evaluating")
    figures = evaluate(trained.material, trained.seen)
    card = make_card(
        read_manifest(plan.out),
        figures,
        export=asdict(trained.agreement),
        texts=errors_of(trained.seen.rows, figures),
        profiles=_profiles(trained.seen),
    )
    write_card(plan.out, card)
    for head, found in figures.items():
        own, valid = found["own"], found["valid"].get("all", {})
        say(
            f"{head}: own AUROC {own['auroc']}, F1 {own['f1']}; valid AUROC {valid.get('auroc')}, "
            f"F1 {valid.get('f1')}, ECE {valid.get('ece')}; ordinary {found['ordinary']['flagged']}"
        )
