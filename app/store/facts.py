"""Items read as facts: what rules judge. A constant number of queries for any number of items."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa

from app.store import models
from app.store.database import IDS, Tx
from app.store.link_facts import (
    Beside,
    checks_of,
    link_of,
    load_beside,
    load_links,
    load_names,
    load_stacked,
    red_of,
    ref_of,
    stacked_on,
)
from app.time import from_iso
from rules import facts


def read_step(doc: Mapping[str, Any] | None) -> facts.Step | None:
    if doc is None:
        return None
    return facts.Step(kind=doc["kind"], at=from_iso(doc["at"]), url=doc["url"], side=facts.Side(doc["side"]))


def _instant(text: str | None) -> datetime | None:
    return None if text is None else from_iso(text)


def _size(doc: Mapping[str, Any] | None) -> facts.Size | None:
    return None if doc is None else facts.Size(**doc)


def load_items(tx: Tx, ids: Iterable[int], *, projects: Mapping[int, facts.Project]) -> dict[int, facts.Item]:
    """Items as facts, by id. Items of projects not given are left out."""
    item = models.item
    wanted = sorted(set(ids))
    if not wanted:
        return {}
    rows = tx.execute(sa.select(item).where(item.c.id.in_(wanted), item.c.project_id.in_(list(projects)))).all()
    if not rows:
        return {}
    links, stacked = load_links(tx, rows), load_stacked(tx, rows)
    beside = load_beside(tx, links)
    names = load_names(tx, rows, projects)
    people = _people(tx, rows)
    milestones = _milestones_of(tx, [row.id for row in rows])
    return {
        row.id: _item(
            row,
            project=projects[row.project_id],
            links=links.get(row.id, []),
            beside=beside,
            stacked=stacked.get(row.id),
            names=names.get(row.id, frozenset()),
            people=people,
            milestones=milestones.get(row.id, []),
        )
        for row in rows
    }


def _people(tx: Tx, rows: Sequence[Any]) -> dict[tuple[int, int], facts.Person]:
    """Authors and assignees, by (project, person)."""
    person, participant = models.person, models.participant
    wanted = {row.author_id for row in rows if row.author_id} | {who for row in rows for who in row.assignee_ids}
    if not wanted:
        return {}
    projects = {row.project_id for row in rows}
    known = {row.id: row for row in tx.execute(sa.select(person).where(person.c.id.in_(wanted)))}
    member = {
        (row.project_id, row.person_id): row.member
        for row in tx.execute(
            sa.select(participant).where(participant.c.person_id.in_(wanted), participant.c.project_id.in_(projects))
        )
    }
    return {
        (project, who): facts.Person(id=who, login=row.login, bot=row.bot, member=member.get((project, who), False))
        for project in projects
        for who, row in known.items()
    }


def _milestones_of(tx: Tx, ids: Sequence[int]) -> dict[int, list[Any]]:
    """Every stay of items in milestones; of sprints that they are in the sum of the estimates, and how many of how many
    have none.
    """
    found: dict[int, list[Any]] = {}
    for row in tx.execute(_inside(), {"ids": list(ids)}):
        found.setdefault(row.item_id, []).append(row)
    return found


@cache
def _inside() -> sa.Select[Any]:
    membership, milestone, item = models.membership, models.milestone, models.item
    mine = membership.alias()
    sizes = (
        sa.select(
            membership.c.milestone_id,
            sa.func.sum(item.c.estimate).label("points"),
            sa.func.sum(sa.case((item.c.estimate.is_(None), 1), else_=0)).label("unsized"),
            sa.func.count().label("total"),
        )
        .join(item, item.c.id == membership.c.item_id)
        .join(milestone, milestone.c.id == membership.c.milestone_id)
        .where(
            membership.c.milestone_id.in_(
                sa.select(mine.c.milestone_id).where(mine.c.item_id.in_(IDS), mine.c.left_at.is_(None))
            ),
            milestone.c.kind == "sprint",
            membership.c.left_at.is_(None),
            item.c.kind != facts.Kind.SUBTASK.value,
        )
        .group_by(membership.c.milestone_id)
        .subquery()
    )
    columns = ("id", "title", "kind", "is_open", "start", "due")
    return (
        sa.select(
            membership.c.item_id,
            membership.c.joined_at,
            membership.c.left_at,
            *(milestone.c[name] for name in columns),
            sizes.c.points,
            sizes.c.unsized,
            sizes.c.total,
        )
        .join(milestone, milestone.c.id == membership.c.milestone_id)
        .outerjoin(sizes, sizes.c.milestone_id == milestone.c.id)
        .where(membership.c.item_id.in_(IDS), milestone.c.deleted_at.is_(None))
        .order_by(milestone.c.id)
    )


def _item(
    row: Any,
    *,
    project: facts.Project,
    links: Sequence[tuple[bool, Any]],
    beside: Beside,
    stacked: Any,
    names: frozenset[str],
    people: Mapping[tuple[int, int], facts.Person],
    milestones: Sequence[Any],
) -> facts.Item:
    derived = row.derived
    stays, milestones = milestones, [stay for stay in milestones if stay.left_at is None]
    edges = [link_of(row, other, inbound=inbound, beside=beside) for inbound, other in links if other.kind != "parent"]
    if stacked is not None:
        edges.append(stacked_on(stacked))
    children = [other for inbound, other in links if inbound and other.kind == "parent"]
    parent = next((other for inbound, other in links if not inbound and other.kind == "parent"), None)
    pulls = [
        other
        for inbound, other in links
        if inbound and other.kind in ("closes", "implements") and other.item_kind == "pull_request"
    ]
    working = [other for other in pulls if other.is_open]
    state, since = facts.State(derived["state"]), from_iso(derived["state_since"])
    if state in (facts.State.TODO, facts.State.IN_PROGRESS) and working:
        ready = [other for other in working if not (other.pull or {}).get("draft")]
        state = facts.State.IN_REVIEW if ready else facts.State.IN_PROGRESS
        since = max(min(other.created_at for other in ready or working), since)
    movement = read_step(derived.get("last_movement"))
    assert movement is not None, f"item {row.id} was never derived"
    for other in [*pulls, *children]:  # one that was merged has moved the work too: by its merge, and all before it
        theirs = read_step(other.derived.get("last_movement"))
        if theirs is not None and theirs.at > movement.at:
            movement = replace(theirs, kind="linked", of=ref_of(other))
    started = _instant(derived.get("started_at"))
    opened = min((other.created_at for other in working), default=None)
    if started is None or (opened is not None and opened < started):
        started = opened if started is None or opened is not None else started
    return facts.Item(
        id=row.id,
        project=project,
        key=row.key,
        kind=facts.Kind(row.kind),
        title=row.title,
        body=row.body,
        url=row.url,
        state=state,
        status=row.status,
        created_at=row.created_at,
        state_since=since,
        last_movement=movement,
        author=people.get((row.project_id, row.author_id)),
        assignees=tuple(person for who in row.assignee_ids if (person := people.get((row.project_id, who)))),
        labels=tuple(row.labels),
        milestone_ids=tuple(milestone.id for milestone in milestones),
        milestone_title=milestones[0].title if milestones else None,
        parent=ref_of(parent) if parent is not None else None,
        children_open=sum(child.is_open for child in children),
        children_total=len(children),
        links=tuple(edges),
        size=_size(derived.get("size")) or facts.Size(),
        at_start=_size(derived.get("at_start")),
        spent=row.spent,
        due=row.due,
        started_at=started,
        acted_at=_instant(derived.get("acted_at")),
        closed_at=row.closed_at,
        closed_as=row.closed_as,
        pull_request=_pull(row, derived["pull"]) if derived.get("pull") else None,
        locked=row.locked,
        gap=row.gap,
        known_from=project.known_from,
        sprint=_sprint(milestones),
        type=row.traits.get("type") or "",
        bug=bool(row.traits.get("bug")),
        priority=row.traits.get("priority"),
        components=tuple(row.traits.get("components", ())),
        flagged_since=_instant(derived.get("flagged_since")),
        needed_by=min(filter(None, [row.due, *(one.due for one in milestones if one.is_open)]), default=None),
        secured=row.secured,
        hours_planned=row.effort.get("planned"),
        hours_left=row.effort.get("left"),
        names=names,
        waiting_since=_instant(derived.get("waiting_since")),
        question=read_step(derived.get("question")),
        assigned_since=_instant(derived.get("assigned_since")),
        next_sprint=_next_sprint(milestones),
        reopened=tuple(
            facts.Reopening(closed_at=from_iso(closed), at=from_iso(at)) for closed, at in derived.get("reopened", ())
        ),
        planned=_planned(row, stays, project=project),
    )


def _planned(row: Any, stays: Sequence[Any], *, project: facts.Project) -> tuple[facts.Planned, ...]:
    """The milestones, versions and sprints with a date that an item went through, each once, as it joined them."""
    found: dict[int, facts.Planned] = {}
    for stay in sorted(stays, key=lambda stay: (stay.joined_at is not None, stay.joined_at or row.created_at, stay.id)):
        present = stay.left_at is None and bool(stay.is_open)
        if stay.kind == facts.MilestoneKind.EPIC.value or stay.due is None:
            continue
        if not present and not _went_through(row, stay, project=project):
            continue
        known = found.get(stay.id)
        found[stay.id] = facts.Planned(
            id=stay.id,
            kind=facts.MilestoneKind(stay.kind),
            title=stay.title,
            due=stay.due,
            present=present or (known is not None and known.present),
            since=stay.joined_at if known is None else known.since,
        )
    return tuple(found.values())


def _went_through(row: Any, stay: Any, *, project: facts.Project) -> bool:
    """Whether a stay that is over was one with intent: a working day or more, of a sprint after its start, and the
    item was not done in it.
    """
    calendar = project.calendar
    joined = stay.joined_at or row.created_at
    if stay.kind == facts.MilestoneKind.SPRINT.value and stay.start is not None:
        joined = max(joined, calendar.midnight(stay.start))
    left = stay.left_at
    if row.closed_at is not None and (left is None or row.closed_at <= left):
        return False
    return left is None or left >= calendar.add_working_days(joined, 1)


def _sprint(milestones: Sequence[Any]) -> facts.Sprint | None:
    """The running sprint among an item's milestones: open, with both its days (one to come has no start yet)."""
    for one in milestones:
        if one.kind == "sprint" and one.is_open and one.start is not None and one.due is not None:
            points = one.points if one.unsized == 0 else None
            sized = (one.total - one.unsized) / one.total if one.total else None
            return facts.Sprint(title=one.title, starts=one.start, ends=one.due, points=points, sized=sized)
    return None


