"""When work on an item began, as a column, and the index that counting how work flows is answered from."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

Instant = sa.DateTime(timezone=True)
COLUMNS = [
    "project_id",
    "is_open",
    "state",
    "state_since",
    "kind",
    "created_at",
    "began_at",
    "closed_at",
    "deleted_at",
    "secured",
]


def upgrade() -> None:
    with op.batch_alter_table("item") as batch:
        batch.add_column(sa.Column("began_at", Instant))
    if op.get_bind().dialect.name == "postgresql":
        began = "CAST(derived ->> 'started_at' AS TIMESTAMPTZ)"
    else:
        # as instants are kept there: without a zone, with microseconds
        told = "json_extract(derived, '$.started_at')"
        began = (
            f"substr({told}, 1, 10) || ' ' || substr({told}, 12, 8)"
            f" || CASE WHEN substr({told}, 20, 1) = '.' THEN substr({told}, 20, 7) ELSE '.000000' END"
        )
    op.execute(f"UPDATE item SET began_at = {began}")  # noqa: S608 (made of the words above alone)
    op.create_index("ix_item_flow", "item", COLUMNS)


def downgrade() -> None:
    op.drop_index("ix_item_flow", "item")
    with op.batch_alter_table("item") as batch:
        batch.drop_column("began_at")
