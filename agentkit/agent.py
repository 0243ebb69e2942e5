"""Agents and their charters: outside its charter everything is denied before a plugin runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from math import inf
from pathlib import Path
from typing import Any

from agentkit.action import Action
from agentkit.clock import parse_instant
from agentkit.errors import ConfigError
from agentkit.kinds import CHANNELS, PURPOSES, meant
from agentkit.yaml_text import load_yaml

__all__ = ["Agent", "Register", "load_register"]


@dataclass(frozen=True)
class Agent:
    """A registered agent and its charter. An empty set means none of it, not all of it.

    Attributes:
        name: Unique in the register.
        owner: The person answerable for it.
        objective: What it is for, in one sentence.
        kinds: Action kinds it may propose.
        purposes: Purposes it may declare; empty only for agents that never speak to people.
        channels: Channels it may use.
        segments: Segments it may add people to.
        sender_names: Names it may sign with.
        max_amount: Largest amount of one action, in the business's currency; None: no amounts.
        amount_per_day: Largest sum of one day; None: as ``max_amount``.
        model: The language model behind it.
        provider: Who runs that model.
        region: Where it runs.
        expires: After this instant the charter is void.
        credential: Name of the credential its workers use; never the secret itself.
    """

    name: str
    owner: str = ""
    objective: str = ""
    kinds: frozenset[str] = frozenset()
    purposes: frozenset[str] = frozenset()
    channels: frozenset[str] = frozenset()
    segments: frozenset[str] = frozenset()
    sender_names: tuple[str, ...] = ()
    max_amount: float | None = None
    amount_per_day: float | None = None
    model: str = ""
    provider: str = ""
    region: str = ""
    expires: datetime | None = None
    credential: str = ""

    def breach(self, action: Action, now: datetime) -> str:
        """Why the action lies outside this charter; empty where it lies inside."""
        if self.expires is not None and now >= self.expires:
            return "charter-expired"
        if action.kind not in self.kinds:
            return "charter-kind"
        if action.channel and action.channel not in self.channels:
            return "charter-channel"
        if action.purpose and action.purpose not in self.purposes:
            return "charter-purpose"
        segment = action.args.get("segment")
        if segment is not None and segment not in self.segments:
            return "charter-segment"
        return self._amount_breach(action.args.get("amount"))

    def _amount_breach(self, amount: object) -> str:
        if amount is None:
            return ""
        if not isinstance(amount, int | float) or self.max_amount is None:
            return "charter-amount"
        return "" if 0 <= amount <= self.max_amount else "charter-amount"


@dataclass(frozen=True)
class Register:
    """The agents of a business.

    Attributes:
        agents: By name.
        open: No register was given: every agent is accepted (reviews of files; never a pipeline
            without saying so).
    """

    agents: Mapping[str, Agent] = field(default_factory=dict)
    open: bool = False

    def __iter__(self) -> Iterator[Agent]:
        """The agents, in the order of the file."""
        return iter(self.agents.values())

    def get(self, name: str) -> Agent | None:
        """The agent of this name, if registered."""
        return self.agents.get(name)

    def breach(self, action: Action, now: datetime) -> str:
        """Why no charter covers the action; empty where one does."""
        agent = self.agents.get(action.agent)
        if agent is None:
            return "" if self.open else "charter-unknown-agent"
        return agent.breach(action, now)


_SETS = ("kinds", "purposes", "channels", "segments")
_KNOWN = {f.name for f in fields(Agent)} - {"name"}


def load_register(path: Path) -> Register:
    """Read a YAML register: ``agents: {NAME: {owner: ..., kinds: [...], ...}}``.

    Raises:
        ConfigError: the file is missing, is not YAML, or a charter has an unknown or wrong field.
    """
    import yaml

    try:
        data = load_yaml(path.read_text(encoding="utf-8"))
    except OSError as error:
        msg = f"the register of agents {path} cannot be read: {error.strerror}"
        raise ConfigError(
            msg, hint="pass --agents FILE, or set agents = in agentkit.toml"
        ) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        msg = f"{path} is not valid YAML: {error}"
        raise ConfigError(msg) from error
    agents = data.get("agents") if isinstance(data, dict) else None
    if not isinstance(agents, dict):
        msg = f"{path} has no section `agents:`"
        raise ConfigError(msg, hint="write `agents:` and below it one entry a name")
    return Register(
        {str(name): _read_agent(str(name), spec, path) for name, spec in agents.items()}
    )


def _read_agent(name: str, spec: Any, path: Path) -> Agent:
    if not isinstance(spec, dict):
        msg = f"{path}: the charter of {name!r} must be a mapping"
        raise ConfigError(msg)
    unknown = sorted(set(spec) - _KNOWN)
    if unknown:
        msg = f"{path}: the charter of {name!r} has an unknown field {unknown[0]!r}"
        raise ConfigError(msg, hint=f"fields: {', '.join(sorted(_KNOWN))}")
    values = dict(spec)
    for key in _SETS:
        values[key] = frozenset(_strings(values.get(key, []), f"{name}.{key}", path))
    _check_spelling(values, name, path)
    values["sender_names"] = tuple(_strings(values.get("sender_names", []), name, path))
    for key in ("max_amount", "amount_per_day"):
        values[key] = _amount(values.get(key), f"{name}.{key}", path)
    if values.get("expires") is not None:
        values["expires"] = parse_instant(str(values["expires"]))
    return Agent(name=name, **values)


def _check_spelling(values: Mapping[str, Any], name: str, path: Path) -> None:
    for key, known in (("channels", CHANNELS), ("purposes", PURPOSES)):
        for word in sorted(values[key]):
            near = meant(word, known)
            if near:
                msg = f"{path}: {name}.{key} has {word!r}, which is none"
                raise ConfigError(msg, hint=f"did you mean {near!r}?")


def _strings(value: Any, where: str, path: Path) -> Sequence[str]:
    if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
        msg = f"{path}: {where} must be a list of words"
        raise ConfigError(msg)
    return value


def _amount(value: Any, where: str, path: Path) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < inf:
        msg = f"{path}: {where} must be a number of zero or more"
        raise ConfigError(msg)
    return float(value)
