"""Items read as facts: what rules judge. A constant number of queries for any number of items."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from app.store import models
from app.store.database import Tx
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
    links, stacked = _links(tx, rows), _stacked(tx, rows)
    people = _people(tx, rows)
    milestones = _milestones_of(tx, [row.id for row in rows])
    return {
        row.id: _item(
            row,
            project=projects[row.project_id],
            links=links.get(row.id, []),
            stacked=stacked.get(row.id),
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


def _links(tx: Tx, rows: Sequence[Any]) -> dict[int, list[tuple[bool, Any]]]:
    """Links from and to items: id -> (inbound, row of the link with its other end)."""
    link, item, project = models.link, models.item, models.project
    ids = [row.id for row in rows]
    other = (
        item.c.id,
        item.c.key,
        item.c.url,
        item.c.number,
        item.c.kind.label("item_kind"),
        item.c.is_open,
        item.c.state,
        item.c.created_at,
        item.c.closed_at,
        item.c.labels,
        item.c.pull,
        item.c.checks,
        item.c.head_sha,
        item.c.derived,
        item.c.secured,
        item.c.due,
        item.c.closed_as,
        project.c.key.label("project_key"),
        project.c.public.label("project_public"),
    )
    found: dict[int, list[tuple[bool, Any]]] = {}
    for inbound, mine, theirs in (
        (False, link.c.source_item_id, link.c.target_item_id),
        (True, link.c.target_item_id, link.c.source_item_id),
    ):
        query = (
            sa.select(mine.label("mine"), link.c.kind, link.c.as_of.label("drawn_at"), *other)
            .join(item, item.c.id == theirs)
            .join(project, project.c.id == item.c.project_id)
            .where(mine.in_(ids), link.c.kind != facts.LinkKind.MENTIONS.value, item.c.deleted_at.is_(None))
            .order_by(link.c.id)
        )
        for row in tx.execute(query):
            found.setdefault(row.mine, []).append((inbound, row))
    return found


def _stacked(tx: Tx, rows: Sequence[Any]) -> dict[int, Any]:
    """For open pull requests: the open pull request whose branch is their base, if any."""
    item, project = models.item, models.project
    bases = {(row.project_id, row.base_ref) for row in rows if row.base_ref and row.is_open}
    if not bases:
        return {}
    found = {
        (row.project_id, row.head_ref): row
        for row in tx.execute(
            sa.select(
                item.c.id,
                item.c.project_id,
                item.c.key,
                item.c.url,
                item.c.head_ref,
                item.c.state,
                item.c.pull,
                project.c.key.label("project_key"),
            )
            .join(project, project.c.id == item.c.project_id)
            .where(
                item.c.is_open.is_not(False),  # not "= true": SQLite would walk all open items instead of the branches
                item.c.project_id.in_({project_id for project_id, _ in bases}),
                item.c.head_ref.in_({base for _, base in bases}),
            )
        )
        if not (row.pull or {}).get("from_fork")  # a fork's "main" is nobody's base here
    }
    return {
        row.id: base
        for row in rows
        if row.is_open and (base := found.get((row.project_id, row.base_ref))) is not None and base.id != row.id
    }


def _milestones_of(tx: Tx, ids: Sequence[int]) -> dict[int, list[Any]]:
    membership, milestone = models.membership, models.milestone
    found: dict[int, list[Any]] = {}
    for row in tx.execute(
        sa.select(membership.c.item_id, milestone.c.id, milestone.c.title)
        .join(milestone, milestone.c.id == membership.c.milestone_id)
        .where(membership.c.item_id.in_(ids), membership.c.left_at.is_(None))
        .order_by(milestone.c.id)
    ):
        found.setdefault(row.item_id, []).append(row)
    return found


def _checks(row: Any) -> facts.Checks:
    """The sum of the checks on the head: red before waiting for approval before pending before green."""
    states = {facts.Checks(state) for state, _at, sha in row.checks.values() if sha == row.head_sha}
    for state in (
        facts.Checks.RED,
        facts.Checks.AWAITING_APPROVAL,
        facts.Checks.PENDING,
        facts.Checks.GREEN,
        facts.Checks.NONE,
    ):
        if state in states:
            return state
    return facts.Checks.UNKNOWN


def _item(
    row: Any,
    *,
    project: facts.Project,
    links: Sequence[tuple[bool, Any]],
    stacked: Any,
    people: Mapping[tuple[int, int], facts.Person],
    milestones: Sequence[Any],
) -> facts.Item:
    derived = row.derived
    edges = [_link(other, inbound=inbound) for inbound, other in links if other.kind != "parent"]
    if stacked is not None:
        base = facts.Ref(id=stacked.id, key=stacked.key, url=stacked.url, project=stacked.project_key)
        edges.append(
            facts.Link(
                kind=facts.LinkKind.STACKED_ON,
                inbound=False,
                other=base,
                other_kind=facts.Kind.PULL_REQUEST,
                other_state=facts.State(stacked.state),
            )
        )
    children = [other for inbound, other in links if inbound and other.kind == "parent"]
    parent = next((other for inbound, other in links if not inbound and other.kind == "parent"), None)
    working = [
        other
        for inbound, other in links
        if inbound and other.is_open and other.kind in ("closes", "implements") and other.item_kind == "pull_request"
    ]
    state, since = facts.State(derived["state"]), from_iso(derived["state_since"])
    if state in (facts.State.TODO, facts.State.IN_PROGRESS) and working:
        ready = [other for other in working if not (other.pull or {}).get("draft")]
        state = facts.State.IN_REVIEW if ready else facts.State.IN_PROGRESS
        since = max(min(other.created_at for other in ready or working), since)
    movement = read_step(derived.get("last_movement"))
    assert movement is not None, f"item {row.id} was never derived"
    for other in [*working, *children]:
        theirs = read_step(other.derived.get("last_movement"))
        if theirs is not None and theirs.at > movement.at:
            movement = replace(theirs, kind="linked")
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
    )


def ref_of(row: Any) -> facts.Ref:
    return facts.Ref(id=row.id, key=row.key, url=row.url, project=row.project_key)


def _link(other: Any, *, inbound: bool) -> facts.Link:
    return facts.Link(
        kind=facts.LinkKind(other.kind),
        inbound=inbound,
        other=ref_of(other),
        other_kind=facts.Kind(other.item_kind),
        other_state=facts.State(other.state),
        other_closed_at=other.closed_at,
        other_opened_at=other.created_at,
        other_checks=_checks(other) if other.item_kind == "pull_request" else None,
        other_review_requested=bool(other.pull.get("reviewers") or other.pull.get("reviewer_teams"))
        if other.pull
        else None,
    )


def _pull(row: Any, derived: Mapping[str, Any]) -> facts.PullRequest:
    pull = row.pull or {}
    then = derived.get("size_at_first_review")
    return facts.PullRequest(
        draft=bool(pull.get("draft")),
        checks=_checks(row),
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
    )
