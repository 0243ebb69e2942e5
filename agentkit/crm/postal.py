"""The part of a country that a postal code lies in, where its law or its clock differs by part.

United States by the first three digits, Canada by the first letter, Australia, Spain and Portugal
by the first digits. Where a prefix reaches into two parts it tells nothing: what is not certain
stays open, and then every part is plausible. (From memory of the postal services' own tables.)
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

__all__ = ["region_of_postal_code"]

_US: Final = (
    "006-007 PR|009 PR|010-027 MA|028-029 RI|030-038 NH|039-049 ME|050-054 VT|056-059 VT|"
    "060-062 CT|064-069 CT|070-089 NJ|100-149 NY|150-196 PA|197-199 DE|200 DC|202-205 DC|"
    "206-219 MD|220-246 VA|247-268 WV|270-289 NC|290-299 SC|300-319 GA|398-399 GA|320-339 FL|"
    "341-342 FL|344 FL|346-347 FL|349 FL|350-352 AL|354-369 AL|370-385 TN|386-397 MS|400-427 KY|"
    "430-459 OH|460-479 IN|480-499 MI|500-516 IA|520-528 IA|530-532 WI|534-535 WI|537-549 WI|"
    "550-551 MN|553-567 MN|570-577 SD|580-588 ND|590-599 MT|600-620 IL|622-629 IL|630-631 MO|"
    "633-641 MO|644-658 MO|660-662 KS|664-679 KS|680-681 NE|683-693 NE|700-701 LA|703-708 LA|"
    "710-714 LA|716-729 AR|730-731 OK|734-741 OK|743-749 OK|733 TX|750-799 TX|885 TX|800-816 CO|"
    "820-831 WY|832-833 ID|835-838 ID|840-847 UT|850-853 AZ|855-857 AZ|859-860 AZ|863-864 AZ|"
    "870-871 NM|873-875 NM|877-884 NM|889-891 NV|893-895 NV|897-898 NV|900-908 CA|910-928 CA|"
    "930-961 CA|967-968 HI|970-979 OR|980-986 WA|988-994 WA|995-999 AK"
)
_CA: Final = {
    "A": "NL", "B": "NS", "C": "PE", "E": "NB", "G": "QC", "H": "QC", "J": "QC", "K": "ON",
    "L": "ON", "M": "ON", "N": "ON", "P": "ON", "R": "MB", "S": "SK", "T": "AB", "V": "BC",
    "Y": "YT",
}  # fmt: skip
"""``X`` is shared by two territories."""
_AU: Final = {"3": "VIC", "4": "QLD", "5": "SA", "6": "WA", "7": "TAS"}
"""``0`` and ``2`` are shared."""
_ES: Final = {"35": "GC", "38": "TF"}
_SHAPES: Final = {
    "US": re.compile(r"(\d{3})\d{2}(?:-?\d{4})?"),
    "CA": re.compile(r"([A-Z])\d[A-Z] ?\d[A-Z]\d"),
    "AU": re.compile(r"(\d)\d{3}"),
    "ES": re.compile(r"(\d{2})\d{3}"),
}


def region_of_postal_code(country: str, code: str) -> str:
    """The region's code within ``country``; empty where the postal code does not tell it."""
    shape = _SHAPES.get(country)
    match = shape.fullmatch(code.strip().upper()) if shape else None
    return _tables()[country].get(match[1], "") if match else ""


@lru_cache(maxsize=1)
def _tables() -> dict[str, dict[str, str]]:
    states: dict[str, str] = {}
    for item in _US.split("|"):
        span, _, state = item.partition(" ")
        first, _, last = span.partition("-")
        states |= {f"{n:03}": state for n in range(int(first), int(last or first) + 1)}
    return {"US": states, "CA": _CA, "AU": _AU, "ES": _ES}
