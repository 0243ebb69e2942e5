"""What people are told about one plugin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from agentkit.plugins.admission import Admitted
from agentkit.plugins.origin import Origin

__all__ = ["PluginInfo", "PluginStatus"]

PluginStatus = Literal["ok", "disabled", "error"]


@dataclass(frozen=True)
class PluginInfo:
    """One plugin in a listing; everything that the ledger notes about it too.

    Attributes:
        name: Its name.
        status: ``ok``, ``disabled`` (by name, never imported) or ``error`` (not let in).
        distribution: Name of the distribution that brings it; empty for files and objects.
        version: Version of the distribution, else the manifest's.
        source: What is loaded: ``package.module`` or a path.
        digest: Hex sha256 of a single file's content; empty for installed plugins.
        evidence: The namespaces it speaks in.
        kinds: The action kinds it adds.
        hooks: The hooks it implements.
        isolation: ``inline`` or ``process``; empty where nothing was declared.
        error: Why it was not let in.
        hint: What to do about it.
    """

    name: str
    status: PluginStatus = "ok"
    distribution: str = ""
    version: str = ""
    source: str = ""
    digest: str = ""
    evidence: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    hooks: tuple[str, ...] = ()
    isolation: str = ""
    error: str = ""
    hint: str = ""

    @property
    def ok(self) -> bool:
        """Whether it was let in."""
        return self.status == "ok"

    @classmethod
    def of(cls, admitted: Admitted) -> PluginInfo:
        """The listing of an admitted plugin."""
        origin, manifest = admitted.origin, admitted.manifest
        return cls(
            name=manifest.name,
            distribution=origin.distribution,
            version=origin.version or manifest.version,
            source=origin.value,
            digest=origin.digest,
            evidence=tuple(c.namespace for c in manifest.evidence),
            kinds=tuple(k.name for k in manifest.kinds),
            hooks=tuple(sorted(admitted.hooks)),
            isolation=manifest.isolation,
        )

    @classmethod
    def without(
        cls, origin: Origin, status: PluginStatus, error: str = "", hint: str = ""
    ) -> PluginInfo:
        """The listing of a plugin that was not let in."""
        return cls(
            name=origin.name or origin.value or type(origin.plugin).__name__,
            status=status,
            distribution=origin.distribution,
            version=origin.version,
            source=origin.value,
            digest=origin.digest,
            error=error,
            hint=hint,
        )
