"""Which constitutions judge which actions, with which parameters, and what a gap does.

The split of policy, parameters and binding follows Kubernetes' ValidatingAdmissionPolicy: the
same constitution can warn one agent and bind another.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from agentkit.action import Action
from agentkit.errors import ConfigError
from agentkit.evidence import Gap
from agentkit.jurisdiction import Jurisdiction
from agentkit.verdict import Mode, Outcome, Ruling

__all__ = ["DEFAULT_GAPS", "Binding", "Selector", "read_binding"]

DEFAULT_GAPS: Final[Mapping[str, Ruling]] = {
    "record": Ruling.DEFER,
    "unknown": Ruling.ESCALATE,
    "failed": Ruling.ESCALATE,
    "timeout": Ruling.ESCALATE,
    "not_installed": Ruling.ESCALATE,
    "invalid": Ruling.ESCALATE,
    "erased": Ruling.DENY,
}
"""What each kind of gap does where a binding does not say. ``record``: a fact that a field of a
CRM record would settle; it waits behind one task for the record's owner."""


@dataclass(frozen=True, slots=True)
class Selector:
    """Which actions a binding is for; an empty set means all."""

    tenants: frozenset[str] = frozenset()
    agents: frozenset[str] = frozenset()
    kinds: frozenset[str] = frozenset()
    jurisdictions: frozenset[str] = frozenset()

    def selects(self, action: Action, jurisdiction: Jurisdiction) -> bool:
        """Whether the action is selected; an open jurisdiction, by every plausible one."""
        wanted = self.jurisdictions
        return (
            (not self.tenants or action.tenant in self.tenants)
            and (not self.agents or action.agent in self.agents)
            and (not self.kinds or action.kind in self.kinds)
            and (not wanted or jurisdiction.certain(wanted) or jurisdiction.plausible(wanted))
        )


@dataclass(frozen=True)
class Binding:
    """One binding.

    Attributes:
        name: For messages.
        constitutions: Names or files.
        select: Which actions.
        parameters: Values for declared parameters.
        mode: ``enforce`` binds, ``warn`` and ``shadow`` only record.
        gaps: Ruling by kind of gap; kinds that are not named do what `DEFAULT_GAPS` says.
        overridable_gaps: Facts whose absence an approval may accept, with the role needed.
    """

    name: str = "default"
    constitutions: tuple[str, ...] = ("crm-default",)
    select: Selector = Selector()
    parameters: Mapping[str, Any] = field(default_factory=dict)
    mode: Mode = "enforce"
    gaps: Mapping[str, Ruling] = field(default_factory=dict)
    overridable_gaps: Mapping[str, str] = field(default_factory=dict)

    def outcome(self, gap: Gap) -> Outcome:
        """What a gap does under this binding; it can never allow."""
        kind = "record" if gap.kind == "unknown" and gap.needs else gap.kind
        ruling = self.gaps.get(kind, DEFAULT_GAPS[kind])
        tasks = frozenset([gap.needs]) if ruling is Ruling.DEFER and gap.needs else frozenset()
        if ruling is Ruling.DEFER and not tasks:
            ruling = Ruling.ESCALATE  # nothing to wait for
        return Outcome(ruling, None, tasks)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON of what judges, for the digest."""
        return {
            "constitutions": self.constitutions,
            "select": [sorted(getattr(self.select, s)) for s in Selector.__slots__],
            "parameters": dict(self.parameters),
            "mode": self.mode,
            "gaps": {k: v.word for k, v in self.gaps.items()},
            "overridable_gaps": dict(self.overridable_gaps),
        }


_KEYS: Final = ("name", "constitutions", "select", "parameters", "mode", "gaps", "overridable_gaps")


def read_binding(spec: Mapping[str, Any]) -> Binding:
    """A binding from a table of the settings file.

    Raises:
        ConfigError: an unknown key, a ruling that would let a gap through, a wrong mode.
    """
    unknown = sorted(set(spec) - set(_KEYS))
    if unknown:
        raise ConfigError(f"a binding has no key {unknown[0]!r}", hint=f"keys: {', '.join(_KEYS)}")
    mode = spec.get("mode", "enforce")
    if mode not in ("shadow", "warn", "enforce"):
        raise ConfigError(f"mode {mode!r} is none", hint="write shadow, warn or enforce")
    return Binding(
        name=str(spec.get("name", "default")),
        constitutions=tuple(_words(spec.get("constitutions", ["crm-default"]), "constitutions")),
        select=_selector(_table(spec, "select")),
        parameters=_table(spec, "parameters"),
        mode=mode,
        gaps={kind: _gap_ruling(kind, word) for kind, word in _table(spec, "gaps").items()},
        overridable_gaps=_roles(_table(spec, "overridable_gaps")),
    )


def _table(spec: Mapping[str, Any], key: str) -> dict[str, Any]:
    value = spec.get(key, {})
    if not isinstance(value, Mapping):
        raise ConfigError(f"`{key}` of a binding must be a table, not {value!r:.40}")
    return dict(value)


def _words(value: object, where: str) -> list[str]:
    if not isinstance(value, list | tuple) or not all(isinstance(v, str) for v in value):
        hint = f'write it like {where} = ["..."]'
        raise ConfigError(f"`{where}` of a binding must be a list of words", hint=hint)
    return list(value)


def _selector(select: Mapping[str, Any]) -> Selector:
    strange = sorted(set(select) - set(Selector.__slots__))
    if strange:
        hint = f"select by: {', '.join(Selector.__slots__)}"
        raise ConfigError(f"a binding cannot select by {strange[0]!r}", hint=hint)
    return Selector(**{k: frozenset(_words(v, k)) for k, v in select.items()})


def _roles(table: Mapping[str, Any]) -> dict[str, str]:
    for fact, role in table.items():
        if not isinstance(role, str) or not role:
            hint = f'write it like "{fact}" = "supervisor"'
            raise ConfigError(f"`overridable_gaps` names no role for {fact!r}", hint=hint)
    return dict(table)


def _gap_ruling(kind: str, word: object) -> Ruling:
    if kind not in DEFAULT_GAPS:
        raise ConfigError(
            f"there is no gap of kind {kind!r}", hint=f"kinds: {', '.join(DEFAULT_GAPS)}"
        )
    if not isinstance(word, str) or word not in {"defer", "escalate", "deny"}:
        raise ConfigError(
            f"a gap of kind {kind!r} cannot {word!r}",
            hint="write defer, escalate or deny: missing evidence is never consent",
        )
    return Ruling.read(word)
