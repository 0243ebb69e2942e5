"""Whose law: codes derived from a country and a region when judging, because people move."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

__all__ = ["EU", "Jurisdiction", "jurisdiction_of"]

EU: Final = frozenset({
    "AT", "BE", "BG", "HR", "CY", "CZ", "DK", "EE", "FI", "FR", "DE", "GR", "HU", "IE", "IT",
    "LV", "LT", "LU", "MT", "NL", "PL", "PT", "RO", "SK", "SI", "ES", "SE",
})  # fmt: skip
"""Member states of the European Union (ISO 3166-1 alpha-2)."""
EEA: Final = EU | {"IS", "LI", "NO"}
"""European Economic Area: GDPR and ePrivacy apply here."""
FEDERAL: Final = frozenset({"US", "CA", "DE", "AU", "CH"})
"""Countries whose regions may have laws of their own."""


@dataclass(frozen=True, slots=True)
class Jurisdiction:
    """Codes that certainly apply, and what is still open.

    Attributes:
        codes: For a Texan ``US`` and ``US-TX``; for a German ``DE``, ``EU`` and ``EEA``.
        country_known: Whether the country is on record.
        region_known: Whether the region is, or does not matter there.
    """

    codes: frozenset[str]
    country_known: bool
    region_known: bool

    def __hash__(self) -> int:
        """Of the codes alone, a set that remembers its hash: this is asked for every action."""
        return hash(self.codes)

    def certain(self, wanted: Iterable[str]) -> bool:
        """Whether a rule for ``wanted`` certainly applies."""
        return not self.codes.isdisjoint(wanted)

    def plausible(self, wanted: Iterable[str]) -> bool:
        """Whether a rule for ``wanted`` may apply, as far as the record tells."""
        if not self.country_known:
            return True
        if self.region_known:
            return False
        return any(code.partition("-")[0] in self.codes for code in wanted if "-" in code)

    def joined(self, other: Jurisdiction) -> Jurisdiction:
        """The law of both: where a record contradicts itself, either may hold."""
        return Jurisdiction(
            self.codes | other.codes,
            self.country_known and other.country_known,
            self.region_known and other.region_known,
        )

    @property
    def needs(self) -> str:
        """The record field that would settle what is open."""
        return "contact.region" if self.country_known else "contact.country"


@lru_cache(maxsize=4096)
def jurisdiction_of(country: str | None, region: str | None = None) -> Jurisdiction:
    """The jurisdiction of a person in ``country`` (ISO code, any case) and ``region``."""
    if not country:
        return Jurisdiction(frozenset(), country_known=False, region_known=False)
    country = country.upper()
    codes = {country}
    if country in EU:
        codes.add("EU")
    if country in EEA:
        codes.add("EEA")
    if country == "GB":
        codes.add("UK")
    if region:
        codes.add(f"{country}-{region.upper().removeprefix(country + '-')}")
    settled = bool(region) or country not in FEDERAL
    return Jurisdiction(frozenset(codes), country_known=True, region_known=settled)
