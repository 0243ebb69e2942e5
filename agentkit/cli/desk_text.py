"""Cases as plain aligned text and as JSON. What others wrote is made printable first."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import is_dataclass
from datetime import datetime
from typing import Any, Final

from agentkit.canonical import canonical
from agentkit.consent import DESK_KINDS
from agentkit.desk import CaseSummary, CaseView, TaskGroup, Waiver, printable
from agentkit.evidence import Finding
from agentkit.verdict import Verdict

__all__ = ["as_json", "case_list", "case_page", "task_list", "undone"]

_WIDTH: Final = 80
_LONGEST: Final = 20_000
"""Characters of one text that are shown; `--json` has all."""
_UNDONE: Final = 10
"""Cases that are named where more were stopped."""


def as_json(value: Any) -> str:
    """Any noun of the desk as JSON."""
    return canonical(_plain(value)).decode()


def _plain(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, Verdict):
        return value.to_json()
    if is_dataclass(value):
        return {name: _plain(getattr(value, name)) for name in value.__dataclass_fields__}
    return value


def undone(cases: Sequence[str]) -> str:
    """What an operator must know although it waits no more."""
    some = ", ".join(cases[:_UNDONE])
    word = "case that you decided was" if len(cases) == 1 else "cases that you decided were"
    return (
        f"{len(cases)} {word} stopped since, because the person objected: {some}\n"
        f"  to read why: agentkit desk show {cases[0]}"
    )


def case_list(cases: Sequence[CaseSummary], total: int, now: datetime) -> str:
    """The queue, one line a case."""
    if not cases:
        return (
            "no case waits\n"
            "  agents put cases here; `agentkit run` lets one work, `agentkit desk tasks` shows\n"
            "  what waits for missing record data instead"
        )
    head = ("case", "left", "person", "what", "why")
    lines = [head, *(_line(case, now) for case in cases)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(head) - 1)]
    body = ["  ".join([*map(str.ljust, line, widths), line[-1]]).rstrip() for line in lines]
    if total > len(cases):
        body.append(f"{len(cases)} of {total}; --limit shows more")
    return "\n".join([*body, "to read one: agentkit desk show CASE"])


def _line(case: CaseSummary, now: datetime) -> tuple[str, ...]:
    who = case.name or case.person or "-"
    left = case.left(now)
    claimed = f" [{case.claimed_by}]" if case.claimed_by else ""
    what = f"{case.kind} {case.channel}".strip()
    return (case.id, left, _short(who, 24), _short(what, 24), case.why + claimed)


def _short(text: str, most: int) -> str:
    clean = printable(text, lines=False)
    return clean if len(clean) <= most else clean[: most - 1] + "…"


def task_list(groups: Sequence[TaskGroup]) -> str:
    """Missing data, one line a field."""
    if not groups:
        return "no record data is missing that any action waits for"
    lines = []
    for group in groups:
        record, _, name = group.field.partition(".")
        owners = ", ".join(f"{owner or 'nobody'} {n}" for owner, n in group.owners[:5])
        more = f" and {len(group.owners) - 5} more" if len(group.owners) > 5 else ""  # noqa: PLR2004
        waits = f"{group.actions} action{'s' * (group.actions != 1)} wait"
        words = f"{group.people:>7,} {record}s without {name}; {waits}; {owners}{more}"
        lines += textwrap.wrap(words, _WIDTH, subsequent_indent=" " * 8, drop_whitespace=True)
    return "\n".join(lines)


def case_page(view: CaseView, waiver: Waiver, now: datetime) -> str:
    """One case on one page."""
    parts = [_heading(view, now)]
    parts += _section("why it was stopped", [view.ended] if view.ended else [])
    parts += _section("why it waited" if view.ended else "why it waits", _reasons(view))
    if view.action is None:
        parts += _section("message", ["the person was erased: nothing of it is left"])
    else:
        parts += _section("message", _message(view))
    parts += _section("findings", _findings(view))
    parts += _section("rewritten", _rewrites(view))
    parts += _section("changed since it was proposed", view.diff())
    parts += _section("conversation (times in UTC)", _conversation(view))
    parts += _section("facts", [f"{name} = {value}" for name, value in view.facts])
    parts += _section("decisions", _decisions(view))
    if view.case.state == "open" and view.action is not None:
        parts += _section("to decide", _next(view, waiver))
    return "\n".join(parts)


def _heading(view: CaseView, now: datetime) -> str:
    action, case = view.action, view.case
    what = f"{view.kind} {action.channel if action else ''}".strip()
    purpose = f", {action.purpose}" if action and action.purpose else ""
    person, state = view.person or "nobody", view.left(now)
    by = f", claimed by {case.claimed_by}" if case.claimed_by and case.state == "open" else ""
    return printable(
        f"case {case.id}: {what}{purpose} to {person}, by agent {view.agent} ({state}{by})",
        lines=False,
    )


def _section(title: str, lines: Sequence[str]) -> list[str]:
    if not lines:
        return []
    return ["", title, *(wrapped for line in lines for wrapped in _wrap(line))]


def _wrap(line: str) -> Iterator[str]:
    """A line of a section; what belongs to a bullet is indented below it."""
    indent, hanging = "  ", "    " if line.startswith("- ") else "  "
    for part in printable(line[:_LONGEST]).split("\n"):
        yield from textwrap.wrap(
            part, _WIDTH, initial_indent=indent, subsequent_indent=hanging, break_on_hyphens=False
        ) or [""]
        indent = hanging
    if len(line) > _LONGEST:
        yield f"  ... {len(line) - _LONGEST:,} more characters; --json has all"


def _reasons(view: CaseView) -> list[str]:
    lines = []
    if view.state == "unknown":
        lines.append("- nobody knows whether this action took place: look before you decide")
    for article in view.articles:
        cites = f" [{'; '.join(article.cites)}]" if article.cites else ""
        name = f"{article.fired.article}, {article.fired.ruling.word}"
        lines.append(f"- {article.because} ({name}){cites}")
    for gap, words in zip(view.gaps, view.missing, strict=True):
        role = view.gap_roles.get(gap.fact, "")
        may = f"role {role} may accept that" if role else "nobody may accept that"
        lines.append(f"- {words} ({may})")
    return lines or ["nothing speaks against it any more"]


def _message(view: CaseView) -> list[str]:
    assert view.action is not None  # noqa: S101  (the caller looked)
    args = [f"{name}: {value}" for name, value in view.arguments]
    return [*args, *([view.action.text] if view.action.text else [])]


def _findings(view: CaseView) -> list[str]:
    return [f"- {_finding(f, view)}" for _, f in view.findings]


def _finding(finding: Finding, view: CaseView) -> str:
    quoted = view.quoted(finding)[:80]
    score = f" ({finding.score:.2f})" if finding.score is not None else ""
    message = f": {finding.message}" if finding.message else ""
    words = f' "{quoted}"' if quoted else ""
    return f"{finding.label}{score}{words}{message}"


def _rewrites(view: CaseView) -> list[str]:
    """Every round: who rewrote, for which principle, and what."""
    lines = []
    for rewrite in view.rewrites:
        made = rewrite.revision
        serves = "; ".join(f"{name}: {words}" for name, words in rewrite.principles)
        lines.append(f"- round {made.round}, {made.plugin}, for {', '.join(made.articles)}")
        lines += [serves] if serves else []
        lines += [f"  {line}" for line in rewrite.diff]
    return lines


def _conversation(view: CaseView) -> list[str]:
    names = {"person": "wrote", "us": "was sent", "read": "the agent read", "event": "earlier"}
    lines = []
    for turn in view.conversation[-10:]:
        at = f"{turn.at:%Y-%m-%d %H:%M} " if turn.at else ""
        where = f" ({turn.channel})" if turn.channel else ""
        lines.append(f"- {at}{names[turn.who]}{where}: {turn.text}")
    return lines


def _decisions(view: CaseView) -> list[str]:
    return [
        f"- {d.at:%Y-%m-%d %H:%M} {d.by}: {d.choice}{f' ({d.reason})' if d.reason else ''}"
        for d in view.case.decisions
    ]


def _next(view: CaseView, waiver: Waiver) -> list[str]:
    case = f"{view.case.id} --seen {view.case.action_digest[:12]}"
    lines = []
    if waiver.blockers:
        blocker = waiver.blockers[0]
        need = f"takes the role {blocker.role}" if blocker.role else "cannot be waived by anybody"
        lines.append(f"you cannot approve it: {blocker.what} {need}")
    else:
        what = ", ".join((*waiver.articles, *waiver.gaps))
        waives = f"   (waives {what})" if what else ""
        lines.append(f"agentkit desk approve {case}{waives}")
    if view.kind in DESK_KINDS:
        return [*lines, f'agentkit desk reject  {case} --reason "..."']
    lines.append(f"agentkit desk edit    {case}")
    lines.append(f'agentkit desk reject  {case} --reason "..."')
    lines.append(f'agentkit desk respond {case} "..."')
    return lines
