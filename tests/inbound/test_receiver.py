"""What comes in, from its words to what agents may do afterwards."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from agentkit.case import Operator
from agentkit.clock import FixedClock
from agentkit.consent import list_circumstances, withdraw
from agentkit.desk import lift_by_hand
from agentkit.errors import Conflict, Forbidden, InvalidAction, ModelError
from agentkit.inbound import read_inbound
from agentkit.ledger import seal
from agentkit.verdict import Ruling
from tests.inbound.conftest import BRAND, MAILBOX, NUMBER, OUTLET, Mailroom, shipped_model

ANNA = Operator("anna", frozenset(["operator"]))
CHIEF = Operator("chief", frozenset(["operator", "supervisor"]))
S2 = "Bitte streichen Sie mich aus dem Newsletter, die Rechnungen schicken Sie mir aber weiter."
UNSURE = "Kein Interesse, danke."
COMPLAINT = "Das ist unverschämt, ich beschwere mich offiziell über Ihren Service!"
DEATH = "Mein Mann ist gestern gestorben."


# S2, step 1


def test_a_german_newsletter_withdrawal_keeps_invoices_and_the_other_brand(
    mailroom: Mailroom,
) -> None:
    mailroom.grant(BRAND)
    mailroom.grant(OUTLET)
    waiting = mailroom.propose(id="waiting")
    invoice = mailroom.propose(id="invoice", purpose="service", text="Ihre Rechnung 4711.")
    outlet = mailroom.propose(OUTLET, id="outlet")
    states = {p.action.id: p.state for p in (waiting, invoice, outlet)}
    receipt = mailroom.receive(S2)
    assert receipt.done == ["withdrawn"]
    assert receipt.withdrawn is not None
    assert receipt.withdrawn["stopped"] == ["waiting"]
    assert mailroom.withdrawals() == [("c1", MAILBOX, "email", "marketing", BRAND)]
    status = mailroom.pipeline.status
    assert status("default", "waiting").state == "stopped"
    assert status("default", "invoice").state == states["invoice"]
    assert status("default", "outlet").state == states["outlet"]
    assert mailroom.judge().ruling is Ruling.DENY
    assert "objection-is-final" not in [f.article for f in mailroom.judge(sender=_of(OUTLET)).fired]


def _of(brand: str) -> Any:
    from agentkit.action import Sender

    return Sender(brand)


def test_the_policy_of_one_controller_withdraws_for_every_brand(
    tmp_path: Path, clock: FixedClock
) -> None:
    mailroom = Mailroom(tmp_path / "one", clock, shipped_model, withdrawal_scope="controller")
    mailroom.grant(OUTLET)
    mailroom.receive(S2)
    assert mailroom.withdrawals() == [("c1", MAILBOX, "email", "marketing", "")]
    assert "objection-is-final" in [f.article for f in mailroom.judge(sender=_of(OUTLET)).fired]
    mailroom.pipeline.close()


def test_both_clocks_are_shown_and_the_german_one_is_at_once(mailroom: Mailroom) -> None:
    clocks = mailroom.receive(S2).clocks
    assert clocks is not None
    assert clocks["legal"]["by"] == mailroom.clock.now()
    assert clocks["operator"]["by"] == mailroom.clock.now() + timedelta(days=2)


def test_the_american_clock_counts_business_days(mailroom: Mailroom) -> None:
    mailroom.add_contact("us", "joe@example.com", country="US", language="en")
    mailroom.clock.instant = datetime(2026, 11, 20, 15, tzinfo=UTC)
    clocks = mailroom.receive("Unsubscribe me please.", **{"from": "joe@example.com"}).clocks
    assert clocks is not None
    assert clocks["legal"]["by"] == datetime(2026, 12, 7, 15, tzinfo=UTC), "Thanksgiving is none"


def test_the_sentence_is_kept_as_proof_under_the_key_that_outlives_an_erasure(
    mailroom: Mailroom,
) -> None:
    mailroom.receive(f"Guten Tag,\n\n{S2}\n\nAnke Petersen")
    ((key, contact, proof),) = mailroom.rows("select id, contact, proof from inbound_messages")
    store = mailroom.pipeline.store
    with store.write() as unit:
        store.vault.forget(unit, "default", contact)
    with store.read() as conn:
        kept = store.vault.decrypt(conn, "default", contact, bytes(proof))
    assert kept == {"sentence": S2}
    assert mailroom.rows("select proof from consent_events where status = 'withdrawn'") == [
        (f"inbound:{key}",)
    ]


def test_nothing_personal_stands_in_a_clear_column(mailroom: Mailroom) -> None:
    mailroom.receive(f"{S2} Meine Katze heißt Mohrle.", subject="Abmeldung Petersen")
    mailroom.receive(f"{DEATH} Er hieß Ottokar.")
    mailroom.receive("Kein Interesse, danke, Mohrle.")
    tables = "inbound_messages", "circumstances", "entries", "actions", "cases"
    seen = "".join(str(row) for t in tables for row in mailroom.rows(f"select * from {t}"))
    for words in ("Mohrle", "Petersen", "Ottokar", "anke"):
        assert words not in seen


# S2, step 2


@pytest.mark.parametrize(
    "text", ["Bitte stornieren Sie Bestellung 4711", "please cancel my order 4711"]
)
@pytest.mark.parametrize("channel", ["email", "sms"])
def test_cancelling_an_order_is_no_withdrawal(mailroom: Mailroom, text: str, channel: str) -> None:
    sender = MAILBOX if channel == "email" else NUMBER
    receipt = mailroom.receive(text, channel=channel, **{"from": sender})
    assert receipt.done == ["ignored"]
    assert receipt.why
    assert mailroom.withdrawals() == []
    assert mailroom.rows("select id from circumstances") == []


def test_a_text_that_is_one_keyword_is_one(mailroom: Mailroom) -> None:
    receipt = mailroom.receive("CANCEL", channel="sms", **{"from": "040 123456"})
    assert receipt.done == ["withdrawn"]
    assert mailroom.withdrawals() == [("c1", NUMBER, "sms", "marketing", BRAND)]


def test_a_keyword_alone_in_a_mail_is_left_to_the_head(mailroom: Mailroom) -> None:
    assert mailroom.receive("Stop").done == ["case", "paused"]


# Repeated deliveries


def test_the_same_delivery_twice_is_dealt_with_once(mailroom: Mailroom) -> None:
    first = mailroom.receive(S2, id="msg-1")
    mailroom.clock.advance(timedelta(minutes=1))
    again = mailroom.receive(S2, id="msg-1")
    assert (again.done, again.message) == (["duplicate"], first.message)
    assert len(mailroom.rows("select id from inbound_messages")) == 1
    assert len(mailroom.withdrawals()) == 1


def test_the_same_content_under_another_id_is_a_repetition(mailroom: Mailroom) -> None:
    mailroom.receive(S2, id="msg-1")
    assert mailroom.receive(S2, id="msg-2").done == ["duplicate"]
    assert mailroom.receive(S2).done == ["duplicate"]


def test_an_id_that_a_provider_uses_again_loses_no_withdrawal(mailroom: Mailroom) -> None:
    mailroom.receive("Danke, das passt.", id="msg-1")
    assert mailroom.receive(S2, id="msg-1").done == ["withdrawn"]


def test_without_id_and_time_nothing_is_taken_for_a_repetition(mailroom: Mailroom) -> None:
    mailroom.receive("STOP", channel="sms", at="", **{"from": NUMBER})
    mailroom.clock.advance(timedelta(days=1))
    assert mailroom.receive("STOP", channel="sms", at="", **{"from": NUMBER}).done == ["withdrawn"]


def test_a_replayed_unsubscribe_post_records_one_withdrawal(mailroom: Mailroom) -> None:
    for n in range(3):
        receipt = mailroom.receive(type="list_unsubscribe", list="newsletter", id="post-9")
        assert receipt.done == [["withdrawn"], ["duplicate"]][n > 0]
    assert mailroom.withdrawals() == [("c1", MAILBOX, "email", "marketing", BRAND)]


# People and points


def test_an_unknown_senders_withdrawal_holds_for_whoever_has_the_point_later(
    mailroom: Mailroom,
) -> None:
    receipt = mailroom.receive("Unsubscribe me please.", **{"from": "new@example.org"})
    assert receipt.done == ["withdrawn"]
    assert receipt.contacts == ()
    assert mailroom.withdrawals() == [("", "new@example.org", "email", "marketing", BRAND)]
    mailroom.add_contact("c9", "new@example.org")
    assert "objection-is-final" in [f.article for f in mailroom.judge(subject="c9").fired]


def test_an_unknown_senders_uncertain_words_hold_whoever_has_the_point_later(
    mailroom: Mailroom,
) -> None:
    receipt = mailroom.receive(UNSURE, **{"from": "new@example.org"})
    assert receipt.done == ["case", "paused"]
    mailroom.add_contact("c9", "new@example.org")
    assert "undecided-wish-holds" in [f.article for f in mailroom.judge(subject="c9").fired]
    view = mailroom.pipeline.desk.case(receipt.cases[0])
    assert [t.text for t in view.conversation] == [UNSURE]


def test_everybody_who_shares_a_mailbox_is_held(mailroom: Mailroom) -> None:
    mailroom.add_contact("c2", MAILBOX)
    mailroom.receive(S2)
    assert {row[0] for row in mailroom.withdrawals()} == {"c1", "c2"}
    mailroom.receive(DEATH)
    assert mailroom.rows("select contact from circumstances order by 1") == [("c1",), ("c2",)]


def test_do_not_call_me_is_about_calls_of_every_purpose(mailroom: Mailroom) -> None:
    mailroom.receive("Don't call me any more.")
    assert mailroom.withdrawals() == [("c1", "", "phone", "", BRAND)]


def test_a_brand_that_the_line_lacks_is_read_from_what_was_answered(mailroom: Mailroom) -> None:
    mailroom.propose(OUTLET, id="sent")
    mailroom.receive(S2, brand="", in_reply_to="sent")
    assert mailroom.withdrawals()[0][-1] == OUTLET
    mailroom.clock.advance(timedelta(minutes=1))
    mailroom.receive("Abmelden", brand="", in_reply_to="no-such")
    assert mailroom.withdrawals()[-1][-1] == "", "not known: every brand"


# Uncertain


def test_an_uncertain_withdrawal_waits_for_a_person_and_holds_promotion(
    mailroom: Mailroom,
) -> None:
    mailroom.grant()
    receipt = mailroom.receive(UNSURE)
    assert receipt.done == ["case", "paused"]
    assert receipt.clocks is not None
    assert mailroom.withdrawals() == []
    held = mailroom.judge()
    assert held.ruling is Ruling.DEFER
    assert [f.article for f in held.fired] == ["undecided-wish-holds"]
    assert mailroom.judge(purpose="service").ruling is Ruling.ALLOW
    (summary,) = mailroom.pipeline.desk.list()
    assert summary.articles == ("revocation-unclear",)
    view = mailroom.pipeline.desk.case(summary.id)
    assert view.action is not None
    assert view.action.text == UNSURE
    assert "at once" in str(view.action.args["legal clock"])
    assert "two days" in str(view.action.args["operator clock"])
    assert "approve if they did" in view.articles[0].because


def test_an_operator_who_says_yes_records_it_as_of_the_message(mailroom: Mailroom) -> None:
    mailroom.grant()
    written = mailroom.clock.now()
    case = mailroom.receive(UNSURE).cases[0]
    mailroom.clock.advance(timedelta(hours=30))
    digest = mailroom.pipeline.desk.case(case).case.action_digest
    mailroom.pipeline.desk.approve(case, ANNA, digest, "they mean the newsletter")
    assert mailroom.withdrawals() == [("c1", MAILBOX, "email", "marketing", BRAND)]
    ((at,),) = mailroom.rows("select at from consent_events where status = 'withdrawn'")
    assert at == int(written.timestamp() * 1e6)
    assert "objection-is-final" in [f.article for f in mailroom.judge().fired]
    entries = mailroom.rows("select actor from entries where kind = 'consent' order by id")
    assert entries[-1] == ("operator:anna",)
    assert mailroom.pipeline.run_due() == []


def test_an_operator_who_says_no_ends_the_hold_and_records_no_withdrawal(
    mailroom: Mailroom,
) -> None:
    mailroom.grant()
    case = mailroom.receive(UNSURE).cases[0]
    digest = mailroom.pipeline.desk.case(case).case.action_digest
    mailroom.pipeline.desk.reject(case, ANNA, digest, "they meant one offer")
    assert mailroom.withdrawals() == []
    assert mailroom.judge().ruling is Ruling.ALLOW


def test_nobody_edits_what_a_person_wrote_or_answers_it_to_an_agent(mailroom: Mailroom) -> None:
    case = mailroom.receive(UNSURE).cases[0]
    digest = mailroom.pipeline.desk.case(case).case.action_digest
    with pytest.raises(InvalidAction, match="cannot be edited"):
        mailroom.pipeline.desk.edit(case, ANNA, digest, text="Ja bitte")
    with pytest.raises(InvalidAction, match="no agent waits"):
        mailroom.pipeline.desk.respond(case, ANNA, digest, "ok")
    assert mailroom.pipeline.desk.count() == 1


def test_silence_ends_no_hold(mailroom: Mailroom) -> None:
    mailroom.grant()
    mailroom.receive(UNSURE)
    mailroom.clock.advance(timedelta(days=90))
    mailroom.pipeline.desk.expire()
    assert mailroom.pipeline.desk.count() == 1
    assert mailroom.judge().ruling is not Ruling.ALLOW


def test_the_hold_of_an_open_case_is_decided_there(mailroom: Mailroom) -> None:
    receipt = mailroom.receive(UNSURE)
    store = mailroom.pipeline.store
    with store.read() as conn:
        (standing,) = list_circumstances(conn, store.vault, "default", mailroom.clock.now())
    assert standing.words == UNSURE
    with pytest.raises(Conflict, match=receipt.cases[0]):
        lift_by_hand(mailroom.pipeline.desk, standing.circumstance.id, CHIEF, "looked")
    assert mailroom.judge().ruling is not Ruling.ALLOW


def test_without_a_model_everything_that_is_no_keyword_goes_to_a_person(
    tmp_path: Path, clock: FixedClock
) -> None:
    def none() -> Any:
        raise ModelError("no model is installed")

    mailroom = Mailroom(tmp_path / "bare", clock, none)
    assert mailroom.receive(S2).done == ["case", "paused"]
    assert mailroom.receive("STOP", channel="sms", **{"from": NUMBER}).done == ["withdrawn"]
    mailroom.pipeline.close()


def test_a_language_that_is_not_served_goes_to_a_person(mailroom: Mailroom) -> None:
    receipt = mailroom.receive("Proszę o usunięcie mnie z listy mailingowej, dziękuję bardzo.")
    assert receipt.done == ["case", "paused"]


def test_doubt_about_what_is_withdrawn_already_is_no_case(mailroom: Mailroom) -> None:
    mailroom.receive(S2)
    assert mailroom.receive(UNSURE).done == ["ignored"]


def test_a_plain_no_answers_the_open_question_about_an_unclear_one(mailroom: Mailroom) -> None:
    case = mailroom.receive(UNSURE).cases[0]
    other = mailroom.receive(UNSURE, brand=OUTLET).cases[0]
    mailroom.receive(S2)
    view = mailroom.pipeline.desk.case(case)
    assert view.case.state == "withdrawn"
    assert "withdrew consent: email" in view.ended
    assert mailroom.pipeline.desk.case(other).case.state == "open"
    standing = mailroom.rows("select count(*) from circumstances group by event order by event")
    assert standing == [(1,), (2,)]


@pytest.mark.parametrize(
    "text",
    [
        "I do not want to unsubscribe",
        "If you keep sending this I will unsubscribe",
        "Please send fewer mails",
        "Keine Anrufe mehr heute, bin im OP. Morgen geht.",
        "Please cancel my subscription to the premium plan",
    ],
)
def test_a_contrary_reading_is_never_certain(mailroom: Mailroom, text: str) -> None:
    assert "withdrawn" not in mailroom.receive(text).done


# Rights


def test_deleting_data_is_a_request_for_a_person_and_no_withdrawal_alone(
    mailroom: Mailroom,
) -> None:
    mailroom.grant()
    receipt = mailroom.receive("Bitte löschen Sie mein Konto.")
    assert receipt.done == ["case", "paused"]
    assert mailroom.withdrawals() == []
    assert receipt.clocks is not None
    assert receipt.clocks["legal"]["by"] == mailroom.clock.now() + timedelta(days=30)
    (summary,) = mailroom.pipeline.desk.list()
    assert summary.articles == ("rights-request",)
    assert mailroom.judge().ruling is Ruling.DEFER
    mailroom.pipeline.desk.approve(summary.id, ANNA, summary.action_digest)
    assert mailroom.judge().ruling is Ruling.DEFER, "until a person has seen to it"


def test_an_objection_to_everything_does_not_take_the_request_off_the_desk(
    mailroom: Mailroom,
) -> None:
    mailroom.receive("Bitte löschen Sie mein Konto.")
    with mailroom.pipeline.store.write() as unit:
        withdraw(unit, "default", "c1", now=mailroom.clock.now())
    assert [c.articles for c in mailroom.pipeline.desk.list()] == [("rights-request",)]


# Confirmation


def test_one_confirmation_without_promotion_is_proposed_within_five_minutes(
    mailroom: Mailroom,
) -> None:
    receipt = mailroom.receive("STOP", channel="sms", **{"from": NUMBER})
    assert receipt.confirmation is not None
    action = receipt.confirmation["action"]
    stored = mailroom.pipeline.status("default", action)
    assert (stored.kind, stored.purpose, stored.channel) == ("message.send", "service", "sms")
    assert stored.deadline == mailroom.clock.now() + timedelta(minutes=5)
    assert stored.state == "allowed"
    mailroom.clock.advance(timedelta(seconds=30))
    again = mailroom.receive("STOP", channel="sms", **{"from": NUMBER})
    assert again.confirmation == {
        "state": "none", "why": "it was withdrawn before: there is never a second confirmation",
    }  # fmt: skip


def test_a_confirmation_is_in_the_language_of_the_message(mailroom: Mailroom) -> None:
    mailroom.receive("Please stop sending me newsletters, but I still need the invoices.")
    mailroom.clock.advance(timedelta(minutes=1))
    sent = mailroom.pipeline.run_due()
    mailroom.clock.advance(timedelta(minutes=1))
    assert [n.state for _, n in sent] == ["performed"]
    case = mailroom.receive(UNSURE, **{"from": NUMBER, "channel": "sms"}).cases[0]
    turns = mailroom.pipeline.desk.case(case).conversation
    assert [t.who for t in turns] == ["person", "us", "person"]
    assert turns[1].text.startswith("You will receive no more promotional messages from Nordlicht")


def test_after_five_minutes_there_is_none(mailroom: Mailroom) -> None:
    late = (mailroom.clock.now() - timedelta(minutes=5)).isoformat()
    receipt = mailroom.receive("STOP", channel="sms", at=late, **{"from": NUMBER})
    assert receipt.done == ["withdrawn"]
    assert receipt.confirmation is not None
    assert "action" not in receipt.confirmation


def test_a_complaint_and_a_one_click_post_are_never_answered(mailroom: Mailroom) -> None:
    for kind in ("complaint", "list_unsubscribe"):
        receipt = mailroom.receive(type=kind, id=kind)
        assert receipt.confirmation is not None
        assert "action" not in receipt.confirmation


# Bounces and complaints


@pytest.mark.parametrize(
    ("fields", "done"),
    [
        ({"bounce": "hard"}, ["suppressed"]),
        ({"status": "5.1.1"}, ["suppressed"]),
        ({"bounce": "soft"}, ["ignored"]),
        ({"status": "4.2.1"}, ["ignored"]),
        ({"status": "5.2.2"}, ["ignored"]),
        ({"status": "5.7.1"}, ["ignored"]),
        ({}, ["ignored"]),
    ],
)
def test_only_a_hard_bounce_suppresses_the_point(
    mailroom: Mailroom, fields: dict[str, str], done: list[str]
) -> None:
    assert mailroom.receive(type="bounce", **fields).done == done
    found = mailroom.rows("select channel, purpose, reason from suppressions")
    assert found == ([("email", "", "bounce")] if done == ["suppressed"] else [])


def test_a_complaint_withdraws_promotion_and_suppresses(mailroom: Mailroom) -> None:
    mailroom.grant()
    mailroom.propose(id="waiting")
    receipt = mailroom.receive(type="complaint")
    assert receipt.done == ["withdrawn", "suppressed"]
    assert mailroom.pipeline.status("default", "waiting").state == "stopped"
    assert mailroom.rows("select channel, purpose, brand, reason from suppressions") == [
        ("email", "marketing", "", "complaint")
    ]


# Later


def test_call_me_friday_defers_calls_until_then_in_the_persons_zone(mailroom: Mailroom) -> None:
    receipt = mailroom.receive("Rufen Sie mich am Freitag an")
    friday = datetime.fromisoformat("2026-11-20T00:00:00+01:00")
    assert (receipt.done, receipt.until) == (["deferred"], friday)
    call = mailroom.judge(kind="call.place", channel="phone", purpose="service", text="")
    assert call.ruling is Ruling.DEFER
    assert call.until == friday
    mailroom.clock.instant = friday.astimezone(UTC) + timedelta(hours=9)
    later = mailroom.judge(kind="call.place", channel="phone", purpose="service", text="")
    assert later.ruling is Ruling.ALLOW


def test_not_tomorrow_but_friday_is_no_withdrawal(mailroom: Mailroom) -> None:
    receipt = mailroom.receive("don't call me tomorrow, call Friday")
    assert receipt.done == ["deferred"]
    assert mailroom.withdrawals() == []


# Circumstances


def test_a_death_pauses_promotion_by_every_agent_and_lapses(mailroom: Mailroom) -> None:
    mailroom.grant()
    receipt = mailroom.receive(f"Hallo.\n{DEATH}\nGruß")
    assert receipt.done == ["paused"]
    assert [c["kind"] for c in receipt.circumstances] == ["bereavement"]
    for agent in ("outreach", "another"):
        assert mailroom.judge(agent=agent).ruling is Ruling.DENY
    assert mailroom.judge(purpose="service").ruling is Ruling.ALLOW
    mailroom.clock.advance(timedelta(days=181))
    assert mailroom.judge().ruling is Ruling.ALLOW


def test_a_complaint_in_words_pauses_promotion_until_it_is_lifted(mailroom: Mailroom) -> None:
    mailroom.grant()
    mailroom.receive(COMPLAINT)
    assert "no-promotion-in-a-quarrel" in {f.article for f in mailroom.judge().fired}
    store, desk = mailroom.pipeline.store, mailroom.pipeline.desk
    with store.read() as conn:
        (standing,) = list_circumstances(conn, store.vault, "default", mailroom.clock.now())
    assert (standing.words, standing.contact) == (COMPLAINT, "c1")
    with pytest.raises(InvalidAction, match="reason"):
        lift_by_hand(desk, standing.circumstance.id, ANNA, " ")
    lift_by_hand(desk, standing.circumstance.id, ANNA, "settled by phone")
    assert mailroom.judge().ruling is Ruling.ALLOW
    kinds = [r[0] for r in mailroom.rows("select kind from entries where kind = 'circumstance'")]
    assert len(kinds) == 2


def test_who_may_lift_it_depends_on_what_it_is(mailroom: Mailroom) -> None:
    mailroom.receive(DEATH)
    ((id_,),) = mailroom.rows("select id from circumstances")
    with pytest.raises(Forbidden, match="supervisor"):
        lift_by_hand(mailroom.pipeline.desk, id_, ANNA, "long ago")
    lift_by_hand(mailroom.pipeline.desk, id_, CHIEF, "long ago")
    assert mailroom.rows("select event from circumstances order by event") == [
        ("lifted",), ("set",),
    ]  # fmt: skip


def test_a_circumstance_that_comes_between_judging_and_performing_stops_it(
    mailroom: Mailroom,
) -> None:
    mailroom.grant()
    assert mailroom.propose(id="soon").state == "allowed"
    mailroom.receive(DEATH)
    mailroom.pipeline.run_due()
    assert mailroom.pipeline.status("default", "soon").state == "denied"


# Quoted and hostile texts


QUOTED: Callable[[str, str], str] = (
    "{}\n\nAm Mo., 16. Nov. 2026 um 09:00 schrieb Nordlicht:\n{}".format
)


def test_the_quoted_marketing_mail_says_nothing_for_the_person(mailroom: Mailroom) -> None:
    quoted = "> Keine Werbung mehr? Hier abmelden.\n> Unsubscribe me"
    assert mailroom.receive(QUOTED("Danke, das passt.", quoted)).done == ["ignored"]
    unmarked = "Keine Werbung mehr? Hier abmelden. Unsubscribe me."
    assert mailroom.receive(QUOTED("Danke, das passt.", unmarked)).done == ["ignored"]


def test_words_above_a_quoted_mail_count(mailroom: Mailroom) -> None:
    assert mailroom.receive(QUOTED(S2, "> Neue Sofas!")).done == ["withdrawn"]
    mailroom.clock.advance(timedelta(minutes=10))
    case = mailroom.receive(QUOTED(UNSURE, "> Neue Sofas!"), brand=OUTLET).cases[0]
    turns = mailroom.pipeline.desk.case(case).conversation
    wrote = [turn.text for turn in turns if turn.who == "person"]
    assert wrote == [S2, UNSURE], "without what they answered"


def test_a_mail_that_is_nothing_but_quoted_goes_to_a_person(mailroom: Mailroom) -> None:
    assert mailroom.receive(QUOTED("", "Neue Sofas!\nBitte abmelden")).done == ["case", "paused"]
    assert mailroom.receive(QUOTED("", "> Neue Sofas!")).done == ["ignored"]


def test_a_subject_alone_is_read_where_there_is_no_text(mailroom: Mailroom) -> None:
    assert mailroom.receive("", subject="Unsubscribe").done == ["withdrawn"]
    assert mailroom.receive("", subject="Re: Abmelden leicht gemacht").done == ["ignored"]


def test_hidden_characters_hide_no_stop(mailroom: Mailroom) -> None:
    receipt = mailroom.receive("S\u200bT\u2060O\u200dP\u202e", channel="sms", **{"from": NUMBER})
    assert receipt.done == ["withdrawn"]


def test_a_megabyte_is_kept_and_the_unread_rest_is_doubted(mailroom: Mailroom) -> None:
    receipt = mailroom.receive("Guten Tag, wie geht es Ihnen? " * 40_000)
    assert receipt.done == ["case", "paused"]
    assert "were kept" in receipt.why
    start = mailroom.receive(S2 + "\n" + "x" * 999_000, id="2")
    assert start.done == ["withdrawn"]


@pytest.mark.parametrize("text", ["\x00\ud800STOP", "🙏🙏🙏", "   ", "<" * 200_000, "On " * 50_000])
def test_odd_texts_are_answered(mailroom: Mailroom, text: str) -> None:
    assert mailroom.receive(text).done


# Time


def test_a_message_from_the_future_or_the_distant_past_counts_from_now(mailroom: Mailroom) -> None:
    mailroom.grant()
    for at in ("2031-01-01T00:00:00Z", "1970-01-01T00:00:00Z"):
        mailroom.receive(type="stop", at=at)
    found = {r[0] for r in mailroom.rows("select at from consent_events where status='withdrawn'")}
    assert found == {int(mailroom.clock.now().timestamp() * 1e6)}


# The desk


def test_an_open_case_whose_person_writes_stop_is_withdrawn_and_says_why(
    mailroom: Mailroom,
) -> None:
    mailroom.grant(channel="sms")
    proposal = mailroom.propose(
        id="pushy", channel="sms", confidence=0.1, text="Nur heute! (KI-System)"
    )
    assert proposal.state == "escalated"
    mailroom.receive("STOPP", channel="sms", **{"from": NUMBER})
    view = mailroom.pipeline.desk.case(proposal.case)
    assert view.case.state == "withdrawn"
    assert view.ended.startswith("the person withdrew consent: sms, marketing, Nordlicht Möbel")
    assert view.conversation[-1].text == "STOPP"
    with pytest.raises(Conflict, match="withdrew consent: sms"):
        mailroom.pipeline.desk.approve(proposal.case, CHIEF, view.case.action_digest)


def test_an_operator_who_had_approved_is_told_why_it_was_stopped(mailroom: Mailroom) -> None:
    mailroom.grant()
    proposals = [
        mailroom.propose(id=f"p{n}", confidence=0.1, text=f"Regal {n} (KI-System)") for n in (1, 2)
    ]
    desk = mailroom.pipeline.desk
    for proposal in proposals:
        desk.approve(proposal.case, CHIEF, proposal.action.digest)
    receipt = mailroom.receive(S2)
    assert receipt.withdrawn is not None
    assert receipt.withdrawn["stopped"] == ["p1", "p2"]
    for proposal in proposals:
        view = desk.case(proposal.case)
        assert (view.case.state, view.state) == ("decided", "stopped")
        assert "withdrew consent: email, marketing" in view.ended


def test_the_ledger_holds_an_entry_of_each_message_and_verifies(mailroom: Mailroom) -> None:
    from agentkit.ledger import verify

    for text in (S2, DEATH, "Danke."):
        mailroom.receive(text)
    assert len(mailroom.rows("select id from entries where kind = 'inbound'")) == 3
    while seal(mailroom.pipeline.store):
        pass
    assert verify(mailroom.pipeline.store, mailroom.settings.home).ok


# Bad lines


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({}, "type"),
        ({"type": "reply"}, "from"),
        ({"type": "reply", "from": "nobody"}, "neither an address nor a number"),
        ({"type": "replay", "from": MAILBOX}, "must be one of"),
        ({"type": "reply", "from": MAILBOX, "text": ["x"]}, "must be text"),
        ({"type": "reply", "from": MAILBOX, "at": "yesterday"}, "`at`"),
        ({"type": "reply", "from": MAILBOX, "at": "2026-11-16T10:00:00"}, "no time zone"),
        ({"type": "reply", "from": MAILBOX, "brnd": "x"}, "brnd"),
    ],
)
def test_a_bad_line_says_what_is_wrong(row: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidAction, match=message):
        read_inbound(row, "default")
