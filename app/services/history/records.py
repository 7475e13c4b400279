"""The records of the history format, version 1: one JSON object a line, `kind` says which of these it is.

The first line is the header. A record refers by id to records above it only, so a file is read in one go; milestones
alone are named by items and changes wherever they stand. Ids are texts that mean something within one file alone. What
has a default may be left out; anything not named here is refused.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, model_validator

from app.services.history.fields import (
    BEGINNING,
    FIRST,
    CalendarDocument,
    Day,
    Id,
    Instant,
    Number,
    Part,
    SettingsDocument,
)
from app.services.history.item_records import Item
from rules.facts import MilestoneKind
from rules.spec import MODES
from rules.verdict import Reach, Severity

VERSION = 1


class Header(Part):
    """The first line: that this is a history, and in which version of the format."""

    kind: Literal["history"]
    version: int = Field(description="1.")
    made_at: Instant | None = Field(None, description="When the file was written; what it tells is as of then.")
    made_by: str = Field("", description="What wrote it.")
    since: Day | None = Field(None, description="What was over before this day was left out.")

    @model_validator(mode="after")
    def _known(self) -> Header:
        if self.version != VERSION:
            raise ValueError(f"version: is {self.version}; this Plumbline reads version {VERSION}")
        return self


class Tracker(Part):
    """A GitHub or a Jira that projects are on. Without one, projects are on a GitHub called `history`."""

    kind: Literal["tracker"]
    id: Id = Field(description="What projects call it in this file.")
    tracker_kind: Literal["github", "jira"] = Field("github", description="Which language it speaks.")
    name: str = Field("", description="What people call it. Default: its id.")
    url: str = Field("", description="Its address.")
    statuses: dict[str, Literal["todo", "in_progress", "done"]] = Field(
        default_factory=dict, description="Where it files each of its statuses, by their names."
    )


class Project(Part):
    """A repository or a Jira project."""

    kind: Literal["project"]
    key: Id = Field(description="Its key: `acme/shop`, `PAY`.")
    id: Id | None = Field(None, description="What others call it in this file. Default: its key.")
    tracker: Id | None = Field(None, description="The id of its tracker. Default: the only one.")
    native: str = Field("", description="The tracker's own immutable id. Default: its id.")
    url: str = Field("", description="Where people find it.")
    public: bool = Field(default=True, description="Whether everybody may read it. If not known, leave it true.")
    service_desk: bool = Field(default=False, description="Whether customers read its items.")
    known_from: Instant | None = Field(
        None, description="From when on its history is whole; rules judge nothing before. Default: from its beginning."
    )
    created_at: Instant | None = Field(None, description="Since when it is watched.")


class Settings(Part):
    """What a project's settings and calendar were from an instant on. Several per project, each whole."""

    kind: Literal["settings"]
    project: Id | None = Field(None, description="The id of its project. Default: the only one.")
    valid_from: Instant = Field(BEGINNING, description="From when on they hold.")
    settings: SettingsDocument = Field(
        default_factory=dict, description="What differs from the defaults, by the names of `project add --set`."
    )
    calendar: CalendarDocument = Field(
        default_factory=dict, description="zone, weekdays, country, holidays, blackouts, opens, closes and so on."
    )
    author: str = Field("", description="Who set them.")


class Programme(Part):
    """Projects that belong together."""

    kind: Literal["programme"]
    name: Id = Field(description="Its name.")
    projects: list[Id] = Field(description="The ids of its projects.")
    same_readers: bool = Field(default=False, description="Whether the same people read all of them.")
    created_at: Instant = Field(BEGINNING, description="Since when.")


class Membership(Part):
    """What a person is in one project."""

    project: Id = Field(description="The id of the project.")
    member: bool = Field(default=True, description="Whether they have write access or belong to its owner.")
    as_of: Instant = Field(BEGINNING, description="When that was seen.")


class Person(Part):
    """Somebody who acts in a tracker, or a machine that does."""

    kind: Literal["person"]
    id: Id = Field(description="What others call them in this file.")
    login: str = Field("", description="Their name in the tracker, as changes of assignees hold it. Default: the id.")
    tracker: Id | None = Field(None, description="The id of the tracker. Default: the only one.")
    native: str = Field("", description="The tracker's own immutable id. Default: the id.")
    bot: bool = Field(default=False, description="Whether it is a machine.")
    parts: list[Membership] = Field(
        default_factory=list, description="What they are in projects. Only a member's comments count as movement."
    )


