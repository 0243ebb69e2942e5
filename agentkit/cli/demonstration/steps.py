"""Progress: a bar where somebody watches, one line a step where a file does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from rich.console import Console

__all__ = ["Step", "Steps"]


@dataclass
class Step:
    """A step that is under way.

    Attributes:
        advance: Call it for each unit of work done; takes and ignores what was done.
        note: What the line says at the end.
    """

    advance: Callable[[Any], None]
    note: str = ""


class Steps:
    """Says what is being done, on one line each."""

    def __init__(self, console: Console, *, quiet: bool = False) -> None:
        """Speak to this console."""
        self._console = console
        self._quiet = quiet

    @contextmanager
    def step(self, title: str, total: int | None = None) -> Iterator[Step]:
        """Show a step while it lasts, and its note afterwards."""
        if self._quiet:
            yield Step(_ignore)
            return
        if self._console.is_terminal:
            with self._bar(title, total) as step:
                yield step
        else:
            step = Step(_ignore)
            yield step
        self._console.print(f"  {title:<36} {step.note}".rstrip(), markup=False, soft_wrap=True)

    @contextmanager
    def _bar(self, title: str, total: int | None) -> Iterator[Step]:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

        columns = [TextColumn("  {task.description:<36}"), BarColumn(20)]
        if total:
            columns.append(MofNCompleteColumn())
        with Progress(*columns, console=self._console, transient=True) as progress:
            task = progress.add_task(title, total=total)
            yield Step(lambda _: progress.advance(task))


def _ignore(done: Any) -> None:
    del done
