"""Facts: what a rule may know about a project, an item, a milestone or a person. Frozen data, no behaviour beyond a
lookup.

Facts come from the store, from a recorded history or from a test; a rule cannot tell which. All instants are aware
UTC datetimes; dates are calendar dates in the project's zone; `None` always means *not known* or *not set*, never
zero.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from types import MappingProxyType

from rules.calendar import Calendar
from rules.settings import Settings
from rules.statistics import Forecast, Outlook, Risk, Usual


class Kind(StrEnum):
    """What an item is."""

    ISSUE = "issue"
    PULL_REQUEST = "pull_request"
    EPIC = "epic"
    SUBTASK = "subtask"


class State(StrEnum):
    """Where an item stands, in our words; the tracker's own word is `Item.status`."""

    TODO = "todo"
    IN_PROGRESS = "in_progress"
    IN_REVIEW = "in_review"
    DONE = "done"
    DROPPED = "dropped"

    @property
    def is_open(self) -> bool:
        return self not in (State.DONE, State.DROPPED)


class MilestoneKind(StrEnum):
    """What a milestone is: anything with a date and members."""

    MILESTONE = "milestone"
    VERSION = "version"
    SPRINT = "sprint"
    EPIC = "epic"


class Side(StrEnum):
    """Who a step on a pull request came from."""

    AUTHOR = "author"
    REVIEWER = "reviewer"
    BYSTANDER = "bystander"
    AUTOMATION = "automation"


class Checks(StrEnum):
    """The sum of the checks on a pull request's head; NONE: the head has no checks; UNKNOWN: never told."""

    UNKNOWN = "unknown"
    NONE = "none"
    PENDING = "pending"
    GREEN = "green"
    RED = "red"
    AWAITING_APPROVAL = "awaiting_approval"


class Review(StrEnum):
    """The sum of the reviews on a pull request's current content."""

    NONE = "none"
    COMMENTED = "commented"
    CHANGES_REQUESTED = "changes_requested"
    APPROVED = "approved"


class LinkKind(StrEnum):
    """How one item points at another: the source *closes*, *blocks*, *relates to*, *implements*, *splits from* or *is
    stacked on* the target.
    """

    CLOSES = "closes"
    IMPLEMENTS = "implements"
    BLOCKS = "blocks"
    RELATES = "relates"
    MENTIONS = "mentions"
    SPLIT_FROM = "split_from"
    STACKED_ON = "stacked_on"


@dataclass(frozen=True, slots=True)
class Ref:
    """Where to find an item: enough to name it and link to it. `secured`: not everybody who reads its project may know
    of it, so it is named nowhere but on itself. `public`: everybody may read its project.
    """

    id: int
    key: str
    url: str
    project: str
    secured: bool = False
    public: bool = False


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who acts in a tracker. `bot` is automation by type, name or the project's list; `member` has write
    access or belongs to the owner.
    """

    id: int
    login: str
    bot: bool = False
    member: bool = False
    team: str | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened and that a comment may point at: `kind` is push, review, review_comment, comment,
    opened, state, worklog, checklist or linked. `of` is the other item whose step it was, where it moved this one
    ("linked").
    """

    kind: str
    at: datetime
    url: str | None = None
    side: Side = Side.BYSTANDER
    of: Ref | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """An edge to or from another item, with the little that may be known of its other end. `since` is when it was
    drawn; `other_due` the other end's own date (its due date, else that of the milestone it is in). `other_reverted`:
    a pull request that another one took back, or that takes another one back. `other_flag` is the type of a rule whose
    open flag is written on the other end, or on what that one waits on in its turn, never on this item itself.
    """

    kind: LinkKind
    inbound: bool
    other: Ref
    other_kind: Kind | None = None
    other_state: State | None = None
    other_closed_at: datetime | None = None
    other_opened_at: datetime | None = None
    other_checks: Checks | None = None
    other_review_requested: bool | None = None
    other_due: date | None = None
    other_closed_as: str | None = None
    since: datetime | None = None
    other_reverted: bool = False
    other_flag: str | None = None
    other_forecast: Forecast | None = None
    """When what the other end is in is likely to be done; None: not known."""


@dataclass(frozen=True, slots=True)
class DueSet:
    """A due date as it was set (or taken away: None) at an instant, by a person or by a machine."""

    due: date | None
    set_at: datetime
    by_person: bool = True


@dataclass(frozen=True, slots=True)
class Size:
    """How big an item is: boxes of its check list, estimate in the team's unit, changed lines and files of a pull
    request, length of the description.
    """

    checklist_total: int = 0
    checklist_done: int = 0
    estimate: float | None = None
    lines: int | None = None
    files: int | None = None
    body_length: int = 0


@dataclass(frozen=True, slots=True)
class Sprint:
    """The running sprint an item is in: its name, its days, the sum of its estimates (None: not all known) and the
    share of its items, sub-tasks aside, that have one.
    """

    title: str
    ends: date
    points: float | None = None
    starts: date | None = None
    sized: float | None = None


