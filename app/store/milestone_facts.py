"""Milestones as facts, with everything that was ever in them. A constant number of queries for any number of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa

from app.store import models
from app.store.database import Tx
from app.store.facts import read_step
from app.store.link_facts import ref_of
from app.store.milestone_homes import epic_items, home_of, named_homes
from app.store.statistics import Expected, expected_of
from app.time import from_iso
from rules import facts
from rules.readiness import says_when_done

NOTHING = Expected()
CARRIED_WITHIN = timedelta(days=1)
"""An item that left one milestone and joined another within this time was carried over, not added anew."""


def load_milestones(tx: Tx, ids: Iterable[int], *, projects: Mapping[int, facts.Project]) -> dict[int, facts.Milestone]:
    """Milestones as facts with everything that was ever in them, or in those that are joined to them, by id."""
    milestone = models.milestone
    rows = tx.execute(
        sa.select(milestone).where(
            milestone.c.id.in_(sorted(set(ids))),
            milestone.c.project_id.in_(list(projects)),
            milestone.c.deleted_at.is_(None),
        )
    ).all()
    if not rows:
        return {}
    wanted = [row.id for row in rows]
    parts, leaders = _parts(tx, wanted), _leaders(tx, rows)
    group = {id_: id_ for id_ in wanted} | {part.id: part.joined_to for part in parts}
    members, lives_in = _members(tx, group)
    baselines = _baselines(tx, wanted)
    usual = _usual(tx, rows)
    homes, epics = named_homes(tx, rows), epic_items(tx, rows)
    expected = expected_of(tx, wanted)
    return {
        row.id: facts.Milestone(
            id=row.id,
            project=projects[row.project_id],
            kind=facts.MilestoneKind(row.kind),
            key=row.title,
            title=row.title,
            url=row.url,
            open=row.is_open,
            members=tuple(members.get(row.id, ())),
            number=row.number,
            start=row.start,
            due=row.due,
            dues=tuple(
                facts.DueSet(due=date.fromisoformat(due) if due else None, set_at=from_iso(at)) for due, at in row.dues
            ),
            created_at=row.created_at,
            closed_at=row.closed_at,
            baseline=baselines.get(row.id),
            home=home_of(row, members.get(row.id, []), lives_in | homes, own=epics.get(row.id)),
            released=row.released,
            own_p75_growth=(own := usual.get((row.project_id, row.kind), _Usual())).p75_growth,
            own_p25_done=own.p25_done,
            own_usual_done=own.done,
            known_from=max(
                filter(
                    None,
                    [
                        projects[row.project_id].known_from,
                        *(part.known_from for part in parts if part.joined_to == row.id),
                    ],
                ),
                default=None,
            ),
            leader=leaders.get(row.joined_to),
            forecasts=(said := expected.get(row.id, NOTHING)).forecasts,
            outlooks=said.outlooks,
        )
        for row in rows
    }


def _parts(tx: Tx, wanted: Sequence[int]) -> Sequence[Any]:
    """What is joined to these milestones, and from when on its past is known."""
    milestone, project = models.milestone, models.project
    return tx.execute(
        sa.select(milestone.c.id, milestone.c.joined_to, project.c.known_from)
        .outerjoin(project, project.c.id == milestone.c.project_id)
        .where(milestone.c.joined_to.in_(wanted), milestone.c.deleted_at.is_(None), project.c.removed_at.is_(None))
        .order_by(milestone.c.id)
    ).all()


def _leaders(tx: Tx, rows: Sequence[Any]) -> dict[int | None, facts.Ref]:
    """The milestones that speak for some of these, as far as they are judged themselves."""
    milestone, project = models.milestone, models.project
    wanted = {row.joined_to for row in rows if row.joined_to is not None}
    if not wanted:
        return {}
    query = (
        sa.select(milestone, project.c.key.label("project_key"), project.c.public.label("project_public"))
        .join(project, project.c.id == milestone.c.project_id)
        .where(
            milestone.c.id.in_(sorted(wanted)),
            milestone.c.deleted_at.is_(None),
            project.c.removed_at.is_(None),
            project.c.status == "active",
        )
    )
    found = tx.execute(query).all()
    epics = epic_items(tx, found)
    return {
        row.id: facts.Ref(
            id=row.id,
            key=row.title,
            url=row.url,
            project=row.project_key,
            secured=row.id in epics and epics[row.id].ref.secured,
            public=row.project_public,
        )
        for row in found
    }


def _members(
    tx: Tx, group: Mapping[int, int]
) -> tuple[dict[int, list[facts.Member]], dict[int, tuple[int, facts.Ref]]]:
    """Every stay in milestones, under the one that each belongs to (`group`), with where the item came from and went
    to; and the items that are still there, by id, with the project each lives in.
    """
    membership, item, project, milestone = models.membership, models.item, models.project, models.milestone
    milestone_ids = sorted(group)
    stays = tx.execute(
        sa.select(
            membership.c.milestone_id,
            membership.c.joined_at,
            membership.c.left_at,
            item,
            project.c.key.label("project_key"),
            project.c.public.label("project_public"),
        )
        .join(item, item.c.id == membership.c.item_id)
        .join(project, project.c.id == item.c.project_id)
        .where(membership.c.milestone_id.in_(milestone_ids))
        .order_by(membership.c.id)
    ).all()
    if not stays:
        return {}, {}
    ids = sorted({stay.id for stay in stays})
    elsewhere: dict[int, list[Any]] = {}
    beside = tx.execute(
        sa.select(
            membership.c.item_id,
            membership.c.milestone_id,
            membership.c.joined_at,
            membership.c.left_at,
            milestone.c.id,
            milestone.c.tracker_id,
            milestone.c.native_id,
            milestone.c.title,
            milestone.c.kind,
            milestone.c.is_open,
        )
        .join(milestone, milestone.c.id == membership.c.milestone_id)
        .where(membership.c.item_id.in_(ids))
    ).all()
    hidden = {id_ for id_, own in epic_items(tx, beside).items() if own.ref.secured}
    for row in beside:
        if row.id not in hidden:  # its name is not told
            elsewhere.setdefault(row.item_id, []).append(row)
    edges: dict[int, dict[str, list[int]]] = {}
    link = models.link
    for edge in tx.execute(
        sa.select(link.c.source_item_id, link.c.kind, link.c.target_item_id).where(
            link.c.source_item_id.in_(ids),
            link.c.target_item_id.is_not(None),
            link.c.kind.in_(("closes", "implements", "parent", "split_from")),
        )
    ):
        edges.setdefault(edge.source_item_id, {}).setdefault(edge.kind, []).append(edge.target_item_id)
    waiting = _waiting_on(tx, ids)
    found: dict[int, list[facts.Member]] = {}
    for stay in stays:
        own = group[stay.milestone_id]
        others = [one for one in elsewhere.get(stay.id, ()) if group.get(one.milestone_id) != own]
        member = _member(stay, others=others, edges=edges.get(stay.id, {}))
        found.setdefault(own, []).append(replace(member, waiting_on=waiting.get(stay.id)))
    joined = set(group.values()) if len(group) > len(set(group.values())) else ()
    return (
        {id_: _merged(all_) if id_ in joined else all_ for id_, all_ in found.items()},
        {stay.id: (stay.project_id, ref_of(stay)) for stay in stays if stay.deleted_at is None},
    )


def _waiting_on(tx: Tx, ids: Sequence[int]) -> dict[int, facts.Ref]:
    """What is open and blocks each of these items; of several the one that was made first."""
    link, item, project = models.link, models.item, models.project
    rows = tx.execute(
        sa.select(
            link.c.target_item_id,
            item,
            project.c.key.label("project_key"),
            project.c.public.label("project_public"),
        )
        .join(item, item.c.id == link.c.source_item_id)
        .join(project, project.c.id == item.c.project_id)
        .where(link.c.target_item_id.in_(ids), link.c.kind == "blocks", item.c.is_open, item.c.deleted_at.is_(None))
        .order_by(item.c.id.desc())
    )
    return {row.target_item_id: ref_of(row) for row in rows}


def _merged(members: Sequence[facts.Member]) -> list[facts.Member]:
    """The stays in the parts of a joined milestone as stays in the whole: going from one part to another is none."""
    by_item: dict[int, list[facts.Member]] = {}
    for member in sorted(members, key=lambda one: (one.joined_at is not None, one.joined_at or one.created_at)):
        stays = by_item.setdefault(member.item.id, [])
        last = stays[-1] if stays else None
        if last is not None and (
            last.left_at is None or member.joined_at is None or member.joined_at <= last.left_at + CARRIED_WITHIN
        ):
            later = last if last.left_at is None or (member.left_at or last.left_at) < last.left_at else member
            stays[-1] = replace(last, left_at=later.left_at, transferred_to=later.transferred_to)
        else:
            stays.append(member)
    return [member for stays in by_item.values() for member in stays]


def _member(stay: Any, *, others: Sequence[Any], edges: Mapping[str, list[int]]) -> facts.Member:
    origin = _origin(stay, others)
    onward = _onward(stay, others)
    return facts.Member(
        item=ref_of(stay),
        kind=facts.Kind(stay.kind),
        title=stay.title,
        state=facts.State(stay.state),
        created_at=stay.created_at,
        state_since=stay.state_since or stay.created_at,
        joined_at=stay.joined_at,
        left_at=stay.left_at,
        closed_at=stay.closed_at,
        labels=tuple(stay.labels),
        estimate=stay.estimate,
        assigned=bool(stay.assignee_ids),
        last_step=read_step(stay.derived.get("last_movement")),
        bug=bool(stay.traits.get("bug")),
        closes=tuple(edges.get("closes", ())) + tuple(edges.get("implements", ())),
        parent_id=next(iter(edges.get("parent", ())), None),
        split_from=next(iter(edges.get("split_from", ())), None),
        carried_from=origin.title if origin is not None else None,
        carried_closed=origin is not None and not origin.is_open,
        transferred_to=onward.title if onward is not None and onward.kind == "sprint" and onward.is_open else None,
        spent=stay.spent,
        hours_planned=stay.effort.get("planned"),
        has_criteria=says_when_done(stay.body) if stay.kind == facts.Kind.ISSUE.value and stay.is_open else None,
    )


def _origin(stay: Any, others: Sequence[Any]) -> Any:
    """The milestone this item came over from, if it left it just before (or just after) joining this one."""
    if stay.joined_at is None:
        return None
    near = [
        other
        for other in others
        if other.milestone_id != stay.milestone_id
        and other.left_at is not None
        and (other.joined_at is None or other.joined_at < stay.joined_at)
        and abs(stay.joined_at - other.left_at) <= CARRIED_WITHIN
    ]
    return max(near, key=lambda other: other.left_at, default=None)


def _onward(stay: Any, others: Sequence[Any]) -> Any:
    if stay.left_at is None:
        return None
    near = [
        other
        for other in others
        if other.milestone_id != stay.milestone_id
        and other.joined_at is not None
        and abs(other.joined_at - stay.left_at) <= CARRIED_WITHIN
    ]
    return min(near, key=lambda other: other.joined_at, default=None)


def _baselines(tx: Tx, milestone_ids: Sequence[int]) -> dict[int, facts.Baseline]:
    """The newest baseline of each milestone."""
    table = models.baseline
    newest = (
        sa.select(sa.func.max(table.c.id)).where(table.c.milestone_id.in_(milestone_ids)).group_by(table.c.milestone_id)
    )
    return {
        row.milestone_id: facts.Baseline(
            as_of=row.as_of, how=row.how, members={int(id_): estimate for id_, estimate in row.members.items()}
        )
        for row in tx.execute(sa.select(table).where(table.c.id.in_(newest.scalar_subquery())))
    }


FINISHED_ENOUGH = 8


@dataclass(frozen=True, slots=True)
class _Usual:
    """What is usual for finished milestones of one kind in one project; None before there are eight."""

    p75_growth: float | None = None
    p25_done: float | None = None
    done: float | None = None


def _usual(tx: Tx, rows: Sequence[Any]) -> dict[tuple[int, str], _Usual]:
    table = models.milestone
    grown: dict[tuple[int, str], list[float]] = {}
    kept: dict[tuple[int, str], list[float]] = {}
    for row in tx.execute(
        sa.select(table.c.project_id, table.c.kind, table.c.growth, table.c.kept).where(
            table.c.project_id.in_({row.project_id for row in rows}), table.c.growth.is_not(None)
        )
    ):
        grown.setdefault((row.project_id, row.kind), []).append(row.growth)
        if row.kept is not None:
            kept.setdefault((row.project_id, row.kind), []).append(row.kept)
    return {
        key: _Usual(_quantile(shares, 0.75), _quantile(kept.get(key, []), 0.25), _quantile(kept.get(key, []), 0.5))
        for key, shares in grown.items()
    }


def _quantile(shares: Sequence[float], part: float) -> float | None:
    if len(shares) < FINISHED_ENOUGH:
        return None
    return sorted(shares)[int(part * (len(shares) - 1) + 0.5)]
