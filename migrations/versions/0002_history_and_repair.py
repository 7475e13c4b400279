"""Reading the past and mending gaps: runs with their cursors, how each project keeps up, items that want a read."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    instant = sa.DateTime(timezone=True)
    op.create_table(
        "sync",
        sa.Column("id", big, autoincrement=False, nullable=False),
        sa.Column("mode", sa.Text(), server_default="webhooks", nullable=False),
        sa.Column("reconciled_to", instant, nullable=True),
        sa.Column("next_at", instant, nullable=True),
        sa.Column("catching_up_at", instant, nullable=True),
        sa.Column("why", sa.Text(), server_default="", nullable=False),
        sa.Column("usual_silence", sa.Float(), nullable=True),
        sa.Column("silence_seen", instant, nullable=True),
        sa.Column("lost_checked_at", instant, nullable=True),
        sa.Column("detail", sa.Text(), server_default="", nullable=False),
        sa.Column("rung_at", instant, nullable=True),
        sa.Column("lease_holder", sa.Text(), nullable=True),
        sa.Column("lease_until", sa.Float(), server_default="0", nullable=False),
        sa.Column("fence", sa.BigInteger(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(["id"], ["project.id"], name=op.f("fk_sync_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sync")),
    )
    op.create_index(op.f("ix_sync_next_at"), "sync", ["next_at"], unique=False)
    op.create_table(
        "import_run",
        sa.Column("id", big, autoincrement=True, nullable=False),
        sa.Column("project_id", big, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("phase", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("cursor", sa.JSON(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=True),
        sa.Column("done", sa.Integer(), server_default="0", nullable=False),
        sa.Column("told", sa.Integer(), server_default="0", nullable=False),
        sa.Column("calls", sa.Integer(), server_default="0", nullable=False),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("detail", sa.Text(), server_default="", nullable=False),
        sa.Column("started_at", instant, nullable=False),
        sa.Column("resume_at", instant, nullable=True),
        sa.Column("finished_at", instant, nullable=True),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_import_run_project_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_run")),
    )
    op.create_index(op.f("ix_import_run_project_id"), "import_run", ["project_id"], unique=False)
    op.create_table(
        "wanted_read",
        sa.Column("id", big, autoincrement=True, nullable=False),
        sa.Column("project_id", big, nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("asked_at", instant, nullable=False),
        sa.Column("not_before", instant, nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_wanted_read_project_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wanted_read")),
        sa.UniqueConstraint("project_id", "number", name=op.f("uq_wanted_read_project_id_number")),
    )
    op.create_index(op.f("ix_wanted_read_not_before"), "wanted_read", ["not_before"], unique=False)


def downgrade() -> None:
    op.drop_table("wanted_read")
    op.drop_table("import_run")
    op.drop_table("sync")
