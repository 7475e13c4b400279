"""What a recorded project looks like at one moment: the state that entries of a recording add up to."""

from dataclasses import dataclass, field
from datetime import date, datetime

from integrations.sandbox.recording import Association, Entry, Opening, RecordingError


@dataclass(slots=True)
class MilestoneState:
    """A milestone and how many of its items are open and closed."""

    number: int
    title: str
    due: date | None
    creator: str
    created_at: datetime
    updated_at: datetime
    closed_at: datetime | None = None
    open_items: int = 0
    closed_items: int = 0


@dataclass(slots=True)
class ItemState:
    """An issue or pull request. Lists keep the order in which things were added."""

    number: int
    author: str
    association: Association
    pull: bool
    title: str
    body: str
    created_at: datetime
    updated_at: datetime
    opening: Opening
    draft: bool = False
    sha: str = ""
    labels: list[str] = field(default_factory=list)
    assignees: list[str] = field(default_factory=list)
    reviewers: list[str] = field(default_factory=list)
    milestone: int = 0
    closed_at: datetime | None = None
    merged_by: str = ""
    locked: bool = False
    comments: int = 0
    review_comments: int = 0


@dataclass(slots=True)
class ProjectState:
    """All items and milestones by number; memory grows with items, not with events."""

    items: dict[int, ItemState] = field(default_factory=dict)
    milestones: dict[int, MilestoneState] = field(default_factory=dict)


def apply(state: ProjectState, entry: Entry) -> None:
    """Bring `state` up to `entry`. Raises RecordingError where the entry is about something never created."""
    if entry.kind.startswith("milestone_"):
        _apply_to_milestone(state, entry)
    elif entry.kind == "opened":
        _open(state, entry)
    else:
        if entry.number not in state.items:
            raise RecordingError(f"{entry.kind} of {entry.number} at {entry.at:%FT%TZ}: it was never opened")
        _apply_to_item(state, state.items[entry.number], entry)


def _open(state: ProjectState, entry: Entry) -> None:
    opening = entry.opening
    if opening is None:
        raise RecordingError(f"opened {entry.number} at {entry.at:%FT%TZ}: without an opening")
    state.items[entry.number] = ItemState(
        number=entry.number, author=entry.by, association=opening.association, pull=opening.pull,
        title=opening.title, body=opening.body, created_at=entry.at, updated_at=entry.at, opening=opening,
        draft=opening.draft, sha=opening.sha, labels=list(opening.labels), assignees=list(opening.assignees),
        reviewers=list(opening.reviewers),
    )  # fmt: skip


def _apply_to_item(state: ProjectState, item: ItemState, entry: Entry) -> None:
    item.updated_at = entry.at
    match entry.kind:
        case "edited":
            item.title = item.title if entry.title is None else entry.title
            item.body = item.body if entry.body is None else entry.body
        case "closed" | "reopened":
            _count(state, item, -1)
            item.closed_at = entry.at if entry.kind == "closed" else None
            item.merged_by = entry.by if entry.merged else ""
            _count(state, item, +1)
        case "milestoned" | "demilestoned":
            _count(state, item, -1)
            item.milestone = entry.milestone if entry.kind == "milestoned" else 0
            _count(state, item, +1)
            state.milestones[entry.milestone].updated_at = entry.at
        case "labeled" | "unlabeled":
            _set(item.labels, entry.label, present=entry.kind == "labeled")
        case "assigned" | "unassigned":
            _set(item.assignees, entry.person, present=entry.kind == "assigned")
        case "review_requested" | "review_request_removed":
            _set(item.reviewers, entry.person, present=entry.kind == "review_requested")
        case "reviewed":
            # Who has reviewed is no longer asked to; GitHub sends no webhook for that.
            _set(item.reviewers, entry.by, present=False)
        case "drafted" | "readied":
            item.draft = entry.kind == "drafted"
        case "locked" | "unlocked":
            item.locked = entry.kind == "locked"
        case "pushed":
            item.sha = entry.sha
        case "commented":
            item.comments += 1
        case "comment_deleted":
            # The deleted comment itself is not in the record, so it was never counted.
            pass
        case "review_commented":
            item.review_comments += 1


def _apply_to_milestone(state: ProjectState, entry: Entry) -> None:
    if entry.kind == "milestone_created":
        state.milestones[entry.number] = MilestoneState(
            number=entry.number, title=entry.title or "", due=entry.due, creator=entry.by,
            created_at=entry.at, updated_at=entry.at,
        )  # fmt: skip
        return
    if entry.number not in state.milestones:
        raise RecordingError(f"{entry.kind} of {entry.number} at {entry.at:%FT%TZ}: it was never created")
    milestone = state.milestones[entry.number]
    milestone.updated_at = entry.at
    match entry.kind:
        case "milestone_edited":
            milestone.title, milestone.due = entry.title or "", entry.due
        case "milestone_closed":
            milestone.closed_at = entry.at
        case "milestone_opened":
            milestone.closed_at = None


def _count(state: ProjectState, item: ItemState, step: int) -> None:
    if item.milestone:
        milestone = state.milestones[item.milestone]
        if item.closed_at is None:
            milestone.open_items += step
        else:
            milestone.closed_items += step


def _set(names: list[str], name: str, *, present: bool) -> None:
    if present and name not in names:
        names.append(name)
    elif not present and name in names:
        names.remove(name)
