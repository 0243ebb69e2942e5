"""Restrict, object, rectify, contest: what a person may ask for short of being erased."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from agentkit.action import Action
from agentkit.case import Operator
from agentkit.clock import FixedClock
from agentkit.constitution import Catalogue
from agentkit.errors import Conflict, Forbidden, InvalidAction, NotFound
from agentkit.gate.facts import CoreFacts, jurisdiction_for
from agentkit.kinds import BUILTIN_KINDS, Kinds
from agentkit.ledger import read
from agentkit.rights import (
    answer,
    contest,
    contests,
    due_dates,
    erase,
    lift,
    object_to_marketing,
    rectify,
    restrict,
)
from agentkit.rights.deadlines import RIGHTS, deadlines
from agentkit.store import Store, execute
from tests.rights.people import ADDRESS, ID, add_anke, say
from tests.worlds import SUPERVISOR, World, make_world, message

OTHER = Operator("berta", frozenset({"operator"}))


def anke(store: Store, clock: FixedClock, folder: Path) -> World:
    world = make_world(store, clock, folder)
    add_anke(world)
    return world


def facts_of(world: World, kind: str = "lead.score", **fields: Any) -> dict[str, Any]:
    """The core's facts about an action that concerns Anke."""
    kinds = Kinds(BUILTIN_KINDS)
    args = {"score": 0.5} if kind == "lead.score" else {}
    action = Action.create(id="probe", kind=kind, subject=ID, args=args, **fields)
    person = world.pipeline.gate.people.people("default", [action]).get(ID)
    place = jurisdiction_for(action, person)
    core = CoreFacts(Catalogue(kinds), {})
    return core.build(action, kinds.get(kind), None, person, place, world.clock.now())


# --- restrict


def test_a_restriction_is_a_fact_until_it_is_lifted(
    any_store: Store, clock: FixedClock, tmp_path: Path
) -> None:
    world = anke(any_store, clock, tmp_path)
    assert facts_of(world)["contact.restricted"] is False
    restrict(any_store, "default", ID, by="dora", reason="she disputes the amount")
    assert facts_of(world)["contact.restricted"] is True
    with pytest.raises(InvalidAction, match="say why"):
        lift(any_store, "default", ID, by="dora", reason=" ")
    lift(any_store, "default", ID, by="dora", reason="settled")
    assert facts_of(world)["contact.restricted"] is False
    with pytest.raises(NotFound, match="nothing of this person"):
        lift(any_store, "default", ID, by="dora", reason="again")
    rights = [e.public["right"] for e in read(any_store, kinds=["right"])]
    assert rights == ["restrict", "lift"]
    private = world.rows("select private from entries where kind = 'right'")
    assert all(row[0] is not None and b"disputes" not in bytes(row[0]) for row in private)


def test_what_waits_stops_but_for_answers_to_the_persons_own_request(
    any_store: Store, clock: FixedClock, tmp_path: Path
) -> None:
    world = anke(any_store, clock, tmp_path)
    world.pipeline.propose(message("hello", id="ad", subject=ID))
    world.pipeline.propose(message("hello", id="none", subject=ID, purpose=""))
    world.pipeline.propose(message("hello", id="reply", subject=ID))
    with any_store.write() as unit:
        execute(unit.conn, "update actions set purpose = 'support' where id = 'reply'")
        execute(unit.conn, "update actions set state = 'allowed', purpose = '' where id = 'none'")
    done = restrict(any_store, "default", ID, by="dora")
    assert set(done.stopped) == {"ad", "none"}
    assert world.state("reply") == "allowed"


def test_a_restriction_between_judging_and_claiming_is_seen_by_the_claim(
    any_store: Store, clock: FixedClock, tmp_path: Path
) -> None:
    from agentkit.engine import person_version

    anke(any_store, clock, tmp_path)
    with any_store.read() as conn:
        before = person_version(conn, "default", ID)
    restrict(any_store, "default", ID, by="dora")
    with any_store.read() as conn:
        assert person_version(conn, "default", ID) != before


def test_the_shipped_constitution_lets_restricted_data_rest() -> None:
    catalogue = Catalogue(Kinds(BUILTIN_KINDS))
    assert catalogue.facts["contact.restricted"].volatile
    assert not catalogue.facts["contact.restricted"].scope.kinds.isdisjoint({"lead.score"})


# --- object


