"""What came of it: tables and sentences within 80 columns, or JSON."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from agentkit.cli.demonstration.cases import CaseTold
from agentkit.cli.demonstration.stage import Told
from agentkit.cli.outcomes import outcome_table
from agentkit.crm.reach import Reach

if TYPE_CHECKING:
    from rich.console import Console

    from agentkit.desk import TaskGroup

__all__ = ["DEFAULT_HOME", "as_data", "show"]

DEFAULT_HOME: Final = Path(".agentkit/demo")
_WIDTH: Final = 78
_CHANNELS: Final = {
    "email": "marketing e-mail", "sms": "marketing text message", "phone": "marketing call",
}  # fmt: skip
_OWNERS: Final = 3
_REASONS: Final = 2


def show(console: Console, told: Told, cases: Sequence[CaseTold], home: Path) -> None:
    """Print the report."""
    console.print()
    console.print(outcome_table(told.outcomes))
    console.print()
    for line in _lines(told, cases, home):
        console.print(line, markup=False, soft_wrap=True)


def _lines(told: Told, cases: Sequence[CaseTold], home: Path) -> Iterator[str]:
    yield from _reached(told)
    yield ""
    yield "Who can be contacted today"
    for reach in told.reach:
        yield from _reach(reach)
    yield ""
    yield from _tasks(told.tasks)
    yield ""
    yield "Four cases"
    for number, case in enumerate(cases, 1):
        yield from _case(number, case)
    yield ""
    yield from _next(home)


def _reached(told: Told) -> Iterator[str]:
    total = told.total
    if total.failed:
        yield from _wrapped(
            f"{total.failed} of those allowed could not take effect: the record has no mailbox "
            "or number for them."
        )
    yield from _wrapped(
        f"{total.reached} of {total.proposed:,} actions reached a person "
        f"({total.share:.1%}); {told.cases} cases are open. Every step is an entry in "
        f"the ledger: {told.sealed:,} of them, sealed."
    )


def _reach(reach: Reach) -> Iterator[str]:
    later = f" ({reach.later} of them later today)" if reach.later else ""
    yield f"  {reach.today} of {reach.people} by {_CHANNELS[reach.channel]}{later}; the others:"
    for reason, count in reach.reasons:
        yield f"    {count:>4}  {reason}"


def _tasks(tasks: Sequence[TaskGroup]) -> Iterator[str]:
    if not tasks:
        yield "No record data is missing."
        return
    yield "Record data that somebody must supply: one task a field, not one case a person"
    for task in tasks:
        owners = ", ".join(f"{o or 'nobody'} {n}" for o, n in task.owners[:_OWNERS])
        more = len(task.owners) - _OWNERS
        people = "1 person" if task.people == 1 else f"{task.people} people"
        yield from _wrapped(
            f"{task.field}: {people}, {task.actions} of their actions wait. Owners: {owners}"
            f"{f' and {more} more' if more > 0 else ''}",
            "  ", "    ",
        )  # fmt: skip


def _case(number: int, case: CaseTold) -> Iterator[str]:
    yield ""
    yield from _wrapped(f"{number}. {case.what.capitalize()}: {case.headline}", "  ", "     ")
    for reason in case.why[:_REASONS]:
        yield from _wrapped(f"because {reason}", "     ", "       ")
    if len(case.why) > _REASONS:
        yield f"     and {_more(len(case.why) - _REASONS)}"
    for change in case.changes:
        yield from _wrapped(change, "     ", "       ")
    if case.end:
        yield from _wrapped(f"-> {case.end}", "     ", "        ")


def _more(count: int) -> str:
    return "1 more reason" if count == 1 else f"{count} more reasons"


def _next(home: Path) -> Iterator[str]:
    yield "What to type next"
    if home == DEFAULT_HOME:
        yield "  make desk   (decide what waits for a person)"
    for command in ("tui", "desk list", "desk tasks", "ledger verify"):
        yield f"  agentkit {command} --home {home}"


def _wrapped(text: str, first: str = "", rest: str | None = None) -> list[str]:
    return textwrap.wrap(
        text, _WIDTH, initial_indent=first, subsequent_indent=first if rest is None else rest,
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip


def as_data(told: Told, cases: Sequence[CaseTold], home: Path) -> dict[str, Any]:
    """The report as plain JSON values."""
    return {
        "home": str(home),
        "people": told.people,
        "agents": {name: asdict(o) for name, o in told.outcomes.items()},
        "reached_share": round(told.total.share, 4),
        "reach": [
            {
                "channel": r.channel,
                "people": r.people,
                "now": len(r.allowed),
                "later": r.later,
                "reasons": dict(r.reasons),
            }
            for r in told.reach
        ],
        "tasks": [
            {
                "field": t.field,
                "people": t.people,
                "actions": t.actions,
                "owners": dict(t.owners),
            }
            for t in told.tasks
        ],
        "cases": [asdict(case) for case in cases],
        "open_cases": told.cases,
        "performed_later": told.waited,
        "sealed": told.sealed,
    }
