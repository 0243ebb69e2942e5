"""YAML of people: plain values only, no key twice, no nesting without end.

PyYAML keeps the last of two equal keys and says nothing, so that an article whose ``when`` stands
there twice, or a file with two lists of articles, would lose a rule in silence.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import yaml

__all__ = ["load_yaml"]


def load_yaml(text: str) -> Any:
    """The one document of a text.

    Raises:
        yaml.YAMLError: it is not YAML, names a key twice, asks for more than plain values, or is
            nested too deeply.
    """
    import yaml

    try:
        return yaml.load(text, Loader=_loader())  # noqa: S506  (a SafeLoader)
    except RecursionError as error:
        msg = "it is nested too deeply"
        raise yaml.YAMLError(msg) from error


@cache
def _loader() -> type[yaml.SafeLoader]:
    import yaml

    class Strict(yaml.SafeLoader):
        """The safe loader, which refuses a key that stands there twice."""

        def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
            node: yaml.MappingNode = super().compose_mapping_node(anchor)
            seen: set[str] = set()
            for key, _ in node.value:
                if isinstance(key, yaml.ScalarNode) and key.value in seen:
                    msg = f"the key {key.value!r:.60} stands there twice"
                    raise yaml.constructor.ConstructorError(None, None, msg, key.start_mark)
                seen.add(str(key.value))
            return node

    return Strict
