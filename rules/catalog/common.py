"""What several rule types ask of an item before they judge it: is it left out, is it a container, since when is it
quiet.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from pydantic import Field

from rules.facts import Item, Kind, LinkKind, Milestone, Project, Ref, fold
from rules.verdict import Days, Verdict, skipped

LINKED_CHILDREN = 3
"""From how many linked children on an item without sub-issues of its own is read as a container."""


def setting(title: str, *, default: object, unit: str, description: str, low: float, high: float) -> Any:
    """One numeric parameter with all a form and a reference page need."""
    return Field(
        default=default, title=title, description=description, ge=low, le=high, json_schema_extra={"unit": unit}
    )


def choice(title: str, *, default: object, description: str) -> Any:
    """One parameter that is picked from a list or ticked."""
    return Field(default=default, title=title, description=description, json_schema_extra={"unit": "choice"})


def left_out_label(item: Item) -> str | None:
    """The first label of an item that takes it out of judgement, as the tracker spells it."""
    left_out = {fold(label) for label in item.project.settings.left_out_labels}
    return next((label for label in item.labels if fold(label) in left_out), None)


def waiting_for(item: Item) -> str | None:
    """The status or label that says that somebody outside is to act."""
    waiting = {fold(label) for label in item.project.settings.waiting_labels}
    return next((word for word in (item.status, *item.labels) if fold(word) in waiting), None)


def is_container(item: Item) -> bool:
    """Whether an item is judged by its children only: sub-issues, a container label, or at least three linked
    children.
    """
    containers = {fold(label) for label in item.project.settings.container_labels}
    parts = [link for link in item.links if link.inbound and link.kind is LinkKind.IMPLEMENTS]
    linked = sum(
        link.other_kind is not Kind.PULL_REQUEST for link in parts
    )  # three pull requests are one piece of work
    return (
        item.children_total > 0 or linked >= LINKED_CHILDREN or any(fold(label) in containers for label in item.labels)
    )


def by_automation(item: Item) -> bool:
    author = item.author
    return author is not None and (author.bot or author.login in item.project.settings.automation)


def unknown(subject: Item | Milestone) -> Verdict | None:
    """Skipped where a part of the history is missing until a repair read."""
    return skipped("common.gap") if subject.gap else None


def left_out(item: Item) -> Verdict | None:
    """Skipped where the history has a gap, a machine wrote the item, it is a container, or a label leaves it out."""
    if item.gap:
        return skipped("common.gap")
    if by_automation(item):
        return skipped("common.automation")
    if is_container(item):
        return skipped("common.container")
    if (label := left_out_label(item)) is not None:
        return skipped("common.left-out", values={"label": label})
    return None


def known_from(subject: Item | Milestone) -> datetime | None:
    """The later of the instants from which the subject's and its project's history is whole."""
    known = [at for at in (subject.known_from, subject.project.known_from) if at is not None]
    return max(known, default=None)


def hidden(project: Project, ref: Ref) -> bool:
    """Whether an item belongs to another project and readers of this one may not be told of it."""
    return project.public and ref.project != project.key and not project.settings.name_foreign_keys


def quiet_since(item: Item) -> datetime:
    """When the item last moved, or since when we would have seen it move."""
    known = known_from(item)
    return item.last_movement.at if known is None else max(item.last_movement.at, known)


def dormant_at(project: Project, since: datetime) -> datetime:
    """From when on something quiet since `since` is a question for the backlog. Plain days: holidays do not keep it
    awake.
    """
    return since + timedelta(days=project.settings.dormant_after_days)


def days_between(project: Project, *, since: datetime, until: datetime) -> Days:
    """Whole days of quiet, in the project's own days."""
    calendar = project.calendar
    return Days(count=int(calendar.working_days(since, until)), working=not calendar.every_day)
