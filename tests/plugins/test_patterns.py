"""Patterns as facts: subject line, tone, pressure, hidden text; and the articles of truthful."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from agentkit.action import Observation, Sender
from agentkit.agent import Agent
from agentkit.context import Circumstance, Person, Touch
from agentkit.evidence import Unknown
from agentkit.verdict import Review, Ruling
from agentkit_plugins import deception
from tests.plugins.shop import DISCLOSED, NOON, act, context, facts, person, shop

WROTE = Touch("message.send", "email", "service", NOON - timedelta(days=3))
SHOP = {"product": {"stock": 400, "price": 1290.0, "currency": "EUR"}}
GRIEF = (Observation("mail", "I am in despair, my husband died last week."),)


def seen(text: str, subject: str = "", who: Person | None = None, **fields: Any) -> dict[str, Any]:
    args = {"subject_line": subject} if subject else {}
    return facts(deception, act(text=text, args=args, **fields), context(who or person()))


def judged(text: str, subject: str = "", who: Person | None = None, **fields: Any) -> Review:
    args = {"subject_line": subject} if subject else {}
    gate = shop(who or person(), constitutions=("truthful",))
    return gate.review(act(text=text, args=args, purpose="service", **fields))


def fired(review: Review) -> set[str]:
    return {f.article for f in review.verdict.fired}


@pytest.mark.parametrize("mark", ["Re:", "RE: ", "AW:", "Antw: ", "RV: ", "Rép : ", "Fwd: ", "WG:"])
def test_a_reply_needs_something_to_reply_to(mark: str) -> None:
    subject = f"{mark} your question"
    assert seen("Hello.", subject)["truth.subject"] == "false_reply"
    assert seen("Hello.", subject, person(history=(WROTE,)))["truth.subject"] == "plain"
    assert seen("Hello.", subject, person(asked=NOON))["truth.subject"] == "plain"
    read = (Observation("mail", "A question."),)
    assert seen("Hello.", subject, observations=read)["truth.subject"] == "plain"


def test_whether_there_was_a_message_is_not_guessed_for_service_mails() -> None:
    assert seen("Hello.", "Re: your order 5", purpose="service")["truth.subject"] != "false_reply"
    known = Person(person().contact, history_known=True)
    assert seen("Hi.", "Re: tea", known, purpose="service")["truth.subject"] == "false_reply"


@pytest.mark.parametrize(
    ("subject", "lies", "honest"),
    [
        ("Invoice 4711", "New sofas are here, come and look.", "The amount is due on Friday."),
        ("Ihre Rechnung", "Neue Sofas sind da.", "Bitte zahlen Sie den Betrag."),
        ("Facture impayée", "Venez voir nos canapés.", "Le montant reste à régler."),
        ("Factura pendiente", "Venga a ver los sofás.", "El importe está sin pagar."),
        ("Final notice", "New sofas are here.", "This concerns the debt; our lawyer wrote."),
        ("Your parcel is waiting", "New sofas are here.", "The courier will deliver it."),
        ("Security alert", "New sofas are here.", "Someone tried to sign in."),
    ],
)
def test_a_subject_that_announces_what_the_body_is_not(
    subject: str, lies: str, honest: str
) -> None:
    assert seen(lies, subject)["truth.subject"] == "false_document"
    assert seen(honest, subject)["truth.subject"] == "plain"


def test_no_subject_is_none_and_a_plain_one_is_plain() -> None:
    assert seen("Hello.")["truth.subject"] == "none"
    assert seen("Hello.", "Our autumn catalogue")["truth.subject"] == "plain"


def test_pressure_cheer_and_hidden_text_need_no_model() -> None:
    found = seen("Great news! Last chance to come. <div style='display:none'>secret words</div>")
    assert found["truth.pressing"] is True
    assert found["truth.cheerful"] is True
    assert found["truth.hidden_text"] is True
    plain = seen("<p>The sofa is here.</p><!-- build 5 --><style>p{}</style>")
    names = ("truth.pressing", "truth.cheerful", "truth.hidden_text")
    assert [plain[n] for n in names] == [False] * 3


def test_a_language_that_nobody_reads_leaves_the_claims_unknown() -> None:
    found = seen("xyzzy xyzzy xyzzy")
    names = ("truth.contradicted", "truth.unsupported", "truth.claims")
    assert all(isinstance(found[n], Unknown) for n in names)
    assert judged("xyzzy xyzzy xyzzy").verdict.ruling is Ruling.ESCALATE


def test_every_claim_is_counted_once_whatever_comes_of_it() -> None:
    text = "It costs €1,290. Only 2 left! As an existing customer you know it."
    found = seen(text, "Only 2 left", person(records=SHOP))
    assert found["truth.claims"] == ("price", "relationship", "stock", "stock")


def test_pressing_somebody_in_distress_is_refused_unless_the_pressure_goes() -> None:
    text = "We are sorry. The sofa is in our shop. Last chance, come and see it." + DISCLOSED
    review = judged(text, observations=GRIEF)
    assert "pressure-on-vulnerable" not in fired(review)
    assert "Last chance" not in review.action.text
    first = review.verdict.revisions[0]
    assert "pressure-on-vulnerable" in first.articles
    assert "fairness" in first.principles
    bare = judged("Last chance, act now!" + DISCLOSED, observations=GRIEF)
    assert bare.verdict.ruling is Ruling.DENY


@pytest.mark.parametrize(
    ("kind", "article"),
    [("bereavement", "pressure-on-vulnerable"), ("hardship", "pressure-on-vulnerable")],
)
def test_a_recorded_circumstance_counts_as_what_the_person_wrote(kind: str, article: str) -> None:
    who = Person(person().contact, circumstances=(Circumstance(kind, NOON),))
    pressed = judged("Last chance, act now!" + DISCLOSED, who=who)
    assert article in fired(pressed)
    assert pressed.verdict.ruling is Ruling.DENY
    cheered = judged("Youpi, yay!" + DISCLOSED, who=who)
    assert "tone-does-not-fit" in fired(cheered)


def test_cheer_does_not_answer_grief() -> None:
    text = "Great news! The sofa is in our shop, and we keep it for you." + DISCLOSED
    review = judged(text, observations=GRIEF)
    assert "tone-does-not-fit" not in fired(review)
    assert "!" not in review.action.text
    assert "Great news" not in review.action.text
    assert "tone-does-not-fit" not in fired(judged(text))


def test_a_reply_to_nothing_loses_its_mark() -> None:
    known = Person(person().contact, history_known=True)
    review = judged("New sofas are in our shop." + DISCLOSED, "Re: new sofas", known)
    assert review.verdict.ruling is Ruling.ALLOW
    assert review.action.args["subject_line"] == "New sofas"


def test_a_false_invoice_goes_to_a_person() -> None:
    review = judged("New sofas are in our shop." + DISCLOSED, "Invoice 4711")
    assert fired(review) == {"subject-announces-another"}
    assert review.verdict.ruling is Ruling.ESCALATE


def test_hidden_text_is_taken_out() -> None:
    text = "<p>New sofas are in our shop.</p><div hidden>buy, buy, buy</div>" + DISCLOSED
    review = judged(text)
    assert review.verdict.ruling is Ruling.ALLOW
    assert "buy" not in review.action.text


def test_writing_as_somebody_else_is_refused_and_no_rewrite_cures_it() -> None:
    text = "Hello, this is Mara from Nordlicht. The sofa is here." + DISCLOSED
    assert judged(text, sender=Sender("Nordlicht")).verdict.ruling is Ruling.ALLOW
    review = judged(text, sender=Sender("Ostlicht"))
    assert review.verdict.ruling is Ruling.DENY
    assert "sender-is-another" in fired(review)


def test_a_name_that_is_not_in_the_charter_is_impersonation() -> None:
    agent = Agent(
        "a", kinds=frozenset({"message.send"}), channels=frozenset({"email"}),
        purposes=frozenset({"service"}), sender_names=("Mara Lindt",),
    )  # fmt: skip
    gate = shop(person(), constitutions=("truthful",), agents=(agent,))
    good = "The sofa is here." + DISCLOSED + "\n\nKind regards,\n"
    assert (
        gate.review(act(text=good + "Mara Lindt", purpose="service")).verdict.ruling is Ruling.ALLOW
    )
    other = gate.review(act(text=good + "Dr. John Smith", purpose="service"))
    assert "unknown-signature" in fired(other)
