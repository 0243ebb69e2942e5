"""Durable steps: permits, claims with lease and fence, effects, waiting.

permits   the right to perform one action once, and a worker's hold on it
effects   calling a CRM: retries, and what an answer means
due       which actions can take a step now
life      what the engine knows of a life cycle
workers   who is alive
durable   the life of every action as a DBOS workflow (heavy: import it where it is used)
"""

from __future__ import annotations

from agentkit.engine.due import due_actions, open_actions, open_tasks, waiting_until
from agentkit.engine.effects import perform, postponement
from agentkit.engine.life import LifeCycle, Next
from agentkit.engine.permits import (
    LEASE,
    Refusal,
    claim,
    find_claim,
    issue,
    issue_many,
    person_version,
    record_effect,
    release,
    stop_for,
    void,
)
from agentkit.engine.workers import new_worker, worker_alive

__all__ = [
    "LEASE",
    "LifeCycle",
    "Next",
    "Refusal",
    "claim",
    "due_actions",
    "find_claim",
    "issue",
    "issue_many",
    "new_worker",
    "open_actions",
    "open_tasks",
    "perform",
    "person_version",
    "postponement",
    "record_effect",
    "release",
    "stop_for",
    "void",
    "waiting_until",
    "worker_alive",
]
