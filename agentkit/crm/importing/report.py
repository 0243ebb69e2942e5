"""What an import did, told line by line."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, Self

__all__ = ["ImportReport", "Problem", "Severity"]

Severity = Literal["skipped", "changed", "note"]


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that a person should know about one line of a file.

    Attributes:
        line: Line of the file, counted from 1; where a row spans lines, its first.
        reason: What is wrong and what was done; without addresses, numbers or names.
        severity: ``skipped`` (the row was not kept), ``changed`` (kept, without a bad value) or
            ``note`` (kept as it is).
    """

    line: int
    reason: str
    severity: Severity = "skipped"


@dataclass
class ImportReport:
    """The outcome of importing one file.

    Attributes:
        file: Name of the file, without its folder.
        what: What its rows are: ``contacts``, ``consents``, ``records``, ``history``, ``mails``,
            ``suppressions``.
        format: As what it was read: ``hubspot``, ``salesforce``, ``csv`` or ``jsonl``.
        added: Rows that were new.
        updated: Rows that changed something already there.
        unchanged: Rows that were there already, just so.
        problems: In the order of the lines.
    """

    file: str
    what: str
    format: str = ""
    added: int = 0
    updated: int = 0
    unchanged: int = 0
    problems: list[Problem] = field(default_factory=list)

    @property
    def kept(self) -> int:
        """Rows of the file that are in the CRM now."""
        return self.added + self.updated + self.unchanged

    @property
    def skipped(self) -> int:
        """Rows that were not kept."""
        return len({p.line for p in self.problems if p.severity == "skipped"})

    @property
    def rows(self) -> int:
        """Rows of the file, without its header."""
        return self.kept + self.skipped

    def sorted(self) -> Self:
        """This report, with its problems in the order of the lines."""
        self.problems.sort(key=lambda problem: problem.line)
        return self

    def skip(self, line: int, reason: str) -> None:
        """Report a row that was not kept."""
        self.problems.append(Problem(line, reason, "skipped"))

    def change(self, line: int, reason: str) -> None:
        """Report a row that was kept without a bad value."""
        self.problems.append(Problem(line, reason, "changed"))

    def note(self, line: int, reason: str) -> None:
        """Report something worth knowing about a row that was kept."""
        self.problems.append(Problem(line, reason, "note"))

    def count(self, outcome: Literal["added", "updated", "unchanged"]) -> None:
        """Count a row that was kept."""
        setattr(self, outcome, getattr(self, outcome) + 1)
