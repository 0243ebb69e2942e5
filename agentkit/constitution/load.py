"""From files to one constitution: YAML, ``extends``, overrides, digest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from agentkit.canonical import digest
from agentkit.constitution.model import Article, ConstitutionFile, Override, Parameter
from agentkit.errors import ConstitutionError
from agentkit.yaml_text import load_yaml

__all__ = ["Constitution", "Located", "load_constitution", "read_file", "shipped"]


@dataclass(frozen=True)
class Located:
    """An article, and the constitution that it stands in."""

    article: Article
    constitution: str


@dataclass(frozen=True)
class Constitution:
    """Principles and articles, everything that it extends included.

    Attributes:
        name: Its name.
        version: Its version.
        articles: In order: what it extends comes first.
        principles: Plain language, by name.
        parameters: Declared parameters with defaults.
        digest: sha256 over the canonical form of everything that judges.
        reviewed: False where no lawyer has reviewed one of its files.
    """

    name: str
    version: int
    articles: tuple[Located, ...]
    principles: Mapping[str, str]
    parameters: Mapping[str, Parameter]
    digest: str
    reviewed: bool = False
    files: tuple[ConstitutionFile, ...] = field(default=(), repr=False)

    def article(self, article_id: str) -> Located | None:
        """The article of this id, if it has one."""
        return next((a for a in self.articles if a.article.id == article_id), None)


def shipped() -> dict[str, Path]:
    """The constitutions that come with agentkit, by name."""
    folder = resources.files("agentkit_constitutions")
    names = sorted(p.name for p in folder.iterdir() if p.name.endswith(".yaml"))
    return {n.removesuffix(".yaml"): Path(str(folder / n)) for n in names}


def read_file(path: Path) -> ConstitutionFile:
    """Read and type one YAML file.

    Raises:
        ConstitutionError: with the line of the article that is wrong.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConstitutionError(
            f"{path} cannot be read: {getattr(error, 'strerror', error)}",
            hint=f"shipped constitutions: {', '.join(shipped())}",
        ) from error
    try:
        data = load_yaml(text)
        return ConstitutionFile.model_validate(data)
    except yaml.YAMLError as error:
        raise ConstitutionError(f"{path} is not valid YAML: {error}") from error
    except ValidationError as error:
        raise ConstitutionError(_first_problem(path, text, data, error)) from error


def _first_problem(path: Path, text: str, data: Any, error: ValidationError) -> str:
    problem = error.errors(include_url=False)[0]
    where = [str(p) for p in problem["loc"]]
    line = ""
    if len(where) > 1 and where[0] == "articles":
        index = int(where[1])
        spec = data["articles"][index]
        named = spec.get("id", f"number {index + 1}") if isinstance(spec, dict) else index + 1
        where = [f"article {named}", *where[2:]]
        line = f", line {_article_line(text, index)}"
    message = str(problem["msg"]).removeprefix("Value error, ")
    return f"{path}{line}: {': '.join(where) or 'the file'}: {message}"


def _article_line(text: str, index: int) -> int:
    """1-based line on which the article with this index begins."""
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    pairs = root.value if isinstance(root, yaml.MappingNode) else []
    nodes: list[yaml.Node] = next((v.value for k, v in pairs if k.value == "articles"), [])
    return nodes[index].start_mark.line + 1 if index < len(nodes) else 1


def load_constitution(name: str | Path, extra: Mapping[str, Path] | None = None) -> Constitution:
    """Load a constitution by name or file, with everything that it extends.

    Args:
        name: A shipped name, a plugin's name, or the path of a file.
        extra: Further constitutions by name (from plugins).

    Raises:
        ConstitutionError: no such name, a cycle in ``extends``, an override that is not allowed.
    """
    known = {**shipped(), **(extra or {})}
    files: list[ConstitutionFile] = []
    _collect(str(name), known, files, ())
    return _merge(files)


def _path(name: str, known: Mapping[str, Path]) -> Path:
    if name in known:
        return known[name]
    if name.endswith((".yaml", ".yml")):
        return Path(name)
    raise ConstitutionError(
        f"there is no constitution {name!r}",
        hint=f"known: {', '.join(sorted(known))}; or name a .yaml file",
    )


def _collect(
    name: str, known: Mapping[str, Path], files: list[ConstitutionFile], path: tuple[str, ...]
) -> None:
    """Depth first, what is extended before what extends; each once."""
    if name in path:
        raise ConstitutionError(
            f"`extends` goes in a circle: {' -> '.join([*path[path.index(name) :], name])}",
            hint="take one of them out",
        )
    if name in known and any(f.constitution == name for f in files):
        return
    file = read_file(_path(name, known))
    for parent in file.extends:
        _collect(parent, known, files, (*path, name))
    if all(f.constitution != file.constitution for f in files):
        files.append(file)


def _merge(files: Sequence[ConstitutionFile]) -> Constitution:
    articles: dict[str, Located] = {}
    principles: dict[str, str] = {}
    parameters: dict[str, Parameter] = {}
    for file in files:
        for override in file.overrides:
            _override(articles, override, file.constitution)
        for article in file.articles:
            if article.id in articles:
                raise ConstitutionError(
                    f"{file.constitution}: article {article.id!r} exists in "
                    f"{articles[article.id].constitution}",
                    hint="give it another id, or change the other with `overrides:`",
                )
            articles[article.id] = Located(article, file.constitution)
        principles |= file.principles
        parameters |= file.parameters
    _check_principles(articles.values(), principles)
    return Constitution(
        name=files[-1].constitution,
        version=files[-1].version,
        articles=tuple(articles.values()),
        principles=principles,
        parameters=parameters,
        digest=digest([_judging_form(a) for a in articles.values()]),
        reviewed=all(f.reviewed_on is not None for f in files),
        files=tuple(files),
    )


def _judging_form(located: Located) -> dict[str, Any]:
    return located.article.model_dump(mode="json", exclude={"examples"})


def _check_principles(articles: Any, principles: Mapping[str, str]) -> None:
    for located in articles:
        if located.article.principle not in principles:
            raise ConstitutionError(
                f"{located.constitution}: article {located.article.id!r} serves the principle "
                f"{located.article.principle!r}, which is nowhere written down",
                hint=f"principles: {', '.join(sorted(principles)) or 'none'}",
            )


def _override(articles: dict[str, Located], override: Override, by: str) -> None:
    """Change one article until the override's last day; from then on the original holds again."""
    target = articles.get(override.id)
    if target is None:
        raise ConstitutionError(
            f"{by} overrides {override.id!r}, which nothing that it extends contains"
        )
    if target.article.protected:
        raise ConstitutionError(
            f"{by} overrides {override.id!r}, which is protected by {target.constitution}",
            hint="a protected article holds for everybody: take the override out",
        )
    original = target.article
    later = max(filter(None, (original.effective_from, override.until)))
    articles[f"{override.id} from {later}"] = Located(
        original.model_copy(update={"effective_from": later}), target.constitution
    )
    del articles[override.id]
    if override.then != "off" or override.unless:
        changed = original.model_copy(update=_changes(original, override))
        articles[override.id] = Located(changed, target.constitution)


def _changes(original: Article, override: Override) -> dict[str, Any]:
    ends = min(filter(None, (original.effective_until, override.until)))
    changes: dict[str, Any] = {"effective_until": ends}
    if override.then in {"escalate", "deny"}:
        changes |= {"then": override.then, "until": "", "task": ""}
    if override.unless:
        old = original.unless
        changes["unless"] = f"({old}) || ({override.unless})" if old else override.unless
    return changes
