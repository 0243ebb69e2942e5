"""Claims of a text that a CRM record can settle, compared with it.

A claim is *supported* where the record says the same, *contradicted* where the record speaks of the
same thing and says otherwise, *unsupported* where the record has no such field.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, Literal, cast

from agentkit import Action, Agent, Person, Span
from agentkit_plugins.records import Record, Topic
from agentkit_plugins.signatures import is_known
from agentkit_plugins.statements import Kind, Statement, statements

__all__ = ["Claim", "Kind", "Outcome", "check"]

Outcome = Literal["supported", "contradicted", "unsupported"]

_SCARCE_UP_TO: Final = 20
"""Pieces up to which "nearly sold out", without a number, is fair."""
_ABOUT: Final = 0.15
"""How far off a rounded number may be."""
_POINT: Final = 0.5
"""Half a percentage point: discounts are rounded."""
_CENT: Final = 0.005
_LEADS: Final = frozenset(
    """
    lead prospect prospective interessent interessentin potential potentiel piste subscriber
    opportunity mql sql potencial noncustomer never
    """.split()  # noqa: SIM905
)
_STAGES: Final = (
    "lifecycle_stage", "lifecycle", "status", "kundenstatus", "statut", "estado", "customer_status",
    "contact_status", "stage",
)  # fmt: skip
_SINCE: Final = ("customer_since", "client_since", "kunde_seit", "client_depuis", "cliente_desde")
_NO_LONGER: Final = frozenset({"withdrawn", "refused", "expired"})


@dataclass(frozen=True, slots=True)
class Claim:
    """One claim, where it stands, and what the record says.

    Attributes:
        kind: What it speaks of.
        outcome: What the record says of it.
        span: Its place in the text.
        said: Its words.
        record: What the record says, for people.
        statement: The statement as it was read.
        meant: The one value on record that it must mean; None where there is none, or several.
    """

    kind: Kind
    outcome: Outcome
    span: Span
    said: str
    record: str = ""
    statement: Statement | None = None
    meant: float | date | None = None


def check(
    action: Action,
    person: Person | None,
    now: datetime,
    country: str = "",
    agent: Agent | None = None,
) -> list[Claim]:
    """Find the claims of an action's text and compare each with the records.

    Args:
        action: Its text, and its arguments (an amount or discount that is about to be set counts).
        person: Records, history and relationship; None: nothing is on record.
        now: For relative dates.
        country: Of the reader: ``US`` writes the month first.
        agent: Who sends; its charter names who may sign.
    """
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    found = statements(action.text, today, country)
    if not found:
        return []
    judge = _Judge(Record(action, person, now), agent)
    return [claim for said in found if (claim := judge.claim(said)) is not None]


_Judged = tuple[Outcome, str, float | date | None]


class _Judge:
    """Compares statements with one person's records."""

    def __init__(self, record: Record, agent: Agent | None) -> None:
        self._record = record
        self._agent = agent
        self._by_kind: dict[Kind, Callable[[Statement], _Judged | None]] = {
            "stock": self._stock, "discount": self._discount, "price": self._price,
            "quantity": self._quantity, "date": self._date, "prior_contact": self._prior,
            "relationship": self._relation, "consent": self._consent, "sender": self._sender,
        }  # fmt: skip

    def claim(self, said: Statement) -> Claim | None:
        """One statement, settled; None where it is no claim at all."""
        judged = self._by_kind[said.kind](said)
        if judged is None:
            return None
        outcome, record, meant = judged
        return Claim(said.kind, outcome, said.span, said.said, record, said, meant)

    def _stock(self, said: Statement) -> _Judged:
        has = self._record.stock
        if has is None:
            return "unsupported", "", None
        fits = {
            "words": has <= _SCARCE_UP_TO,
            "figure": has >= said.low,
            "least": has >= said.low,
            "about": abs(has - said.low) <= max(1.0, _ABOUT * has),
        }.get(said.form, has == said.low)
        return _outcome(fits), f"{has} in stock", float(has)

    def _discount(self, said: Statement) -> _Judged:
        known = self._record.savings if said.form == "saving" else self._record.discounts
        unit = "" if said.form == "saving" else " %"
        slack = _CENT if said.form == "saving" else _POINT
        return _among(said, known, slack, unit)

    def _price(self, said: Statement) -> _Judged | None:
        if said.form == "converted":
            return None
        if said.form == "old":
            known = self._record.old_prices or (
                self._record.prices if said.low in self._record.prices else []
            )
            return _among(said, known)
        if self._another_currency(said):
            known = self._record.prices
            same = any(said.low <= k <= said.high for k in known)
            return _outcome(fits=False) if same else "unsupported", self._shown(known), None
        if said.form == "other":
            return _among(said, self._record.other_amounts, loose=True)
        fair = any(
            _inside(said, p) for p in (*self._record.fair_prices, *self._record.other_amounts)
        )
        if fair:
            return "supported", "", None
        return _among(said, self._record.prices)

    def _another_currency(self, said: Statement) -> bool:
        known = self._record.currencies
        return bool(said.currency and known and said.currency not in known)

    def _shown(self, known: Iterable[float]) -> str:
        currency = next(iter(self._record.currencies), "")
        return ", ".join(f"{k:,.2f} {currency}".strip() for k in known)

    def _quantity(self, said: Statement) -> _Judged:
        return _among(said, self._record.quantities)

    def _date(self, said: Statement) -> _Judged:
        day = said.day
        known = self._record.days(cast("Topic", said.topic))
        if day is None or not known:
            supported = day is not None and day.among(self._record.every_day)
            return ("supported" if supported else "unsupported"), "", None
        shown = ", ".join(d.isoformat() for d in known)
        fits = day.among(known) or day.among(self._record.every_day)
        return _outcome(fits), shown, known[0] if len(known) == 1 else None

    def _prior(self, said: Statement) -> _Judged:
        person, window = self._record.person, said.window
        if self._record.action.observations and window is None:
            return "supported", "", None
        if person is None:
            return "unsupported", "", None
        inquiry = person.contact.relationship.last_inquiry
        days = [t.at.date() for t in person.history] + ([inquiry.date()] if inquiry else [])
        if any(window is None or window.holds(day) for day in days):
            return "supported", "", None
        if self._record.action.observations or not (days or person.history_known):
            return "unsupported", "", None
        last = f"the last contact was on {max(days).isoformat()}" if days else "no contact at all"
        return "contradicted", last, None

    def _relation(self, said: Statement) -> _Judged:
        person = self._record.person
        if person is None:
            return "unsupported", "", None
        relation, fields = person.contact.relationship, person.contact.fields
        until = relation.contract_until
        if said.form == "contract" and until is not None:
            return _outcome(until >= self._record.now), f"until {until.date().isoformat()}", None
        since = next((str(fields[n])[:4] for n in _SINCE if fields.get(n)), "")
        if said.low and since:
            return _outcome(since == f"{said.low:.0f}"), f"since {since}", None
        if relation.last_purchase is not None or until is not None:
            return ("unsupported" if said.low else "supported"), "", None
        return (
            ("contradicted", "not a customer", None)
            if _is_lead(fields)
            else ("unsupported", "", None)
        )

    def _consent(self, _: Statement) -> _Judged:
        consents = self._record.person.consents if self._record.person is not None else ()
        latest = max(consents, key=lambda c: c.at, default=None)
        if latest is None or latest.status == "not_specified":
            return "unsupported", "", None
        said_no = latest.status in _NO_LONGER
        return _outcome(not said_no), f"consent {latest.status}", None

    def _sender(self, said: Statement) -> _Judged:
        brand = self._record.action.sender.brand
        names = self._agent.sender_names if self._agent is not None else ()
        if names and not is_known(said.name, names, brand) and not is_known(said.said, names, ""):
            return "contradicted", ", ".join(names), None
        if brand:
            return _outcome(brand.lower() in said.said.lower()), brand, None
        return ("supported" if names else "unsupported"), "", None


