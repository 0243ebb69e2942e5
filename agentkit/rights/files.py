"""Where exports lie, and how an erasure finds them again."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from agentkit.store import Vault

__all__ = ["EXPORTS", "forget_exports", "stem_of"]

EXPORTS: Final = "exports"
"""Folder in the home where exports lie, unless another is named; an erasure deletes them there."""


def stem_of(vault: Vault, tenant: str, person: str) -> str:
    """The beginning of a file name that does not say who the file is about."""
    return f"person-{vault.token(tenant, person)[:16]}"


def forget_exports(home: Path, vault: Vault, tenant: str, person: str) -> int:
    """Delete the exports of a person that lie in the home; returns how many there were."""
    found = 0
    for path in (home / EXPORTS).glob(f"{stem_of(vault, tenant, person)}-*"):
        with suppress(FileNotFoundError):
            path.unlink()
            found += 1
    return found
