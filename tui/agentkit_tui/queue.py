"""The queue: one line a case. Only the operator moves its cursor."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar

from rich.text import Text
from textual.binding import BindingType
from textual.widgets import DataTable

from agentkit import CaseSummary, printable

__all__ = ["Queue"]

_NARROW = (("case", 5), ("left", 5), ("person", 19), ("what", 17), ("why", 24))
_WIDE = (("case", 5), ("left", 5), ("person", 17), ("why", 20))


class Queue(DataTable[Text]):
    """The waiting cases.

    Attributes:
        lines: The cases in order.
    """

    BINDINGS: ClassVar[list[BindingType]] = []

    def __init__(self) -> None:
        """An empty table."""
        super().__init__(id="queue", cursor_type="row", zebra_stripes=False)
        self.lines: list[CaseSummary] = []
        self._columns: tuple[tuple[str, int], ...] = ()

    @property
    def current(self) -> CaseSummary | None:
        """The case under the cursor."""
        at = self.cursor_row
        return self.lines[at] if 0 <= at < len(self.lines) else None

    def shape(self, *, wide: bool) -> None:
        """Lay out the columns for a narrow or a wide screen."""
        wanted = _WIDE if wide else _NARROW
        if wanted != self._columns:
            self._columns = wanted
            self.clear(columns=True)
            for name, width in wanted:
                self.add_column(name, width=width, key=name)

    def fill(self, lines: Sequence[CaseSummary], now: datetime, stay: str = "") -> None:
        """Show these cases; the cursor stays on case ``stay``, or where it was."""
        at = self.cursor_row
        ids = [line.id for line in lines]
        if ids == [line.id for line in self.lines] and self.row_count == len(ids):
            self._update(lines, now)
            return
        self.lines = list(lines)
        self.clear()
        for line in lines:
            self.add_row(*self._cells(line, now), key=line.id)
        at = ids.index(stay) if stay in ids else min(at, len(ids) - 1)
        self.move_cursor(row=max(at, 0), animate=False)

    def drop(self, case_id: str) -> None:
        """Take one case out; the cursor is then on the one that came after it."""
        ids = [line.id for line in self.lines]
        if case_id in ids:
            at = ids.index(case_id)
            del self.lines[at]
            self.remove_row(case_id)
            if self.lines:
                self.move_cursor(row=min(at, len(self.lines) - 1), animate=False)

    def step(self, by: int) -> CaseSummary | None:
        """Move the cursor; None at the end."""
        at = self.cursor_row + by
        if not 0 <= at < len(self.lines):
            return None
        self.move_cursor(row=at, animate=False)
        return self.lines[at]

    def _update(self, lines: Sequence[CaseSummary], now: datetime) -> None:
        """Change only the cells that changed."""
        for old, line in zip(self.lines, lines, strict=True):
            for (name, _), cell in zip(self._columns, self._cells(line, now), strict=True):
                if old != line or name == "left":
                    self.update_cell(line.id, name, cell)
        self.lines = list(lines)

    def _cells(self, line: CaseSummary, now: datetime) -> list[Text]:
        mine = f"[{line.claimed_by}] " if line.claimed_by else ""
        votes = f"{line.approvals}/{line.quorum} " if line.quorum > 1 else ""
        values = {
            "case": line.id,
            "left": line.left(now),
            "person": line.name or line.person or "-",
            "what": _what(line),
            "why": f"{votes}{mine}{line.why}",
        }
        return [_cell(values[name], width) for name, width in self._columns]


def _what(line: CaseSummary) -> str:
    words = f"{line.purpose} {line.channel}".strip()
    return words if line.kind == "message.send" and words else line.kind


def _cell(value: str, width: int) -> Text:
    clean = printable(value, lines=False)
    cell = Text(clean, no_wrap=True, overflow="ellipsis", end="")
    cell.truncate(width, overflow="ellipsis")
    return cell
