"""What a check saw, in full; what a tracker sent by itself, and what of it was refused."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

Instant = sa.DateTime(timezone=True)
ARRIVED = sa.text("event <> 'plumbline_history'")


def upgrade() -> None:
    op.add_column("tracker", sa.Column("refused_at", Instant))
    op.add_column("tracker", sa.Column("refused_why", sa.Text, nullable=False, server_default=""))
    op.add_column("connection", sa.Column("report", sa.JSON, nullable=False, server_default="{}"))
    op.add_column("connection", sa.Column("page", sa.Text, nullable=False, server_default=""))
    op.create_index(
        "ix_delivery_arrived", "delivery", ["tracker_id", "id"], sqlite_where=ARRIVED, postgresql_where=ARRIVED
    )


def downgrade() -> None:
    op.drop_index("ix_delivery_arrived", "delivery")
    for table, column in (
        ("connection", "page"),
        ("connection", "report"),
        ("tracker", "refused_why"),
        ("tracker", "refused_at"),
    ):
        op.drop_column(table, column)
