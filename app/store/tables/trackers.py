"""Trackers, connections, projects and what they deliver; programmes of projects."""

from __future__ import annotations

import sqlalchemy as sa

from app.store.tables.base import BigId, Instant, id_, ref, table

tracker = table(
    "tracker",
    id_(),
    sa.Column("name", sa.Text, nullable=False, unique=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("base_url", sa.Text, nullable=False),
    sa.Column("webhook_secret", sa.Text, nullable=False),
    sa.Column("site", sa.JSON, nullable=False, server_default="{}"),  # what no payload tells: custom fields, statuses
    sa.Column("surveyed_at", Instant),
    sa.Column("refused_at", Instant),  # when a webhook was last refused, and why
    sa.Column("refused_why", sa.Text, nullable=False, server_default=""),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("removed_at", Instant),
)

connection = table(
    "connection",
    id_(),
    ref("tracker_id", "tracker", index=True),
    sa.Column("kind", sa.Text, nullable=False),  # token, app, sandbox
    sa.Column("installation", sa.Text),
    sa.Column("login", sa.Text),
    sa.Column("dedicated", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("credentials", sa.Text, nullable=False),
    sa.Column(
        "status", sa.Text, nullable=False, server_default="unchecked"
    ),  # ok, read_only, unauthorised, suspended, removed
    sa.Column("status_detail", sa.Text, nullable=False, server_default=""),
    sa.Column("checked_at", Instant),
    sa.Column("report", sa.JSON, nullable=False, server_default="{}"),  # what the last check saw, in full
    sa.Column("page", sa.Text, nullable=False, server_default=""),  # an App's own page in the tracker
    # the budget row: one writer at a time, paced
    sa.Column("lease_holder", sa.Text),
    sa.Column("lease_until", sa.Float, nullable=False, server_default="0"),
    sa.Column("fence", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("next_write_at", Instant),
    sa.Column("writes_in_hour", sa.JSON, nullable=False, server_default="[]"),
    sa.UniqueConstraint("tracker_id", "installation"),
)

project = table(
    "project",
    id_(),
    ref("tracker_id", "tracker"),
    ref("connection_id", "connection", nullable=True),
    ref("lane_id", "lane"),
    sa.Column("native_id", sa.Text, nullable=False),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("url", sa.Text, nullable=False),
    sa.Column("public", sa.Boolean, nullable=False, server_default=sa.true()),
    sa.Column("service_desk", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("status", sa.Text, nullable=False, server_default="active"),  # active, archived, gone, moved, removed
    sa.Column("status_detail", sa.Text, nullable=False, server_default=""),
    sa.Column("known_from", Instant),
    sa.Column("last_delivery_at", Instant),
    sa.Column("paused_at", Instant),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("removed_at", Instant),
    sa.Column("refresh_at", Instant),  # world time: when its statistics are made anew (None: as soon as may be)
    sa.Column("next_check_at", Instant),  # of the project as a whole
    sa.Column("judged_at", Instant),
    sa.UniqueConstraint("tracker_id", "native_id"),
)
sa.Index("ix_project_refresh", project.c.refresh_at)
sa.Index("ix_project_next_check", project.c.next_check_at)

project_settings = table(  # append-only
    "project_settings",
    id_(),
    ref("project_id", "project", index=True),
    sa.Column("valid_from", Instant, nullable=False),
    sa.Column("settings", sa.JSON, nullable=False),
    sa.Column("calendar", sa.JSON, nullable=False),
    sa.Column("author", sa.Text, nullable=False),
)

lane = table(
    "lane",
    id_(),
    ref("tracker_id", "tracker"),
    sa.Column("name", sa.Text, nullable=False, unique=True),
    sa.Column("lease_holder", sa.Text),
    sa.Column("lease_until", sa.Float, nullable=False, server_default="0"),
    sa.Column("fence", sa.BigInteger, nullable=False, server_default="0"),
)

bell = table(  # "there is work": a row of its own, so that who rings waits for nobody who works
    "bell",
    sa.Column("kind", sa.Text, primary_key=True),  # lane, connection, sync, statistics, target, preview
    sa.Column("row_id", BigId, primary_key=True, autoincrement=False),
    sa.Column("rung_at", Instant, nullable=False),
)

ARRIVED = "event <> 'plumbline_history'"
"""A condition of SQL, spelled out: a database takes the index for it by its text alone."""
delivery = table(
    "delivery",
    id_(),
    ref("tracker_id", "tracker"),
    ref("lane_id", "lane"),
    ref("project_id", "project", nullable=True),
    sa.Column("guid", sa.Text, nullable=False),
    sa.Column("event", sa.Text, nullable=False),
    sa.Column("action", sa.Text),
    sa.Column("about", sa.Text),
    sa.Column("received_at", Instant, nullable=False),
    sa.Column("world_at", Instant, nullable=False),
    sa.Column("size", sa.Integer, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),  # zlib; empty: let go
    sa.Column("status", sa.Text, nullable=False, server_default="pending"),  # pending, done, ignored, aside
    sa.Column("reason", sa.Text, nullable=False, server_default=""),
    sa.Column("trace", sa.Text, nullable=False, server_default=""),
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    sa.Column("next_attempt_at", Instant),
    sa.Column("done_at", Instant),
    sa.UniqueConstraint("tracker_id", "guid"),
)
sa.Index(
    "ix_delivery_waiting",
    delivery.c.lane_id,
    delivery.c.id,
    sqlite_where=delivery.c.status == "pending",
    postgresql_where=delivery.c.status == "pending",
)
sa.Index("ix_delivery_status", delivery.c.status, delivery.c.id)
sa.Index(  # what a tracker sent by itself, without what was asked of it
    "ix_delivery_arrived",
    delivery.c.tracker_id,
    delivery.c.id,
    sqlite_where=sa.text(ARRIVED),
    postgresql_where=sa.text(ARRIVED),
)
sa.Index("ix_delivery_received", delivery.c.received_at)
sa.Index("ix_delivery_project", delivery.c.project_id, delivery.c.id)
sa.Index("ix_delivery_guid", delivery.c.guid, postgresql_ops={"guid": "text_pattern_ops"})  # found by how it begins
sa.Index("ix_delivery_about", delivery.c.about, delivery.c.id)
sa.Index("ix_delivery_event", delivery.c.event, delivery.c.id)

programme = table(
    "programme",
    id_(),
    sa.Column("name", sa.Text, nullable=False, unique=True),
    sa.Column("same_readers", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("created_at", Instant, nullable=False),
)

programme_project = table(
    "programme_project",
    sa.Column("programme_id", BigId, sa.ForeignKey("programme.id"), primary_key=True),
    sa.Column("project_id", BigId, sa.ForeignKey("project.id"), primary_key=True, index=True),
)