def _outcome(fits: bool) -> Outcome:  # noqa: FBT001
    return "supported" if fits else "contradicted"


def _inside(said: Statement, known: float, slack: float = _CENT) -> bool:
    slack = max(slack, abs(known) * 1e-4)
    return said.low - slack < known < said.high + slack


def _among(
    said: Statement,
    known: list[float],
    slack: float = _CENT,
    unit: str = "",
    *,
    loose: bool = False,
) -> _Judged:
    """Whether a figure or range holds a known one; ``loose``: if not, nothing is contradicted."""
    if any(_inside(said, k, slack) for k in known):
        return "supported", "", None
    if loose or not known:
        return "unsupported", "", None
    shown = ", ".join(f"{k:g}{unit}" if unit else f"{k:,.2f}" for k in known[:3])
    return "contradicted", shown, known[0] if len(known) == 1 else None


def _is_lead(fields: object) -> bool:
    """The record says in so many words that the person has bought nothing yet."""
    if not isinstance(fields, dict):
        return False
    plain = {str(k).lower().replace(" ", "_"): v for k, v in fields.items()}
    if any(
        plain.get(n) is False for n in ("customer", "is_customer", "kunde", "client", "cliente")
    ):
        return True
    stages = (str(plain.get(n, "")).lower().replace("-", "").split() for n in _STAGES)
    return any(set(words) & _LEADS for words in stages)
