from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from agentkit.case import Operator
from agentkit.clock import FixedClock
from agentkit.consent import suppress, withdraw
from agentkit.engine import claim, person_version
from agentkit.errors import (
    Conflict,
    ConnectorError,
    Forbidden,
    InvalidAction,
    NotFound,
    TransientConnectorError,
    UnknownOutcome,
)
from agentkit.facts import digest_facts
from agentkit.store import Store, execute
from agentkit.store.actions import find_action, open_review
from tests.worlds import FileCRM, World, make_world, message


@pytest.fixture
def world(any_store: Store, clock: FixedClock, tmp_path: Path) -> World:
    return make_world(any_store, clock, tmp_path)


@pytest.fixture
def remote(any_store: Store, clock: FixedClock, tmp_path: Path) -> Callable[..., World]:
    def make(**options: object) -> World:
        crm = FileCRM(tmp_path / "sent.txt", clock.now, **options)  # type: ignore[arg-type]
        return make_world(any_store, clock, tmp_path, crm)

    return make


# Proposing


def test_an_allowed_action_gets_a_permit_and_its_entries_in_one_transaction(world: World) -> None:
    proposal = world.pipeline.propose(message(id="a1"))
    assert proposal.state == "allowed"
    assert "Allowed" in proposal.message
    assert world.rows("select state, action_digest, basis from permits") == [
        ("issued", proposal.action.digest, "verdict")
    ]
    assert world.kinds("a1") == ["proposed", "judged"]
    assert world.entry("a1", "judged")["permit"] == "verdict"


def test_the_digests_in_the_ledger_can_be_checked_from_what_is_kept(world: World) -> None:
    world.pipeline.propose(message(id="a1"))
    store = world.pipeline.store
    with store.read() as conn:
        stored = find_action(conn, "default", "a1")
        assert stored is not None
        kept = open_review(conn, store.vault, stored)
    assert kept is not None
    entry = world.entry("a1", "judged")
    assert entry["evidence"] == digest_facts(kept.facts, kept.action.salt)
    assert entry["digest"] == kept.action.digest


def test_a_denied_action_gets_no_permit_and_the_reason_is_said(world: World) -> None:
    proposal = world.pipeline.propose(message("x" * 300, id="a1"))
    assert proposal.state == "denied"
    assert "of message.send" in proposal.message
    assert world.rows("select * from permits") == []
    assert world.kinds("a1") == ["proposed", "judged"]
    assert world.advance("a1").done


def test_an_action_outside_its_charter_is_recorded_as_denied(world: World) -> None:
    proposal = world.pipeline.propose(message(id="a1", channel="fax"))
    assert (proposal.state, "charter does not allow this channel" in proposal.message) == (
        "denied",
        True,
    )


def test_a_missing_country_is_a_task_for_the_records_owner_and_not_a_case(world: World) -> None:
    world.add_contact("c2", country="")
    ids = ("a1", "a2")
    for number in ids:
        world.pipeline.propose(message(id=number, subject="c2", args={"template": "local"}))
    assert world.rows("select field, contact, owner, closed_at from data_tasks") == [
        ("contact.country", "c2", "olaf", None)
    ]
    assert [world.state(i) for i in ids] == ["deferred", "deferred"]
    assert world.rows("select * from cases") == []
    with world.store.write() as unit:
        execute(unit.conn, "update contacts set country = 'DE' where id = 'c2'")
        execute(unit.conn, "update data_tasks set closed_at = 1 where contact = 'c2'")
    assert sorted(i for i, _ in world.pipeline.run_due()) == ["a1", "a2"]
    assert [world.state(i) for i in ids] == ["performed", "performed"]


def test_a_closed_data_task_opens_again_when_the_fact_is_missing_again(world: World) -> None:
    world.add_contact("c2", country="")
    world.pipeline.propose(message(id="a1", subject="c2", args={"template": "local"}))
    with world.store.write() as unit:
        execute(unit.conn, "update data_tasks set closed_at = 1")
    step = world.advance("a1")
    assert step.state == "deferred"
    assert "contact.country" in step.why
    assert world.rows("select closed_at from data_tasks") == [(None,)]


def test_the_same_id_twice_is_answered_with_the_recorded_state(world: World) -> None:
    world.pipeline.propose(message(id="a1"))
    world.advance("a1")
    again = world.pipeline.propose(message(id="a1"))  # another salt, the same action
    assert (again.state, again.known) == ("performed", True)
    assert world.kinds("a1").count("judged") == 2
    assert world.effects() == 1