@dataclass(frozen=True, slots=True)
class Reopening:
    """Closed by a person, and opened again by a person at `at`."""

    closed_at: datetime
    at: datetime


@dataclass(frozen=True, slots=True)
class Planned:
    """A milestone, version or sprint with a date that an item is in (`present`) or was in for a working day or more
    while it was open; a sprint counts from its start.
    """

    id: int
    kind: MilestoneKind
    title: str
    due: date
    present: bool
    since: datetime | None = None
    """When it joined; None: before its history is known."""


@dataclass(frozen=True, slots=True)
class PullRequest:
    """What only a pull request has.

    `last_word` is the latest of pushes, reviews, review comments and comments by the author, a reviewer or a member
    (never automation or a bystander). `ready_at` is when it last left draft (its creation if never a draft).
    """

    draft: bool = False
    checks: Checks = Checks.UNKNOWN
    mergeable: bool | None = None
    review: Review = Review.NONE
    review_requested: bool = False
    queued: bool = False
    last_word: Step | None = None
    last_push: Step | None = None
    first_review_at: datetime | None = None
    size_at_first_review: Size | None = None
    ready_at: datetime | None = None
    from_fork: bool = False
    red_since: datetime | None = None
    """Since when a check on the head has been red without a break; None: none is, or it is not known."""
    red_checks: tuple[str, ...] = ()
    """Names of the checks on the head that are red, as their app calls them."""
    others_spoke_at: datetime | None = None
    """When somebody with a part in it who is not its author first wrote on it."""
    merged_by_other: bool | None = None
    """Whether somebody but its author merged it; None: it is not merged, or who did is not known."""


@dataclass(frozen=True, slots=True)
class Project:
    """A GitHub repository or a Jira project, as rules need it. `tracker` is the kind, github or jira, not the name that
    people gave it. `known_from` is the instant from which its history is whole.
    """

    id: int
    key: str
    tracker: str
    url: str
    calendar: Calendar
    settings: Settings = field(default_factory=Settings)
    public: bool = False
    known_from: datetime | None = None
    service_desk: bool = False
    same_readers: frozenset[str] = frozenset()
    """Keys of other projects whose items may be told of here: a programme says that they have the same readers."""
    watched_keys: frozenset[str] = frozenset()
    """Keys of the Jira projects that its pull requests could name."""
    usual: Usual | None = None
    """What is usual here, as last counted; None: not counted yet."""
    risks: Mapping[str, Risk] = field(default_factory=lambda: MappingProxyType({}), hash=False)
    """How likely bad ends are, as last learnt, by name ("quiet-pull", "shortfall")."""

    def may_name(self, ref: Ref) -> bool:
        """Whether readers of this project may be told the key of an item."""
        return not ref.secured and (ref.project == self.key or not self.public or self.settings.name_foreign_keys)

    def may_tell(self, ref: Ref) -> bool:
        """Whether readers of this project may be told of an item: its title, its state, its people and its dates."""
        ours = ref.project == self.key or (not self.public and (ref.public or ref.project in self.same_readers))
        return ours and not ref.secured


@dataclass(frozen=True, slots=True)
class Item:
    """An issue, pull request, epic or sub-task, with what rules ask of it kept ready: judging costs the same at ten
    changes or ten thousand.

    `last_movement` is the latest step that counts as movement (a push, review, comment by author, assignee, reviewer
    or member, a state change, a ticked box, movement of a linked or child item); labels, milestones, automation and
    bystanders are none. `acted_at` is when an assignee last acted after being assigned. `at_start` is the size when
    work on it began. `gap` says that a part of its history is missing until a repair read.
    """

    id: int
    project: Project
    key: str
    kind: Kind
    title: str
    url: str
    state: State
    status: str
    created_at: datetime
    state_since: datetime
    last_movement: Step
    body: str = ""
    author: Person | None = None
    assignees: tuple[Person, ...] = ()
    labels: tuple[str, ...] = ()
    milestone_ids: tuple[int, ...] = ()
    milestone_title: str | None = None
    parent: Ref | None = None
    children_open: int = 0
    children_total: int = 0
    links: tuple[Link, ...] = ()
    size: Size = field(default_factory=Size)
    at_start: Size | None = None
    spent: float | None = None
    due: date | None = None
    dues: tuple[DueSet, ...] = ()
    started_at: datetime | None = None
    acted_at: datetime | None = None
    closed_at: datetime | None = None
    closed_as: str | None = None
    pull_request: PullRequest | None = None
    locked: bool = False
    gap: bool = False
    known_from: datetime | None = None
    sprint: Sprint | None = None
    type: str = ""
    bug: bool = False
    flagged_since: datetime | None = None
    """Since when its flag is up, its status says blocked or it carries a label that does; None: none of these."""
    needed_by: date | None = None
    """The earliest date that waits for it: its own, else that of a milestone it is in."""
    secured: bool = False
    priority: str | None = None
    components: tuple[str, ...] = ()
    hours_planned: float | None = None
    hours_left: float | None = None
    names: frozenset[str] = frozenset()
    """Keys of projects, watched or not, of which its text or branch names an issue: "PAY" of PAY-7."""
    waiting_since: datetime | None = None
    """Since when its status or a label says that somebody outside is to act; None: neither does."""
    question: Step | None = None
    """The question that was put to its author or assignees and that none of them has answered."""
    assigned_since: datetime | None = None
    """When a person last put somebody on it; None: who is on it stands there by default, or by a machine."""
    reopened: tuple[Reopening, ...] = ()
    """How often people closed it and opened it again, oldest first."""
    next_sprint: str | None = None
    """The title of a sprint that it is planned for and that has not begun."""
    planned: tuple[Planned, ...] = ()
    """Every milestone, version and sprint with a date that it went through, in the order in which it joined them."""

    @property
    def ref(self) -> Ref:
        return Ref(
            id=self.id,
            key=self.key,
            url=self.url,
            project=self.project.key,
            secured=self.secured,
            public=self.project.public,
        )


