"""For how long payloads of deliveries are kept, and up to when they were let go."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("instance") as batch:
        batch.add_column(sa.Column("payload_days", sa.Integer))
        batch.add_column(sa.Column("payloads_gone_to", sa.DateTime(timezone=True)))


def downgrade() -> None:
    with op.batch_alter_table("instance") as batch:
        batch.drop_column("payloads_gone_to")
        batch.drop_column("payload_days")
