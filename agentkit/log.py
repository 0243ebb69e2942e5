"""Events for the operator's log: JSON lines with the ids of the ledger, never personal data.

    log = get_logger()
    log.info("action performed", tenant=..., action=..., seconds=0.2)

A processor lets through only the keys in `ALLOWED`, and of those only numbers and identifiers: no
spaces, no ``@``, no leading ``+``, so neither a name nor a mail address nor a phone number in
international form. Of an exception only class and place are written, for messages quote data. What
was left out is named by its key. The level comes from the variable ``AGENTKIT_LOG`` (``debug``,
``info``, ``warning``, ``error``), or from `configure`.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping, MutableMapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import orjson

from agentkit.clock import Clock, SystemClock
from agentkit.errors import ConfigError

if TYPE_CHECKING:
    import structlog

__all__ = ["ALLOWED", "configure", "get_logger"]

ALLOWED: Final = frozenset(
    [
        "action", "actions", "agent", "articles", "attempt", "binding", "case", "channel",
        "checkpoint", "constitution", "count", "decision", "digest", "effect", "entry",
        "fence", "gaps", "hook", "kind", "ledger", "level", "namespace", "outcome",
        "permit", "plugin", "purpose", "revision", "round", "ruling", "run", "seal",
        "seconds", "sealed", "state", "task", "tenant", "unsealed", "until", "version",
        "worker", "workflow",
    ]
)  # fmt: skip
"""Keys that an event may carry."""

_LEVELS: Final = {"debug": 10, "info": 20, "warning": 30, "error": 40, "critical": 50}
_IDENTIFIER: Final = re.compile(r"[A-Za-z0-9_.:/\-][A-Za-z0-9_.:/+\-]{0,127}")
_EVENT: Final = re.compile(r"[a-z][a-z0-9_.:' -]{0,79}")
_WITHHELD: Final = "withheld"


class _Lines:
    """Writes each event as one line, to whatever stderr is at that moment."""

    def __init__(self, stream: BinaryIO | None) -> None:
        self._stream = stream

    def msg(self, line: bytes) -> None:
        """Write one event; the names below are those that structlog calls."""
        stream = self._stream or getattr(sys.stderr, "buffer", None)
        if stream is None:
            sys.stderr.write(line.decode() + "\n")
            return
        stream.write(line + b"\n")
        stream.flush()

    debug = info = warning = error = critical = msg


def configure(
    *, level: str = "", clock: Clock | None = None, stream: BinaryIO | None = None
) -> None:
    """Set the log up; `get_logger` does it where nobody has.

    Args:
        level: The lowest level that is written; empty reads ``AGENTKIT_LOG``, else ``warning``.
        clock: Tells the time of events.
        stream: Where to write; None means stderr.

    Raises:
        ConfigError: there is no such level.
    """
    import structlog

    name = (level or os.environ.get("AGENTKIT_LOG", "") or "warning").lower()
    if name not in _LEVELS:
        raise ConfigError(
            f"there is no log level {name!r}", hint=f"AGENTKIT_LOG is one of {', '.join(_LEVELS)}"
        )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.add_log_level,
            _Allow(clock or SystemClock()),
            _render,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[name]),
        logger_factory=lambda *_: _Lines(stream),
        cache_logger_on_first_use=False,
    )


def get_logger() -> structlog.typing.FilteringBoundLogger:
    """A logger whose events carry ids only; ``bind(tenant=...)`` gives one that repeats them."""
    import structlog

    if not structlog.is_configured():
        configure()
    logger: structlog.typing.FilteringBoundLogger = structlog.get_logger()
    return logger


class _Allow:
    """The processor that lets only known keys and harmless values through."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def __call__(
        self, logger: object, method: str, event: MutableMapping[str, Any]
    ) -> dict[str, Any]:
        """One event, without what it must not say."""
        del logger, method
        text = event.get("event")
        clean = {
            "at": self._clock.now(),
            "event": text if isinstance(text, str) and _EVENT.fullmatch(text) else _WITHHELD,
        }
        clean |= {key: _harmless(value) for key, value in event.items() if key in ALLOWED}
        clean |= _failure(event)
        dropped = sorted(set(event) - ALLOWED - {"event", "exc_info", "stack_info"})
        return {**clean, "dropped": dropped} if dropped else clean


def _harmless(value: Any) -> Any:
    """The value if it is a number or an identifier, or a list of them."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return value if not value or _IDENTIFIER.fullmatch(value) else _WITHHELD
    if isinstance(value, list | tuple | set | frozenset):
        return [v if isinstance(v, int) else _harmless(str(v)) for v in value]
    return _WITHHELD


def _failure(event: Mapping[str, Any]) -> dict[str, str]:
    """Class and place of the exception that an event is about."""
    found = event.get("exc_info")
    error = found[1] if isinstance(found, tuple) else found
    error = sys.exc_info()[1] if error is True else error
    if not isinstance(error, BaseException):
        return {}
    place = _innermost(error.__traceback__)
    return {"error": type(error).__name__, **({"where": place} if place else {})}


def _innermost(trace: TracebackType | None) -> str:
    """Module and line where it was raised."""
    if trace is None:
        return ""
    while trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_globals.get('__name__', '?')}:{trace.tb_lineno}"


def _render(logger: object, method: str, event: MutableMapping[str, Any]) -> bytes:
    """One JSON line; a key that is not text, or a number JSON has not, does not stop a program."""
    del logger, method
    return orjson.dumps(dict(event), option=orjson.OPT_NON_STR_KEYS | orjson.OPT_UTC_Z, default=str)
