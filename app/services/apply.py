"""Applying readings: what payloads say becomes rows. In memory, without a clock; the caller loads and flushes.

Whole-row last-writer-wins does not converge, so every *group* of fields has its own guard: a group is taken only
where the payload carries it whole and is not older than what is there. A payload without a timestamp overwrites
nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from app.services import doubts, pulls
from app.services.answers import is_ours
from app.services.named import everybody
from app.store.early_checks import EarlyCheck
from app.store.links import Edge, EdgeList
from app.store.work import Change, Row, TextLinks, Work
from app.time import from_iso, to_iso
from integrations.readings import (
    ChangeSeen,
    ChecksSeen,
    Field,
    ItemSeen,
    LinkSeen,
    LinksSeen,
    MilestoneSeen,
    PullPart,
    Reading,
    ReviewSeen,
)
from rules.answers import only_commands
from rules.facts import Kind

PARENT = "parent"
"""Kind of a stored link from a child to its parent."""


def apply(work: Work, reading: Reading, *, people: Mapping[str, int], delivery_id: int | None, own_marker: str) -> None:
    """Take one reading into the rows. `people` maps native ids to ours; `own_marker` tells our own comments from
    people's.
    """
    for milestone in reading.milestones:
        _milestone(work, milestone)
    fresh = {(item.native_id, words) for item in reading.items for words in _item(work, item, people, reading)}
    for review in reading.reviews:
        _review(work, review, people)
    for check in reading.checks:
        _checks(work, check)
    ours = {
        comment.native_id
        for comment in reading.comments
        if is_ours(comment, own_marker) or only_commands(comment.body)  # said to us, not to the people on the item
    }
    for change in reading.changes:
        if not (change.field is Field.COMMENT and change.natural_key.rpartition(":")[2] in ours):
            _change(work, change, people, delivery_id)
    for text in reading.texts:
        if (text.source, text.origin) in fresh:
            _text(work, text)
    for link in reading.links:
        _link(work, link)
    for native in reading.needs_read:
        work.reads[native] = "the payload tells only a part"
    for person in everybody(reading):
        if person is not None and person.member is not None:
            _member(work, people[person.native_id], member=person.member, at=reading.at)


def _member(work: Work, person: int, *, member: bool, at: datetime) -> None:
    known = work.members.get(person)
    if known is None or at > known[1] or (at == known[1] and member):
        work.members[person] = (member, at)


SETTLED = timedelta(seconds=2)
"""A read this much later than the last change it tells knows all that happened in that second."""


class _Groups:
    """The groups of fields of one item that one reading may take."""

    def __init__(self, work: Work, row: Row, seen: ItemSeen, people: Mapping[str, int], reading: Reading) -> None:
        self.work, self.row, self.seen, self.people = work, row, seen, people
        self.whole = seen.native_id in reading.whole
        self.changes = [change for change in reading.changes if change.item == seen.native_id]
        as_of, asked_at = seen.as_of, reading.asked_at
        self.final = self.whole and as_of is not None and asked_at is not None and asked_at >= as_of + SETTLED
        if as_of is not None and not self.whole and self.changes:
            acts, clash = doubts.remember(row["guards"].get("acts"), as_of, self.changes)
            if acts != row["guards"].get("acts"):
                row["guards"] = {**row["guards"], "acts": acts}
            if clash and not self._read_already(as_of):
                work.reads[seen.native_id] = "opposite actions at one instant"

    def take(self, group: str, values: Row) -> bool:
        """Take a group where it is not older than what is there. Two contents at one instant that no action explains
        ask for a read; what a read told of an instant stands.
        """
        row, as_of = self.row, self.seen.as_of
        known = row["guards"].get(group)
        if as_of is not None and not self.whole and self._read_already(as_of):
            return False
        same_instant = as_of is not None and known == to_iso(as_of) and not self.whole
        if (
            same_instant
            and doubts.differs(group, row, values)
            and not doubts.explained(group, row, values, self.changes, self.people)
        ):
            self.work.reads[self.seen.native_id] = "two contents at one instant"
        if not _accepts(row, group, as_of):
            return False
        row.update(values)
        return True

    def end(self) -> None:
        """Remember a read that tells all there is to know of its instant."""
        if self.final and self.seen.as_of is not None and not self._read_already(self.seen.as_of):
            self.row["guards"] = {**self.row["guards"], "read": to_iso(self.seen.as_of)}

    def _read_already(self, as_of: datetime) -> bool:
        read = self.row["guards"].get("read")
        return read is not None and as_of <= from_iso(read)


def _accepts(row: Row, group: str, as_of: datetime | None) -> bool:
    """Whether a group of fields may be taken, and remember it. Same instant: the later arrival wins (a read settles
    doubts).
    """
    known = row["guards"].get(group)
    if as_of is None:
        return known is None
    if known is not None and as_of < from_iso(known):
        return False
    row["guards"] = {**row["guards"], group: to_iso(as_of)}
    return True


def _is_newest(row: Row, as_of: datetime | None) -> bool:
    known = row["guards"].get("text")
    return as_of is not None and (known is None or as_of >= from_iso(known))


def _item(work: Work, seen: ItemSeen, people: Mapping[str, int], reading: Reading) -> list[str]:
    """Take an item's groups; gives whose words were taken, its text's and its branch's."""
    row = work.item(seen.native_id, number=seen.number, key=seen.key, kind=seen.kind.value)
    if seen.kind is Kind.PULL_REQUEST:
        row["kind"] = seen.kind.value  # an issue payload may come first and not tell
    if seen.deleted or seen.moved_to:
        _leaves(row, seen)
    elif row["moved_to"] and _came_back(row, seen.as_of):
        row.update(deleted_at=None, moved_to=None)
    groups = _Groups(work, row, seen, people, reading)
    if row["key"] != seen.key and not seen.moved_to and _is_newest(row, seen.as_of):
        row.update(key=seen.key, number=seen.number)  # it moved to another project, or its project was renamed
    fresh: list[str] = []
    if seen.text is not None:
        text = seen.text
        values = {"title": text.title, "body": text.body, "url": text.url, "created_at": text.created_at}
        if text.author is not None:
            values["author_id"] = people[text.author.native_id]
        fresh += ["text"] if groups.take("text", values) else []
    if seen.state is not None:
        state = seen.state
        groups.take(
            "state",
            {
                "is_open": state.open and row["deleted_at"] is None,
                "status": state.status,
                "stage": state.stage,
                "closed_at": state.closed_at,
                "closed_as": state.reason,
                "locked": state.locked,
            },
        )
    if seen.labels is not None:
        groups.take("labels", {"labels": sorted(seen.labels)})
    if seen.assignees is not None:
        groups.take("assignees", {"assignee_ids": sorted(people[person.native_id] for person in seen.assignees)})
    if seen.plan is not None:
        _touch_milestones(work, row)
        natives = sorted(milestone.native_id for milestone in seen.plan.milestones)
        groups.take("plan", {"milestone_natives": natives, "due": seen.plan.due, "estimate": seen.plan.estimate})
    for milestone in seen.plan.milestones if seen.plan else ():
        _milestone(work, milestone)
    _measures(work, groups, seen)
    if seen.pull is not None:
        fresh += ["branch"] if _pull(work, groups, seen.native_id, seen.pull) else []
    groups.end()
    _touch_milestones(work, row)
    return fresh


