"""Deciding: one key a decision, and the next case is painted at once."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any, ClassVar

from textual import work
from textual.binding import Binding, BindingType

from agentkit import AgentkitError, CaseView, printable
from agentkit_tui.edit import Edit
from agentkit_tui.prompts import Ask, Confirm
from agentkit_tui.queue import Queue
from agentkit_tui.reading import ReadingScreen

__all__ = ["DeskScreen"]


class DeskScreen(ReadingScreen):
    """Queue and case, and the keys that decide."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "approve", "approve"),
        Binding("e", "edit", "edit"),
        Binding("r", "reject", "reject"),
        Binding("m", "respond", "respond"),
        Binding("c", "claim", "claim"),
        Binding("s", "stop", "stop"),
    ]

    def _ready(self) -> CaseView | None:
        """The case to decide; None where there is none, or one is being decided."""
        view = self.view
        if view is None or self._busy:
            return None
        if view.case.state != "open":
            self._tell("this case is closed", "n goes on", severity="warning")
            return None
        return view

    def action_approve(self) -> None:
        """Approve; ask again only where that overrules a denial or missing evidence."""
        view = self._ready()
        if view is None:
            return
        waiver = self.desk.waiver(view, self.operator)
        try:
            waiver.check(self.operator)
        except AgentkitError as error:
            self._tell(error.message, error.hint)
            return
        if not waiver.overrules:
            self._decide("approve", view, "")
            return
        question = f"Approving waives {', '.join(waiver.overrules)}. Approve all the same?"
        self.app.push_screen(Confirm(question), partial(self._confirmed, view))

    def _confirmed(self, view: CaseView, yes: bool | None) -> None:  # noqa: FBT001  (textual's callback)
        if yes:
            self._decide("approve", view, "")

    def action_reject(self) -> None:
        """Reject with a reason."""
        self._with_reason("reject", "Reject: why? The agent reads it.")

    def action_respond(self) -> None:
        """Tell the agent something instead of letting it act."""
        self._with_reason("respond", "Message to the agent, instead of letting it act:")

    def _with_reason(self, choice: str, question: str) -> None:
        view = self._ready()
        if view is not None:
            self.app.push_screen(Ask(question), partial(self._reasoned, choice, view))

    def _reasoned(self, choice: str, view: CaseView, reason: str | None) -> None:
        if reason:
            self._decide(choice, view, reason)

    @work(group="decide")
    async def _decide(self, choice: str, view: CaseView, reason: str) -> None:
        """Decide in a thread, then show the next case at once."""
        self._busy = True
        case = view.case
        try:
            decide = getattr(self.desk, choice)
            done = await self._ask(decide, case.id, self.operator, case.action_digest, reason)
        finally:
            self._busy = False
        if done is None:
            self._kept.pop(case.id, None)
            self._load(case.id)
            return
        self._kept.pop(case.id, None)
        self._after(case.id)

    def _after(self, case_id: str) -> None:
        """The next case, painted at once; the queue is read again behind it."""
        queue = self.query_one(Queue)
        queue.drop(case_id)
        self.view = None
        line = queue.current
        if line is not None:
            self.show(line.id)
        self.refresh_queue()

    def action_edit(self) -> None:
        """Edit the message."""
        view = self._ready()
        if view is None:
            return
        if view.action is None:
            self._tell("the person was erased: there is nothing left to edit")
            return
        self.app.push_screen(Edit(view, partial(self._judge, view)), self._edited)

    async def _judge(self, view: CaseView, change: dict[str, Any]) -> CaseView:
        case = view.case
        return await asyncio.to_thread(
            self.desk.edit, case.id, self.operator, case.action_digest, **change
        )

    def _edited(self, view: CaseView | None) -> None:
        if view is not None:
            self._finding = -1
            self._keep(view)
            self._paint(view)
            self.refresh_queue()

    def action_claim(self) -> None:
        """Claim the case."""
        view = self._ready()
        if view is not None:
            self._claim(view.case.id)

    @work(group="decide")
    async def _claim(self, case_id: str) -> None:
        if await self._ask(self.desk.claim, case_id, self.operator) is not None:
            words = f"{case_id} is yours for a quarter of an hour"
            self._tell(words, severity="information")
        self.refresh_queue()

    def action_stop(self) -> None:
        """Pull the stop switch of the agent."""
        if self.view is None:
            return
        agent = self.view.agent
        question = f"Stop agent {printable(agent, lines=False)}: nothing of it is performed. Why?"
        self.app.push_screen(Ask(question), partial(self._stopped, agent))

    @work(group="decide")
    async def _stop(self, agent: str, reason: str) -> None:
        if await self._ask(self.desk.stop, f"agent:{agent}", self.operator, reason) is not None:
            hint = f"to lift it: agentkit desk lift agent:{agent} --reason ..."
            self._tell(f"agent {agent} is stopped", hint, severity="warning")
        self.refresh_queue()

    def _stopped(self, agent: str, reason: str | None) -> None:
        if reason:
            self._stop(agent, reason)
