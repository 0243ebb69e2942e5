"""What comes in from people and providers: replies, stops, bounces, complaints, unsubscribe posts.

message      the noun, and how a line of JSON becomes one
quoting      a person's own words, without the mail that they answer
keywords     words that are a withdrawal as the whole text of a reply
phrases      plain words of a withdrawal and of its contrary
reading      what words say, with the classifier's heads
dates        "call me Friday"
clocks       the law's clock and the operator's
storing      at rest, and repeated deliveries
work         one message in one transaction
handling     what each type of message leads to
questions    what goes to the desk
confirming   the one confirmation
receiver     `Receiver`: all of it
"""

from __future__ import annotations

from agentkit.inbound.message import FIELDS, TYPES, Inbound, read_inbound
from agentkit.inbound.receipt import Receipt
from agentkit.inbound.receiver import Receiver

__all__ = ["FIELDS", "TYPES", "Inbound", "Receipt", "Receiver", "read_inbound"]
