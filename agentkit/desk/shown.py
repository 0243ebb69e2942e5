"""Values as people read them."""

from __future__ import annotations

from typing import Any

from agentkit.evidence import Unknown

__all__ = ["shown"]

_EXACT = 1e15
"""Below it a float that is a whole number is written without point or exponent."""


def shown(value: Any) -> str:
    """A fact or an argument in words: ``yes``, ``28000``, ``amount: 720, currency: EUR``.

    What lies deeper than one level is written as Python does.
    """
    if isinstance(value, dict):
        return ", ".join(f"{name}: {_single(v)}" for name, v in value.items()) or "none"
    if isinstance(value, tuple | list):
        return ", ".join(_single(v) for v in value) or "none"
    return _single(value)


def _single(value: Any) -> str:
    if isinstance(value, Unknown):
        return f"unknown: {value.reason}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        whole = value.is_integer() and abs(value) < _EXACT
        return f"{value:.0f}" if whole else f"{value:g}"
    return "none" if value is None or value == "" else str(value)
