"""Plain JSON for the pipe to a plugin in a process of its own: values out, values back, no pickle.

Instants are ``{"$at": "..."}``, durations ``{"$for": seconds}``; a key of customer data that
begins with ``$`` gets another ``$``, so that no record can pretend to be an instant.
"""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints

from agentkit.action import Action
from agentkit.errors import InvalidEvidence
from agentkit.evidence import Evidence, Failed, Finding, Unknown

__all__ = ["pack", "pack_answer", "unpack", "unpack_answer"]


def pack(value: Any) -> Any:  # noqa: PLR0911  (one line a type)
    """Turn dataclasses, mappings, lists, sets, instants and durations into plain JSON values."""
    if isinstance(value, Action):
        return value.to_json() | {"deadline": value.deadline and value.deadline.isoformat()}
    if isinstance(value, datetime):
        return {"$at": value.isoformat()}
    if isinstance(value, timedelta):
        return {"$for": value.total_seconds()}
    if is_dataclass(value):
        return {f.name: pack(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, Mapping):
        return {"$" + k if k[:1] == "$" else k: pack(v) for k, v in value.items()}
    if isinstance(value, set | frozenset):
        return [pack(v) for v in sorted(value)]
    if isinstance(value, list | tuple):
        return [pack(v) for v in value]
    return value


def unpack(hint: Any, data: Any) -> Any:  # noqa: PLR0911  (one line a type)
    """Read back what `pack` wrote, as the type that ``hint`` names.

    Raises:
        ValueError, TypeError, KeyError: the data are not of that type.
    """
    if hint is Action:
        return Action.from_json(data)
    if isinstance(hint, type) and is_dataclass(hint):
        return hint(**{name: unpack(h, data[name]) for name, h in _hints(hint).items()})
    origin, args = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        some = [a for a in args if a is not types.NoneType]
        return None if data is None else unpack(some[0] if len(some) == 1 else Any, data)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return {_unescaped(k): unpack(args[1], v) for k, v in data.items()}
    if origin is frozenset:
        return frozenset(data)
    if isinstance(origin, type) and args:
        return tuple(unpack(args[0], v) for v in data)
    return _unpack_any(data)


@cache
def _hints(cls: type) -> dict[str, Any]:
    return get_type_hints(cls)


def _unescaped(key: str) -> str:
    return key[1:] if key[:2] == "$$" else key


def _unpack_any(data: Any) -> Any:
    if isinstance(data, dict):
        if "$at" in data:
            return datetime.fromisoformat(data["$at"])
        if "$for" in data:
            return timedelta(seconds=data["$for"])
        return {_unescaped(k): _unpack_any(v) for k, v in data.items()}
    if isinstance(data, list):
        return [_unpack_any(v) for v in data]
    return data


def pack_answer(answer: Evidence | Failed) -> dict[str, Any]:
    """One settled answer as plain JSON.

    Raises:
        InvalidEvidence: a fact is not exactly of its declared type.
    """
    if isinstance(answer, Failed):
        return {"failed": answer.reason, "kind": answer.kind}
    answer.facts()
    values = {f.attr: _pack_fact(getattr(answer, f.attr)) for f in answer.fields}
    return {"values": values, "findings": pack(answer.findings)}


def _pack_fact(value: Any) -> Any:
    if isinstance(value, Unknown):
        return {"$unknown": [value.reason, value.needs]}
    return pack(value)


def unpack_answer(cls: type[Evidence], data: Any) -> Evidence | Failed:
    """Read one answer for one evidence class; the process that wrote it is not trusted.

    Raises:
        InvalidEvidence: it is anything but that evidence, with facts of the declared types.
    """
    try:
        if "failed" in data:
            return Failed(str(data["failed"]), data["kind"])
        values = {name: _unpack_fact(value) for name, value in data["values"].items()}
        found = tuple(unpack(Finding, f) for f in data["findings"])
        made: Any = cls
        answer: Evidence = made(**values, findings=found)
        answer.facts()
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        msg = f"not evidence of {cls.namespace}: {type(error).__name__}"
        raise InvalidEvidence(msg) from error
    return answer


def _unpack_fact(value: Any) -> Any:
    if isinstance(value, dict) and "$unknown" in value:
        reason, needs = value["$unknown"]
        return Unknown(str(reason), str(needs))
    plain = _unpack_any(value)
    return tuple(plain) if isinstance(plain, list) else plain
