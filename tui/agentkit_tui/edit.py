"""Editing a message: highlighted spans go out as they are rewritten; the gate judges the result."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any, ClassVar

from rich.style import Style
from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static, TextArea

from agentkit import AgentkitError, CaseView, printable

__all__ = ["Edit", "MessageArea"]

_MARK = Style(color="black", bgcolor="yellow")
Judge = Callable[[dict[str, Any]], Awaitable[CaseView]]


class MessageArea(TextArea):
    """A text with the words that findings point at.

    A mark is bound to its words: it goes out as soon as they are not there any more.
    """

    def __init__(self, text: str, marks: list[tuple[str, str]]) -> None:
        """Show ``text``; ``marks`` are pairs of words and label."""
        super().__init__(text, soft_wrap=True, show_line_numbers=False, tab_behavior="focus")
        self.marks = [mark for mark in marks if mark[0].strip()]

    def get_line(self, line_index: int) -> Text:
        """A line, hostile characters made visible, the marked words highlighted."""
        raw = self.document.get_line(line_index)
        line = Text(printable(raw), end="", no_wrap=True)
        for words, _ in self.marks:
            for part in words.split("\n"):
                start = raw.find(part) if part.strip() else -1
                if start >= 0:
                    line.stylize(_MARK, start, start + len(part))
        return line

    def left(self) -> list[str]:
        """Labels of the marks whose words still stand there."""
        text = self.text
        return [label for words, label in self.marks if words in text]

    def under_cursor(self) -> str:
        """Label of the mark that the cursor is on."""
        row, column = self.cursor_location
        line = self.document.get_line(row)
        for words, label in self.marks:
            for part in words.split("\n"):
                start = line.find(part) if part.strip() else -1
                if 0 <= start <= column <= start + len(part):
                    return label
        return ""


class Edit(ModalScreen[CaseView | None]):
    """The message of a case, to be rewritten and judged."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "judge", "judge", priority=True),
        Binding("escape", "back", "back", priority=True),
    ]

    def __init__(self, view: CaseView, judge: Judge) -> None:
        """Edit what ``view`` shows; ``judge`` has the result judged and recorded."""
        super().__init__()
        self._judge_it = judge
        action = view.action
        assert action is not None  # noqa: S101  (the caller looked)
        self._args = not action.text
        self._text = json.dumps(dict(action.args), indent=2, ensure_ascii=False)
        marks: list[tuple[str, str]] = []
        if not self._args:
            self._text = action.text
            marks = [(view.quoted(f), printable(f.label, lines=False)) for _, f in view.findings]
        self._marks = marks
        self._title = "arguments, as JSON" if self._args else "message"
        self._busy = False

    def compose(self) -> ComposeResult:
        """The text, what is left of the findings, and the two keys."""
        with Vertical(classes="editor"):
            yield Static(Content.styled(f"edit the {self._title}", "bold $primary"))
            yield MessageArea(self._text, self._marks)
            yield Static(id="left")
            yield Static(
                Content("Ctrl+S has it judged, Escape goes back unchanged"), classes="aside"
            )

    def on_mount(self) -> None:
        """Begin at the first finding."""
        area = self.query_one(MessageArea)
        area.focus()
        if self._marks and self._marks[0][0]:
            at = self._text.find(self._marks[0][0])
            before = self._text[:at]
            area.move_cursor((before.count("\n"), at - before.rfind("\n") - 1))
        self._tell()

    @on(TextArea.Changed)
    @on(TextArea.SelectionChanged)
    def _tell(self) -> None:
        """What is left, and the label under the cursor."""
        area = self.query_one(MessageArea)
        left, here = area.left(), area.under_cursor()
        words = f"{len(left)} of {len(area.marks)} findings left" if area.marks else ""
        self.query_one("#left", Static).update(
            Content.assemble((words, "dim"), (f"  {here}" if here else "", "$warning"))
        )

    def action_back(self) -> None:
        """Leave without a change."""
        if not self._busy:
            self.dismiss(None)

    def action_judge(self) -> None:
        """Have the text judged; what is wrong with it is said here, and nothing typed is lost."""
        if self._busy:
            return
        text = self.query_one(MessageArea).text
        try:
            change = {"args": json.loads(text)} if self._args else {"text": text}
        except ValueError as error:
            self._say(f"this is not JSON: {error}")
            return
        if self._args and not isinstance(change["args"], dict):
            self._say("arguments are an object: {...}")
            return
        self._busy = True
        self._say("judging …", "dim")
        self._submit(change)

    @work(exclusive=True, group="judge")
    async def _submit(self, change: dict[str, Any]) -> None:
        try:
            view = await self._judge_it(change)
        except AgentkitError as error:
            self._busy = False
            self._say(f"{error.message} {error.hint}".strip())
        else:
            self.dismiss(view)

    def _say(self, words: str, style: str = "$error") -> None:
        self.query_one("#left", Static).update(Content.styled(printable(words), style))
