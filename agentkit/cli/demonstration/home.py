"""A folder that is the demo's own: made afresh each time, and nobody else's files touched."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Final

from agentkit.errors import ConfigError
from agentkit.settings import SETTINGS_FILE, Settings, load_settings

__all__ = ["MARKER", "examples_folder", "fresh_home"]

MARKER: Final = ".agentkit-demo"
"""A folder without this file, and with others in it, is not touched."""
_OURS: Final = (
    "agentkit.db", "agentkit.db-wal", "agentkit.db-shm", "dbos.sqlite", "dbos.sqlite-wal",
    "dbos.sqlite-shm", "keys", "checkpoints", "book", SETTINGS_FILE,
)  # fmt: skip
_SETTINGS: Final = """\
# Written by `agentkit demo`, which writes it anew each time.
home = "."
agents = {agents}
constitutions = [{constitution}]
plugins_dir = {plugins}
brands = ["Nordlicht Möbel", "Nordlicht Outlet"]
country = "DE"
case_hours = 87600  # the demo's clock stands still: its cases stay open

[operators]
"*" = ["operator", "supervisor", "account-owner", "fairness"]

[plugins.duties]
sender = "Nordlicht Möbel"
postal_address = "Hafenstr. 1, 20457 Hamburg"

[plugins.purpose.compatible]
"lead.score" = ["support"]  # urgent tickets lower a score, and nothing more
"""


def examples_folder() -> Path:
    """The examples beside the package.

    Raises:
        ConfigError: the package was installed without them.
    """
    import agentkit

    folder = Path(agentkit.__file__).parent.parent / "examples"
    if not (folder / "book" / "records.jsonl").is_file():
        raise ConfigError(
            "the demo's book of business is not installed with the package",
            hint="run `make demo` in a checkout of the project, which has it in examples/book",
        )
    return folder


def fresh_home(home: Path, examples: Path) -> Settings:
    """Empty the demo's folder, or make it, and write its settings.

    Raises:
        ConfigError: the folder holds something else, or the database is set elsewhere.
    """
    if os.environ.get("AGENTKIT_DATABASE"):
        raise ConfigError(
            "AGENTKIT_DATABASE is set, and the demo writes only into a folder of its own",
            hint="unset AGENTKIT_DATABASE",
        )
    if home.exists() and not (home.is_dir() and _is_ours(home)):
        raise ConfigError(
            f"{home} is not empty and was not made by the demo; nothing was touched",
            hint="choose another folder: agentkit demo --home DIR",
        )
    try:
        _clear(home)
        _write_settings(home, examples)
    except OSError as error:
        raise ConfigError(
            f"{home} cannot be written: {error.strerror}",
            hint="choose another folder: agentkit demo --home DIR",
        ) from error
    return load_settings(home / SETTINGS_FILE, home=home)


def _is_ours(home: Path) -> bool:
    return (home / MARKER).is_file() or not any(home.iterdir())


def _clear(home: Path) -> None:
    home.mkdir(parents=True, exist_ok=True)
    (home / MARKER).touch()
    for name in _OURS:
        path = home / name
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def _write_settings(home: Path, examples: Path) -> None:
    text = _SETTINGS.format(
        agents=_quoted(examples / "agents.yaml"),
        constitution=_quoted(examples / "company.yaml"),
        plugins=_quoted(examples / "plugins"),
    )
    (home / SETTINGS_FILE).write_text(text, encoding="utf-8")


def _quoted(path: Path) -> str:
    """A path as a TOML string."""
    return json.dumps(str(path.resolve()))