def test_another_action_under_a_used_id_is_refused(world: World) -> None:
    world.pipeline.propose(message("hello", id="a1"))
    with pytest.raises(Conflict, match="another content"):
        world.pipeline.propose(message("something else", id="a1"))


def test_many_are_judged_as_one_by_one_and_a_repeated_id_is_known(world: World) -> None:
    batch = [
        message(id="a1"),
        message("x" * 300, id="a2"),
        message(id="a3", channel="sms"),
        message(id="a4", args={"template": "later"}),
        message(id="a1"),
    ]
    proposals = world.pipeline.propose_many(batch)
    assert [p.state for p in proposals] == ["allowed", "denied", "escalated", "deferred", "allowed"]
    assert [p.known for p in proposals] == [False, False, False, False, True]
    assert proposals[2].case == world.case_of("a3")[0]
    assert proposals[3].review is not None
    assert proposals[3].review.verdict.until is not None


async def test_an_awaited_proposal_is_recorded_the_same_way(world: World) -> None:
    proposal = await world.pipeline.apropose(message(id="a1"))
    assert (proposal.state, world.kinds("a1")) == ("allowed", ["proposed", "judged"])
    assert (await world.pipeline.apropose(message(id="a1"))).known


def test_an_action_that_cannot_be_judged_leaves_nothing(world: World) -> None:
    with pytest.raises(InvalidAction, match="no action kind"):
        world.pipeline.propose_many([message(id="a1"), message(id="a2", kind="message.sned")])
    assert world.rows("select * from actions") == []
    with pytest.raises(NotFound):
        world.advance("a1")


def test_two_proposers_of_one_id_record_it_once(world: World) -> None:
    actions = [message(id="a1"), message(id="a1")]
    barrier = threading.Barrier(2, timeout=20)

    def run(number: int) -> str:
        barrier.wait()
        return world.pipeline.propose(actions[number]).state

    with ThreadPoolExecutor(2) as pool:
        states = list(pool.map(run, range(2)))
    assert states == ["allowed", "allowed"]
    assert world.kinds("a1") == ["proposed", "judged"]


def test_what_was_recorded_can_be_read_back_whole(world: World) -> None:
    proposal = world.pipeline.propose(message("see you", id="a1", args={"template": "later"}))
    with world.store.read() as conn:
        stored = find_action(conn, "default", "a1")
        assert stored is not None
        kept = open_review(conn, world.store.vault, stored)
    assert kept is not None
    assert proposal.review is not None
    assert kept.action == proposal.action
    assert kept.action.digest == proposal.action.digest
    assert kept.verdict == proposal.review.verdict
    assert dict(kept.facts) == proposal.review.facts


# Performing


def test_an_effect_and_its_claim_commit_together(world: World) -> None:
    world.pipeline.propose(message(id="a1"))
    step = world.advance("a1")
    assert (step.state, step.done) == ("performed", True)
    assert world.rows("select state, fence from permits") == [("used", 1)]
    assert len(world.rows("select * from outbox")) == 1
    assert world.kinds("a1")[-3:] == ["judged", "claimed", "performed"]
    assert world.advance("a1").done
    assert world.effects() == 1


def test_what_the_crm_cannot_do_fails_and_leaves_no_half_effect(world: World) -> None:
    world.pipeline.propose(message(id="a1"))
    with world.store.write() as unit:
        execute(unit.conn, "update contacts set email = '', phone = ''")
    assert world.advance("a1").state == "failed"
    assert world.rows("select * from outbox") == []
    assert world.rows("select outcome from effects") == [("failed",)]


def test_a_deferred_action_waits_for_its_instant_and_is_judged_afresh(
    world: World, clock: FixedClock
) -> None:
    world.pipeline.propose(message(id="a1", args={"template": "later"}))
    step = world.advance("a1")
    assert (step.state, step.wake_at) == ("deferred", world.pipeline.next_due())
    assert world.pipeline.due() == []
    with world.store.write() as unit:
        withdraw(unit, "default", "c9", now=clock.now())  # somebody else
        execute(unit.conn, "update contacts set updated_at = updated_at + 1")
    clock.advance(timedelta(hours=2))
    assert world.pipeline.due() == ["a1"]
    assert world.advance("a1").state == "performed"


def test_the_cap_counts_what_was_sent_since_the_action_was_allowed(world: World) -> None:
    for number in range(4):
        world.pipeline.propose(message(id=f"a{number}"))
    assert [world.state(f"a{n}") for n in range(4)] == ["allowed"] * 4
    world.pipeline.run_due()
    states = sorted(world.state(f"a{n}") for n in range(4))
    assert states == ["denied", "denied", "performed", "performed"]


