"""What the classifiers say about one text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from agentkit.evidence import Gap, Span

__all__ = ["Scores"]


@dataclass(frozen=True, slots=True)
class Scores:
    """The answer for one text.

    A head stands either in ``scores`` and ``flags`` or, where nothing can be said, in ``gaps`` as
    ``<head>.score``; never in both. No score is NaN.

    Attributes:
        language: ISO 639-1 code; ``und`` where it cannot be told, ``zxx`` where there are no words.
        scores: Calibrated probability by head, 0 to 1.
        flags: Whether the score reaches the head's shipped threshold.
        labels: Which kind, by head; claims of the deception head stand here whatever its score.
        gaps: What could not be said and why.
        spans: By head, the window of the text that the score comes from, in characters of the text
            as it was given.
        changed: Normalisation changed the text: hidden characters, look-alike letters.
        windows: How many windows were scored; 1 for a short text, 0 for none.
        tier: ``linear`` where the cheap tier settled every head asked for, else ``encoder``.
    """

    language: str
    scores: Mapping[str, float] = field(default_factory=dict)
    flags: Mapping[str, bool] = field(default_factory=dict)
    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    gaps: tuple[Gap, ...] = ()
    spans: Mapping[str, Span] = field(default_factory=dict)
    changed: bool = False
    windows: int = 1
    tier: str = "encoder"

    def to_json(self) -> dict[str, Any]:
        """The fields of one output line of ``agentkit classify``, without the id."""
        return {
            "language": self.language,
            "scores": dict(self.scores),
            "flags": dict(self.flags),
            "labels": {head: list(labels) for head, labels in self.labels.items()},
            "gaps": [
                {"fact": gap.fact, "kind": gap.kind, "reason": gap.reason} for gap in self.gaps
            ],
            "spans": {h: {"start": s.start, "end": s.end} for h, s in self.spans.items()},
            "changed": self.changed,
        }
