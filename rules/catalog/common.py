"""What several rule types ask of an item before they judge it: is it left out, is it a container, since when is it
quiet.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from pydantic import Field

from rules.facts import Item, Kind, Link, LinkKind, Milestone, Project
from rules.settings import fold
from rules.verdict import Days, Reach, Said, Verdict, skipped

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


def words(title: str, *, default: str, description: str) -> Any:
    """One parameter that is a list of words, with commas between them."""
    return Field(
        default=default,
        title=title,
        description=description,
        max_length=500,
        json_schema_extra={"unit": "words, with commas"},
    )


def label_among(item: Item, labels: Iterable[str]) -> str | None:
    """The first label of an item that is one of `labels`, as the tracker spells it."""
    folded = {fold(label) for label in labels}
    return next((label for label in item.labels if fold(label) in folded), None)


def waiting_for(item: Item) -> str | None:
    """The status or label that says that somebody outside is to act."""
    settings = item.project.settings
    waiting = {fold(label) for label in settings.waiting_labels}
    if settings.statuses.get(fold(item.status)) == "waiting" or fold(item.status) in waiting:
        return item.status
    return label_among(item, waiting)


def called_blocked(item: Item) -> tuple[str, str | None] | None:
    """How an item itself is called blocked, by "status", "label" or "flag", with the word where there is one; None: it
    is not. What it is linked to is not asked.
    """
    settings = item.project.settings
    if settings.statuses.get(fold(item.status)) == "blocked":
        return "status", item.status
    if (label := label_among(item, settings.blocked_labels)) is not None:
        return "label", label
    return ("flag", None) if item.flagged_since is not None else None


def open_blockers(item: Item) -> tuple[Link, ...]:
    """The links to what is still open and blocks an item."""
    return tuple(link for link in item.links if link.inbound and link.kind is LinkKind.BLOCKS and is_open(link))


def open_pulls(item: Item) -> tuple[Link, ...]:
    """The links to open pull requests that close or implement an item."""
    return tuple(link for link in pulls_of(item) if is_open(link))


def pulls_of(item: Item) -> tuple[Link, ...]:
    """The links to pull requests that close or implement an item, whatever became of them."""
    kinds = (LinkKind.CLOSES, LinkKind.IMPLEMENTS)
    return tuple(k for k in item.links if k.inbound and k.kind in kinds and k.other_kind is Kind.PULL_REQUEST)


def is_open(link: Link) -> bool:
    return link.other_state is not None and link.other_state.is_open


def acted_on_there(verdict: Verdict, link: Link) -> Verdict:
    """A flag whose cause is flagged where somebody can act on it: this one stays on the pages and says so. One cause,
    one comment.
    """
    waits = Said("common.waits-on", {"other": link.other})
    below = (*verdict.below, waits)
    return replace(verdict, reach=Reach.PAGE, waits_on=link.other, below=below)


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


def few_log_time(project: Project, *, needed: float) -> Verdict | None:
    """Skipped where too few of the finished items carry time for hours to say anything."""
    if project.usual is None:
        return skipped("common.not-counted")
    share = project.usual.worklog_share
    if share is None:
        return skipped("common.few-finished", values={"finished": project.usual.worklog_of})
    if share < needed:
        return skipped("common.few-log", values={"share": int(100 * share), "needed": round(100 * needed)})
    return None


def by_automation(item: Item) -> bool:
    author = item.author
    return author is not None and (author.bot or author.login in item.project.settings.automation)


def unknown(subject: Item | Milestone) -> Verdict | None:
    """Skipped where a part of the history is missing until a repair read."""
    return skipped("common.gap") if subject.gap else None


def left_out(item: Item, *, but: Iterable[str] = ()) -> Verdict | None:
    """Skipped where the history has a gap, a machine wrote the item, it is a container, or a label leaves it out; the
    labels of `but` do not.
    """
    if item.gap:
        return skipped("common.gap")
    if by_automation(item):
        return skipped("common.automation")
    if is_container(item):
        return skipped("common.container")
    kept = {fold(label) for label in but}
    labels = {fold(label) for label in item.project.settings.left_out_labels} - kept
    if (label := label_among(item, labels)) is not None:
        return skipped("common.left-out", values={"label": label})
    return None


def known_from(subject: Item | Milestone) -> datetime | None:
    """The later of the instants from which the subject's and its project's history is whole."""
    known = [at for at in (subject.known_from, subject.project.known_from) if at is not None]
    return max(known, default=None)


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
