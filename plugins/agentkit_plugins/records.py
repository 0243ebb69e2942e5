"""What the CRM has on record about an offer, whatever its fields are called.

A business writes ``list_price``, ``qty`` or ``gültig bis``: the usual names in four languages are
understood without a mapping. A field that is absent is never read as a zero.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from functools import cached_property
from typing import Any, Final, Literal

from agentkit import Action, Person

__all__ = ["Record", "Topic", "day_of"]

Topic = Literal["offer", "delivery", "due", "appointment", "contract"]


def _names(words: str) -> tuple[str, ...]:
    return tuple(words.split())


_RECORDS: Final = ("deal", "product", "ticket", "order", "offer", "quote", "invoice")
_OFFER: Final = """
    valid_until valid_to valid_through valid_till expires expires_at expires_on expiry expiry_date
    expiration deadline offer_until offer_ends offer_end ends ends_at ends_on end_date sale_ends
    promo_end promo_ends close_date gueltig_bis gültig_bis angebot_bis aktion_bis valable_jusqu
    valable_jusquau fin_offre fin_promo date_fin valido_hasta valida_hasta válida_hasta fecha_fin
    fin_oferta
"""
_DELIVERY: Final = """
    delivery_date delivery delivered_on ships_on ship_date shipping_date arrival arrives_on eta
    liefertermin lieferdatum lieferung versanddatum livraison date_livraison entrega fecha_entrega
"""
_DUE: Final = """
    due due_date due_on payment_due pay_by next_payment payment_date faellig fällig faelligkeit
    fälligkeit zahlungsziel echeance échéance date_echeance vencimiento fecha_pago
"""
_APPOINTMENT: Final = """
    appointment appointment_date appointment_at booking_date visit visit_date scheduled_for
    scheduled_at meeting meeting_date termin besuch rendez_vous rendezvous rdv visite cita visita
    date starts_at event_date
"""
_CONTRACT: Final = """
    contract_until contract_end contract_ends renewal_date renews_on vertragsende laufzeit_bis
    fin_contrat date_renouvellement fin_contrato renovacion
"""
_DAYS: Final[Mapping[Topic, tuple[str, ...]]] = {
    "offer": _names(_OFFER),
    "delivery": _names(_DELIVERY),
    "due": _names(_DUE),
    "appointment": _names(_APPOINTMENT),
    "contract": _names(_CONTRACT),
}
_PRICES: Final = _names("""
    amount price unit_price price_net net_price price_gross sale_price total total_price
    quote_total order_total cost fee monthly_price price_per_month monthly balance amount_due
    instalment installment preis betrag gesamtpreis monatspreis prix montant prix_total mensualite
    precio importe precio_total cuota
""")
_OLD_PRICES: Final = _names("""
    list_price rrp uvp msrp regular_price old_price original_price compare_at_price was_price
    listenpreis altpreis prix_public prix_barre ancien_prix pvp precio_anterior precio_original
""")
_OTHER_AMOUNTS: Final = _names("""
    shipping shipping_cost delivery_cost deposit setup_fee tax vat versandkosten anzahlung
    frais_port acompte envio gastos_envio deposito
""")
_DISCOUNTS: Final = _names("""
    discount discount_percent discount_pct discount_rate percent_off rabatt nachlass remise
    reduction descuento rebaja
""")
_SAVINGS: Final = ("discount_amount", "saving", "savings", "ersparnis", "economie", "ahorro")
_STOCK: Final = _names("""
    stock in_stock inventory available available_quantity qty_available on_hand units_left qty
    bestand lagerbestand verfügbar verfuegbar existencias disponible disponibles quantite stocks
    quantity seats seats_left places places_left plaetze plätze freie_plaetze plazas
""")
_QUANTITIES: Final = _names("""
    quantity qty units pieces count guests persons people seats licences licenses menge anzahl
    stueck stück personen quantite quantité personnes cantidad unidades personas
