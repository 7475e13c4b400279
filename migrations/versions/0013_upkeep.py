"""Chores that somebody asked for on a page, and indexes for finding deliveries, writes and entries of the audit log."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Instant = sa.DateTime(timezone=True)
INDEXES = (
    ("ix_delivery_about", "delivery", ["about", "id"]),
    ("ix_delivery_event", "delivery", ["event", "id"]),
    ("ix_written_at", "written", ["at", "id"]),
    ("ix_written_project_at", "written", ["project_id", "at", "id"]),
    ("ix_audit_at", "audit", ["at", "id"]),
    ("ix_audit_who", "audit", ["who", "id"]),
    ("ix_audit_what", "audit", ["what", "id"]),
    ("ix_audit_subject", "audit", ["subject", "id"]),
)


def upgrade() -> None:
    op.create_table(
        "chore",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("who", sa.Text, nullable=False),
        sa.Column("asked", sa.JSON, nullable=False),
        sa.Column("status", sa.Text, nullable=False, server_default="running"),
        sa.Column("cursor", sa.JSON, nullable=False, server_default="{}"),
        sa.Column("total", sa.Integer),
        sa.Column("done", sa.Integer, nullable=False, server_default="0"),
        sa.Column("detail", sa.Text, nullable=False, server_default=""),
        sa.Column("started_at", Instant, nullable=False),
        sa.Column("next_at", Instant, nullable=False),
        sa.Column("finished_at", Instant),
        sa.Column("lease_holder", sa.Text),
        sa.Column("lease_until", sa.Float, nullable=False, server_default="0"),
        sa.Column("fence", sa.BigInteger, nullable=False, server_default="0"),
        sa.PrimaryKeyConstraint("id", name="pk_chore"),
    )
    op.create_index("ix_chore_due", "chore", ["status", "next_at"])
    op.create_index("ix_delivery_guid", "delivery", ["guid"], postgresql_ops={"guid": "text_pattern_ops"})
    for name, table, columns in INDEXES:
        op.create_index(name, table, columns)
    op.drop_index("ix_publication_status", "publication")
    op.create_index("ix_publication_status", "publication", ["status", "id"])


def downgrade() -> None:
    op.drop_index("ix_publication_status", "publication")
    op.create_index("ix_publication_status", "publication", ["status"])
    for name, table, _columns in reversed(INDEXES):
        op.drop_index(name, table)
    op.drop_index("ix_delivery_guid", "delivery")
    op.drop_table("chore")
