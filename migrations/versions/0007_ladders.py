"""Ladders of rules, where messages go, and what is to be told there."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Instant = sa.DateTime(timezone=True)


def upgrade() -> None:
    with op.batch_alter_table("rule_version") as batch:
        batch.add_column(sa.Column("ladder", sa.JSON, nullable=False, server_default="[]"))
    op.create_table(
        "target",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("per_day", sa.Integer, nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("detail", sa.Text, nullable=False, server_default=""),
        sa.Column("lease_holder", sa.Text),
        sa.Column("lease_until", sa.Float, nullable=False, server_default="0"),
        sa.Column("fence", sa.BigInteger, nullable=False, server_default="0"),
        sa.PrimaryKeyConstraint("id", name="pk_target"),
        sa.UniqueConstraint("name", name="uq_target_name"),
    )
    op.create_table(
        "notice",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("standing_id", BigId, nullable=False),
        sa.Column("project_id", BigId, nullable=False),
        sa.Column("target_id", BigId),
        sa.Column("tell", sa.Text, nullable=False),
        sa.Column("step", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("made_at", Instant, nullable=False),
        sa.Column("ready_at", Instant, nullable=False),
        sa.Column("due_at", Instant, nullable=False),
        sa.Column("retry_at", Instant),
        sa.Column("sending_at", Instant),
        sa.Column("sent_at", Instant),
        sa.Column("message", sa.Text),
        sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
        sa.Column("detail", sa.Text, nullable=False, server_default=""),
        sa.PrimaryKeyConstraint("id", name="pk_notice"),
        sa.ForeignKeyConstraint(["standing_id"], ["standing.id"], name="fk_notice_standing_id"),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name="fk_notice_project_id"),
        sa.ForeignKeyConstraint(["target_id"], ["target.id"], name="fk_notice_target_id"),
        sa.UniqueConstraint("standing_id", "step", "target_id", name="uq_notice_standing_id_step_target_id"),
    )
    op.create_index("ix_notice_standing_id", "notice", ["standing_id"])
    op.create_index("ix_notice_project_id", "notice", ["project_id"])
    op.create_index("ix_notice_due", "notice", ["target_id", "status", "due_at"])
    op.create_index("ix_notice_status", "notice", ["status", "due_at"])
    op.create_index("ix_notice_sent", "notice", ["target_id", "sent_at"])


def downgrade() -> None:
    op.drop_table("notice")
    op.drop_table("target")
    with op.batch_alter_table("rule_version") as batch:
        batch.drop_column("ladder")
