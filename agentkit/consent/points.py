"""Contact points in one normal form, so that one mailbox or number is one key everywhere.

An address becomes Unicode NFC with a lower-case local part and domain; a number becomes E.164.
Nothing is looked up on a network.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final

__all__ = ["PHONE_CHANNELS", "normal_channel", "normal_domain", "normal_point", "point_key"]

PHONE_CHANNELS: Final = frozenset({"sms", "phone", "whatsapp"})
"""Channels that reach a number."""

_ALIASES: Final = {
    "e-mail": "email",
    "mail": "email",
    "call": "phone",
    "voice": "phone",
    "telephone": "phone",
    "text": "sms",
    "mobile": "sms",
    "letter": "post",
    "*": "",
    "all": "",
}
_NOT_DIALLED: Final = re.compile(r"[^\d+]")
_MAX_POINT: Final = 320
_MIN_DIGITS: Final = 4
"""Shorter ones are extensions and service numbers, which belong to nobody."""


@lru_cache(maxsize=1024)
def normal_channel(text: str) -> str:
    """A channel's name as this project writes it; ``*`` and ``all`` become empty: every one."""
    name = text.strip().lower()
    return _ALIASES.get(name, name)


def normal_point(text: str, country: str = "") -> str:
    """The normal form of an address or number; empty where it is neither.

    Args:
        text: As a person or an export wrote it.
        country: ISO code that a number without prefix belongs to; without one such a number
            cannot be told from others and is refused.
    """
    text = unicodedata.normalize("NFC", text.strip())
    if not text or len(text) > _MAX_POINT:
        return ""
    return _email(text) if "@" in text else _phone(text, country)


def normal_domain(text: str) -> str:
    """``@example.org`` where the text means everybody at a domain; empty where it does not.

    Written ``@example.org`` or ``*@example.org``, in Unicode or as ``xn--``.
    """
    domain = text.strip().removeprefix("*")
    if not domain.startswith("@") or len(domain) > _MAX_POINT:
        return ""
    anybody = _email(f"anybody{domain}")
    return anybody.removeprefix("anybody")


@lru_cache(maxsize=65_536)
def point_key(text: str) -> str:
    """A cheap key for comparing points that were normalised when they were recorded."""
    text = unicodedata.normalize("NFC", text.strip())
    return text.lower() if "@" in text else _NOT_DIALLED.sub("", text)


def _email(text: str) -> str:
    from email_validator import EmailNotValidError, validate_email

    text = text.removeprefix("mailto:").strip("<>")
    try:
        valid = validate_email(text, check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        return ""
    return unicodedata.normalize("NFC", valid.normalized.lower())


def _phone(text: str, country: str) -> str:
    import phonenumbers

    try:
        number = phonenumbers.parse(text.removeprefix("tel:"), country.upper() or None)
    except phonenumbers.NumberParseException:
        return ""
    too_short = len(str(number.national_number)) < _MIN_DIGITS
    if too_short or not phonenumbers.is_possible_number(number):
        return ""
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))
