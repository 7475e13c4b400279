"""Links as facts: the edges of items with the little that may be known of their other ends. A constant number of
queries for any number of items.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from typing import Any

import sqlalchemy as sa

from app.store import models
from app.store.database import IDS, Tx
from app.store.links import ISSUE_KEY
from app.store.statistics import expected_of
from app.time import from_iso
from rules import facts
from rules.statistics import Forecast

REVERTS = 'Revert "%'
"""How the title of a pull request begins that takes another one back, as GitHub words it."""


@dataclass(frozen=True, slots=True)
class Beside:
    """What is asked of other ends beside their rows: `dues` of the milestones they are in, the open `flags` on them
    (rule type, and the items on the way to where it is written), and those that were `reverted`.
    """

    dues: Mapping[int, date]
    flags: Mapping[int, tuple[str, frozenset[int]]]
    reverted: frozenset[int]
    forecasts: Mapping[int, Forecast] = field(default_factory=dict)
    """Of blockers: when the open milestone that they are in is likely to be done."""


def load_links(tx: Tx, rows: Sequence[Any]) -> dict[int, list[tuple[bool, Any]]]:
    """Links from and to items: id -> (inbound, row of the link with its other end)."""
    found: dict[int, list[tuple[bool, Any]]] = {}
    for inbound in (False, True):
        for row in tx.execute(_links(inbound), {"ids": [row.id for row in rows]}):
            found.setdefault(row.mine, []).append((inbound, row))
    return found


@cache
def _links(inbound: bool) -> sa.Select[Any]:  # noqa: FBT001 (a direction)
    link, item, project = models.link, models.item, models.project
    ends = (link.c.target_item_id, link.c.source_item_id)
    mine, theirs = ends if inbound else ends[::-1]
    names = (
        "id", "key", "url", "title", "number", "is_open", "state", "created_at", "closed_at", "closed_as", "labels",
        "due", "pull", "checks", "head_sha", "derived", "secured",
    )  # fmt: skip
    return (
        sa.select(
            mine.label("mine"),
            link.c.kind,
            *(item.c[name] for name in names),
            item.c.kind.label("item_kind"),
            project.c.key.label("project_key"),
            project.c.public.label("project_public"),
        )
        .join(item, item.c.id == theirs)
        .join(project, project.c.id == item.c.project_id)
        .where(mine.in_(IDS), link.c.kind != facts.LinkKind.MENTIONS.value, item.c.deleted_at.is_(None))
        .order_by(link.c.id)
    )


def load_stacked(tx: Tx, rows: Sequence[Any]) -> dict[int, Any]:
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
                item.c.checks,
                item.c.head_sha,
                item.c.secured,
                project.c.key.label("project_key"),
                project.c.public.label("project_public"),
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


def load_names(tx: Tx, rows: Sequence[Any], projects: Mapping[int, facts.Project]) -> dict[int, frozenset[str]]:
    """The keys of projects of which pull requests name an issue in text or branch, whether or not it is known here.
    Asked only where there is a project whose issues are named so.
    """
    pulls = [
        row.id for row in rows if row.kind == facts.Kind.PULL_REQUEST.value and projects[row.project_id].watched_keys
    ]
    if not pulls:
        return {}
    link = models.link
    found: dict[int, set[str]] = {}
    for row in tx.execute(
        sa.select(link.c.source_item_id, link.c.target).where(
            link.c.source_item_id.in_(pulls), link.c.kind.in_(("implements", "mentions"))
        )
    ):
        if (named := ISSUE_KEY.fullmatch(row.target)) is not None:
            found.setdefault(row.source_item_id, set()).add(named["project"])
    return {id_: frozenset(keys) for id_, keys in found.items()}


def checks_of(row: Any) -> facts.Checks:
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


def red_of(row: Any) -> tuple[datetime | None, tuple[str, ...]]:
    """Since when a check on the head has been red, and the names of those that are; a suite is named by its runs where
    one of them is red.
    """
    red = {
        name.rpartition("@")[0]: from_iso(at)
        for name, (state, at, sha) in row.checks.items()
        if sha == row.head_sha and state == facts.Checks.RED.value
    }
    named = [name for name in red if not name.startswith("suite:")] or list(red)
    return min(red.values(), default=None), tuple(sorted({_bare(name) for name in named}))


def _bare(name: str) -> str:
    """What people call a check that is kept as "run:app/name", "suite:app" or "status:context"."""
    kind, _, rest = name.partition(":")
    return rest.partition("/")[2] if kind == "run" else rest


def ref_of(row: Any) -> facts.Ref:
    """The ref of a row that carries its project's key, and whether that is public."""
    return facts.Ref(
        id=row.id,
        key=row.key,
        url=row.url,
        project=row.project_key,
        secured=row.secured,
        public=row.project_public,
    )


