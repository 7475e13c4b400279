"""Examples: what was known of an item when it was asked how it would end, and how it did."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Instant = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "example",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("project_id", BigId, nullable=False),
        sa.Column("item_id", BigId, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("at", Instant, nullable=False),
        sa.Column("inputs", sa.JSON, nullable=False),
        sa.Column("bad", sa.Boolean),
        sa.Column("ended_at", Instant),
        sa.PrimaryKeyConstraint("id", name="pk_example"),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name="fk_example_project_id"),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name="fk_example_item_id"),
        sa.UniqueConstraint("item_id", "outcome", "at", name="uq_example_item_id_outcome_at"),
    )
    op.create_index("ix_example_project", "example", ["project_id", "outcome", "bad"])


def downgrade() -> None:
    op.drop_table("example")
