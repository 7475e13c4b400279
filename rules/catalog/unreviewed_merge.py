"""A pull request that was merged before anybody else had looked at it.

What it finds
    Pull requests of people, lately merged, on which nobody but the author has given a review.

Why it matters
    Where a project asks for reviews, one that nobody looked at is the one that nobody else knows. It can still be read
    while it is fresh.

How it is judged
    Only in projects that say that they ask for reviews: the setting `reviews_required`, as their branch rules have it.
    A review or a review comment of somebody else counts; by the rule's own settings so do a plain comment of a member,
    since many write there that they agree, and a merge by somebody else. (Counted in one repository: 295 of 944 merged
    pull requests have no formal review, 54 have no word of anybody else, and 21 of these their author merged.)
    Automation is left out. Some days after the merge it is told no more.

What clears it
    A review, also after the merge; or time.

When it is wrong
    When two people wrote it together, or it was too small to ask. Say so, or set what counts as small.

Example
    A change of 240 lines was merged by its author on Tuesday 24 November; nobody else had read it.
"""

from __future__ import annotations

from datetime import datetime

from rules.catalog.common import choice, known_from, left_out, setting
from rules.catalog.timing import with_recheck
from rules.facts import Item, Kind, PullRequest, Review
from rules.spec import Params, RuleType
from rules.verdict import Reach, Said, Severity, Verdict, clear, flagged, skipped


class UnreviewedMergeParams(Params):
    """What counts as having looked, and for how long it is told."""

    merged_days: int = setting(
        "Told until",
        default=5,
        unit="working days",
        low=1,
        high=90,
        description="Days after the merge for which it stays flagged.",
    )
    comments_count: bool = choice(
        "Comments count",
        default=True,
        description="A plain comment of a member, or of who reviewed or works on it, is a look too.",
    )
    merger_counts: bool = choice(
        "The merger counts", default=True, description="Somebody else who merged it has looked at it."
    )
    small_lines: int = setting(
        "Small",
        default=0,
        unit="changed lines",
        low=0,
        high=10000,
        description="A change of at most so many lines is left alone; 0: none is.",
    )


def judge(subject: Item, params: UnreviewedMergeParams, now: datetime) -> Verdict:
    if not subject.project.settings.reviews_required:
        return skipped("unreviewed-merge.not-required")
    pull, merged = subject.pull_request, subject.closed_at
    if pull is None:
        return skipped("unreviewed-merge.unread")
    if subject.closed_as != "merged" or merged is None:
        return clear("unreviewed-merge.not-merged")
    if (reason := left_out(subject)) is not None:
        return reason
    if (reason := _looked_at(subject, pull, params)) is not None:
        return reason
    lines = subject.size.lines
    if params.small_lines and lines is None:
        return skipped("unreviewed-merge.size-unknown")
    if lines is not None and lines <= params.small_lines:
        return skipped("unreviewed-merge.small", values={"lines": lines})
    gone = subject.project.calendar.add_working_days(merged, params.merged_days)

    def look(at: datetime) -> Verdict:
        return clear("unreviewed-merge.past", values={"on": merged}) if at >= gone else _flag(subject, merged)

    return with_recheck(look, instants=(gone,), now=now)


def _looked_at(subject: Item, pull: PullRequest, params: UnreviewedMergeParams) -> Verdict | None:
    """Who but the author has had a look at it, or why that cannot be known; None: nobody."""
    if pull.review is not Review.NONE or pull.first_review_at is not None:
        return clear("unreviewed-merge.reviewed")
    if params.comments_count and pull.others_spoke_at is not None:
        return clear("unreviewed-merge.commented")
    if params.merger_counts and pull.merged_by_other:
        return clear("unreviewed-merge.merged-by-other")
    if params.merger_counts and pull.merged_by_other is None:
        return skipped("unreviewed-merge.merger-unknown")
    known = known_from(subject)
    if known is not None and subject.created_at < known:
        return skipped("unreviewed-merge.past-unknown", values={"known": known})
    return None


def _flag(subject: Item, merged: datetime) -> Verdict:
    size = Said("unreviewed-merge.size", {"lines": subject.size.lines, "files": subject.size.files})
    return flagged(
        "unreviewed-merge.merged",
        values={"on": merged},
        since=merged,
        evidence=(size,) if subject.size.lines is not None and subject.size.files is not None else (),
        helps=Said("unreviewed-merge.helps"),
        gist="merged",
        severity=Severity.NOTE,
        reach=Reach.PAGE,
        refs=(subject.ref,),
    )


TYPE = RuleType(
    name="unreviewed-merge",
    title="Unreviewed merge",
    sentence="Pull requests that were merged before anybody else had looked at them.",
    judges=Item,
    kinds=frozenset({Kind.PULL_REQUEST}),
    params=UnreviewedMergeParams,
    judge=judge,
    doc=__doc__,
    label="unreviewed",
    label_color="d4d4d4",
)
