"""The whole state of a world in the tracker's own words, without our ids: two worlds are equal if their pictures are."""

from __future__ import annotations

from collections import Counter
from typing import Any

import sqlalchemy as sa

from app.store import models as m
from tests.world import World

OURS = {"id", "project_id", "judged_at", "delivery_id", "connection_id", "item_id", "milestone_id"}
TABLES = [
    "wanted_read",
    "written",
    "publication",
    "notice",
    "standing",
    "baseline",
    "statistic",
    "example",
    "mark",
    "sweep",
    "link",
    "cut_link",
    "early_check",
    "change",
    "membership",
    "milestone_due",
    "milestone",
    "item",
    "participant",
    "rule_version",
    "rule",
    "delivery",
]


def forget(world: World) -> None:
    """Empty the world of all it was told; project, tracker and people stay."""
    world.at(world.now)
    with world.db.write() as tx:
        for name in TABLES:
            tx.execute(sa.delete(m.metadata.tables[name]))
        tx.execute(sa.update(m.project).values(refresh_at=None))


def picture(world: World) -> dict[str, Any]:
    """Everything that must not depend on the order of arrival."""
    people = dict(world.rows(sa.select(m.person.c.id, m.person.c.login)))
    items = {row.id: row for row in world.rows(sa.select(m.item))}
    milestones = {row.id: row for row in world.rows(sa.select(m.milestone))}
    native = {
        "item": {id_: row.native_id for id_, row in items.items()},
        "milestone": {id_: row.native_id for id_, row in milestones.items()},
    }
    rules = dict(world.rows(sa.select(m.rule.c.id, m.rule.c.name)))
    standing = m.standing
    return {
        "items": {row.native_id: _item(row, people) for row in items.values()},
        "milestones": {row.native_id: _plain(row) for row in milestones.values()},
        "memberships": Counter(
            (native["item"][row.item_id], native["milestone"][row.milestone_id], row.joined_at, row.left_at)
            for row in world.rows(sa.select(m.membership))
        ),
        "changes": Counter(
            (row.natural_key, row.at, row.field, people.get(row.actor_id), row.before, row.after, row.url,
             native["item"].get(row.item_id), native["milestone"].get(row.milestone_id))
            for row in world.rows(sa.select(m.change))
        ),
        "links": Counter(
            (native["item"][row.source_item_id], row.kind, row.origin, row.target, native["item"].get(row.target_item_id))
            for row in world.rows(sa.select(m.link))
        ),
        "members": {people[row.person_id]: row.member for row in world.rows(sa.select(m.participant))},
        "standings": Counter(
            (rules[row.rule_id], row.subject_kind, native[row.subject_kind][row.subject_id], row.outcome, row.code, row.opened_at, row.since)
            for row in world.rows(sa.select(standing).where(standing.c.closed_at.is_(None)))
        ),
        "publications": {
            native["item"][row.item_id]: (tuple(row.want_labels), _body(row.want_body), row.status)
            for row in world.rows(sa.select(m.publication))
        },
    }  # fmt: skip


def differences(one: dict[str, Any], other: dict[str, Any]) -> list[str]:
    """Where two pictures differ, one line each."""
    found = []
    for part, rows in one.items():
        for key in sorted(set(rows) | set(other[part]), key=str):
            mine, theirs = rows.get(key), other[part].get(key)
            if mine != theirs:
                if isinstance(mine, dict) and isinstance(theirs, dict):
                    found += [
                        f"{part} {key} {name}: {mine[name]!r} / {theirs[name]!r}"
                        for name in mine
                        if mine[name] != theirs[name]
                    ]
                else:
                    found.append(f"{part} {key}: {mine!r} / {theirs!r}")
    return found


def _plain(row: Any) -> dict[str, Any]:
    return {name: value for name, value in row._mapping.items() if name not in OURS and not name.endswith("_id")}


def _item(row: Any, people: dict[int, str]) -> dict[str, Any]:
    plain = _plain(row)
    pull = dict(row.pull or {})
    pull["reviewers"] = sorted(people[who] for who in pull.get("reviewers", ()))
    return plain | {
        "author": people.get(row.author_id),
        "assignee_ids": sorted(people[who] for who in row.assignee_ids),
        "reviews": {people[int(who)]: review for who, review in row.reviews.items()},
        "pull": pull,
        # results of other commits are kept only in case they become the head again
        "checks": {name: result for name, result in row.checks.items() if result[2] == row.head_sha},
    }


def _body(body: str | None) -> str | None:
    """Without what carries our ids: the link to our page and the marker."""
    return (
        None
        if body is None
        else "\n".join(line for line in body.splitlines() if "plumb/i/" not in line and "plumbline:1:" not in line)
    )
