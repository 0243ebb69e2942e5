"""The law files: each rule has one home and a source, and lawful business passes at every date."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import product
from typing import Any, Final

import pytest

from agentkit.action import Sender
from agentkit.agent import Agent, Register
from agentkit.clock import FixedClock
from agentkit.constitution import Article, Binding, Catalogue, Policy, load_constitution, shipped
from agentkit.context import Person
from agentkit.gate import Gate
from agentkit.plugins import Plugins
from agentkit.verdict import Review
from tests.gates import Crowd
from tests.plugins.shop import DISCLOSED, FIRST_PARTY, LAST_YEAR, NOON, Words, act, granted, person

LAWS: Final = (
    "gdpr", "eprivacy", "de-uwg", "uk-gdpr", "uk-pecr", "us-tcpa", "us-can-spam", "us-tx", "us-fl",
    "us-ca", "us-co", "casl", "eu-ai-act",
)  # fmt: skip
PACKS: Final = ("mailbox-providers", "whatsapp")
OWN: Final[list[tuple[str, Article]]] = [
    (name, article) for name in shipped() for article in load_constitution(name).files[-1].articles
]
of_a_law = pytest.mark.parametrize(
    ("name", "article"),
    [(n, a) for n, a in OWN if n in LAWS + PACKS],
    ids=[a.id for n, a in OWN if n in LAWS + PACKS],
)
TEXT: Final = "Hello, our new sofas are in the shop. Come and see them." + DISCLOSED
INVOICE: Final = (
    "Hello Anke, invoice 30917 over 412.00 EUR (19 % VAT) is attached. Please pay to DE89 3704 "
    "0044 0532 0130 00 within 14 days, or call us at +49 30 23125001."
) + DISCLOSED
OFFER: Final = " PS: 20% off all sofas until Sunday."
DEFAULT: Final = ("crm-default",)
US: Final = {"country": "US", "region": "NY", "timezone": "America/New_York"}
TEXAS: Final = {"country": "US", "region": "TX", "timezone": "America/Chicago"}
CALIFORNIA: Final = {"country": "US", "region": "CA", "timezone": "America/Los_Angeles"}
GB: Final = {"country": "GB", "timezone": "Europe/London"}
CANADA: Final = {"country": "CA", "region": "ON", "timezone": "America/Toronto"}
LONG_AGO: Final = datetime(2020, 1, 1, tzinfo=UTC)
CALL: Final[dict[str, Any]] = {"kind": "call.place", "channel": "phone", "purpose": "marketing"}
SMS: Final[dict[str, Any]] = {"channel": "sms", "text": TEXT}


@cache
def policy(*names: str) -> tuple[Plugins, Policy]:
    plugins = Plugins.of(*FIRST_PARTY)
    catalogue = Catalogue(plugins.kinds, plugins.evidence_classes.values())
    return plugins, Policy([Binding(constitutions=names)], catalogue)


def judge(
    who: Person,
    now: str | datetime = NOON,
    names: tuple[str, ...] = DEFAULT,
    agents: tuple[Agent, ...] = (),
    parameters: dict[str, Any] | None = None,
    **fields: Any,
) -> Review:
    plugins, compiled = policy(*names)
    if parameters:
        bound = Binding(constitutions=names, parameters=parameters)
        compiled = Policy([bound], compiled.catalogue)
    instant = datetime.fromisoformat(now) if isinstance(now, str) else now
    gate = Gate(
        plugins=plugins,
        policy=compiled,
        register=Register({a.name: a for a in agents}, open=not agents),
        kinds=plugins.kinds,
        clock=FixedClock(instant),
        people=Crowd(who),
        classifier=Words,
    )
    text = {} if fields.get("kind", "message.send") != "message.send" else {"text": TEXT}
    return gate.review(act(**{**text, **fields}))


def ruling(who: Person, *args: Any, **fields: Any) -> str:
    verdict = judge(who, *args, **fields).verdict
    return " ".join([verdict.ruling.word, *verdict.tasks])


def fired(review: Review) -> list[str]:
    return [f.article for f in review.verdict.fired]


def test_every_law_and_policy_pack_is_there_and_extends_the_floor_only() -> None:
    assert set(LAWS + PACKS) <= shipped().keys()
    for name in LAWS + PACKS:
        assert [f.constitution for f in load_constitution(name).files] == ["base", name]


def test_the_default_holds_every_law() -> None:
    held = {a.constitution for a in load_constitution("crm-default").articles}
    assert held == {"base", "truthful", *LAWS, "agent-safety", "crm-default"}


def test_a_rule_has_one_home() -> None:
    assert [i for i, n in Counter(a.id for _, a in OWN).items() if n > 1] == []


def test_a_parameter_of_several_laws_means_the_same_in_each() -> None:
    found: dict[str, Any] = {}
    for name in (*LAWS, *PACKS, "base", "crm-default"):
        for key, parameter in load_constitution(name).files[-1].parameters.items():
            assert found.setdefault(key, parameter) == parameter, key


def test_two_hundred_examples_are_shipped() -> None:
    assert sum(len(a.examples) for _, a in OWN) >= 200


@pytest.mark.parametrize(("name", "article"), OWN, ids=[f"{n}-{a.id}" for n, a in OWN])
def test_every_shipped_article_carries_all_that_a_reader_of_the_law_asks_for(
    name: str, article: Article
) -> None:
    """Citation, status, dates, who verified it how, and examples: break, keep and a boundary."""
    said = article.model_fields_set
    assert said >= {"cites", "status", "effective_from", "verified_on", "verified_by", "owner"}
    assert all(cite.strip() for cite in article.cites)
    assert article.effective_from is not None
    assert article.effective_until is None or article.effective_until > article.effective_from
    expected = [e.expect for e in article.examples]
    assert len(article.examples) >= 3
    assert article.then in expected, "one that breaks it"
    assert "allow" in expected, "one that keeps it"
    assert len({str(e.given) + e.at for e in article.examples}) == len(article.examples)


@pytest.mark.parametrize(("name", "article"), OWN, ids=[f"{n}-{a.id}" for n, a in OWN])
def test_what_was_verified_from_memory_warns_or_says_that_it_is_held_as_a_policy(
    name: str, article: Article
) -> None:
    if "from memory" in article.verified_by.partition(";")[0]:
        held = article.status == "policy" or "policy" in article.verified_by
        assert article.mode == "warn" or held


@pytest.mark.parametrize("name", LAWS + PACKS)
def test_a_law_file_says_what_it_does_not_cover(name: str) -> None:
    about = " ".join(load_constitution(name).files[-1].about.split())
    assert "Not covered yet, because no fact says it" in about


@of_a_law
def test_an_article_carries_citation_status_dates_source_and_three_examples(
    name: str, article: Article
) -> None:
    assert article.cites
    assert article.model_fields_set >= {"status", "effective_from", "verified_on", "verified_by"}
    assert article.effective_from is not None
    assert article.effective_from <= date(2026, 11, 23) or article.pending
    assert article.effective_until is None or article.effective_until > article.effective_from
    assert article.verified_on == date(2026, 11, 23)
    assert "company policy" not in article.verified_by
    assert article.owner
    assert len(article.examples) >= 3


@of_a_law
def test_an_article_of_a_law_says_where_it_holds(name: str, article: Article) -> None:
    if name in LAWS:
        assert article.applies_to.jurisdictions
    else:
        assert article.status == "policy"


@of_a_law
def test_what_rests_on_memory_alone_records_and_does_not_bind(name: str, article: Article) -> None:
    if article.verified_by.startswith("from memory") and "policy" not in article.verified_by:
        assert article.mode == "warn"


@pytest.mark.parametrize(
    "names",
    [("us-tx",), DEFAULT, ("crm-default", "us-tx"), ("us-tx", "crm-default")],
    ids=" ".join,
)
def test_a_text_to_texas_at_half_past_eight_depends_on_the_date_alone(
    names: tuple[str, ...],
) -> None:
    who = person(**TEXAS, consents=(granted("sms", at=LONG_AGO),))
    then = judge(who, "2024-09-09T13:30:00Z", names, **SMS).verdict
    now = judge(who, "2026-11-23T14:30:00Z", names, **SMS)
    assert then.ruling.word == "allow"
    assert now.verdict.ruling.word == "defer"
    assert now.verdict.until == datetime(2026, 11, 23, 15, tzinfo=UTC)
    assert fired(now).count("us-tx-quiet-hours") == 1


@pytest.mark.parametrize(
    ("who", "action"),
    [
        (person(**US), {}),
        (person(**CALIFORNIA, type="business"), {}),
        (person(**US, consents=(granted("sms"),)), {**SMS, "now": "2026-11-23T17:00:00Z"}),
        (person(type="business"), CALL),
        (person(consents=(granted("phone"),)), CALL),
        (person(bought=LAST_YEAR), {}),
        (person(country="FR", timezone="Europe/Paris", type="business"), {}),
        (person(**GB, type="business"), {}),
        (person(**GB, bought=LAST_YEAR), {}),
        (person(**CANADA, bought=LAST_YEAR), {}),
        (person(**CANADA, consents=(granted(at=LONG_AGO),)), {}),
        (person(consents=(granted(status="withdrawn"),)), {"purpose": "billing"}),
        (person(suppressed=frozenset({"*"})), {"channel": "sms", "purpose": "service"}),
        (person(), {"channel": "post"}),
        (person(**GB), {"kind": "lead.score", "args": {"score": 0.4, "inputs": {"visits": 2}}}),
        (person(consents=(granted(),)), {"sender": Sender("Acme", "US")}),
        (person(**CANADA, bought=LAST_YEAR), {"sender": Sender("Maple", "CA")}),
        (person(country="FR", timezone="Europe/Paris", type="business"), CALL),
        (person(**US), {"purpose": "billing", "text": INVOICE}),
        (person(suppressed=frozenset({"*"})), {"purpose": "billing", "text": INVOICE}),
        (person(consents=(granted(),)), {"purpose": "billing", "text": INVOICE + OFFER}),
        (person(**CANADA), {"channel": "whatsapp", "purpose": "support"}),
        (person(**US), {"channel": "sms", "purpose": "security", "now": "2026-11-23T08:00:00Z"}),
    ],
    ids=[
        "US opt-out mail",
        "mail to a Californian firm",
        "US text with consent",
        "call to a German firm",
        "call to a German who agreed",
        "German soft opt-in",
        "French firm by mail",
        "UK corporate subscriber",
        "UK soft opt-in",
        "Canadian customer",
        "Canadian consent of years ago",
        "invoice after a withdrawal",
        "delivery notice to a suppressed person",
        "letter to a German",
        "score of a Briton",
        "an American sender to a German who agreed",
        "a Canadian sender to its customer",
        "call to a French firm",
        "invoice with an account and a rate of tax",
        "the same to somebody who objects to all marketing",
        "the same with an offer, to somebody who agreed",
        "answer by chat to a Canadian",
        "code by text at night",
    ],
)
@pytest.mark.parametrize("names", [DEFAULT, ("crm-default", *PACKS)], ids=["default", "packs"])
def test_lawful_business_passes(
    who: Person, action: dict[str, Any], names: tuple[str, ...]
) -> None:
    assert ruling(who, names=names, **action) == "allow"


@pytest.mark.parametrize(
    ("names", "who", "action", "article"),
    [
        (("de-uwg",), person(type="business"), {}, "de-uwg-mail"),
        (("de-uwg",), person(), CALL, "de-uwg-calls"),
        (("eprivacy",), person(), {}, "eu-electronic-marketing"),
        (("uk-pecr",), person(**GB), {}, "uk-pecr-mail"),
        (("us-tcpa",), person(**US), SMS, "us-tcpa-consent"),
        (("us-tx",), person(**TEXAS), SMS, "us-tx-texts-need-consent"),
        (("casl",), person(**CANADA), {}, "ca-casl-consent"),
        (("whatsapp",), person(), {"channel": "whatsapp"}, "whatsapp-opt-in"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_law_alone_denies_what_it_forbids(
    names: tuple[str, ...], who: Person, action: dict[str, Any], article: str
) -> None:
    review = judge(who, names=names, **action)
    assert review.verdict.ruling.word == "deny"
    assert article in fired(review)


@pytest.mark.parametrize(
    ("name", "who"),
    [
        ("de-uwg", person(**US)),
        ("uk-pecr", person()),
        ("us-tcpa", person(**GB)),
        ("casl", person(**US)),
        ("us-tx", person(**CALIFORNIA)),
    ],
)
def test_a_law_says_nothing_about_people_elsewhere(name: str, who: Person) -> None:
    for action in ({}, SMS, CALL):
        assert ruling(who, names=(name,), **action) == "allow"


@pytest.mark.parametrize(
    ("relationship", "expected"),
    [
        ({"bought": datetime(2024, 11, 23, tzinfo=UTC)}, "allow"),
        ({"bought": datetime(2024, 11, 22, tzinfo=UTC)}, "deny"),
        ({"until": datetime(2024, 11, 23, tzinfo=UTC)}, "allow"),
        ({"until": datetime(2024, 11, 22, tzinfo=UTC)}, "deny"),
        ({"until": datetime(2028, 1, 1, tzinfo=UTC)}, "allow"),
        ({"asked": datetime(2026, 5, 23, tzinfo=UTC)}, "allow"),
        ({"asked": datetime(2026, 5, 22, tzinfo=UTC)}, "deny"),
        ({"bought": datetime(2026, 12, 1, tzinfo=UTC)}, "deny"),
    ],
    ids=[
        "bought two years ago", "a day more", "contract ended two years ago", "a day more",
        "contract in force", "asked six months ago", "a day more", "bought in the future",
    ],
)  # fmt: skip
@pytest.mark.parametrize("names", [("casl",), DEFAULT], ids=["casl", "default"])
def test_implied_consent_in_canada_ends_on_its_day(
    relationship: dict[str, datetime], expected: str, names: tuple[str, ...]
) -> None:
    assert ruling(person(**CANADA, **relationship), names=names) == expected


def test_a_canadian_customer_who_unsubscribed_hears_no_more_offers_and_still_gets_receipts() -> (
    None
):
    who = person(**CANADA, bought=LAST_YEAR, suppressed=frozenset({"email"}))
    review = judge(who, names=("casl",))
    assert review.verdict.ruling.word == "deny"
    assert "casl-unsubscribed" in fired(review)
    assert ruling(who, names=("casl",), purpose="transactional") == "allow"


def test_a_german_firm_may_be_called_and_not_mailed() -> None:
    firm = person(type="business")
    assert ruling(firm, **CALL) == "allow"
    assert ruling(firm) == "deny"
    assert ruling(person(type=""), **CALL) == "defer contact.type"


def test_whatsapp_asks_for_more_than_the_law() -> None:
    customer = person(bought=LAST_YEAR)
    message = {"channel": "whatsapp"}
    assert ruling(customer, **message) == "allow"
    assert ruling(customer, names=("crm-default", "whatsapp"), **message) == "deny"
    agreed = person(consents=(granted("whatsapp"),))
    assert ruling(agreed, names=("crm-default", "whatsapp"), **message) == "allow"


def test_what_is_only_recorded_is_recorded() -> None:
    review = judge(person(**US), names=("mailbox-providers",))
    assert review.verdict.ruling.word == "allow"
    assert {f.article for f in review.verdict.noted} == {
        "mailbox-asked-for", "mailbox-one-click-not-configured",
    }  # fmt: skip
    assert fired(review) == []


@pytest.mark.parametrize(
    ("name", "who", "begins"),
    [
        ("gdpr", person(), "2018-05-25"),
        ("us-ca", person(**CALIFORNIA), "2027-01-01"),
        ("us-co", person(country="US", region="CO", timezone="America/Denver"), "2027-01-01"),
    ],
)
def test_a_significant_decision_waits_for_a_person_from_the_day_the_law_says(
    name: str, who: Person, begins: str
) -> None:
    offer: dict[str, Any] = {"kind": "offer.set", "args": {"amount": 90.0}}
    first = datetime.fromisoformat(f"{begins}T12:00:00Z")
    listed = {"significant_kinds": ["offer.set"]}
    assert ruling(who, first, (name,), parameters=listed, **offer) == "escalate"
    assert ruling(who, first - timedelta(days=1), (name,), parameters=listed, **offer) == "allow"
    assert ruling(who, first, (name,), **offer) == "allow"


def test_canadas_law_follows_a_canadian_sender_abroad() -> None:
    gone = person(country="FR", timezone="Europe/Paris", suppressed=frozenset({"email"}))
    from_canada = judge(gone, names=("casl",), sender=Sender("Maple", "CA"))
    from_france = judge(gone, names=("casl",), sender=Sender("Pomme", "FR"))
    assert "casl-unsubscribed" in fired(from_canada)
    assert "casl-unsubscribed" not in fired(from_france)


def test_a_canadian_sender_may_write_where_the_recipients_law_gives_a_ground() -> None:
    assert ruling(person(**US), names=("casl",), sender=Sender("Maple", "CA")) == "allow"


@pytest.mark.parametrize("place", [{"country": ""}, {"country": "US", "region": ""}])
def test_where_the_place_is_open_every_plausible_law_waits_for_the_record(
    place: dict[str, str],
) -> None:
    """A region that decides, or a country: a task for its owner, no permission."""
    agreed = (granted("sms", at=LONG_AGO),)
    who = person(**place, timezone="America/Chicago", consents=agreed)
    verdict = judge(who, "2026-11-23T14:30:00Z", **SMS).verdict
    assert verdict.ruling.word == "defer"
    assert verdict.tasks
    assert set(verdict.tasks) <= {"contact.country", "contact.region"}


@pytest.mark.parametrize("name", ["eu-ai-act", "us-ca"])
def test_a_machine_that_does_not_say_so_is_given_the_line_and_nobody_is_asked(name: str) -> None:
    who = person(**CALIFORNIA) if name == "us-ca" else person()
    review = judge(who, names=(name,), text="Hello, our new sofas are in the shop for you.")
    assert review.verdict.ruling.word == "allow"
    assert review.action.text.endswith(DISCLOSED.strip())


def test_the_ai_act_asks_for_the_line_from_its_first_day() -> None:
    plain: dict[str, Any] = {
        "text": "Hello, our new sofas are in the shop for you.",
        "names": ("eu-ai-act",),
    }
    assert not judge(person(), "2026-08-01T11:00:00Z", **plain).revised
    assert judge(person(), "2026-08-02T11:00:00Z", **plain).revised


@pytest.mark.parametrize(
    ("now", "article"),
    [
        ("2026-02-04T12:00:00Z", "uk-gdpr-solely-automated-until-2026"),
        ("2026-02-05T12:00:00Z", "uk-gdpr-automated-special-categories"),
    ],
)
def test_the_uk_changed_its_law_of_automated_decisions_overnight(now: str, article: str) -> None:
    score: dict[str, Any] = {
        "kind": "lead.score",
        "args": {"score": 0.4, "inputs": {"religion": "x"}},
    }
    verdict = judge(person(**GB), now, ("uk-gdpr",), **score).verdict
    found = [f.article for f in (*verdict.fired, *verdict.noted)]
    assert [a for a in found if a.startswith("uk-gdpr")] == [article]


def test_an_unlisted_model_region_binds_for_europeans_and_britons_only() -> None:
    agent = Agent(
        "a", kinds=frozenset({"message.send"}), channels=frozenset({"email"}),
        purposes=frozenset({"service"}), region="us-east-1",
    )  # fmt: skip
    for who, expected in ((person(), "deny"), (person(**GB), "deny"), (person(**US), "allow")):
        assert ruling(who, agents=(agent,), purpose="service") == expected


def test_a_service_mail_needs_no_country() -> None:
    nowhere = person(country="", timezone="", type="")
    for name in (*LAWS, *PACKS, "crm-default"):
        assert ruling(nowhere, names=(name,), purpose="service") == "allow"


def test_an_ordinary_morning_asks_no_operator_whatever_the_records_lack() -> None:
    """Every combination of place, kind of person, relationship and channel: rules, not people."""
    places: list[dict[str, str]] = [{}, US, TEXAS, CALIFORNIA, GB, CANADA]
    places += [{"country": "", "timezone": ""}, {"country": "US", "region": ""}]
    found: Counter[str] = Counter()
    for place, kind, bought, action in product(
        places, ("consumer", "business", ""), (None, LAST_YEAR), ({}, SMS, CALL)
    ):
        who = person(**place, type=kind, bought=bought)
        review = judge(who, names=("crm-default", *PACKS), **action)
        found[review.verdict.ruling.word] += 1
    assert found["escalate"] == 0, found
    assert found["allow"] > 25, found
