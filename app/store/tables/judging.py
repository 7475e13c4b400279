"""Rules and their versions, what stands, what is published, and what people answer."""

from __future__ import annotations

import sqlalchemy as sa

from app.store.tables.base import BigId, Instant, id_, ref, table

rule = table(
    "rule",
    id_(),
    sa.Column("name", sa.Text, nullable=False, unique=True),
    sa.Column("type", sa.Text, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("removed_at", Instant),
    sa.Column("approved_at", Instant),  # world time: somebody looked at what it would write at once, and let it
)

rule_version = table(  # append-only
    "rule_version",
    id_(),
    ref("rule_id", "rule"),
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

standing = table(
    "standing",
    id_(),
    ref("rule_id", "rule"),
    sa.Column("rule_version", sa.Integer, nullable=False),
    ref("project_id", "project"),
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

publication = table(
    "publication",
    id_(),
    ref("item_id", "item"),
    ref("project_id", "project"),
    ref("connection_id", "connection", nullable=True),
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

written = table(  # every write to a tracker, newest last: the record people ask for, and what the ceilings count
    "written",
    id_(),
    ref("connection_id", "connection"),
    ref("project_id", "project"),
    ref("item_id", "item", nullable=True),
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

known_label = table(  # labels of ours that exist in the tracker, so that they are created once
    "known_label",
    sa.Column("project_id", BigId, sa.ForeignKey("project.id"), primary_key=True),
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("made", sa.Boolean, nullable=False, server_default=sa.false()),  # by us: taken back with the rest
)

answer = table(  # what people answered, each once: commands, and removals of what we wrote
    "answer",
    id_(),
    ref("project_id", "project"),
    ref("item_id", "item", nullable=True),  # None: on a page, to a flag that no item tells of
    sa.Column("key", sa.Text, nullable=False),  # comment and line, or what else makes it this one
    sa.Column("at", Instant, nullable=False),  # when it was said
    ref("person_id", "person", nullable=True),
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

answer_flag = table(  # which flags an answer was taken for
    "answer_flag",
    sa.Column("answer_id", BigId, sa.ForeignKey("answer.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("standing_id", BigId, sa.ForeignKey("standing.id", ondelete="CASCADE"), primary_key=True, index=True),
)