class Due(Part):
    """A due date as it was seen at an instant."""

    due: Day | None = Field(description="The date, or null where it was taken away.")
    as_of: Instant = Field(description="When it was so.")


class Milestone(Part):
    """Anything with a date and members: a milestone, a version, a sprint, an epic."""

    kind: Literal["milestone"]
    id: Id = Field(
        description="What items and changes call it: `milestone/4`, `sprint/31`; an epic's: `epic/` and its native."
    )
    milestone_kind: MilestoneKind = Field(MilestoneKind.MILESTONE, description="Which of these it is.")
    project: Id | None = Field(None, description="The id of its project; a sprint may cross several and have none.")
    tracker: Id | None = Field(None, description="The id of its tracker. Default: its project's, else the only one.")
    title: str = Field("", description="Its name. Default: its id.")
    number: Number | None = Field(None, description="Its number in the tracker, where it has one.")
    url: str = Field("", description="Where people find it.")
    created_at: Instant | None = Field(None, description="When it was made.")
    open: bool | None = Field(None, description="Whether it is open. Default: unless it was closed or deleted.")
    closed_at: Instant | None = Field(None, description="When it was closed, completed or released.")
    released: bool = Field(default=False, description="Of a version: whether it is released.")
    start: Day | None = Field(None, description="Its start date.")
    due: Day | None = Field(None, description="Its due date, a sprint's end.")
    dues: list[Due] = Field(
        default_factory=list, description="Every due date that it ever had. Default: the one, from its creation on."
    )
    as_of: Instant | None = Field(None, description="As of when all this is.")
    board: str | None = Field(None, description="Of a sprint: its board.")
    merged_into: str | None = Field(None, description="Of a deleted one: the id of what took its items over.")
    joined_to: Id | None = Field(None, description="The id of a milestone above that speaks for it.")
    joined_to_tracker: Id | None = Field(None, description="The tracker of that one. Default: its own.")
    home: Id | None = Field(None, description="The id of an item above whose thread speaks for it, as people said.")
    growth: float | None = Field(None, description="Of a closed one: how far it had grown, as a share of its plan.")
    kept: float | None = Field(None, description="Of a closed one: the share of its plan that was done by its end.")
    deleted_at: Instant | None = Field(None, description="When it was deleted.")


class Baseline(Part):
    """What was in a milestone when it was committed to. Without one it is drawn up from the changes."""

    kind: Literal["baseline"]
    milestone: Id = Field(description="The id of the milestone.")
    as_of: Instant = Field(description="The instant of the plan.")
    members: dict[str, float | None] = Field(description="The estimate of each item in it (null: none), by id.")
    how: Literal["frozen", "reconstructed", "command"] = Field(
        "command", description="Frozen when its time came, reconstructed from history, or made by a person."
    )
    tracker: Id | None = Field(None, description="The milestone's tracker. Default: the only one.")
    author: str | None = Field(None, description="Who made it.")
    reason: str = Field("", description="Why.")
    created_at: Instant | None = Field(None, description="When it was made. Default: `as_of`.")


LinkedAs = Literal["closes", "implements", "blocks", "relates", "mentions", "split_from", "parent"]


class Link(Part):
    """An edge between two items: the source closes, implements, blocks, ... the target; of `parent`, the source is the
    child.
    """

    kind: Literal["link"]
    source: Id = Field(description="The id of the item that it starts from.")
    link_kind: Literal["closes", "implements", "blocks", "relates", "mentions", "split_from", "parent"] = Field(
        description="What it means."
    )
    to: Id | None = Field(None, description="The id of the item that it leads to, where that is in this file.")
    target: str = Field("", description="What the tracker calls the target: `acme/shop#12`, `PAY-7`, a native id.")
    origin: str = Field("event", description="How it is known: from an event, a text or a branch.")
    at: Instant | None = Field(
        None, description="When it was drawn. Default: as changes of `link` tell, else with its source."
    )

    @model_validator(mode="after")
    def _leads_somewhere(self) -> Link:
        if self.to is None and not self.target:
            raise ValueError("to: is missing; give the id of the item that it leads to, or a `target` in words")
        return self


ChangeField = Literal[
    "state",
    "title",
    "body",
    "label",
    "assignee",
    "reviewer",
    "milestone",
    "draft",
    "comment",
    "review",
    "review_comment",
    "push",
    "due",
    "link",
    "lock",
    "milestone_state",
    "milestone_title",
    "estimate",
    "worklog",
    "queue",
    "flag",
    "type",
    "effort",
    "security",
    "project",
]


