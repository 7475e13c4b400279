"""The tables. Private to `app.store`: everything above asks the functions of this package.

Conventions: `Instant` columns are aware UTC; ids are ours, `native_id` is the tracker's immutable one; JSON columns
hold what is only ever read and written whole. Every row that a drain writes belongs to exactly one lane (its
project's, or the tracker's).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


class Instant(sa.types.TypeDecorator[datetime]):
    """An aware UTC datetime on every database (SQLite keeps it as text without a zone, sorted as time is)."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"naive datetime {value!r}: instants are aware")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _table(name: str, *columns: sa.schema.SchemaItem) -> sa.Table:
    return sa.Table(name, metadata, *columns)


def _id() -> sa.Column[int]:
    return sa.Column("id", BigId, primary_key=True, autoincrement=True)


def _ref(name: str, target: str, *, nullable: bool = False, index: bool = False) -> sa.Column[int]:
    return sa.Column(name, BigId, sa.ForeignKey(f"{target}.id"), nullable=nullable, index=index)


# --- trackers, connections, projects --------------------------------------------------------------------------------

tracker = _table(
    "tracker",
    _id(),
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

connection = _table(
    "connection",
    _id(),
    _ref("tracker_id", "tracker", index=True),
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

project = _table(
    "project",
    _id(),
    _ref("tracker_id", "tracker"),
    _ref("connection_id", "connection", nullable=True),
    _ref("lane_id", "lane"),
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

project_settings = _table(  # append-only
    "project_settings",
    _id(),
    _ref("project_id", "project", index=True),
    sa.Column("valid_from", Instant, nullable=False),
    sa.Column("settings", sa.JSON, nullable=False),
    sa.Column("calendar", sa.JSON, nullable=False),
    sa.Column("author", sa.Text, nullable=False),
)

lane = _table(
    "lane",
    _id(),
    _ref("tracker_id", "tracker"),
    sa.Column("name", sa.Text, nullable=False, unique=True),
    sa.Column("lease_holder", sa.Text),
    sa.Column("lease_until", sa.Float, nullable=False, server_default="0"),
    sa.Column("fence", sa.BigInteger, nullable=False, server_default="0"),
)

bell = _table(  # "there is work": a row of its own, so that who rings waits for nobody who works
    "bell",
    sa.Column("kind", sa.Text, primary_key=True),  # lane, connection, sync, statistics, target, preview
    sa.Column("row_id", BigId, primary_key=True, autoincrement=False),
    sa.Column("rung_at", Instant, nullable=False),
)

ARRIVED = "event <> 'plumbline_history'"
"""A condition of SQL, spelled out: a database takes the index for it by its text alone."""
delivery = _table(
    "delivery",
    _id(),
    _ref("tracker_id", "tracker"),
    _ref("lane_id", "lane"),
    _ref("project_id", "project", nullable=True),
    sa.Column("guid", sa.Text, nullable=False),
    sa.Column("event", sa.Text, nullable=False),
    sa.Column("action", sa.Text),
    sa.Column("about", sa.Text),
    sa.Column("received_at", Instant, nullable=False),
    sa.Column("world_at", Instant, nullable=False),
    sa.Column("size", sa.Integer, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),  # zlib
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

# --- people, items, milestones --------------------------------------------------------------------------------------

person = _table(
    "person",
    _id(),
    _ref("tracker_id", "tracker"),
    sa.Column("native_id", sa.Text, nullable=False),
    sa.Column("login", sa.Text, nullable=False),
    sa.Column("bot", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.UniqueConstraint("tracker_id", "native_id"),
)

participant = _table(  # what a person is in one project
    "participant",
    sa.Column("project_id", BigId, sa.ForeignKey("project.id"), primary_key=True),
    sa.Column("person_id", BigId, sa.ForeignKey("person.id"), primary_key=True),
    sa.Column("member", sa.Boolean, nullable=False),
    sa.Column("as_of", Instant, nullable=False),
)

item = _table(
    "item",
    _id(),
    _ref("project_id", "project"),
    sa.Column("native_id", sa.Text, nullable=False),
    sa.Column("number", sa.BigInteger, nullable=False),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    # snapshot, by field group; `guards` says as of when
    sa.Column("title", sa.Text, nullable=False, server_default=""),
    sa.Column("body", sa.Text, nullable=False, server_default=""),
    sa.Column("url", sa.Text, nullable=False, server_default=""),
    sa.Column("author_id", BigId, sa.ForeignKey("person.id")),
    sa.Column("created_at", Instant),
    sa.Column("is_open", sa.Boolean, nullable=False, server_default=sa.true()),
    sa.Column("status", sa.Text, nullable=False, server_default="open"),
    sa.Column("stage", sa.Text),  # where the tracker files that status: todo, in_progress, done
    sa.Column("closed_at", Instant),
    sa.Column("closed_as", sa.Text),
    sa.Column("locked", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("labels", sa.JSON, nullable=False, server_default="[]"),
    sa.Column("assignee_ids", sa.JSON, nullable=False, server_default="[]"),
    sa.Column("milestone_natives", sa.JSON, nullable=False, server_default="[]"),
    sa.Column("due", sa.Date),
    sa.Column("estimate", sa.Float),
    sa.Column("spent", sa.Float),  # hours
    sa.Column("effort", sa.JSON, nullable=False, server_default="{}"),  # hours planned and left
    sa.Column("traits", sa.JSON, nullable=False, server_default="{}"),  # type, bug, flagged, priority, components
    sa.Column("secured", sa.Boolean, nullable=False, server_default=sa.false()),  # not for every reader of the project
    sa.Column("head_sha", sa.Text),
    sa.Column("head_ref", sa.Text),
    sa.Column("base_ref", sa.Text),
    sa.Column("pull", sa.JSON),
    sa.Column("reviews", sa.JSON, nullable=False, server_default="{}"),
    sa.Column("checks", sa.JSON, nullable=False, server_default="{}"),
    sa.Column("guards", sa.JSON, nullable=False, server_default="{}"),
    # derived from snapshot and changes
    sa.Column("state", sa.Text, nullable=False, server_default="todo"),
    sa.Column("state_since", Instant),
    sa.Column("began_at", Instant),  # when work on it began, as far as its own history tells
    sa.Column("moved_at", Instant),
    sa.Column("derived", sa.JSON, nullable=False, server_default="{}"),
    # when it is looked at again
    sa.Column("next_check_at", Instant),
    sa.Column("judged_at", Instant),
    sa.Column("gap", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("silenced", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("deleted_at", Instant),
    sa.Column("moved_to", sa.Text),
    sa.UniqueConstraint("project_id", "native_id"),
)
sa.Index("ix_item_number", item.c.project_id, item.c.number)
sa.Index(  # what is open, for the counts and charts of the overview: they read nothing else
    "ix_item_at_work",
    item.c.kind,
    item.c.created_at,
    item.c.state,
    item.c.moved_at,
    item.c.closed_at,
    item.c.deleted_at,
    item.c.project_id,
    item.c.secured,
    item.c.is_open,
    sqlite_where=item.c.is_open,
    postgresql_where=item.c.is_open,
)
sa.Index(
    "ix_item_gone",
    item.c.project_id,
    item.c.deleted_at,
    sqlite_where=item.c.deleted_at.is_not(None),
    postgresql_where=item.c.deleted_at.is_not(None),
)
sa.Index("ix_item_open", item.c.project_id, item.c.is_open, item.c.kind)
sa.Index("ix_item_next_check", item.c.next_check_at)
sa.Index("ix_item_head_sha", item.c.head_sha)
sa.Index("ix_item_head_ref", item.c.project_id, item.c.head_ref)
sa.Index("ix_item_base_ref", item.c.project_id, item.c.base_ref)
sa.Index("ix_item_closed_kind", item.c.project_id, item.c.kind, item.c.closed_at)
sa.Index("ix_item_closed", item.c.project_id, item.c.closed_at)
sa.Index(  # all that counting how work flows needs, so that no item has to be read for it
    "ix_item_flow",
    item.c.project_id,
    item.c.is_open,
    item.c.state,
    item.c.state_since,
    item.c.kind,
    item.c.created_at,
    item.c.began_at,
    item.c.closed_at,
    item.c.deleted_at,
    item.c.secured,
)

milestone = _table(
    "milestone",
    _id(),
    _ref("tracker_id", "tracker"),
    _ref("project_id", "project", nullable=True),  # a sprint's: whose items it holds most of; None while it holds none
    sa.Column("native_id", sa.Text, nullable=False),
    sa.Column("number", sa.BigInteger),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("url", sa.Text, nullable=False, server_default=""),
    sa.Column("is_open", sa.Boolean, nullable=False, server_default=sa.true()),
    sa.Column("created_at", Instant),
    sa.Column("closed_at", Instant),
    sa.Column("start", sa.Date),
    sa.Column("due", sa.Date),
    sa.Column("dues", sa.JSON, nullable=False, server_default="[]"),  # [[date|null, set_at], ...]
    sa.Column("as_of", Instant),
    sa.Column("released", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("board", sa.Text),
    sa.Column("merged_into", sa.Text),  # of a deleted version: the native id of the one that took its items over
    sa.Column("joined_to", BigId),  # the milestone that speaks for it, where people say that they are one
    sa.Column("home_item_id", BigId),
    sa.Column("growth", sa.Float),  # net growth as a share of what was planned, kept when it closes
    sa.Column("kept", sa.Float),  # share of what was planned that was done by its end, kept when it closes
    sa.Column("members_total", sa.Integer, nullable=False, server_default="0"),
    sa.Column("members_open", sa.Integer, nullable=False, server_default="0"),
    sa.Column("next_check_at", Instant),
    sa.Column("judged_at", Instant),
    sa.Column("deleted_at", Instant),
    sa.UniqueConstraint("tracker_id", "native_id"),
)
sa.Index("ix_milestone_next_check", milestone.c.next_check_at)
sa.Index("ix_milestone_project", milestone.c.project_id)
sa.Index("ix_milestone_joined", milestone.c.joined_to)

milestone_due = _table(  # every observation of a due date, so that any arrival order gives the same history
    "milestone_due",
    sa.Column("milestone_id", BigId, sa.ForeignKey("milestone.id"), primary_key=True),
    sa.Column("as_of", Instant, primary_key=True),
    sa.Column("due", sa.Date),
)

membership = _table(
    "membership",
    _id(),
    _ref("item_id", "item", index=True),
    _ref("milestone_id", "milestone", index=True),
    sa.Column("joined_at", Instant),
    sa.Column("left_at", Instant),
)

baseline = _table(  # append-only
    "baseline",
    _id(),
    _ref("milestone_id", "milestone", index=True),
    sa.Column("as_of", Instant, nullable=False),
    sa.Column("how", sa.Text, nullable=False),
    sa.Column("frozen", sa.Boolean, nullable=False),
    sa.Column("members", sa.JSON, nullable=False),
    sa.Column("author", sa.Text),
    sa.Column("reason", sa.Text, nullable=False, server_default=""),
    sa.Column("created_at", Instant, nullable=False),
)

change = _table(
    "change",
    _id(),
    _ref("project_id", "project"),
    sa.Column("natural_key", sa.Text, nullable=False),
    sa.Column("item_id", BigId, sa.ForeignKey("item.id")),
    sa.Column("milestone_id", BigId, sa.ForeignKey("milestone.id")),
    sa.Column("at", Instant, nullable=False),
    sa.Column("field", sa.Text, nullable=False),
    sa.Column("actor_id", BigId, sa.ForeignKey("person.id")),
    sa.Column("before", sa.Text),
    sa.Column("after", sa.Text),
    sa.Column("url", sa.Text),
    sa.Column("bulk", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("delivery_id", BigId),
    sa.UniqueConstraint("project_id", "natural_key"),
)
sa.Index("ix_change_item", change.c.item_id, change.c.at)
sa.Index("ix_change_actor", change.c.project_id, change.c.actor_id, change.c.at)
sa.Index("ix_change_milestone", change.c.milestone_id, change.c.at)
_MOVED = change.c.field == sa.literal_column("'milestone'")
sa.Index("ix_change_left", change.c.before, sqlite_where=_MOVED, postgresql_where=_MOVED)
sa.Index("ix_change_joined", change.c.after, sqlite_where=_MOVED, postgresql_where=_MOVED)

link = _table(  # owned by the source's lane; carries the little that the other end may need
    "link",
    _id(),
    _ref("project_id", "project"),
    _ref("source_item_id", "item", index=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("origin", sa.Text, nullable=False),  # text, event
    sa.Column("target", sa.Text, nullable=False, index=True),
    _ref("target_item_id", "item", nullable=True, index=True),
    sa.Column("as_of", Instant),  # of an edge: when it was told; None: by arrival
    sa.UniqueConstraint("source_item_id", "kind", "origin", "target"),
)

cut_link = _table(  # edges that were taken away, so that a late word of them brings none back
    "cut_link",
    sa.Column("source_item_id", BigId, sa.ForeignKey("item.id"), primary_key=True),
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("target", sa.Text, primary_key=True),
    sa.Column("as_of", Instant, nullable=False),
)

early_check = _table(  # results of checks on a commit that is no known pull request's head yet
    "early_check",
    sa.Column("project_id", BigId, sa.ForeignKey("project.id"), primary_key=True),
    sa.Column("head_sha", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Column("kept_at", Instant, nullable=False, index=True),  # real time
)

statistic = _table(  # append-only: stored figures about many subjects, which rules read through facts
    "statistic",
    _id(),
    _ref("project_id", "project"),
    sa.Column("subject_kind", sa.Text, nullable=False),  # project, milestone
    sa.Column("subject_id", BigId, nullable=False),
    sa.Column("name", sa.Text, nullable=False),  # usual, forecast, risk:quiet-pull
    sa.Column("as_of", Instant, nullable=False),  # world time
    sa.Column("value", sa.JSON, nullable=False),
    sa.UniqueConstraint("subject_kind", "subject_id", "name", "as_of"),
)
sa.Index("ix_statistic_project", statistic.c.project_id, statistic.c.name, statistic.c.as_of)

example = _table(  # what was known of an item when it was asked how it would end, and how it did
    "example",
    _id(),
    _ref("project_id", "project"),
    _ref("item_id", "item"),
    sa.Column("outcome", sa.Text, nullable=False),  # quiet-pull
    sa.Column("at", Instant, nullable=False),  # world time
    sa.Column("inputs", sa.JSON, nullable=False),
    sa.Column("bad", sa.Boolean),  # None: it has not ended
    sa.Column("ended_at", Instant),  # when that became known, world time
    sa.UniqueConstraint("item_id", "outcome", "at"),
)
sa.Index("ix_example_project", example.c.project_id, example.c.outcome, example.c.bad)

mark = _table(  # "look at this subject at that time", from any lane to the one that owns it
    "mark",
    _id(),
    _ref("lane_id", "lane"),
    sa.Column("subject_kind", sa.Text, nullable=False),
    sa.Column("subject_id", BigId, nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Column("reason", sa.Text, nullable=False, server_default=""),
)
sa.Index("ix_mark_lane", mark.c.lane_id, mark.c.at)

sweep = _table(  # a paged walk over all subjects of a lane, after a rule or a setting changed
    "sweep",
    _id(),
    _ref("lane_id", "lane", index=True),
    sa.Column("subject_kind", sa.Text, nullable=False),
    sa.Column("cursor", BigId, nullable=False, server_default="0"),
    sa.Column("rebuild", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("reason", sa.Text, nullable=False, server_default=""),
)

# --- programmes -----------------------------------------------------------------------------------------------------

programme = _table(
    "programme",
    _id(),
    sa.Column("name", sa.Text, nullable=False, unique=True),
    sa.Column("same_readers", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("created_at", Instant, nullable=False),
)

programme_project = _table(
    "programme_project",
    sa.Column("programme_id", BigId, sa.ForeignKey("programme.id"), primary_key=True),
    sa.Column("project_id", BigId, sa.ForeignKey("project.id"), primary_key=True, index=True),
)

# --- rules, standings, publications ---------------------------------------------------------------------------------

rule = _table(
    "rule",
    _id(),
    sa.Column("name", sa.Text, nullable=False, unique=True),
    sa.Column("type", sa.Text, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("removed_at", Instant),
    sa.Column("approved_at", Instant),  # world time: somebody looked at what it would write at once, and let it
)

rule_version = _table(  # append-only
    "rule_version",
    _id(),
    _ref("rule_id", "rule"),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("valid_from", Instant, nullable=False),
    sa.Column("title", sa.Text, nullable=False, server_default=""),
    sa.Column("params", sa.JSON, nullable=False),
    sa.Column("scope", sa.JSON, nullable=False),
    sa.Column("severity", sa.Text, nullable=False),
    sa.Column("reach", sa.Text, nullable=False),
    sa.Column("mode", sa.Text, nullable=False),
    sa.Column("live_since", Instant),
    sa.Column("author", sa.Text, nullable=False),
    sa.Column("ladder", sa.JSON, nullable=False, server_default="[]"),  # [{after: working days, tell: role}, ...]
    sa.Column("actions", sa.JSON, nullable=False, server_default="{}"),  # label, color, remark, settle_minutes
    sa.UniqueConstraint("rule_id", "version"),
)

standing = _table(
    "standing",
    _id(),
    _ref("rule_id", "rule"),
    sa.Column("rule_version", sa.Integer, nullable=False),
    _ref("project_id", "project"),
    sa.Column("subject_kind", sa.Text, nullable=False),
    sa.Column("subject_id", BigId, nullable=False),
    sa.Column("shown_on", BigId),  # the item whose comment and labels tell of it; None: pages and digest only
    sa.Column("outcome", sa.Text, nullable=False),  # flagged, pending, error; clear once closed
    sa.Column("severity", sa.Text, nullable=False),
    sa.Column("reach", sa.Text, nullable=False),
    sa.Column("code", sa.Text, nullable=False),
    sa.Column("opened_at", Instant, nullable=False),
    sa.Column("since", Instant),
    sa.Column("closed_at", Instant),
    sa.Column("verdict", sa.JSON, nullable=False),
    sa.Column("memory", sa.JSON, nullable=False, server_default="{}"),
    # what `memory` says people answered: "", acknowledged, snoozed, expected or wrong, and until when it is quiet
    sa.Column("answered", sa.Text, nullable=False, server_default=""),
    sa.Column("quiet_until", Instant),  # None: until it gets worse, or for good
)
sa.Index("ix_standing_subject", standing.c.subject_kind, standing.c.subject_id)
sa.Index("ix_standing_opened", standing.c.opened_at, standing.c.id)
sa.Index("ix_standing_newest", standing.c.closed_at, standing.c.opened_at, standing.c.id)
sa.Index("ix_standing_shown_on", standing.c.shown_on, standing.c.closed_at)
sa.Index("ix_standing_open", standing.c.project_id, standing.c.closed_at, standing.c.opened_at)
sa.Index("ix_standing_rule", standing.c.rule_id, standing.c.closed_at, standing.c.opened_at)
sa.Index(
    "uq_standing_open",
    standing.c.rule_id,
    standing.c.subject_kind,
    standing.c.subject_id,
    unique=True,
    sqlite_where=standing.c.closed_at.is_(None),
    postgresql_where=standing.c.closed_at.is_(None),
)

publication = _table(
    "publication",
    _id(),
    _ref("item_id", "item"),
    _ref("project_id", "project"),
    _ref("connection_id", "connection", nullable=True),
    # what it should show
    sa.Column("want_labels", sa.JSON, nullable=False, server_default="[]"),
    sa.Column("want_body", sa.Text),  # None: no comment wanted; an existing one then shrinks to its quiet line
    sa.Column("want_quiet", sa.Boolean, nullable=False, server_default=sa.false()),
    # what it shows
    sa.Column("shown_labels", sa.JSON, nullable=False, server_default="[]"),
    sa.Column("shown_body", sa.Text),
    sa.Column("comment_id", sa.Text),
    sa.Column("comment_url", sa.Text),
    sa.Column("commented_at", Instant),
    sa.Column("edited_at", Instant),
    sa.Column("edits", sa.JSON, nullable=False, server_default="[]"),  # world instants of edits in the last day
    # the way there
    sa.Column("status", sa.Text, nullable=False, server_default="settled"),  # settled, waiting, sending, held, refused
    sa.Column("due_at", Instant),  # world time
    sa.Column("retry_at", Instant),  # real time
    sa.Column("sending_at", Instant),  # real time: a create whose fate is not known
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    sa.Column("detail", sa.Text, nullable=False, server_default=""),
    # removals by people, taken as answers; what we said to commands; digests of what we wrote
    sa.Column("answers", sa.JSON, nullable=False, server_default="{}"),
    sa.Column("retracting", sa.Boolean, nullable=False, server_default=sa.false()),  # to be taken back, even if paused
    sa.UniqueConstraint("item_id"),
)
sa.Index("ix_publication_due", publication.c.connection_id, publication.c.status, publication.c.due_at)
sa.Index("ix_publication_status", publication.c.status, publication.c.id)
sa.Index("ix_publication_project", publication.c.project_id, publication.c.commented_at)

written = _table(  # every write to a tracker, newest last: the record people ask for, and what the ceilings count
    "written",
    _id(),
    _ref("connection_id", "connection"),
    _ref("project_id", "project"),
    _ref("item_id", "item", nullable=True),
    sa.Column("at", Instant, nullable=False),
    sa.Column("world_at", Instant, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),  # label_added, label_removed, comment_created, comment_edited
    sa.Column("detail", sa.Text, nullable=False, server_default=""),
)
sa.Index("ix_written_project", written.c.project_id, written.c.world_at)
sa.Index("ix_written_world", written.c.world_at, written.c.kind)
sa.Index("ix_written_item", written.c.item_id, written.c.id)
sa.Index("ix_written_at", written.c.at, written.c.id)
sa.Index("ix_written_project_at", written.c.project_id, written.c.at, written.c.id)

known_label = _table(  # labels of ours that exist in the tracker, so that they are created once
    "known_label",
    sa.Column("project_id", BigId, sa.ForeignKey("project.id"), primary_key=True),
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("made", sa.Boolean, nullable=False, server_default=sa.false()),  # by us: taken back with the rest
)

answer = _table(  # what people answered, each once: commands, and removals of what we wrote
    "answer",
    _id(),
    _ref("project_id", "project"),
    _ref("item_id", "item", nullable=True),  # None: on a page, to a flag that no item tells of
    sa.Column("key", sa.Text, nullable=False),  # comment and line, or what else makes it this one
    sa.Column("at", Instant, nullable=False),  # when it was said
    _ref("person_id", "person", nullable=True),
    sa.Column("who", sa.Text, nullable=False),  # a login, or whoever is signed in to the pages
    sa.Column("verb", sa.Text, nullable=False),
    sa.Column("command", sa.JSON, nullable=False),
    # asking (the right is not known), ready, given (on a page; the item's note is still to say so), taken, refused or
    # spent
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("may", sa.Text),  # the right as the tracker told it
    sa.Column("retry_at", Instant),  # real time
    sa.Column("settled_at", Instant),  # world time
    sa.Column("detail", sa.Text, nullable=False, server_default=""),
    sa.UniqueConstraint("project_id", "key"),
)
sa.Index("ix_answer_item", answer.c.item_id, answer.c.status)
sa.Index("ix_answer_status", answer.c.status, answer.c.project_id)

answer_flag = _table(  # which flags an answer was taken for
    "answer_flag",
    sa.Column("answer_id", BigId, sa.ForeignKey("answer.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("standing_id", BigId, sa.ForeignKey("standing.id", ondelete="CASCADE"), primary_key=True, index=True),
)

# --- telling people beside the tracker ------------------------------------------------------------------------------

target = _table(  # where messages go: a channel, a mailbox, a person's own
    "target",
    _id(),
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

notice = _table(  # one step of one flag to one target: what is to be told, and what became of it
    "notice",
    _id(),
    _ref("standing_id", "standing", index=True),
    _ref("project_id", "project", index=True),
    _ref("target_id", "target", nullable=True),
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

# --- the instance itself --------------------------------------------------------------------------------------------

instance = _table(  # one row
    "instance",
    _id(),
    sa.Column("tag", sa.Text, nullable=False),  # a few hex digits in our markers
    sa.Column("origin_real", Instant, nullable=False),
    sa.Column("origin_world", Instant, nullable=False),
    sa.Column("rate", sa.Float, nullable=False, server_default="1"),
    sa.Column("demo", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("paused_at", Instant),
    sa.Column("ticked_at", Instant),  # real time of the clock's last tick
)

account = _table(
    "account",
    _id(),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("name_key", sa.Text, nullable=False, unique=True),  # the name as it is compared: case and width folded
    sa.Column("mail", sa.Text),
    sa.Column("password", sa.Text),  # salted and slow; None: signs in by a provider, or not yet
    sa.Column("role", sa.Text, nullable=False),  # viewer, editor, admin
    sa.Column("all_projects", sa.Boolean, nullable=False),
    sa.Column("secured", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("issuer", sa.Text),  # who vouches for `subject`, where the person signs in elsewhere
    sa.Column("subject", sa.Text),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("seen_at", Instant),
    sa.Column("disabled_at", Instant),
    sa.UniqueConstraint("issuer", "subject"),
)

account_programme = _table(  # what somebody sees who does not see all projects
    "account_programme",
    sa.Column("account_id", BigId, sa.ForeignKey("account.id"), primary_key=True),
    sa.Column("programme_id", BigId, sa.ForeignKey("programme.id"), primary_key=True, index=True),
)

web_session = _table(
    "web_session",
    _id(),
    sa.Column("digest", sa.Text, nullable=False, unique=True),
    _ref("account_id", "account", nullable=True, index=True),  # None: by a printed link, without an account
    sa.Column("how", sa.Text, nullable=False),  # password, provider, link, recovery, demo
    sa.Column("agent", sa.Text, nullable=False, server_default=""),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("used_at", Instant, nullable=False),
    sa.Column("expires_at", Instant, nullable=False, index=True),
)

api_token = _table(
    "api_token",
    _id(),
    _ref("account_id", "account", nullable=True, index=True),  # None: made on the machine, for no one person
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("digest", sa.Text, nullable=False, unique=True),
    sa.Column("scope", sa.Text, nullable=False, server_default="read"),  # words with spaces between
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("used_at", Instant),
    sa.Column("revoked_at", Instant),
)

sign_in = _table(  # links that sign in once
    "sign_in",
    _id(),
    sa.Column("digest", sa.Text, nullable=False, unique=True),
    _ref("account_id", "account", nullable=True, index=True),  # whose password it lets choose
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("expires_at", Instant, nullable=False),
    sa.Column("used_at", Instant),
)

audit = _table(
    "audit",
    _id(),
    sa.Column("at", Instant, nullable=False),
    sa.Column("who", sa.Text, nullable=False),
    sa.Column("what", sa.Text, nullable=False),
    sa.Column("subject", sa.Text, nullable=False, server_default=""),
    sa.Column("detail", sa.JSON, nullable=False, server_default="{}"),
)
sa.Index("ix_audit_at", audit.c.at, audit.c.id)
sa.Index("ix_audit_who", audit.c.who, audit.c.id)
sa.Index("ix_audit_what", audit.c.what, audit.c.id)
sa.Index("ix_audit_subject", audit.c.subject, audit.c.id)

chore = _table(  # something large that somebody asked for on a page, done in the background: replaying, taking back
    "chore",
    _id(),
    sa.Column("kind", sa.Text, nullable=False),  # replay, retract
    sa.Column("who", sa.Text, nullable=False),
    sa.Column("asked", sa.JSON, nullable=False),  # what for
    sa.Column("status", sa.Text, nullable=False, server_default="running"),  # running, stopped, done, failed
    sa.Column("cursor", sa.JSON, nullable=False, server_default="{}"),  # how far it is
    sa.Column("total", sa.Integer),
    sa.Column("done", sa.Integer, nullable=False, server_default="0"),
    sa.Column("detail", sa.Text, nullable=False, server_default=""),
    sa.Column("started_at", Instant, nullable=False),  # real time, as the next two
    sa.Column("next_at", Instant, nullable=False),
    sa.Column("finished_at", Instant),
    sa.Column("lease_holder", sa.Text),
    sa.Column("lease_until", sa.Float, nullable=False, server_default="0"),
    sa.Column("fence", sa.BigInteger, nullable=False, server_default="0"),
)
sa.Index("ix_chore_due", chore.c.status, chore.c.next_at)

# --- reading the past, and mending gaps -----------------------------------------------------------------------------

sync = _table(  # one row for each project whose tracker can be read; `id` is the project's
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

import_run = _table(  # reading the past: the whole of it (import) or what changed (changes)
    "import_run",
    _id(),
    _ref("project_id", "project", index=True),
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

wanted_read = _table(  # items that only a read can tell right; one row an item, however often it is asked for
    "wanted_read",
    _id(),
    _ref("project_id", "project"),
    sa.Column("number", sa.BigInteger),
    sa.Column("native_id", sa.Text),  # where no number is known: a payload that carried only ids
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("asked_at", Instant, nullable=False),
    sa.Column("not_before", Instant, nullable=False, index=True),
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    sa.UniqueConstraint("project_id", "number"),
    sa.UniqueConstraint("project_id", "native_id"),
)

preview = _table(  # what a rule would do, asked on a page and worked out by a worker of its own; kept for a day
    "preview",
    _id(),
    sa.Column("who", sa.Text, nullable=False),
    sa.Column("asked_at", Instant, nullable=False, index=True),  # real time, like all instants here
    sa.Column("question", sa.JSON, nullable=False),
    sa.Column("state", sa.Text, nullable=False, server_default="waiting"),  # waiting, running, done, failed, cancelled
    sa.Column("progress", sa.Float, nullable=False, server_default="0"),
    sa.Column("result", sa.JSON, nullable=False, server_default="{}"),
    sa.Column("detail", sa.Text, nullable=False, server_default=""),
    sa.Column("tries", sa.Integer, nullable=False, server_default="0"),
    sa.Column("beat", Instant),
    sa.Column("lease_holder", sa.Text),
    sa.Column("lease_until", sa.Float, nullable=False, server_default="0"),
    sa.Column("fence", sa.BigInteger, nullable=False, server_default="0"),
)
sa.Index("ix_preview_who", preview.c.who, preview.c.state)
sa.Index("ix_preview_state", preview.c.state, preview.c.id)
