"""What came from elsewhere: jobs of another history, figures of foreign tools; and where a part's logits are kept."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this schema."""
    with op.batch_alter_table("job") as job:
        job.add_column(sa.Column("imported_ms", sa.BigInteger(), nullable=True))
        job.add_column(sa.Column("imported_from", sa.Text(), server_default="", nullable=False))
    with op.batch_alter_table("shard_result") as result:
        result.add_column(sa.Column("logits", sa.Text(), server_default="", nullable=False))
    op.create_table(
        "imported",
        sa.Column("job_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("run_no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("told", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["job_id", "run_no"], ["run.job_id", "run.run_no"], name=op.f("fk_imported_job_id_run_no")
        ),
        sa.PrimaryKeyConstraint("job_id", "run_no", name=op.f("pk_imported")),
    )
    op.create_table(
        "carried_device",
        sa.Column("job_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("failed_ms", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("state IN ('ok', 'faulty', 'lost')", name=op.f("ck_carried_device_state")),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name=op.f("fk_carried_device_job_id")),
        sa.PrimaryKeyConstraint("job_id", "key", name=op.f("pk_carried_device")),
    )
    op.create_table(
        "carried_telemetry",
        sa.Column("job_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("device_key", sa.Text(), nullable=False),
        sa.Column("block_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("samples", sa.LargeBinary(), nullable=False),
        sa.Column("achieved_per_s", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name=op.f("fk_carried_telemetry_job_id")),
        sa.PrimaryKeyConstraint("job_id", "device_key", "block_ms", name=op.f("pk_carried_telemetry")),
    )
    op.create_table(
        "carried_artifact",
        sa.Column("job_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("model_sha256", sa.Text(), nullable=False),
        sa.Column("chip", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("batch", sa.BigInteger(), nullable=False),
        sa.Column("precision", sa.Text(), nullable=False),
        sa.Column("flags", sa.JSON(), nullable=False),
        sa.Column("toolkit", sa.Text(), nullable=False),
        sa.Column("arch", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("vendor_output", sa.Text(), nullable=False),
        sa.Column("made_ms", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("origin IN ('real', 'simulated')", name=op.f("ck_carried_artifact_origin")),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name=op.f("fk_carried_artifact_job_id")),
        sa.PrimaryKeyConstraint("job_id", "key", name=op.f("pk_carried_artifact")),
    )


def downgrade() -> None:
    """Back to the one before."""
    op.drop_table("carried_artifact")
    op.drop_table("carried_telemetry")
    op.drop_table("carried_device")
    op.drop_table("imported")
    with op.batch_alter_table("shard_result") as result:
        result.drop_column("logits")
    with op.batch_alter_table("job") as job:
        job.drop_column("imported_from")
        job.drop_column("imported_ms")
