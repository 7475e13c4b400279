"""Indexes for what the overview counts and for the longest lists, however many items there are."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

AT_WORK = "kind created_at state moved_at closed_at deleted_at project_id secured is_open"


def upgrade() -> None:
    op.create_index(
        "ix_item_at_work",
        "item",
        AT_WORK.split(),
        sqlite_where=sa.text("is_open = 1"),
        postgresql_where=sa.text("is_open"),
    )
    gone = sa.text("deleted_at IS NOT NULL")
    op.create_index("ix_item_gone", "item", ["project_id", "deleted_at"], sqlite_where=gone, postgresql_where=gone)
    op.create_index("ix_standing_opened", "standing", ["opened_at", "id"])
    op.create_index("ix_written_world", "written", ["world_at", "kind"])


def downgrade() -> None:
    op.drop_index("ix_written_world", "written")
    op.drop_index("ix_standing_opened", "standing")
    op.drop_index("ix_item_gone", "item")
    op.drop_index("ix_item_at_work", "item")
