"""``agentkit constitution``: check, test and explain what judges."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from agentkit.cli.options import Listed, with_settings
from agentkit.errors import AgentkitError, NotFound
from agentkit.settings import Settings

if TYPE_CHECKING:
    from agentkit.constitution import Catalogue, Constitution, Located
    from agentkit.constitution.check import ExampleResult
    from agentkit.constitution.model import Article
    from agentkit.plugins import Plugins

__all__ = ["command", "schema_text"]

_WANTED: Final = ("cites", "effective_from", "verified_on", "verified_by", "owner")
"""What an article should say about itself besides its rule."""
_FEW: Final = 3
"""Examples that an article should have: one that breaks it, one that keeps it, a boundary."""
_names = click.argument("names", nargs=-1, metavar="[NAME|FILE]...")


@click.group(cls=Listed)
def command() -> None:
    """Check, test and explain constitutions."""


@command.command()
@_names
@with_settings
def check(settings: Settings, names: tuple[str, ...]) -> None:
    """Compile constitutions and run their examples. Exit status 1 if any has an error."""
    plugins, catalogue = _world(settings)
    failed = False
    for name in names or settings.constitutions:
        try:
            failed |= not _check_one(name, plugins, catalogue)
        except AgentkitError as error:
            failed = True
            _error(name, error)
    sys.exit(failed)


def _check_one(name: str, plugins: Plugins, catalogue: Catalogue) -> bool:
    from agentkit.constitution import compile_constitution, load_constitution
    from agentkit.constitution.check import check_examples

    constitution = load_constitution(name, plugins.constitutions)
    compile_constitution(constitution, catalogue)
    results = check_examples(constitution, catalogue)
    wrong = [r for r in results if not r.passed]
    for result in wrong:
        click.echo(f"  {click.style('failed', fg='red')}  {result.constitution}: {result.sentence}")
    for advice in _advice(constitution):
        click.echo(f"  {click.style('note', fg='yellow')}    {advice}")
    word = click.style("failed", fg="red") if wrong else click.style("ok", fg="green")
    reviewed = "reviewed" if constitution.reviewed else "not reviewed by a lawyer"
    click.echo(
        f"{constitution.name} {constitution.version}: {word}, "
        f"{len(constitution.articles)} articles, "
        f"{len(results) - len(wrong)} of {len(results)} examples pass, {reviewed}, "
        f"sha256:{constitution.digest[:12]}"
    )
    return not wrong


def _advice(constitution: Constitution) -> Iterator[str]:
    """What the articles of the constitution's own file leave open."""
    for article in constitution.files[-1].articles:
        lacking = [field for field in _WANTED if not getattr(article, field)]
        if len(article.examples) < _FEW:
            lacking.append(f"{_FEW} examples")
        if lacking:
            yield f"{article.id} has no {', no '.join(lacking)}"


def _error(name: str, error: AgentkitError) -> None:
    click.echo(f"{name}: {click.style('error', fg='red')}: {error.message}")
    if error.hint:
        click.echo(f"  {error.hint}")


@command.command()
@_names
@click.option("-v", "--verbose", is_flag=True, help="Show examples that pass, too.")
@with_settings
def test(settings: Settings, names: tuple[str, ...], verbose: bool) -> None:  # noqa: FBT001
    """Run the examples of constitutions. Exit status 1 if any fails."""
    from agentkit.constitution import load_constitution
    from agentkit.constitution.check import check_examples

    plugins, catalogue = _world(settings)
    total: list[ExampleResult] = []
    for name in names or settings.constitutions:
        total += check_examples(load_constitution(name, plugins.constitutions), catalogue)
    for result in total:
        if verbose or not result.passed:
            word, colour = ("ok    ", "green") if result.passed else ("FAILED", "red")
            click.echo(f"{click.style(word, fg=colour)}  {result.constitution}: {result.sentence}")
    passed = sum(r.passed for r in total)
    click.echo(f"{passed} of {len(total)} examples pass")
    sys.exit(passed < len(total))


