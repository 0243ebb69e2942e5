"""Writing a dossier to files that only their owner can read, and saying so in the ledger."""

from __future__ import annotations

import os
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from agentkit.canonical import canonical
from agentkit.entry import Entry
from agentkit.errors import Conflict
from agentkit.rights.dossier import Dossier
from agentkit.rights.files import EXPORTS, stem_of

if TYPE_CHECKING:
    from agentkit.store import Store

__all__ = ["Format", "export"]

Format = Literal["html", "json"]


def export(
    store: Store,
    dossier: Dossier,
    *,
    actor: str,
    formats: Sequence[Format] = ("html", "json"),
    folder: Path | None = None,
) -> list[Path]:
    """Write a dossier; who exported it, and the digests of the files, stand in the ledger.

    Args:
        store: The database.
        dossier: What to write.
        actor: Who exports.
        formats: Which files.
        folder: Where to; None: ``exports`` in the home, where an erasure finds them.

    Returns:
        The files, readable by their owner only.

    Raises:
        Conflict: one of the files exists already.
    """
    from agentkit.rights.page import html_of

    stem = stem_of(store.vault, dossier.tenant, dossier.person)
    target = folder or store.home / EXPORTS
    target.mkdir(parents=True, exist_ok=True, mode=0o700)
    paths, digests = [], {}
    for fmt in formats:
        data = (
            html_of(dossier).encode("utf-8", "replace")
            if fmt == "html"
            else canonical(dossier.to_json())
        )
        path = target / f"{stem}-{dossier.made_at:%Y%m%d-%H%M%S}.{fmt}"
        _write(path, data)
        paths.append(path)
        digests[fmt] = sha256(data).hexdigest()
    with store.write() as unit:
        public = {"right": "access", "files": digests}
        unit.append(
            Entry("right", dossier.tenant, dossier.made_at, actor=actor, public=public,
                  person=dossier.person)
        )  # fmt: skip
    return paths


def _write(path: Path, data: bytes) -> None:
    try:
        handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError as error:
        raise Conflict(f"{path} exists already", hint="wait a second, or move it away") from error
    with os.fdopen(handle, "wb") as file:
        file.write(data)