@dataclass(frozen=True, slots=True)
class Member:
    """One stay of an item in a milestone: from `joined_at` until `left_at` (None: still in). An item that left and
    came back has several.

    `joined_at` None means it was in before its history is known. `closes` are the ids of items that this pull request
    closes; `parent_id` and `split_from` point at the item it was broken out of; `carried_from` names the milestone it
    came over from and `carried_closed` whether that one was closed, released or running at the time; `transferred_to`
    names a running sprint of the same board it moved to.
    """

    item: Ref
    kind: Kind
    title: str
    state: State
    created_at: datetime
    state_since: datetime
    joined_at: datetime | None = None
    left_at: datetime | None = None
    closed_at: datetime | None = None
    labels: tuple[str, ...] = ()
    estimate: float | None = None
    assigned: bool = False
    last_step: Step | None = None
    bug: bool = False
    waiting_on: Ref | None = None
    closes: tuple[int, ...] = ()
    parent_id: int | None = None
    split_from: int | None = None
    carried_from: str | None = None
    carried_closed: bool = False
    transferred_to: str | None = None
    spent: float | None = None
    """Hours logged on the item itself."""
    hours_planned: float | None = None
    has_criteria: bool | None = None
    """Whether its text says when it is done; None: not asked of its kind."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """A milestone's membership and estimates at commitment. `how`: frozen (live), reconstructed (from history) or
    command (by a person).
    """

    as_of: datetime
    how: str
    members: Mapping[int, float | None]
    """Item id to estimate at that time (None: unsized)."""


@dataclass(frozen=True, slots=True)
class Milestone:
    """Anything with a date and members. `key` is what people call it in a command. `dues` holds every date it ever had,
    oldest first, the present one last.
    """

    id: int
    project: Project
    kind: MilestoneKind
    key: str
    title: str
    url: str
    open: bool
    members: tuple[Member, ...] = ()
    number: int | None = None
    start: date | None = None
    due: date | None = None
    dues: tuple[DueSet, ...] = ()
    created_at: datetime | None = None
    closed_at: datetime | None = None
    released: bool = False
    baseline: Baseline | None = None
    home: Ref | None = None
    own_p75_growth: float | None = None
    """The team's own 75th percentile of net growth (share of items), from eight finished milestones on; None before."""
    own_p25_done: float | None = None
    """The team's own 25th percentile of the planned share done at a sprint's end, from eight finished sprints on."""
    own_usual_done: float | None = None
    """The team's own median of that share."""
    gap: bool = False
    known_from: datetime | None = None
    leader: Ref | None = None
    """The milestone that speaks for this one, where people say that they are one; its `key` is its title."""
    forecasts: tuple[Forecast, ...] = ()
    """Of the last working days, oldest first, at most one a day; the latest is what is expected now."""
    outlooks: tuple[Outlook, ...] = ()
    """Of a running sprint, in the same way."""


class FlowKind(StrEnum):
    """What a flow is of."""

    FLOW = "flow"


@dataclass(frozen=True, slots=True)
class Waiting:
    """An item in a state, and since when it has been there."""

    item: Ref
    since: datetime


@dataclass(frozen=True, slots=True)
class Column:
    """One state of a project's flow: what stands in it, oldest first, and how many did in the last weeks: from each
    instant on, oldest first.
    """

    state: State
    waiting: tuple[Waiting, ...] = ()
    counts: tuple[tuple[datetime, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Load:
    """What one person has in progress: since when each, oldest first."""

    person_id: int
    since: tuple[datetime, ...]


@dataclass(frozen=True, slots=True)
class Flow:
    """How the work of a project flows: its id is the project's. What is usual there is `project.usual`."""

    id: int
    project: Project
    columns: tuple[Column, ...] = ()
    loads: tuple[Load, ...] = ()
    kind: FlowKind = FlowKind.FLOW
    known_from: datetime | None = None

    @property
    def key(self) -> str:
        return self.project.key


Subject = Item | Milestone | Flow
"""What a rule judges. (People and programmes join when a rule type needs them.)"""
