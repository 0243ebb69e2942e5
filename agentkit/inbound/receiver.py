"""Receiving: read the words, then keep the message and all that follows in one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Final

from agentkit.classify.text import normalise
from agentkit.entry import Entry
from agentkit.inbound.confirming import confirm
from agentkit.inbound.handling import handle
from agentkit.inbound.message import Inbound
from agentkit.inbound.quoting import own_words
from agentkit.inbound.reading import LONGEST_READ, Reading, Scope, Thresholds, read_words
from agentkit.inbound.receipt import Receipt
from agentkit.inbound.storing import finish, keep, known_message, message_keys
from agentkit.inbound.work import Work, begin

if TYPE_CHECKING:
    from agentkit.pipeline import Pipeline
    from agentkit.store import Unit

__all__ = ["Receiver"]

_ONLY_QUOTED: Final = "only a quoted mail; they may have written below it"
_ANSWERS: Final = ("re:", "aw:", "sv:", "antw:", "tr:", "fwd:", "wg:")


class Receiver:
    """Takes what people and providers send; for connectors and for ``agentkit inbound``.

        receiver = Receiver(pipeline)
        receipt = receiver.receive(Inbound("reply", "anke@example.org", text="Abmelden, bitte."))

    A message may be delivered any number of times and by any number of processes at once: it is
    dealt with once.
    """

    def __init__(self, pipeline: Pipeline) -> None:
        """Use a pipeline's database, desk, model and clock."""
        self._pipeline = pipeline
        settings = pipeline.settings
        self._limits = Thresholds(
            settings.revocation_certain, settings.revocation_unclear, settings.circumstance_certain
        )

    def receive(self, message: Inbound) -> Receipt:
        """Deal with one message.

        Raises:
            StoreError: the database refused; nothing was recorded, deliver it again.
        """
        reading, own = self._read(message)
        now = self._pipeline.clock.now()
        with self._pipeline.store.write() as unit:
            work = begin(unit, replace(message, text=own), now, self._pipeline.desk,
                         self._pipeline.settings)  # fmt: skip
            receipt = self._record(unit, message, work, reading, now)
        if receipt.withdrawn is not None:
            receipt.confirmation = confirm(self._pipeline, work)
        return receipt

    def receive_many(self, messages: Iterable[Inbound]) -> Iterator[Receipt]:
        """`receive`, in order."""
        return map(self.receive, messages)

    def _read(self, message: Inbound) -> tuple[Reading, str]:
        """What the words say, and the words themselves; nothing is read of what are no replies."""
        if message.type != "reply":
            return Reading(), ""
        found = own_words(message.text)
        own = found.text
        if not own and _speaks(message.subject):
            own = message.subject
        if not own and found.open_end:
            return Reading("unclear", _ONLY_QUOTED, Scope(message.channel, "marketing")), ""
        clean = normalise(own[: 2 * LONGEST_READ]).text + own[2 * LONGEST_READ :]
        reading = read_words(clean, message.channel, self._pipeline.gate.classify, self._limits)
        return reading, clean

    def _record(
        self, unit: Unit, message: Inbound, work: Work, reading: Reading, now: datetime
    ) -> Receipt:
        key, content = message_keys(unit, message, now)
        receipt, contact = work.receipt, work.ids[0]
        known = known_message(unit, message.tenant, key, content)
        own = work.message.text
        if known or not keep(unit, message, key, content, contact, own=own, at=work.at, now=now):
            receipt.message = known or key
            receipt.note("duplicate", "it was delivered before")
            return receipt
        work.key = receipt.message = key
        handle(work, reading)
        if message.shortened:
            receipt.why += f" (only the first {len(message.text):,} characters were kept)"
        outcome = receipt.to_json()
        finish(unit, message, key, contact, work.sentence, outcome)
        unit.append(_entry(work, reading))
        return receipt


def _speaks(subject: str) -> bool:
    return bool(subject) and not subject.lower().startswith(_ANSWERS)


def _entry(work: Work, reading: Reading) -> Entry:
    """What came in and what was done, without a word of it."""
    receipt, message = work.receipt, work.message
    public = {
        "message": work.key,
        "type": message.type,
        "channel": message.channel,
        "brand": message.brand,
        "at": work.at,
        "done": receipt.done,
        "reading": reading.withdrawal,
        "scores": dict(reading.scores),
        "cases": receipt.cases,
        "circumstances": [c["kind"] for c in receipt.circumstances],
    }
    return Entry(
        "inbound", message.tenant, work.now, actor="inbound", public=public, person=work.ids[0]
    )
