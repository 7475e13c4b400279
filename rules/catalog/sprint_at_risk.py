"""How a running sprint is judged by the sprints before it, where a certainty is set. Part of `milestone_at_risk`."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

from rules.catalog.timing import with_recheck
from rules.facts import Milestone
from rules.risk.learn import LIKELY
from rules.risk.outlooks import NAME
from rules.risk.speak import threshold_at
from rules.statistics import Outlook
from rules.verdict import Reach, Said, Verdict, clear, flagged, skipped

INPUTS = {
    "over": "milestone-at-risk.input-over",
    "usual": "milestone-at-risk.input-usual",
    "movement": "milestone-at-risk.input-movement",
    "few": "milestone-at-risk.input-few",
    "left": "milestone-at-risk.input-left",
    "net": "milestone-at-risk.input-net",
    "pace": "milestone-at-risk.input-pace",
    "elapsed": "milestone-at-risk.input-elapsed",
}
"""The phrase of each input."""


def judge_outlook(
    subject: Milestone, *, due: date, passed: datetime, fresh_days: int, precision: float, now: datetime
) -> Verdict:
    """Flagged from the outlook on at which the chance of delivering less reached what the past gives for `precision`,
    until it is no longer more likely than not.
    """
    mine = [one for one in subject.outlooks if one.due == due]
    stale = subject.project.calendar.add_working_days(mine[-1].as_of, fresh_days) if mine else None
    threshold = threshold_at(subject.project.risks.get(NAME), precision)

    def look(at: datetime) -> Verdict:
        if at >= passed:
            return clear("milestone-at-risk.passed", values={"due": due})
        if threshold is None:
            return skipped("milestone-at-risk.no-threshold", values={"percent": round(100 * precision)})
        if not mine or stale is None:
            return skipped("milestone-at-risk.no-outlook")
        if at >= stale:
            return skipped("milestone-at-risk.stale", values={"on": mine[-1].as_of})
        since = _opened(mine, threshold)
        return clear("milestone-at-risk.delivers") if since is None else _flag(subject, mine[-1], due=due, since=since)

    return with_recheck(look, instants=(passed, stale), now=now)


def _opened(outlooks: Iterable[Outlook], threshold: float) -> datetime | None:
    """Since when it is spoken of; None: it is not."""
    opened = None
    for one in outlooks:
        if opened is None and one.chance >= threshold:
            opened = one.as_of
        elif one.chance < LIKELY:
            opened = None
    return opened


def _flag(subject: Milestone, latest: Outlook, *, due: date, since: datetime) -> Verdict:
    lines = [Said("milestone-at-risk.sprint-open", {"open": latest.items - latest.done, "done": latest.done})]
    if latest.sprints:
        lines.append(Said("milestone-at-risk.before", {"fewer": latest.fewer, "sprints": latest.sprints}))
    if latest.because:
        inputs = tuple(Said(INPUTS[name]) for name in latest.because)
        lines.append(Said("milestone-at-risk.because", {"inputs": inputs}))
    return flagged(
        "milestone-at-risk.short",
        values={"title": subject.title, "due": due},
        since=since,
        evidence=tuple(lines),
        helps=Said("milestone-at-risk.helps-sprint"),
        gist=f"due={due};short",
        reach=Reach.PAGE if subject.project.public else Reach.COMMENT,
    )
