"""Plugins: found, let in, asked, and never believed further than they may be.

origin     where they come from: entry points, single files, objects
admission  who is let in
discovery  all of them, and what two of them claim
answers    what of an answer is believed
asking     deadlines for those that await
isolation  processes of their own
registry   `Plugins`, the typed methods that everybody else calls
"""

from __future__ import annotations

from agentkit.plugins.info import PluginInfo
from agentkit.plugins.registry import Plugins

__all__ = ["PluginInfo", "Plugins"]
