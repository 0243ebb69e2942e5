from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from agentkit.context import Person, Touch
from agentkit.evidence import Unknown
from agentkit_plugins import consent
from agentkit_plugins.local_time import local_time
from tests.plugins.shop import LAST_YEAR, NOON, act, context, facts, granted, person

US = {"country": "US", "region": "NY", "timezone": "America/New_York"}
CA = {"country": "CA", "region": "ON", "timezone": "America/Toronto"}
GB = {"country": "GB", "timezone": "Europe/London"}
LONG_AGO = NOON - timedelta(days=900)


def look(who: Person | None, now: datetime = NOON, **fields: Any) -> dict[str, Any]:
    parameters = fields.pop("parameters", {"params.opt_out_at_checkout": True})
    kind = fields.pop("kind", "message.send")
    return facts(consent, act(kind, **fields), context(who, now=now, parameters=parameters))


@pytest.mark.parametrize(
    ("who", "channel", "basis"),
    [
        (person(), "email", "none"),
        (person(consents=(granted(),)), "email", "consent"),
        (person(bought=LAST_YEAR), "email", "soft_opt_in"),
        (person(bought=LONG_AGO), "email", "none"),
        (person(bought=NOON + timedelta(days=3)), "email", "none"),
        (person(bought=LAST_YEAR, fields={"opt_out_offered": False}), "email", "none"),
        (person(bought=LAST_YEAR, consents=(granted(status="withdrawn"),)), "email", "none"),
        (person(bought=LAST_YEAR), "phone", "none"),
        (person(type="business"), "phone", "presumed_b2b"),
        (person(type="business"), "email", "none"),
        (person(), "post", "opt_out_regime"),
        (person(country="AT", type="business"), "phone", "none"),
        (person(**GB), "email", "none"),
        (person(**GB, type="business"), "email", "opt_out_regime"),
        (person(**GB, bought=LAST_YEAR), "email", "soft_opt_in"),
        (person(**US), "email", "opt_out_regime"),
        (person(**US), "sms", "none"),
        (person(**US, bought=LAST_YEAR), "sms", "none"),
        (person(**US, consents=(granted("sms"),)), "sms", "consent"),
        (person(**US, consents=(granted(status="withdrawn"),)), "email", "none"),
        (person(**CA), "email", "none"),
        (person(**CA, bought=LAST_YEAR), "email", "existing_customer"),
        (person(**CA, asked=NOON - timedelta(days=150)), "email", "existing_customer"),
        (person(**CA, asked=NOON - timedelta(days=200)), "email", "none"),
        (person(**CA, until=NOON - timedelta(days=600)), "sms", "existing_customer"),
        (person(**CA, until=NOON - timedelta(days=800)), "sms", "none"),
        (person(country="BR", timezone="America/Sao_Paulo"), "email", "none"),
    ],
)
def test_the_ground_follows_country_channel_and_relationship(
    who: Person, channel: str, basis: str
) -> None:
    kind = "call.place" if channel == "phone" else "message.send"
    assert look(who, kind=kind, channel=channel, purpose="marketing")["consent.basis"] == basis


@pytest.mark.parametrize(
    ("who", "channel", "needs"),
    [
        (person(country="", timezone=""), "email", "contact.country"),
        (person(type=""), "phone", "contact.type"),
        (person(**GB, type=""), "email", "contact.type"),
    ],
)
def test_what_a_field_could_still_settle_is_unknown_and_names_the_field(
    who: Person, channel: str, needs: str
) -> None:
    basis = look(who, channel=channel)["consent.basis"]
    assert isinstance(basis, Unknown)
    assert basis.needs == needs


def test_without_the_checkouts_word_each_record_must_say_that_the_opt_out_was_offered() -> None:
    silent = look(person(bought=LAST_YEAR), parameters={})
    assert silent["consent.basis"] == silent["consent.soft_opt_in"]
    assert silent["consent.soft_opt_in"].needs == "contact.opt_out_offered"
    said = look(person(bought=LAST_YEAR, fields={"opt_out_offered": "yes"}), parameters={})
    assert said["consent.basis"] == "soft_opt_in"


@pytest.mark.parametrize("purpose", ["service", "contract", "transactional", "security"])
def test_a_service_message_needs_no_marketing_consent(purpose: str) -> None:
    found = look(person(consents=(granted(status="withdrawn"),)), purpose=purpose)
    assert (found["consent.needed"], found["consent.basis"]) == (False, "contract")


