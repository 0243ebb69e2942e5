"""Countries, regions, languages and time zones as exports write them, into codes.

What is not recognised gives an empty string: it stays unknown, and the importer says so.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from importlib.resources import files
from typing import Final

from agentkit.crm.places_data import COUNTRY_NAMES, LANGUAGE_NAMES, REGION_NAMES

__all__ = ["country_code", "language_code", "region_code", "time_zone"]

_IANA_IN_TEXT: Final = re.compile(r"\b([A-Z][A-Za-z_]+(?:/[A-Za-z0-9_+\-]+){1,2})\b")
_LANGUAGE: Final = re.compile(r"([a-z]{2})(?:[-_][a-z0-9]{2,8})*")
_MAX_LENGTH: Final = 120

_ZONE_NAMES: Final = {
    "central european time": "Europe/Berlin",
    "central european standard time": "Europe/Berlin",
    "central europe standard time": "Europe/Berlin",
    "w. europe standard time": "Europe/Berlin",
    "romance standard time": "Europe/Paris",
    "mitteleuropäische zeit": "Europe/Berlin",
    "mez": "Europe/Berlin",
    "cet": "Europe/Berlin",
    "greenwich mean time": "Europe/London",
    "gmt standard time": "Europe/London",
    "british time": "Europe/London",
    "eastern european time": "Europe/Helsinki",
    "eastern time": "America/New_York",
    "eastern standard time": "America/New_York",
    "eastern time (us & canada)": "America/New_York",
    "central time": "America/Chicago",
    "central standard time": "America/Chicago",
    "central time (us & canada)": "America/Chicago",
    "mountain time": "America/Denver",
    "mountain standard time": "America/Denver",
    "mountain time (us & canada)": "America/Denver",
    "us mountain standard time": "America/Phoenix",
    "pacific time": "America/Los_Angeles",
    "pacific standard time": "America/Los_Angeles",
    "pacific time (us & canada)": "America/Los_Angeles",
    "atlantic time (canada)": "America/Halifax",
    "atlantic standard time": "America/Halifax",
    "newfoundland standard time": "America/St_Johns",
}


def country_code(text: str) -> str:
    """ISO 3166-1 alpha-2 of a country's name or code in English, German, French or its own."""
    return _countries().get(_fold(text), "")


def region_code(country: str, text: str) -> str:
    """The region's code within ``country``; where its regions are not listed, the text itself.

    Returns:
        Empty where the country lists its regions and this is none of them.
    """
    code = text.strip().upper().removeprefix(f"{country}-")
    known = REGION_NAMES.get(country)
    if known is None:
        return text.strip()[:_MAX_LENGTH]
    if code in known:
        return code
    found = _regions(country).get(_fold(text), "")
    return found or (text.strip()[:_MAX_LENGTH] if country in {"ES", "PT"} else "")


def language_code(text: str) -> str:
    """ISO 639-1 of a language's name or code (``de-at``, ``German``, ``Deutsch``)."""
    folded = _fold(text)
    match = _LANGUAGE.fullmatch(folded)
    return match[1] if match else _languages().get(folded.partition(" (")[0], "")


def time_zone(text: str) -> str:
    """The IANA name of a time zone as HubSpot, Salesforce, Windows or a person writes it.

    Understood: ``Europe/Berlin`` in any case, ``europe_slash_berlin``, a name in parentheses at
    the end of a label, and the usual names of zones. A bare offset is no zone and stays unknown.
    """
    text = text.strip()[:_MAX_LENGTH].replace("_slash_", "/")
    exact = _zones().get(text.lower().replace(" ", "_"))
    if exact and "/" in exact:
        return exact
    inside = [_zones().get(name.lower(), "") for name in _IANA_IN_TEXT.findall(text)]
    return next(filter(None, inside), "") or _ZONE_NAMES.get(_fold(text), "")


def _fold(text: str) -> str:
    text = unicodedata.normalize("NFC", text[:_MAX_LENGTH]).replace("’", "'")
    return " ".join(text.casefold().split())


@lru_cache(maxsize=1)
def _countries() -> dict[str, str]:
    names: dict[str, str] = {}
    table = (files("tzdata") / "zoneinfo" / "iso3166.tab").read_text(encoding="utf-8")
    for line in table.splitlines():
        if line and not line.startswith("#"):
            code, _, name = line.partition("\t")
            names[_fold(code)] = names[_fold(name)] = code
    names |= _spread(COUNTRY_NAMES)
    return names


@lru_cache(maxsize=32)
def _regions(country: str) -> dict[str, str]:
    return _spread(REGION_NAMES[country])


@lru_cache(maxsize=1)
def _languages() -> dict[str, str]:
    return _spread(LANGUAGE_NAMES)


@lru_cache(maxsize=1)
def _zones() -> dict[str, str]:
    from zoneinfo import available_timezones

    return {name.lower(): name for name in available_timezones()}


def _spread(table: dict[str, str]) -> dict[str, str]:
    return {_fold(name): code for code, names in table.items() for name in names.split("|")}