def test_a_claim_sees_what_changed_since_the_examination(world: World, clock: FixedClock) -> None:
    action = world.pipeline.propose(message(id="a1")).action
    with world.store.read() as conn:
        before = person_version(conn, "default", "c1")
    world.pipeline.propose(message(id="a2"))
    world.advance("a2")
    with world.store.write() as unit:
        refused = claim(unit, action, owner="w", now=clock.now(), seen=before, outbound=True)
    assert getattr(refused, "why", "") == "stale"


def test_a_withdrawal_between_judgement_and_claim_stops_it(world: World, clock: FixedClock) -> None:
    world.pipeline.propose(message(id="a1"))
    with world.store.write() as unit:
        withdraw(unit, "default", "c1", now=clock.now(), purpose="marketing")
    assert world.advance("a1").state == "stopped"
    assert world.effects() == 0


def test_a_withdrawal_between_approval_and_claim_stops_it(world: World, clock: FixedClock) -> None:
    world.pipeline.propose(message(id="a1", channel="sms"))
    world.approve("a1")
    with world.store.write() as unit:
        withdraw(unit, "default", "c1", now=clock.now())
    assert world.advance("a1").state == "stopped"
    assert world.effects() == 0


def test_a_suppressed_point_is_refused_inside_the_claim(world: World, clock: FixedClock) -> None:
    with world.store.write() as unit:
        suppress(
            unit, "default", "c1@example.de", now=clock.now(), reason="complaint", purpose="service"
        )
    world.pipeline.propose(message(id="a1", purpose="service"))
    with world.store.write() as unit:  # judged before, as if the plugin had not looked
        execute(unit.conn, "update actions set state = 'allowed' where id = 'a1'")
    step = world.advance("a1")
    assert (step.state, world.effects()) == ("denied", 0)


def test_a_stop_switch_holds_until_it_is_lifted(world: World) -> None:
    world.pipeline.propose(message(id="a1"))
    operator = Operator("anna")
    world.desk.stop("agent:outreach", operator, "it misbehaves")
    step = world.advance("a1")
    assert (step.state, step.wake_at, world.pipeline.due()) == ("allowed", None, [])
    assert "agent:outreach" in step.why
    world.desk.lift("agent:outreach", operator, "looked at it")
    assert world.pipeline.due() == ["a1"]
    assert world.advance("a1").state == "performed"


def test_an_action_past_its_deadline_expires(world: World, clock: FixedClock) -> None:
    world.pipeline.propose(message(id="a1", deadline=clock.now() + timedelta(hours=1)))
    clock.advance(timedelta(hours=2))
    assert world.pipeline.due() == ["a1"]
    step = world.advance("a1")
    assert (step.state, step.done, world.effects()) == ("expired", True, 0)
    assert world.rows("select state from permits") == [("void",)]


def test_an_altered_row_is_never_performed(world: World) -> None:
    world.pipeline.propose(message(id="a1"))
    action = world.pipeline.propose(message("other text", id="a2")).action
    with world.store.write() as unit:
        execute(unit.conn, "update permits set action_digest = ? where action = 'a1'", ("0" * 64,))
        first = find_action(unit.conn, "default", "a1")
        assert first is not None
        kept = open_review(unit.conn, world.store.vault, first)
        assert kept is not None
        seen = person_version(unit.conn, "default", "c1")
        got = claim(unit, kept.action, owner="w", now=world.clock.now(), seen=seen, outbound=True)
    assert getattr(got, "why", "") == "digest"
    assert action.id == "a2"


def test_two_workers_race_for_one_permit_and_one_effect_happens(
    any_store: Store, clock: FixedClock, tmp_path: Path
) -> None:
    crm = FileCRM(tmp_path / "sent.txt", clock.now)
    worlds = [make_world(any_store, clock, tmp_path, crm) for _ in range(2)]
    for number in range(10):
        worlds[0].add_contact(f"p{number}")
        worlds[0].pipeline.propose(message(id=f"a{number}", subject=f"p{number}"))
    barrier = threading.Barrier(2, timeout=20)

    def work(world: World) -> list[str]:
        states = []
        for number in range(10):
            barrier.wait()
            states.append(world.advance(f"a{number}").state)
        return states

    with ThreadPoolExecutor(2) as pool:
        both = [run.result() for run in [pool.submit(work, w) for w in worlds]]
    assert set(both[0] + both[1]) <= {"performed", "performing"}
    assert sorted(crm.effects()) == sorted(f"a{n}" for n in range(10))


# People


