"""An item as it was: its row of today with every later change taken back, and the way forward again. Pure.

    was, steps = rewind(row, changes, since, names=names)

Each step holds the columns as they are after it, so that the way forward ends exactly at the row of today: what no
change tells of (a label that nobody saw put on) is as it is today from the beginning on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from app.services import pulls
from app.services.apply import outweighs
from app.time import from_iso, to_iso
from rules.facts import Kind
from rules.settings import fold

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Past:
    """One change, as its row has it."""

    id: int
    at: datetime
    field: str
    actor_id: int | None
    before: str | None
    after: str | None
    natural_key: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One step forward: the columns as they are after it (`values`), and the change it is (None: only seen in the
    row, as a check's result is).
    """

    at: datetime
    values: Mapping[str, Any]
    change_id: int | None = None


@dataclass(frozen=True, slots=True)
class Names:
    """How words of changes are understood: people by login, and where the tracker files a status (folded)."""

    people: Mapping[str, int] = field(default_factory=dict)
    stages: Mapping[str, str] = field(default_factory=dict)


def rewind(row: Row, changes: Sequence[Past], since: datetime, *, names: Names) -> tuple[Row, list[Step]]:
    """The row as it was at an instant, and the steps after it, oldest first. `changes` in the order of time."""
    past = _Way(dict(row), changes, names)
    steps: list[Step] = []
    for number in range(len(changes) - 1, -1, -1):
        change = changes[number]
        if change.at <= since:
            break
        before = past.before(number)
        steps.append(Step(change.at, {name: past.row[name] for name in before}, change.id))
        past.row.update(before)
    steps.reverse()
    was = past.row
    checks = _results(was, since)
    if checks:
        was["checks"] = {name: one for name, one in was["checks"].items() if from_iso(one[1]) <= since}
    return was, sorted([*steps, *checks], key=lambda step: step.at)


def _results(row: Row, since: datetime) -> list[Step]:
    """Results of checks that came later, each with all that was known then: a row keeps when each came."""
    later = sorted({from_iso(one[1]) for one in row["checks"].values() if from_iso(one[1]) > since})
    return [
        Step(at, {"checks": {name: one for name, one in row["checks"].items() if from_iso(one[1]) <= at}})
        for at in later
    ]