def link_of(mine: Any, other: Any, *, inbound: bool, beside: Beside) -> facts.Link:
    """One edge, as seen from `mine`."""
    pull = other.pull or {}
    is_pull = other.item_kind == facts.Kind.PULL_REQUEST.value
    flag = beside.flags.get(other.id)
    return facts.Link(
        kind=facts.LinkKind(other.kind),
        inbound=inbound,
        other=ref_of(other),
        other_kind=facts.Kind(other.item_kind),
        other_state=facts.State(other.state),
        other_closed_at=other.closed_at,
        other_closed_as=other.closed_as,
        other_opened_at=other.created_at,
        other_checks=checks_of(other) if is_pull else None,
        other_review_requested=bool(pull.get("reviewers") or pull.get("reviewer_teams")) if is_pull else None,
        other_due=min(filter(None, [other.due, beside.dues.get(other.id)]), default=None),
        other_reverted=other.id in beside.reverted,
        other_flag=flag[0] if flag is not None and mine.id not in flag[1] else None,
        other_forecast=beside.forecasts.get(other.id),
        since=_drawn(mine, other),
    )


def stacked_on(base: Any) -> facts.Link:
    """The edge from a pull request to the one that it is stacked on."""
    return facts.Link(
        kind=facts.LinkKind.STACKED_ON,
        inbound=False,
        other=ref_of(base),
        other_kind=facts.Kind.PULL_REQUEST,
        other_state=facts.State(base.state),
        other_checks=checks_of(base),
    )


def _drawn(mine: Any, other: Any) -> datetime | None:
    """When the edge was drawn, as the history of either end tells it."""
    told = [mine.derived.get("linked", {}).get(other.key), other.derived.get("linked", {}).get(mine.key)]
    return min((from_iso(at) for at in told if at is not None), default=None)


def load_beside(tx: Tx, links: Mapping[int, Sequence[tuple[bool, Any]]]) -> Beside:
    """What is asked of the other ends of these links beside their rows."""
    others = {other.id: other for all_ in links.values() for _inbound, other in all_}
    if not others:
        return Beside({}, {}, frozenset())
    pulls = [id_ for id_, other in others.items() if other.item_kind == facts.Kind.PULL_REQUEST.value]
    blockers = {
        other.id
        for all_ in links.values()
        for inbound, other in all_
        if inbound and other.kind == facts.LinkKind.BLOCKS.value and other.is_open
    }
    return Beside(
        _dues(tx, others), told_on(tx, set(others)), _reverted(tx, pulls, others), _forecasts(tx, sorted(blockers))
    )


def _forecasts(tx: Tx, ids: Sequence[int]) -> dict[int, Forecast]:
    """The latest forecast of the open milestone that each of these is in; of several the earliest."""
    if not ids:
        return {}
    membership, milestone = models.membership, models.milestone
    inside = tx.execute(
        sa.select(membership.c.item_id, membership.c.milestone_id)
        .join(milestone, milestone.c.id == membership.c.milestone_id)
        .where(membership.c.item_id.in_(ids), membership.c.left_at.is_(None), milestone.c.is_open)
    ).all()
    if not inside:
        return {}
    kept = expected_of(tx, sorted({row.milestone_id for row in inside}))
    found: dict[int, Forecast] = {}
    for row in inside:
        said = kept[row.milestone_id].forecasts if row.milestone_id in kept else ()
        if said and (row.item_id not in found or said[-1].likely < found[row.item_id].likely):
            found[row.item_id] = said[-1]
    return found


