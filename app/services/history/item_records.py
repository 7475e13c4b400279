"""The record of an item: its state at the end of the history."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from app.services.history.fields import Day, Hours, Id, Instant, Number, Part
from rules.facts import Checks, Kind


class Review(Part):
    """The latest review of one person."""

    who: Id = Field(description="The id of the person.")
    state: Literal["approved", "changes_requested", "commented", "dismissed"] = Field(description="What they said.")
    at: Instant = Field(description="When.")


class Check(Part):
    """The latest result of a check on a commit."""

    name: str = Field(description="Its name.")
    state: Checks = Field(description="The result.")
    at: Instant = Field(description="When it came.")
    sha: str = Field(description="The commit.")


class Head(Part):
    """What is known of a commit that was at the head of a pull request."""

    sha: str = Field(description="The commit.")
    lines: Number | None = Field(None, description="Lines changed by the pull request as of it.")
    files: Number | None = Field(None, description="Files changed.")
    first: Instant | None = Field(None, description="When it was first seen. Default: the item's creation.")
    told: Instant | None = Field(None, description="As of when the size is. Default: `first`.")
    mergeable: bool | None = Field(None, description="Whether it could be merged.")
    mergeable_at: Instant | None = Field(None, description="As of when that is.")


class Pull(Part):
    """What only a pull request has."""

    draft: bool = Field(default=False, description="Whether it is a draft.")
    merged: bool = Field(default=False, description="Whether it is merged.")
    auto_merge: bool = Field(default=False, description="Whether it merges by itself once it may.")
    from_fork: bool = Field(default=False, description="Whether it comes from a fork.")
    reviewers: list[Id] = Field(default_factory=list, description="Ids of people asked for a review now.")
    reviewer_teams: list[str] = Field(default_factory=list, description="Teams asked for a review now.")
    heads: list[Head] = Field(default_factory=list, description="Its commits, as far as their sizes are known.")


ClosedAs = Literal["completed", "not_planned", "duplicate", "merged", "unmerged"]


class Item(Part):
    """An issue, a pull request, an epic or a sub-task, as it is at the end of the history; what it was before is told
    by its changes.
    """

    kind: Literal["item"]
    id: Id = Field(description="What others call it in this file.")
    key: Id = Field(description="What people call it: `#12`, `PAY-7`.")
    title: str = Field(description="Its title.")
    created_at: Instant = Field(description="When it was made.")
    item_kind: Kind = Field(Kind.ISSUE, description="What it is.")
    project: Id | None = Field(None, description="The id of its project. Default: the only one.")
    number: Number | None = Field(None, description="Its number. Default: the one at the end of its key, else 0.")
    native: str = Field("", description="The tracker's own immutable id. Default: the id.")
    body: str = Field("", description="Its description; boxes in it are counted.")
    url: str = Field("", description="Where people find it.")
    author: Id | None = Field(None, description="The id of the person who made it.")
    open: bool | None = Field(None, description="Whether it is open. Default: unless it was closed or deleted.")
    status: str = Field("", description="The tracker's word for its state. Default: open, closed or merged.")
    stage: Literal["todo", "in_progress", "done"] | None = Field(
        None, description="Where the tracker files that status. Default: as the tracker's `statuses` say."
    )
    closed_at: Instant | None = Field(None, description="When it was closed.")
    closed_as: ClosedAs | None = Field(
        None, description="How. Default: as done; of a pull request merged or unmerged, as `pull` says."
    )
    locked: bool = Field(default=False, description="Whether talk about it is closed.")
    labels: list[str] = Field(default_factory=list, description="Its labels.")
    assignees: list[Id] = Field(default_factory=list, description="Ids of the people it is assigned to.")
    milestones: list[Id] = Field(default_factory=list, description="Ids of the milestones that it is in.")
    due: Day | None = Field(None, description="Its own due date.")
    estimate: float | None = Field(None, description="Its estimate, in the team's unit.")
    spent: Hours | None = Field(None, description="Hours spent.")
    planned: Hours | None = Field(None, description="Hours planned.")
    left: Hours | None = Field(None, description="Hours left.")
    type: str = Field("", description="The tracker's word for its type: Story, Bug.")
    bug: bool = Field(default=False, description="Whether it is a bug.")
    flagged: bool = Field(default=False, description="Whether its flag is up.")
    priority: str | None = Field(None, description="Its priority.")
    components: list[str] = Field(default_factory=list, description="Its components.")
    secured: bool = Field(default=False, description="Whether not every reader of the project may see it.")
    head_sha: str | None = Field(None, description="Of a pull request: the commit at its head.")
    head_ref: str | None = Field(None, description="Its branch.")
    base_ref: str | None = Field(None, description="The branch that it goes into.")
    pull: Pull | None = Field(None, description="What only a pull request has.")
    reviews: list[Review] = Field(default_factory=list, description="The latest review of each person.")
    checks: list[Check] = Field(default_factory=list, description="Results of checks.")
    gap: bool = Field(default=False, description="Whether a part of its history is missing: rules skip it.")
    deleted_at: Instant | None = Field(None, description="When it was deleted, or moved elsewhere.")
    moved_to: str | None = Field(None, description="Where it was moved.")
