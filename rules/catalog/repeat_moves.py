"""A milestone whose date keeps moving.

What it finds
    Open milestones, versions, sprints and epics whose date people moved later again and again.

Why it matters
    A date that moves each time it comes near tells nobody anything, and what was promised on it is promised anew by
    nobody.

How it is judged
    Every date it ever had is kept; each move to a later one by a person counts. Setting the same date twice, a date
    brought forward, and what a machine set do not. It is counted while the date is ahead.

What clears it
    Closing it, or taking the date away. An answer that it is fine keeps it quiet until the date moves once more.

When it is wrong
    When the date is moved on by habit: mark the milestone as rolling, and it is not judged by its date at all.

Example
    0.8.0 has moved twice: from 19 April to 17 July, now 2 August.
"""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise

from rules.catalog.common import setting
from rules.catalog.moves import moved_late
from rules.catalog.timing import with_recheck
from rules.facts import DueSet, Milestone
from rules.spec import Params, RuleType
from rules.verdict import Reach, Said, Severity, Verdict, clear, flagged, skipped


class RepeatMovesParams(Params):
    """From which move on."""

    moves: int = setting(
        "Moves",
        default=2,
        unit="moves",
        low=1,
        high=20,
        description="Flagged when the date was moved later so many times.",
    )


def judge(subject: Milestone, params: RepeatMovesParams, now: datetime) -> Verdict:
    if subject.gap:
        return skipped("common.gap")
    if subject.number is not None and subject.number in subject.project.settings.rolling_milestones:
        return skipped("common.rolling")
    if not subject.open:
        return clear("repeat-moves.closed", values={"on": subject.closed_at})
    if subject.due is None:
        return skipped("common.bucket")
    due, calendar = subject.due, subject.project.calendar
    passed = calendar.due_end(due)
    moves = _moves(subject)

    def look(at: datetime) -> Verdict:
        if at >= passed:
            return clear("repeat-moves.passed", values={"due": due})
        if len(moves) < params.moves:
            return clear("repeat-moves.few", values={"moves": len(moves)})
        late = moved_late(subject.dues, calendar=calendar)
        return flagged(
            "repeat-moves.moved",
            values={"title": subject.title, "times": len(moves), "was": moves[0][0].due, "due": due},
            since=moves[-1][1].set_at,
            evidence=() if late == "no" else (Said("repeat-moves.late", {"late": late}),),
            helps=Said("repeat-moves.helps"),
            gist=f"moves={len(moves)};due={due}",
            severity=Severity.NOTE,
            reach=Reach.PAGE,
            weight=float(len(moves)),
        )

    return with_recheck(look, instants=(passed,), now=now)


def _moves(subject: Milestone) -> list[tuple[DueSet, DueSet]]:
    """The moves to a later date that people made, each with the date before."""
    return [
        (before, after)
        for before, after in pairwise(one for one in subject.dues if one.due is not None)
        if after.by_person and before.due is not None and after.due is not None and after.due > before.due
    ]


TYPE = RuleType(
    name="repeat-moves",
    title="Repeat moves",
    sentence="Milestones whose date keeps being moved later.",
    judges=Milestone,
    params=RepeatMovesParams,
    judge=judge,
    doc=__doc__,
    label="moved",
    label_color="d4d4d4",
    yields_to=("missed-milestone", "milestone-at-risk"),
)