def _leaves(row: Row, seen: ItemSeen) -> None:
    """It is gone, since the first that was heard of that."""
    if _accepts(row, "gone", seen.as_of):
        row.update(moved_to=seen.moved_to, is_open=False)
    if seen.as_of is not None and (row["deleted_at"] is None or seen.as_of < row["deleted_at"]):
        row["deleted_at"] = seen.as_of


def _came_back(row: Row, as_of: datetime | None) -> bool:
    """Whether this tells of an item that moved away, where it was, later than that."""
    gone = row["guards"].get("gone")
    return as_of is not None and gone is not None and as_of > from_iso(gone)


def _pull(work: Work, groups: _Groups, native: str, seen: PullPart) -> bool:
    row = groups.row
    pulls.observe(row, seen, groups.seen.as_of)
    taken = groups.take("pull", pulls.values(row, seen, groups.people))
    pulls.settle(row)
    work.by_head.setdefault(row["head_sha"], []).append(native)
    for check in (*work.early, *work.checks):
        if check.head_sha == row["head_sha"]:
            pulls.note_result(row, check)
    return taken


def _measures(work: Work, groups: _Groups, seen: ItemSeen) -> None:
    """What is planned and spent, what sort of item it is, and its edges."""
    if seen.effort is not None:
        effort = seen.effort
        groups.take("effort", {"effort": {"planned": effort.planned, "left": effort.left}, "spent": effort.spent})
    if seen.traits is not None:
        traits = seen.traits
        values: Row = {
            "type": traits.type,
            "bug": traits.bug,
            "flagged": traits.flagged,
            "priority": traits.priority,
            "components": sorted(traits.components),
        }
        groups.take("traits", {"kind": seen.kind.value, "traits": values, "secured": traits.secured})
    if seen.edges is not None and seen.as_of is not None and _accepts(groups.row, "edges", seen.as_of):
        work.edge_lists.append(EdgeList(seen.native_id, tuple(_edge(link) for link in seen.edges), seen.as_of))


def _touch_milestones(work: Work, row: Row) -> None:
    work.touched_milestones.update(row["milestone_natives"])


