"""An index that finds the pull requests that stand on a branch."""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_item_base_ref", "item", ["project_id", "base_ref"])


def downgrade() -> None:
    op.drop_index("ix_item_base_ref", table_name="item")
