"""The desk: durable cases, what operators decide about them, stop switches, missing data."""

from __future__ import annotations

from agentkit.desk.conversation import Turn
from agentkit.desk.desk import Desk
from agentkit.desk.queue import CaseSummary, TaskGroup
from agentkit.desk.text import printable
from agentkit.desk.view import CaseView, FiredArticle
from agentkit.desk.waiver import Blocker, Waiver, waiver_of
from agentkit.desk.wishes import RIGHTS, WITHDRAWAL, close_answered, lift_by_hand, question_id

__all__ = [
    "RIGHTS",
    "WITHDRAWAL",
    "Blocker",
    "CaseSummary",
    "CaseView",
    "Desk",
    "FiredArticle",
    "TaskGroup",
    "Turn",
    "Waiver",
    "close_answered",
    "lift_by_hand",
    "printable",
    "question_id",
    "waiver_of",
]
