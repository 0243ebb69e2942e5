"""A faster constructor for frozen dataclasses that are made for every action.

A frozen dataclass stores each field through ``object.__setattr__``; writing the instance's
dictionary takes a third of the time. The generated constructor has the same signature.
"""

from __future__ import annotations

import dataclasses
from typing import Any, TypeVar

__all__ = ["fast_init"]

_C = TypeVar("_C", bound=type)


def fast_init(cls: _C) -> _C:
    """Replace the constructor of a frozen dataclass without slots; use above ``@dataclass``.

    Raises:
        TypeError: a field without a default follows one with a default.
    """
    names: dict[str, Any] = {"_factory": dataclasses.MISSING}
    plain: list[str] = ["self"]
    keyword: list[str] = []
    stores: list[str] = []
    for field in dataclasses.fields(cls):
        default, value = "", field.name
        if field.default is not dataclasses.MISSING:
            names[f"d_{field.name}"] = field.default
            default = f"=d_{field.name}"
        elif field.default_factory is not dataclasses.MISSING:
            names[f"f_{field.name}"] = field.default_factory
            default = "=_factory"
            value = f"f_{field.name}() if {field.name} is _factory else {field.name}"
        (keyword if field.kw_only else plain).append(field.name + default)
        stores.append(f"d[{field.name!r}] = {value}")
    signature = ", ".join([*plain, *(["*", *keyword] if keyword else [])])
    body = "; ".join(["d = self.__dict__", *stores])
    try:
        exec(f"def __init__({signature}):\n {body}", names)  # noqa: S102  (declared field names only)
    except SyntaxError as error:
        raise TypeError(
            f"{cls.__name__}: a field without a default after one with a default"
        ) from error
    cls.__init__ = names["__init__"]  # type: ignore[misc]
    return cls
