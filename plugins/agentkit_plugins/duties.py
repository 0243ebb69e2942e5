"""What an advertising message must carry: who sends it, from where, and how to stop it.

    [plugins.duties]
    sender = "Nordlicht Möbel"
    postal_address = "Hafenstr. 1, 20457 Hamburg"
    unsubscribe_url = "https://nordlicht.example/stop?c={contact}"

    [plugins.duties.brands."Nordlicht Outlet"]
    postal_address = "Am Kai 7, 20457 Hamburg"

An opt-out by reply can be added without any of these, and so can the sender's name where the
action names a brand. A postal address cannot be made up: without ``[plugins.duties]`` its absence
is recorded and binds nobody; with it, what is still missing escalates and says which setting to
fill.
"""

from __future__ import annotations

import re
from typing import Final

from agentkit import Action, Context, Evidence, Manifest, Verdict, fact, hookimpl
from agentkit_plugins.as_marketing import may_stay
from agentkit_plugins.footers import Identity, footer
from agentkit_plugins.phrases import fold, place_of
from agentkit_plugins.promotion import is_mixed
from agentkit_plugins.purposes import SERVICE_PURPOSES
from agentkit_plugins.revise import language_of
from agentkit_plugins.senders import DutySettings, configured, identity_of, introduce, words_of
from agentkit_plugins.signatures import signature

__all__ = ["Message"]

_HTTPS: Final = re.compile(r"<https://[^\s<>]{1,2000}>")
_OPT_OUTS: Final = (
    "unsubscribe", "opt out", "opt-out", "reply stop", "text stop", "stop to end",
    "no longer wish to receive", "email preferences", "want no more offers", "no more of these",
    "keine angebote mehr", "keine werbung mehr", "keine solchen nachrichten mehr",
    "ne voulez plus recevoir", "ne souhaitez plus recevoir", "no quiere recibir más",
    "no desea recibir más",
    "abmelden", "abbestellen", "abmeldung", "austragen", "antwort mit stop", "widersprechen",
    "désabonner", "désabonnement", "désinscrire", "désinscription", "répondez stop", "stop au",
    "darse de baja", "darte de baja", "responda stop", "responda baja", "responda «baja»",
    "cancelar la suscripción",
)  # fmt: skip
"""A way to object, in the words of the message."""
_ADVERTISING: Final = (
    "advertisement", "advertising", "promotion", "promotional", "this is an ad", "sponsored",
    "werbung", "anzeige", "werbeanzeige", "publicité", "communication commerciale", "publicidad",
    "comunicación comercial",
)  # fmt: skip
_STREET: Final = re.compile(
    r"\b\d{1,5}[a-z]?,? (?:[\w'.-]{1,30} ){0,4}(?:st|street|rd|road|ave|avenue|blvd|boulevard|lane|"
    r"drive|dr|way|square|court|rue|place|allée|quai|chemin|parkway|suite)\b"
    r"|[\w-]{2,40}(?:straße|strasse|str\.|weg|platz|allee|gasse|damm|ufer|ring) ?\d{1,4}"
    r"|\b(?:am|an der|auf dem|im) [\w-]{2,30} \d{1,4}\b"
    r"|\b(?:rue|avenue|calle|c/|avda\.?|avenida|plaza|paseo|carrer)\s[\w'. -]{2,40}"
    r"|\bp\.? ?o\.? ?box \d|\bpostfach \d"
)
_POSTCODE: Final = re.compile(
    r"\b\d{4,5}(?:-\d{4})?\b|\b[a-z]{1,2}\d[a-z\d]? ?\d[a-z]{2}\b|\b[a-z]\d[a-z] ?\d[a-z]\d\b"
)
_SEARCHED: Final = 20_000