@pytest.mark.parametrize("purpose", ["marketing", "research", "", "MARKETING", "greetings"])
def test_every_other_purpose_is_held_to_the_rules_of_marketing(purpose: str) -> None:
    assert look(person(), purpose=purpose)["consent.needed"] is True


def test_a_grant_for_one_brand_does_not_serve_another() -> None:
    who = person(consents=(granted(brand="Nord"),))
    from agentkit.action import Sender

    assert look(who, sender=Sender("Nord"))["consent.status"] == "granted"
    assert look(who, sender=Sender("Outlet"))["consent.status"] == "not_specified"
    assert look(who)["consent.status"] == "granted"
    both = person(consents=(granted(brand="Nord"), granted(brand="Outlet", channel="sms")))
    assert look(both)["consent.status"] == "not_specified"


def test_the_second_step_and_a_suppression_are_facts_of_their_own() -> None:
    twice = granted(double_opt_in_at=LAST_YEAR)
    assert look(person(consents=(twice,)))["consent.double_opt_in"] is True
    assert look(person(consents=(granted(),)))["consent.double_opt_in"] is False
    assert look(person(suppressed=frozenset({"*"})))["consent.suppressed"] is True
    assert look(person(suppressed=frozenset({"sms"})))["consent.suppressed"] is False


def test_marketing_contacts_of_the_last_week_are_counted_and_the_first_is_named() -> None:
    days = [0.5, 2, 6, 8]
    history = [Touch("message.send", "email", "marketing", NOON - timedelta(days=d)) for d in days]
    history += [Touch("message.send", "email", "service", NOON - timedelta(days=1))]
    history += [Touch("lead.score", "", "marketing", NOON - timedelta(days=1))]
    found = look(person(history=tuple(history)))
    assert (found["consent.recent_marketing"], found["consent.recent_day"]) == (3, 1)
    assert found["consent.oldest_recent"] == NOON - timedelta(days=6)


def test_a_contact_dated_in_the_future_counts_as_recent() -> None:
    later = (Touch("message.send", "email", "marketing", NOON + timedelta(days=2)),)
    assert look(person(history=later))["consent.recent_marketing"] == 1


def test_hours_are_those_of_every_plausible_zone_and_waiting_is_done_in_the_last_one() -> None:
    texas = local_time("", "US", "TX", NOON)
    assert texas is not None
    assert (texas.hour_min, texas.hour_max, texas.zone) == (4, 5, "America/Denver")
    nobody_knows = look(person(country="", timezone="", phone=""))["consent.hour_min"]
    assert isinstance(nobody_knows, Unknown)
    assert nobody_knows.needs == "contact.timezone"


def test_a_zone_that_contradicts_the_country_makes_both_plausible() -> None:
    found = local_time("America/New_York", "DE", "", NOON)
    assert found is not None
    assert (found.hour_min, found.hour_max, found.zone) == (6, 12, "America/New_York")


def test_a_zone_at_greenwich_is_compared_with_others() -> None:
    found = local_time("America/New_York", "GB", "", NOON)
    assert found is not None
    assert (found.hour_min, found.hour_max, found.zone) == (6, 11, "America/New_York")


def test_a_zone_that_does_not_exist_counts_as_none() -> None:
    assert local_time("Mars/Olympus", "DE", "", NOON) == local_time("", "DE", "", NOON)
    assert local_time("Mars/Olympus", "", "", NOON) is None
    assert local_time("../../etc/passwd", "", "", NOON) is None


def test_sunday_is_sunday_where_the_person_is() -> None:
    sunday = datetime(2026, 11, 22, 23, 30, tzinfo=UTC)
    berlin = local_time("Europe/Berlin", "DE", "", sunday)
    austin = local_time("America/Chicago", "US", "TX", sunday)
    assert berlin is not None
    assert austin is not None
    assert (berlin.sunday, berlin.weekday, austin.sunday, austin.weekday) == (False, 1, True, 7)


def test_somebody_who_is_not_in_the_crm_is_unknown_altogether() -> None:
    found = look(None)
    assert all(isinstance(v, Unknown) for n, v in found.items() if n != "consent.needed")
