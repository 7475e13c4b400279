"""Statistics, when they are made anew, and when a project as a whole is looked at again."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Instant = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "statistic",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("project_id", BigId, nullable=False),
        sa.Column("subject_kind", sa.Text, nullable=False),
        sa.Column("subject_id", BigId, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("as_of", Instant, nullable=False),
        sa.Column("value", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_statistic"),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name="fk_statistic_project_id"),
        sa.UniqueConstraint(
            "subject_kind", "subject_id", "name", "as_of", name="uq_statistic_subject_kind_subject_id_name_as_of"
        ),
    )
    op.create_index("ix_statistic_project", "statistic", ["project_id", "name", "as_of"])
    with op.batch_alter_table("project") as batch:
        batch.add_column(sa.Column("refresh_at", Instant))
        batch.add_column(sa.Column("next_check_at", Instant))
        batch.add_column(sa.Column("judged_at", Instant))
        batch.create_index("ix_project_refresh", ["refresh_at"])
        batch.create_index("ix_project_next_check", ["next_check_at"])


def downgrade() -> None:
    with op.batch_alter_table("project") as batch:
        batch.drop_index("ix_project_next_check")
        batch.drop_index("ix_project_refresh")
        batch.drop_column("judged_at")
        batch.drop_column("next_check_at")
        batch.drop_column("refresh_at")
    op.drop_table("statistic")
