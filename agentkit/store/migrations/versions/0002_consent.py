"""Consent events say their lawful basis, how they were captured and how far they reach.

They are never changed; what the law wants erased can still be deleted.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

COLUMNS = ("lawful_basis", "method", "scope")


def upgrade() -> None:
    """Add the columns; what was recorded before says nothing in them."""
    for column in COLUMNS:
        added = sa.Column(column, sa.Text(), server_default="", nullable=False)
        op.add_column("consent_events", added)
    op.drop_index("ix_consent_events_point", "consent_events")
    op.create_index("ix_consent_events_point", "consent_events", ["tenant", "point", "contact"])
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "create trigger consent_events_no_update before update on consent_events "
            "for each statement execute function refuse_change()"
        )
    else:
        op.execute(
            "create trigger consent_events_no_update before update on consent_events "
            "begin select raise(abort, 'consent_events is append-only'); end"
        )


def downgrade() -> None:
    """Refuse: a consent event is never changed, and its fields are part of the proof."""
    raise NotImplementedError("restore a backup of the older version instead")
