"""One German customer, from the newsletter to the erasure: six steps in one life."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from agentkit.clock import FixedClock
from agentkit.crm.importing import import_contacts
from agentkit.ledger import checkpoint, seal, verify
from agentkit.rights import erase, open_store, proofs_of
from agentkit.settings import Settings
from agentkit.store import Store
from agentkit.verdict import Ruling
from tests.inbound.conftest import BRAND, MAILBOX, NUMBER, OUTLET, Mailroom, shipped_model
from tests.rights.people import found_in
from tests.rights.test_erasure import backup, restore

WITHDRAWS = (
    "Bitte streichen Sie mich aus dem Newsletter, die Rechnungen schicken Sie mir aber weiter."
)
SECRETS = ("Anke Petersen", MAILBOX, NUMBER, "streichen Sie mich", "Sofas bis Sonntag")


def at(day: int, hour: int = 10) -> datetime:
    return datetime.fromisoformat(f"2026-11-{day:02}T{hour:02}:02:00+01:00")


@pytest.fixture
def anke(tmp_path: Path) -> Iterator[Mailroom]:
    mailroom = Mailroom(tmp_path / "home", FixedClock(at(16)), shipped_model)
    mailroom.grant(BRAND)
    mailroom.grant(OUTLET)
    yield mailroom
    mailroom.pipeline.close()


def says_no_to_the_newsletter_and_yes_to_invoices(anke: Mailroom) -> None:
    waiting = [anke.propose(id=f"news-{number}").action.id for number in (1, 2)]
    invoice = anke.propose(id="invoice", purpose="service", text="Ihre Rechnung 4711 liegt bei.")
    receipt = anke.receive(WITHDRAWS)
    assert receipt.withdrawn is not None
    assert sorted(receipt.withdrawn["stopped"]) == waiting
    assert anke.withdrawals() == [("c1", MAILBOX, "email", "marketing", BRAND)]
    assert anke.pipeline.status("default", "invoice").state == invoice.state
    assert anke.judge().ruling is Ruling.DENY


def cancels_an_order_by_mail_and_texts_by_one_word(anke: Mailroom) -> None:
    for text in ("Bitte stornieren Sie Bestellung 4711", "please cancel my order 4711"):
        assert anke.receive(text).withdrawn is None
    assert anke.receive("CANCEL", channel="sms", **{"from": NUMBER}).withdrawn is not None
    assert sorted(row[2] for row in anke.withdrawals()) == ["email", "sms"]


def gets_her_invoice_without_the_advertisement(anke: Mailroom) -> None:
    text = (
        "Guten Tag Frau Petersen, anbei Ihre Rechnung 4711 über 310,00 EUR, zahlbar bis zum "
        "30.11.2026.\nUnd: 20 % auf Sofas bis Sonntag!\nDiese Nachricht ist automatisch erstellt."
    )
    proposal = anke.propose(id="mixed", purpose="service", text=text)
    assert proposal.state == "allowed"
    assert proposal.review is not None
    assert "Rechnung 4711" in proposal.review.action.text
    assert "20 %" not in proposal.review.action.text
    assert proposal.review.verdict.revisions


def is_not_subscribed_by_a_file(anke: Mailroom, tmp_path: Path) -> None:
    path = tmp_path / "contacts.csv"
    path.write_text(
        "Record ID,Email,Country,Unsubscribed from all email,subscribed\n"
        f"c1,{MAILBOX},Germany,false,TRUE\n"
    )
    report = import_contacts(anke.pipeline.store, "default", path)
    assert report.kept == 1
    assert anke.judge().ruling is Ruling.DENY


def is_forgotten(store: Store, home: Path) -> None:
    assert found_in(home, SECRETS), "the search finds what is there"
    done = erase(store, "default", "c1", actor="operator:dora")
    assert done.proof_until is not None
    store.purge()
    while seal(store):
        pass
    checkpoint(store, home)
    assert found_in(home, SECRETS) == []
    assert verify(store, home).ok
    (proof,) = proofs_of(store, "default", "c1")
    assert proof.events


def stays_forgotten(home: Path, clock: FixedClock, tmp_path: Path) -> None:
    again = open_store(Settings(home=home), clock)
    try:
        assert found_in(home, SECRETS) == [], "applied again after the restore"
        path = tmp_path / "again.csv"
        path.write_text(f"Record ID,Email,Country\n9,{MAILBOX.upper()},Germany\n")
        report = import_contacts(again, "default", path)
        assert report.added == 0
        assert "objection is on file" in report.problems[0].reason
        assert found_in(home, SECRETS) == []
        assert "checkpoint" in str(verify(again, home)), "what the backup lacks was signed"
    finally:
        again.close()


def test_a_german_customer_from_the_newsletter_to_the_erasure(
    anke: Mailroom, tmp_path: Path
) -> None:
    says_no_to_the_newsletter_and_yes_to_invoices(anke)
    cancels_an_order_by_mail_and_texts_by_one_word(anke)
    anke.clock.instant = at(18)
    gets_her_invoice_without_the_advertisement(anke)
    anke.clock.instant = at(20)
    is_not_subscribed_by_a_file(anke, tmp_path)
    anke.clock.instant = at(22)
    home, store = anke.settings.home, anke.pipeline.store
    kept = backup(home, tmp_path)
    anke.clock.instant = at(23)
    is_forgotten(store, home)
    anke.pipeline.close()
    restore(store, home, kept)
    anke.clock.instant = at(30)
    stays_forgotten(home, anke.clock, tmp_path)
