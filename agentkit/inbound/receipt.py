"""What was done with one inbound message: one line out for one line in."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

__all__ = ["Receipt"]

_ORDER: Final = ("withdrawn", "suppressed", "case", "paused", "deferred", "duplicate", "ignored")


@dataclass
class Receipt:
    """The answer to one message; nothing in it is what the person wrote.

    Attributes:
        id: The provider's id, as it came.
        message: Our id; the same one for a repeated delivery.
        type: As it came.
        contacts: CRM ids of those who have the mailbox or number.
        done: What was done, of: ``withdrawn``, ``suppressed``, ``case``, ``paused``, ``deferred``,
            ``duplicate``, ``ignored``.
        why: In a few words; always there where nothing was done.
        withdrawn: Scope of a withdrawal, its event, and the ids of the actions that it stopped.
        cases: Ids of the cases that were opened.
        circumstances: Kind and end of each that was recorded.
        until: When they asked to be contacted.
        clocks: The legal and the operator's clock of a withdrawal or request.
        confirmation: The confirmation that was proposed, and where it stands; else why none was.
        language: ISO code of the words, where they were scored.
    """

    id: str
    message: str
    type: str
    contacts: tuple[str, ...] = ()
    done: list[str] = field(default_factory=list)
    why: str = ""
    withdrawn: dict[str, Any] | None = None
    cases: list[str] = field(default_factory=list)
    circumstances: list[dict[str, Any]] = field(default_factory=list)
    until: datetime | None = None
    clocks: dict[str, Any] | None = None
    confirmation: dict[str, str] | None = None
    language: str = ""

    def note(self, done: str, why: str = "") -> None:
        """Remember that something was done."""
        if done not in self.done:
            self.done = sorted([*self.done, done], key=_ORDER.index)
        self.why = self.why or why

    def to_json(self) -> dict[str, Any]:
        """The fields of one output line; empty ones are left out."""
        values = {name: getattr(self, name) for name in self.__dataclass_fields__}
        always = {"id", "message", "type", "done"}
        return {k: v for k, v in values.items() if k in always or v not in (None, "", (), [], {})}
