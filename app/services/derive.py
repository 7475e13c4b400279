"""What is mapped from an item's snapshot and its changes: movement, whose word was last, when work began. Pure.

The result depends on the *set* of changes, not on the order in which they arrived, and can be rebuilt whenever a
setting changes. What counts as movement and as in progress is defined in `docs/concepts.md`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from app.services.asked import question_of, waiting_since
from app.services.handed import assigned_since, merged_by_other, reopenings
from app.services.past import MOVES_BY_STATE, NOBODY, WORDS, Past, Row, Sides, Who
from app.time import from_iso, to_iso
from rules.checklist import count_boxes
from rules.facts import Kind, Review, Side, State, Step
from rules.settings import Settings, fold


def derive(row: Row, changes: Sequence[Past], *, people: Mapping[int, Who], settings: Settings) -> dict[str, Any]:
    """Columns to store: state, state_since, began_at, moved_at and `derived` (JSON). `changes` in any order."""
    changes = sorted(changes, key=lambda change: (change.at, change.natural_key))
    opened = _opened(row, changes)
    sides = Sides(row, changes, people)
    moves = [opened, *(step for change in changes if (step := _movement(change, sides)) is not None)]
    last = max(moves, key=lambda step: step.at)
    acts = _acts(row, changes, sides)
    acted = max(acts, default=None)
    state = _state(row, settings, acted=acted)
    started = _started_at(row, changes, settings, acted=min(acts, default=None), opened=opened.at)
    since = _state_since(row, state, changes, started=started, opened=opened.at)
    derived: dict[str, Any] = {
        "state": state.value,
        "state_since": to_iso(since),
        "last_movement": dump_step(last),
        "acted_at": _iso(acted),
        "started_at": _iso(started),
        "flagged_since": _iso(_flagged_since(row, changes, settings, opened=opened.at)),
        "waiting_since": _iso(waiting_since(row, changes, settings, opened=opened.at)),
        "question": dump_step(asked) if (asked := question_of(changes, sides)) is not None else None,
        "assigned_since": _iso(assigned_since(changes, sides) if row["assignee_ids"] else None),
        "reopened": [[to_iso(closed), to_iso(at)] for closed, at in reopenings(changes, sides, settings)],
        "linked": _linked(changes),
        "size": _size(row),
        "at_start": _size_at(row, changes, started) if started else None,
    }
    if row["kind"] == Kind.PULL_REQUEST.value:
        derived["pull"] = _pull(row, changes, sides, opened)
    return {
        "state": state.value,
        "state_since": since,
        "began_at": started,
        "moved_at": last.at,
        "derived": derived,
    }


def _linked(changes: Sequence[Past]) -> dict[str, str]:
    """When links were drawn, by the other item's key. Where a tracker tells it in words ("This issue is blocked by
    PAY-7"), the key is the last of them.
    """
    drawn = [(change.after, change.at) for change in changes if change.field == "link"]
    return {after.rpartition(" ")[2]: to_iso(at) for after, at in drawn if after}


def _opened(row: Row, changes: Sequence[Past]) -> Step:
    at = row["created_at"] or (changes[0].at if changes else datetime.max)
    return Step(kind="opened", at=at, url=row["url"] or None, side=Side.AUTHOR)


def _movement(change: Past, sides: Sides) -> Step | None:
    """The change as a step if it is movement: a word by author, assignee, reviewer or member, a push, a state change,
    a ticked box.
    """
    side = sides.of(change.actor_id)
    if side is Side.AUTOMATION or change.bulk:
        return None
    if change.field == "push":
        return Step(kind="push", at=change.at, url=change.url, side=Side.AUTHOR)
    if change.field in WORDS:
        return None if side is Side.BYSTANDER else Step(kind=change.field, at=change.at, url=change.url, side=side)
    if change.field in MOVES_BY_STATE:
        kind = "worklog" if change.field == "worklog" else "state"
        return Step(kind=kind, at=change.at, url=change.url, side=side)
    if change.field == "body" and _ticked(change):
        return Step(kind="checklist", at=change.at, url=change.url, side=side)
    return None


def _ticked(change: Past) -> bool:
    before, after = count_boxes(change.before or ""), count_boxes(change.after or "")
    return after[1] > before[1]


def _acts(row: Row, changes: Sequence[Past], sides: Sides) -> list[datetime]:
    """When its assignees acted (a word, a push, a state change), each since being assigned; opening it is no act."""
    assigned: dict[str, datetime] = {}
    for change in changes:
        if change.field == "assignee" and change.after:
            assigned[change.after] = change.at
    since = {
        who: assigned.get(sides.people.get(who, NOBODY).login) or row["created_at"] or datetime.min.replace(tzinfo=UTC)
        for who in sides.assignees
    }
    return [
        change.at
        for change in changes
        if not change.bulk
        and change.actor_id in since
        and change.field in WORDS | MOVES_BY_STATE
        and not (change.field == "state" and change.before is None)
        and change.at >= since[change.actor_id]
    ]


def _state(row: Row, settings: Settings, *, acted: datetime | None) -> State:
    """Our state from this item alone; linked pull requests are added where facts are read."""
    if row["deleted_at"] is not None:
        return State.DROPPED
    if not row["is_open"]:
        return State.DROPPED if row["closed_as"] in ("not_planned", "duplicate", "unmerged") else State.DONE
    if row["kind"] == Kind.PULL_REQUEST.value:
        return State.IN_PROGRESS if (row["pull"] or {}).get("draft") else State.IN_REVIEW
    labels = {fold(label) for label in row["labels"]}
    means = _meaning(row["status"], settings, stage=row["stage"])
    if labels & settings.triage_labels or (means == "todo" and fold(row["status"]) in settings.statuses):
        return State.TODO
    if labels & settings.in_review_labels or means == "in_review":
        return State.IN_REVIEW
    if (
        labels & settings.in_progress_labels
        or means in ("in_progress", *HELD)
        or (acted is not None and row["assignee_ids"])
    ):
        return State.IN_PROGRESS
    return State.TODO


HELD = ("waiting", "blocked")
"""What a status may mean besides a state: begun, and held up."""


def _meaning(status: str | None, settings: Settings, *, stage: str | None = None) -> str | None:
    """What a status of the tracker means: as the project's settings say, else as the tracker files it."""
    return settings.statuses.get(fold(status), stage) if status else stage


