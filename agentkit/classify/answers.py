"""From the probabilities of windows to one answer a text: the maximum of each output wins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agentkit.classify.head import Head
from agentkit.classify.heads import ALONE
from agentkit.classify.scores import Scores
from agentkit.classify.text import Normalised
from agentkit.evidence import Gap, Span

__all__ = ["Piece", "Values", "answers", "refused"]

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Piece:
    """One window of one text: where it lies in the normalised text."""

    owner: int
    start: int
    end: int
    text: str


@dataclass(frozen=True)
class Values:
    """What was found for windows, in their order; the windows of one text stand together.

    Attributes:
        probabilities: (windows, outputs), columns of all heads.
        encoded: Whether the encoder was asked, by window.
        columns: Where each head's outputs stand: the score, then its labels.
    """

    probabilities: Floats
    encoded: NDArray[np.bool_]
    columns: Mapping[str, slice]


@dataclass(frozen=True)
class _Tops:
    """The highest of each output by text, and all that is asked of it, as plain lists.

    One call on the whole batch each: by text and head, the calls would take longer than a text.
    """

    scores: list[list[float]]
    flags: list[list[bool]]
    finite: list[list[bool]]
    labelled: list[list[bool]]
    reached: NDArray[np.bool_]


def _tops(found: Values, starts: Sequence[int], heads: Sequence[Head]) -> _Tops:
    """Reduce windows to texts."""
    tops = np.maximum.reduceat(found.probabilities, starts, axis=0)
    columns = [found.columns[head.name] for head in heads]
    first = [part.start for part in columns]
    limits = np.full(tops.shape[1], np.inf, dtype=np.float32)
    for head, part in zip(heads, columns, strict=True):
        limits[part] = head.threshold
    reached, finite = tops >= limits, np.isfinite(tops)
    labelled = [reached[:, part][:, 1:].any(axis=1) for part in columns]
    whole = [finite[:, part].all(axis=1) for part in columns]
    return _Tops(
        tops[:, first].astype(float).round(6).tolist(), reached[:, first].tolist(),
        np.stack(whole, 1).tolist(), np.stack(labelled, 1).tolist(), reached,
    )  # fmt: skip


def answers(
    texts: Mapping[int, tuple[Normalised, str]],
    pieces: Sequence[Piece],
    found: Values,
    heads: Sequence[Head],
) -> dict[int, Scores]:
    """One answer a text.

    Args:
        texts: By owner, the normalised text and its language; every owner has a piece.
        pieces: Windows, those of one owner together.
        found: What was found for them.
        heads: Heads that were asked.
    """
    if not heads:
        return {
            owner: Scores(language, changed=text.changed)
            for owner, (text, language) in texts.items()
        }
    if not pieces:
        return {}
    starts = [i for i, p in enumerate(pieces) if not i or pieces[i - 1].owner != p.owner]
    tops = _tops(found, starts, heads)
    ends = [*starts[1:], len(pieces)]
    return {
        pieces[start].owner: _answer(
            row, range(start, end), texts[pieces[start].owner], pieces, found, tops, heads
        )
        for row, (start, end) in enumerate(zip(starts, ends, strict=True))
    }


def _answer(
    row: int,
    members: range,
    told: tuple[Normalised, str],
    pieces: Sequence[Piece],
    found: Values,
    tops: _Tops,
    heads: Sequence[Head],
) -> Scores:
    """The answer for one text, from the windows ``members``."""
    text, language = told
    scores, flags, labels, spans, gaps = {}, {}, {}, {}, []
    for number, head in enumerate(heads):
        name = head.name
        if not tops.finite[row][number]:
            gaps.append(Gap(f"{name}.score", "failed", "the score is not a number"))
            continue
        scores[name], flags[name] = tops.scores[row][number], tops.flags[row][number]
        part = found.columns[name]
        labels[name] = _labels(head, tops.reached[row, part]) if tops.labelled[row][number] else ()
        best = members.start
        if len(members) > 1:
            best += int(found.probabilities[members.start : members.stop, part.start].argmax())
        spans[name] = Span(*text.place(pieces[best].start, pieces[best].end))
    tier = "encoder" if found.encoded[members.start : members.stop].any() else "linear"
    return Scores(
        language, scores, flags, labels, tuple(gaps), spans, text.changed, len(members), tier
    )


def _labels(head: Head, reached: NDArray[np.bool_]) -> tuple[str, ...]:
    """Labels that hold: with the head's flag all that are reached, without it those that may."""
    return tuple(
        label
        for label, on in zip(head.labels, reached[1:], strict=True)
        if on and (reached[0] or label in ALONE)
    )


def refused(heads: Sequence[Head], code: str, reason: str, text: Normalised) -> Scores:
    """An answer that is all gaps."""
    gaps = tuple(Gap(f"{head.name}.score", "unknown", reason) for head in heads)
    return Scores(code, gaps=gaps, changed=text.changed, windows=0, tier="none")
