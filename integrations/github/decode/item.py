"""An issue or pull request as a snapshot shows it, in groups of fields, with the action's own object laid over it.

GitHub calls a pull request an issue in `issues` and `issue_comment` payloads (the key `pull_request` tells): such a
snapshot carries all but the pull group. Review payloads carry a shorter pull request, without sizes and mergeability:
these stay None.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from integrations import read
from integrations.github.decode import parts
from integrations.readings import ItemSeen, PersonSeen, PlanPart, ProjectSeen, PullPart, StatePart, TextPart
from rules.facts import Kind


def native_id(repository: str, number: int) -> str:
    """The identity of an item: `<repository id>/<number>`, the same for its issue and its pull request."""
    return f"{repository}/{number}"


def moved(project: ProjectSeen, number: int, *, kind: Kind, to: str) -> ItemSeen:
    """An item that is now another one (`to`), in another repository."""
    return ItemSeen(native_id(project.native_id, number), f"#{number}", number, kind, None, moved_to=to)


def issue(data: Mapping[str, Any], project: ProjectSeen, path: str = "issue") -> ItemSeen:
    """An issue's snapshot, or that of a pull request seen as an issue."""
    url = read.text(data, "html_url", path)
    pull = read.opt_obj(data, "pull_request", path)
    is_pull = pull is not None or "/pull/" in url
    kind = Kind.PULL_REQUEST if is_pull else Kind.ISSUE
    return _item(data, project, path, url=url, kind=kind, state=_issue_state(data, path, pull, is_pull=is_pull))


def pull_request(data: Mapping[str, Any], project: ProjectSeen, path: str = "pull_request") -> ItemSeen:
    """A pull request's own snapshot, whole or short."""
    closed_at = read.opt_instant(data, "closed_at", path)
    opened = read.text(data, "state", path) == "open"
    merged = _merged(data, path)
    state = StatePart(
        open=opened,
        status="open" if opened else ("merged" if merged else "closed"),
        closed_at=closed_at,
        reason=None if opened else ("merged" if merged else "unmerged"),
        locked=read.opt_flag(data, "locked", path) or False,
    )
    url = read.text(data, "html_url", path)
    seen = _item(data, project, path, url=url, kind=Kind.PULL_REQUEST, state=state)
    return replace(seen, pull=_pull(data, path, merged=merged))


def _item(
    data: Mapping[str, Any], project: ProjectSeen, path: str, *, url: str, kind: Kind, state: StatePart | None
) -> ItemSeen:
    number = read.whole(data, "number", path)
    as_of = read.opt_instant(data, "updated_at", path)
    text = TextPart(
        title=read.text(data, "title", path),
        body=read.opt_text(data, "body", path) or "",
        url=url,
        created_at=read.instant(data, "created_at", path),
        author=parts.author(data, path),
    )
    plan = None
    if "milestone" in data:
        found = read.opt_obj(data, "milestone", path)
        plan = PlanPart(() if found is None else (parts.milestone(found, f"{path}.milestone"),))
    return ItemSeen(
        native_id=native_id(project.native_id, number),
        key=f"#{number}",
        number=number,
        kind=kind,
        as_of=as_of,
        text=text,
        state=state,
        labels=parts.label_names(data, path),
        assignees=parts.people(data, "assignees", path),
        plan=plan,
    )


def _issue_state(
    data: Mapping[str, Any], path: str, pull: Mapping[str, Any] | None, *, is_pull: bool
) -> StatePart | None:
    """The state group;

    None where it is not told, or for a closed pull request whose issue view does not say whether it was merged.
    """
    word = read.opt_text(data, "state", path)
    if word is None:  # recorded `pinned` payloads carry a short issue
        return None
    opened = word == "open"
    closed_at = read.opt_instant(data, "closed_at", path)
    locked = read.opt_flag(data, "locked", path) or False
    if opened:
        return StatePart(open=True, status="open", closed_at=None, locked=locked)
    if not is_pull:
        return StatePart(False, "closed", closed_at, read.opt_text(data, "state_reason", path), locked)
    if pull is None or "merged_at" not in pull:
        return None
    merged = read.opt_instant(pull, "merged_at", f"{path}.pull_request") is not None
    return StatePart(False, "merged" if merged else "closed", closed_at, "merged" if merged else "unmerged", locked)


