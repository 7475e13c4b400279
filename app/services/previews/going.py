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
from app.services.wishes import Wish, may_be_written, settles, wish_of
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
    """What one item would get, and from when on: `about` are the people whose turn a new comment speaks of."""

    item_id: int
    comment: bool
    label: bool
    edit: bool
    opens: datetime
    about: tuple[int, ...] = ()


@dataclass(slots=True)
class _Sum:
    """What would be written, by project, and how many items are held."""

    found: dict[int, list[_Writes]] = field(default_factory=dict)
    held: int = 0

    @property
    def all(self) -> list[_Writes]:
        return [one for found in self.found.values() for one in found]

    @property
    def comments(self) -> int:
        return sum(one.comment for one in self.all)

    @property
    def labels(self) -> int:
        return sum(one.label for one in self.all)

    @property
    def edits(self) -> int:
        return sum(one.edit for one in self.all)

    @property
    def first_at(self) -> datetime | None:
        """When the first of it is ready, whatever the ceilings say."""
        return min((one.opens for one in self.all if one.comment or one.label or one.edit), default=None)


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
    first_at, today = _first_day(tx, present, sums)
    old = [one for one in flags if not may_be_written(rule, one.standing) and _loud(one)]
    return Going(
        comments=sums.comments,
        labels=sums.labels,
        edits=sums.edits,
        today=today,
        known=len(old),
        known_comments=known.comments - sums.comments,
        known_labels=known.labels - sums.labels,
        held=sums.held,
        pages=sum(not _loud(one) or one.home is None for one in flags),
        ceiling=min((present.known.comments_per_day[id_] for id_ in by_project), default=0),
        first_at=first_at or known.first_at,
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
    calendar = present.known.calendars[project_id]
    usual = timedelta(minutes=calendar.settle_minutes)
    at: dict[int, datetime] = {}
    for one in wanted:
        if one.home is not None:
            ready = max(present.now, one.standing.opened_at + settles(rule, one.standing, usual))
            at[one.home] = min(ready, at.get(one.home, ready))
    homes = sorted(at)
    known = publications.of_items(tx, homes)
    held = 0 if asked else _held(tx, rule, homes, known)
    if held:
        into.held += held
        return
    into.found[project_id] = _writes(tx, present, wanted, rule=rule, known=known, at=at)


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
    known: Mapping[int, Shown],
    at: Mapping[int, datetime],
) -> list[_Writes]:
    """What each home item would get at its instant of `at`."""
    homes = sorted(at)
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
            others = [
                one
                for one in told.get(id_, ())
                if (one.rule_id != rule.rule.id or one.closed_at is not None) and not _gives_way(one, present, rules)
            ]
            wish = _wish(present, items[id_], [*others, *ours[id_]], known.get(id_), rules=rules, at=at[id_])
            found.append(_one(items[id_], wish, ours[id_], known.get(id_), rule, opens=at[id_]))
    return found


def _gives_way(kept: Kept, present: Present, rules: Mapping[int, PreparedRule]) -> bool:
    """Whether a flag of another rule would close, since it yields to one that this rule would have there."""
    mine = present.seen.flags.get((kept.subject_kind, kept.subject_id))
    rule = rules.get(kept.rule_id)
    if mine is None or rule is None or kept.closed_at is not None:
        return False
    yields = present.tried.rule.type in rule.type.yields_to
    return yields and mine.verdict.reach.rank >= Reach(kept.verdict["reach"]).rank


def _wish(
    present: Present,
    item: Item,
    told: Sequence[Kept],
    known: Shown | None,
    *,
    rules: Mapping[int, PreparedRule],
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


def _one(
    item: Item, wish: Wish, ours: Sequence[Kept], known: Shown | None, rule: PreparedRule, *, opens: datetime
) -> _Writes:
    label = f"{item.project.settings.label_prefix}{rule.label}" if rule.label else None
    stands = known is not None and known.comment_id is not None
    says = wish.body is not None and not wish.quiet and any(one.verdict["reach"] == Reach.COMMENT for one in ours)
    return _Writes(
        item_id=item.id,
        comment=says and not stands,
        label=label in wish.labels and (known is None or label not in known.shown_labels),
        edit=says and stands and any(one.id == 0 for one in ours),
        opens=item.project.calendar.next_open(opens),
        about=wish.about,
    )


def _first_day(tx: Tx, present: Present, sums: _Sum) -> tuple[datetime | None, int]:
    """When the first of it would be written, and how many of the new comments the ceilings let out on that day. Where
    they let nothing out on the day on which it is ready, it is the next one.
    """
    ready = sums.first_at
    if ready is None:
        return None, 0
    projects = {id_: present.known.facts[id_] for id_ in sums.found}
    rest = [one.opens for one in sums.all if one.label or one.edit]
    calendars = [project.calendar for project in projects.values()]
    tomorrow = min(calendar.next_open(calendar.end_of_day(calendar.local_date(ready))) for calendar in calendars)
    for at in sorted({ready, tomorrow, *rest}):
        out = [
            when
            for id_, found in sums.found.items()
            for when in _let_out(tx, projects[id_], found, most=present.known.comments_per_day[id_], at=at)
        ]
        if out or at in rest:
            return min([*out, *(one for one in rest if one >= at)]), len(out)
    return ready, 0


def _let_out(tx: Tx, project: Project, found: Sequence[_Writes], *, most: int, at: datetime) -> list[datetime]:
    """When the new comments of one project would go out that the ceilings let out on the day of an instant, from then
    on, the earliest first.
    """
    calendar = project.calendar
    day = calendar.local_date(at)
    since = calendar.midnight(day)
    due = [(calendar.next_open(max(one.opens, at)), one) for one in found if one.comment]
    due = [(when, one) for when, one in due if calendar.local_date(when) == day]
    left = most - publications.new_comments_since(tx, project.id, since)
    turns = {
        person: writes.about_person_since(tx, project.id, [person], since)
        for person in {person for _, one in due for person in one.about}
    }
    out: list[datetime] = []
    for when, one in sorted(due, key=lambda pair: (pair[0], pair[1].item_id)):
        if len(out) >= left:
            break
        if any(turns[person] >= PER_TURN for person in one.about):
            continue
        out.append(when)
        for person in one.about:
            turns[person] += 1
    return out
