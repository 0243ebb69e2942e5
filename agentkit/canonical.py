"""One canonical form: UTF-8 JSON with sorted keys (orjson), and sha256 over it."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import orjson

__all__ = ["canonical", "clean_json", "clean_text", "digest", "from_json"]

_OPTIONS = orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z
_ANY_KEYS = _OPTIONS | orjson.OPT_NON_STR_KEYS
_FORBIDDEN = {0, *range(0xD800, 0xE000)}


def canonical(value: Any) -> bytes:
    """Serialise to canonical JSON; instants are written in UTC with ``Z``."""
    try:
        return orjson.dumps(value, option=_OPTIONS)
    except TypeError:  # keys that are no plain text: the same form, a fifth slower
        return orjson.dumps(value, option=_ANY_KEYS)


def digest(value: Any) -> str:
    """Hex sha256 of the canonical form."""
    return sha256(canonical(value)).hexdigest()


def from_json(data: bytes | str) -> Any:
    """Read JSON.

    Raises:
        ValueError: it is not JSON.
    """
    return orjson.loads(data)


def clean_text(text: str) -> str:
    """Drop NUL and lone surrogates: the expression runtime cuts at one and dies of the other."""
    if "\0" not in text:
        try:
            text.encode()
        except UnicodeEncodeError:
            pass
        else:
            return text
    return "".join(c for c in text if ord(c) not in _FORBIDDEN)


def clean_json(value: Any) -> Any:
    """Clean every string inside a JSON value; returns the same object where nothing changed."""
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, dict):
        cleaned = {clean_text(str(k)): clean_json(v) for k, v in value.items()}
        return value if cleaned == value else cleaned
    if isinstance(value, list | tuple):
        items = [clean_json(v) for v in value]
        return value if items == list(value) else items
    return value
