"""Rights of persons: erasures, proofs that outlive them, restrictions, contested decisions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

__all__: list[str] = []

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def _key(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False)


def _text(name: str, default: str = "") -> sa.Column[str]:
    return sa.Column(name, sa.Text(), server_default=default, nullable=False)


def _at(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=nullable)


def _blob(name: str, *, nullable: bool = True) -> sa.Column[bytes]:
    return sa.Column(name, sa.LargeBinary(), nullable=nullable)


def _table(name: str, *columns: sa.Column[str] | sa.Column[int] | sa.Column[bytes]) -> None:
    keys = (_key("tenant"), _key("id"))
    op.create_table(name, *keys, *columns, sa.PrimaryKeyConstraint("tenant", "id"))


def upgrade() -> None:
    """Create the tables and their indexes."""
    _table("erasures", _text("token"), _text("points", "[]"), _at("at"), _at("applied_at"))
    op.create_index("ix_erasures_token", "erasures", ["tenant", "token"])
    _table(
        "consent_proofs", _text("token"), _at("until"), _text("basis"),
        _blob("sealed", nullable=False), _at("created_at"),
    )  # fmt: skip
    op.create_index("ix_consent_proofs_token", "consent_proofs", ["tenant", "token"])
    op.create_index("ix_consent_proofs_until", "consent_proofs", ["tenant", "until"])
    _table(
        "restrictions", _text("contact"), _at("at"), _text("by"), _blob("reason"),
        _at("lifted_at", nullable=True), _text("lifted_by"),
    )  # fmt: skip
    op.create_index("ix_restrictions_contact", "restrictions", ["tenant", "contact"])
    _table(
        "contests", _text("action"), _text("contact"), _text("state"), _at("opened_at"),
        _at("due_at"), _text("cites"), _text("by"), _blob("words"), _text("decided_by"),
        _at("decided_at", nullable=True), _blob("answer"),
    )  # fmt: skip
    op.create_index("ix_contests_state", "contests", ["tenant", "state", "due_at"])
    op.create_index("ix_contests_action", "contests", ["tenant", "action"])


def downgrade() -> None:
    """Refuse: what was erased must stay erased."""
    raise NotImplementedError("restore a backup of the older version instead")
