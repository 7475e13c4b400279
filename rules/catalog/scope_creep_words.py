"""What a flag about a grown milestone shows: its headline, the table of additions, or lines where tables do not fit."""

from __future__ import annotations

from datetime import datetime

from rules.baseline import Growth, Role, Row
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
        "kind": subject.kind.value,
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
    if not subject.project.may_tell(member.item):  # neither its title nor its dates
        empty = Said("scope-creep.cell-empty")
        return Said("scope-creep.cell-elsewhere", {"ref": member.item}), empty, empty
    item = Said("scope-creep.cell-item", {"ref": member.item, "title": member.title, "bug": member.bug})
    return item, on, Said("scope-creep.cell-now", {"state": member.state.value})


def evidence(subject: Milestone, grown: Growth, *, beside: tuple[Said, ...]) -> tuple[Said, ...]:
    """The additions as one line, and what stands beside them as another, for trackers where a table is heavy."""
    rows = _additions(grown)
    rest = (Said("scope-creep.besides", {"parts": beside}),) if beside else ()
    if not rows:
        return rest
    open_ = tuple(
        row.member.item for row in rows if row.member.state.is_open and subject.project.may_name(row.member.item)
    )
    values = {
        "open": open_ or None,
        "done": sum(not row.member.state.is_open for row in rows),
        "added": len(rows),
        "bugs": sum(row.member.bug for row in rows),
    }
    return (Said("scope-creep.added", values), *rest)


def beside(subject: Milestone, grown: Growth) -> tuple[Said, ...]:
    """What is no growth, one sentence for each kind of it."""
    out = tuple(row.member.item for row in grown.removed)
    carried = grown.carried_over
    told = all(subject.project.may_tell(row.member.item) for row in carried)
    origins = {str(row.why.values["origin"]) for row in carried} if told else set()
    quick = sum(row.why.code in ("member.done-before", "member.done-quickly") for row in grown.added_not_counted)
    parts = sum(
        row.why.code in ("member.part", "member.split", "member.closes") and _joined_since(row, grown)
        for row in grown.rows
    )
    named = tuple(ref for ref in out if subject.project.may_name(ref))
    said = []
    if named:
        said.append(Said("scope-creep.taken-out", {"out": named}))
    if carried:
        origin = origins.pop() if len(origins) == 1 else None
        said.append(Said("scope-creep.carried", {"origin": origin, "carried": len(carried)}))
    if quick:
        said.append(Said("scope-creep.quick", {"quick": quick}))
    if parts:
        said.append(Said("scope-creep.parts", {"parts": parts}))
    if grown.transferred:
        said.append(Said("scope-creep.transferred", {"transferred": len(grown.transferred)}))
    return tuple(said)


def _joined_since(row: Row, grown: Growth) -> bool:
    return row.role is Role.NOT_COUNTED and row.member.joined_at is not None and row.member.joined_at > grown.as_of
