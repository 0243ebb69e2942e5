"""What comes in from people and providers, and lasting circumstances of people."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

__all__: list[str] = []

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def _text(name: str, default: str = "") -> sa.Column[str]:
    return sa.Column(name, sa.Text(), server_default=default, nullable=False)


def upgrade() -> None:
    """Create the tables and their indexes."""
    op.create_table(
        "inbound_messages",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        _text("content"),
        _text("contact"),
        _text("point_token"),
        _text("type"),
        _text("channel"),
        _text("brand"),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        _text("outcome", "{}"),
        sa.Column("payload", sa.LargeBinary(), nullable=True),
        sa.Column("proof", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("tenant", "id"),
    )
    op.create_index("ix_inbound_messages_contact", "inbound_messages", ["tenant", "contact", "at"])
    op.create_index("ix_inbound_messages_content", "inbound_messages", ["tenant", "content"])
    op.create_table(
        "circumstances",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        _text("contact"),
        _text("point_token"),
        _text("kind"),
        _text("event"),
        _text("undoes"),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=True),
        _text("role"),
        _text("source"),
        _text("actor"),
        sa.Column("words", sa.LargeBinary(), nullable=True),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id"),
    )
    op.create_index("ix_circumstances_contact", "circumstances", ["tenant", "contact"])
    op.create_index("ix_circumstances_point", "circumstances", ["tenant", "point_token"])
