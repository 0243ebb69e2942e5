"""Where plugins come from: entry points, single files, and objects handed over in code.

A name has exactly one provider. Of two distributions that offer the same entry-point name the
usual loaders take the first they meet and say nothing; here neither is loaded.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from importlib.metadata import Distribution, EntryPoint, distributions
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from agentkit.errors import PluginError

__all__ = ["Origin", "from_files", "from_objects", "installed", "load"]

GROUP: Final = "agentkit"
"""The entry-point group of plugins."""
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,63}")


@dataclass(frozen=True)
class Origin:
    """One provider of a plugin, found but not yet loaded.

    Attributes:
        name: Name of the entry point, or the file's name without ``.py``.
        value: What is loaded: ``package.module``, ``package.module:object`` or a path.
        distribution: Name of the distribution; empty for files and objects.
        version: Version of the distribution.
        digest: Hex sha256 of the file's content; empty for installed plugins.
        plugin: The object itself, where one was handed over.
        error: Why it may not be loaded; empty where it may.
        hint: What to do about it.
    """

    name: str
    value: str = ""
    distribution: str = ""
    version: str = ""
    digest: str = ""
    plugin: Any = None
    error: str = ""
    hint: str = ""

    @property
    def provider(self) -> str:
        """The distribution and version, or the path, for people."""
        return f"{self.distribution} {self.version}".strip() or self.value


def installed() -> list[Origin]:
    """The plugins of all installed distributions, by name; a name with two providers is in error.

    Every distribution on the path is looked at, also one that another of the same name hides.
    """
    by_name: dict[str, dict[Origin, None]] = {}
    for found in distributions():
        for origin in _of_distribution(found):
            by_name.setdefault(origin.name, {})[origin] = None
    return [_sole(name, list(by_name[name])) for name in sorted(by_name)]


def _of_distribution(found: Distribution) -> list[Origin]:
    try:
        points = [p for p in found.entry_points if p.group == GROUP]
        if not points:
            return []
        name = re.sub(r"[-_.]+", "-", found.metadata["Name"]).lower()
        return [Origin(p.name, p.value, name, found.version) for p in points]
    except (TypeError, ValueError, KeyError, OSError) as error:
        msg = f"the metadata of an installed distribution cannot be read: {found.locate_file('')}"
        raise PluginError(msg, hint="run `pip check`, and install it again") from error


def _sole(name: str, providers: list[Origin]) -> Origin:
    if not _NAME.fullmatch(name):
        return _refused(name, providers[0], f"the plugin name {name!r:.80} is not a plain word")
    if len(providers) == 1:
        return providers[0]
    who = " and ".join(sorted(f"{p.provider} ({p.value})" for p in providers))
    return Origin(
        name,
        error=f"the plugin {name!r} has {len(providers)} providers: {who}; none is loaded",
        hint="uninstall all but one: pip uninstall DISTRIBUTION",
    )


def _refused(name: str, origin: Origin, error: str) -> Origin:
    hint = "name it with small letters, digits and _, as in its entry point"
    return Origin(name, origin.value, origin.distribution, origin.version, error=error, hint=hint)


def from_files(folder: Path, taken: Iterable[str]) -> list[Origin]:
    """The plugins of a folder: each ``*.py`` in it, by name, with the digest of its content.

    Files whose name begins with ``_`` are skipped. A file that is named like an installed plugin
    is in error: it would answer in that plugin's place.

    Raises:
        PluginError: the folder does not exist or cannot be read.
    """
    if not folder.is_dir():
        msg = f"the plugins folder {folder} does not exist"
        raise PluginError(msg, hint="pass --plugins-dir DIR with a folder of .py files")
    try:
        paths = sorted(p for p in folder.glob("*.py") if not p.name.startswith("_"))
    except OSError as error:
        msg = f"the plugins folder {folder} cannot be read: {error.strerror}"
        raise PluginError(msg, hint="check its permissions") from error
    names = set(taken)
    return [_of_file(path, names) for path in paths]


def _of_file(path: Path, taken: set[str]) -> Origin:
    name, value = path.stem, str(path.resolve())
    bare = Origin(name, value)
    if not _NAME.fullmatch(name):
        return _refused(name, bare, f"the file name {path.name!r:.80} is not a plain word")
    try:
        checksum = sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        why = f"{path} cannot be read: {error.strerror}"
        return Origin(name, value, error=why, hint="check its permissions")
    if name in taken:
        why = f"{path} is named like the installed plugin {name!r}; the file is not loaded"
        return Origin(name, value, digest=checksum, error=why, hint="rename the file")
    return Origin(name, value, digest=checksum)


def from_objects(plugins: Iterable[Any]) -> Iterator[Origin]:
    """Modules or objects that were handed over in code; they are named by their manifests."""
    for plugin in plugins:
        value = plugin.__name__ if isinstance(plugin, ModuleType) else ""
        yield Origin("", value, plugin=plugin)


def load(origin: Origin) -> Any:
    """Import what an origin names.

    Raises:
        BaseException: whatever the plugin's own code raises.
    """
    if origin.plugin is not None:
        return origin.plugin
    if origin.digest:
        return _load_file(origin)
    return EntryPoint(origin.name, origin.value, GROUP).load()


def _load_file(origin: Origin) -> ModuleType:
    """Run exactly the bytes of the digest: a cached ``.pyc`` or a later edit is never run."""
    source = Path(origin.value).read_bytes()
    if sha256(source).hexdigest() != origin.digest:
        msg = f"{origin.value} was changed after its digest was taken"
        raise PluginError(msg, hint="run the command again")
    module = ModuleType(f"agentkit_file_{origin.name}_{origin.digest[:12]}")
    module.__file__ = origin.value
    sys.modules[module.__name__] = module
    try:
        exec(compile(source, origin.value, "exec"), module.__dict__)  # noqa: S102  (the operator named this file)
    except BaseException:
        del sys.modules[module.__name__]
        raise
    return module
