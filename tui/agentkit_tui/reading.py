"""Reading: the queue and the case, kept up to date, the next case ready before it is asked for."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime
from typing import Any, ClassVar, Final, TypeVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, VerticalScroll
from textual.content import Content
from textual.screen import Screen
from textual.widgets import DataTable, Static

from agentkit import AgentkitError, CaseSummary, CaseView, Desk, Operator, printable
from agentkit_tui import paint
from agentkit_tui.keys import WIDE, key_bar
from agentkit_tui.prompts import Ask, Help
from agentkit_tui.queue import Queue

__all__ = ["NOT_AUTHENTICATED", "PAGE", "ReadingScreen"]

_T = TypeVar("_T")
PAGE: Final = 500
"""Cases that are read at once; more come when the cursor is near the end."""
_NEAR: Final = 20
_KEPT: Final = 32
"""Cases whose content is kept for painting at once."""
NOT_AUTHENTICATED: Final = "name from the operating system: this is not authentication"

log = logging.getLogger("agentkit.tui")


class ReadingScreen(Screen[None]):
    """Queue on top (or left), the case below (or right), the keys at the bottom."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n,down,j", "move(1)", "next", priority=True),
        Binding("p,up,k", "move(-1)", "previous", priority=True),
        Binding("f", "finding", "finding"),
        Binding("w", "whole", "whole"),
        Binding("slash", "filter", "filter"),
        Binding("question_mark", "help", "help"),
        Binding("space,pagedown", "scroll(1)", "down", priority=True),
        Binding("pageup", "scroll(-1)", "up", priority=True),
        Binding("q", "quit", "quit"),
    ]

    def __init__(self, desk: Desk, operator: Operator, *, every: float = 5.0) -> None:
        """Show ``desk`` to ``operator``; look for changes ``every`` so many seconds."""
        super().__init__()
        self.desk = desk
        self.operator = operator
        self.view: CaseView | None = None
        self.text = ""
        self._every = every
        self._limit = PAGE
        self._finding = -1
        self._whole = False
        self._busy = False
        self._kept: dict[str, CaseView] = {}

    def compose(self) -> ComposeResult:
        """Header, stops, queue, case, keys."""
        yield Static(id="header")
        yield Static(id="stops")
        with Container(id="body"):
            yield Queue()
            with VerticalScroll(id="pane", can_focus=False):
                for part in ("heading", "reasons", "words", "label", "message", "details"):
                    yield Static(id=part)
        yield Static(id="keys")

    def on_mount(self) -> None:
        """Lay out and read the queue; look again every few seconds."""
        self.query_one(Queue).focus()
        self._layout()
        self.refresh_queue()
        self.set_interval(self._every, self.refresh_queue)

    def on_resize(self) -> None:
        """Fit the columns and the keys to the width."""
        self._layout()

    def _layout(self) -> None:
        queue, wide = self.query_one(Queue), self.size.width >= WIDE
        queue.shape(wide=wide)
        if queue.lines and not queue.row_count:
            lines, queue.lines = queue.lines, []
            queue.fill(lines, self._now(), self.view.case.id if self.view else "")
        self.query_one("#keys", Static).update(key_bar(self.size.width))

    # Reading

    async def _ask(self, call: Callable[..., _T], *args: Any, **named: Any) -> _T | None:
        """Call the desk in a thread; what is refused is said, and None returned."""
        try:
            return await asyncio.to_thread(call, *args, **named)
        except AgentkitError as error:
            self._tell(error.message, error.hint)
        except Exception as error:  # the screen must live on: nothing was half done, say so
            log.exception("the desk failed")
            self._tell(f"something is wrong: {type(error).__name__}", "the case is as it was")
        return None

    def _tell(self, message: str, hint: str = "", *, severity: Any = "error") -> None:
        words = printable(f"{message}\n{hint}".strip())
        self.notify(words, severity=severity, markup=False, timeout=6)

    @work(exclusive=True, group="queue")
    async def refresh_queue(self) -> None:
        """Read the queue again; the case that is shown stays, until the operator moves on."""
        found = await self._ask(self._read)
        if found is None:
            return
        lines, count, tasks, stops = found
        queue, shown = self.query_one(Queue), self.view.case.id if self.view else ""
        queue.fill(lines, self._now(), shown)
        self._header(count)
        bar = self.query_one("#stops", Static)
        bar.set_class(bool(stops), "on")
        bar.update(Content(printable(f"stopped: {', '.join(stops)}", lines=False)))
        if not lines and (self.view is None or self.view.case.state != "open"):
            self._empty(tasks)
        elif self.view is None or shown not in {line.id for line in lines}:
            self._look_after(shown)
        self._prefetch()

    def _read(self) -> tuple[list[CaseSummary], int, int, list[str]]:
        lines = list(self.desk.list(text=self.text, limit=self._limit))
        tasks = sum(task.people for task in self.desk.tasks()) if not lines else 0
        return lines, self.desk.count(), tasks, [stop.scope for stop in self.desk.stops()]

    def _look_after(self, shown: str) -> None:
        """Show the first case, or say what became of the one that is shown."""
        if self._busy:
            return
        if self.view is None:
            line = self.query_one(Queue).current
            if line is not None:
                self.show(line.id)
        else:
            self._kept.pop(shown, None)
            self._load(shown)

    def _header(self, count: int) -> None:
        shown = len(self.query_one(Queue).lines)
        words = paint.waits(count, shown, self.text)
        who = printable(self.operator.name, lines=False)
        self.query_one("#header", Static).update(
            Content.assemble((words, "bold"), f"  {who}: ", (NOT_AUTHENTICATED, "dim"))
        )

    def _empty(self, tasks: int) -> None:
        self.view = None
        for part in ("heading", "words", "label", "message", "details"):
            self.query_one(f"#{part}", Static).update("")
        self.query_one("#reasons", Static).update(paint.nothing_waits(self.text, tasks))

    def show(self, case_id: str) -> None:
        """Paint a case: at once where it is known, and afresh as soon as it is read."""
        self._finding, self._whole = -1, False
        self.query_one("#pane", VerticalScroll).scroll_home(animate=False)
        known = self._kept.get(case_id)
        if known is not None:
            self._paint(known)
        self._load(case_id)

    @work(exclusive=True, group="case")
    async def _load(self, case_id: str) -> None:
        view = await self._ask(self.desk.case, case_id)
        if view is not None:
            self._keep(view)
            if self.view is None or self.view != view:
                self._paint(view)
        self._prefetch()

    @work(exclusive=True, group="ahead")
    async def _prefetch(self) -> None:
        """Read the next cases before they are asked for."""
        queue = self.query_one(Queue)
        at = queue.cursor_row
        for line in queue.lines[at + 1 : at + 4]:
            known = self._kept.get(line.id)
            if known is None or known.case.action_digest != line.action_digest:
                view = await asyncio.to_thread(_quietly, self.desk, line.id)
                if view is not None:
                    self._keep(view)

    def _keep(self, view: CaseView) -> None:
        self._kept[view.case.id] = view
        while len(self._kept) > _KEPT:
            del self._kept[next(iter(self._kept))]

    def _paint(self, view: CaseView) -> None:
        self.view = view
        if self._finding < 0 and any(f.span for _, f in view.findings):
            self._finding = 0
        waiver = self.desk.waiver(view, self.operator)
        parts = {
            "heading": paint.heading(view, self._now()),
            "reasons": paint.reasons(view, waiver),
            "words": paint.last_words(view),
            "label": paint.label(view, self._finding),
            "message": paint.message(view, self._finding, whole=self._whole),
            "details": paint.details(view),
        }
        for part, content in parts.items():
            self.query_one(f"#{part}", Static).update(content)

    def _now(self) -> datetime:
        return self.desk.clock.now()

    # Moving

    def action_move(self, by: int) -> None:
        """Show the next or the previous case."""
        queue = self.query_one(Queue)
        ids = [line.id for line in queue.lines]
        gone = self.view is not None and self.view.case.id not in ids
        line = queue.current if gone else queue.step(by)
        if line is not None:
            self.show(line.id)
        if len(ids) - queue.cursor_row < _NEAR and len(ids) >= self._limit:
            self._limit += PAGE
            self.refresh_queue()

    @on(DataTable.RowSelected)
    def _clicked(self) -> None:
        line = self.query_one(Queue).current
        if line is not None:
            self.show(line.id)

    def action_scroll(self, by: int) -> None:
        """Scroll the case by a page."""
        pane = self.query_one("#pane", VerticalScroll)
        (pane.scroll_page_down if by > 0 else pane.scroll_page_up)(animate=False)

    def action_finding(self) -> None:
        """Go to the next finding."""
        view = self.view
        if view is not None and view.findings:
            self._finding = (self._finding + 1) % len(view.findings)
            self._paint(view)

    def action_whole(self) -> None:
        """Show all of a long message, or its beginning."""
        if self.view is not None:
            self._whole = not self._whole
            self._paint(self.view)

    def action_filter(self) -> None:
        """Show only cases with a word in them."""
        question = "Show cases with this in person, agent, kind, article (empty: all):"
        self.app.push_screen(Ask(question, self.text, needed=False), self._filtered)

    def _filtered(self, answer: str | None) -> None:
        if answer is not None:
            self.text, self.view, self._limit = answer, None, PAGE
            self.refresh_queue()

    def action_help(self) -> None:
        """Show all keys."""
        roles = ", ".join(sorted(self.operator.roles)) or "none"
        who = f"  {self.operator.name}, roles: {roles}\n  {NOT_AUTHENTICATED}"
        self.app.push_screen(Help(printable(who)))

    def action_quit(self) -> None:
        """Leave."""
        self.app.exit()


def _quietly(desk: Desk, case_id: str) -> CaseView | None:
    """A case that may be wanted next; whatever is wrong with it is said when it is."""
    try:
        return desk.case(case_id)
    except AgentkitError:
        return None
