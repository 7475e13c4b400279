"""What every reading about one item has in common."""

from __future__ import annotations

from datetime import datetime

from integrations.github.decode import texts
from integrations.readings import (
    ChangeSeen,
    CommentSeen,
    ItemSeen,
    LinksSeen,
    MilestoneSeen,
    PersonSeen,
    ProjectSeen,
    Reading,
    ReviewSeen,
)
from rules.facts import Kind


def about_item(
    project: ProjectSeen,
    seen: ItemSeen,
    *,
    actor: PersonSeen | None,
    at: datetime,
    changes: tuple[ChangeSeen, ...] = (),
    milestones: tuple[MilestoneSeen, ...] = (),
    comments: tuple[CommentSeen, ...] = (),
    reviews: tuple[ReviewSeen, ...] = (),
    unsure: bool = False,
) -> Reading:
    """A reading about one item of `project`: with the links its text names and the milestones it is in."""
    return Reading(
        at=at,
        project=project,
        actor=actor,
        items=(seen,),
        milestones=_milestones(seen, milestones),
        changes=changes,
        texts=_links(project, seen),
        reviews=reviews,
        comments=comments,
        needs_read=(seen.native_id,) if unsure else (),
    )


def _links(project: ProjectSeen, seen: ItemSeen) -> tuple[LinksSeen, ...]:
    text = () if seen.text is None else (links(project, seen, seen.text.title, seen.text.body),)
    if seen.pull is None:
        return text
    return (*text, texts.branch_links(seen.pull.head_ref, source=seen.native_id))


def links(project: ProjectSeen, seen: ItemSeen, title: str, body: str) -> LinksSeen:
    """What the item's text names; only a pull request closes."""
    return texts.links(
        title,
        body,
        number=seen.number,
        repository=project.native_id,
        key=project.key,
        url=project.url,
        closing=seen.kind is Kind.PULL_REQUEST,
    )


def _milestones(seen: ItemSeen, more: tuple[MilestoneSeen, ...]) -> tuple[MilestoneSeen, ...]:
    """Every milestone of the payload once."""
    if seen.plan is None or not seen.plan.milestones:
        return more
    if not more:
        return seen.plan.milestones
    known = {one.native_id for one in more}
    return more + tuple(one for one in seen.plan.milestones if one.native_id not in known)
