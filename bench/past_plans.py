"""Recorded milestones and versions with what was in them, as they were known on any day of their past.

From a recorded repository on GitHub and from recorded public Jiras, looked for at `../shared/data` beside the folder of
the project, or where SHARED_DATA says. Only milestones that ever had a date are read: others are buckets. Of a version
the source keeps its last date alone, which stands for the one that was planned.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from rules.calendar import DAY, Calendar
from rules.facts import DueSet, Kind, Member, Milestone, MilestoneKind, Project, Ref, State
from rules.forecast.throughput import QUICK_DAYS, Course, History, Stay
from tests.services import jira_past
from tests.support import SHARED
from tools.recordings import instant, load

NEVER = datetime(2100, 1, 1, tzinfo=UTC)
WEEK = Calendar(weekdays=frozenset(range(5)))
EVERY_DAY = Calendar()
JIRA_ENDS = datetime(2015, 2, 1, tzinfo=UTC)
GITHUB_ENDS = datetime(2026, 8, 22, tzinfo=UTC)
Span = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Item:
    """An item and the times in which it was closed, each until it was opened again (or NEVER)."""

    created: datetime
    closed: tuple[Span, ...]

    def closed_at(self, when: datetime) -> datetime | None:
        """Since when it is closed, as of `when`; None: it is open."""
        return next((since for since, until in self.closed if since <= when < until), None)

    def done_after(self, when: datetime) -> datetime:
        """When an item that is open is closed next."""
        return next((since for since, _ in self.closed if since > when), NEVER)


@dataclass(frozen=True, slots=True)
class In:
    """One stay of an item in a milestone."""

    item: int
    milestone: int
    joined: datetime
    left: datetime


@dataclass(frozen=True, slots=True)
class Plan:
    """A milestone: every date it had with when it was set, and when it was closed."""

    title: str
    created: datetime
    dues: tuple[tuple[date | None, datetime], ...]
    closed: datetime

    def due(self, when: datetime) -> date | None:
        return next((due for due, at in reversed(self.dues) if at <= when), None)


@dataclass(slots=True)
class Past:
    """One project's past: its items, its milestones that ever had a date, and who was in which."""

    name: str
    kind: MilestoneKind
    calendar: Calendar
    ends: datetime
    items: dict[int, Item] = field(default_factory=dict)
    plans: dict[int, Plan] = field(default_factory=dict)
    stays: list[In] = field(default_factory=list)

    @property
    def begins(self) -> datetime:
        return min(stay.joined for stay in self.stays)

    def history(self, when: datetime) -> History:
        """What was known at `when`, as the store gives it."""
        stays = [stay for stay in self.stays if stay.joined < when]
        window = when - timedelta(weeks=26)
        recent = {
            stay.item
            for stay in stays
            if stay.left > window and (self.items[stay.item].closed_at(when) or NEVER) > window
        }
        return History(
            calendar=self.calendar,
            stays=tuple(
                Stay(
                    item_id=stay.item, milestone_id=stay.milestone, created_at=self.items[stay.item].created,
                    joined_at=stay.joined, left_at=stay.left if stay.left < when else None,
                    closed_at=self.items[stay.item].closed_at(when),
                )
                for stay in stays
                if stay.item in recent
            ),
            courses=tuple(
                Course(id_, closed_at=plan.closed if plan.closed < when else None) for id_, plan in self.plans.items()
            ),
            finished=tuple(
                since for item in self.items.values() for since, _ in item.closed if window < since < when
            ),
            known_from=self.begins,
        )  # fmt: skip

    def milestone(self, id_: int, when: datetime) -> Milestone:
        """The milestone as facts, as it was at `when`."""
        plan = self.plans[id_]
        members = [self._member(stay, when) for stay in self.stays if stay.milestone == id_ and stay.joined < when]
        return Milestone(
            id=id_, project=Project(1, self.name, "github", "", self.calendar), kind=self.kind, key=plan.title,
            title=plan.title, url="", open=when < plan.closed, members=tuple(members), due=plan.due(when),
            dues=tuple(DueSet(due, at) for due, at in plan.dues if at <= when), created_at=plan.created,
        )  # fmt: skip

    def _member(self, stay: In, when: datetime) -> Member:
        item = self.items[stay.item]
        closed = item.closed_at(when)
        return Member(
            item=Ref(stay.item, str(stay.item), "", self.name), kind=Kind.ISSUE, title="",
            state=State.TODO if closed is None else State.DONE, created_at=item.created,
            state_since=closed or item.created, joined_at=stay.joined, closed_at=closed,
            left_at=stay.left if stay.left < when else None,
        )  # fmt: skip

    def open_in(self, id_: int, when: datetime) -> set[int]:
        """The items that were in and open."""
        inside = {stay.item for stay in self.stays if stay.milestone == id_ and stay.joined < when <= stay.left}
        return {item for item in inside if self.items[item].created < when and self.items[item].closed_at(when) is None}

    def done_on(self, id_: int, when: datetime, *, growth: bool) -> datetime:
        """When all that was open at `when` was closed, wherever it was by then; with `growth` also what came in and
        stayed until the milestone's end or its own. NEVER: not within the record.
        """
        done = max((self.items[item].done_after(when) for item in self.open_in(id_, when)), default=when)
        if not growth:
            return done
        came = sorted((s.joined, s) for s in self.stays if s.milestone == id_ and s.joined >= when)
        for joined, stay in came:
            if joined > done or joined > self.plans[id_].closed:
                break
            item = self.items[stay.item]
            closed = item.done_after(joined) if item.closed_at(joined) is None else joined
            is_quick = closed <= self.calendar.add_working_days(joined, QUICK_DAYS)
            if closed <= stay.left and not is_quick:
                done = max(done, closed)
        return done

    def days(self, id_: int, *, step: int) -> Iterator[datetime]:
        """Midnights at which the milestone was open with open items in it, every so many days."""
        joined = [stay.joined for stay in self.stays if stay.milestone == id_]
        if not joined:
            return
        plan = self.plans[id_]
        day = self.calendar.midnight(max(plan.created, min(joined)).date()) + DAY
        while day < min(plan.closed, self.ends):
            if self.open_in(id_, day):
                yield day
            day += timedelta(days=step)


