"""Reading the past, and mending gaps."""

from __future__ import annotations

import sqlalchemy as sa

from app.store.tables.base import BigId, Instant, id_, ref, table

sync = table(  # one row for each project whose tracker can be read; `id` is the project's
    "sync",
    sa.Column("id", BigId, sa.ForeignKey("project.id"), primary_key=True, autoincrement=False),
    sa.Column("mode", sa.Text, nullable=False, server_default="webhooks"),  # webhooks, polling
    sa.Column("reconciled_to", Instant),  # by the tracker's clock: every change up to here is known
    sa.Column("next_at", Instant, index=True),  # real time
    sa.Column("catching_up_at", Instant),  # real time: since when it is judged but not published to
    sa.Column("why", sa.Text, nullable=False, server_default=""),  # what it catches up from, in words
    sa.Column("usual_silence", sa.Float),  # seconds without a delivery that are nothing unusual
    sa.Column("silence_seen", Instant),  # the last delivery before a silence that was looked into
    sa.Column("lost_checked_at", Instant),  # real time
    sa.Column("detail", sa.Text, nullable=False, server_default=""),
    sa.Column("lease_holder", sa.Text),
    sa.Column("lease_until", sa.Float, nullable=False, server_default="0"),
    sa.Column("fence", sa.BigInteger, nullable=False, server_default="0"),
)

import_run = table(  # reading the past: the whole of it (import) or what changed (changes)
    "import_run",
    id_(),
    ref("project_id", "project", index=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("phase", sa.Text, nullable=False),  # start, milestones, items, lost, taking_in
    sa.Column("status", sa.Text, nullable=False),  # running, waiting, stopped, done, failed
    sa.Column("cursor", sa.JSON, nullable=False),
    sa.Column("total", sa.Integer),
    sa.Column("done", sa.Integer, nullable=False, server_default="0"),
    sa.Column("told", sa.Integer, nullable=False, server_default="0"),  # items that had to be read
    sa.Column("calls", sa.Integer, nullable=False, server_default="0"),
    sa.Column("tries", sa.Integer, nullable=False, server_default="0"),
    sa.Column("detail", sa.Text, nullable=False, server_default=""),
    sa.Column("started_at", Instant, nullable=False),
    sa.Column("resume_at", Instant),
    sa.Column("finished_at", Instant),
)

wanted_read = table(  # items that only a read can tell right; one row an item, however often it is asked for
    "wanted_read",
    id_(),
    ref("project_id", "project"),
    sa.Column("number", sa.BigInteger),
    sa.Column("native_id", sa.Text),  # where no number is known: a payload that carried only ids
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("asked_at", Instant, nullable=False),
    sa.Column("not_before", Instant, nullable=False, index=True),
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    sa.UniqueConstraint("project_id", "number"),
    sa.UniqueConstraint("project_id", "native_id"),
)
