"""Answers given on pages: which flags each was for, and what of a flag's memory lists are narrowed by."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Instant = sa.DateTime(timezone=True)
RANK = {"note": 0, "warning": 1, "urgent": 2}


def upgrade() -> None:
    with op.batch_alter_table("answer") as batch:
        batch.alter_column("item_id", existing_type=BigId, nullable=True)
    with op.batch_alter_table("standing") as batch:
        batch.add_column(sa.Column("answered", sa.Text, nullable=False, server_default=""))
        batch.add_column(sa.Column("quiet_until", Instant))
    op.create_table(
        "answer_flag",
        sa.Column("answer_id", BigId, nullable=False),
        sa.Column("standing_id", BigId, nullable=False),
        sa.PrimaryKeyConstraint("answer_id", "standing_id", name="pk_answer_flag"),
        sa.ForeignKeyConstraint(["answer_id"], ["answer.id"], name="fk_answer_flag_answer_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["standing_id"], ["standing.id"], name="fk_answer_flag_standing_id", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_answer_flag_standing_id", "answer_flag", ["standing_id"])
    _answered_so_far()


def _answered_so_far() -> None:
    """Open flags that somebody has answered already."""
    standing = sa.table(
        "standing",
        sa.column("id", BigId),
        sa.column("closed_at", Instant),
        sa.column("memory", sa.JSON),
        sa.column("answered", sa.Text),
        sa.column("quiet_until", Instant),
    )
    connection = op.get_bind()
    told = sa.cast(standing.c.memory, sa.Text)
    said = sa.or_(
        *(told.like(f'%"{word}"%') for word in ("acknowledged_at", "snoozed_until", "expected", "dismissed_at"))
    )
    for id_, memory in connection.execute(
        sa.select(standing.c.id, standing.c.memory).where(standing.c.closed_at.is_(None), said)
    ).all():
        answered, until = _quiet(memory)
        if answered:
            at = datetime.fromisoformat(until.replace("Z", "+00:00")).astimezone(UTC) if until else None
            if at is not None and connection.dialect.name == "sqlite":
                at = at.replace(tzinfo=None)
            connection.execute(
                sa.update(standing).where(standing.c.id == id_).values(answered=answered, quiet_until=at)
            )


def _quiet(memory: dict[str, Any]) -> tuple[str, str | None]:
    verdict = memory.get("verdict", {})
    if "dismissed_at" in memory:
        return "wrong", None
    if "acknowledged_at" in memory:
        worse = RANK.get(verdict.get("severity", ""), 0) > RANK.get(memory.get("acknowledged_severity", "note"), 0)
        if not worse and verdict.get("weight", 0.0) <= memory.get("acknowledged_weight", 0.0):
            return "acknowledged", None
    asked = [
        (memory[name], word)
        for name, word in (("snoozed_until", "snoozed"), ("expected", "expected"))
        if name in memory
    ]
    return (max(asked)[1], max(asked)[0]) if asked else ("", None)


def downgrade() -> None:
    op.drop_table("answer_flag")
    op.execute("DELETE FROM answer WHERE item_id IS NULL")
    with op.batch_alter_table("standing") as batch:
        batch.drop_column("quiet_until")
        batch.drop_column("answered")
    with op.batch_alter_table("answer") as batch:
        batch.alter_column("item_id", existing_type=BigId, nullable=False)