def test_an_approved_action_is_judged_again_and_performed(world: World) -> None:
    world.pipeline.propose(message(id="a1", channel="sms"))
    world.approve("a1")
    assert world.state("a1") == "approved"
    assert world.advance("a1").state == "performed"
    ((basis,),) = world.rows("select basis from permits")
    assert basis.startswith("decision:")


def test_an_approval_waives_nothing_that_fires_later(world: World) -> None:
    world.pipeline.propose(message(id="a1", channel="sms"))
    world.approve("a1")
    for number in (2, 3):
        world.pipeline.propose(message(id=f"a{number}"))
        world.advance(f"a{number}")
    step = world.advance("a1")
    assert (step.state, step.why) == ("denied", "cap")


def test_an_approved_action_still_waits_for_its_hour_and_needs_no_second_approval(
    world: World, clock: FixedClock
) -> None:
    world.pipeline.propose(message(id="a1", channel="sms", args={"template": "later"}))
    assert world.state("a1") == "escalated"
    world.approve("a1")
    assert world.advance("a1").state == "deferred"
    clock.advance(timedelta(hours=2))
    assert world.advance("a1").state == "performed"


def test_an_approval_of_a_text_that_changed_goes_back_to_the_desk(world: World) -> None:
    world.pipeline.propose(message(id="a1", channel="sms"))
    world.approve("a1")
    with world.store.write() as unit:
        execute(unit.conn, "update decisions set action_digest = ?", ("0" * 64,))
    step = world.advance("a1")
    assert step.state == "escalated"
    assert world.effects() == 0


def test_an_approval_after_the_case_expired_is_too_late(world: World, clock: FixedClock) -> None:
    world.pipeline.propose(message(id="a1", channel="sms"))
    case, digest = world.case_of("a1")
    clock.advance(timedelta(hours=73))
    assert world.advance("a1").state == "expired"
    with pytest.raises(Conflict):
        world.desk.approve(case, Operator("anna", frozenset({"supervisor"})), digest)


def test_an_action_that_ran_cannot_be_approved_into_running_again(world: World) -> None:
    world.pipeline.propose(message(id="a1"))
    world.advance("a1")
    with world.store.write() as unit:
        execute(unit.conn, "update actions set state = 'approved' where id = 'a1'")
    assert world.advance("a1").state == "performed"
    assert world.effects() == 1


def test_without_the_role_nobody_waives(world: World) -> None:
    world.pipeline.propose(message(id="a1", channel="sms"))
    with pytest.raises(Forbidden):
        world.approve("a1", Operator("bob"))
    assert world.advance("a1").state == "escalated"


def test_a_rejected_action_tells_the_agent_what_the_person_said(world: World) -> None:
    world.pipeline.propose(message(id="a1", channel="sms"))
    case, digest = world.case_of("a1")
    world.desk.reject(case, Operator("anna"), digest, "they asked us to call instead")
    assert world.advance("a1").done
    assert "they asked us to call instead" in world.pipeline.message("default", "a1")


def test_an_erased_person_is_never_contacted(world: World) -> None:
    world.pipeline.propose(message(id="a1"))
    with world.store.write() as unit:
        world.store.vault.forget(unit, "default", "c1")
    step = world.advance("a1")
    assert (step.state, step.done, world.effects()) == ("denied", True, 0)
    assert world.pipeline.propose(message(id="a1")).state == "denied"


# Remote systems


def _raise(error: Exception) -> Callable[[object], None]:
    def fail(_: object) -> None:
        raise error

    return fail


def test_a_remote_effect_is_recorded_under_the_claims_fence(remote: Callable[..., World]) -> None:
    world = remote()
    world.pipeline.propose(message(id="a1"))
    assert world.advance("a1").state == "performed"
    assert world.rows("select state, fence from permits") == [("used", 1)]
    assert world.kinds("a1")[-2:] == ["claimed", "performed"]


def test_the_cap_counts_what_was_sent_through_a_remote_system(remote: Callable[..., World]) -> None:
    world = remote()
    world.pipeline.propose_many([message(id=f"a{n}") for n in range(4)])
    world.pipeline.run_due()
    states = sorted(world.state(f"a{n}") for n in range(4))
    assert states == ["denied", "denied", "performed", "performed"]


def test_transient_errors_are_tried_again_a_few_times(remote: Callable[..., World]) -> None:
    failures = [TransientConnectorError("down"), TransientConnectorError("down")]

    def sometimes(_: object) -> None:
        if failures:
            raise failures.pop()

    world = remote(before=sometimes)
    world.pipeline.propose(message(id="a1"))
    assert world.advance("a1").state == "performed"


