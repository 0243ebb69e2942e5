"""All plugins behind typed methods; nobody else calls pluggy or a plugin."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

from agentkit.action import Action
from agentkit.context import Context
from agentkit.entry import Entry
from agentkit.errors import AgentkitError, PluginError
from agentkit.evidence import Evidence, Failed
from agentkit.hookspecs import Manifest
from agentkit.kinds import BUILTIN_KINDS, Kinds
from agentkit.plugins.additions import check_added, texts_in
from agentkit.plugins.admission import Admitted, Manager, describe
from agentkit.plugins.answers import Asked, Row, Voice
from agentkit.plugins.asking import ask_all, run_private
from agentkit.plugins.discovery import Discovered, discover, section_of, take_in
from agentkit.plugins.info import PluginInfo
from agentkit.plugins.isolation import Isolated
from agentkit.plugins.origin import from_objects
from agentkit.plugins.revision import checked_revision
from agentkit.verdict import Verdict

__all__ = ["Plugins"]

_log = logging.getLogger("agentkit.plugins")


class Plugins:
    """Every plugin that was let in; frozen once it is made.

    Implementations are called directly and each alone: what registers later, wraps, or comes
    first in some order has no way in.

    Attributes:
        manifests: What the plugins declared, in the order of their names.
        evidence_classes: Evidence class by namespace.
        kinds: The built-in action kinds and those that plugins add.
        heads: Model file by classifier head.
        constitutions: File by constitution name.
        decisions: Decision function by ``AGENT/KIND``.
    """

    def __init__(self, found: Discovered) -> None:
        """Freeze what discovery found; use `discover` or `of`."""
        self.manager = Manager()
        for admitted in found.admitted:
            self.manager.register(admitted.plugin, admitted.manifest.name)
        self.manager.frozen = True
        self._admitted = tuple(found.admitted)
        self._infos = tuple(found.infos)
        self._sections = dict(found.sections)
        self._down: dict[str, Failed] = {}
        self._read_manifests()
        self._hire()

    @classmethod
    def discover(
        cls,
        settings_plugins: Mapping[str, Mapping[str, Any]] | None = None,
        disabled: Iterable[str] = (),
        plugins_dir: Path | None = None,
    ) -> Plugins:
        """Find the installed plugins and those of a folder.

        A plugin that cannot be let in is listed with its error; the facts it owes are gaps.

        Args:
            settings_plugins: A section of settings by plugin. ``isolation`` and ``deadline`` in it
                win over what the plugin declares.
            disabled: Names of plugins that are not even imported.
            plugins_dir: A folder of single files to load as well.

        Raises:
            PluginError: the folder, a disabled name or a section names nothing that exists.
        """
        return cls(discover(settings_plugins or {}, disabled, plugins_dir))

    @classmethod
    def of(
        cls,
        *plugins: Any,
        settings_plugins: Mapping[str, Mapping[str, Any]] | None = None,
        strict: bool = True,
    ) -> Plugins:
        """Take plugins that are at hand: modules or objects, in this order.

        Raises:
            PluginError: ``strict``, and one of them cannot be let in.
        """
        made = cls(take_in(list(from_objects(plugins)), settings_plugins or {}))
        if strict:
            made.check()
        return made

    def _read_manifests(self) -> None:
        self.manifests: tuple[Manifest, ...] = tuple(a.manifest for a in self._admitted)
        classes: dict[str, type[Evidence]] = {}
        maps: tuple[dict[str, Path], dict[str, Path], dict[str, Callable[..., Any]]] = {}, {}, {}
        self.kinds = Kinds(BUILTIN_KINDS)
        for manifest in self.manifests:
            classes.update({c.namespace: c for c in manifest.evidence})
            maps[0].update(manifest.heads)
            maps[1].update(manifest.constitutions)
            maps[2].update(manifest.decisions)
            for kind in manifest.kinds:
                self.kinds.add(kind)
        self.evidence_classes: Mapping[str, type[Evidence]] = MappingProxyType(classes)
        self.heads: Mapping[str, Path] = MappingProxyType(maps[0])
        self.constitutions: Mapping[str, Path] = MappingProxyType(maps[1])
        self.decisions: Mapping[str, Callable[..., Any]] = MappingProxyType(maps[2])

    def _hire(self) -> None:
        self._isolated = {
            a.manifest.name: Isolated(a, _plain(self._sections.get(a.manifest.name, {})))
            for a in self._admitted
            if a.manifest.isolation == "process"
        }
        voices = tuple(Voice.of(a) for a in self._admitted if a.manifest.evidence)
        apart = self._isolated
        self._inline = tuple(v for v in voices if v.name not in apart and not v.awaits)
        self._awaiting = tuple(v for v in voices if v.name not in apart and v.awaits)
        self._apart = tuple(v for v in voices if v.name in apart)

    def listing(self) -> list[PluginInfo]:
        """Every plugin that was found, also those disabled or in error."""
        return list(self._infos)

    def check(self) -> None:
        """Insist that every plugin that was found and not disabled was let in.

        Raises:
            PluginError: the first one that was not.
        """
        for info in self._infos:
            if info.status == "error":
                raise PluginError(info.error, hint=info.hint)

    def absent(self, namespace: str) -> Failed:
        """The gap of a namespace that no plugin provides."""
        reason = f"no plugin provides {namespace}"
        broken = [i.name for i in self._infos if i.status != "ok"]
        hint = f" (not loaded: {', '.join(broken)})" if broken else ""
        return Failed(reason + hint, "not_installed")

    def examine_many(
        self, actions: Sequence[Action], context: Context, *, required: Iterable[str] = ()
    ) -> list[Row]:
        """Ask every plugin about the actions in its scope; never raises for a plugin's sake.

        Plugins that do not await run here, one after the other; those that await run together in a
        private event loop; those with a process of their own work meanwhile.

        Args:
            actions: The batch.
            context: What plugins may look at.
            required: Namespaces that somebody will read: those that no plugin provides are
                ``not_installed`` in every row.

        Returns:
            For each action, evidence or `Failed` by namespace. A namespace whose scope the action
            lies outside of is not there.
        """
        batch = self._batch(actions, required)
        apart = [
            threading.Thread(target=self._isolated[v.name].ask, args=(asked, context), daemon=True)
            for v, asked in self._questions(self._apart, batch)
        ]
        for thread in apart:
            thread.start()
        self._ask_inline(batch, context)
        awaiting = self._questions(self._awaiting, batch)
        if awaiting:
            run_private(ask_all(awaiting, context))
        for thread in apart:
            thread.join()
        return list(batch.rows)

    async def aexamine_many(
        self, actions: Sequence[Action], context: Context, *, required: Iterable[str] = ()
    ) -> list[Row]:
        """As `examine_many`, in the caller's event loop."""
        batch = self._batch(actions, required)
        apart = [
            asyncio.create_task(asyncio.to_thread(self._isolated[v.name].ask, asked, context))
            for v, asked in self._questions(self._apart, batch)
        ]
        self._ask_inline(batch, context)
        await ask_all(self._questions(self._awaiting, batch), context)
        await asyncio.gather(*apart)
        return list(batch.rows)

    def _batch(self, actions: Sequence[Action], required: Iterable[str]) -> Asked:
        nobody = {n: self.absent(n) for n in required if n not in self.evidence_classes}
        return Asked(tuple(actions), [dict(nobody) for _ in actions])

    def _questions(self, voices: Sequence[Voice], batch: Asked) -> list[tuple[Voice, Asked]]:
        """Who is asked what; a plugin that did not start owes its answers all the same."""
        questions = []
        for voice in voices:
            asked = voice.pick(batch)
            if voice.name in self._down:
                voice.miss(asked, self._down[voice.name])
            elif asked.actions:
                questions.append((voice, asked))
        return questions

    def _ask_inline(self, batch: Asked, context: Context) -> None:
        for voice, asked in self._questions(self._inline, batch):
            voice.ask(asked, context)

    def revise(
        self, action: Action, verdict: Verdict, context: Context
    ) -> Generator[tuple[str, Action], tuple[Action, Verdict] | None, None]:
        """Offer an action to the revisers: each is handed what the one before it made.

        A reviser that raises, changes more than text, or writes a figure or a link that is not on
        record, is logged and passed over: the article that it might have cured goes on ruling.
        Whoever judges each offer may send back the action and the verdict to go on from.

        Yields:
            Name of the plugin and the revised action; the last one holds all revisions.
        """
        settled = texts_in([_plain(section) for section in self._sections.values()])
        for name, call in self._revisers():
            isolated = self._isolated.get(name)
            call = isolated.revise if isolated else call  # noqa: PLW2901
            try:
                revised = checked_revision(action, call(action, verdict, context))
                if revised is not None:
                    check_added(action, revised, partial(_person, context), settled)
            except KeyboardInterrupt:
                raise
            except BaseException as error:  # noqa: BLE001  (foreign code)
                _failed(name, "revise", error)
                continue
            if revised is not None:
                chosen = yield name, revised
                action, verdict = (revised, verdict) if chosen is None else chosen

    def connect(self, url: str) -> Any:
        """The CRM behind a URL, or None where no plugin knows its scheme.

        Raises:
            PluginError: two plugins answer, or one fails for reasons of its own.
            AgentkitError: what the connector raises, as it raises it.
        """
        scheme = url.partition(":")[0]
        answers: list[tuple[str, Any]] = []
        for name, call in self._implementing("connect"):
            try:
                crm = call(url)
            except (KeyboardInterrupt, AgentkitError):
                raise
            except BaseException as error:  # foreign code; the URL may hold a password
                msg = f"the plugin {name!r} could not connect to {scheme}: {describe(error)}"
                raise PluginError(msg, hint="check the URL and the system behind it") from error
            if crm is not None:
                answers.append((name, crm))
        if len(answers) > 1:
            msg = f"{' and '.join(n for n, _ in answers)} both connect to {scheme}:"
            raise PluginError(msg, hint="disable all but one of them")
        return answers[0][1] if answers else None

    def observe(self, entry: Entry) -> None:
        """Tell the listeners of an entry; what they raise is logged."""
        self.observe_many([entry])

    def observe_many(self, entries: Iterable[Entry]) -> None:
        """Tell the listeners of entries, one after the other; what they raise is logged."""
        listeners = list(self._implementing("observe"))
        for entry in entries if listeners else ():
            for name, call in listeners:
                _safely(name, "observe", partial(call, entry))

    def start(self, settings: Any = None) -> None:
        """Start every plugin; what does not start is a gap from now on, and listed so.

        Args:
            settings: The settings, whose ``plugins`` replace the sections given at discovery.
        """
        sections = getattr(settings, "plugins", None) or {}
        for admitted in self._admitted:
            name = admitted.manifest.name
            try:
                self._start(admitted, sections.get(name))
            except KeyboardInterrupt:
                raise
            except AgentkitError as error:
                self._mark_down(name, error.message)
            except BaseException as error:  # noqa: BLE001  (foreign code)
                _failed(name, "start", error)
                self._mark_down(name, describe(error))

    def _start(self, admitted: Admitted, section: Mapping[str, Any] | None) -> None:
        name = admitted.manifest.name
        if section is not None:
            self._sections[name] = section_of(admitted, section)
        if name in self._isolated:
            self._isolated[name].start()
        elif "start" in admitted.hooks:
            admitted.hooks["start"](self._sections.get(name, {}))

    def _mark_down(self, name: str, why: str) -> None:
        message = f"the plugin {name!r} did not start: {why}"
        self._down[name] = Failed(message)
        hint = "correct what it names and start again"
        self._infos = tuple(
            i if i.name != name else _in_error(i, message, hint) for i in self._infos
        )

    def stop(self) -> None:
        """Stop every plugin, the last first, and end their processes."""
        for admitted in reversed(self._admitted):
            name = admitted.manifest.name
            if name in self._isolated:
                self._isolated[name].stop()
            elif "stop" in admitted.hooks:
                _safely(name, "stop", admitted.hooks["stop"])

    def _revisers(self) -> list[tuple[str, Callable[..., Any]]]:
        last = {a.manifest.name for a in self._admitted if a.manifest.last}
        return sorted(self._implementing("revise"), key=lambda pair: pair[0] in last)

    def _implementing(self, hook: str) -> Iterator[tuple[str, Callable[..., Any]]]:
        for admitted in self._admitted:
            name = admitted.manifest.name
            if hook in admitted.hooks and name not in self._down:
                yield name, admitted.hooks[hook]


def _person(context: Context, action: Action) -> Any:
    return context.person(action)


def _in_error(info: PluginInfo, message: str, hint: str) -> PluginInfo:
    return replace(info, status="error", error=message, hint=hint)


def _plain(section: Any) -> Any:
    """A section of settings as plain JSON, for a process of its own."""
    return section.model_dump(mode="json") if hasattr(section, "model_dump") else section


def _safely(name: str, hook: str, call: Callable[[], Any]) -> None:
    try:
        call()
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001  (foreign code)
        _failed(name, hook, error)


def _failed(name: str, hook: str, error: BaseException) -> None:
    _log.warning("%s of the plugin %s failed: %s", hook, name, describe(error))
