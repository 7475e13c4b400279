"""Accounts of people, their sessions, and whose tokens and links are whose."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Instant = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "account",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("name_key", sa.Text, nullable=False),
        sa.Column("mail", sa.Text),
        sa.Column("password", sa.Text),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("all_projects", sa.Boolean, nullable=False),
        sa.Column("secured", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("issuer", sa.Text),
        sa.Column("subject", sa.Text),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("seen_at", Instant),
        sa.Column("disabled_at", Instant),
        sa.PrimaryKeyConstraint("id", name="pk_account"),
        sa.UniqueConstraint("name_key", name="uq_account_name_key"),
        sa.UniqueConstraint("issuer", "subject", name="uq_account_issuer_subject"),
    )
    op.create_table(
        "account_programme",
        sa.Column("account_id", BigId, nullable=False),
        sa.Column("programme_id", BigId, nullable=False),
        sa.PrimaryKeyConstraint("account_id", "programme_id", name="pk_account_programme"),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_account_programme_account_id"),
        sa.ForeignKeyConstraint(["programme_id"], ["programme.id"], name="fk_account_programme_programme_id"),
    )
    op.create_index("ix_account_programme_programme_id", "account_programme", ["programme_id"])
    op.create_table(
        "web_session",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("account_id", BigId),
        sa.Column("how", sa.Text, nullable=False),
        sa.Column("agent", sa.Text, nullable=False, server_default=""),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("used_at", Instant, nullable=False),
        sa.Column("expires_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_web_session"),
        sa.UniqueConstraint("digest", name="uq_web_session_digest"),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_web_session_account_id"),
    )
    op.create_index("ix_web_session_account_id", "web_session", ["account_id"])
    op.create_index("ix_web_session_expires_at", "web_session", ["expires_at"])
    with op.batch_alter_table("api_token") as batch:
        batch.add_column(sa.Column("account_id", BigId))
        batch.drop_constraint("uq_api_token_name", type_="unique")
        batch.create_foreign_key("fk_api_token_account_id", "account", ["account_id"], ["id"])
    op.create_index("ix_api_token_account_id", "api_token", ["account_id"])
    with op.batch_alter_table("sign_in") as batch:
        batch.add_column(sa.Column("account_id", BigId))
        batch.create_foreign_key("fk_sign_in_account_id", "account", ["account_id"], ["id"])
    op.create_index("ix_sign_in_account_id", "sign_in", ["account_id"])


def downgrade() -> None:
    # links and tokens of people mean nothing without the people
    op.execute("DELETE FROM sign_in WHERE account_id IS NOT NULL")
    op.execute("DELETE FROM api_token WHERE account_id IS NOT NULL")
    op.execute(
        "DELETE FROM api_token WHERE EXISTS"
        " (SELECT 1 FROM api_token AS later WHERE later.name = api_token.name AND later.id > api_token.id)"
    )
    op.drop_index("ix_sign_in_account_id", "sign_in")
    with op.batch_alter_table("sign_in") as batch:
        batch.drop_constraint("fk_sign_in_account_id", type_="foreignkey")
        batch.drop_column("account_id")
    op.drop_index("ix_api_token_account_id", "api_token")
    with op.batch_alter_table("api_token") as batch:
        batch.drop_constraint("fk_api_token_account_id", type_="foreignkey")
        batch.create_unique_constraint("uq_api_token_name", ["name"])
        batch.drop_column("account_id")
    for table in ("web_session", "account_programme", "account"):
        op.drop_table(table)
