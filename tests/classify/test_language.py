"""The language identifier: four served languages, and the courage to say it is none of them."""

from __future__ import annotations

import pytest

from agentkit.classify.classifier import read_identifier
from agentkit.classify.language import SERVED, Identifier
from agentkit.classify.manifest import MODELS

SPOKEN = {
    "en": ["Please stop calling me at work.", "pls no more msgs thx", "lose my number"],
    "de": ["Bitte rufen Sie mich nicht mehr an", "keine Werbung mehr", "Kein Interesse"],
    "fr": ["je ne veux plus de vos mails", "Ne m'appelez plus le soir", "Désinscription"],
    "es": ["ya no me escribas mas", "dejen de llamarme", "Quiero darme de baja de la lista"],
}
FOREIGN = {
    "it": "Per favore non chiamatemi più a casa la sera",
    "nl": "Graag niet meer bellen, ik heb geen interesse",
    "pt": "Por favor não me ligue mais, não quero receber ofertas",
    "pl": "Proszę do mnie więcej nie dzwonić w tej sprawie",
    "sv": "Snälla ring mig inte igen, jag vill inte ha några erbjudanden",
    "ru": "Пожалуйста, больше мне не звоните",
    "ar": "من فضلك لا تتصل بي مرة أخرى",
    "ja": "もう電話しないでください",
}


@pytest.fixture(scope="module")
def identifier() -> Identifier:
    return read_identifier(MODELS / "language.npz")


@pytest.mark.parametrize("code", SERVED)
def test_served_languages_are_named(identifier: Identifier, code: str) -> None:
    assert identifier.identify(SPOKEN[code]) == [code] * len(SPOKEN[code])


@pytest.mark.parametrize("code", FOREIGN)
def test_a_foreign_text_is_never_taken_for_a_served_one(identifier: Identifier, code: str) -> None:
    assert identifier.identify([FOREIGN[code]])[0] not in SERVED


@pytest.mark.parametrize("text", ["", "   ", "12345", "👍", "...!?", "+49 170 1234567"])
def test_without_words_there_is_no_language(identifier: Identifier, text: str) -> None:
    assert identifier.identify([text]) == ["zxx"]


@pytest.mark.parametrize("text", ["STOP", "stop", "ok", "no", "yes pls", "STOPP"])
def test_a_keyword_is_served_rather_than_refused(identifier: Identifier, text: str) -> None:
    assert identifier.identify([text])[0] in SERVED


def test_a_batch_says_what_single_texts_say(identifier: Identifier) -> None:
    texts = [*(text for found in SPOKEN.values() for text in found), *FOREIGN.values()]
    assert identifier.identify(texts) == [identifier.identify([text])[0] for text in texts]
