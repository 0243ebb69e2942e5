"""Reading what stands on a screen."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from textual.pilot import Pilot

from agentkit.case import Operator
from agentkit_tui.app import DeskApp
from agentkit_tui.screen import DeskScreen
from tests.desks import ANNA, Office

SMALL, LARGE = (80, 24), (160, 48)


class Hand:
    """A pair of hands and eyes at one desk."""

    def __init__(self, app: DeskApp, pilot: Pilot[Any]) -> None:
        self.app = app
        self.pilot = pilot

    @property
    def desk(self) -> DeskScreen:
        screens = [s for s in self.app.screen_stack if isinstance(s, DeskScreen)]
        return screens[0]

    def text(self) -> str:
        """The whole screen as text."""
        strips = self.app.screen._compositor.render_strips()
        return "\n".join("".join(segment.text for segment in strip) for strip in strips)

    def told(self) -> str:
        """Everything that was said in passing."""
        return " ".join(" ".join(n.message.split()) for n in self.app._notifications)

    def read(self, part: str) -> str:
        """The text of one part, without line breaks of the layout."""
        return " ".join(str(self.desk.query_one(f"#{part}").render()).split())

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.settle()

    async def type(self, words: str) -> None:
        await self.pilot.press(*("space" if c == " " else c for c in words))

    async def settle(self) -> None:
        """Wait until nothing is being read, decided or painted."""
        for _ in range(3):
            await self.pilot.pause()
            await self.app.workers.wait_for_complete()
        await self.pilot.pause()

    async def until(self, true: Callable[[], bool]) -> None:
        for _ in range(200):
            if true():
                return
            await self.pilot.pause(0.02)
        raise AssertionError(self.text())


@asynccontextmanager
async def sitting(
    office: Office, operator: Operator = ANNA, size: tuple[int, int] = SMALL, every: float = 3600.0
) -> AsyncIterator[Hand]:
    """An operator at a desk of this size, who has read the first case."""
    app = DeskApp(office.desk, operator, every=every)
    async with app.run_test(size=size, notifications=True) as pilot:
        hand = Hand(app, pilot)
        await hand.until(lambda: any(isinstance(s, DeskScreen) for s in app.screen_stack))
        await hand.settle()
        yield hand
