"""What a flag about a grown milestone shows: its headline, the table of additions, or lines where tables do not fit."""

from __future__ import annotations

from datetime import datetime

from rules.baseline import Growth, Row
from rules.catalog.common import hidden
from rules.facts import Milestone
from rules.verdict import Said, Value

SHOWN = 3
"""Rows of additions in a comment; one more is shown rather than "1 more"."""


def headline(subject: Milestone, grown: Growth, *, by_items: bool, now: datetime) -> Said:
    """The fact: planned, now, and the date it is or was due on."""
    passed = subject.due is not None and subject.project.calendar.due_end(subject.due) <= now
    then = len(grown.planned)
    sizes = None if subject.project.public else grown.estimates
    values: dict[str, Value] = {
        "title": subject.title,
        "then": then,
        "now": then + grown.net,
        "as_of": grown.as_of,
        "due": None if passed else subject.due,
        "was_due": subject.due if passed else None,
        "points_then": sizes.then if sizes else None,
        "points_now": sizes.now if sizes else None,
    }
    return Said("scope-creep.grown", values) if by_items or sizes is None else Said("scope-creep.estimates", values)


def _additions(grown: Growth) -> list[Row]:
    """What is not done first, then in the order of joining."""
    return sorted(grown.added_counted, key=lambda row: (not row.member.state.is_open, str(row.member.joined_at)))


def table(subject: Milestone, grown: Growth) -> tuple[tuple[Said, ...], ...]:
    """The additions as rows of item, day and state; empty where nothing was added."""
    rows = _additions(grown)
    if not rows:
        return ()
    shown = rows if len(rows) <= SHOWN + 1 else rows[:SHOWN]
    head = (
        Said("scope-creep.col-added", {"as_of": grown.as_of}),
        Said("scope-creep.col-on"),
        Said("scope-creep.col-now"),
    )
    body = [_cells(subject, row) for row in shown]
    if len(shown) < len(rows):
        more = Said("scope-creep.cell-more", {"more": len(rows) - len(shown)})
        body.append((more, Said("scope-creep.cell-empty"), Said("scope-creep.cell-list", {"url": subject.url})))
    return (head, *body)


def _cells(subject: Milestone, row: Row) -> tuple[Said, ...]:
    member = row.member
    on = Said("scope-creep.cell-on", {"on": row.why.values["on"]})
    if subject.project.public and member.item.project != subject.project.key:
        return Said("scope-creep.cell-elsewhere", {"ref": member.item}), on, Said("scope-creep.cell-empty")
    item = Said("scope-creep.cell-item", {"ref": member.item, "title": member.title, "bug": member.bug})
    return item, on, Said("scope-creep.cell-now", {"state": member.state.value})


def evidence(subject: Milestone, grown: Growth) -> tuple[Said, ...]:
    """The additions as one line, for trackers where a table is heavy."""
    rows = _additions(grown)
    if not rows:
        return ()
    open_ = tuple(
        row.member.item for row in rows if row.member.state.is_open and not hidden(subject.project, row.member.item)
    )
    values = {
        "open": open_ or None,
        "done": sum(not row.member.state.is_open for row in rows),
        "added": len(rows),
        "bugs": sum(row.member.bug for row in rows),
    }
    return (Said("scope-creep.added", values),)
