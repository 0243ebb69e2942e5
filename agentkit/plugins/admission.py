"""Which plugins are let in: every refusal that can be made before a plugin is asked anything.

What pluggy permits and a gate cannot: a wrapper may erase the answers of everyone else, a
misspelt hook is never called and nobody notices, a generator's body never runs.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import pluggy

from agentkit import hookspecs
from agentkit.errors import AgentkitError, PluginError
from agentkit.evidence import Evidence
from agentkit.hookspecs import API_VERSION, Manifest
from agentkit.kinds import BUILTIN_KINDS, ActionKind
from agentkit.plugins.origin import Origin, load

__all__ = ["CORE_NAMESPACES", "Admitted", "Manager", "admit", "claims", "describe"]

CORE_NAMESPACES: Final = frozenset(
    {
        "action", "agent", "args", "contact", "deal", "judged_at", "jurisdiction", "params",
        "product", "run", "sender", "ticket",
    }
)  # fmt: skip
"""Namespaces of the core's own facts; no plugin may speak in them."""
_CEL_WORDS: Final = frozenset(
    {
        "as", "bool", "break", "bytes", "const", "continue", "double", "duration", "dyn", "else",
        "false", "for", "function", "google", "if", "import", "in", "int", "let", "list", "loop",
        "map", "namespace", "null", "null_type", "package", "return", "string", "timestamp",
        "true", "type", "uint", "var", "void", "while",
    }
)  # fmt: skip
"""Words that the expression language keeps for itself."""
_HOOKS: Final = tuple(
    name for name, value in vars(hookspecs).items() if hasattr(value, "agentkit_spec")
)
_MAY_AWAIT: Final = frozenset({"examine", "examine_many"})
_MUST_MARK: Final = ("declare", "examine", "examine_many", "revise")
_IN_PROCESS: Final = frozenset({"connect", "observe"})
_BUILTIN_NAMES: Final = frozenset(kind.name for kind in BUILTIN_KINDS)
_WRITE_API: Final = f"write it for version {API_VERSION} of agentkit.hookspecs"


@dataclass(frozen=True)
class Admitted:
    """A plugin that was let in.

    Attributes:
        origin: Where it comes from.
        plugin: The module or object.
        manifest: What it declared.
        hooks: Its implementations by hook, called with the hook's arguments in their order.
    """

    origin: Origin
    plugin: Any
    manifest: Manifest
    hooks: Mapping[str, Callable[..., Any]] = field(default_factory=dict)


class Manager(pluggy.PluginManager):
    """pluggy's manager, which takes nobody any more once discovery is over."""

    def __init__(self) -> None:
        super().__init__(hookspecs.PROJECT)
        self.add_hookspecs(hookspecs)
        self.frozen = False

    def register(self, plugin: object, name: str | None = None) -> str | None:
        """Register a plugin while discovery lasts.

        Raises:
            PluginError: discovery is over.
        """
        if self.frozen:
            msg = f"the plugin {name or type(plugin).__name__!r} comes too late"
            raise PluginError(msg, hint="install it, or put it in --plugins-dir, and start again")
        return super().register(plugin, name)


