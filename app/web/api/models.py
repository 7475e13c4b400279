"""What the API answers with. Instants are ISO 8601 in UTC, dates are dates, `null` is "not known" or "none"."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict

T = TypeVar("T")


class Model(BaseModel):
    """Base of all answers: made from the rows of the store."""

    model_config = ConfigDict(from_attributes=True, frozen=True)


class ListOf(BaseModel, Generic[T]):
    """One page. `next` is the `after` of the next page, null on the last."""

    data: list[T]
    next: str | None


class Flag(Model):
    """A rule's finding. `reason` is its sentence; `closed_at` null: open."""

    id: int
    rule: str
    rule_type: str
    rule_version: int
    project: str
    subject_kind: str
    subject_id: int
    subject_type: str
    key: str
    title: str
    url: str
    severity: str
    code: str
    opened_at: datetime
    since: datetime | None
    closed_at: datetime | None
    reason: str | None = None
    page: str = ""


class Edit(Model):
    """One edit of many items at once: it counts as one, and as no movement of any. Who made it is not told."""

    at: datetime
    until: datetime
    field: str
    items: int


class Resting(Model):
    """A label that changed too often on one item and is not put on until then; `rules` are those that fight over it."""

    item_id: int
    item_key: str
    label: str
    until: datetime
    rules: list[str]


class Left(Model):
    """An item that is gone from the tracker, and what became of it."""

    item_id: int
    key: str
    title: str
    at: datetime
    words: str


class Project(Model):
    """A watched repository. `keeping_up` says what there is to say of how it is read; `edits` are of the last 7 days,
    `left` of the last 30.
    """

    id: int
    key: str
    url: str
    public: bool
    tracker: str
    status: str
    status_detail: str
    connection: str | None
    known_from: datetime | None
    last_delivery_at: datetime | None
    paused_at: datetime | None
    items_open: int
    milestones_open: int
    flags_open: int
    set_aside: int
    page: str = ""
    catching_up: bool = False
    keeping_up: str = ""
    edits: list[Edit] = []
    resting: list[Resting] = []
    left: list[Left] = []


class Item(Model):
    """An issue or pull request."""

    id: int
    project: str
    kind: str
    number: int
    key: str
    title: str
    url: str
    open: bool
    state: str
    status: str
    created_at: datetime | None
    state_since: datetime | None
    moved_at: datetime | None
    closed_at: datetime | None
    labels: list[str]
    judged_at: datetime | None
    next_check_at: datetime | None
    flags_open: int
    page: str = ""


class Verdict(Model):
    """What a rule says of a subject now: `outcome` is flagged, pending, clear, skipped or error. `helps` closes a flag;
    `recheck_at`: when time alone could change it.
    """

    rule: str
    outcome: str
    severity: str
    reason: str
    evidence: list[str]
    helps: str
    since: datetime | None
    recheck_at: datetime | None


class ItemInFull(Item):
    """An item with what every rule in scope says of it, judged now. `gone`: what became of it, where it is gone."""

    verdicts: list[Verdict]
    gone: str | None


class Milestone(Model):
    """Anything with a date and members. `joined_to` is the milestone that speaks for it in a release."""

    id: int
    project: str
    kind: str
    number: int | None
    title: str
    url: str
    open: bool
    start: date | None
    due: date | None
    closed_at: datetime | None
    members_total: int
    members_open: int
    flags_open: int
    joined_to: int | None = None
    page: str = ""


class MilestoneInFull(Milestone):
    """A milestone with what every rule in scope says of it, judged now."""

    verdicts: list[Verdict]


class Part(Model):
    """A milestone of a release. `leads`: it speaks for the others."""

    id: int
    project: str
    kind: str
    title: str
    url: str
    open: bool
    leads: bool


class Release(Model):
    """Milestones that are judged as one."""

    parts: list[Part]


class NamedProject(Model):
    """A project of a programme."""

    id: int
    key: str
    tracker: str


class Programme(Model):
    """Projects that belong together, across trackers."""

    id: int
    name: str
    same_readers: bool
    projects: list[NamedProject]
    releases: list[Release]


class Delivery(Model):
    """A webhook as it came in, without its payload."""

    id: int
    guid: str
    event: str
    action: str | None
    about: str | None
    project: str | None
    tracker: str
    received_at: datetime
    world_at: datetime
    size: int
    status: str
    reason: str
    attempts: int
    next_attempt_at: datetime | None
    done_at: datetime | None


class Mistake(Model):
    """One thing wrong in a rule, and in a condition or message where."""

    field: str
    message: str
    line: int | None
    column: int | None


class Mistakes(Model):
    """Everything that is wrong; nothing: it could be saved."""

    mistakes: list[Mistake]


class Saved(Model):
    """The version in force now."""

    version: int


class Rung(Model):
    """Whom a rule's flags are told to, after how many working days."""

    after: float
    tell: str


class Rule(Model):
    """A rule in its version in force."""

    id: int
    name: str
    type: str
    version: int
    title: str
    params: dict[str, Any]
    scope: dict[str, Any]
    severity: str
    reach: str
    mode: str
    live_since: datetime | None
    ladder: list[Rung]
    valid_from: datetime
    flags_open: int
    flags_recent: int
    flags_closed: int


class Version(Model):
    """One version of a rule, as it was saved."""

    version: int
    valid_from: datetime
    title: str
    params: dict[str, Any]
    scope: dict[str, Any]
    severity: str
    reach: str
    mode: str
    author: str


class RuleInFull(Rule):
    """A rule with its latest versions, newest first. `mistakes`: why it cannot be judged, none where it can."""

    actions: dict[str, Any]
    author: str
    versions: list[Version]
    mistakes: list[Mistake]


class AuditEntry(Model):
    """One act of somebody. `at` is real time."""

    id: int
    at: datetime
    who: str
    what: str
    subject: str
    detail: dict[str, Any]


class Unanswered(Model):
    """A flag that was left as it is: `why` is closed, unanswered (nothing to take back) or unknown."""

    id: int
    why: str


class Answered(Model):
    """The ids of the flags that took an answer, and those left as they are."""

    taken: list[int]
    left: list[Unanswered]


class Asked(Model):
    """The id of what was asked for."""

    id: int


class Preview(Model):
    """What a rule would do. `state`: waiting, running, done, failed or cancelled; `result` has what is known so far."""

    id: int
    state: str
    progress: float
    detail: str
    result: dict[str, Any]


class Publication(Model):
    """What one item should show in the tracker and what it shows."""

    id: int
    item_id: int
    item_key: str
    project: str
    status: str
    detail: str
    want_labels: list[str]
    want_body: str | None
    shown_labels: list[str]
    shown_body: str | None
    comment_url: str | None
    commented_at: datetime | None
    edited_at: datetime | None
    due_at: datetime | None
