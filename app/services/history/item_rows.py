"""Items as rows: who they name, whether they are open, what only a pull request has."""

from __future__ import annotations

import re

from app.services.history.item_records import Item
from app.services.history.known import ItemRef, Known, Row, Rows, Wrong
from app.services.pulls import settle
from app.time import to_iso
from rules.facts import Kind

_NUMBER = re.compile(r"(\d{1,18})$")


def item(known: Known, one: Item) -> Rows:
    if one.id in known.items:
        raise Wrong("id", "is taken by an item above", one.id)
    home = known.project(one.project)
    native = one.native or one.id
    state = _state(known, one, home.tracker)
    row: Row = {
        "project_id": home.id,
        "native_id": native,
        "number": _number(one),
        "key": one.key,
        "kind": one.item_kind.value,
        "title": one.title,
        "body": one.body,
        "url": one.url,
        "author_id": None if one.author is None else known.person(one.author, "author"),
        "created_at": one.created_at,
        **state,
        "locked": one.locked,
        "labels": sorted(set(one.labels)),
        "assignee_ids": sorted({known.person(who, "assignees") for who in one.assignees}),
        "milestone_natives": sorted(set(one.milestones)),
        "due": known.day(one.due, "a due date"),
        "estimate": one.estimate,
        "spent": one.spent,
        "effort": {"planned": one.planned, "left": one.left},
        "traits": {
            "type": one.type,
            "bug": one.bug,
            "flagged": one.flagged,
            "priority": one.priority,
            "components": sorted(set(one.components)),
        },
        "secured": one.secured,
        "head_sha": one.head_sha,
        "head_ref": one.head_ref,
        "base_ref": one.base_ref,
        "pull": _pull(known, one),
        "reviews": {str(known.person(r.who, "reviews.who")): [r.state, to_iso(r.at)] for r in one.reviews},
        "checks": {f"{c.name}@{c.sha}": [c.state.value, to_iso(c.at), c.sha] for c in one.checks},
        "gap": one.gap,
        "deleted_at": one.deleted_at,
        "moved_to": one.moved_to,
    }
    known.claim("item", home.id, native, "native" if one.native else "id")
    for milestone_native in row["milestone_natives"]:
        known.name_milestone(home.tracker, milestone_native)
    known.items[one.id] = ItemRef(known.next_id("item"), home, native)
    yield "item", {"id": known.items[one.id].id, **row}


def _number(one: Item) -> int:
    if one.number is not None:
        return one.number
    found = _NUMBER.search(one.key)
    return int(found[1]) if found else 0


def _state(known: Known, one: Item, on: int) -> Row:
    """Whether it is open, and since when not; what contradicts itself goes by `open`."""
    open_ = one.open if one.open is not None else one.closed_at is None and one.deleted_at is None
    if open_ and one.deleted_at is not None:
        known.told.note("an item that is open and deleted counts as deleted")
        open_ = False
    closed_at, closed_as = one.closed_at, one.closed_as
    if open_ and closed_at is not None:
        known.told.note("an item that is open and closed counts as open")
        closed_at = None
    if closed_at is not None and closed_at < one.created_at:
        known.told.note("an item was closed before it was made: taken as it is")
    if open_:
        closed_as = None
    elif closed_as is None and closed_at is not None and one.item_kind is Kind.PULL_REQUEST:
        closed_as = "merged" if one.pull is not None and one.pull.merged else "unmerged"
    status = one.status or ("open" if open_ else "merged" if closed_as == "merged" else "closed")
    return {
        "is_open": open_,
        "status": status,
        "stage": one.stage or known.statuses[on].get(status),
        "closed_at": closed_at,
        "closed_as": closed_as,
    }


def _pull(known: Known, one: Item) -> Row | None:
    if one.pull is None:
        return None
    pull = one.pull
    sizes: Row = {}
    told, merges = {}, {}
    for head in pull.heads:
        first = head.first or one.created_at
        if head.lines is not None:
            sizes[head.sha] = [head.lines, head.files, to_iso(first)]
            told[head.sha] = to_iso(head.told or first)
        if head.mergeable is not None:
            merges[head.sha] = [head.mergeable, to_iso(head.mergeable_at or first)]
    row: Row = {
        "pull": {
            "draft": pull.draft,
            "merged": pull.merged,
            "auto_merge": pull.auto_merge,
            "from_fork": pull.from_fork,
            "reviewers": sorted({known.person(who, "pull.reviewers") for who in pull.reviewers}),
            "reviewer_teams": sorted(set(pull.reviewer_teams)),
            "sha": one.head_sha,
            "sizes": sizes,
            "told": told,
            "merges": merges,
        }
    }
    settle(row)
    found: Row = row["pull"]
    return found
