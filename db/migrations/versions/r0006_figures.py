"""What past results are listed from: a row per ended run; and what jobs are searched by, taken out of their specs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from alembic import op

from dinoq.db.tables.base import escaped

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

JOBS_AT_ONCE = 1000
SEARCHED = ("model", "model_sha256", "recipe")


def upgrade() -> None:
    """To this schema. The figures themselves are made when they are asked for: every job with an ended run is due."""
    with op.batch_alter_table("job") as job:
        for name in SEARCHED:
            job.add_column(sa.Column(name, sa.Text(), server_default="", nullable=False))
        for name in ("changes", "figured"):
            job.add_column(sa.Column(name, sa.BigInteger(), server_default="0", nullable=False))
    op.create_index(
        "ix_job_due",
        "job",
        ["id"],
        unique=False,
        sqlite_where=sa.text("changes != figured"),
        postgresql_where=sa.text("changes != figured"),
    )
    _make_table()
    _fill(op.get_bind())


def downgrade() -> None:
    """Back to the one before."""
    for name in ("created_ms", "recipe", "model_sha256", "chip_batch_job_id"):
        op.drop_index(op.f(f"ix_figures_{name}"), table_name="figures")
    op.drop_table("figures")
    op.drop_index("ix_job_due", table_name="job")
    with op.batch_alter_table("job") as job:
        for name in ("figured", "changes", *reversed(SEARCHED)):
            job.drop_column(name)


def _make_table() -> None:
    op.create_table(
        "figures",
        sa.Column("job_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("run_no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("chip", sa.Text(), nullable=False),
        sa.Column("batch", sa.BigInteger(), nullable=False),
        sa.Column("precision", sa.Text(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=True),
        sa.Column("pace", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=True),
        sa.Column("exit_code", sa.BigInteger(), nullable=False),
        sa.Column("expected", sa.BigInteger(), nullable=False),
        sa.Column("counted", sa.BigInteger(), nullable=False),
        sa.Column("nonfinite", sa.BigInteger(), nullable=False),
        sa.Column("top1_correct", sa.BigInteger(), nullable=True),
        sa.Column("top5_correct", sa.BigInteger(), nullable=True),
        sa.Column("top1", sa.Double(), nullable=True),
        sa.Column("top5", sa.Double(), nullable=True),
        sa.Column("compute_images_per_s", sa.Double(), nullable=True),
        sa.Column("compute_low_images_per_s", sa.Double(), nullable=True),
        sa.Column("compute_high_images_per_s", sa.Double(), nullable=True),
        sa.Column("device_images_per_s", sa.Double(), nullable=True),
        sa.Column("pipeline_images_per_s", sa.Double(), nullable=True),
        sa.Column("job_images_per_s", sa.Double(), nullable=True),
        sa.Column("card_images_per_s", sa.Double(), nullable=True),
        sa.Column("p50_ms", sa.Double(), nullable=True),
        sa.Column("p99_ms", sa.Double(), nullable=True),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("model_sha256", sa.Text(), nullable=False),
        sa.Column("recipe", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=True),
        sa.Column("artifact_sha256", sa.Text(), nullable=True),
        sa.Column("given", sa.Text(), nullable=False),
        sa.Column("toolkit", sa.Text(), nullable=False),
        sa.Column("driver", sa.Text(), nullable=False),
        sa.Column("hosts", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("told", sa.Text(), nullable=False),
        sa.Column("imported", sa.Text(), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("finished_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name=op.f("fk_figures_job_id")),
        sa.PrimaryKeyConstraint("job_id", "run_no", name=op.f("pk_figures")),
    )
    op.create_index(op.f("ix_figures_chip_batch_job_id"), "figures", ["chip", "batch", "job_id"], unique=False)
    for name in ("model_sha256", "recipe", "created_ms"):
        op.create_index(op.f(f"ix_figures_{name}"), "figures", [name], unique=False)


def _fill(connection: sa.Connection) -> None:
    """Read in Python: a name in a spec may hold what a database's own JSON functions refuse."""
    ended = "SELECT 1 FROM run WHERE run.job_id = job.id AND run.state IN ('done', 'failed', 'cancelled')"
    connection.execute(sa.text(f"UPDATE job SET changes = 1 WHERE EXISTS ({ended})"))
    page = sa.text("SELECT id, spec FROM job WHERE id > :last ORDER BY id LIMIT :many")
    columns = ", ".join(f"{name} = :{name}" for name in SEARCHED)
    fill, last = sa.text(f"UPDATE job SET {columns} WHERE id = :id"), 0
    while rows := connection.execute(page, {"last": last, "many": JOBS_AT_ONCE}).all():
        connection.execute(fill, [{"id": job_id, **_searched(spec)} for job_id, spec in rows])
        last = rows[-1].id


def _searched(spec: str | Mapping[str, Any]) -> dict[str, str]:
    """The values of a spec, which one driver hands over as text and the other as it is."""
    values = json.loads(spec) if isinstance(spec, str) else spec
    found = (values["model"]["name"], values["model"]["sha256"], values["recipe"]["name"])
    return dict(zip(SEARCHED, map(escaped, found), strict=True))
