"""Which declared purposes need no marketing consent: the core's list, for plugins."""

from __future__ import annotations

from agentkit import SERVICE_PURPOSES

__all__ = ["SERVICE_PURPOSES"]
