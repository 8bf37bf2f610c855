"""Attempts are looked up by when they ended: what ran beside a part."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this schema."""
    op.create_index(op.f("ix_attempt_ended_ms"), "attempt", ["ended_ms"], unique=False)


def downgrade() -> None:
    """Back to the one before."""
    op.drop_index(op.f("ix_attempt_ended_ms"), table_name="attempt")
