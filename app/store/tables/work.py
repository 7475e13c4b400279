"""People, items, milestones, and how they hang together."""

from __future__ import annotations

import sqlalchemy as sa

from app.store.tables.base import BigId, Instant, id_, ref, table

person = table(
    "person",
    id_(),
    ref("tracker_id", "tracker"),
    sa.Column("native_id", sa.Text, nullable=False),
    sa.Column("login", sa.Text, nullable=False),
    sa.Column("bot", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.UniqueConstraint("tracker_id", "native_id"),
)

participant = table(  # what a person is in one project
    "participant",
    sa.Column("project_id", BigId, sa.ForeignKey("project.id"), primary_key=True),
    sa.Column("person_id", BigId, sa.ForeignKey("person.id"), primary_key=True),
    sa.Column("member", sa.Boolean, nullable=False),
    sa.Column("as_of", Instant, nullable=False),
)

item = table(
    "item",
    id_(),
    ref("project_id", "project"),
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

milestone = table(
    "milestone",
    id_(),
    ref("tracker_id", "tracker"),
    ref("project_id", "project", nullable=True),  # a sprint's: whose items it holds most of; None while it holds none
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

milestone_due = table(  # every observation of a due date, so that any arrival order gives the same history
    "milestone_due",
    sa.Column("milestone_id", BigId, sa.ForeignKey("milestone.id"), primary_key=True),
    sa.Column("as_of", Instant, primary_key=True),
    sa.Column("due", sa.Date),
)

membership = table(
    "membership",
    id_(),
    ref("item_id", "item", index=True),
    ref("milestone_id", "milestone", index=True),
    sa.Column("joined_at", Instant),
    sa.Column("left_at", Instant),
)

baseline = table(  # append-only
    "baseline",
    id_(),
    ref("milestone_id", "milestone", index=True),
    sa.Column("as_of", Instant, nullable=False),
    sa.Column("how", sa.Text, nullable=False),
    sa.Column("frozen", sa.Boolean, nullable=False),
    sa.Column("members", sa.JSON, nullable=False),
    sa.Column("author", sa.Text),
    sa.Column("reason", sa.Text, nullable=False, server_default=""),
    sa.Column("created_at", Instant, nullable=False),
)

change = table(
    "change",
    id_(),
    ref("project_id", "project"),
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

link = table(  # owned by the source's lane; carries the little that the other end may need
    "link",
    id_(),
    ref("project_id", "project"),
    ref("source_item_id", "item", index=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("origin", sa.Text, nullable=False),  # text, event
    sa.Column("target", sa.Text, nullable=False, index=True),
    ref("target_item_id", "item", nullable=True, index=True),
    sa.Column("as_of", Instant),  # of an edge: when it was told; None: by arrival
    sa.UniqueConstraint("source_item_id", "kind", "origin", "target"),
)

cut_link = table(  # edges that were taken away, so that a late word of them brings none back
    "cut_link",
    sa.Column("source_item_id", BigId, sa.ForeignKey("item.id"), primary_key=True),
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("target", sa.Text, primary_key=True),
    sa.Column("as_of", Instant, nullable=False),
)

early_check = table(  # results of checks on a commit that is no known pull request's head yet
    "early_check",
    sa.Column("project_id", BigId, sa.ForeignKey("project.id"), primary_key=True),
    sa.Column("head_sha", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Column("kept_at", Instant, nullable=False, index=True),  # real time
)

statistic = table(  # append-only: stored figures about many subjects, which rules read through facts
    "statistic",
    id_(),
    ref("project_id", "project"),
    sa.Column("subject_kind", sa.Text, nullable=False),  # project, milestone
    sa.Column("subject_id", BigId, nullable=False),
    sa.Column("name", sa.Text, nullable=False),  # usual, forecast, risk:quiet-pull
    sa.Column("as_of", Instant, nullable=False),  # world time
    sa.Column("value", sa.JSON, nullable=False),
    sa.UniqueConstraint("subject_kind", "subject_id", "name", "as_of"),
)
sa.Index("ix_statistic_project", statistic.c.project_id, statistic.c.name, statistic.c.as_of)

example = table(  # what was known of an item when it was asked how it would end, and how it did
    "example",
    id_(),
    ref("project_id", "project"),
    ref("item_id", "item"),
    sa.Column("outcome", sa.Text, nullable=False),  # quiet-pull
    sa.Column("at", Instant, nullable=False),  # world time
    sa.Column("inputs", sa.JSON, nullable=False),
    sa.Column("bad", sa.Boolean),  # None: it has not ended
    sa.Column("ended_at", Instant),  # when that became known, world time
    sa.UniqueConstraint("item_id", "outcome", "at"),
)
sa.Index("ix_example_project", example.c.project_id, example.c.outcome, example.c.bad)

mark = table(  # "look at this subject at that time", from any lane to the one that owns it
    "mark",
    id_(),
    ref("lane_id", "lane"),
    sa.Column("subject_kind", sa.Text, nullable=False),
    sa.Column("subject_id", BigId, nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Column("reason", sa.Text, nullable=False, server_default=""),
)
sa.Index("ix_mark_lane", mark.c.lane_id, mark.c.at)

sweep = table(  # a paged walk over all subjects of a lane, after a rule or a setting changed
    "sweep",
    id_(),
    ref("lane_id", "lane", index=True),
    sa.Column("subject_kind", sa.Text, nullable=False),
    sa.Column("cursor", BigId, nullable=False, server_default="0"),
    sa.Column("rebuild", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("reason", sa.Text, nullable=False, server_default=""),
)
