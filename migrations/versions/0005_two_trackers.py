"""What a second kind of tracker needs: sites, sprints that cross projects, edges with a time, programmes; bells in a
table of their own.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Instant = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "bell",
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("row_id", BigId, nullable=False, autoincrement=False),
        sa.Column("rung_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("kind", "row_id", name="pk_bell"),
    )
    for table in ("lane", "connection", "sync"):
        with op.batch_alter_table(table) as batch:
            batch.drop_column("rung_at")
    with op.batch_alter_table("tracker") as batch:
        batch.add_column(sa.Column("site", sa.JSON, nullable=False, server_default="{}"))
        batch.add_column(sa.Column("surveyed_at", Instant))
    with op.batch_alter_table("project") as batch:
        batch.add_column(sa.Column("service_desk", sa.Boolean, nullable=False, server_default=sa.false()))
    with op.batch_alter_table("item") as batch:
        batch.add_column(sa.Column("stage", sa.Text))
        batch.add_column(sa.Column("effort", sa.JSON, nullable=False, server_default="{}"))
        batch.add_column(sa.Column("traits", sa.JSON, nullable=False, server_default="{}"))
        batch.add_column(sa.Column("secured", sa.Boolean, nullable=False, server_default=sa.false()))
    moved = sa.text("field = 'milestone'")
    for name, column in (("ix_change_left", "before"), ("ix_change_joined", "after")):
        op.create_index(name, "change", [column], sqlite_where=moved, postgresql_where=moved)
    _milestones()
    with op.batch_alter_table("link") as batch:
        batch.add_column(sa.Column("as_of", Instant))
    op.create_table(
        "cut_link",
        sa.Column("source_item_id", BigId, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("target", sa.Text, nullable=False),
        sa.Column("as_of", Instant, nullable=False),
        sa.PrimaryKeyConstraint("source_item_id", "kind", "target", name="pk_cut_link"),
        sa.ForeignKeyConstraint(["source_item_id"], ["item.id"], name="fk_cut_link_source_item_id"),
    )
    op.create_table(
        "early_check",
        sa.Column("project_id", BigId, nullable=False),
        sa.Column("head_sha", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("at", Instant, nullable=False),
        sa.Column("kept_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("project_id", "head_sha", "name", name="pk_early_check"),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name="fk_early_check_project_id"),
    )
    op.create_index("ix_early_check_kept_at", "early_check", ["kept_at"])
    op.create_table(
        "programme",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("same_readers", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("created_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_programme"),
        sa.UniqueConstraint("name", name="uq_programme_name"),
    )
    op.create_table(
        "programme_project",
        sa.Column("programme_id", BigId, nullable=False),
        sa.Column("project_id", BigId, nullable=False),
        sa.PrimaryKeyConstraint("programme_id", "project_id", name="pk_programme_project"),
        sa.ForeignKeyConstraint(["programme_id"], ["programme.id"], name="fk_programme_project_programme_id"),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name="fk_programme_project_project_id"),
    )
    op.create_index("ix_programme_project_project_id", "programme_project", ["project_id"])
    with op.batch_alter_table("wanted_read") as batch:
        batch.alter_column("number", existing_type=sa.BigInteger, nullable=True)
        batch.add_column(sa.Column("native_id", sa.Text))
        batch.create_unique_constraint("uq_wanted_read_project_id_native_id", ["project_id", "native_id"])


def _milestones() -> None:
    """A milestone belongs to its tracker, and to a project only while it is known to which."""
    with op.batch_alter_table("milestone") as batch:
        batch.add_column(sa.Column("tracker_id", BigId))
        batch.add_column(sa.Column("released", sa.Boolean, nullable=False, server_default=sa.false()))
        batch.add_column(sa.Column("board", sa.Text))
        batch.add_column(sa.Column("merged_into", sa.Text))
        batch.add_column(sa.Column("joined_to", BigId))
        batch.add_column(sa.Column("kept", sa.Float))
    op.execute(
        "UPDATE milestone SET tracker_id = (SELECT tracker_id FROM project WHERE project.id = milestone.project_id)"
    )
    with op.batch_alter_table("milestone") as batch:
        batch.alter_column("tracker_id", existing_type=BigId, nullable=False)
        batch.alter_column("project_id", existing_type=BigId, nullable=True)
        batch.create_foreign_key("fk_milestone_tracker_id", "tracker", ["tracker_id"], ["id"])
        batch.drop_constraint("uq_milestone_project_id_native_id", type_="unique")
        batch.create_unique_constraint("uq_milestone_tracker_id_native_id", ["tracker_id", "native_id"])
    op.create_index("ix_milestone_project", "milestone", ["project_id"])
    op.create_index("ix_milestone_joined", "milestone", ["joined_to"])


def downgrade() -> None:
    for name in ("ix_change_left", "ix_change_joined"):
        op.drop_index(name, table_name="change")
    with op.batch_alter_table("wanted_read") as batch:
        batch.drop_constraint("uq_wanted_read_project_id_native_id", type_="unique")
    op.execute("DELETE FROM wanted_read WHERE number IS NULL")
    with op.batch_alter_table("wanted_read") as batch:
        batch.drop_column("native_id")
        batch.alter_column("number", existing_type=sa.BigInteger, nullable=False)
    for table in ("programme_project", "programme", "early_check", "cut_link", "bell"):
        op.drop_table(table)
    with op.batch_alter_table("link") as batch:
        batch.drop_column("as_of")
    _one_project_each()
    for table, columns in (
        ("item", ("stage", "effort", "traits", "secured")),
        ("project", ("service_desk",)),
        ("tracker", ("site", "surveyed_at")),
    ):
        with op.batch_alter_table(table) as batch:
            for column in columns:
                batch.drop_column(column)
    for table in ("lane", "connection", "sync"):
        with op.batch_alter_table(table) as batch:
            batch.add_column(sa.Column("rung_at", Instant))


def _one_project_each() -> None:
    """Sprints without items belong to no project, so they go; they come again with their next webhook."""
    for table in ("membership", "baseline", "milestone_due"):
        op.execute(f"DELETE FROM {table} WHERE milestone_id IN (SELECT id FROM milestone WHERE project_id IS NULL)")  # noqa: S608
    op.execute("DELETE FROM change WHERE milestone_id IN (SELECT id FROM milestone WHERE project_id IS NULL)")
    op.execute("DELETE FROM milestone WHERE project_id IS NULL")
    op.drop_index("ix_milestone_project", table_name="milestone")
    op.drop_index("ix_milestone_joined", table_name="milestone")
    with op.batch_alter_table("milestone") as batch:
        batch.drop_constraint("uq_milestone_tracker_id_native_id", type_="unique")
        batch.create_unique_constraint("uq_milestone_project_id_native_id", ["project_id", "native_id"])
        batch.drop_constraint("fk_milestone_tracker_id", type_="foreignkey")
        batch.alter_column("project_id", existing_type=BigId, nullable=False)
        for column in ("tracker_id", "released", "board", "merged_into", "joined_to", "kept"):
            batch.drop_column(column)