class Change(Part):
    """One entry of the history of an item (or of a milestone), in the tracker's own words."""

    kind: Literal["change"]
    at: Instant = Field(description="When.")
    field: ChangeField = Field(description="What changed; the table below says what `before` and `after` hold.")
    item: Id | None = Field(None, description="The id of the item.")
    milestone: Id | None = Field(None, description="The id of the milestone, where it is one of a milestone.")
    tracker: Id | None = Field(None, description="The milestone's tracker. Default: the only one.")
    project: Id | None = Field(None, description="The project that keeps it. Default: the item's or the milestone's.")
    who: Id | None = Field(None, description="The id of the person who did it; null where nobody is named.")
    before: str | None = Field(None, description="What was there before.")
    after: str | None = Field(None, description="What is there now.")
    url: str | None = Field(None, description="Where it can be read.")
    bulk: bool = Field(default=False, description="Whether it is part of an edit of many items at once.")
    key: str = Field("", description="What makes it this one, unique in its project. Default: made from all the above.")

    @model_validator(mode="after")
    def _whole(self) -> Change:
        if (self.item is None) == (self.milestone is None):
            raise ValueError("item: give the id of an item, or of a `milestone`, and not both")
        for name, value in (("before", self.before), ("after", self.after)):
            if value is not None and (wrong := _wrong_value(self.field, value)):
                raise ValueError(f"{name}: {wrong}")
        return self


EFFORTS = ("timespent", "timeoriginalestimate", "timeestimate")
"""What a change of effort is of: spent, planned, left."""


def _wrong_value(field: str, value: str) -> str | None:
    """What is wrong with what a change holds, of the few that are read as more than a word; None: nothing."""
    if field == "estimate":
        return None if not value or _is_number(value) else "must be a number, such as 5 or 2.5"
    if field == "due":
        return None if _is_day(value) else "must be a date, such as 2026-03-31"
    if field == "effort":
        name, _, seconds = value.partition(":")
        if name not in EFFORTS or (seconds and not _is_number(seconds)):
            return f"must be one of {', '.join(EFFORTS)} with seconds, such as timespent:3600"
    return None


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text[:10]).year >= FIRST.year
    except ValueError:
        return False


class RuleScope(Part):
    """Where a rule looks."""

    projects: list[str] = Field(default_factory=list, description="Globs of project keys.")
    kinds: list[str] = Field(default_factory=list, description="Kinds of items or milestones.")
    condition: str | None = Field(None, description="A condition, as in a rule file.")


class RuleVersion(Part):
    """One version of a rule: what it was from an instant on. The same names as in a rule file."""

    kind: Literal["rule"]
    name: Id = Field(description="The rule's name.")
    rule_type: Id = Field(description="Its type.")
    version: Annotated[int, Field(ge=1)] = Field(1, description="Which version this is.")
    valid_from: Instant = Field(BEGINNING, description="From when on it holds.")
    removed_at: Instant | None = Field(None, description="When the rule was taken out of force; on its newest version.")
    title: str = Field("", description="Its title.")
    params: dict[str, Any] = Field(default_factory=dict, description="Its parameters.")
    scope: RuleScope = Field(default_factory=RuleScope, description="Where it looks.")
    severity: Severity = Field(Severity.WARNING, description="note, warning or urgent.")
    reach: Reach = Field(Reach.COMMENT, description="How far it may be heard.")
    mode: Literal["off", "observe", "live"] = Field("observe", description="off, observe or live.")
    live_since: Instant | None = Field(None, description="Since when it is live.")
    author: str = Field("", description="Who wrote it.")


assert set(MODES) == {"off", "observe", "live"}, "a new mode needs a place in the format"

Record = (
    Header
    | Tracker
    | Project
    | Settings
    | Programme
    | Person
    | Item
    | Milestone
    | Baseline
    | Link
    | Change
    | RuleVersion
)

RECORDS: Mapping[str, type[Part]] = {
    "history": Header,
    "tracker": Tracker,
    "project": Project,
    "settings": Settings,
    "programme": Programme,
    "person": Person,
    "item": Item,
    "milestone": Milestone,
    "baseline": Baseline,
    "link": Link,
    "change": Change,
    "rule": RuleVersion,
}
"""Models of lines by their `kind`, in the order in which files hold them. A new kind joins here."""


def line(record: BaseModel) -> str:
    """A record as its line, without what is as by default."""
    return record.model_dump_json(exclude_defaults=True)
