"""People who come with the action, as the lines of a file to review bring them.

{"kind": "message.send", "contact": {"name": ..., "email": ..., "country": "DE",
"relationship": {"last_purchase": ...}, "consents": [{"status": "granted", "at": ...}],
"circumstances": [{"kind": "bereavement", "since": ..., "until": ..., "source": ...}]},
"record": {"deal": {"amount": 1290.0}}, "history": [{"kind": ..., "channel": ..., "at": ...}]}
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from agentkit.action import Action
from agentkit.canonical import clean_json
from agentkit.clock import parse_instant
from agentkit.consent.points import normal_channel, normal_point, point_key
from agentkit.consent.purposes import normal_basis
from agentkit.consent.state import CONTROLLER, STRICTNESS
from agentkit.context import (
    Circumstance,
    ConsentRecord,
    ConsentStatus,
    Contact,
    Deed,
    Person,
    Relationship,
    Stop,
    Touch,
)
from agentkit.crm.places import country_code, language_code, region_code, time_zone
from agentkit.crm.postal import region_of_postal_code
from agentkit.crm.views import KnowsObjections, People, PeopleSource
from agentkit.errors import ConfigError, InvalidAction

__all__ = ["InlinePeople", "read_person"]

_UNDATED_OBJECTION: Final = datetime(9999, 12, 31, tzinfo=UTC)
"""An objection without a date holds, whatever grants stand beside it."""
_UNDATED: Final = datetime(1970, 1, 1, tzinfo=UTC)
_TYPES: Final = frozenset({"consumer", "business"})
_TEXTS: Final = ("name", "company", "owner")


class _Given(NamedTuple):
    """What a line says beside its action."""

    person: Person | None
    records: Mapping[str, Any]
    history: tuple[Touch, ...]
    history_known: bool


class InlinePeople:
    """People held in memory; those who are not, come from ``others``.

    Make one a chunk of lines, so that a long file takes no more memory than a short one.
    """

    def __init__(self, others: PeopleSource | None = None) -> None:
        """Hold nobody yet.

        Args:
            others: Asked for subjects that no line describes, for stops and for runs.
        """
        self._others = others
        self._given: dict[str, _Given] = {}
        self._heard: set[str] = set()

    def add(self, action: Action, row: Mapping[str, Any]) -> None:
        """Remember what a line says beside its action: ``contact``, ``record``, ``history``.

        Raises:
            InvalidAction: one of them has another shape than documented.
        """
        row = clean_json(dict(row))
        contact = _mapping(row.get("contact"), "contact")
        records = {
            str(kind): _mapping(fields, f"record.{kind}") or {}
            for kind, fields in (_mapping(row.get("record"), "record") or {}).items()
        }
        touches = row.get("history")
        history = tuple(_touch(t, n) for n, t in enumerate(_list(touches, "history")))
        person = None if contact is None else read_person(contact, action.subject)
        known = touches is not None
        if person is not None or records or known:
            self._given[action.id] = _Given(person, records, history, known)

    def people(self, tenant: str, actions: Sequence[Action]) -> People:
        """The subjects of the actions: as their lines say, else as the CRM does."""
        asked = [a for a in actions if self._person(a) is None]
        found = People()
        if self._others is not None and asked:
            others = self._others.people(tenant, asked)
            found.update(others)
            found.views.update(getattr(others, "views", {}))
        given = [a for a in actions if a.id in self._given]
        self._hear_objections(tenant, given)
        for action in given:
            self._view(action, found)
        return found

    def stops(self, tenant: str) -> Sequence[Stop]:
        """The stop switches that hold now."""
        return () if self._others is None else self._others.stops(tenant)

    def runs(self, tenant: str, runs: Sequence[str]) -> Mapping[str, Sequence[Touch]]:
        """What each run has done so far."""
        return {} if self._others is None else self._others.runs(tenant, runs)

    def _hear_objections(self, tenant: str, actions: Sequence[Action]) -> None:
        """A contact that a line describes keeps what the CRM knows against its points."""
        new = [a for a in actions if a.id not in self._heard]
        self._heard.update(a.id for a in new)
        described = {a.id: p for a in new if (p := self._person(a)) is not None}
        source: object = self._others
        if not described or not isinstance(source, KnowsObjections):
            return
        contacts = [person.contact for person in described.values()]
        known = source.objections(tenant, contacts)
        for (id_, person), (events, closed) in zip(described.items(), known, strict=True):
            if events or closed:
                heard = replace(
                    person,
                    consents=(*person.consents, *events),
                    suppressed=person.suppressed | closed,
                )
                self._given[id_] = self._given[id_]._replace(person=heard)

    def deeds(self, tenant: str, runs: Sequence[str]) -> Mapping[str, Sequence[Deed]]:
        """What each run proposed, as far as it was recorded."""
        ask = getattr(self._others, "deeds", None)
        found: Mapping[str, Sequence[Deed]] = {} if ask is None else ask(tenant, runs)
        return found

    def _person(self, action: Action) -> Person | None:
        given = self._given.get(action.id)
        return None if given is None else given.person

    def _view(self, action: Action, found: People) -> None:
        given = self._given[action.id]
        base = given.person or found.of(action)
        if base is None:
            return
        seen = replace(
            base,
            records={**base.records, **given.records},
            history=(*base.history, *given.history),
            history_known=base.history_known or given.history_known,
        )
        found.views[action.id] = seen
        if action.subject:
            found.setdefault(action.subject, seen)


def read_person(contact: Mapping[str, Any], subject: str) -> Person:
    """Read one inline contact.

    Countries, regions, time zones and languages may be names or codes; what is not recognised is
    unknown. A grant without a date is no grant; an objection without one holds.

    Raises:
        InvalidAction: a part has another shape than documented.
    """
    country = country_code(_text(contact, "country"))
    relation = _mapping(contact.get("relationship"), "contact.relationship") or {}
    read = Contact(
        id=subject or _text(contact, "id"),
        **{name: _text(contact, name) for name in _TEXTS},
        email=_point(_text(contact, "email"), country),
        phone=_point(_text(contact, "phone"), country),
        country=country,
        region=_region(contact, country),
        timezone=time_zone(_text(contact, "timezone")),
        language=language_code(_text(contact, "language")),
        type=_known(_text(contact, "type").lower(), _TYPES),
        relationship=Relationship(
            **{name: _instant(relation, name) for name in Relationship.__slots__}
        ),
        fields=_mapping(contact.get("fields"), "contact.fields") or {},
    )
    consents = _list(contact.get("consents"), "contact.consents")
    return Person(
        read,
        consents=tuple(_consent(c, n, country) for n, c in enumerate(consents)),
        suppressed=frozenset(
            normal_channel(str(c)) or "*" for c in _list(contact.get("suppressed"), "suppressed")
        ),
        scores=_mapping(contact.get("scores"), "contact.scores") or {},
        circumstances=tuple(
            _circumstance(c, n)
            for n, c in enumerate(_list(contact.get("circumstances"), "contact.circumstances"))
        ),
    )


def _circumstance(value: Any, number: int) -> Circumstance:
    """One circumstance; without a date it holds since ever, without an end until it is lifted."""
    where = f"contact.circumstances[{number}]"
    found = _mapping(value, where)
    if found is None or not _text(found, "kind"):
        raise InvalidAction(
            f"{where} must be an object with a kind", hint='{"kind": "bereavement", "since": "..."}'
        )
    since = _instant(found, "since") or _UNDATED
    kind, source = _text(found, "kind"), _text(found, "source")
    return Circumstance(kind, since, _instant(found, "until"), source)


def _region(contact: Mapping[str, Any], country: str) -> str:
    """The region as written, else as the postal code tells; neither where the two contradict."""
    if not country:
        return ""
    said = region_code(country, _text(contact, "region"))
    told = region_of_postal_code(country, _text(contact, "postal_code"))
    return (said or told) if not said or not told or said == told else ""


def _consent(value: Any, number: int, country: str) -> ConsentRecord:
    where = f"contact.consents[{number}]"
    event = _mapping(value, where)
    if event is None:
        raise InvalidAction(f"{where} must be an object")
    status = _status(_text(event, "status"), where)
    at = _instant(event, "at")
    if at is None:
        status = "not_specified" if status == "granted" else status
        at = _UNDATED if status == "not_specified" else _UNDATED_OBJECTION
    return ConsentRecord(
        point=_point(_text(event, "point"), country),
        channel=normal_channel(_text(event, "channel")),
        purpose=_text(event, "purpose"),
        brand=_text(event, "brand"),
        status=status,
        at=at,
        expires=_instant(event, "expires"),
        source=_text(event, "source"),
        proof=_text(event, "proof"),
        double_opt_in_at=_instant(event, "double_opt_in_at"),
        notice=_text(event, "notice") or _text(event, "notice_version"),
        lawful_basis=normal_basis(_text(event, "lawful_basis")),
        method=_text(event, "method").lower(),
        scope=_scope(_text(event, "scope"), where),
    )


def _scope(word: str, where: str) -> str:
    if word not in {"", CONTROLLER}:
        raise InvalidAction(f"{where}.scope must be {CONTROLLER!r} or left out, not {word[:40]!r}")
    return word


def _status(word: str, where: str) -> ConsentStatus:
    for status in STRICTNESS:
        if status == word:
            return status
    raise InvalidAction(f"{where}.status must be one of {', '.join(STRICTNESS)}, not {word[:40]!r}")


def _touch(value: Any, number: int) -> Touch:
    touch = _mapping(value, f"history[{number}]") or {}
    at = _instant(touch, "at")
    if at is None:
        raise InvalidAction(f"history[{number}] needs `at`, an instant with a time zone")
    channel = normal_channel(_text(touch, "channel"))
    return Touch(_text(touch, "kind"), channel, _text(touch, "purpose"), at)


def _point(text: str, country: str) -> str:
    return normal_point(text, country) or point_key(text)


def _known(word: str, words: frozenset[str]) -> str:
    return word if word in words else ""


def _text(values: Mapping[str, Any], name: str) -> str:
    value = values.get(name)
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise InvalidAction(f"{name} must be text, not {type(value).__name__}")
    return str(value).strip()


def _instant(values: Mapping[str, Any], name: str) -> datetime | None:
    text = _text(values, name)
    if not text:
        return None
    try:
        return parse_instant(text)
    except ConfigError as error:
        raise InvalidAction(f"{name}: {error.message}", hint=error.hint) from error


def _mapping(value: Any, where: str) -> Mapping[str, Any] | None:
    if value is None:
        return None
    if not isinstance(value, dict):
        raise InvalidAction(f"{where} must be an object, not {type(value).__name__}")
    return value


def _list(value: Any, where: str) -> Sequence[Any]:
    if value is None:
        return ()
    if not isinstance(value, list):
        raise InvalidAction(f"{where} must be a list, not {type(value).__name__}")
    return value
