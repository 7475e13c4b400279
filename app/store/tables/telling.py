"""Telling people beside the tracker."""

from __future__ import annotations

import sqlalchemy as sa

from app.store.tables.base import Instant, id_, ref, table

target = table(  # where messages go: a channel, a mailbox, a person's own
    "target",
    id_(),
    sa.Column("name", sa.Text, nullable=False, unique=True),  # of a person's own: person:login
    sa.Column("kind", sa.Text, nullable=False),  # what the address begins with: slack, mailtos, json
    sa.Column("address", sa.Text, nullable=False),  # sealed
    sa.Column("per_day", sa.Integer, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("detail", sa.Text, nullable=False, server_default=""),  # why the latest message did not go out
    sa.Column("lease_holder", sa.Text),
    sa.Column("lease_until", sa.Float, nullable=False, server_default="0"),
    sa.Column("fence", sa.BigInteger, nullable=False, server_default="0"),
)

notice = table(  # one step of one flag to one target: what is to be told, and what became of it
    "notice",
    id_(),
    ref("standing_id", "standing", index=True),
    ref("project_id", "project", index=True),
    ref("target_id", "target", nullable=True),
    sa.Column("tell", sa.Text, nullable=False),  # author, assignee, lead, channel
    sa.Column("step", sa.Text, nullable=False),  # the rung (lead.1), or clear
    sa.Column("status", sa.Text, nullable=False),  # waiting, held, sending, sent, unsure, failed, dropped, nobody
    sa.Column("made_at", Instant, nullable=False),  # world time, as the next two
    sa.Column("ready_at", Instant, nullable=False),  # it may go along with another from here on
    sa.Column("due_at", Instant, nullable=False),  # it goes
    sa.Column("retry_at", Instant),  # real time
    sa.Column("sending_at", Instant),  # real time
    sa.Column("sent_at", Instant),  # world time: when the message that tells it went out, or may have
    sa.Column("message", sa.Text),  # the message it went out in, with others of its time
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    sa.Column("detail", sa.Text, nullable=False, server_default=""),
    sa.UniqueConstraint("standing_id", "step", "target_id"),
)
sa.Index("ix_notice_due", notice.c.target_id, notice.c.status, notice.c.due_at)
sa.Index("ix_notice_status", notice.c.status, notice.c.due_at)
sa.Index("ix_notice_sent", notice.c.target_id, notice.c.sent_at)
