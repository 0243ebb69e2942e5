"""Facts that articles hang law on: conditions, dates, proof, caps, holidays, plausible places."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from agentkit.context import Touch
from agentkit.evidence import Unknown
from agentkit_plugins import consent
from agentkit_plugins.grounds import NEVER, months_before
from agentkit_plugins.local_time import local_time
from agentkit_plugins.public_holidays import holidays_at
from tests.plugins.shop import LAST_YEAR, NOON, act, context, facts, granted, person

DECLARED = {"params.opt_out_at_checkout": True, "params.own_similar_products": True}
BUSINESS_ABROAD = {"country": "GB", "timezone": "Europe/London", "type": "business"}


def look(who: Any, now: datetime = NOON, **fields: Any) -> dict[str, Any]:
    parameters = fields.pop("parameters", DECLARED)
    return facts(consent, act(**fields), context(who, now=now, parameters=parameters))


def test_the_conditions_of_the_soft_opt_in_are_facts_of_their_own() -> None:
    found = look(person(bought=LAST_YEAR))
    names = ("from_sale", "own_similar", "opt_out_offered", "soft_opt_in")
    assert [found[f"consent.{n}"] for n in names] == [True, True, True, True]
    silent = look(person(bought=LAST_YEAR), parameters={})
    assert [getattr(silent[f"consent.{n}"], "needs", "") for n in names[1:]] == [
        "product.category", "contact.opt_out_offered", "contact.opt_out_offered",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("source", "expected"), [("", True), ("checkout", True), ("trade fair", False)]
)
def test_an_address_from_elsewhere_is_none_from_a_sale(source: str, *, expected: bool) -> None:
    found = look(person(bought=LAST_YEAR, fields={"address_source": source}))
    assert (found["consent.from_sale"], found["consent.soft_opt_in"]) == (expected, expected)


@pytest.mark.parametrize(
    ("product", "expected"),
    [
        ({}, True),
        ({"own": False}, False),
        ({"category": "sofa"}, True),
        ({"category": "insurance"}, False),
    ],
)
def test_another_firms_or_another_kind_of_product_ends_the_soft_opt_in(
    product: dict[str, Any], *, expected: bool
) -> None:
    fields = {"bought_categories": ["sofa", "chair"]}
    who = person(bought=LAST_YEAR, fields=fields, records={"product": product})
    found = look(who)
    assert found["consent.own_similar"] is expected
    assert found["consent.basis"] == ("soft_opt_in" if expected else "none")


def test_dates_of_a_relationship_are_facts_and_what_never_happened_is_long_ago() -> None:
    until = NOON + timedelta(days=90)
    found = look(person(bought=LAST_YEAR, until=until))
    assert found["consent.purchased_at"] == LAST_YEAR
    assert found["consent.contract_ends_at"] == until
    assert found["consent.inquired_at"] == NEVER
    later = look(person(bought=NOON + timedelta(days=9)))["consent.purchased_at"]
    assert isinstance(later, Unknown)
    assert later.needs == "contact.last_purchase"


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        (date(2026, 3, 31), 24, date(2024, 3, 31)),
        (date(2026, 8, 31), 6, date(2026, 2, 28)),
        (date(2024, 8, 30), 6, date(2024, 2, 29)),
        (date(2026, 1, 15), 6, date(2025, 7, 15)),
        (date(2026, 10, 31), 1, date(2026, 9, 30)),
    ],
)
def test_months_go_back_to_the_same_day_or_the_months_last(
    day: date, months: int, expected: date
) -> None:
    assert months_before(day, months) == expected


@pytest.mark.parametrize(("days_over", "customer"), [(0, True), (1, False)])
def test_two_years_end_on_the_day(days_over: int, *, customer: bool) -> None:
    bought = datetime(2024, 11, 23, 12, tzinfo=UTC) - timedelta(days=days_over)
    assert look(person(bought=bought))["consent.existing_customer"] is customer


def test_what_the_deciding_event_says_of_its_capture_is_shown() -> None:
    given = granted(method="web_form", notice="7", lawful_basis="consent", proof="form:1")
    found = look(person(consents=(given,)))
    names = ("method", "notice", "lawful_basis", "proven", "since")
    assert [found[f"consent.{n}"] for n in names] == ["web_form", "7", "consent", True, LAST_YEAR]
    bare = look(person(consents=(granted(),)))
    assert (bare["consent.proven"], bare["consent.method"]) == (False, "")
    nothing = look(person())
    assert (nothing["consent.proven"], nothing["consent.since"]) == (False, NEVER)


def test_caps_count_every_window_and_the_purpose_over_all_agents() -> None:
    hours = [1, 20, 30, 24 * 6, 24 * 8, 24 * 29, 24 * 31]
    history = [
        Touch(
            "message.send", "sms", "winback" if h == 1 else "marketing", NOON - timedelta(hours=h)
        )
        for h in hours
    ]
    found = look(person(history=tuple(history)))
    counts = ("recent_day", "recent_marketing", "recent_month", "recent_same_purpose")
    assert [found[f"consent.{n}"] for n in counts] == [2, 4, 6, 1]
    firsts = ("oldest_day", "oldest_recent", "oldest_month", "oldest_same_purpose")
    assert [found[f"consent.{n}"] for n in firsts] == [
        NOON - timedelta(hours=h) for h in (20, 24 * 6, 24 * 29, 20)
    ]
    assert look(person())["consent.oldest_month"] == NOON


CORPUS_CHRISTI = date(2026, 6, 4)


@pytest.mark.parametrize(
    ("countries", "region", "day", "places"),
    [
        (("DE",), "BY", CORPUS_CHRISTI, ("DE-BY",)),
        (("DE",), "HH", CORPUS_CHRISTI, ()),
        (("DE",), "", date(2026, 12, 25), ("DE",)),
        (("US",), "TX", date(2026, 7, 3), ("US",)),
        (("GB",), "", date(2026, 11, 26), ()),
        (("GB", "US"), "", date(2026, 11, 26), ("US",)),
    ],
)
def test_a_holiday_is_one_where_the_person_may_be(
    countries: tuple[str, ...], region: str, day: date, places: tuple[str, ...]
) -> None:
    assert holidays_at(countries, region, (day,)) == places


def test_without_a_region_a_holiday_of_any_part_counts() -> None:
    places = holidays_at(("DE",), "", (CORPUS_CHRISTI,))
    assert places is not None
    assert "DE-BY" in places
    assert "DE-HH" not in places


def test_holidays_are_facts_and_unknown_where_no_country_or_table_is() -> None:
    christmas = look(person(), now=datetime(2026, 12, 25, 11, tzinfo=UTC))
    assert (christmas["consent.holiday"], christmas["consent.holiday_places"]) == (True, ("DE",))
    assert look(person())["consent.holiday"] is False
    nowhere = look(person(country=""))["consent.holiday"]
    assert isinstance(nowhere, Unknown)
    assert nowhere.needs == "contact.country"
    assert isinstance(look(person(country="ZZ"))["consent.holiday"], Unknown)


def test_a_holiday_begins_at_midnight_of_the_person() -> None:
    eve = datetime(2026, 12, 24, 23, 30, tzinfo=UTC)
    assert look(person(), now=eve)["consent.holiday"] is True
    chicago = person(country="US", region="IL", timezone="America/Chicago")
    assert look(chicago, now=eve)["consent.holiday"] is False


def test_a_number_narrows_the_zones_of_a_record_that_names_none() -> None:
    anywhere = local_time("", "US", "", NOON)
    new_york = local_time("", "US", "", NOON, number="+12125550123")
    assert anywhere is not None
    assert new_york is not None
    assert (anywhere.hour_min, anywhere.hour_max) != (new_york.hour_min, new_york.hour_max)
    assert (new_york.hour_min, new_york.hour_max) == (6, 6)
    freephone = local_time("", "US", "", NOON, number="+18005550123")
    assert freephone is not None
    assert (freephone.hour_min, freephone.hour_max) == (anywhere.hour_min, anywhere.hour_max)
    alone = local_time("", "", "", NOON, number="+493023125000")
    assert alone is not None
    assert alone.zone == "Europe/Berlin"


def test_a_number_never_outweighs_the_region_or_the_zone_on_record() -> None:
    texas = local_time("", "US", "TX", NOON, number="+12125550123")
    assert texas is not None
    assert (texas.hour_min, texas.hour_max) == (4, 5)
    recorded = local_time("America/Chicago", "US", "", NOON, number="+12125550123")
    assert recorded is not None
    assert (recorded.hour_min, recorded.hour_max) == (5, 5)


def test_a_number_of_another_country_makes_both_laws_and_clocks_plausible() -> None:
    who = person(country="US", region="NY", timezone="America/New_York", phone="+491713920043")
    found = look(who, channel="sms")
    assert (found["consent.hour_min"], found["consent.hour_max"]) == (6, 12)
    mailed = look(who, channel="email")
    assert (mailed["consent.basis"], mailed["consent.hour_max"]) == ("opt_out_regime", 6)
    german = person(**BUSINESS_ABROAD, phone="+493023125000")
    assert look(german, kind="call.place", channel="phone", purpose="marketing")[
        "consent.basis"
    ] == "presumed_b2b"  # fmt: skip
    swiss = person(**BUSINESS_ABROAD, phone="+41446681800")
    assert look(swiss, kind="call.place", channel="phone", purpose="marketing")[
        "consent.basis"
    ] == "none"  # fmt: skip


def test_a_zone_of_another_country_makes_its_law_plausible_for_every_channel() -> None:
    who = person(country="US", region="NY", timezone="Europe/Berlin", phone="")
    assert look(who)["consent.basis"] == "none"
    assert look(person(country="US", region="NY", timezone="America/New_York"))[
        "consent.basis"
    ] == "opt_out_regime"  # fmt: skip
