"""Answers of people, approval of a rule's first flood, and which labels we made ourselves."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "answer",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("project_id", BIG, nullable=False),
        sa.Column("item_id", BIG, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("person_id", BIG, nullable=True),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("verb", sa.Text(), nullable=False),
        sa.Column("command", sa.JSON(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("may", sa.Text(), nullable=True),
        sa.Column("retry_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("detail", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_answer_project_id")),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_answer_item_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_answer_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_answer")),
        sa.UniqueConstraint("project_id", "key", name=op.f("uq_answer_project_id_key")),
    )
    op.create_index("ix_answer_item", "answer", ["item_id", "status"])
    op.create_index("ix_answer_status", "answer", ["status", "project_id"])
    op.create_index("ix_change_actor", "change", ["project_id", "actor_id", "at"])
    op.add_column("rule", sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("known_label", sa.Column("made", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("publication", sa.Column("retracting", sa.Boolean(), server_default=sa.false(), nullable=False))


def downgrade() -> None:
    op.drop_column("publication", "retracting")
    op.drop_column("known_label", "made")
    op.drop_column("rule", "approved_at")
    op.drop_index("ix_change_actor", "change")
    op.drop_table("answer")
