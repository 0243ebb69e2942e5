from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from agentkit.context import Circumstance
from agentkit.crm.inline import read_person
from agentkit.errors import InvalidAction
from agentkit.verdict import Ruling
from agentkit_plugins import circumstances
from tests.plugins.shop import (
    DISCLOSED,
    LAST_YEAR,
    NOON,
    act,
    context,
    facts,
    granted,
    person,
    shop,
)

FRIDAY = NOON + timedelta(days=4)


def seen(*found: Circumstance, kind: str = "message.send", **fields: Any) -> dict[str, Any]:
    who = person()
    who = type(who)(who.contact, circumstances=found)
    return facts(circumstances, act(kind, **fields), context(who))


def holds(kind: str, until: datetime | None = None) -> Circumstance:
    return Circumstance(kind, LAST_YEAR, until, "inbound:1")


def test_nothing_known_pauses_nothing() -> None:
    found = seen()
    assert found["circumstance.active"] == ()
    assert found["circumstance.promotion_paused"] is False
    assert found["circumstance.until"] == found["circumstance.not_before"] == NOON


@pytest.mark.parametrize(
    ("kind", "fact"),
    [
        ("bereavement", "vulnerable"),
        ("hardship", "vulnerable"),
        ("vulnerability", "vulnerable"),
        ("minor", "vulnerable"),
        ("complaint", "quarrel"),
        ("dispute", "quarrel"),
        ("revocation_unclear", "undecided"),
        ("rights_request", "undecided"),
        ("something_new", "vulnerable"),
    ],
)
def test_each_kind_pauses_promotion_and_says_in_which_way(kind: str, fact: str) -> None:
    found = seen(holds(kind))
    assert found["circumstance.active"] == (kind,)
    assert found["circumstance.promotion_paused"] is True
    ways = [n for n in ("vulnerable", "quarrel", "undecided") if found[f"circumstance.{n}"]]
    assert ways == [fact]


def test_the_latest_end_counts_and_what_has_none_never_ends() -> None:
    both = seen(holds("complaint", FRIDAY), holds("hardship", NOON + timedelta(days=90)))
    assert both["circumstance.until"] == NOON + timedelta(days=90)
    assert seen(holds("minor"))["circumstance.until"].year == 9999


def test_what_has_lapsed_pauses_nothing_and_the_future_pauses_at_once() -> None:
    assert not seen(holds("hardship", NOON))["circumstance.promotion_paused"]
    ahead = Circumstance("hardship", NOON + timedelta(days=3))
    assert seen(ahead)["circumstance.promotion_paused"]


def test_a_wish_to_wait_is_no_pause() -> None:
    found = seen(holds("not_before", FRIDAY))
    assert found["circumstance.promotion_paused"] is False
    assert found["circumstance.not_before"] == FRIDAY


def test_a_stranger_is_a_gap() -> None:
    found = facts(circumstances, act(), context())
    assert all(type(value).__name__ == "Unknown" for value in found.values())


def test_all_facts_are_personal_and_age() -> None:
    assert all(f.personal and f.volatile for f in circumstances.Circumstances.fields)


@pytest.mark.parametrize(
    ("kind", "article", "ruling"),
    [
        ("bereavement", "vulnerable-person-no-promotion", Ruling.DENY),
        ("dispute", "no-promotion-in-a-quarrel", Ruling.DENY),
        ("revocation_unclear", "undecided-wish-holds", Ruling.DEFER),
    ],
)
def test_the_shipped_articles_hold_promotion_and_let_service_through(
    kind: str, article: str, ruling: Ruling
) -> None:
    who = person(consents=(granted(),))
    gate = shop(type(who)(who.contact, who.consents, circumstances=(holds(kind),)))
    verdict = gate.review(act(text=f"New shelves.{DISCLOSED}")).verdict
    assert verdict.ruling is ruling
    assert article in {f.article for f in verdict.fired}
    service = gate.review(act(purpose="service", text=f"Your parcel.{DISCLOSED}")).verdict
    assert service.ruling is Ruling.ALLOW


def test_an_inline_contact_brings_its_circumstances() -> None:
    row = {"kind": "hardship", "since": "2026-11-01", "until": "2027-05-01", "source": "call note"}
    (found,) = read_person({"circumstances": [row]}, "c1").circumstances
    assert found == Circumstance(
        "hardship",
        datetime(2026, 11, 1, tzinfo=UTC),
        datetime(2027, 5, 1, tzinfo=UTC),
        "call note",
    )


@pytest.mark.parametrize(
    "bad", [["hardship"], [{}], {"kind": "x"}, [{"kind": "x", "until": "soon"}]]
)
def test_a_circumstance_that_cannot_be_read_is_refused(bad: Any) -> None:
    with pytest.raises(InvalidAction):
        read_person({"circumstances": bad}, "c1")


OFFER: dict[str, Any] = {"kind": "offer.set", "args": {"amount": 90.0}}
SEGMENT: dict[str, Any] = {"kind": "segment.add", "args": {"segment": "spring"}}


@pytest.mark.parametrize("action", [OFFER, SEGMENT], ids=["offer", "segment"])
@pytest.mark.parametrize(
    ("kind", "article", "ruling"),
    [
        ("bereavement", "vulnerable-person-no-offer", Ruling.DENY),
        ("dispute", "no-offer-while-promotion-pauses", Ruling.DEFER),
        ("rights_request", "no-offer-while-promotion-pauses", Ruling.DEFER),
    ],
)
def test_no_offer_is_prepared_while_promotion_pauses_and_a_settlement_is(
    action: dict[str, Any], kind: str, article: str, ruling: Ruling
) -> None:
    who = person(consents=(granted(),))
    gate = shop(type(who)(who.contact, who.consents, circumstances=(holds(kind),)))
    for purpose in ("marketing", ""):
        verdict = gate.review(act(**action, purpose=purpose)).verdict
        assert verdict.ruling is ruling
        assert article in {f.article for f in verdict.fired}
    assert gate.review(act(**action, purpose="support")).verdict.ruling is Ruling.ALLOW


def test_a_pause_that_ends_within_the_day_is_looked_at_when_it_ends() -> None:
    soon = NOON + timedelta(hours=3)
    who = person()
    for until, waits in ((soon, soon), (FRIDAY, NOON + timedelta(days=1))):
        gate = shop(type(who)(who.contact, circumstances=(holds("complaint", until),)))
        assert gate.review(act(**OFFER, purpose="marketing")).verdict.until == waits