def _merged(data: Mapping[str, Any], path: str) -> bool:
    merged = read.opt_flag(data, "merged", path)
    return read.opt_instant(data, "merged_at", path) is not None if merged is None else merged


def _pull(data: Mapping[str, Any], path: str, *, merged: bool) -> PullPart:
    head, base = read.obj(data, "head", path), read.obj(data, "base", path)
    added, deleted = read.opt_whole(data, "additions", path), read.opt_whole(data, "deletions", path)
    return PullPart(
        draft=read.opt_flag(data, "draft", path) or False,
        head_sha=read.text(head, "sha", f"{path}.head"),
        head_ref=read.text(head, "ref", f"{path}.head"),
        base_ref=read.text(base, "ref", f"{path}.base"),
        merged=merged,
        auto_merge=read.opt_obj(data, "auto_merge", path) is not None,
        # A deleted fork shows as null: a branch of the repository itself always has its repository.
        from_fork=read.soft_obj(head, "repo").get("id") != read.soft_obj(base, "repo").get("id"),
        lines=None if added is None or deleted is None else added + deleted,
        files=read.opt_whole(data, "changed_files", path),
        commits=read.opt_whole(data, "commits", path),
        mergeable=read.opt_flag(data, "mergeable", path),
        reviewers=parts.people(data, "requested_reviewers", path) or (),
        reviewer_teams=tuple(
            read.opt_text(team, "slug", path) or read.text(team, "name", f"{path}.requested_teams")
            for team in read.objects(data, "requested_teams", path) or ()
        ),
    )


# --- the action laid over the snapshot: recorded `unlabeled` and `unassigned` payloads still list what was removed
# ----------------------


def with_label(seen: ItemSeen, name: str | None, *, on: bool) -> ItemSeen:
    """The snapshot with the label on or off. `name` None (the label is gone from the repository too).

    The labels are not known.
    """
    if name is None or seen.labels is None:
        return replace(seen, labels=None)
    if (name in seen.labels) is on:
        return seen
    return replace(seen, labels=(*seen.labels, name) if on else tuple(one for one in seen.labels if one != name))


def with_assignee(seen: ItemSeen, who: PersonSeen | None, *, on: bool) -> ItemSeen:
    """The snapshot with the person assigned or not; a deleted account changes nothing."""
    if who is None or seen.assignees is None:
        return seen
    return replace(seen, assignees=_with_person(seen.assignees, who, on=on))


def with_reviewer(seen: ItemSeen, who: PersonSeen | None, team: str | None, *, on: bool) -> ItemSeen:
    """The snapshot with the person or team (slug) asked to review, or not."""
    pull = seen.pull
    if pull is None:
        return seen
    if who is not None:
        pull = replace(pull, reviewers=_with_person(pull.reviewers, who, on=on))
    if team is not None and (team in pull.reviewer_teams) is not on:
        teams = (*pull.reviewer_teams, team) if on else tuple(one for one in pull.reviewer_teams if one != team)
        pull = replace(pull, reviewer_teams=teams)
    return replace(seen, pull=pull)


def with_milestone(seen: ItemSeen, plan: PlanPart | None, *, on: bool) -> ItemSeen:
    """The snapshot in (or out of) the milestones of `plan`. Moving to another one sends both actions.

    Leaving the old must not undo the new.
    """
    if plan is None or not plan.milestones or seen.plan is None:
        return seen
    if on:
        return replace(seen, plan=plan)
    left = {one.native_id for one in plan.milestones}
    return replace(seen, plan=PlanPart(tuple(one for one in seen.plan.milestones if one.native_id not in left)))


def _with_person(now: tuple[PersonSeen, ...], who: PersonSeen, *, on: bool) -> tuple[PersonSeen, ...]:
    if any(one.native_id == who.native_id for one in now) is on:
        return now
    return (*now, who) if on else tuple(one for one in now if one.native_id != who.native_id)