def _flagged_since(row: Row, changes: Sequence[Past], settings: Settings, *, opened: datetime) -> datetime | None:
    """Since when its flag is up, its status says blocked or a label does; None: none of these."""
    since = []
    if (row["traits"] or {}).get("flagged"):
        since.append(max((c.at for c in changes if c.field == "flag" and c.after), default=opened))
    if _meaning(row["status"], settings, stage=row["stage"]) == "blocked":
        since.append(max((c.at for c in changes if c.field == "state" and c.after == row["status"]), default=opened))
    since.extend(
        max((c.at for c in changes if c.field == "label" and c.after == label), default=opened)
        for label in row["labels"]
        if fold(label) in settings.blocked_labels
    )
    return min(since, default=None)


def _started_at(
    row: Row, changes: Sequence[Past], settings: Settings, *, acted: datetime | None, opened: datetime
) -> datetime | None:
    """When work on it began: a pull request when opened, an issue when labelled so or when its assignee first acted."""
    if row["kind"] == Kind.PULL_REQUEST.value:
        return opened
    working = settings.in_progress_labels | settings.in_review_labels
    begun = [
        change.at for change in changes if change.field == "label" and change.after and fold(change.after) in working
    ]
    begun += [
        change.at
        for change in changes
        if change.field == "state" and _meaning(change.after, settings) in ("in_progress", "in_review", *HELD)
    ]
    begun += [change.at for change in changes if change.field == "worklog" and not change.bulk]
    if acted is not None:
        begun.append(acted)
    return min(begun, default=None)


