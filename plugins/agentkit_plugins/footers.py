"""The lines that a law asks of every advertising message, in four languages.

They are written once, here: what is added to a message, and what is taken off again before its
words are scored. "Reply STOP to opt out" is a duty and no pressure, and a model cannot know that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from urllib.parse import quote

__all__ = ["DISCLOSURES", "Identity", "body_of", "footer"]

DISCLOSURES: Final = {
    "en": "This message was written by an AI assistant.",
    "de": "Diese Nachricht hat ein KI-Assistent geschrieben.",
    "fr": "Ce message a été rédigé par un assistant IA.",
    "es": "Este mensaje lo ha redactado un asistente de IA.",
}
_BY_REPLY: Final = {
    "en": "To stop these messages, reply with “unsubscribe”.",
    "de": "Keine Werbung mehr? Antworten Sie mit „Abmelden“.",
    "fr": "Pour ne plus recevoir nos offres, répondez « désabonner ».",
    "es": "Si no desea más publicidad, responda «baja».",
}
_BY_STOP: Final = {
    "en": "Reply STOP to opt out.",
    "de": "Abmelden: Antwort mit STOP.",
    "fr": "STOP pour se désabonner.",
    "es": "Baja: responda STOP.",
}
_BY_LINK: Final = {
    "en": "Unsubscribe: {url}",
    "de": "Abmelden: {url}",
    "fr": "Se désabonner : {url}",
    "es": "Darse de baja: {url}",
}
_ADVERTISING: Final = {
    "en": "This is an advertisement.",
    "de": "Dies ist eine Werbung.",
    "fr": "Ceci est une publicité.",
    "es": "Esto es publicidad.",
}
_COMMON: Final = frozenset({
    "reply stop to opt out", "text stop to opt out", "reply stop to unsubscribe",
    "to unsubscribe, reply stop", "unsubscribe at any time", "you can unsubscribe at any time",
    "sie können sich jederzeit abmelden", "zum abmelden mit stop antworten",
    "abmelden jederzeit möglich", "vous pouvez vous désabonner à tout moment", "stop au 36179",
    "puede darse de baja en cualquier momento",
})  # fmt: skip
"""Such lines as people write them, without the full stop."""
_SHORT: Final = frozenset({"sms", "whatsapp", "chat"})


@dataclass(frozen=True, slots=True)
class Identity:
    """Who sends, and where objections go.

    Attributes:
        sender: Name of the business or brand; empty where nobody said.
        postal_address: On one line; empty where nobody said.
        unsubscribe_url: ``https://...``, perhaps with ``{contact}`` in it; empty: by reply.
    """

    sender: str = ""
    postal_address: str = ""
    unsubscribe_url: str = ""

    def link(self, contact: str) -> str:
        """The link of one person; empty where there is none."""
        return self.unsubscribe_url.replace("{contact}", quote(contact, safe=""))

    @property
    def imprint(self) -> str:
        """Name and address on one line."""
        return ", ".join(part for part in (self.sender, self.postal_address) if part)


_NOBODY: Final = Identity()


def footer(
    duties: Sequence[str], language: str, channel: str, identity: Identity, contact: str
) -> str:
    """The lines for ``duties``: ``advertising``, ``sender``, ``postal_address``, ``opt_out``.

    Args:
        duties: What the message lacks; a duty that ``identity`` has nothing for is left out.
        language: ``en``, ``de``, ``fr`` or ``es``.
        channel: Texts and chats get the short form.
        identity: Of the sender.
        contact: Id of the recipient, for the link.
    """
    lines = [_ADVERTISING[language]] if "advertising" in duties else []
    lines += [_imprint(duties, identity)]
    lines += [_opt_out(language, channel, identity.link(contact))] if "opt_out" in duties else []
    return "\n".join(line for line in lines if line)


def _imprint(duties: Sequence[str], identity: Identity) -> str:
    if "postal_address" in duties:
        return identity.imprint if identity.postal_address else _imprint(["sender"], identity)
    return identity.sender if "sender" in duties else ""


def _opt_out(language: str, channel: str, link: str) -> str:
    if link:
        return _BY_LINK[language].format(url=link)
    return (_BY_STOP if channel in _SHORT else _BY_REPLY)[language]


def body_of(text: str, identity: Identity = _NOBODY, contact: str = "") -> str:
    """The text without the lines at its end that a law asks for.

    Only exact lines count: whoever writes pressure into such a line has it scored.

    Args:
        text: Of a message.
        identity: Of the sender; where nobody said, name and address are part of the letter.
        contact: Id of the recipient, for the link.
    """
    lines = text.splitlines(keepends=True)
    known = _known(identity, contact)
    while lines and _is_duty(lines[-1], known):
        lines.pop()
    return "".join(lines).rstrip() if len("".join(lines)) < len(text) else text


def _is_duty(line: str, known: frozenset[str]) -> bool:
    plain = line.strip()
    return not plain or plain in known or plain.lower().rstrip(".!") in _COMMON


@lru_cache(maxsize=1024)
def _known(identity: Identity, contact: str) -> frozenset[str]:
    tables = (DISCLOSURES, _BY_REPLY, _BY_STOP, _ADVERTISING)
    lines = {line for table in tables for line in table.values()}
    if identity.postal_address:  # a name alone is a signature, and belongs to the letter
        lines |= {identity.imprint, identity.postal_address}
    link = identity.link(contact)
    if link:
        lines |= {line.format(url=link) for line in _BY_LINK.values()}
    return frozenset(lines - {""})
