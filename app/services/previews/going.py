"""What going live would write: the wishes that planning would record, worked out by the same code, and held against
what items show already and against the ceilings. Nothing is recorded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from app.services import floods
from app.services.previews.present import Flagged, Present
from app.services.previews.told import Going
from app.services.sender import PER_TURN
from app.services.wishes import Wish, may_be_written, wish_of
from app.store import facts, instance, publications, standings, trackers, writes
from app.store import floods as store_floods
from app.store.database import Tx
from app.store.publications import Shown
from app.store.standings import Kept
from rules.engine import PreparedRule
from rules.facts import Item, Project
from rules.verdict import Reach, Severity

LONG_AGO = timedelta(days=36_500)
PAGE = 500


@dataclass(frozen=True, slots=True)
class _Writes:
    """What one item would get: `about` are the people whose turn a new comment speaks of."""

    item_id: int
    comment: bool
    label: bool
    edit: bool
    about: tuple[int, ...] = ()


@dataclass(slots=True)
class _Sum:
    comments: int = 0
    labels: int = 0
    edits: int = 0
    today: int = 0
    held: int = 0
    first_at: list[datetime] = field(default_factory=list)


def going(tx: Tx, present: Present) -> Going:
    """What would be written of what stands now, once the rule is live."""
    rule = present.tried.prepared
    by_project: dict[int, list[Flagged]] = {}
    for flag in present.seen.flags.values():
        by_project.setdefault(flag.subject.project_id, []).append(flag)
    readers = {row.id for row in trackers.connections(tx) if row.status == "read_only"}
    sums, known, read_only = _Sum(), _Sum(), []
    for project_id, flags in sorted(by_project.items()):
        row = present.known.rows[project_id]
        if row.connection_id is None or row.connection_id in readers:
            read_only.append(row.key)
            continue
        _one_project(tx, present, flags, rule=rule, into=sums)
        # what is asked for is written however many it is: who asks has looked
        all_of_them = replace(rule, rule=replace(rule.rule, live_since=present.now - LONG_AGO))
        _one_project(tx, present, flags, rule=all_of_them, into=known, asked=True)
    flags = list(present.seen.flags.values())
    old = [one for one in flags if not may_be_written(rule, one.standing) and _loud(one)]
    return Going(
        comments=sums.comments,
        labels=sums.labels,
        edits=sums.edits,
        today=sums.today,
        known=len(old),
        known_comments=known.comments - sums.comments,
        known_labels=known.labels - sums.labels,
        held=sums.held,
        pages=sum(not _loud(one) or one.home is None for one in flags),
        ceiling=min((present.known.comments_per_day[id_] for id_ in by_project), default=0),
        first_at=min(sums.first_at or known.first_at, default=None),
        paused=instance.load(tx).paused_at is not None,
        read_only=tuple(read_only),
    )


def _loud(flag: Flagged) -> bool:
    return flag.verdict.reach is not Reach.PAGE and flag.standing.said.severity is not Severity.NOTE


def _one_project(
    tx: Tx, present: Present, flags: Sequence[Flagged], *, rule: PreparedRule, into: _Sum, asked: bool = False
) -> None:
    wanted = [one for one in flags if one.home is not None and may_be_written(rule, one.standing)]
    if not wanted:
        return
    project_id = wanted[0].subject.project_id
    project = present.known.facts[project_id]
    calendar = present.known.calendars[project_id]
    own = rule.rule.actions.settle_minutes
    settle = timedelta(minutes=calendar.settle_minutes)
    at = present.now + (settle if own is None else max(settle, timedelta(minutes=own)))
    homes = sorted({one.home for one in wanted if one.home is not None})
    known = publications.of_items(tx, homes)
    held = 0 if asked else _held(tx, rule, homes, known)
    if held:
        into.held += held
        return
    found = _writes(tx, present, wanted, rule=rule, homes=homes, known=known, at=at)
    into.comments += sum(one.comment for one in found)
    into.labels += sum(one.label for one in found)
    into.edits += sum(one.edit for one in found)
    first = project.calendar.next_open(at)
    if any(one.comment or one.label or one.edit for one in found):
        into.first_at.append(first)
    into.today += _let_out(tx, present, project, [one for one in found if one.comment], first)


def _held(tx: Tx, rule: PreparedRule, homes: Sequence[int], known: Mapping[int, Shown]) -> int:
    """Items of a project on which the rule would show something at once, where they are too many for that; else 0."""
    since = rule.rule.live_since
    approved = store_floods.approvals(tx, [rule.rule.id]).get(rule.rule.id)
    if approved is not None and since is not None and approved >= since:
        return 0
    fresh = [
        id_ for id_ in homes if id_ not in known or (known[id_].commented_at is None and not known[id_].shown_labels)
    ]
    return len(fresh) if len(fresh) > floods.ASK_ABOVE else 0


def _writes(
    tx: Tx,
    present: Present,
    wanted: Sequence[Flagged],
    *,
    rule: PreparedRule,
    homes: Sequence[int],
    known: Mapping[int, Shown],
    at: datetime,
) -> list[_Writes]:
    rules = {**present.tried.every, rule.rule.id: rule}
    ours: dict[int, list[Kept]] = {}
    for flag in wanted:
        if flag.home is not None:
            ours.setdefault(flag.home, []).append(flag.as_kept(rule.rule.id, rule.rule.version))
    found = []
    for start in range(0, len(homes), PAGE):
        page = homes[start : start + PAGE]
        items = facts.load_items(tx, page, projects=present.known.facts)
        told = standings.shown_on(tx, page)
        for id_ in page:
            if id_ not in items:
                continue
            others = [one for one in told.get(id_, ()) if one.rule_id != rule.rule.id or one.closed_at is not None]
            wish = _wish(present, items[id_], [*others, *ours[id_]], known.get(id_), rules=rules, rule=rule, at=at)
            found.append(_one(items[id_], wish, ours[id_], known.get(id_), rule))
    return found


def _wish(
    present: Present,
    item: Item,
    told: Sequence[Kept],
    known: Shown | None,
    *,
    rules: Mapping[int, PreparedRule],
    rule: PreparedRule,
    at: datetime,
) -> Wish:
    calendar = present.known.calendars[item.project.id]
    return wish_of(
        item,
        told,
        known,
        rules=rules,
        held={},
        settle=timedelta(minutes=calendar.settle_minutes),
        linger=timedelta(minutes=calendar.clear_minutes),
        render=repr,  # only whether there is a comment counts, not its markup
        page="",
        now=at,
    )


def _one(item: Item, wish: Wish, ours: Sequence[Kept], known: Shown | None, rule: PreparedRule) -> _Writes:
    label = f"{item.project.settings.label_prefix}{rule.label}" if rule.label else None
    stands = known is not None and known.comment_id is not None
    says = wish.body is not None and not wish.quiet and any(one.verdict["reach"] == Reach.COMMENT for one in ours)
    return _Writes(
        item_id=item.id,
        comment=says and not stands,
        label=label in wish.labels and (known is None or label not in known.shown_labels),
        edit=says and stands and any(one.id == 0 for one in ours),
        about=wish.about,
    )


def _let_out(tx: Tx, present: Present, project: Project, found: Sequence[_Writes], first: datetime) -> int:
    """How many of these new comments the ceilings let out on the first day."""
    since = project.calendar.midnight(project.calendar.local_date(first))
    left = present.known.comments_per_day[project.id] - publications.new_comments_since(tx, project.id, since)
    turns = {
        person: writes.about_person_since(tx, project.id, [person], since)
        for person in {person for one in found for person in one.about}
    }
    out = 0
    for one in found:
        if out >= left:
            break
        if any(turns[person] >= PER_TURN for person in one.about):
            continue
        out += 1
        for person in one.about:
            turns[person] += 1
    return out