def _milestone(work: Work, seen: MilestoneSeen) -> None:
    row = work.milestone(seen.native_id, title=seen.title, kind=seen.kind)
    if seen.as_of is not None:
        work.dues.append((seen.native_id, seen.as_of, seen.due))
    row["created_at"] = row["created_at"] or seen.created_at  # not every shape tells these, and neither ever changes
    row["board"] = row["board"] or seen.board
    if seen.project is not None:
        row["project_id"] = work.projects.get(seen.project)
    if seen.merged_into is not None:
        row["merged_into"] = seen.merged_into
        work.ended.add(seen.native_id)
    newer = row["as_of"] is None or (seen.as_of is not None and seen.as_of >= row["as_of"])
    if seen.as_of is not None and not newer:
        work.touched_milestones.add(seen.native_id)  # a late word of a date changes its history
    if seen.deleted and row["deleted_at"] is None:  # for good, however late it is heard of
        row.update(deleted_at=seen.as_of, is_open=False)
        work.touched_milestones.add(seen.native_id)
        work.turned_milestones.add(seen.native_id)
    if newer:
        fresh = {
            "number": seen.number,
            "kind": seen.kind,
            "title": seen.title,
            "url": seen.url,
            "is_open": seen.open and row["deleted_at"] is None,
            "closed_at": seen.closed_at,
            "start": seen.start,
            "due": seen.due,
        }
        fresh["released"] = seen.released
        if any(row[name] != value for name, value in fresh.items()):
            work.touched_milestones.add(seen.native_id)
        if any(row[name] != fresh[name] for name in ("is_open", "start", "due")):
            work.turned_milestones.add(seen.native_id)
        if row["is_open"] and not fresh["is_open"]:
            work.ended.add(seen.native_id)
        row.update(fresh, as_of=seen.as_of)
    work.dirty_milestones.add(seen.native_id)


def _review(work: Work, seen: ReviewSeen, people: Mapping[str, int]) -> None:
    row = work.items.get(seen.item)
    if row is None:
        return
    row = work.item(seen.item, number=row["number"], key=row["key"], kind=row["kind"])
    who = str(people[seen.reviewer.native_id])
    known = row["reviews"].get(who)
    if known is None or outweighs((seen.state, to_iso(seen.at)), (known[0], known[1])):
        row["reviews"] = {**row["reviews"], who: [seen.state, to_iso(seen.at)]}


def outweighs(new: tuple[str, str], known: tuple[str, str]) -> bool:
    """Which of two reviews by one person counts: an opinion before a comment, then the later one.

    A dismissal keeps the time of the review that it takes back, and wins over it whichever is heard of first.
    """

    def weight(review: tuple[str, str]) -> tuple[bool, str, bool, str]:
        state, at = review
        return state != "commented", at, state == "dismissed", state

    return weight(new) > weight(known)


def _checks(work: Work, seen: ChecksSeen) -> None:
    """Results are kept by commit: one of an earlier push says nothing about the head, nor does it replace what does."""
    ahead = (
        native
        for native in work.by_head.get(seen.head_sha, ())
        if work.items.get(native, {}).get("head_sha") == seen.head_sha
    )
    found = EarlyCheck(seen.head_sha, seen.name, seen.state.value, seen.at)
    known = [native for native in {*seen.items, *ahead} if native in work.items]
    for native in known:
        last = work.items[native]
        pulls.note_result(work.item(native, number=last["number"], key=last["key"], kind=last["kind"]), found)
    if not any(work.items[native]["head_sha"] == seen.head_sha for native in known):
        work.checks.append(found)  # whose head it is has not been told yet


def _change(work: Work, seen: ChangeSeen, people: Mapping[str, int], delivery_id: int | None) -> None:
    if seen.item is not None:
        row = work.items.get(seen.item)
        if row is not None:
            work.touched_items.add(seen.item)
            _touch_milestones(work, row)
    if seen.milestone is not None:
        work.touched_milestones.add(seen.milestone)
    for native in (seen.before, seen.after) if seen.field is Field.MILESTONE else ():
        if native is not None:
            work.touched_milestones.add(native)
    work.changes.append(
        Change(
            natural_key=seen.natural_key,
            at=seen.at,
            field=seen.field.value,
            actor_id=people[seen.actor.native_id] if seen.actor else None,
            item=seen.item,
            milestone=seen.milestone,
            before=seen.before,
            after=seen.after,
            url=seen.url,
            bulk=seen.bulk,
            delivery_id=delivery_id,
        )
    )


def _text(work: Work, seen: LinksSeen) -> None:
    work.texts.append(
        TextLinks(
            source=seen.source,
            origin=seen.origin,
            links=tuple(
                sorted(
                    {
                        *(("closes", target) for target in seen.closes),
                        *(("mentions", target) for target in seen.mentions),
                        *(("implements", target) for target in seen.implements),
                    }
                )
            ),
        )
    )


def _edge(seen: LinkSeen) -> Edge:
    kind = PARENT if seen.parent else seen.kind.value
    return Edge(source=seen.source, kind=kind, target=seen.target, removed=seen.removed, at=seen.at)


def _link(work: Work, seen: LinkSeen) -> None:
    row = work.items.get(seen.source)
    if row is not None:
        work.touched_items.add(seen.source)
    if seen.target in work.items:
        work.touched_items.add(seen.target)
    work.edges.append(_edge(seen))
