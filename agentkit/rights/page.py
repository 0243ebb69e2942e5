"""A dossier as a page that could be sent as it is: one file, readable on paper, nothing loaded."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING, Any, Final

from agentkit.desk import printable
from agentkit.rights.dossier import Dossier
from agentkit.rights.sections import Section

if TYPE_CHECKING:
    from jinja2 import Environment, Template
    from markupsafe import Markup

__all__ = ["html_of"]

_CHANNELS: Final[Mapping[str, str]] = {
    "email": "e-mail", "sms": "text message", "phone": "telephone", "whatsapp": "WhatsApp",
    "post": "letter", "chat": "chat",
}  # fmt: skip
_RIGHTS: Final[Mapping[str, str]] = {
    "access": "A copy of your data", "rectify": "Correction", "erase": "Erasure",
    "restrict": "Restriction of use", "object": "Objection to advertising",
    "contest": "A second look at a decision",
}  # fmt: skip
_WIDE: Final = 5
"""Rows of more columns than this become a list of pairs: a wide table is cut off on paper."""


def html_of(dossier: Dossier) -> str:
    """The page; everything that people wrote is escaped and made printable."""
    name = dict(dossier.record).get("Name") or f"record {dossier.person}"
    contents = [
        ("record", "Your record", None),
        ("consents", dossier.consents.title, len(dossier.consents.rows)),
        *([("messages", "What we sent you", len(dossier.messages))] if dossier.messages else []),
        *((f"s{n}", s.title, len(s.rows)) for n, s in enumerate(dossier.sections, 1)),
        ("decisions", "Decisions about you", len(dossier.decisions)),
        ("logic", "How decisions are made", None),
        ("sources", "Where the data come from", None),
        ("recipients", "Who received them", None),
        ("seen", "Who of us saw or changed something", len(dossier.seen_by)),
        ("rights", "What you may ask for", None),
    ]
    return _template().render(
        d=dossier, name=name, brands=", ".join(dossier.brands), contents=contents, rows_of=_rows
    )


@lru_cache(maxsize=1)
def _template() -> Template:
    return _environment().from_string(_read("person.html.j2"))


@lru_cache(maxsize=1)
def _environment() -> Environment:
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_clean,
    )
    environment.filters |= {
        "day": _day,
        "minute": lambda at: f"{_day(at)}, {at:%H:%M} UTC",
        "channel": lambda name: _CHANNELS.get(name, name),
        "right": lambda name: _RIGHTS.get(name, name),
        "sentence": lambda text: text[:1].upper() + text[1:].rstrip("."),
        "words": lambda name: name.replace("_", " ").capitalize(),
    }
    return environment


def _read(name: str) -> str:
    return resources.files("agentkit.rights").joinpath("templates", name).read_text("utf-8")


def _clean(value: Any) -> Any:
    """Neutralise control characters and hidden formatting in what others wrote."""
    return printable(value) if type(value) is str else value


def _day(at: date | datetime) -> str:
    return f"{at.day} {at:%B %Y}"


def _rows(section: Section) -> Markup:
    """A section as a table, or as pairs where the table would be too wide or hold long texts."""
    from markupsafe import Markup

    longest = max((len(cell) for row in section.rows for cell in row), default=0)
    name = "_pairs" if len(section.columns) > _WIDE or longest > 160 else "_table"  # noqa: PLR2004
    source = {"_pairs": _PAIRS, "_table": _TABLE}[name]
    return Markup(_environment().from_string(source).render(s=section))  # noqa: S704  (escaped by its own template)


_TABLE: Final = """<table>
<thead><tr>{% for c in s.columns %}<th>{{ c }}</th>{% endfor %}</tr></thead>
<tbody>{% for row in s.rows %}<tr>{% for cell in row %}<td>{{ cell }}</td>{% endfor %}</tr>
{% endfor %}</tbody></table>"""
_PAIRS: Final = """{% for row in s.rows %}<div class="row"><dl class="pairs">
{% for c in s.columns %}{% if row[loop.index0] %}<dt>{{ c }}</dt><dd>{{ row[loop.index0] }}</dd>
{% endif %}{% endfor %}</dl></div>
{% endfor %}"""