class _Way:
    """The way back of one item: `row` is as it was after the change that is taken back next."""

    def __init__(self, row: Row, changes: Sequence[Past], names: Names) -> None:
        self.row, self.changes, self.names = row, changes, names
        self.reviews: Mapping[str, list[str]] = row["reviews"]

    def before(self, number: int) -> Row:
        """The columns that a change made otherwise, as they were before it."""
        change = self.changes[number]
        undo = _UNDO.get(change.field)
        return undo(self, number, change) if undo is not None else {}

    def state(self, number: int, change: Past) -> Row:
        if change.before is None:
            return {}  # it was opened
        stage = self.names.stages.get(fold(change.before))
        closed = stage == "done" or (stage is None and change.before in ("closed", "merged"))
        values: Row = {"status": change.before, "stage": stage if self.row["stage"] is not None else None}
        if not closed:
            return {**values, "is_open": True, "closed_at": None, "closed_as": None}
        closing = self._closing(number)
        return {
            **values,
            "is_open": False,
            "closed_at": closing.at if closing else change.at,
            "closed_as": self._closed_as(closing),
        }

    def _closing(self, number: int) -> Past | None:
        """The change that had closed it, of those before `number`."""
        for change in reversed(self.changes[:number]):
            if change.field == "state" and change.after is not None:
                stage = self.names.stages.get(fold(change.after))
                done = stage == "done" or change.after in ("closed", "merged")
                if not done:
                    return None
                before = self.names.stages.get(fold(change.before or ""))
                if before != "done":
                    return change
        return None

    def _closed_as(self, closing: Past | None) -> str:
        if closing is not None and closing.after == "merged":
            return "merged"
        return "unmerged" if self.row["kind"] == Kind.PULL_REQUEST.value else "completed"

    def text(self, _number: int, change: Past) -> Row:
        return {} if change.before is None else {change.field: change.before}

    def label(self, _number: int, change: Past) -> Row:
        return {"labels": sorted(_put_back(self.row["labels"], change.before, change.after))}

    def assignee(self, _number: int, change: Past) -> Row:
        return {"assignee_ids": sorted(_put_back(self.row["assignee_ids"], *self._people(change)))}

    def reviewer(self, _number: int, change: Past) -> Row:
        pull = self.row["pull"] or {}
        before, after = self._people(change)
        if before is None and after is None:  # a team
            teams = sorted(_put_back(pull.get("reviewer_teams", ()), change.before, change.after))
            return {"pull": {**pull, "reviewer_teams": teams}}
        return {"pull": {**pull, "reviewers": sorted(_put_back(pull.get("reviewers", ()), before, after))}}

    def _people(self, change: Past) -> tuple[int | None, int | None]:
        known = self.names.people
        return known.get(change.before or ""), known.get(change.after or "")

    def milestone(self, _number: int, change: Past) -> Row:
        return {"milestone_natives": sorted(_put_back(self.row["milestone_natives"], change.before, change.after))}

    def draft(self, _number: int, change: Past) -> Row:
        return {"pull": {**(self.row["pull"] or {}), "draft": change.before == "draft"}}

    def lock(self, _number: int, change: Past) -> Row:
        return {"locked": change.after != "locked"}

    def queue(self, _number: int, change: Past) -> Row:
        if "auto_merge" not in (change.before, change.after):
            return {}
        return {"pull": {**(self.row["pull"] or {}), "auto_merge": change.before is not None}}

    def due(self, _number: int, change: Past) -> Row:
        return {"due": None if change.before is None else date.fromisoformat(change.before[:10])}

    def estimate(self, _number: int, change: Past) -> Row:
        return {"estimate": None if change.before is None else float(change.before)}

    def effort(self, _number: int, change: Past) -> Row:
        what = _EFFORT.get((change.before or change.after or "").partition(":")[0])
        if what is None:
            return {}
        told = (change.before or "").partition(":")[2]
        hours = float(told) / 3600 if told else None
        return {"spent": hours} if what == "spent" else {"effort": {**self.row["effort"], what: hours}}

    def flag(self, _number: int, change: Past) -> Row:
        return {"traits": {**self.row["traits"], "flagged": bool(change.before)}}

    def type(self, _number: int, change: Past) -> Row:
        return {"traits": {**self.row["traits"], "type": change.before or ""}}

    def security(self, _number: int, change: Past) -> Row:
        return {"secured": bool(change.before)}

    def review(self, number: int, change: Past) -> Row:
        """The reviews that had been given by then; of one that only the row tells, its own time says it."""
        tellers = {str(one.actor_id) for one in self.changes if one.field == "review" and one.after != "dismissed"}
        given = {
            who: review
            for who, review in self.reviews.items()
            if who not in tellers and from_iso(review[1]) < change.at
        }
        for one in self.changes[:number]:
            if one.field == "review" and one.after == "dismissed":  # whose it was, the row tells
                given |= {
                    who: review for who, review in self.reviews.items() if who in given and review[0] == one.after
                }
            elif one.field == "review" and one.actor_id is not None and one.after is not None:
                who, review = str(one.actor_id), [one.after, to_iso(one.at)]
                if who not in given or outweighs((review[0], review[1]), (given[who][0], given[who][1])):
                    given[who] = review
        values: Row = {"reviews": given}
        asked = self._asked(number)
        pull = self.row["pull"] or {}
        if change.actor_id in asked and change.actor_id not in pull.get("reviewers", ()):
            values["pull"] = {**pull, "reviewers": sorted({*pull.get("reviewers", ()), change.actor_id})}
        return values

    def _asked(self, number: int) -> set[int]:
        """Who was asked for a review and had given none: giving it takes the request away without a word."""
        asked: set[int] = set()
        for change in self.changes[:number]:
            if change.field == "reviewer":
                before, after = self._people(change)
                asked = {one for one in (*asked, after) if one is not None and one != before}
            elif change.field == "review" and change.actor_id is not None:
                asked.discard(change.actor_id)
        return asked

    def push(self, number: int, change: Past) -> Row:
        earlier = next((one.after for one in reversed(self.changes[:number]) if one.field == "push"), None)
        row = {"pull": {**(self.row["pull"] or {}), "sha": change.before or earlier}}
        pulls.settle(row)
        return {"head_sha": change.before or earlier, "pull": row["pull"]}


_EFFORT = {"timespent": "spent", "timeoriginalestimate": "planned", "timeestimate": "left"}
"""What the words of changes of effort stand for ("timespent:7200", in seconds)."""


def _put_back(present: Sequence[Any], before: Any, after: Any) -> set[Any]:
    """What was there before something (`before`) was replaced by something else (`after`); either may be None."""
    kept = {one for one in present if one != after}
    return kept if before is None else kept | {before}


_UNDO: Mapping[str, Callable[[_Way, int, Past], Row]] = {
    "state": _Way.state,
    "title": _Way.text,
    "body": _Way.text,
    "label": _Way.label,
    "assignee": _Way.assignee,
    "reviewer": _Way.reviewer,
    "milestone": _Way.milestone,
    "draft": _Way.draft,
    "lock": _Way.lock,
    "queue": _Way.queue,
    "due": _Way.due,
    "estimate": _Way.estimate,
    "effort": _Way.effort,
    "flag": _Way.flag,
    "type": _Way.type,
    "security": _Way.security,
    "review": _Way.review,
    "push": _Way.push,
}