def test_an_objection_holds_for_every_channel_and_for_profiles(
    any_store: Store, clock: FixedClock, tmp_path: Path
) -> None:
    world = anke(any_store, clock, tmp_path)
    world.pipeline.propose(message("hello", id="ad", subject=ID))
    world.pipeline.propose(message("hello", id="bill", subject=ID, purpose="service"))
    done = object_to_marketing(any_store, "default", ID, by="dora")
    assert done.stopped == ("ad",)
    assert done.points == 2
    assert facts_of(world)["contact.objected"] is True
    assert world.state("bill") == "allowed"
    clock.advance(timedelta(days=1))
    say(world, at=clock.now())
    assert facts_of(world)["contact.objected"] is True, "a yes to one newsletter is no profile"


def test_an_opt_out_of_one_channel_is_no_objection_to_profiles(
    store: Store, clock: FixedClock, tmp_path: Path
) -> None:
    world = anke(store, clock, tmp_path)
    say(world, "withdrawn")
    assert facts_of(world)["contact.objected"] is False


# --- rectify


def test_a_corrected_field_stands_in_the_record_and_both_values_in_the_ledger(
    any_store: Store, clock: FixedClock, tmp_path: Path
) -> None:
    world = anke(any_store, clock, tmp_path)
    done = rectify(any_store, "default", ID, "email", " Neue.Adresse@Example.DE ", by="dora")
    assert (done.before, done.after) == (ADDRESS, "neue.adresse@example.de")
    assert world.rows("select email from contacts where id = ?", ID) == [(done.after,)]
    (entry,) = read(any_store, kinds=["right"])
    assert entry.actor == "operator:dora"
    assert entry.public == {"right": "rectify", "field": "email"}
    assert entry.private is not None
    with any_store.read() as conn:
        tokens = [(entry.person_token, entry.private)]
        opened = any_store.vault.decrypt_tokens(conn, "default", tokens)
    assert opened == [{"before": ADDRESS, "after": "neue.adresse@example.de"}]


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("emial", "x@y.de", "did you mean 'email'"),
        ("email", "nothing", "is no email"),
        ("phone", "12", "is no phone"),
        ("country", "Atlantis", "is no country"),
        ("timezone", "Mars/Olympus", "is no timezone"),
        ("name", "x" * 10_001, "at most"),
        ("id", "4712", "no field 'id'"),
        ("fields", "{}", "no field 'fields'"),
    ],
)
def test_a_value_that_cannot_be_one_is_refused(
    field: str, value: str, words: str, store: Store, clock: FixedClock, tmp_path: Path
) -> None:
    anke(store, clock, tmp_path)
    with pytest.raises(InvalidAction) as caught:
        rectify(store, "default", ID, field, value, by="dora")
    assert words in f"{caught.value.message} {caught.value.hint}"


@pytest.mark.parametrize("right", [restrict, object_to_marketing])
def test_nobody_and_somebody_erased_have_nothing_to_limit(
    right: Any, store: Store, clock: FixedClock, tmp_path: Path
) -> None:
    anke(store, clock, tmp_path)
    with pytest.raises(NotFound, match="nobody"):
        right(store, "default", "x", by="dora")
    erase(store, "default", ID, actor="operator:dora")
    with pytest.raises(NotFound, match="was erased"):
        right(store, "default", ID, by="dora")
    with pytest.raises(NotFound, match="was erased"):
        rectify(store, "default", ID, "name", "A", by="dora")


# --- contest


