"""The tables of the ledger: jobs, runs, lanes, items, attempts, results, and the fleet."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this schema."""
    op.create_table(
        "artifact",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("model_sha256", sa.Text(), nullable=False),
        sa.Column("chip", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("batch", sa.BigInteger(), nullable=False),
        sa.Column("precision", sa.Text(), nullable=False),
        sa.Column("flags", sa.JSON(), nullable=False),
        sa.Column("toolkit", sa.Text(), nullable=False),
        sa.Column("arch", sa.Text(), nullable=False),
        sa.Column("uri", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("vendor_output", sa.Text(), nullable=False),
        sa.Column("made_ms", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("origin IN ('real', 'simulated')", name=op.f("ck_artifact_origin")),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_artifact")),
    )
    op.create_table(
        "device",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("card", sa.Text(), nullable=False),
        sa.Column("chip", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("faults", sa.BigInteger(), nullable=False),
        sa.Column("last_incarnation", sa.Text(), nullable=False),
        sa.CheckConstraint("origin IN ('real', 'simulated')", name=op.f("ck_device_origin")),
        sa.CheckConstraint("state IN ('ok', 'faulty', 'lost')", name=op.f("ck_device_state")),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_device")),
    )
    op.create_index(op.f("ix_device_chip_origin"), "device", ["chip", "origin"], unique=False)
    op.create_table(
        "manifest",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("samples", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_manifest")),
    )
    op.create_table(
        "job",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("uuid", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("store_id", sa.Text(), nullable=False),
        sa.Column("manifest_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("spec", sa.JSON(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=True),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("finished_ms", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("state IN ('active', 'done', 'failed', 'cancelled')", name=op.f("ck_job_state")),
        sa.ForeignKeyConstraint(["manifest_id"], ["manifest.id"], name=op.f("fk_job_manifest_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job")),
        sa.UniqueConstraint("uuid", name=op.f("uq_job_uuid")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_job_owner_id"), "job", ["owner", "id"], unique=False)
    op.create_index(op.f("ix_job_state_id"), "job", ["state", "id"], unique=False)
    op.create_table(
        "telemetry",
        sa.Column("device_key", sa.Text(), nullable=False),
        sa.Column("block_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("samples", sa.LargeBinary(), nullable=False),
        sa.Column("achieved_per_s", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(["device_key"], ["device.key"], name=op.f("fk_telemetry_device_key")),
        sa.PrimaryKeyConstraint("device_key", "block_ms", name=op.f("pk_telemetry")),
    )
    op.create_table(
        "worker",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("pid", sa.BigInteger(), nullable=False),
        sa.Column("device_key", sa.Text(), nullable=True),
        sa.Column("store_id", sa.Text(), nullable=False),
        sa.Column("state_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("only_job", sa.BigInteger(), nullable=True),
        sa.Column("heartbeat_ms", sa.BigInteger(), nullable=False),
        sa.Column("gone", sa.Boolean(), nullable=False),
        sa.CheckConstraint("kind IN ('prep', 'device')", name=op.f("ck_worker_kind")),
        sa.ForeignKeyConstraint(["device_key"], ["device.key"], name=op.f("fk_worker_device_key")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_worker")),
    )
    op.create_index(op.f("ix_worker_gone_heartbeat_ms"), "worker", ["gone", "heartbeat_ms"], unique=False)
    op.create_table(
        "item",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("job_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("run_no", sa.BigInteger(), nullable=False),
        sa.Column("no", sa.BigInteger(), nullable=False),
        sa.Column("slice_no", sa.BigInteger(), nullable=False),
        sa.Column("first", sa.BigInteger(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("false_starts", sa.BigInteger(), nullable=False),
        sa.Column("token", sa.BigInteger(), nullable=False),
        sa.Column("lease_until_ms", sa.BigInteger(), nullable=True),
        sa.Column("worker_id", sa.Text(), nullable=True),
        sa.Column("phase", sa.Text(), nullable=False),
        sa.Column("n_done", sa.BigInteger(), nullable=False),
        sa.Column("avoid", sa.JSON(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("hinted_ms", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "(state = 'running') = (lease_until_ms IS NOT NULL)", name=op.f("ck_item_leased_iff_running")
        ),
        sa.CheckConstraint("kind IN ('preprocess', 'compile', 'infer')", name=op.f("ck_item_kind")),
        sa.CheckConstraint(
            "state IN ('blocked', 'queued', 'running', 'done', 'failed', 'cancelled')", name=op.f("ck_item_state")
        ),
        sa.CheckConstraint("count >= 0 AND first >= 0", name=op.f("ck_item_range")),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name=op.f("fk_item_job_id")),
        sa.ForeignKeyConstraint(["worker_id"], ["worker.id"], name=op.f("fk_item_worker_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_item")),
        sa.UniqueConstraint("job_id", "kind", "run_no", "no", name=op.f("uq_item_job_id_kind_run_no_no")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        op.f("ix_item_job_id_kind_run_no_state"), "item", ["job_id", "kind", "run_no", "state"], unique=False
    )
    op.create_index(
        "ix_item_leased",
        "item",
        ["lease_until_ms"],
        unique=False,
        sqlite_where=sa.text("lease_until_ms IS NOT NULL"),
        postgresql_where=sa.text("lease_until_ms IS NOT NULL"),
    )
    op.create_index(
        "ix_item_queued",
        "item",
        ["job_id", "hinted_ms"],
        unique=False,
        sqlite_where=sa.text("state = 'queued'"),
        postgresql_where=sa.text("state = 'queued'"),
    )
    op.create_table(
        "run",
        sa.Column("job_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("run_no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("chip", sa.Text(), nullable=False),
        sa.Column("batch", sa.BigInteger(), nullable=False),
        sa.Column("precision", sa.Text(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=True),
        sa.Column("artifact_key", sa.Text(), nullable=True),
        sa.Column("artifact_sha256", sa.Text(), nullable=True),
        sa.Column("toolkit", sa.Text(), nullable=False),
        sa.Column("arch", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("wall_void", sa.Text(), nullable=False),
        sa.Column("devices", sa.JSON(), nullable=False),
        sa.CheckConstraint("origin IN ('real', 'simulated')", name=op.f("ck_run_origin")),
        sa.CheckConstraint(
            "state IN ('waiting', 'ready', 'open', 'done', 'failed', 'cancelled')", name=op.f("ck_run_state")
        ),
        sa.CheckConstraint("run_no >= 1", name=op.f("ck_run_run_no")),
        sa.ForeignKeyConstraint(["artifact_key"], ["artifact.key"], name=op.f("fk_run_artifact_key")),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name=op.f("fk_run_job_id")),
        sa.PrimaryKeyConstraint("job_id", "run_no", name=op.f("pk_run")),
    )
    op.create_index(op.f("ix_run_chip_origin_state"), "run", ["chip", "origin", "state"], unique=False)
    op.create_table(
        "slice",
        sa.Column("job_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("slice_no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("first", sa.BigInteger(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("shard_key", sa.Text(), nullable=True),
        sa.Column("readable", sa.LargeBinary(), nullable=True),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("sample_sha256s", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name=op.f("fk_slice_job_id")),
        sa.PrimaryKeyConstraint("job_id", "slice_no", name=op.f("pk_slice")),
    )
    op.create_table(
        "attempt",
        sa.Column("item_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("token", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("worker_id", sa.Text(), nullable=True),
        sa.Column("device_key", sa.Text(), nullable=True),
        sa.Column("started_ms", sa.BigInteger(), nullable=True),
        sa.Column("ended_ms", sa.BigInteger(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("digest", sa.Text(), nullable=True),
        sa.Column("error_class", sa.Text(), nullable=True),
        sa.Column("error", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "outcome IN ('done', 'failed', 'fenced', 'lost', 'drained')", name=op.f("ck_attempt_outcome")
        ),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_attempt_item_id")),
        sa.PrimaryKeyConstraint("item_id", "token", name=op.f("pk_attempt")),
    )
    op.create_table(
        "lane",
        sa.Column("chip", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("open_job_id", sa.BigInteger(), nullable=True),
        sa.Column("open_run_no", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("origin IN ('real', 'simulated')", name=op.f("ck_lane_origin")),
        sa.ForeignKeyConstraint(
            ["open_job_id", "open_run_no"], ["run.job_id", "run.run_no"], name=op.f("fk_lane_open_job_id_open_run_no")
        ),
        sa.PrimaryKeyConstraint("chip", "origin", name=op.f("pk_lane")),
    )
    op.create_table(
        "shard_result",
        sa.Column("job_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("run_no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("first", sa.BigInteger(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("token", sa.BigInteger(), nullable=False),
        sa.Column("device_key", sa.Text(), nullable=False),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.Column("top1", sa.BigInteger(), nullable=False),
        sa.Column("top5", sa.BigInteger(), nullable=False),
        sa.Column("unreadable", sa.BigInteger(), nullable=False),
        sa.Column("predictions", sa.LargeBinary(), nullable=False),
        sa.Column("times", sa.LargeBinary(), nullable=False),
        sa.Column("overlap", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["job_id", "run_no"], ["run.job_id", "run.run_no"], name=op.f("fk_shard_result_job_id_run_no")
        ),
        sa.PrimaryKeyConstraint("job_id", "run_no", "no", name=op.f("pk_shard_result")),
    )


def downgrade() -> None:
    """Back to the one before."""
    op.drop_table("shard_result")
    op.drop_table("lane")
    op.drop_table("attempt")
    op.drop_table("slice")
    op.drop_table("run")
    op.drop_table("item")
    op.drop_table("worker")
    op.drop_table("telemetry")
    op.drop_table("job")
    op.drop_table("manifest")
    op.drop_table("device")
    op.drop_table("artifact")
