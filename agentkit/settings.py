"""Settings: one TOML file, a few environment variables, defaults that need neither.

    home = ".agentkit"
    tenant = "default"
    agents = "agents.yaml"
    constitutions = ["crm-default"]

    [fields.contact]
    tier = {source = "Customer Tier", type = "string"}

    [operators]
    anna = ["supervisor", "marketing"]

    [retention]
    content_days = 180

    [[bindings]]
    name = "scoring in shadow"
    constitutions = ["crm-default"]
    select = {agents = ["scoring"]}
    mode = "shadow"

Secrets never stand in the file: ``AGENTKIT_KEY`` (master key) and ``AGENTKIT_DATABASE`` come from
the environment.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import inf
from pathlib import Path
from typing import Any, Final

from agentkit.errors import ConfigError

__all__ = ["SETTINGS_FILE", "Retention", "Settings", "load_settings"]

SETTINGS_FILE: Final = "agentkit.toml"


@dataclass(frozen=True, slots=True)
class Retention:
    """How long what is kept; `agentkit retention apply` enforces it.

    Attributes:
        content_days: Texts, arguments, facts and people's reasons of what has ended.
        decision_days: What was ruled, by which articles and by whom.
        history_days: Contacts made: caps look back a year.
        export_days: Files that `agentkit person export` left in the home.
        proof_years: Proof of consent after an erasure (UWG s.7a: five).
    """

    content_days: int = 180
    decision_days: int = 1_095
    history_days: int = 400
    export_days: int = 30
    proof_years: int = 5


@dataclass(frozen=True)
class Settings:
    """Everything that an installation may set.

    Attributes:
        home: Folder of the database, the keys and the checkpoints.
        database: SQLAlchemy URL; empty means SQLite in ``home``.
        tenant: The tenant of commands that name none.
        agents: The register of agents (YAML); None means an open charter, and that is said aloud.
        constitutions: Used where no binding is given.
        bindings: Tables of the settings file, read by `agentkit.constitution.read_binding`.
        fields: The business's own fields: record, fact, then ``source`` and ``type``.
        operators: Roles by operator; ``*`` gives roles to everybody.
        case_hours: Hours after which an undecided case is denied.
        quorum: Approvals by different people that a case needs.
        plugins: Settings of plugins by name.
        disabled: Plugins that are not loaded.
        plugins_dir: Folder of single-file plugins.
        crm: URL of the CRM.
        brands: Brands of the controller; the first is the default sender.
        country: Country of the sender.
        withdrawal_scope: ``brand``: a withdrawal holds for the brand that was written to;
            ``controller``: for all of them.
        revocation_certain: Score of the opt_out head from which a withdrawal is recorded at once.
        revocation_unclear: Score from which on a person decides whether it is one.
        circumstance_certain: Score of the needs_human head from which a circumstance is recorded.
        catalogue: The field catalogue: record, field, then ``source``, ``sensitivity``,
            ``purposes`` and ``retention``; read by `agentkit.crm.catalogue`.
        retention: How long what is kept.
    """

    home: Path = Path(".agentkit")
    database: str = ""
    tenant: str = "default"
    agents: Path | None = None
    constitutions: tuple[str, ...] = ("crm-default",)
    bindings: tuple[Mapping[str, Any], ...] = ()
    fields: Mapping[str, Mapping[str, Mapping[str, str]]] = field(default_factory=dict)
    operators: Mapping[str, frozenset[str]] = field(default_factory=dict)
    case_hours: float = 72.0
    quorum: int = 1
    plugins: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    disabled: frozenset[str] = frozenset()
    plugins_dir: Path | None = None
    crm: str = "builtin:"
    brands: tuple[str, ...] = ()
    country: str = ""
    withdrawal_scope: str = "brand"
    revocation_certain: float = 0.9
    revocation_unclear: float = 0.35
    circumstance_certain: float = 0.9
    catalogue: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    retention: Retention = Retention()

    @property
    def url(self) -> str:
        """URL of the database."""
        return self.database or f"sqlite:///{self.home.resolve() / 'agentkit.db'}"

    def roles(self, operator: str) -> frozenset[str]:
        """Roles of an operator by the settings file; everybody at the desk is an ``operator``."""
        named = self.operators.get(operator, frozenset()) | self.operators.get("*", frozenset())
        return named | {"operator"}


_TEXTS: Final = ("database", "tenant", "crm", "country", "withdrawal_scope")
_SCORES: Final = ("revocation_certain", "revocation_unclear", "circumstance_certain")
_PATHS: Final = ("home", "agents", "plugins_dir")
_LISTS: Final = ("constitutions", "disabled", "brands")
_TABLES: Final = ("fields", "plugins", "catalogue")
_YEAR: Final = 366


def load_settings(path: Path | None = None, **overrides: Any) -> Settings:
    """Read the settings file, then the environment, then ``overrides`` (None leaves as it is).

    Args:
        path: The file; None looks for ``agentkit.toml`` in the home that ``overrides`` or the
            environment names, then in the working directory, and does without where there is
            none.
        overrides: Fields of `Settings`.

    Raises:
        ConfigError: the file cannot be read, or a key is unknown or of a wrong type.
    """
    settings = Settings()
    chosen = path or _nearest(overrides.get("home") or os.environ.get("AGENTKIT_HOME"))
    if chosen is not None:
        settings = _from_table(_read(chosen), chosen)
    if os.environ.get("AGENTKIT_HOME"):
        settings = replace(settings, home=Path(os.environ["AGENTKIT_HOME"]))
    if os.environ.get("AGENTKIT_DATABASE"):
        settings = replace(settings, database=os.environ["AGENTKIT_DATABASE"])
    return replace(settings, **{k: v for k, v in overrides.items() if v is not None})


def _nearest(home: Path | str | None) -> Path | None:
    places = [Path(home) / SETTINGS_FILE] if home else []
    return next((p for p in (*places, Path(SETTINGS_FILE)) if p.exists()), None)


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(
            f"the settings file {path} cannot be read: {error.strerror}",
            hint="pass --settings FILE, or run where an agentkit.toml lies",
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not valid TOML: {error}") from error


def _from_table(table: Mapping[str, Any], path: Path) -> Settings:
    known = set(Settings.__dataclass_fields__)
    unknown = sorted(set(table) - known)
    if unknown:
        from difflib import get_close_matches

        near = get_close_matches(unknown[0], known, 1)
        hint = f"did you mean {near[0]!r}?" if near else f"keys: {', '.join(sorted(known))}"
        raise ConfigError(f"{path} has an unknown key {unknown[0]!r}", hint=hint)
    return Settings(**{key: _value(key, value, path) for key, value in table.items()})


def _value(key: str, value: Any, path: Path) -> Any:
    for keys, read in (
        (_TEXTS, _text), (_PATHS, _located), (_LISTS, _words), (("operators",), _operators),
        (_TABLES, _table), (("bindings",), _bindings), (("retention",), _retention),
    ):  # fmt: skip
        if key in keys:
            return read(key, value, path)
    return _number(key, value, path)


def _text(key: str, value: Any, path: Path) -> str:
    text = str(_expect(value, str, key, path))
    if key == "tenant" and not text.strip():
        raise ConfigError(f"{path}: tenant is empty", hint='name one, or leave it out: "default"')
    if key == "country" and not (len(text) == 2 and text.isascii() and text.isupper()):  # noqa: PLR2004
        raise ConfigError(
            f"{path}: country is no code: {text!r:.40}", hint="write it like DE or US"
        )
    if key == "withdrawal_scope" and text not in {"brand", "controller"}:
        raise ConfigError(f"{path}: withdrawal_scope must be brand or controller, not {text!r:.40}")
    return text


def _located(key: str, value: Any, path: Path) -> Path:
    return (path.parent / _text(key, value, path)).resolve()


def _words(key: str, value: Any, path: Path) -> frozenset[str] | tuple[str, ...]:
    words = _strings(key, value, path)
    if key == "constitutions":
        words = [_file_or_name(w, path) for w in words]
    return frozenset(words) if key == "disabled" else tuple(words)


def _operators(key: str, value: Any, path: Path) -> dict[str, frozenset[str]]:
    table = _expect(value, dict, key, path)
    return {n: frozenset(_strings(f"{key}.{n}", r, path)) for n, r in table.items()}


def _strings(key: str, value: Any, path: Path) -> list[str]:
    items = _expect(value, list, key, path)
    return [str(_expect(item, str, f"each of {key}", path)) for item in items]


def _table(key: str, value: Any, path: Path) -> Mapping[str, Any]:
    """A table of tables: settings by plugin, field mappings and the catalogue by record."""
    table = _expect(value, dict, key, path)
    return {name: dict(_expect(t, dict, f"{key}.{name}", path)) for name, t in table.items()}


def _retention(key: str, value: Any, path: Path) -> Retention:
    table = _expect(value, dict, key, path)
    known = Retention.__dataclass_fields__
    for name, count in table.items():
        if name not in known:
            raise ConfigError(
                f"{path}: there is no term {key}.{name}", hint=f"terms: {', '.join(known)}"
            )
        if type(count) is not int or count < 1:
            raise ConfigError(f"{path}: {key}.{name} must be a whole number above zero")
    terms = Retention(**table)
    if terms.content_days > terms.decision_days:
        raise ConfigError(
            f"{path}: contents would be kept longer than the decisions that they belong to",
            hint="make retention.decision_days at least as long as retention.content_days",
        )
    if terms.history_days < _YEAR:
        raise ConfigError(
            f"{path}: {key}.history_days must be {_YEAR} or more",
            hint="caps on how often a person is contacted look back a year",
        )
    return terms


def _bindings(key: str, value: Any, path: Path) -> tuple[Mapping[str, Any], ...]:
    tables = _expect(value, list, key, path)
    return tuple(_binding(_expect(b, dict, key, path), path) for b in tables)


def _binding(table: dict[str, Any], path: Path) -> dict[str, Any]:
    names = _strings("bindings.constitutions", table.get("constitutions", ["crm-default"]), path)
    return {**table, "constitutions": [_file_or_name(n, path) for n in names]}


def _file_or_name(word: str, path: Path) -> str:
    """A constitution's file is found relative to the settings file."""
    return str((path.parent / word).resolve()) if word.endswith((".yaml", ".yml")) else word


def _number(key: str, value: Any, path: Path) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < inf:
        raise ConfigError(f"{path}: {key} must be a number above zero, not {value!r}")
    if key == "quorum" and value != int(value):
        raise ConfigError(f"{path}: quorum counts people: it must be whole, not {value!r}")
    if key in _SCORES and value > 1:
        raise ConfigError(f"{path}: {key} is a probability: 1 is the most, not {value!r}")
    return int(value) if key == "quorum" else float(value)


def _expect(value: Any, kind: type, key: str, path: Path) -> Any:
    if not isinstance(value, kind):
        word = {"str": "text", "list": "a list", "dict": "a table"}[kind.__name__]
        raise ConfigError(f"{path}: {key} must be {word}, not {value!r:.40}")
    return value
