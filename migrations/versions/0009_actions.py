"""Actions: what a rule's flags do in the tracker, where that differs from the usual."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("rule_version") as batch:
        batch.add_column(sa.Column("actions", sa.JSON, nullable=False, server_default="{}"))


def downgrade() -> None:
    with op.batch_alter_table("rule_version") as batch:
        batch.drop_column("actions")
