"""The database: transactions, the schema's migrations, personal data at rest."""

from __future__ import annotations

from agentkit.store.database import Store
from agentkit.store.instants import from_micros, to_micros
from agentkit.store.sql import execute, insert_many, placeholders
from agentkit.store.unit import Unit
from agentkit.store.vault import KeyClass, Vault

__all__ = [
    "KeyClass",
    "Store",
    "Unit",
    "Vault",
    "execute",
    "from_micros",
    "insert_many",
    "placeholders",
    "to_micros",
]