def recorded_jira() -> list[Past]:
    """Every project of the recorded Jiras that has versions with a date, by name."""
    pasts: dict[str, Past] = {}
    for life in jira_past.lives():
        name = life.key.partition("-")[0]
        past = pasts.setdefault(name, Past(name, MilestoneKind.VERSION, WEEK, JIRA_ENDS))
        _take_in(past, life)
    for one in jira_past.versions():
        past = pasts.get(one.project["key"])
        text = one.data.get("releaseDate")
        if past is not None and text is not None:
            due = date.fromisoformat(text)
            plan = Plan(one.data["name"], one.first, ((due, one.first),), WEEK.due_end(due))
            past.plans[int(one.data["id"])] = plan
    for past in pasts.values():
        past.stays = [stay for stay in past.stays if stay.milestone in past.plans]
    return [past for _, past in sorted(pasts.items()) if past.stays]


def _take_in(past: Past, life: jira_past.Life) -> None:
    number = int(life.native_id)
    times = [jira_past.instant(at) for at in (life.fields["created"], *(one["created"] for one in life.histories))]
    closed: list[Span] = []
    since: datetime | None = None
    inside: dict[int, datetime] = {}
    for at, (_, fields) in zip(times, life.past, strict=True):
        is_closed = fields.get("resolution") is not None
        if is_closed and since is None:
            since = at
        elif not is_closed and since is not None:
            closed.append((since, at))
            since = None
        now = {int(one["id"]) for one in fields["fixVersions"]}
        for id_ in set(inside) - now:
            past.stays.append(In(number, id_, inside.pop(id_), at))
        inside |= dict.fromkeys(now - set(inside), at)
    past.stays += [In(number, id_, at, NEVER) for id_, at in inside.items()]
    past.items[number] = Item(times[0], (*closed, *([(since, NEVER)] if since else [])))


def recorded_github() -> Past:
    """The recorded repository and its milestones."""
    source = load(SHARED / "github")
    past = Past("secp256k1", MilestoneKind.MILESTONE, EVERY_DAY, GITHUB_ENDS)
    for number, life in source.milestones.lives.items():
        dues = [(state.due, state.at) for state in life.states]
        if any(due for due, _ in dues):
            moved = [pair for place, pair in enumerate(dues) if not place or pair[0] != dues[place - 1][0]]
            past.plans[number] = Plan(life.states[-1].title, life.states[0].at, tuple(moved), life.closed_at or NEVER)
    for raw in source.items:
        closed: list[Span] = []
        since: datetime | None = None
        inside: dict[int, datetime] = {}
        for event in sorted((one for one in raw["events"] if one["at"]), key=lambda one: str(one["at"])):
            at, what = instant(event["at"]), event["event"]
            if what in ("closed", "merged") and since is None:
                since = at
            elif what == "reopened" and since is not None:
                closed.append((since, at))
                since = None
            elif what in ("milestoned", "demilestoned"):
                id_ = source.milestones.number_of[event["milestone"]]
                if what == "milestoned":
                    inside.setdefault(id_, at)
                elif id_ in inside:
                    past.stays.append(In(raw["number"], id_, inside.pop(id_), at))
        past.stays += [In(raw["number"], id_, at, NEVER) for id_, at in inside.items()]
        past.items[raw["number"]] = Item(instant(raw["created_at"]), (*closed, *([(since, NEVER)] if since else [])))
    past.stays = [stay for stay in past.stays if stay.milestone in past.plans]
    return past
