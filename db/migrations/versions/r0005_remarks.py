"""What people say of a job (tags and notes), and how many samples of a part were answered with NaN or Inf."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this schema."""
    op.create_table(
        "tag",
        sa.Column("job_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("tag", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name=op.f("fk_tag_job_id")),
        sa.PrimaryKeyConstraint("job_id", "tag", name=op.f("pk_tag")),
    )
    op.create_index(op.f("ix_tag_tag_job_id"), "tag", ["tag", "job_id"], unique=False)
    op.create_table(
        "note",
        sa.Column("job_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("written_ms", sa.BigInteger(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name=op.f("fk_note_job_id")),
        sa.PrimaryKeyConstraint("job_id", "no", name=op.f("pk_note")),
    )
    with op.batch_alter_table("shard_result") as result:
        result.add_column(sa.Column("nonfinite", sa.BigInteger(), server_default="0", nullable=False))


def downgrade() -> None:
    """Back to the one before."""
    with op.batch_alter_table("shard_result") as result:
        result.drop_column("nonfinite")
    op.drop_table("note")
    op.drop_index(op.f("ix_tag_tag_job_id"), table_name="tag")
    op.drop_table("tag")
