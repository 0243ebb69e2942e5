"""What became of proposals, counted from the ledger and from nowhere else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Final

from agentkit.store.sql import execute

if TYPE_CHECKING:
    from rich.table import Table

    from agentkit.kinds import Kinds
    from agentkit.ledger import Recorded
    from agentkit.store import Store

__all__ = ["Outcomes", "last_entry", "outcome_table", "outcomes_of"]

_KINDS: Final = ("proposed", "judged", "opened", "performed", "failed")
_RULINGS: Final = {
    "allow": "allowed", "defer": "deferred", "escalate": "escalated", "deny": "denied",
}  # fmt: skip


@dataclass
class Outcomes:
    """Counts for one agent.

    Attributes:
        proposed: Actions; what only reads is not counted.
        allowed: Those allowed at once, revised ones included.
        revised: Those that a rewrite changed, whatever came of them.
        deferred: Those that wait for an instant or for record data.
        escalated: Those that a person must decide.
        denied: Those refused.
        performed: Those that took effect.
        failed: Those that were allowed and could not take effect.
        reached: Those for which a case was opened, at once or when judged again.
    """

    proposed: int = 0
    allowed: int = 0
    revised: int = 0
    deferred: int = 0
    escalated: int = 0
    denied: int = 0
    performed: int = 0
    failed: int = 0
    reached: int = 0

    @classmethod
    def sum(cls, parts: Iterable[Outcomes]) -> Outcomes:
        """All agents together."""
        total, parts = cls(), list(parts)
        for field in fields(cls):
            setattr(total, field.name, sum(getattr(p, field.name) for p in parts))
        return total

    @property
    def share(self) -> float:
        """Share of the actions that reached a person, 0 to 1."""
        return self.reached / self.proposed if self.proposed else 0.0


def last_entry(store: Store, tenant: str) -> int:
    """Number of the newest entry: what comes after it is new."""
    sql = "select coalesce(max(id), 0) from entries where tenant = ?"
    with store.read() as conn:
        return int(execute(conn, sql, (tenant,)).scalar_one())


def outcomes_of(store: Store, tenant: str, kinds: Kinds, *, after: int = 0) -> dict[str, Outcomes]:
    """Outcomes by agent, in the order in which the agents first proposed.

    Args:
        store: The database.
        tenant: Whose actions.
        kinds: Tells which actions only read.
        after: Only actions proposed after this entry.
    """
    from agentkit.ledger import read

    found: dict[str, Outcomes] = {}
    agents: dict[str, str] = {}
    seen: set[tuple[str, str]] = set()
    for entry in read(store, after, _KINDS, tenant=tenant):
        if entry.kind == "proposed" and not _only_reads(entry, kinds):
            agents[entry.action] = entry.actor.removeprefix("agent:")
        agent = agents.get(entry.action)
        if agent is not None and (entry.action, entry.kind) not in seen:
            seen.add((entry.action, entry.kind))
            _count(found.setdefault(agent, Outcomes()), entry)
    return found


def _only_reads(entry: Recorded, kinds: Kinds) -> bool:
    kind = str(entry.public["kind"])
    return kind in kinds and bool(kinds.get(kind).reads)


def _count(outcomes: Outcomes, entry: Recorded) -> None:
    """The first entry of each kind counts: a second judgement makes no second action."""
    if entry.kind == "proposed":
        outcomes.proposed += 1
    elif entry.kind in {"performed", "failed"}:
        setattr(outcomes, entry.kind, getattr(outcomes, entry.kind) + 1)
    elif entry.kind == "opened":
        outcomes.reached += 1
    else:
        name = _RULINGS[str(entry.public["ruling"])]
        setattr(outcomes, name, getattr(outcomes, name) + 1)
        outcomes.revised += bool(entry.public["revisions"])


_COLUMNS: Final = (
    "proposed", "allowed", "revised", "deferred", "escalated", "denied", "performed",
)  # fmt: skip


def outcome_table(found: Mapping[str, Outcomes]) -> Table:
    """A table of at most 80 columns: one line an agent, and their sum."""
    from rich.table import Table

    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column("agent", no_wrap=True)
    for name in _COLUMNS:
        table.add_column(name, justify="right", no_wrap=True)
    rows = dict(found)
    if len(found) > 1:
        rows["all"] = Outcomes.sum(found.values())
    for agent, outcomes in rows.items():
        table.add_row(agent, *(f"{getattr(outcomes, name):,}" for name in _COLUMNS))
    return table
