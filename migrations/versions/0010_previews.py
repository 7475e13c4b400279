"""Previews: what a rule would do, asked on a page and worked out by a worker."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Instant = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "preview",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("who", sa.Text, nullable=False),
        sa.Column("asked_at", Instant, nullable=False),
        sa.Column("question", sa.JSON, nullable=False),
        sa.Column("state", sa.Text, nullable=False, server_default="waiting"),
        sa.Column("progress", sa.Float, nullable=False, server_default="0"),
        sa.Column("result", sa.JSON, nullable=False, server_default="{}"),
        sa.Column("detail", sa.Text, nullable=False, server_default=""),
        sa.Column("tries", sa.Integer, nullable=False, server_default="0"),
        sa.Column("beat", Instant),
        sa.Column("lease_holder", sa.Text),
        sa.Column("lease_until", sa.Float, nullable=False, server_default="0"),
        sa.Column("fence", sa.BigInteger, nullable=False, server_default="0"),
        sa.PrimaryKeyConstraint("id", name="pk_preview"),
    )
    op.create_index("ix_preview_asked_at", "preview", ["asked_at"])
    op.create_index("ix_preview_who", "preview", ["who", "state"])
    op.create_index("ix_preview_state", "preview", ["state", "id"])


def downgrade() -> None:
    op.drop_table("preview")
