"""A case as styled text. No markup is ever parsed: what customers write stays what they wrote.

Every text of others goes through `printable`, which is one character for one, so that the spans of
findings fit.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

from textual.content import Content

from agentkit import CaseView, Finding, Turn, Waiver, printable

__all__ = [
    "LONGEST",
    "details",
    "heading",
    "label",
    "last_words",
    "message",
    "nothing_waits",
    "reasons",
    "waits",
]

LONGEST: Final = 20_000
"""Characters of a message that are painted before somebody asks for all of it."""
_TURNS: Final = 12
_TURN: Final = 1_500
_SHORT: Final = 140
_MARK: Final = "black on yellow"
_CURRENT: Final = "bold black on bright_yellow underline"
_WHO: Final = {"person": "wrote", "us": "was sent", "read": "the agent read", "event": "earlier"}


def one_line(text: str) -> str:
    """Text of others on one line."""
    return printable(text, lines=False)


def heading(view: CaseView, now: datetime) -> Content:
    """Who, what, by which agent, how long, which case: one line, the important first."""
    where = ""
    if view.contact is not None:
        place = (view.contact.country, view.contact.language)
        where = " ".join(part for part in place if part)
    parts = [where, _what(view), f"by {view.agent}" if view.agent else "", view.left(now)]
    rest = " · ".join(one_line(part) for part in parts if part)
    who = one_line(view.person) or "nobody"
    return Content.assemble((view.case.id, "dim"), (f" {who}", "bold"), ("  " + rest, "dim"))


def _what(view: CaseView) -> str:
    """``marketing email``, or the kind where it is no message."""
    action = view.action
    if action is None:
        return view.kind
    words = f"{action.purpose} {action.channel}".strip()
    return words if view.kind == "message.send" and words else view.kind


def last_words(view: CaseView) -> Content:
    """What the person wrote last, in short: above the message, as the operator decides from it."""
    turns = [t for t in view.conversation if t.who == "person" or (t.who == "read" and t.prose)]
    if not turns:
        return Content()
    turn = max(turns, key=lambda t: (t.at is not None, t.at.timestamp() if t.at else 0.0))
    text = " ".join(printable(turn.text).split())
    short = text[:_SHORT] + " …" if len(text) > _SHORT else text
    return Content.assemble((f"{_said(turn)}: ", "bold $primary"), short)


def reasons(view: CaseView, waiver: Waiver) -> Content:
    """Why a person is asked, in sentences, and what an approval would do about it."""
    parts: list[Content] = []
    if view.state == "unknown":
        parts.append(
            _bullet("nobody knows whether it took place: look before you decide", "$error")
        )
    for article in view.articles:
        colour = "$error" if article.fired.ruling.word == "deny" else "$warning"
        parts.append(_bullet(article.because, colour, f"  {article.fired.article}"))
    parts += [_bullet(words, "$accent") for words in view.missing]
    if not parts:
        parts.append(_bullet("nothing speaks against it any more", "$success"))
    parts.append(_meaning(view, waiver))
    return Content("\n").join(parts)


def _bullet(text: str, colour: str, aside: str = "") -> Content:
    return Content.assemble(("▌ ", colour), one_line(text), (one_line(aside), "dim"))


def _meaning(view: CaseView, waiver: Waiver) -> Content:
    """What the key ``a`` does, before it is pressed."""
    case = view.case
    if case.state != "open":
        return closed(view)
    if waiver.blockers:
        blocker = waiver.blockers[0]
        need = f"takes the role {blocker.role}" if blocker.role else "is nobody's to waive"
        return Content.styled(f"  not yours to approve: {blocker.what} {need}", "bold $error")
    waived = ", ".join((*waiver.articles, *waiver.gaps))
    words = f"  a approves and waives {waived}" if waived else "  a approves; it waives nothing"
    if case.quorum > 1:
        given = len({d.by for d in case.decisions if d.choice == "approve"
                     and d.action_digest == case.action_digest})  # fmt: skip
        words += f" ({given} of {case.quorum} so far)"
    return Content.styled(words, "dim")


def closed(view: CaseView) -> Content:
    """That a case is closed, and by whom."""
    if view.case.state == "decided" and view.case.decisions:
        last = view.case.decisions[-1]
        verb = {"approve": "approved", "reject": "rejected"}.get(last.choice, "answered")
        words = f"  {last.by} {verb} this case at {last.at:%H:%M} UTC; n goes on"
    else:
        words = f"  this case is {view.case.state}; n goes on"
    if view.ended:
        words += f"\n  {one_line(view.ended)}"
    return Content.styled(words, "bold $warning")


def label(view: CaseView, current: int) -> Content:
    """Heading of the message: how many findings, and the one under the cursor."""
    parts: list[tuple[str, str]] = [("message", "bold $primary")]
    if view.changed:
        parts.append(("  changed since it was proposed", "$warning"))
    found = len(view.findings)
    if found and 0 <= current < found:
        finding = view.findings[current][1]
        parts.append((f"  {current + 1}/{found} ", "dim"))
        parts.append((one_line(finding.label), "$warning"))
        parts.append((_remark(finding), "dim"))
    elif found:
        parts.append((f"  {found} finding{'s' * (found != 1)}, f shows them", "dim"))
    return Content.assemble(*parts)


def _remark(finding: Finding) -> str:
    score = f" {finding.score:.2f}" if finding.score is not None else ""
    return score + (f": {one_line(finding.message)}" if finding.message else "")


def message(view: CaseView, current: int, *, whole: bool) -> Content:
    """Arguments and text, findings highlighted, the one under the cursor most."""
    action = view.action
    if action is None:
        return Content.styled("the person was erased: nothing of it is left", "dim")
    limit = len(action.text) if whole else LONGEST
    body = Content(printable(action.text[:limit]))
    for index, (_, finding) in enumerate(view.findings):
        span = finding.span
        if span is not None and span.path == "text" and span.start < limit:
            style = _CURRENT if index == current else _MARK
            body = body.stylize(style, span.start, min(span.end, limit))
    parts = [*_arguments(view), *([body] if action.text else [])]
    if len(action.text) > limit:
        more = f"… {len(action.text) - limit:,} more characters; w shows all of it"
        parts.append(Content.styled(more, "bold $warning"))
    return Content("\n").join(parts)


def _arguments(view: CaseView) -> Iterator[Content]:
    for name, value in view.arguments:
        yield Content.assemble((f"{one_line(name)} ", "dim"), one_line(value[:500]))


def details(view: CaseView) -> Content:
    """What was said before, what changed, the facts and sources: below the message."""
    blocks = [
        _block("conversation (latest first, times in UTC)", _conversation(view)),
        _block("rewritten", _rewrites(view)),
        _block("changed since it was proposed", _changes(view)),
        _block("findings", _findings(view)),
        _block("articles", _sources(view)),
        _block("facts", [Content(f"{n} = {one_line(v)}") for n, v in view.facts]),
        _block("decisions so far", _decisions(view)),
    ]
    return Content("\n\n").join([block for block in blocks if block is not None])


def _block(title: str, lines: Sequence[Content]) -> Content | None:
    if not lines:
        return None
    return Content("\n").join([Content.styled(title, "bold $primary"), *lines])


def _conversation(view: CaseView) -> list[Content]:
    """The latest turn first: the operator decides from it."""
    turns = view.conversation[::-1]
    lines = [_turn(turn) for turn in turns[:_TURNS]]
    if len(turns) > _TURNS:
        lines.append(Content.styled(f"{len(turns) - _TURNS} earlier ones", "dim"))
    return lines


def _said(turn: Turn) -> str:
    at = f"{turn.at:%d %b %H:%M} " if turn.at is not None else ""
    return at + _WHO[turn.who] + (f" ({one_line(turn.channel)})" if turn.channel else "")


def _turn(turn: Turn) -> Content:
    text = printable(turn.text[:_TURN].strip())
    more = " …" if len(turn.text) > _TURN else ""
    style = "bold" if turn.who == "person" else "dim"
    return Content.assemble((_said(turn), style), ": ", text, more)


def _rewrites(view: CaseView) -> list[Content]:
    """Every round: who rewrote, for which principle, and what."""
    lines = []
    for rewrite in view.rewrites:
        made = rewrite.revision
        head = f"round {made.round}: {made.plugin}, for {', '.join(made.articles)}"
        lines.append(Content.styled(one_line(head), "$warning"))
        for name, words in rewrite.principles:
            lines.append(Content.styled(one_line(f"{name}: {words}"), "dim"))
        lines += _coloured(rewrite.diff)
    return lines


def _changes(view: CaseView) -> list[Content]:
    return _coloured(view.diff())


def _coloured(diff: Sequence[str]) -> list[Content]:
    styles = {"+": "$success", "-": "$error"}
    return [Content.styled(printable(line), styles.get(line[:1], "")) for line in diff]


def _findings(view: CaseView) -> list[Content]:
    lines = []
    for number, (source, finding) in enumerate(view.findings, 1):
        quoted = one_line(view.quoted(finding)[:60])
        words = f"  “{quoted}”" if quoted else ""
        lines.append(
            Content.assemble(
                (f"{number} ", "dim"), (one_line(finding.label), "$warning"),
                _remark(finding), words, (f"  {finding.source or source}", "dim"),
            )
        )  # fmt: skip
    return lines


def _sources(view: CaseView) -> list[Content]:
    lines = []
    for article in (*view.articles, *view.noted):
        fired = article.fired
        mode = "" if fired.mode == "enforce" else f" ({fired.mode} only)"
        cites = "; ".join(article.cites)
        aside = ", ".join(part for part in (article.principle, article.status, cites) if part)
        rules = f"{fired.article}: {fired.ruling.word}{mode}"
        lines.append(Content.assemble(rules, (f"  {one_line(aside)}", "dim")))
    return lines


def _decisions(view: CaseView) -> list[Content]:
    return [
        Content(f"{d.at:%d %b %H:%M} {d.by}: {d.choice} {one_line(d.reason)}".rstrip())
        for d in view.case.decisions
    ]


def waits(count: int, shown: int, text: str) -> str:
    """How many cases wait."""
    found = f' with "{one_line(text)}"' if text else ""
    part = f"{shown:,} of {count:,}" if shown < count and not text else f"{shown:,}"
    return f"{part} waiting{found}"


def nothing_waits(text: str, tasks: int) -> Content:
    """The empty queue: what to do next."""
    if text:
        return Content.assemble(
            (f'No waiting case has "{one_line(text)}" in it.\n\n', "bold"),
            "/ and Enter on an empty line shows all of them again.",
        )
    lines = ["New cases appear here by themselves; leave this open.", ""]
    if tasks:
        lines += [
            f"{tasks:,} records lack data that actions wait for:",
            "  agentkit desk tasks",
            "",
        ]
    lines += ["To let an agent work:", "  agentkit run outreach"]
    return Content.assemble(("Nothing waits for you.\n\n", "bold"), "\n".join(lines))
