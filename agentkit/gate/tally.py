"""What the classifier saw, counted: distributions only, no text and nobody's name."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from agentkit.classify.bins import What, bin_of

__all__ = ["ScoreTally"]

_ENOUGH: Final = 1_000
_LONGEST: Final = timedelta(days=1)
_WHAT: Final[tuple[What, ...]] = ("score", "length")


class ScoreTally:
    """Counts scores and lengths by head until somebody writes them down."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._lock = threading.Lock()
        self._counts: dict[str, dict[What, Counter[int]]] = {}
        self._texts = 0
        self._since: datetime | None = None

    def add(self, texts: Sequence[str], scores: Sequence[Any], now: datetime) -> None:
        """Count the answers for some texts; a head that could not tell is not counted."""
        with self._lock:
            self._since = self._since or now
            self._texts += len(texts)
            for text, answer in zip(texts, scores, strict=True):
                for head, score in getattr(answer, "scores", {}).items():
                    counts = self._counts.setdefault(head, {what: Counter() for what in _WHAT})
                    counts["score"][bin_of("score", float(score))] += 1
                    counts["length"][bin_of("length", float(len(text)))] += 1

    def due(self, now: datetime) -> bool:
        """Whether there is enough to be written down, or it has waited a day."""
        if self._since is None:
            return False
        return self._texts >= _ENOUGH or now - self._since >= _LONGEST

    def drain(self) -> dict[str, Any] | None:
        """What was counted, as plain JSON, and begin anew; None where there is nothing."""
        with self._lock:
            counts, texts, since = self._counts, self._texts, self._since
            self._counts, self._texts, self._since = {}, 0, None
        if not counts:
            return None
        heads = {
            head: {what: _plain(found[what]) for what in _WHAT}
            for head, found in sorted(counts.items())
        }
        return {"texts": texts, "since": since, "heads": heads}


def _plain(counts: Counter[int]) -> dict[str, int]:
    return {str(number): count for number, count in sorted(counts.items())}
