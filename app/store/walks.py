"""How items of a project went: rows read as walks, for statistics. Three queries for any number of items."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from app.store import models
from app.store.database import Tx
from app.store.link_facts import ref_of
from app.time import from_iso
from rules.facts import Kind, Project
from rules.flow.walks import Turn, Walk
from rules.settings import fold

BEGUN = ("in_progress", "in_review")
CARRYING = ("closes", "implements")


def load_walks(tx: Tx, project: Project, *, since: datetime, now: datetime) -> list[Walk]:
    """Items that are worked on or were closed since an instant, by id. Epics, containers, what is deleted, what
    automation wrote and what a label leaves out or says to wait are left out.
    """
    item, person, link = models.item, models.person, models.link
    parts = item.alias("part")
    is_parent = (
        sa.select(link.c.id)
        .join(parts, parts.c.id == link.c.source_item_id)
        .where(link.c.target_item_id == item.c.id, link.c.kind == "parent", parts.c.deleted_at.is_(None))
        .exists()
    )
    wanted = sa.and_(
        item.c.project_id == project.id,
        item.c.kind != Kind.EPIC.value,
        item.c.deleted_at.is_(None),
        item.c.created_at.is_not(None),
        sa.or_(
            sa.and_(item.c.is_open, sa.or_(item.c.state != "todo", item.c.kind == Kind.PULL_REQUEST.value)),
            item.c.closed_at >= since,
        ),
        ~is_parent,
    )
    place = (models.project.c.key.label("project_key"), models.project.c.public.label("project_public"))
    rows = tx.execute(
        sa.select(item, *place, person.c.login, person.c.bot)
        .join(models.project, models.project.c.id == item.c.project_id)
        .outerjoin(person, person.c.id == item.c.author_id)
        .where(wanted, item.c.created_at <= now)
        .order_by(item.c.id)
    ).all()
    ids = sa.select(item.c.id).where(wanted)
    pull = item.alias("pull")
    links = tx.execute(
        sa.select(link.c.target_item_id, pull, *place)
        .join(pull, pull.c.id == link.c.source_item_id)
        .join(models.project, models.project.c.id == pull.c.project_id)
        .where(
            link.c.target_item_id.in_(ids),
            link.c.kind.in_(CARRYING),
            pull.c.kind == Kind.PULL_REQUEST.value,
            pull.c.created_at.is_not(None),
        )
        .order_by(pull.c.id)
    ).all()
    sources = sa.select(link.c.source_item_id).where(link.c.target_item_id.in_(ids), link.c.kind.in_(CARRYING))
    turns = _turns(tx, sa.or_(models.change.c.item_id.in_(ids), models.change.c.item_id.in_(sources)), now)
    carried: dict[int, dict[int, Walk]] = {}
    for row in links:
        carried.setdefault(row.target_item_id, {})[row.id] = _walk(row, turns)
    carrying = {row.id for row in links}
    left_out = _left_out_labels(project)
    return [
        _walk(row, turns, carries=row.id in carrying, pulls=carried.get(row.id, {}).values())
        for row in rows
        if not _is_automation(row, project) and not any(fold(label) in left_out for label in row.labels)
    ]


def _left_out_labels(project: Project) -> set[str]:
    settings = project.settings
    words = (settings.container_labels, settings.left_out_labels, settings.waiting_labels)
    return {fold(label) for labels in words for label in labels}


def _is_automation(row: Any, project: Project) -> bool:
    return bool(row.bot) or row.login in project.settings.automation


def _turns(tx: Tx, where: sa.ColumnElement[bool], now: datetime) -> dict[int, list[Turn]]:
    change = models.change.c
    found: dict[int, list[Turn]] = {}
    for row in tx.execute(
        sa.select(change.item_id, change.at, change.field, change.after)
        .where(where, change.field.in_(("state", "draft")), change.at <= now)
        .order_by(change.at, change.natural_key)
    ):
        found.setdefault(row.item_id, []).append(Turn(row.at, row.field, row.after))
    return found


def _walk(row: Any, turns: dict[int, list[Turn]], *, carries: bool = False, pulls: Iterable[Walk] = ()) -> Walk:
    started = (row.derived or {}).get("started_at")
    since = row.state_since if row.is_open and row.state in BEGUN else None  # begun, and nothing tells when
    return Walk(
        ref=ref_of(row),
        kind=Kind(row.kind),
        created_at=row.created_at,
        closed_at=None if row.is_open else row.closed_at,
        done=row.state == "done",
        started_at=from_iso(started) if started else since,
        draft=bool((row.pull or {}).get("draft")),
        carries=carries,
        turns=tuple(turns.get(row.id, ())),
        pulls=tuple(pulls),
        assignees=tuple(row.assignee_ids),
        logged=bool(row.spent),
    )
