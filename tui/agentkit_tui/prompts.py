"""Small questions: a reason on one line, a confirmation that names what it waives, help."""

from __future__ import annotations

from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Static

__all__ = ["Ask", "Confirm", "Help"]


class Ask(ModalScreen[str | None]):
    """One line of text; None where the person turned back."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", "back")]

    def __init__(self, question: str, value: str = "", *, needed: bool = True) -> None:
        """Ask ``question``; ``needed``: an empty answer is none."""
        super().__init__()
        self._question = question
        self._value = value
        self._needed = needed

    def compose(self) -> ComposeResult:
        """The question above a line to type in."""
        with Vertical(classes="prompt"):
            yield Static(Content(self._question), classes="question")
            yield Input(self._value, max_length=2_000, select_on_focus=False)
            yield Static(Content("Enter sends, Escape goes back"), classes="aside")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Hand the answer back, unless it is needed and empty."""
        event.stop()
        answer = event.value.strip()
        if answer or not self._needed:
            self.dismiss(answer)
        else:
            self.query_one(".aside", Static).update(
                Content.styled("one sentence is needed: the agent reads it", "$error")
            )


class Confirm(ModalScreen[bool]):
    """Yes or no, for what goes beyond the question that was put to a person."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "dismiss(True)", "yes"),
        Binding("n,escape", "dismiss(False)", "no"),
    ]

    def __init__(self, question: str) -> None:
        """Ask ``question``."""
        super().__init__()
        self._question = question

    def compose(self) -> ComposeResult:
        """The question and its two keys."""
        with Vertical(classes="prompt"):
            yield Static(Content(self._question), classes="question")
            yield Static(Content("y approves all the same, n goes back"), classes="aside")


class Help(ModalScreen[None]):
    """The keys, and who the desk takes the operator for."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,question_mark,enter", "dismiss(None)", "back")
    ]

    def __init__(self, who: str) -> None:
        """Say ``who`` the operator is."""
        super().__init__()
        self._who = who

    def compose(self) -> ComposeResult:
        """All keys, one a line."""
        rows = [Content.assemble((f"  {keys:<10}", "bold"), words) for keys, words in KEYS]
        lines = [
            Content.styled("Keys", "bold $primary"), *rows, Content(),
            Content.styled("You", "bold $primary"), Content(self._who),
        ]  # fmt: skip
        with VerticalScroll(classes="help"):
            yield Static(Content("\n").join(lines))


KEYS: Final = (
    ("a", "approve exactly what is shown"),
    ("e", "edit the text; it is judged again before you decide"),
    ("r", "reject, with a reason that the agent reads"),
    ("m", "message the agent instead of letting it act"),
    ("n  p", "next and previous case (also the arrow keys)"),
    ("f", "go through the findings in the message"),
    ("w", "show the whole of a long message"),
    ("Space", "scroll the case down (Page Up: back up)"),
    ("c", "claim the case for a quarter of an hour"),
    ("s", "stop the agent: nothing of it is performed any more"),
    ("/", "show only cases with a word in them"),
    ("q", "leave; nothing is lost"),
)
"""Keys and what they do."""
