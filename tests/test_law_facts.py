"""Articles of laws that hang on single facts of a person's consent, relationship and calendar."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from agentkit.context import ConsentRecord, Person, Touch
from agentkit.verdict import Review
from tests.plugins.shop import LAST_YEAR, NOON, granted, person
from tests.test_law_constitutions import CALL, CANADA, DEFAULT, GB, SMS, US
from tests.test_law_constitutions import judge as judge_by_law

MIAMI: Final = {"country": "US", "region": "FL", "timezone": "America/New_York"}
STRICT: Final = ("strict",)
EASTER: Final = datetime(2026, 4, 6, 10, 0, tzinfo=UTC)
"""Easter Monday, noon in Berlin."""


def judge(who: Person, names: tuple[str, ...] = DEFAULT, **fields: Any) -> Review:
    return judge_by_law(who, fields.pop("now", NOON), names, **fields)


def told(review: Review) -> set[str]:
    """Articles that fired or were recorded only."""
    return {f.article for f in (*review.verdict.fired, *review.verdict.noted)}


def proven(**fields: Any) -> ConsentRecord:
    return granted(proof="form 17", **fields)


@pytest.mark.parametrize(
    ("who", "action", "article"),
    [
        (person(consents=(granted(),)), {}, "gdpr-consent-proven"),
        (person(consents=(granted("phone"),)), CALL, "de-uwg-consent-to-calls-documented"),
        (person(**GB, consents=(granted(),)), {}, "uk-gdpr-consent-proven"),
    ],
    ids=["mail", "call to a German consumer", "Briton"],
)
def test_a_consent_without_proof_is_recorded_and_strict_waits_for_tuesday(
    who: Person, action: dict[str, Any], article: str
) -> None:
    default, strict = judge(who, **action), judge(who, STRICT, **action)
    assert default.verdict.ruling.word == "allow"
    assert article in told(default)
    assert strict.verdict.ruling.word == "deny"
    assert "consent-needs-proof" in told(strict)


@pytest.mark.parametrize(
    "record",
    [proven(), granted(double_opt_in_at=LAST_YEAR)],
    ids=["a reference", "the second step"],
)
def test_a_proven_consent_passes_both(record: ConsentRecord) -> None:
    for names in (DEFAULT, STRICT):
        articles = told(judge(person(consents=(record,)), names))
        assert not {"gdpr-consent-proven", "consent-needs-proof"} & articles


def test_a_granted_subscription_that_rests_on_an_interest_is_recorded() -> None:
    interest = proven(lawful_basis="legitimate_interest")
    review = judge(person(consents=(interest,)))
    assert review.verdict.ruling.word == "allow"
    assert "gdpr-consent-rests-on-consent" in told(review)


@pytest.mark.parametrize(
    ("place", "articles"),
    [
        ({}, {"eprivacy-own-similar-products", "de-uwg-own-similar-goods"}),
        (GB, {"uk-pecr-similar-products"}),
    ],
    ids=["DE", "GB"],
)
def test_a_customer_is_offered_own_products_like_those_bought(
    place: dict[str, str], articles: set[str]
) -> None:
    fields = {"bought_categories": ["sofa"]}
    customer: dict[str, Any] = {**place, "bought": LAST_YEAR, "fields": fields}
    chair = judge(person(**customer, records={"product": {"category": "sofa"}}))
    policy = judge(person(**customer, records={"product": {"category": "insurance"}}))
    assert (chair.verdict.ruling.word, policy.verdict.ruling.word) == ("allow", "deny")
    assert articles <= told(policy)
    assert not articles & told(chair)


@pytest.mark.parametrize(("place", "law"), [({}, "eprivacy"), ({}, "de-uwg"), (GB, "uk-pecr")])
def test_where_nobody_says_what_is_offered_the_record_is_asked_and_no_operator(
    place: dict[str, str], law: str
) -> None:
    customer = person(**place, bought=LAST_YEAR, fields={"opt_out_offered": "yes"})
    verdict = judge(customer, (law,)).verdict
    assert (verdict.ruling.word, verdict.tasks) == ("defer", ("product.category",))


@pytest.mark.parametrize(
    ("asked", "now", "expected"),
    [
        ("2026-02-28", "2026-08-28", "allow"),
        ("2026-02-28", "2026-08-29", "deny"),
        ("2025-08-31", "2026-02-28", "allow"),
        ("2025-08-31", "2026-03-01", "deny"),
    ],
)
def test_six_months_end_on_the_day_of_the_same_number(asked: str, now: str, expected: str) -> None:
    who = person(**CANADA, asked=datetime.fromisoformat(f"{asked}T12:00:00Z"))
    review = judge(who, ("casl",), now=datetime.fromisoformat(f"{now}T15:00:00Z"))
    assert review.verdict.ruling.word == expected


def test_a_contract_in_force_outlasts_an_old_purchase() -> None:
    ahead = datetime(2030, 1, 1, tzinfo=UTC)
    who = person(**CANADA, bought=datetime(2019, 1, 1, tzinfo=UTC), until=ahead)
    assert judge(who, ("casl",)).verdict.ruling.word == "allow"


def test_in_florida_three_texts_for_one_purpose_are_counted_and_two_and_another_are_not() -> None:
    morning = NOON + timedelta(hours=5)

    def texts(*purposes: str) -> tuple[Touch, ...]:
        hours = enumerate(purposes, 2)
        return tuple(
            Touch("message.send", "sms", p, morning - timedelta(hours=h)) for h, p in hours
        )

    agreed = {"consents": (proven(channel="sms"),), **MIAMI}
    same = judge(
        person(**agreed, history=texts(*["marketing"] * 3)), ("us-fl",), now=morning, **SMS
    )
    mixed = judge(
        person(**agreed, history=texts("marketing", "survey", "marketing")), ("us-fl",),
        now=morning, **SMS,
    )  # fmt: skip
    assert "us-fl-three-a-day" in told(same)
    assert "us-fl-three-a-day" not in told(mixed)


def test_a_call_on_easter_monday_is_recorded_and_strict_waits_for_tuesday() -> None:
    firm = person(type="business")
    default, strict = judge(firm, now=EASTER, **CALL), judge(firm, STRICT, now=EASTER, **CALL)
    assert default.verdict.ruling.word == "allow"
    assert "calls-rest-on-public-holidays" in told(default)
    waits = {f.article: f.until for f in strict.verdict.fired}
    assert waits["no-calls-on-public-holidays"] == datetime(2026, 4, 7, 6, 0, tzinfo=UTC)


def test_a_sunday_in_alabama_is_recorded_and_one_in_georgia_is_not() -> None:
    sunday = datetime(2026, 11, 22, 18, 0, tzinfo=UTC)
    agreed = {"consents": (proven(channel="sms"),), "country": "US"}
    alabama = person(**agreed, region="AL", timezone="America/Chicago")
    georgia = person(**agreed, region="GA", timezone="America/New_York")
    article = "calls-rest-on-sundays-in-two-states"
    assert article in told(judge(alabama, now=sunday, **SMS))
    assert article not in told(judge(georgia, now=sunday, **SMS))


def test_a_text_on_a_spoken_yes_is_recorded_in_the_us() -> None:
    spoken, written = proven(channel="sms", method="oral"), proven(channel="sms", method="web_form")
    later = NOON + timedelta(hours=6)
    for record, expected in ((spoken, True), (written, False)):
        review = judge(person(**US, consents=(record,)), now=later, **SMS)
        assert review.verdict.ruling.word == "allow"
        assert ("us-tcpa-consent-written" in told(review)) is expected