def test_a_system_that_stays_down_postpones_and_finally_fails(
    remote: Callable[..., World], clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agentkit.engine.effects.ATTEMPTS", 1)
    world = remote(before=_raise(TransientConnectorError("down")))
    world.pipeline.propose(message(id="a1"))
    steps = []
    for _ in range(8):
        step = world.advance("a1")
        steps.append(step.state)
        clock.advance(timedelta(hours=2))
    assert steps == ["deferred"] * 7 + ["failed"]
    assert world.effects() == 0


def test_a_refusal_of_the_outside_system_is_final(remote: Callable[..., World]) -> None:
    world = remote(before=_raise(ConnectorError("no such mailbox anke@example.de")))
    world.pipeline.propose(message(id="a1"))
    assert world.advance("a1").state == "failed"
    assert "anke" not in str(world.rows("select public from entries"))


@pytest.mark.parametrize("error", [UnknownOutcome("no answer"), ValueError("a bug")])
def test_an_unknown_outcome_is_a_case_and_no_second_try(
    remote: Callable[..., World], error: Exception
) -> None:
    world = remote(after=_raise(error))
    world.pipeline.propose(message(id="a1"))
    step = world.advance("a1")
    assert step.state == "unknown"
    assert world.case_of("a1")
    assert world.advance("a1").state == "unknown"
    assert world.crm.effects() == ["a1"]  # type: ignore[attr-defined]


def test_after_a_person_looked_an_unknown_effect_may_be_tried_once_more(
    remote: Callable[..., World],
) -> None:
    world = remote(before=_raise(UnknownOutcome("no answer")))
    world.pipeline.propose(message(id="a1"))
    world.advance("a1")
    world.crm.before = lambda _: None  # type: ignore[attr-defined]
    world.approve("a1")
    assert world.advance("a1").state == "performed"
    assert world.rows("select outcome from effects") == [("done",)]


def _lose(world: World, action: str, clock: FixedClock) -> None:
    """Claim as a worker that then dies."""
    with world.store.write() as unit:
        stored = find_action(unit.conn, "default", action)
        assert stored is not None
        kept = open_review(unit.conn, world.store.vault, stored)
        assert kept is not None
        seen = person_version(unit.conn, "default", "c1")
        claim(unit, kept.action, owner="dead", now=clock.now(), seen=seen, outbound=True)


def test_a_lost_claim_is_looked_up_only_after_lease_and_settling(
    remote: Callable[..., World], clock: FixedClock
) -> None:
    world = remote()
    world.pipeline.propose(message(id="a1"))
    _lose(world, "a1", clock)
    assert world.advance("a1").state == "performing"
    clock.advance(timedelta(seconds=63))
    step = world.advance("a1")
    assert (step.state, world.pipeline.due()) == ("performing", [])
    clock.advance(timedelta(seconds=3))
    assert world.pipeline.due() == ["a1"]
    assert world.advance("a1").state == "performed"
    assert world.crm.effects() == ["a1"]  # type: ignore[attr-defined]


def test_a_found_marker_means_it_happened(
    remote: Callable[..., World], clock: FixedClock, tmp_path: Path
) -> None:
    world = remote()
    world.pipeline.propose(message(id="a1"))
    _lose(world, "a1", clock)
    (tmp_path / "sent.txt").write_text("a1\n")
    clock.advance(timedelta(seconds=70))
    assert world.advance("a1").state == "performed"
    assert world.crm.effects() == ["a1"]  # type: ignore[attr-defined]


def test_where_markers_cannot_be_looked_up_a_person_is_asked(
    remote: Callable[..., World], clock: FixedClock
) -> None:
    world = remote(looks_up_markers=False)
    world.pipeline.propose(message(id="a1"))
    _lose(world, "a1", clock)
    clock.advance(timedelta(seconds=70))
    assert world.advance("a1").state == "unknown"
    assert world.crm.effects() == []  # type: ignore[attr-defined]
    assert "unknown" in world.kinds("a1")


def test_an_effect_that_comes_after_its_claim_was_taken_away_is_only_noted(
    remote: Callable[..., World], clock: FixedClock
) -> None:
    world = remote(looks_up_markers=False)

    def slow(_: object) -> None:
        clock.advance(timedelta(seconds=70))
        assert world.advance("a1").state == "unknown"

    world.crm.after = slow  # type: ignore[attr-defined]
    world.pipeline.propose(message(id="a1"))
    assert world.advance("a1").state == "unknown"
    assert world.rows("select outcome from effects") == [("unknown",)]
    assert "note" in world.kinds("a1")
