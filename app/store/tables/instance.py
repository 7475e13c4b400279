"""The instance itself: its clock, who signs in, what is asked of it, and its trail."""

from __future__ import annotations

import sqlalchemy as sa

from app.store.tables.base import BigId, Instant, id_, ref, table

instance = table(  # one row
    "instance",
    id_(),
    sa.Column("tag", sa.Text, nullable=False),  # a few hex digits in our markers
    sa.Column("origin_real", Instant, nullable=False),
    sa.Column("origin_world", Instant, nullable=False),
    sa.Column("rate", sa.Float, nullable=False, server_default="1"),
    sa.Column("demo", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("paused_at", Instant),
    sa.Column("ticked_at", Instant),  # real time of the clock's last tick
    sa.Column("payload_days", sa.Integer),  # payloads are let go after so many days; None: never
    sa.Column("payloads_gone_to", Instant),  # real time: what came before was let go
)

account = table(
    "account",
    id_(),
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

account_programme = table(  # what somebody sees who does not see all projects
    "account_programme",
    sa.Column("account_id", BigId, sa.ForeignKey("account.id"), primary_key=True),
    sa.Column("programme_id", BigId, sa.ForeignKey("programme.id"), primary_key=True, index=True),
)

web_session = table(
    "web_session",
    id_(),
    sa.Column("digest", sa.Text, nullable=False, unique=True),
    ref("account_id", "account", nullable=True, index=True),  # None: by a printed link, without an account
    sa.Column("how", sa.Text, nullable=False),  # password, provider, link, recovery, demo
    sa.Column("agent", sa.Text, nullable=False, server_default=""),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("used_at", Instant, nullable=False),
    sa.Column("expires_at", Instant, nullable=False, index=True),
)

api_token = table(
    "api_token",
    id_(),
    ref("account_id", "account", nullable=True, index=True),  # None: made on the machine, for no one person
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("digest", sa.Text, nullable=False, unique=True),
    sa.Column("scope", sa.Text, nullable=False, server_default="read"),  # words with spaces between
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("used_at", Instant),
    sa.Column("revoked_at", Instant),
)

sign_in = table(  # links that sign in once
    "sign_in",
    id_(),
    sa.Column("digest", sa.Text, nullable=False, unique=True),
    ref("account_id", "account", nullable=True, index=True),  # whose password it lets choose
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("expires_at", Instant, nullable=False),
    sa.Column("used_at", Instant),
)

audit = table(
    "audit",
    id_(),
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

chore = table(  # something large that somebody asked for on a page, done in the background: replaying, taking back
    "chore",
    id_(),
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

preview = table(  # what a rule would do, asked on a page and worked out by a worker of its own; kept for a day
    "preview",
    id_(),
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
