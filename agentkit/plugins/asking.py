"""Deadlines for plugins that await, in an event loop of the caller or in one of our own.

Only what awaits can be cut off in this process. A plugin that swallows its cancellation is left
behind rather than waited for: nobody's deadline depends on another's manners.
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
import threading
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, Final, TypeVar

from agentkit.context import Context
from agentkit.plugins.answers import Asked, Voice

__all__ = ["ask_all", "run_private"]

GRACE: Final = 0.05
"""Seconds that a cancelled plugin gets to put its things away."""
AT_ONCE: Final = 32
"""Actions that one plugin with async ``examine`` works on at the same time."""

_log = logging.getLogger("agentkit.plugins")
_T = TypeVar("_T")


async def ask_all(questions: Sequence[tuple[Voice, Asked]], context: Context) -> None:
    """Ask awaiting plugins, all at the same time, each under its own deadline."""
    await asyncio.gather(*(_ask(voice, asked, context) for voice, asked in questions))


async def _ask(voice: Voice, asked: Asked, context: Context) -> None:
    """Ask one plugin; what is not there at its deadline is late, what is there counts."""
    limit = asyncio.Semaphore(AT_ONCE)
    calls = voice.calls(asked, context)
    tasks = [asyncio.ensure_future(_guarded(voice, call, limit)) for call in calls]
    try:
        await asyncio.wait(tasks, timeout=voice.deadline)
        answers = [task.result() if task.done() else voice.late() for task in tasks]
    finally:
        await _leave(tasks)
    voice.settle(asked, answers if voice.single else answers[0])


async def _guarded(
    voice: Voice, call: Callable[[], Awaitable[Any]], limit: asyncio.Semaphore
) -> Any:
    """Await one answer; a `Failed` in its place where the plugin raises, exits or cancels."""
    try:
        async with limit:
            return await call()
    except KeyboardInterrupt:
        raise
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
        return voice.raised(error)
    except BaseException as error:  # noqa: BLE001  (SystemExit would end the event loop)
        return voice.raised(error)


async def _leave(tasks: Sequence[asyncio.Future[Any]]) -> None:
    pending = [task for task in tasks if not task.done()]
    for task in pending:
        task.cancel()
    if pending:
        await asyncio.wait(pending, timeout=GRACE)


def run_private(work: Coroutine[Any, Any, _T]) -> _T:
    """Run a coroutine to its end for a caller that does not await.

    In a loop of its own; in a thread of its own too where the caller stands in a running loop.
    ``asyncio.run`` will not do: at its end it waits for tasks that refuse to be cancelled.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return _run(work)
    result: list[_T] = []
    trouble: list[BaseException] = []
    context = contextvars.copy_context()

    def target() -> None:
        try:
            result.append(context.run(_run, work))
        except BaseException as error:  # noqa: BLE001  (carried over to the caller's thread)
            trouble.append(error)

    thread = threading.Thread(target=target, name="agentkit-plugins", daemon=True)
    thread.start()
    thread.join()
    if trouble:
        raise trouble[0]
    return result[0]


def _run(work: Coroutine[Any, Any, _T]) -> _T:
    loop = asyncio.new_event_loop()
    loop.set_exception_handler(_note)
    try:
        return loop.run_until_complete(work)
    finally:
        left = asyncio.all_tasks(loop)
        for task in left:
            task.cancel()
        if left:
            loop.run_until_complete(asyncio.wait(left, timeout=GRACE))
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


def _note(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """What a loop has to complain of, without the objects in it (they may hold customer text)."""
    _log.debug("event loop: %s", context.get("message", ""))
