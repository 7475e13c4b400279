"""What one payload of a tracker says, webhook or answer alike: only what it carries. A part that it does not carry is
None and overwrites nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from rules.facts import Checks, Kind, LinkKind

Payload = Mapping[str, Any]
NO_SITE: Payload = MappingProxyType({})
"""A site that nothing is known of."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """What intake needs to know of a delivery before it is stored. `project` and `installation` are the tracker's
    immutable ids, as text.
    """

    guid: str
    event: str
    action: str | None
    project: str | None
    project_key: str | None
    installation: str | None = None
    subject: str | None = None
    """What it is about, for the deliveries page: "#482" or "milestone 2.4"."""


@dataclass(frozen=True, slots=True)
class PersonSeen:
    """A person as a payload shows them. `bot` None: the payload does not say. `member`: owner, member or
    collaborator; None: not said.
    """

    native_id: str
    login: str
    bot: bool | None = None
    member: bool | None = None


@dataclass(frozen=True, slots=True)
class ProjectSeen:
    native_id: str
    key: str
    url: str
    public: bool | None = None
    archived: bool | None = None
    owner: str | None = None
    service_desk: bool | None = None
    """Its items are requests of customers (Jira Service Management)."""


@dataclass(frozen=True, slots=True)
class MilestoneSeen:
    """A milestone as a payload shows it. `due` is the tracker's date (GitHub: the UTC date of due_on). `as_of` is its
    own updated_at, or where it has none the time of the payload that shows it; None: nothing here may overwrite.

    Jira gives sprints, versions and epics as "sprint/31", "version/10001", "epic/10231", so that ids never clash.
    """

    native_id: str
    number: int | None
    title: str
    url: str
    open: bool
    as_of: datetime | None
    due: date | None = None
    start: date | None = None
    created_at: datetime | None = None
    closed_at: datetime | None = None
    kind: str = "milestone"
    deleted: bool = False
    released: bool = False
    board: str | None = None
    """Of a sprint: the native id of the board it was made on."""
    project: str | None = None
    """Of a version: the native id of the project it belongs to, where the payload tells it."""
    merged_into: str | None = None
    """Of a deleted version: the native id of the one that took its items over."""


@dataclass(frozen=True, slots=True)
class TextPart:
    title: str
    body: str
    url: str
    created_at: datetime
    author: PersonSeen | None


@dataclass(frozen=True, slots=True)
class StatePart:
    """`status` is the tracker's own word (open, closed, merged; a Jira status name). `reason`: completed,
    not_planned, duplicate, merged, unmerged. `stage` is where the tracker itself files that status: todo, in_progress
    or done; None where it has no such thing.
    """

    open: bool
    status: str
    closed_at: datetime | None = None
    reason: str | None = None
    locked: bool = False
    stage: str | None = None


@dataclass(frozen=True, slots=True)
class EffortPart:
    """What is planned and spent, in hours; None: not recorded. (An estimate in the team's unit is in `PlanPart`.)"""

    planned: float | None = None
    left: float | None = None
    spent: float | None = None


@dataclass(frozen=True, slots=True)
class TraitsPart:
    """What sort of item it is. `type` is the tracker's word ("Story"), `flagged`: somebody raised its flag, `secured`:
    not everybody who can read the project may see it.
    """

    type: str = ""
    bug: bool = False
    flagged: bool = False
    secured: bool = False
    priority: str | None = None
    components: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PlanPart:
    """Milestone membership: `milestones` are all the milestones this item is in (empty: none). `estimate` is in the
    team's unit (story points).
    """

    milestones: tuple[MilestoneSeen, ...]
    due: date | None = None
    estimate: float | None = None


@dataclass(frozen=True, slots=True)
class PullPart:
    draft: bool
    head_sha: str
    head_ref: str
    base_ref: str
    merged: bool
    auto_merge: bool = False
    from_fork: bool = False
    lines: int | None = None
    files: int | None = None
    commits: int | None = None
    mergeable: bool | None = None
    reviewers: tuple[PersonSeen, ...] = ()
    reviewer_teams: tuple[str, ...] = ()


DISCUSSION = "discussion"
"""What `ItemSeen.moved_to` says of an item that was turned into a discussion, which is no item."""


@dataclass(frozen=True, slots=True)
class ItemSeen:
    """An item as one payload shows it, in groups of fields. A group is None where the payload does not carry it whole.

    `as_of` is the snapshot's own timestamp (updated_at); None: nothing in it may overwrite. Identity is `native_id`;
    `key` is how people say it ("#482"). For a pull request both its issue id and its pull request id may occur in
    payloads: identity is therefore kind-neutral `<project native id>/<number>` on GitHub.
    """

    native_id: str
    key: str
    number: int
    kind: Kind
    as_of: datetime | None
    text: TextPart | None = None
    state: StatePart | None = None
    labels: tuple[str, ...] | None = None
    assignees: tuple[PersonSeen, ...] | None = None
    plan: PlanPart | None = None
    pull: PullPart | None = None
    effort: EffortPart | None = None
    traits: TraitsPart | None = None
    edges: tuple[LinkSeen, ...] | None = None
    """All the edges that start or end at this item, as they are at `as_of`."""
    deleted: bool = False
    moved_to: str | None = None


class Field(StrEnum):
    """What a change is about."""

    STATE = "state"
    TITLE = "title"
    BODY = "body"
    LABEL = "label"
    ASSIGNEE = "assignee"
    REVIEWER = "reviewer"
    MILESTONE = "milestone"
    DRAFT = "draft"
    COMMENT = "comment"
    REVIEW = "review"
    REVIEW_COMMENT = "review_comment"
    PUSH = "push"
    DUE = "due"
    LINK = "link"
    LOCK = "lock"
    MILESTONE_STATE = "milestone_state"
    MILESTONE_TITLE = "milestone_title"
    ESTIMATE = "estimate"
    WORKLOG = "worklog"
    QUEUE = "queue"
    FLAG = "flag"
    TYPE = "type"
    EFFORT = "effort"
    SECURITY = "security"
    PROJECT = "project"


ASKS = "question"
"""What `after` says of a comment that asks something; of its text no more is kept."""


@dataclass(frozen=True, slots=True)
class ChangeSeen:
    """One entry of history. `natural_key` is the same whichever way it is learnt (two hooks, a redelivery, the
    import), unique per project.

    `item` or `milestone` is the native id it belongs to. `before`/`after` keep the tracker's own words (a label is
    `after` when added, `before` when removed; a milestone its native id; a Jira status its name); of a
    comment `after` says only whether it asks. `url` is where a person can read it.
    """

    natural_key: str
    at: datetime
    field: Field
    actor: PersonSeen | None
    item: str | None = None
    milestone: str | None = None
    before: str | None = None
    after: str | None = None
    url: str | None = None
    bulk: bool = False


@dataclass(frozen=True, slots=True)
class LinkSeen:
    """An edge as a payload shows it. `source` and `target` are native ids or, where only words are known, a key such
    as "acme/shop#12" or "PAY-7". `at` is when the payload was so, so that a late one overwrites nothing; None: as it
    arrives.
    """

    kind: LinkKind
    source: str
    target: str
    removed: bool = False
    parent: bool = False
    """A parent/sub-issue edge: `source` is the child."""
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class LinksSeen:
    """All links of one kind-set that a text names: replaces what the same source's text said before.

    `implements` and `mentions` may hold words that only look like a key ("SHA-256"): which projects are known is for
    the core to say.
    """

    source: str
    closes: tuple[str, ...]
    mentions: tuple[str, ...] = ()
    implements: tuple[str, ...] = ()
    origin: str = "text"
    """Which words: those of the text (title and description), or of the branch."""


@dataclass(frozen=True, slots=True)
class ReviewSeen:
    """A review: state approved, changes_requested, commented or dismissed."""

    item: str
    native_id: str
    reviewer: PersonSeen
    state: str
    at: datetime
    commit: str | None = None


@dataclass(frozen=True, slots=True)
class ChecksSeen:
    """The state of checks on a commit. `name` identifies one check run, suite or status context, `state` is its own."""

    head_sha: str
    name: str
    state: Checks
    at: datetime
    items: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CommentSeen:
    """A comment by anybody: what answers, echoes and removals are recognised from. `event` is created, edited,
    deleted, minimized, or seen: found by reading the past, so nothing that it asks for is done any more. `before` is
    the text that an edit replaced; None: not said.
    """

    item: str
    native_id: str
    event: str
    body: str
    author: PersonSeen
    actor: PersonSeen | None
    at: datetime
    url: str
    before: str | None = None
    marker: str | None = None
    """The mark that a comment of ours carries, of whatever installation; one that is only quoted is none."""


@dataclass(frozen=True, slots=True)
class LabelSeen:
    """A label of the project itself, not of an item: `event` is created, edited or deleted; `before` the name it had,
    where it was renamed.
    """

    name: str
    event: str
    before: str | None = None


@dataclass(frozen=True, slots=True)
class ProjectEvent:
    """Something about the project or connection itself: renamed, transferred, archived, deleted, suspended,
    installed, uninstalled, added, removed.
    """

    kind: str
    project: str | None = None
    installation: str | None = None
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """All that one payload says. `needs_read`: native ids of items that only a read can tell the rest of. `project`
    None: the payload does not say; the items' own rows do.
    """

    at: datetime
    project: ProjectSeen | None = None
    actor: PersonSeen | None = None
    items: tuple[ItemSeen, ...] = ()
    milestones: tuple[MilestoneSeen, ...] = ()
    changes: tuple[ChangeSeen, ...] = ()
    links: tuple[LinkSeen, ...] = ()
    texts: tuple[LinksSeen, ...] = ()
    reviews: tuple[ReviewSeen, ...] = ()
    checks: tuple[ChecksSeen, ...] = ()
    comments: tuple[CommentSeen, ...] = ()
    project_events: tuple[ProjectEvent, ...] = ()
    labels: tuple[LabelSeen, ...] = ()
    needs_read: tuple[str, ...] = ()
    whole: tuple[str, ...] = ()
    """Native ids of items that this reading tells whole, with their history, as they were at `asked_at`."""
    asked_at: datetime | None = None
    note: str = ""
