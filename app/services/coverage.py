"""What can be judged here: what a project tells and what it leaves open, and what would change that."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from app.services import coverage_site, projects, syncing
from app.services.coverage_line import FEW, Line, percent, sizes
from app.store import coverage as store
from app.store import trackers
from app.store.database import Tx


@dataclass(frozen=True, slots=True)
class Card:
    """The card of one project. Shares are from 0 to 1, None where there is nothing to share."""

    project: str
    known_from: datetime | None
    open_items: int
    open_milestones: int
    undated_milestones: tuple[str, ...]
    unsized_share: float | None
    in_progress: int
    pulls: int
    linked_share: float | None
    members: int
    people: int
    gaps: int
    polling: bool
    lines: tuple[Line, ...]


def card(tx: Tx, project_id: int) -> Card:
    """Draw up the card. Raises LookupError where there is no such project."""
    known = projects.load(tx, ids=[project_id])
    row = known.rows.get(project_id)
    if row is None:
        raise LookupError(f"there is no project {project_id}")
    found = store.counts(tx, project_id)
    status = syncing.status(tx, project_id)
    connection = trackers.connections(tx, connection_id=row.connection_id) if row.connection_id is not None else []
    unsized = _share(found.open_items - found.sized, found.open_items)
    linked = _share(found.pulls_linked, found.pulls)
    settings = known.facts[project_id].settings
    mode = known.modes[project_id]
    own = (
        coverage_site.lines(tx, row, found, settings, unsized=unsized, mode=mode)
        if row.site
        else _own(found, unsized, linked, sized=settings.size_from is not None)
    )
    lines = (
        _history(row, status),
        _milestones(found),
        *own,
        *_desk(row, writes=settings.service_desk_writes),
        *_arrival(status),
        *_rights(connection[0] if connection else None),
        *_gaps(found.gaps),
    )
    return Card(
        project=row.key,
        known_from=row.known_from,
        open_items=found.open_items,
        open_milestones=found.open_milestones,
        undated_milestones=found.undated_milestones,
        unsized_share=unsized,
        in_progress=found.in_progress,
        pulls=found.pulls,
        linked_share=linked,
        members=found.members,
        people=found.people,
        gaps=found.gaps,
        polling=status is not None and status.mode == "polling",
        lines=lines,
    )


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _own(found: store.Counts, unsized: float | None, linked: float | None, *, sized: bool) -> tuple[Line, ...]:
    """Where a tracker has neither statuses nor fields of its own, labels and words tell."""
    return (
        _sizes(unsized, read=sized),
        _progress(found),
        _links(found, linked),
        _members(found),
        Line(
            "planning",
            "GitHub Projects are not read: iterations, their fields and their columns are not known",
            "plan with milestones, or name labels that mean work (in_progress_labels, in_review_labels)",
        ),
    )


def _history(row: trackers.ProjectRow, status: syncing.Status | None) -> Line:
    known_from = row.known_from
    if row.connection_id is None and status is None:
        since = f", known from {known_from:%Y-%m-%d} on" if known_from is not None else ""
        return Line("history", f"taken in from a file{since}; nothing new comes, and nothing is written")
    if known_from is not None:
        return Line(
            "history",
            f"known from {known_from:%Y-%m-%d} on; edits of texts and moved due dates only since it is watched",
        )
    if status is not None and status.run is not None and status.run.kind == "import":
        return Line("history", "is being read", "wait, or look on with `plumbline project import " + row.key + "`")
    return Line("history", "known only from what webhooks have told", f"`plumbline project import {row.key}`")


def _milestones(found: store.Counts) -> Line:
    if not found.open_milestones:
        return Line("milestones", "none is open: nothing can be late or grow", "open a milestone with a due date")
    undated = len(found.undated_milestones)
    known = f"{found.open_milestones} open, {undated} of them without a due date"
    if not undated:
        return Line("milestones", known)
    names = ", ".join(found.undated_milestones[:3]) + (" …" if undated > 3 else "")
    return Line("milestones", known, f"without a date they count as buckets and are not judged; date them: {names}")


def _sizes(unsized: float | None, *, read: bool) -> Line:
    if not read:
        return Line(
            "sizes", "none are read: every item counts the same", "set size_from to label (size/3) or title ([3])"
        )
    return sizes(unsized)


def _progress(found: store.Counts) -> Line:
    known = f"{found.in_progress} of {found.open_items} open items can be seen as being worked on"
    few = found.open_items > 0 and found.in_progress < FEW * found.open_items
    change = "name the labels that mean work (in_progress_labels), or link pull requests to their issues"
    return Line("in progress", known, change if few else "")


def _links(found: store.Counts, linked: float | None) -> Line:
    known = f"{percent(linked)} of {found.pulls} pull requests name the issue they close"
    few = linked is not None and linked < FEW and found.issues > 0
    return Line(
        "links", known, 'write "Closes #12" in pull requests: their work then counts for the issue' if few else ""
    )


def _members(found: store.Counts) -> Line:
    if found.members:
        return Line("members", f"{found.members} of {found.people} people who wrote here are members")
    return Line(
        "members", "nobody is known as a member: everybody but authors and reviewers counts as a bystander",
        "give the connection the right to see members, or let a member comment once",
    )  # fmt: skip


def _arrival(status: syncing.Status | None) -> tuple[Line, ...]:
    if status is None or status.mode != "polling":
        return ()
    return (
        Line(
            "news", "asked for every 5 minutes: edits of texts, moved dates and links between issues are not seen",
            "let webhooks arrive, then set polling to false",
        ),
    )  # fmt: skip


def _desk(row: trackers.ProjectRow, *, writes: bool) -> tuple[Line, ...]:
    if not row.service_desk:
        return ()
    if writes:
        return (Line("writing", "a service desk: our comments are internal, customers do not see them"),)
    known = "a service desk: it is judged, and nothing is written, neither label nor comment"
    return (Line("writing", known, "set service_desk_writes to true: comments are then internal"),)


def _rights(connection: trackers.ConnectionRow | None) -> tuple[Line, ...]:
    if connection is None or connection.status != "read_only":
        return ()
    needs = connection.status_detail or "the right to write issues and pull requests"
    return (Line("writing", "this connection reads only: rules can observe, but not go live", f"it needs {needs}"),)


def _gaps(gaps: int) -> tuple[Line, ...]:
    if not gaps:
        return ()
    known = f"{gaps} items have a gap in their history and are skipped until they are read again"
    return (Line("gaps", known, "`plumbline deliveries list --status aside` shows what could not be taken in"),)
