"""From settings to a working pipeline: the one place that wires everything."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from agentkit.agent import Register, load_register
from agentkit.clock import Clock, SystemClock
from agentkit.constitution import Binding, Catalogue, FieldMapping, Policy, read_binding
from agentkit.crm import CRM, BuiltinCRM, PeopleSource, StorePeople
from agentkit.crm.catalogue import field_catalogue
from agentkit.desk import Desk
from agentkit.errors import ConfigError
from agentkit.gate import Gate
from agentkit.pipeline.facade import Pipeline
from agentkit.plugins import Plugins
from agentkit.rights import open_store
from agentkit.settings import Settings
from agentkit.store import Store

__all__ = ["bindings_of", "build", "build_gate", "catalogue_of", "find_plugins", "register_of"]


def build(
    settings: Settings,
    *,
    clock: Clock | None = None,
    classifier: Callable[[], Any] | None = None,
    crm: CRM | None = None,
    plugins: Plugins | None = None,
    register: Register | None = None,
) -> Pipeline:
    """Open the database, load plugins and constitutions, and wire the pipeline.

    Args:
        settings: What the installation says.
        clock: Tells the time; None: the machine's.
        classifier: Loads the classifier when the first text is scored; None: the shipped one.
        crm: Where effects go; None: what the settings name.
        plugins: Plugins that are at hand; None: those that are installed, and started here.
        register: The agents; None: those of the settings' file, else an open charter.

    Raises:
        AgentkitError: settings, constitutions, plugins or the database are not in order.
    """
    clock = clock or SystemClock()
    field_catalogue(settings)  # what is wrong with it is said now, not when an agent reads
    plugins = find_plugins(settings) if plugins is None else plugins
    store = open_store(settings, clock)
    try:
        gate = build_gate(
            settings,
            StorePeople(store, settings),
            clock,
            register_of(settings) if register is None else register,
            classifier=classifier,
            plugins=plugins,
        )
        desk = Desk(store, gate, settings, clock)
        chosen = crm or _connect(settings, store, plugins)
    except BaseException:
        store.close()
        raise
    return Pipeline(
        gate=gate, store=store, desk=desk, crm=chosen, settings=settings, clock=clock,
        plugins=plugins,
    )  # fmt: skip


def build_gate(
    settings: Settings,
    people: PeopleSource,
    clock: Clock,
    register: Register,
    *,
    classifier: Callable[[], Any] | None = None,
    plugins: Plugins | None = None,
) -> Gate:
    """A gate without a database: for reviews of files, examples and tests."""
    plugins = find_plugins(settings) if plugins is None else plugins
    policy = Policy(bindings_of(settings), catalogue_of(settings, plugins), plugins.constitutions)
    named = {} if classifier is None else {"classifier": classifier}
    return Gate(
        plugins=plugins, policy=policy, register=register, kinds=plugins.kinds, clock=clock,
        people=people, **named,
    )  # fmt: skip


def find_plugins(settings: Settings) -> Plugins:
    """The installed plugins that the settings do not disable, started."""
    plugins = Plugins.discover(settings.plugins, settings.disabled, settings.plugins_dir)
    plugins.start(settings)
    return plugins


def catalogue_of(settings: Settings, plugins: Plugins) -> Catalogue:
    """Every fact that an expression may read."""
    mappings = {
        record: {name: _mapping(record, name, spec) for name, spec in facts.items()}
        for record, facts in settings.fields.items()
    }
    return Catalogue(plugins.kinds, plugins.evidence_classes.values(), mappings)


def _mapping(record: str, name: str, spec: Any) -> FieldMapping:
    try:
        return FieldMapping(spec["source"], spec["type"])
    except (KeyError, TypeError) as error:
        raise ConfigError(
            f"fields.{record}.{name} needs a source and a type",
            hint='write it like tier = {source = "Customer Tier", type = "string"}',
        ) from error


def bindings_of(settings: Settings) -> list[Binding]:
    """The bindings of the settings; without any, one of all constitutions that they name."""
    if settings.bindings:
        return [read_binding(table) for table in settings.bindings]
    return [Binding(constitutions=tuple(settings.constitutions))]


def register_of(settings: Settings) -> Register:
    """The register of agents; an open charter where the settings name none."""
    return Register(open=True) if settings.agents is None else load_register(settings.agents)


def _connect(settings: Settings, store: Store, plugins: Plugins) -> CRM:
    """The CRM that the settings name.

    Raises:
        ConfigError: no plugin knows the scheme of its URL.
    """
    scheme = settings.crm.partition(":")[0]
    if scheme == "builtin":
        return BuiltinCRM(store)
    crm: CRM | None = plugins.connect(settings.crm)
    if crm is None:
        raise ConfigError(
            f"no plugin connects to a CRM of the kind {scheme!r}",
            hint='install the connector\'s package, or write crm = "builtin:"',
        )
    return crm