def _state_since(
    row: Row, state: State, changes: Sequence[Past], *, started: datetime | None, opened: datetime
) -> datetime:
    if not state.is_open:
        closed: datetime = row["closed_at"] or row["deleted_at"] or opened
        return closed
    turns = [change.at for change in changes if change.field in ("state", "draft")]
    if state is not State.TODO and started is not None:
        turns.append(started)
    return max(turns, default=opened)


def _pull(row: Row, changes: Sequence[Past], sides: Sides, opened: Step) -> dict[str, Any]:
    pull: dict[str, Any] = row["pull"] or {}
    words = [
        Step(kind=change.field, at=change.at, url=change.url, side=Side.AUTHOR if change.field == "push" else side)
        for change in changes
        if not change.bulk
        and change.field in WORDS
        and (side := sides.of(change.actor_id)) in (Side.AUTHOR, Side.REVIEWER)
    ]
    pushes = [step for step in words if step.kind == "push"]
    first_review = min(
        (step.at for step in words if step.kind in ("review", "review_comment") and step.side is Side.REVIEWER),
        default=None,
    )
    drafts = [change for change in changes if change.field == "draft"]
    ready = None
    if not pull.get("draft"):
        ready = max((change.at for change in drafts if change.after in (None, "ready", "false")), default=opened.at)
    return {
        "last_word": dump_step(max([opened, *words], key=lambda step: step.at)),
        "last_push": dump_step(max([opened, *pushes], key=lambda step: step.at)),
        "first_review_at": _iso(first_review),
        "size_at_first_review": _pull_size_at(pull, first_review),
        "ready_at": _iso(ready),
        "review": _review(row, sides).value,
        "others_spoke_at": _iso(min((step.at for step in words if step.side is Side.REVIEWER), default=None)),
        "merged_by_other": merged_by_other(changes, sides),
    }


def _review(row: Row, sides: Sides) -> Review:
    """The sum of the latest review of each person; automation does not count, nor does the author."""
    states = {
        state
        for who, (state, _at) in row["reviews"].items()
        if sides.of(int(who)) not in (Side.AUTOMATION, Side.AUTHOR)
    }
    for review in (Review.CHANGES_REQUESTED, Review.APPROVED, Review.COMMENTED):
        if review.value in states:
            return review
    return Review.NONE


def _size(row: Row) -> dict[str, Any]:
    total, done = count_boxes(row["body"])
    pull = row["pull"] or {}
    return {
        "checklist_total": total,
        "checklist_done": done,
        "estimate": row["estimate"],
        "lines": pull.get("lines"),
        "files": pull.get("files"),
        "body_length": len(row["body"]),
    }


def _size_at(row: Row, changes: Sequence[Past], at: datetime) -> dict[str, Any]:
    """The size at an instant: today's, with what later edits of the text and the estimate replaced."""
    size = _size(row)
    later = next(
        (change for change in changes if change.field == "body" and change.at > at and change.before is not None), None
    )
    if later is not None:
        total, done = count_boxes(later.before or "")
        size.update(checklist_total=total, checklist_done=done, body_length=len(later.before or ""))
    grown = next((change for change in changes if change.field == "estimate" and change.at > at), None)
    if grown is not None:
        size["estimate"] = float(grown.before) if grown.before else None
    size["lines"] = size["files"] = None
    return size


def _pull_size_at(pull: Mapping[str, Any], at: datetime | None) -> dict[str, Any] | None:
    """Lines and files of the newest head seen by an instant; None where none was seen by then."""
    if at is None:
        return None
    seen = [(first, lines, files) for lines, files, first in pull.get("sizes", {}).values() if from_iso(first) <= at]
    if not seen:
        return None
    _first, lines, files = max(seen)
    return {"lines": lines, "files": files}


def dump_step(step: Step) -> dict[str, Any]:
    return {"kind": step.kind, "at": to_iso(step.at), "url": step.url, "side": step.side.value}


def load_step(doc: Mapping[str, Any] | None) -> Step | None:
    if doc is None:
        return None
    return Step(kind=doc["kind"], at=from_iso(doc["at"]), url=doc["url"], side=Side(doc["side"]))


def _iso(at: datetime | None) -> str | None:
    return None if at is None else to_iso(at)
