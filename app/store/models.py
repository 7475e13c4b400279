"""The tables. Private to `app.store`: everything above asks the functions of this package.

Conventions: `Instant` columns are aware UTC; ids are ours, `native_id` is the tracker's immutable one; JSON columns
hold what is only ever read and written whole. Every row that a drain writes belongs to exactly one lane (its
project's, or the tracker's).
"""

from __future__ import annotations

from app.store.tables.base import BigId, Instant, metadata
from app.store.tables.instance import (
    account,
    account_programme,
    api_token,
    audit,
    chore,
    instance,
    preview,
    sign_in,
    web_session,
)
from app.store.tables.judging import (
    answer,
    answer_flag,
    known_label,
    publication,
    rule,
    rule_version,
    standing,
    written,
)
from app.store.tables.repair import import_run, sync, wanted_read
from app.store.tables.telling import notice, target
from app.store.tables.trackers import (
    ARRIVED,
    bell,
    connection,
    delivery,
    lane,
    programme,
    programme_project,
    project,
    project_settings,
    tracker,
)
from app.store.tables.work import (
    baseline,
    change,
    cut_link,
    early_check,
    example,
    item,
    link,
    mark,
    membership,
    milestone,
    milestone_due,
    participant,
    person,
    statistic,
    sweep,
)

__all__ = [
    "ARRIVED",
    "BigId",
    "Instant",
    "account",
    "account_programme",
    "answer",
    "answer_flag",
    "api_token",
    "audit",
    "baseline",
    "bell",
    "change",
    "chore",
    "connection",
    "cut_link",
    "delivery",
    "early_check",
    "example",
    "import_run",
    "instance",
    "item",
    "known_label",
    "lane",
    "link",
    "mark",
    "membership",
    "metadata",
    "milestone",
    "milestone_due",
    "notice",
    "participant",
    "person",
    "preview",
    "programme",
    "programme_project",
    "project",
    "project_settings",
    "publication",
    "rule",
    "rule_version",
    "sign_in",
    "standing",
    "statistic",
    "sweep",
    "sync",
    "target",
    "tracker",
    "wanted_read",
    "web_session",
    "written",
]  # fmt: skip
