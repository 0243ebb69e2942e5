"""On what ground a message or call to a person may rest, by country, channel and kind of person.

This table is engineering input, not legal advice; the constitutions cite the law and judge. Where a
country is not listed, the strict reading holds: prior consent, or an own customer (soft opt-in).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

__all__ = ["Basis", "Person", "basis_without_consent"]

Basis = Literal[
    "consent",
    "soft_opt_in",
    "existing_customer",
    "presumed_b2b",
    "opt_out_regime",
    "contract",
    "none",
]
Person = Literal["consumer", "business"]

_ANYBODY: Final[Mapping[tuple[str, str], Basis]] = {
    (
        "US",
        "email",
    ): "opt_out_regime",  # CAN-SPAM, 15 USC 7704(a): a working opt-out
    ("US", "chat"): "opt_out_regime",
    ("", "post"): "opt_out_regime",  # letters: legitimate interest until the person objects
}
"""Country (empty: every one) and channel to the basis that everybody there gives."""

_BUSINESS: Final[Mapping[tuple[str, str], Basis]] = {
    (
        "DE",
        "phone",
    ): "presumed_b2b",  # UWG s.7(2) no. 1: presumed consent
    ("GB", "email"): "opt_out_regime",  # PECR reg. 22: individual subscribers only (from memory)
    (
        "GB",
        "phone",
    ): "opt_out_regime",  # PECR reg. 21: live calls, screened (from memory)
    ("FR", "email"): "opt_out_regime",  # CPCE L34-5: natural persons only (from memory)
    ("FR", "phone"): "opt_out_regime",
}
"""The same for businesses (UK: corporate subscribers)."""

_CUSTOMER: Final[Mapping[tuple[str, str], Basis]] = {
    ("CA", "email"): "existing_customer",  # CASL s.10(9), (10): implied consent
    ("CA", "sms"): "existing_customer",
    ("CA", "chat"): "existing_customer",
}
"""The same for people with a running relationship (purchase, contract, inquiry in time)."""


def basis_without_consent(
    country: str, channel: str, person: Person, *, related: bool, soft_opt_in: bool
) -> Basis:
    """The ground for marketing to somebody who neither agreed nor objected.

    Args:
        country: ISO code, upper case; empty where unknown: only what holds everywhere counts.
        channel: Channel; ``phone`` for calls.
        person: Consumer or business.
        related: A purchase, contract or inquiry is recent enough for implied consent.
        soft_opt_in: The conditions of ePrivacy Art. 13(2) are met.
    """
    anybody = _ANYBODY.get((country, channel)) or _ANYBODY.get(("", channel))
    if anybody:
        return anybody
    if related and (country, channel) in _CUSTOMER:
        return _CUSTOMER[country, channel]
    if soft_opt_in:
        return "none" if country in {"US", "CA"} else "soft_opt_in"
    return _BUSINESS.get((country, channel), "none") if person == "business" else "none"
