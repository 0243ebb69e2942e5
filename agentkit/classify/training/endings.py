"""What stands under messages and says nothing about them: who sends, how to stop, who signs.

The law asks honest senders for such lines, and people sign. A head that has rarely seen them takes
an address for a disguise and an AI disclosure for an instruction to one; so a share of the rows is
learned a second time with an ending.
"""

# ruff: noqa: E501, ISC004  (an ending reads better unbroken)

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from agentkit.classify.training.data import PLAIN, Row

__all__ = ["with_endings"]

_SHARE: Final = 0.25
"""Share of the rows that are learned with an ending too."""
_SENT: Final = frozenset({"deception", "promotional", "bias", PLAIN})
"""Heads whose rows are what a business sends: these may carry what the law asks for."""

_ASKED_FOR: Final[dict[str, tuple[str, ...]]] = {
    "en": (
        "This message was written by an AI assistant.",
        "Written by our automated assistant; a colleague reads every reply.",
        "Reply STOP to opt out.",
        "Txt STOP to end",
        "You receive this because you signed up at our shop. Unsubscribe at any time: "
        "https://oakline.example/u",
        "Oakline Ltd, 12 Mill Lane, Leeds LS1 4AB. Company no. 0441207. Unsubscribe",
        "Harbour & Finch, 480 Pine Street, Portland, OR 97204. Manage preferences | Unsubscribe",
        "No longer interested? Change what you receive in your account.",
        "Sent by Ferndale Energy plc, registered in Scotland, SC200418.",
    ),
    "de": (
        "Diese Nachricht hat ein KI-Assistent geschrieben.",
        "Automatisch erstellt. Antworten liest ein Mensch.",
        "Kiefer & Co. GmbH, Hafenstr. 3, 24103 Kiel, HRB 20417. Abmelden: https://kiefer.example/ab",
        "Sie erhalten diese E-Mail, weil Sie unseren Newsletter bestellt haben. Abmelden jederzeit "
        "mit einem Klick.",
        "Abmelden: STOPP antworten",
        "Geschäftsführerin: Dr. Ilse Brandt, Sitz Jena. Impressum und Datenschutz auf brandt.example",
    ),
    "fr": (
        "Ce message a été rédigé par un assistant IA.",
        "STOP au 36111",
        "Vous recevez ce courriel car vous êtes inscrit à notre lettre. Se désinscrire",
        "Menuiserie Ardant SARL, 8 rue du Port, 44000 Nantes, RCS 441 207 000. Se désabonner",
        "Message automatique, un conseiller lit vos réponses.",
    ),
    "es": (
        "Este mensaje lo ha redactado un asistente de IA.",
        "Responda BAJA para no recibir más mensajes",
        "Recibe este correo porque se suscribió a nuestro boletín. Darse de baja",
        "Muebles Robledo S.L., calle Mayor 7, 28013 Madrid, CIF B00412070. Darse de baja aquí",
        "Mensaje automático; un compañero lee las respuestas.",
    ),
}  # fmt: skip
_ADVERTISED: Final[dict[str, tuple[str, ...]]] = {
    "en": (
        "This is an advertisement.",
        "This is an advertisement.\nTo stop these messages, reply with “unsubscribe”.",
    ),
    "de": (
        "Dies ist eine Werbung.",
        "Anzeige",
        "Dies ist eine Werbung.\nNordlicht Möbel\nKeine Werbung mehr? Antworten Sie mit „Abmelden“.",
    ),
    "fr": (
        "Ceci est une publicité.",
        "Publicité. Pour ne plus recevoir nos messages, répondez « désinscription ».",
    ),
    "es": (
        "Esto es publicidad.",
        "Publicidad. Para darse de baja, responda «baja».",
    ),
}
_SIGNED: Final[dict[str, tuple[str, ...]]] = {
    "en": (
        "Kind regards, Jo",
        "Best, Priya",
        "Sent from my phone",
        "This e-mail and any attachment are confidential and meant for the addressee only. If you "
        "have received it in error, please delete it.",
        "Please consider the environment before printing this e-mail.",
    ),
    "de": (
        "Mit freundlichen Grüßen\nT. Wolter",
        "VG Sabine",
        "Von meinem Handy gesendet",
        "Diese E-Mail ist vertraulich und nur für den Empfänger bestimmt.",
    ),
    "fr": (
        "Cordialement, L. Ferrand",
        "Bien à vous",
        "Envoyé de mon téléphone",
        "Ce message est confidentiel et destiné à son seul destinataire.",
    ),
    "es": (
        "Un saludo, Nuria",
        "Atentamente, R. Pons",
        "Enviado desde mi móvil",
        "Este correo es confidencial y va dirigido solo a su destinatario.",
    ),
}  # fmt: skip


def with_endings(rows: Sequence[Row], seed: int) -> list[Row]:
    """Copies of a share of the rows, each with an ending in its language; all it says stays so."""
    rng = random.Random(seed)  # noqa: S311  (a reproducible drawing)
    return [
        replace(row, text=f"{row.text}\n\n{rng.choice(_endings(row))}")
        for row in rows
        if row.lang in _SIGNED and rng.random() < _SHARE
    ]


def _endings(row: Row) -> tuple[str, ...]:
    """What may stand under a row: nothing calls an advertisement what is none."""
    if row.head not in _SENT:
        return _SIGNED[row.lang]
    asked_for = _ASKED_FOR[row.lang]
    if row.head == PLAIN:
        asked_for += _SIGNED[row.lang]
    honest = row.targets.get("promotional") != 0
    return asked_for + _ADVERTISED[row.lang] if honest else asked_for
