"""Classifiers: one encoder pass, six heads, and what they do not know is a gap.

    from agentkit.classify import Classifier

    answer = Classifier.load().scores(["Please stop calling me."])[0]
    answer.flags["opt_out"], answer.labels["opt_out"], answer.gaps

Nothing heavy is imported before `Classifier` is asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agentkit.classify.heads import CLAIMS, HEADS, LABELS, MANIPULATION
from agentkit.classify.scores import Scores

if TYPE_CHECKING:
    from agentkit.classify.classifier import Classifier

__all__ = ["CLAIMS", "HEADS", "LABELS", "MANIPULATION", "Classifier", "Scores"]


def __getattr__(name: str) -> Any:
    """Load the classifier, with numpy and onnxruntime, when it is first asked for."""
    if name != "Classifier":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from agentkit.classify.classifier import Classifier

    return Classifier
