"""What came in: one noun for replies, stops, bounces, complaints and unsubscribe posts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from agentkit.canonical import clean_text
from agentkit.clock import parse_instant
from agentkit.consent.points import normal_channel, normal_point
from agentkit.errors import ConfigError, InvalidAction

__all__ = ["FIELDS", "MAX_TEXT", "TYPES", "Inbound", "InboundType", "read_inbound"]

InboundType = Literal["reply", "stop", "bounce", "complaint", "list_unsubscribe"]

TYPES: Final[tuple[InboundType, ...]] = (
    "reply", "stop", "bounce", "complaint", "list_unsubscribe",
)  # fmt: skip
MAX_TEXT: Final = 1_000_000
"""Characters of a text that are kept; longer ones are cut, and the answer says so."""
_OLDEST: Final = timedelta(days=400)
_TEXTS: Final = (
    "id", "tenant", "type", "channel", "from", "to", "brand", "at", "subject", "text",
    "in_reply_to", "bounce", "status", "list", "purpose",
)  # fmt: skip
_AS_GIVEN: Final = (
    "id", "to", "brand", "subject", "in_reply_to", "bounce", "status", "list", "purpose",
)  # fmt: skip
FIELDS: Final = frozenset(_TEXTS)
"""Fields of a line; others are ignored, a misspelt one is refused."""


@dataclass(frozen=True, slots=True)
class Inbound:
    """Something that came from a person or a provider about one mailbox or number.

    Attributes:
        type: ``reply`` (the person wrote), ``stop`` (the provider says that they opted out),
            ``bounce``, ``complaint`` (a feedback loop), ``list_unsubscribe`` (a one-click post).
        sender: The person's mailbox or number, in normal form: who wrote; for a bounce the one
            that failed, for a complaint the one who complained.
        channel: ``email``, ``sms``, ``whatsapp``, ``chat``, ``phone``; it decides how words count.
        tenant: Whose person.
        id: The provider's id; the same one twice is a repeated delivery.
        at: When the person wrote or the provider noticed; None: not told.
        to: What they wrote to.
        brand: Brand that they wrote to or heard from; empty: not known, read as every brand.
        subject: Subject line of a mail.
        text: What they wrote; a quoted mail may stand below.
        in_reply_to: Id of our action, where the provider kept it.
        bounce: ``hard`` or ``soft``; empty: see ``status``.
        status: Enhanced status code of a bounce (RFC 3463): ``5.1.1``.
        list: Name of the list of an unsubscribe post.
        purpose: Purpose of that list; empty means marketing.
        shortened: The text was longer than `MAX_TEXT` and was cut.
    """

    type: InboundType
    sender: str
    channel: str = ""
    tenant: str = "default"
    id: str = ""
    at: datetime | None = None
    to: str = ""
    brand: str = ""
    subject: str = ""
    text: str = ""
    in_reply_to: str = ""
    bounce: str = ""
    status: str = ""
    list: str = ""
    purpose: str = ""
    shortened: bool = False

    def moment(self, now: datetime) -> datetime:
        """When it counts from: its own time, unless that cannot be.

        A time in the future, or so long ago that a newer consent would wrongly win, is the clock of
        somebody else going wrong: then it counts from now.
        """
        if self.at is None or self.at > now or self.at < now - _OLDEST:
            return now
        return self.at


def read_inbound(row: Mapping[str, Any], tenant: str, country: str = "") -> Inbound:
    """One object of a line as the noun.

    Args:
        row: As parsed from JSON.
        tenant: Where the line names none.
        country: ISO code for numbers without prefix: the sender's own country.

    Raises:
        InvalidAction: a field is missing, misspelt or of another type, or ``from`` is neither an
            address nor a number.
    """
    _check_names(row)
    values = {name: _text(row, name) for name in _TEXTS}
    kind = _type(values["type"])
    sender = normal_point(values["from"], country)
    if not sender:
        raise InvalidAction(
            "`from` is neither an address nor a number",
            hint="write name@host.tld, or the number with its prefix: +49 40 123456",
        )
    text = values["text"]
    return Inbound(
        type=kind,
        sender=sender,
        channel=normal_channel(values["channel"]) or ("email" if "@" in sender else "sms"),
        tenant=values["tenant"] or tenant,
        at=_instant(values["at"]),
        text=text[:MAX_TEXT],
        shortened=len(text) > MAX_TEXT,
        **{name: values[name] for name in _AS_GIVEN},
    )


def _check_names(row: Mapping[str, Any]) -> None:
    from difflib import get_close_matches

    for key in sorted(str(k) for k in row if k not in FIELDS):
        near = get_close_matches(key, FIELDS, 1, cutoff=0.8)
        if near:
            raise InvalidAction(f"there is no field {key!r:.40}", hint=f"did you mean {near[0]!r}?")


def _type(word: str) -> InboundType:
    for known in TYPES:
        if known == word:
            return known
    raise InvalidAction(f"`type` must be one of {', '.join(TYPES)}, not {word[:40]!r}")


def _text(row: Mapping[str, Any], name: str) -> str:
    value = row.get(name)
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise InvalidAction(f"`{name}` must be text, not {type(value).__name__}")
    text = clean_text(str(value))
    return text if name == "text" else text.strip()


def _instant(text: str) -> datetime | None:
    if not text:
        return None
    try:
        return parse_instant(text)
    except ConfigError as error:
        raise InvalidAction(f"`at`: {error.message}", hint=error.hint) from error