def test_somebody_who_has_not_decided_it_answers_in_time(
    any_store: Store, clock: FixedClock, tmp_path: Path
) -> None:
    world = anke(any_store, clock, tmp_path)
    world.pipeline.propose(message("hello", id="m", subject=ID, channel="sms"))
    with pytest.raises(Conflict, match="nothing is decided yet"):
        contest(any_store, "default", "m", by="dora")
    case, digest = world.case_of("m")
    world.desk.reject(case, SUPERVISOR, digest, "not now")
    opened = contest(any_store, "default", "m", by="dora", words="Ich will das Angebot!")
    assert opened.deciders == ("anna",)
    assert opened.words == "Ich will das Angebot!"
    assert opened.due_at == datetime(2026, 12, 23, 23, 59, 59, tzinfo=UTC)
    assert "22(3)" in opened.cites
    with pytest.raises(Conflict, match="contested already"):
        contest(any_store, "default", "m", by="dora")
    with pytest.raises(Forbidden, match="anna decided it before"):
        answer(any_store, "default", opened.id, SUPERVISOR, "upheld", "as I said")
    with pytest.raises(InvalidAction, match="owed a reason"):
        answer(any_store, "default", opened.id, OTHER, "upheld", " ")
    done = answer(any_store, "default", opened.id, OTHER, "overturned", "she is right")
    assert (done.state, done.decided_by, done.answer) == ("overturned", "berta", "she is right")
    with pytest.raises(Conflict, match="answered already"):
        answer(any_store, "default", opened.id, OTHER, "upheld", "no")
    assert contests(any_store, "default") == []
    entries = [e.public for e in read(any_store, kinds=["right"])]
    assert [e.get("outcome", "") for e in entries] == ["", "overturned"]
    assert world.state("m") == "rejected", "nothing is undone by the answer alone"


def test_a_decision_of_nobody_cannot_be_contested(
    store: Store, clock: FixedClock, tmp_path: Path
) -> None:
    world = anke(store, clock, tmp_path)
    with pytest.raises(NotFound, match="no decision"):
        contest(store, "default", "none", by="dora")
    world.pipeline.propose(message("hello", id="m", subject=ID))
    opened = contest(store, "default", "m", by="dora", words="my own words")
    erase(store, "default", ID, actor="operator:dora")
    with pytest.raises(NotFound, match="no decision"):
        contest(store, "default", "m", by="dora")
    (kept,) = contests(store, "default", "")
    assert (kept.id, kept.words) == (opened.id, "")
    assert kept.person.startswith("erased:")


# --- deadlines


@pytest.mark.parametrize(
    ("right", "country", "region", "received", "law", "on", "extended"),
    [
        ("access", "DE", "", "2026-11-23", "GDPR", "2026-12-23", "2027-02-23"),
        ("access", "DE", "", "2027-01-31", "GDPR", "2027-02-28", "2027-04-28"),
        ("access", "NO", "", "2026-11-23", "GDPR", "2026-12-23", "2027-02-23"),
        ("erase", "GB", "", "2026-11-23", "UK GDPR", "2026-12-23", "2027-02-23"),
        ("access", "US", "CA", "2026-11-23", "CCPA", "2027-01-07", "2027-02-21"),
        ("object", "US", "TX", "2026-11-20", "CAN-SPAM and TCPA", "2026-12-04", ""),
        ("object", "CA", "ON", "2026-11-23", "CASL", "2026-12-07", ""),
        ("erase", "CA", "ON", "2026-11-23", "no statute on file", "2026-12-23", ""),
        ("restrict", "US", "TX", "2026-11-23", "no statute on file", "2026-12-23", ""),
    ],
)
def test_each_law_has_its_clock(
    right: Any, country: str, region: str, received: str, law: str, on: str, extended: str
) -> None:
    at = datetime.fromisoformat(f"{received}T12:00:00+00:00")
    first = due_dates(right, country, region, at)[0]
    assert (first.deadline.law, str(first.on)) == (law, on)
    assert str(first.extended or "") == extended


def test_without_a_country_every_law_counts_and_the_earliest_comes_first() -> None:
    found = due_dates("object", "", "", datetime(2026, 11, 23, tzinfo=UTC))
    assert {d.deadline.law for d in found} >= {"GDPR", "UK GDPR", "CCPA", "CASL"}
    assert [d.on for d in found] == sorted(d.on for d in found)


def test_every_deadline_says_its_source_and_when_somebody_looked() -> None:
    for one in deadlines():
        assert one.verified_on
        assert one.verified_by
        assert one.cites or one.status == "policy"
        assert one.rights <= set(RIGHTS)
        assert len(one.within) == 1


def test_the_articles_of_restriction_and_objection_read_what_the_core_declares(
    tmp_path: Path,
) -> None:
    from agentkit.agent import Register
    from agentkit.crm import InlinePeople
    from agentkit.pipeline import build_gate
    from agentkit.settings import Settings

    clock = FixedClock(datetime(2026, 11, 23, tzinfo=UTC))
    gate = build_gate(Settings(), InlinePeople(), clock, Register(open=True))
    ids = {located.article.id for located in gate.policy.articles()}
    assert {"restricted-on-request", "no-score-after-objection"} <= ids