def describe(error: BaseException) -> str:
    """What went wrong in foreign code: type and place, no message (it may quote a person)."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = f" at {Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}" if trace else ""
    return f"{type(error).__name__}{place}"


def admit(origin: Origin, override: Mapping[str, Any] | None = None) -> Admitted:
    """Load a plugin and let it in, or say why not.

    Args:
        origin: The one provider of its name.
        override: The operator's ``isolation`` and ``deadline``, which win over the manifest's.

    Raises:
        PluginError: it cannot be imported, or breaks one of the rules of this module.
    """
    if origin.error:
        raise PluginError(origin.error, hint=origin.hint)
    plugin = _import(origin)
    hooks = _hooks(plugin, origin.name or getattr(plugin, "__name__", type(plugin).__name__))
    manifest = _manifest(hooks, origin)
    manifest = replace(manifest, **(override or {}))
    _check_manifest(manifest)
    _check_roles(manifest, hooks, origin)
    return Admitted(replace(origin, name=manifest.name), plugin, manifest, hooks)


def _import(origin: Origin) -> Any:
    try:
        return load(origin)
    except (KeyboardInterrupt, PluginError):
        raise
    except BaseException as error:  # a plugin may exit or raise anything while it is imported
        detail = f": {error}" if isinstance(error, ImportError) else ""
        msg = f"the plugin {origin.name!r} cannot be imported: {describe(error)}{detail}"
        hint = "install what it needs, or disable it by name in agentkit.toml"
        raise PluginError(msg, hint=hint) from error


def _hooks(plugin: Any, name: str) -> dict[str, Callable[..., Any]]:
    trial = Manager()
    try:
        trial.register(plugin, name)
        trial.check_pending()
    except (pluggy.PluginValidationError, ValueError, TypeError) as error:
        msg = f"the plugin {name!r} does not fit the hooks: {' '.join(str(error).split())}"
        raise PluginError(msg, hint=f"the hooks are {', '.join(_HOOKS)}") from error
    found: dict[str, Callable[..., Any]] = {}
    for caller in trial.get_hookcallers(plugin) or ():
        impls = caller.get_hookimpls()
        if len(impls) > 1:
            msg = f"the plugin {name!r} implements {caller.name} more than once"
            raise PluginError(msg, hint="keep one")
        found[caller.name] = _implementation(impls[0], caller.name, name)
    _check_marks(plugin, found, name)
    return found


def _implementation(impl: pluggy.HookImpl, hook: str, name: str) -> Callable[..., Any]:
    function = impl.function
    if impl.wrapper or impl.hookwrapper:
        msg = f"the plugin {name!r} wraps {hook}: a wrapper can erase what others answer"
        raise PluginError(msg, hint="implement the hook without wrapper=True or hookwrapper=True")
    if impl.optionalhook:
        msg = f"the plugin {name!r} marks {hook} as optional, which hides a misspelt name"
        raise PluginError(msg, hint="remove optionalhook=True")
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        msg = f"{hook} of the plugin {name!r} is a generator; its body would not run"
        raise PluginError(msg, hint="return a list")
    if inspect.iscoroutinefunction(function) and hook not in _MAY_AWAIT:
        msg = f"{hook} of the plugin {name!r} is async; nobody would await it"
        raise PluginError(msg, hint="only examine and examine_many may be async")
    return _positional(function, impl.argnames, hook)


def _positional(function: Any, takes: tuple[str, ...], hook: str) -> Callable[..., Any]:
    """Let an implementation take fewer arguments than the hook has, or in another order."""
    names = tuple(inspect.signature(getattr(hookspecs, hook)).parameters)
    if tuple(takes) == names:
        return function  # type: ignore[no-any-return]
    picks = [(n, names.index(n)) for n in takes]
    if inspect.iscoroutinefunction(function):

        async def apply_async(*values: Any) -> Any:
            return await function(**{n: values[i] for n, i in picks})

        return apply_async

    def apply(*values: Any) -> Any:
        return function(**{n: values[i] for n, i in picks})

    return apply


def _check_marks(plugin: Any, found: Mapping[str, Any], name: str) -> None:
    for hook in _MUST_MARK:
        given = inspect.getattr_static(plugin, hook, None)
        function = isinstance(given, staticmethod | classmethod) or inspect.isroutine(given)
        if function and hook not in found:
            msg = f"{hook} of the plugin {name!r} is not marked; it would never be called"
            raise PluginError(msg, hint="put @agentkit.hookimpl above it")


def _manifest(hooks: Mapping[str, Callable[..., Any]], origin: Origin) -> Manifest:
    name = origin.name or origin.value or "given"
    if "declare" not in hooks:
        msg = f"the plugin {name!r} declares nothing"
        raise PluginError(msg, hint="implement declare() and return an agentkit.Manifest")
    try:
        manifest = hooks["declare"]()
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # foreign code may raise or exit as it likes
        detail = f": {error}" if isinstance(error, AgentkitError) else ""
        msg = f"declare() of the plugin {name!r} failed: {describe(error)}{detail}"
        raise PluginError(msg, hint="it may do no work; return the Manifest only") from error
    if type(manifest) is not Manifest:
        msg = f"declare() of the plugin {name!r} returned {type(manifest).__name__}, no Manifest"
        raise PluginError(msg, hint="return an agentkit.Manifest")
    if manifest.api != API_VERSION:
        msg = f"the plugin {name!r} is written for API {manifest.api!r}, this is {API_VERSION}"
        raise PluginError(msg, hint=f"install a version that fits, or {_WRITE_API}")
    if origin.name and manifest.name != origin.name:
        msg = f"the plugin {origin.name!r} calls itself {manifest.name!r}"
        raise PluginError(msg, hint="the manifest's name must be that of the entry point or file")
    return manifest


def _check_manifest(manifest: Manifest) -> None:
    problem = _field_problem(manifest)
    if problem:
        msg = f"the manifest of the plugin {manifest.name!r} is wrong: {problem}"
        raise PluginError(msg, hint="see agentkit.hookspecs.Manifest for each field")
    for cls in manifest.evidence:
        _check_evidence(cls, manifest.name)
    for kind in manifest.kinds:
        if kind.name in _BUILTIN_NAMES:
            msg = f"the plugin {manifest.name!r} redefines the built-in kind {kind.name!r}"
            raise PluginError(msg, hint="choose another name")
    kinds = [kind.name for kind in manifest.kinds]
    if len(kinds) != len(set(kinds)):
        msg = f"the plugin {manifest.name!r} declares two action kinds of one name"
        raise PluginError(msg, hint="keep the latest version")
    spoken = [cls.namespace for cls in manifest.evidence]
    if len(spoken) != len(set(spoken)):
        msg = f"the plugin {manifest.name!r} declares two evidence classes of one namespace"
        raise PluginError(msg, hint="give each class a namespace of its own")


def _field_problem(m: Manifest) -> str:
    """The first field of a manifest that is not what it should be; empty where all are."""
    positive = type(m.deadline) in (int, float) and 0 < m.deadline <= 3600  # noqa: PLR2004  (an hour)
    checks = (
        (isinstance(m.name, str) and m.name.isidentifier(), "name must be a plain word"),
        (isinstance(m.version, str), "version must be text"),
        (
            _all(m.evidence, lambda c: _is_subclass(c, Evidence)),
            "evidence must be Evidence classes",
        ),
        (_all(m.kinds, lambda k: type(k) is ActionKind), "kinds must be ActionKinds"),
        (_maps(m.heads, lambda p: isinstance(p, Path)), "heads must map names to paths"),
        (_maps(m.constitutions, lambda p: isinstance(p, Path)), "constitutions must map to paths"),
        (_maps(m.decisions, callable), "decisions must map AGENT/KIND to functions"),
        (m.settings is None or hasattr(m.settings, "model_validate"), "settings must be a model"),
        (positive, "deadline must be seconds, more than 0 and at most 3600"),
        (m.isolation in ("inline", "process"), "isolation must be 'inline' or 'process'"),
    )
    return next((problem for holds, problem in checks if not holds), "")


def _all(values: object, holds: Callable[[Any], bool]) -> bool:
    return isinstance(values, tuple) and all(holds(v) for v in values)


def _maps(values: object, holds: Callable[[Any], bool]) -> bool:
    return isinstance(values, Mapping) and all(
        isinstance(k, str) and holds(v) for k, v in values.items()
    )


def _is_subclass(value: object, base: type) -> bool:
    return isinstance(value, type) and issubclass(value, base)


def _check_evidence(cls: type[Evidence], plugin: str) -> None:
    where = f"{cls.__name__} of the plugin {plugin!r}"
    if "namespace" not in cls.__dict__ or "fields" not in cls.__dict__:
        msg = f"{where} is not declared"
        raise PluginError(msg, hint="write: class Name(Evidence, namespace=...)")
    if cls.namespace in CORE_NAMESPACES:
        msg = f"{where} speaks as {cls.namespace!r}, which is the core's own"
        raise PluginError(msg, hint=f"use a namespace of your own, {plugin!r} say")
    if cls.namespace in _CEL_WORDS or not cls.namespace.isidentifier():
        msg = f"{where} speaks as {cls.namespace!r}, which no expression can read"
        raise PluginError(msg, hint=f"use a namespace of your own, {plugin!r} say")
    own = ("facts", "to_json", "__getattribute__", "__getattr__")
    changed = [n for n in own if getattr(cls, n, None) is not getattr(Evidence, n, None)]
    changed += ["findings"] if "findings" in cls.__dict__ else []
    if changed or any(f.name != f"{cls.namespace}.{f.attr}" for f in cls.fields):
        msg = f"{where} changes how facts are read ({', '.join(changed) or 'field names'})"
        raise PluginError(msg, hint="declare facts as annotated fields only")


def _check_roles(manifest: Manifest, hooks: Mapping[str, Any], origin: Origin) -> None:
    name = manifest.name
    asked = _MAY_AWAIT & hooks.keys()
    if len(asked) > 1:
        msg = f"the plugin {name!r} implements both examine and examine_many"
        raise PluginError(msg, hint="keep one: examine is sugar over examine_many")
    if asked and not manifest.evidence:
        msg = f"the plugin {name!r} examines but declares no evidence"
        raise PluginError(msg, hint="list its evidence classes in the manifest")
    if manifest.evidence and not asked:
        msg = f"the plugin {name!r} declares evidence but never examines"
        raise PluginError(msg, hint="implement examine_many (or examine)")
    if manifest.isolation == "process":
        _check_isolated(name, hooks, origin)


def _check_isolated(name: str, hooks: Mapping[str, Any], origin: Origin) -> None:
    inside = sorted(_IN_PROCESS & hooks.keys())
    if inside:
        msg = f"the plugin {name!r} runs in a process of its own and cannot implement {inside[0]}"
        raise PluginError(msg, hint="move that hook to another plugin")
    if not origin.value:
        msg = f"the plugin {name!r} is an object, which cannot run in a process of its own"
        raise PluginError(msg, hint="make it a module")


def claims(manifest: Manifest) -> list[tuple[str, str]]:
    """Everything that one plugin alone may own: (what, name)."""
    return [
        *(("namespace", cls.namespace) for cls in manifest.evidence),
        *(("action kind", kind.name) for kind in manifest.kinds),
        *(("head", name) for name in manifest.heads),
        *(("constitution", name) for name in manifest.constitutions),
        *(("decision function", name) for name in manifest.decisions),
    ]
