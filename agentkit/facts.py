"""Facts as they are recorded: one form that is digested, stored and read back.

Two sets of facts have the same form exactly where they are equal, whatever the order of their
names. Types are told apart (``1``, ``1.0`` and ``true``), instants are compared as instants, and
nothing that JSON has no type for can be mistaken for a text.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, Final

import orjson

from agentkit.evidence import Unknown

__all__ = ["decode_facts", "digest_facts", "encode_facts"]

_OPTIONS: Final = (
    orjson.OPT_SORT_KEYS | orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME
)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


def encode_facts(facts: Mapping[str, Any]) -> bytes:
    """The recorded form: JSON, sorted by name.

    Raises:
        TypeError: a value is no fact; `Evidence.facts` lets none of these through.
    """
    return orjson.dumps(facts, _encode, _OPTIONS)


def decode_facts(recorded: Mapping[str, Any]) -> dict[str, Any]:
    """The facts that `encode_facts` wrote, from the parsed JSON."""
    return {name: _decode(value) for name, value in recorded.items()}


def digest_facts(facts: Mapping[str, Any], salt: str) -> str:
    """Hex sha256 over the salt of the action and the recorded form.

    Without the salt, which is erased with the person, what a digest in the ledger stands for could
    be found by trying the few values that most facts have.
    """
    return sha256(salt.encode() + encode_facts(facts)).hexdigest()


def _encode(value: object) -> dict[str, Any]:
    """A fact that JSON has no type for."""
    if isinstance(value, Unknown):
        return {"unknown": value.reason, "needs": value.needs}
    if isinstance(value, datetime):
        return {"at": (value - _EPOCH) // _MICROSECOND}
    if isinstance(value, timedelta):
        return {"lasts": [value.days, value.seconds, value.microseconds]}
    raise TypeError(f"a fact cannot be {type(value).__name__}")


def _decode(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(value)
    if not isinstance(value, dict):
        return value
    if "at" in value:
        return _EPOCH + timedelta(microseconds=value["at"])
    if "lasts" in value:
        return timedelta(*value["lasts"])
    return Unknown(value["unknown"], value["needs"])