def _dues(tx: Tx, ids: Iterable[int]) -> dict[int, date]:
    """The earliest date of the open milestones that items are in."""
    membership, milestone = models.membership, models.milestone
    rows = tx.execute(
        sa.select(membership.c.item_id, sa.func.min(milestone.c.due).label("due"))
        .join(milestone, milestone.c.id == membership.c.milestone_id)
        .where(
            membership.c.item_id.in_(sorted(ids)),
            membership.c.left_at.is_(None),
            milestone.c.is_open.is_not(False),
            milestone.c.due.is_not(None),
        )
        .group_by(membership.c.item_id)
    )
    return {row.item_id: row.due for row in rows}


HOPS = 8
"""How far it is followed what waits on what."""


@dataclass(frozen=True, slots=True)
class Instead:
    """Flags of one rule to go by instead of those that it has: by item the rule's type, and the item that it waits on
    where it is told of there.
    """

    rule_id: int
    said: Mapping[int, tuple[str, int | None]]


def told_on(tx: Tx, ids: Iterable[int], *, instead: Instead | None = None) -> dict[int, tuple[str, frozenset[int]]]:
    """Items on which an open flag is written, or that wait on one where it is, however far: type, and the items on
    the way. What waits in a ring, or on what is not flagged any more, is told of nowhere, so it does not count.
    """
    wanted = set(ids)
    said = _said_on(tx, wanted, instead)
    for _ in range(HOPS):
        further = {on for _type, on in said.values() if on is not None} - said.keys()
        more = _said_on(tx, further, instead) if further else {}
        if not more:
            break
        said.update(more)
    found = {}
    for id_ in wanted & said.keys():
        way, at = [id_], said.get(id_)
        while at is not None and at[1] is not None and at[1] not in way:
            way.append(at[1])
            at = said.get(at[1])
        if at is not None and at[1] is None:
            found[id_] = (said[id_][0], frozenset(way[1:]))
    return found


def _said_on(tx: Tx, ids: Collection[int], instead: Instead | None) -> dict[int, tuple[str, int | None]]:
    """The open flag of each item: its type, and the item that it waits on where it is told of there."""
    standing, rule, version = models.standing, models.rule, models.rule_version
    rows = tx.execute(
        sa.select(standing.c.subject_id, standing.c.reach, standing.c.verdict, rule.c.type)
        .join(rule, rule.c.id == standing.c.rule_id)
        .join(version, sa.and_(version.c.rule_id == rule.c.id, version.c.version == rule.c.version))
        .where(
            standing.c.subject_kind == "item",
            standing.c.subject_id.in_(sorted(ids)),
            standing.c.closed_at.is_(None),
            standing.c.outcome == "flagged",
            standing.c.severity != "note",
            version.c.mode == "live",
            sa.true() if instead is None else standing.c.rule_id != instead.rule_id,
        )
        .order_by(standing.c.id)
    )
    found: dict[int, tuple[str, int | None]] = {}
    for row in rows:
        waits_on = row.verdict.get("waits_on")
        if row.reach != "page":
            found[row.subject_id] = (row.type, None)
        elif waits_on is not None:
            found.setdefault(row.subject_id, (row.type, waits_on[0]))
    if instead is not None:
        for id_ in instead.said.keys() & set(ids):
            if instead.said[id_][1] is None:
                found[id_] = instead.said[id_]
            else:
                found.setdefault(id_, instead.said[id_])
    return found


def _reverted(tx: Tx, pulls: Sequence[int], others: Mapping[int, Any]) -> frozenset[int]:
    """Pull requests that take another one back, or that a merged one took back."""
    if not pulls:
        return frozenset()
    link, item = models.link, models.item
    undone = tx.scalars(
        sa.select(link.c.target_item_id)
        .join(item, item.c.id == link.c.source_item_id)
        .where(link.c.target_item_id.in_(sorted(pulls)), item.c.title.like(REVERTS), item.c.closed_as == "merged")
    )
    undoing = (id_ for id_ in pulls if others[id_].title.startswith(REVERTS.rstrip("%")))
    return frozenset([*undone, *undoing])
