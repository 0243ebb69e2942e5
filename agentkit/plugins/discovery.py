"""Discovery: find, load and let in all plugins, and tell about those that were not.

One plugin's fault is never another's: it is listed with its error, and the facts that it owed are
gaps. Only the operator's own slips (a folder or a name that does not exist) are raised.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

from agentkit.errors import PluginError
from agentkit.plugins.admission import Admitted, admit, claims, describe
from agentkit.plugins.info import PluginInfo
from agentkit.plugins.origin import Origin, from_files, installed

__all__ = ["Discovered", "discover", "section_of", "take_in"]

OPERATORS_OWN: Final = ("isolation", "deadline")
"""Keys of a plugin's section that are agentkit's: they win over the plugin's manifest."""


@dataclass
class Discovered:
    """What discovery found.

    Attributes:
        admitted: Plugins that were let in, by name in the order of names (objects: as given).
        infos: One line for each plugin that was found, in the same order.
        sections: Checked settings by plugin: the plugin's own model, or its plain section.
    """

    admitted: list[Admitted] = field(default_factory=list)
    infos: list[PluginInfo] = field(default_factory=list)
    sections: dict[str, Any] = field(default_factory=dict)

    def refuse(self, name: str, error: PluginError) -> None:
        """Put a plugin out again; it stays in the listing with the reason."""
        out = [a for a in self.admitted if a.manifest.name == name]
        self.admitted = [a for a in self.admitted if a.manifest.name != name]
        wrong = [PluginInfo.without(a.origin, "error", error.message, error.hint) for a in out]
        where = next(i for i, info in enumerate(self.infos) if info.name == name)
        self.infos = [i for i in self.infos if i.name != name]
        self.infos[where:where] = wrong


def discover(
    sections: Mapping[str, Mapping[str, Any]], disabled: Iterable[str], folder: Path | None
) -> Discovered:
    """Find every installed plugin and every file of ``folder``, and let in what may be let in.

    Raises:
        PluginError: the folder, a disabled name or a section of the settings names nothing.
    """
    origins = installed()
    if folder is not None:
        origins += from_files(folder, {o.name for o in origins})
    off = frozenset(disabled)
    names = {o.name for o in origins}
    _known(off, names, "disabled", "there")
    _known(sections, names, "set up under [plugins]", "there")
    found = take_in([o for o in origins if o.name not in off], sections)
    found.infos += [PluginInfo.without(o, "disabled") for o in origins if o.name in off]
    found.infos.sort(key=lambda info: (info.name, info.source))
    return found


def _known(wanted: Iterable[str], names: set[str], what: str, where: str) -> None:
    for name in sorted(set(wanted) - names):
        near = get_close_matches(name, names, 1)
        known = ", ".join(sorted(names)) or "none"
        msg = f"the plugin {name!r} is {what} but no such plugin is {where}"
        hint = f"did you mean {near[0]!r}?" if near else f"plugins found: {known}"
        raise PluginError(msg, hint=hint)


def take_in(origins: Sequence[Origin], sections: Mapping[str, Mapping[str, Any]]) -> Discovered:
    """Admit one by one; then put out all who claim the same thing."""
    found = Discovered()
    for origin in origins:
        section = sections.get(origin.name, {})
        try:
            admitted = admit(origin, _override(origin.name, section))
            name = admitted.manifest.name
            found.sections[name] = section_of(admitted, sections.get(name, {}))
        except PluginError as error:
            info = PluginInfo.without(origin, "error", error.message, error.hint)
            found.infos.append(info)
        else:
            found.admitted.append(admitted)
            found.infos.append(PluginInfo.of(admitted))
    _settle_claims(found)
    return found


def _override(name: str, section: Any) -> dict[str, Any]:
    if not isinstance(section, Mapping):
        msg = f"the settings of the plugin {name!r} must be a table"
        raise PluginError(msg, hint=f"write [plugins.{name}] in agentkit.toml")
    return {key: section[key] for key in OPERATORS_OWN if key in section}


def section_of(admitted: Admitted, section: Mapping[str, Any]) -> Any:
    """A plugin's section of the settings, checked by its own model where it has one.

    Raises:
        PluginError: the model refuses the section, or there is a section and no model.
    """
    name, model = admitted.manifest.name, admitted.manifest.settings
    own = {k: v for k, v in section.items() if k not in OPERATORS_OWN}
    if model is None:
        if own and "start" not in admitted.hooks:
            msg = f"the plugin {name!r} takes no settings but is given {min(own)!r}"
            raise PluginError(msg, hint=f"remove it from [plugins.{name}] in agentkit.toml")
        return own
    try:
        return model.model_validate(own)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # the model is foreign code
        wrong = _first_error(error)
        msg = f"the settings of the plugin {name!r} are wrong: {wrong}"
        raise PluginError(msg, hint=f"correct [plugins.{name}] in agentkit.toml") from error


def _first_error(error: BaseException) -> str:
    """Where and why pydantic refused; never the value, which may be a secret."""
    listed = getattr(error, "errors", None)
    if not callable(listed):
        return describe(error)
    first = listed(include_input=False, include_url=False, include_context=False)[0]
    return f"{'.'.join(map(str, first['loc'])) or 'the section'}: {first['msg']}"


def _settle_claims(found: Discovered) -> None:
    """What two plugins claim belongs to neither: which was found first must not matter."""
    owners: dict[tuple[str, str], set[str]] = defaultdict(set)
    seen: set[str] = set()
    for admitted in found.admitted:
        name = admitted.manifest.name
        if name in seen:
            owners["name", name] |= {name}
        seen.add(name)
        for claim in claims(admitted.manifest):
            owners[claim].add(name)
    contested = {c: o for c, o in owners.items() if len(o) > 1 or c[0] == "name"}
    for (what, thing), names in contested.items():
        for name in sorted(names & {a.manifest.name for a in found.admitted}):
            found.refuse(name, _contested(name, what, thing, names))


def _contested(name: str, what: str, thing: str, names: set[str]) -> PluginError:
    others = " and ".join(sorted(names - {name}))
    who = f"is also claimed by {others}" if others else "was given twice"
    msg = f"the {what} {thing!r} of the plugin {name!r} {who}; neither is let in"
    return PluginError(msg, hint='disable all but one in agentkit.toml: disabled = ["NAME"]')
