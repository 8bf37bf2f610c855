"""What a host compiles with, what a vendor's program said before it failed, and which artifacts were made elsewhere."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this schema."""
    with op.batch_alter_table("worker") as worker:
        worker.add_column(sa.Column("toolchains", sa.JSON(), server_default="{}", nullable=False))
        worker.drop_constraint(op.f("ck_worker_kind"), type_="check")
        worker.create_check_constraint(op.f("ck_worker_kind"), "kind IN ('prep', 'compile', 'device')")
    with op.batch_alter_table("attempt") as attempt:
        attempt.add_column(sa.Column("output", sa.Text(), server_default="", nullable=False))
    with op.batch_alter_table("run") as run:
        run.add_column(sa.Column("ready_made", sa.Boolean(), server_default=sa.false(), nullable=False))


def downgrade() -> None:
    """Back to the one before."""
    with op.batch_alter_table("run") as run:
        run.drop_column("ready_made")
    with op.batch_alter_table("attempt") as attempt:
        attempt.drop_column("output")
    op.execute("DELETE FROM worker WHERE kind = 'compile'")
    with op.batch_alter_table("worker") as worker:
        worker.drop_constraint(op.f("ck_worker_kind"), type_="check")
        worker.create_check_constraint(op.f("ck_worker_kind"), "kind IN ('prep', 'device')")
        worker.drop_column("toolchains")