""")
_CURRENCIES: Final = ("currency", "waehrung", "währung", "devise", "moneda")


class Record:
    """The records, the arguments and the person behind one action, ready for comparing."""

    def __init__(self, action: Action, person: Person | None, now: datetime) -> None:
        """Hold them; nothing is looked up before it is asked for."""
        records = person.records if person is not None else {}
        self.now = now
        self.person = person
        self.action = action
        known = {n: _plain_keys(records[n]) for n in _RECORDS if records.get(n)}
        self._product: Mapping[str, Any] = known.get("product", {})
        self._all = list(known.values())
        self._rest = [r for r in self._all if r is not self._product]

    def days(self, topic: Topic) -> list[date]:
        """The days on record for a topic."""
        found = [d for r in self._all for n in _DAYS[topic] if (d := day_of(r.get(n)))]
        if topic == "contract" and self.person is not None:
            until = self.person.contact.relationship.contract_until
            found += [until.date()] if until is not None else []
        return list(dict.fromkeys(found))

    @cached_property
    def every_day(self) -> frozenset[date]:
        """Every day on record."""
        return frozenset(day for topic in _DAYS for day in self.days(topic))

    @cached_property
    def stock(self) -> int | None:
        """Pieces in stock, or seats that are free."""
        return next((int(v) for v in _first(self._product, _STOCK) if v == int(v)), None)

    @cached_property
    def quantities(self) -> list[float]:
        """How many were ordered, offered or booked."""
        return _unique(v for r in [*self._rest, self.action.args] for v in _first(r, _QUANTITIES))

    @cached_property
    def discounts(self) -> list[float]:
        """Discounts in percent."""
        rates = _unique(v for r in [*self._all, self.action.args] for v in _first(r, _DISCOUNTS))
        return [round(rate * 100, 4) if 0 < rate <= 1 else rate for rate in rates]

    @cached_property
    def prices(self) -> list[float]:
        """What may be called the price, as it stands in the records."""
        found = _unique(v for r in [*self._all, self.action.args] for v in _first(r, _PRICES))
        return found or self.old_prices

    @cached_property
    def old_prices(self) -> list[float]:
        """The price before a reduction."""
        return _unique(v for r in self._all for v in _first(r, _OLD_PRICES))

    @cached_property
    def other_amounts(self) -> list[float]:
        """Shipping, deposits, taxes."""
        return _unique(v for r in self._all for v in _first(r, _OTHER_AMOUNTS))

    @cached_property
    def fair_prices(self) -> list[float]:
        """The prices, and what the discount on record makes of each."""
        rates = [d / 100 for d in self.discounts if 0 < d < 100]  # noqa: PLR2004  (percent)
        worked = [p * (1 - r) for p in self.prices for r in rates]
        return _unique([*self.prices, *worked, *(p / (1 - r) for p in self.prices for r in rates)])

    @cached_property
    def savings(self) -> list[float]:
        """What one saves, in money: as recorded, or worked out from two prices or a rate."""
        given = _unique(v for r in self._all for v in _first(r, _SAVINGS))
        now = [p for p in self.prices if p not in self.old_prices]
        apart = [old - new for old in self.old_prices for new in now if old > new]
        rates = [d / 100 for d in self.discounts if 0 < d < 100]  # noqa: PLR2004  (percent)
        return _unique([*given, *apart, *(p * r for p in self.prices for r in rates)])

    @cached_property
    def currencies(self) -> frozenset[str]:
        """ISO codes on record."""
        found = (r.get(n) for r in [*self._all, self.action.args] for n in _CURRENCIES)
        return frozenset(str(c).upper() for c in found if c)


def _plain_keys(record: Mapping[str, Any]) -> dict[str, Any]:
    """``List Price`` and ``list-price`` are ``list_price``."""
    return {k.lower().replace(" ", "_").replace("-", "_"): v for k, v in record.items()}


def _first(record: Mapping[str, Any], names: tuple[str, ...]) -> Iterator[float]:
    for name in names:
        value = record.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool) and value - value == 0:
            yield value


def _unique(values: Iterator[float] | list[float]) -> list[float]:
    return list(dict.fromkeys(values))


def day_of(value: object) -> date | None:
    """The day that a record's field names; None where it names none."""
    if isinstance(value, datetime):
        return value.date()
    if not isinstance(value, str):
        return None
    try:
        return date.fromisoformat(value[:10])
    except ValueError:
        return None