@command.command()
@click.argument("prefix", default="")
@with_settings
def facts(settings: Settings, prefix: str) -> None:
    """List the facts that articles may read; PREFIX narrows it down (``consent.``)."""
    _, catalogue = _world(settings)
    shown = {n: f for n, f in catalogue.facts.items() if n.startswith(prefix)}
    if not shown:
        near = get_close_matches(prefix, catalogue.facts, 1)
        hint = f"did you mean {near[0]!r}?" if near else "leave PREFIX out to see all"
        raise NotFound(f"no fact begins with {prefix!r}", hint=hint)
    width = max(map(len, shown))
    for name in sorted(shown):
        fact = shown[name]
        marks = "".join(f" [{m}]" for m in ("personal", "volatile") if getattr(fact, m))
        kinds = f" ({', '.join(sorted(fact.scope.kinds))})" if fact.scope.kinds else ""
        click.echo(f"{name:{width}}  {fact.type:13} {fact.doc}{kinds}{marks}".rstrip())


@command.command()
@click.argument("name", metavar="NAME|FILE")
@click.argument("article", default="")
@with_settings
def show(settings: Settings, name: str, article: str) -> None:
    """List the articles of a constitution, or show all of one ARTICLE."""
    from agentkit.constitution import load_constitution

    plugins, _ = _world(settings)
    constitution = load_constitution(name, plugins.constitutions)
    if not article:
        _list(constitution)
        return
    located = constitution.article(article)
    if located is None:
        near = get_close_matches(article, [a.article.id for a in constitution.articles], 1)
        hint = f"did you mean {near[0]!r}?" if near else f"`agentkit constitution show {name}`"
        raise NotFound(f"{constitution.name} has no article {article!r}", hint=hint)
    _show(located, constitution)


def _list(constitution: Constitution) -> None:
    width = max((len(a.article.id) for a in constitution.articles), default=0)
    for located in constitution.articles:
        article = located.article
        mode = f" ({article.mode})" if article.mode else ""
        click.echo(
            f"{article.id:{width}}  {article.then + mode:15} {article.status:9} "
            f"{located.constitution:12} {_scope(article)}".rstrip()
        )


def _scope(article: Article) -> str:
    scope = article.applies_to
    return " ".join(
        f"{name}={','.join(values)}"
        for name in ("kinds", "channels", "purposes", "jurisdictions", "senders")
        if (values := getattr(scope, name))
    )


def _show(located: Located, constitution: Constitution) -> None:
    article = located.article
    rows: dict[str, Any] = {
        "article": f"{article.id} ({located.constitution})",
        "principle": f"{article.principle}: {constitution.principles[article.principle]}",
        "applies to": _scope(article) or "everything",
        "when": article.when,
        "unless": article.unless,
        "then": article.then,
        "until": article.until,
        "waits for": article.task,
        "revised first": "yes" if article.revise else "",
        "overridable by": article.overridable,
        "protected": "yes" if article.protected else "",
        "mode": article.mode or "",
        "because": article.because,
        "cites": "; ".join(article.cites),
        "status": article.status,
        "pending": article.pending,
        "in force": _period(article),
        "verified": f"{article.verified_on or 'never'}, {article.verified_by or 'by nobody'}",
        "owner": article.owner,
    }
    for label, value in rows.items():
        if value:
            click.echo(f"{label + ':':16}{value}")
    for number, example in enumerate(article.examples, 1):
        why = f"  ({example.why})" if example.why else ""
        click.echo(f"example {number}:       {example.given} -> {example.expect}{why}")


def _period(article: Article) -> str:
    until = f" until {article.effective_until}" if article.effective_until else ""
    return f"from {article.effective_from or 'ever'}{until}"


@command.command()
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="FILE",
              help="Write it there instead of to standard output.")  # fmt: skip
def schema(output: Path | None) -> None:
    """Print the JSON Schema of a constitution's file, for editors."""
    if output is None:
        click.echo(schema_text(), nl=False)
    else:
        output.write_text(schema_text(), encoding="utf-8")


def schema_text() -> str:
    """The JSON Schema as it is shipped."""
    import json

    from agentkit.constitution import ConstitutionFile

    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **ConstitutionFile.model_json_schema(),
        "title": "agentkit constitution",
    }
    return json.dumps(schema, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _world(settings: Settings) -> tuple[Plugins, Catalogue]:
    """The plugins of the settings, and every fact that they, the core and the records give."""
    from agentkit.pipeline.build import catalogue_of
    from agentkit.plugins import Plugins

    plugins = Plugins.discover(settings.plugins, settings.disabled, settings.plugins_dir)
    return plugins, catalogue_of(settings, plugins)