def _next_sprint(milestones: Sequence[Any]) -> str | None:
    """The title of an open sprint among an item's milestones that has not begun: it has no start yet."""
    return next((one.title for one in milestones if one.kind == "sprint" and one.is_open and one.start is None), None)


def _pull(row: Any, derived: Mapping[str, Any]) -> facts.PullRequest:
    pull = row.pull or {}
    then = derived.get("size_at_first_review")
    red_since, red_checks = red_of(row)
    return facts.PullRequest(
        draft=bool(pull.get("draft")),
        checks=checks_of(row),
        mergeable=pull.get("mergeable"),
        review=facts.Review(derived["review"]),
        review_requested=bool(pull.get("reviewers") or pull.get("reviewer_teams")),
        queued=bool(pull.get("auto_merge")),
        last_word=read_step(derived["last_word"]),
        last_push=read_step(derived["last_push"]),
        first_review_at=_instant(derived["first_review_at"]),
        size_at_first_review=facts.Size(lines=then["lines"], files=then["files"]) if then else None,
        ready_at=_instant(derived["ready_at"]),
        from_fork=bool(pull.get("from_fork")),
        red_since=red_since,
        red_checks=red_checks,
        others_spoke_at=_instant(derived.get("others_spoke_at")),
        merged_by_other=derived.get("merged_by_other"),
    )