class Message(Evidence, namespace="message", version=1, kinds=["message.send"]):
    """Which of the lines that laws ask of a message are in it."""

    opt_out: bool = fact(doc="the text says how to get no more of these, or a header does")
    one_click: bool = fact(doc="a List-Unsubscribe address over https (RFC 8058)")
    postal_address: bool = fact(doc="the text holds a postal address")
    sender_identified: bool = fact(doc="the text names the business, or is signed")
    advertising_identified: bool = fact(doc="the text says that it is advertising")
    sender_known: bool = fact(doc="the action or the settings name the business")
    address_known: bool = fact(doc="the settings hold a postal address")
    configured: bool = fact(doc="[plugins.duties] of the settings is filled in")


@hookimpl
def declare() -> Manifest:
    """What this plugin brings."""
    return Manifest("duties", "1", evidence=(Message,), settings=DutySettings)


@hookimpl
def start(settings: object) -> None:
    """Take the settings of the installation."""
    introduce(settings if isinstance(settings, DutySettings) else None)


@hookimpl
def stop() -> None:
    """Forget them."""
    start(None)


@hookimpl
def examine(action: Action, context: Context) -> Evidence:  # noqa: ARG001  (the words are enough)
    """Look for the lines."""
    identity = identity_of(action)
    text = action.text[:_SEARCHED]
    folded = fold(text)
    one_click = bool(_HTTPS.search(str(action.args.get("list_unsubscribe", ""))))
    return Message(
        _says(folded, _OPT_OUTS) or one_click,
        one_click,
        _has_address(folded, identity),
        _names_sender(text, folded, identity),
        _says(folded, _ADVERTISING),
        identity.sender != "",
        identity.postal_address != "",
        configured(),
    )


def _says(folded: str, phrases: tuple[str, ...]) -> bool:
    return any(p in folded and place_of(folded, p) >= 0 for p in phrases)


def _has_address(folded: str, identity: Identity) -> bool:
    known = identity.postal_address
    if known and fold(known) in folded:
        return True
    codes = list(_POSTCODE.finditer(folded))
    street = _STREET.search(folded) if codes else None
    if street is None:
        return False
    return any(c.end() <= street.start() or c.start() >= street.end() for c in codes)


def _names_sender(text: str, folded: str, identity: Identity) -> bool:
    if identity.sender and fold(identity.sender) in folded:
        return True
    return signature(text) != ""


@hookimpl
def revise(action: Action, verdict: Verdict, context: Context) -> Action | None:
    """Add what an advertising message lacks, once, in its language; None where nothing is to do."""
    asked = action.kind == "message.send" and any(f.revise for f in verdict.fired)
    if not asked or not action.text or not _is_marketing(action, verdict, context):
        return None
    found = examine(action, context)
    identity = identity_of(action)
    lacking = _lacking(found, action) if isinstance(found, Message) else []
    person = context.person(action)
    spoken = person.contact.language if person is not None else ""
    language = language_of(words_of(action), spoken)
    lines = footer(lacking, language, action.channel, identity, action.subject)
    args = _with_header(action, identity)
    if not lines and args == action.args:
        return None
    text = f"{action.text.rstrip()}\n\n{lines}" if lines else action.text
    return action.revised(text=text, args=args)


def _is_marketing(action: Action, verdict: Verdict, context: Context) -> bool:
    """It is declared so, or it advertises and may: what may not is taken out and needs no lines."""
    if action.purpose not in SERVICE_PURPOSES:
        return True
    if not is_mixed(words_of(action), context, context.person(action)):
        return False
    return may_stay(action, verdict, context)


def _lacking(found: Message, action: Action) -> list[str]:
    by_mail = action.channel == "email"
    wanted = {
        "advertising": by_mail and not found.advertising_identified,
        "sender": not found.sender_identified,
        "postal_address": by_mail and not found.postal_address,
        "opt_out": not found.opt_out,
    }
    return [duty for duty, lacks in wanted.items() if lacks]


def _with_header(action: Action, identity: Identity) -> dict[str, object]:
    """The arguments with a one-click header, for a mail that has none."""
    args = dict(action.args)
    link = identity.link(action.subject)
    if link and action.channel == "email" and not args.get("list_unsubscribe"):
        args["list_unsubscribe"] = f"<{link}>"
    return args
