"""How a sprint is judged at its end: the share of what was planned that was done. Part of `missed_milestone`."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from rules.baseline import CLOSING, Growth, Role, Row, baseline_at, freezes_at, growth
from rules.catalog.common import known_from
from rules.catalog.moves import earlier_dates, moved_late
from rules.catalog.timing import with_recheck
from rules.facts import Milestone, State
from rules.verdict import Reach, Said, Value, Verdict, clear, flagged, skipped

KEPT_DAYS = 10
"""Working days for which a sprint's flag stands: until the retrospective is over, and the next sprint is what
matters.
"""


def judge_sprint(subject: Milestone, *, share: float, grace: int, now: datetime) -> Verdict:
    """Flagged from `grace` working days after the end, when less than `share` and less than the team's lowest quarter
    was done.
    """
    calendar = subject.project.calendar
    if subject.due is None:
        return skipped("common.bucket")
    end = calendar.due_end(subject.due)
    first = calendar.add_working_days(end, grace)
    gone = calendar.add_working_days(first, KEPT_DAYS)
    bound = share if subject.own_p25_done is None else min(share, subject.own_p25_done)

    def look(at: datetime) -> Verdict:
        if at < first:
            return clear("missed-milestone.sprint-runs", values={"due": subject.due})
        if at >= gone:
            return clear("missed-milestone.sprint-over", values={"due": subject.due})
        return _ended(subject, end=end, bound=bound)

    return with_recheck(look, instants=(first, gone), now=now)


def share_done(subject: Milestone) -> float | None:
    """The share of what was planned that was done by the sprint's end; None where nothing was planned, or it is not
    known what.
    """
    if subject.due is None or subject.baseline is None:
        return None
    end = subject.project.calendar.due_end(subject.due)
    rows = growth(subject, baseline=subject.baseline, now=end)
    planned = [row for row in rows.rows if _was_committed(row, subject, end)]
    return sum(_done_by(row, end) for row in planned) / len(planned) if planned else None


def _ended(subject: Milestone, *, end: datetime, bound: float) -> Verdict:
    freeze = subject.baseline.as_of if subject.baseline is not None else freezes_at(subject)
    known = known_from(subject)
    if freeze is None:
        return skipped("common.bucket")
    if subject.baseline is None and known is not None and freeze < known:
        return skipped("common.known-since", values={"known": known})
    baseline = subject.baseline or baseline_at(subject, freeze)
    rows = growth(subject, baseline=baseline, now=end)
    planned = [row for row in rows.rows if _was_committed(row, subject, end)]
    if not planned:
        return skipped("scope-creep.nothing-planned")
    done = [row for row in planned if _done_by(row, end)]
    if len(done) / len(planned) >= bound:
        return clear("missed-milestone.sprint-met", values={"done": len(done), "planned": len(planned)})
    left = [row for row in planned if not _done_by(row, end)]
    sized = not subject.project.public and all(row.estimate_then is not None for row in planned)
    usual = subject.own_usual_done
    return flagged(
        "missed-milestone.sprint",
        values={
            "title": subject.title,
            "due": subject.due,
            "done": len(done),
            "planned": len(planned),
            "points_done": sum(row.estimate_then or 0 for row in done) if sized else None,
            "points": sum(row.estimate_then or 0 for row in planned) if sized else None,
            "usual": round(usual * len(planned)) if usual is not None else None,
        },
        since=end,
        evidence=_evidence(subject, left, _came_in(rows), end),
        helps=Said("missed-milestone.helps-sprint"),
        gist=f"due={subject.due};left={','.join(str(id_) for id_ in sorted(row.member.item.id for row in left))}",
        reach=Reach.COMMENT if subject.home is not None else Reach.PAGE,
        refs=tuple(row.member.item for row in left),
        weight=float(len(left)),
    )


def _was_committed(row: Row, subject: Milestone, end: datetime) -> bool:
    """Whether a planned item counts at the end: also what was taken out, since it was promised; not what was dropped.

    What moved to a sprint that runs at the same time counts there; what "complete sprint" moved on was still in.
    """
    if row.role is Role.TRANSFERRED and row.why.code == "member.transferred-out":
        closing = min(subject.closed_at or end, end) - CLOSING
        return row.member.left_at is not None and row.member.left_at >= closing
    return row.role is Role.PLANNED or row.why.code == "member.taken-out"


def _came_in(rows: Growth) -> list[Row]:
    """What was added during the sprint as work of its own, also what was done within the day."""
    quick = [row for row in rows.added_not_counted if row.why.code in ("member.done-quickly", "member.too-new")]
    return [*rows.added_counted, *quick]


def _whither(subject: Milestone, left: list[Row]) -> tuple[Said, ...]:
    """What became of what was not done: how many went to which sprint, went to the backlog, or are in it still."""
    may_tell = subject.project.may_tell
    moved = [row.member for row in left if row.member.transferred_to is not None]
    sprints = Counter(member.transferred_to for member in moved if may_tell(member.item))
    elsewhere = len(moved) - sprints.total()
    gone = sum(row.member.transferred_to is None and row.member.left_at is not None for row in left)
    parts = [
        Said("missed-milestone.went", {"count": count, "to": to, "verb": not number})
        for number, (to, count) in enumerate(sprints.most_common())
    ]
    if elsewhere:
        parts.append(Said("missed-milestone.went-elsewhere", {"count": elsewhere, "verb": not parts}))
    if gone:
        parts.append(Said("missed-milestone.backlog", {"count": gone, "verb": not parts}))
    if rest := len(left) - gone - len(moved):
        parts.append(Said("missed-milestone.still-in", {"count": rest}))
    return tuple(parts)


def _done_by(row: Row, end: datetime) -> bool:
    member = row.member
    return member.state is State.DONE and member.closed_at is not None and member.closed_at <= end


def _evidence(subject: Milestone, left: list[Row], added: list[Row], end: datetime) -> tuple[Said, ...]:
    done = sum(_done_by(row, end) for row in added)
    values: dict[str, Value] = {
        "parts": _whither(subject, left),
        "added": len(added),
        "some": done if done < len(added) else None,
        "all": bool(added) and done == len(added),
    }
    lines = [Said("missed-milestone.sprint-left", values)]
    moves = earlier_dates(subject.dues, subject.due)
    if moves:
        late = moved_late(subject.dues, calendar=subject.project.calendar)
        lines.append(Said("missed-milestone.moved", {"times": len(moves), "was": moves[0], "late": late}))
    return tuple(lines)
