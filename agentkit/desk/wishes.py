"""Cases about what a person meant: a withdrawal that is not certain, a request to delete data.

They come from inbound messages and are decided like every case, but nothing is performed: the
decision itself is what counts, and it is recorded in its own transaction. Approving an uncertain
withdrawal records it as of the time of the message; rejecting it records nothing. Either ends the
hold on promotion. A request for deletion that is approved keeps the hold: a person sees to it.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final

from agentkit.case import Case, Decision, Operator
from agentkit.consent import (
    DESK_KINDS,
    UNDECIDED,
    lift_circumstance,
    release_circumstances,
    withdraw,
)
from agentkit.context import Circumstance
from agentkit.desk import rows
from agentkit.entry import Entry
from agentkit.errors import Conflict, InvalidAction
from agentkit.store.actions import (
    ActionState,
    StoredAction,
    find_action,
    move_action,
    open_review,
)
from agentkit.store.sql import execute

if TYPE_CHECKING:
    from agentkit.action import Action
    from agentkit.desk.desk import Desk
    from agentkit.store import Unit

__all__ = ["RIGHTS", "WITHDRAWAL", "close_answered", "lift_by_hand", "question_id", "settle"]

WITHDRAWAL: Final = "consent.withdraw"
RIGHTS: Final = "rights.request"
_PREFIX: Final = {WITHDRAWAL: "wish", RIGHTS: "right"}


def question_id(kind: str, message: str) -> str:
    """Id of the action that stands for a question about an inbound message."""
    return f"{_PREFIX[kind]}-{message}"


def settle(
    unit: Unit, tenant: str, stored: StoredAction, case: Case, decision: Decision, now: datetime
) -> ActionState | None:
    """Record what an operator decided about a person's words.

    Returns:
        The state that its action takes; None where the case is about an ordinary action.

    Raises:
        InvalidAction: the agent was answered: nobody can be told anything here.
    """
    if stored.kind not in DESK_KINDS:
        return None
    if decision.choice == "respond":
        raise InvalidAction(
            "no agent waits for an answer to this case",
            hint=f"agentkit desk approve {case.id}: they meant it; reject {case.id}: they did not",
        )
    review = open_review(unit.conn, unit.vault, stored)
    meant = decision.choice == "approve"
    actor = f"operator:{decision.by}"
    if review is not None and meant and stored.kind == WITHDRAWAL:
        _withdraw(unit, review.action, actor, now)
    if stored.kind == WITHDRAWAL or not meant:
        source = f"inbound:{stored.id.partition('-')[2]}"
        reason = decision.reason or f"decided: case {case.id}"
        release_circumstances(unit, tenant, source, actor=actor, reason=reason, now=now)
    return "performed" if meant else "rejected"


def close_answered(
    unit: Unit, tenant: str, person: str, scope: tuple[str, str, str], event: str, now: datetime
) -> None:
    """Take questions about a person off the desk that a certain withdrawal has answered.

    Args:
        unit: The transaction; it holds the person's lock.
        tenant: Whose.
        person: Under whose key the questions are: the CRM id, where there is one.
        scope: Channel, purpose and brand of the withdrawal; an empty one covers every one.
        event: Id of the consent event.
        now: The instant.
    """
    sql = "select id from actions where tenant = ? and person = ? and state = 'escalated' "
    rows_ = execute(unit.conn, f"{sql}and kind = ? order by id", (tenant, person, WITHDRAWAL))
    for (id_,) in rows_.all():
        stored = find_action(unit.conn, tenant, id_)
        review = None if stored is None else open_review(unit.conn, unit.vault, stored)
        if review is None or not _covers(scope, review.action):
            continue
        move_action(unit, tenant, id_, to="stopped", since=("escalated",), now=now)
        rows.close(unit.conn, tenant, "withdrawn", column="action", value=id_)
        public = {"reason": "answered", "was": "escalated", "event": event}
        unit.append(Entry("stopped", tenant, now, action=id_, actor="inbound", public=public))
        source = f"inbound:{id_.partition('-')[2]}"
        release_circumstances(
            unit, tenant, source, actor="inbound", reason="they said so plainly since", now=now
        )


def _covers(scope: tuple[str, str, str], asked: Action) -> bool:
    wanted = (str(asked.args.get(name, "")) for name in ("channel", "purpose", "brand"))
    return all(not s or s == w for s, w in zip(scope, wanted, strict=True))


def _withdraw(unit: Unit, action: Action, actor: str, now: datetime) -> None:
    args = {name: str(action.args.get(name, "")) for name in _ARGS}
    reference = f"inbound:{args['message']}"
    for contact in args["contacts"].split(",") if args["contacts"] else [""]:
        withdraw(
            unit, action.tenant, contact, now=now, at=datetime.fromisoformat(args["at"]),
            point=args["point"], channel=args["channel"], purpose=args["purpose"],
            brand=args["brand"], source=reference, proof=reference, actor=actor,
        )  # fmt: skip


_ARGS: Final = ("message", "contacts", "at", "point", "channel", "purpose", "brand")


def lift_by_hand(desk: Desk, circumstance: str, operator: Operator, reason: str) -> Circumstance:
    """Lift a circumstance; one that a case is open about is decided there.

    Raises:
        Conflict: a case is open about it.
        Forbidden: it takes another role; NotFound, InvalidAction: as `lift_circumstance`.
    """
    with desk.store.write() as unit:
        now = desk.clock.now()
        found = lift_circumstance(unit, desk.tenant, circumstance, operator, reason=reason, now=now)
        message = found.source.partition(":")[2]
        for kind in DESK_KINDS if found.kind in UNDECIDED else ():
            case = rows.open_case_of(unit.conn, desk.tenant, question_id(kind, message))
            if case is not None:
                raise Conflict(
                    f"case {case.id} is open about it",
                    hint=f"agentkit desk show {case.id}, then approve or reject it",
                )
    return found
