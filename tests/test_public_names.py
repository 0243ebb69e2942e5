"""What is public is what ``__all__`` lists, in order, everywhere."""

from __future__ import annotations

import ast
from importlib import import_module
from pathlib import Path

import pytest

import agentkit

ROOT = Path(__file__).parent.parent
MODULES = sorted(p for p in (ROOT / "agentkit").rglob("*.py") if "migrations" not in p.parts)


def test_every_public_name_can_be_imported_and_is_listed_once_in_order() -> None:
    assert sorted(set(agentkit.__all__), key=_ruff_order) == agentkit.__all__
    for name in agentkit.__all__:
        assert getattr(agentkit, name) is not None


def test_what_type_checkers_see_is_what_is_loaded() -> None:
    tree = ast.parse((ROOT / "agentkit" / "__init__.py").read_text())
    guarded = next(n for n in tree.body if isinstance(n, ast.If))
    seen = {
        alias.name: node.module
        for node in guarded.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert seen == agentkit._HOME_OF
    assert set(seen) == set(agentkit.__all__)


def test_no_public_name_is_hidden_by_a_module_of_the_same_name() -> None:
    modules = {p.stem for p in (ROOT / "agentkit").glob("*.py")}
    modules |= {p.name for p in (ROOT / "agentkit").iterdir() if p.is_dir()}
    assert modules.isdisjoint(agentkit.__all__)


def test_a_wrong_name_is_an_attribute_error_and_not_a_surprise() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'Gat'"):
        agentkit.Gat  # noqa: B018


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_a_modules_public_names_are_sorted_and_exist(path: Path) -> None:
    tree = ast.parse(path.read_text())
    for node in tree.body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "__all__":
            names = ast.literal_eval(node.value)
            assert names == sorted(names, key=_ruff_order), path
            if "training" in path.parts:
                continue  # needs the extra [train]
            module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            loaded = import_module(module.removesuffix(".__init__"))
            assert all(hasattr(loaded, name) for name in names)


def _ruff_order(name: str) -> tuple[int, str]:
    """Constants, then classes, then the rest: the order in which the linter sorts."""
    if name.isupper():
        return 0, name
    return (1 if name[:1].isupper() else 2), name
