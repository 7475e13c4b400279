"""A pull request whose checks have been red for some days.

What it finds
    Open pull requests of people, not drafts, of which a check on the latest push has been red for some days.

Why it matters
    Nobody reviews what is red, so the change waits twice: for the checks, and then for the review. After some days the
    cause is often no longer the change itself but something that it met on the way.

How it is judged
    Only checks on the latest push count, since the first of those that are red; a check that was run again counts from
    then. Where checks are not told, nothing is said. A pull request stacked on another one whose checks are red is not
    flagged: the other one is. Where reviews that wait are flagged already, that flag speaks: red checks decide there
    whose turn it is.

What clears it
    Green checks, a new push, making it a draft, closing it, or a label such as "on hold".

When it is wrong
    When the checks themselves are at fault. Answer that it is wrong, or with a snooze until they are mended. After 90
    days it is no longer flagged: by then it is a question for the backlog.

Example
    Pushed on Tuesday 24 November; "build" has been red since, for 3 working days by Friday.
"""

from __future__ import annotations

from datetime import datetime

from rules.catalog.common import days_between, dormant_at, left_out, setting
from rules.catalog.timing import with_recheck
from rules.facts import Checks, Item, Kind, LinkKind, PullRequest
from rules.spec import Params, RuleType
from rules.verdict import Reach, Said, Verdict, clear, flagged, skipped

SHOWN = 3
"""Names of checks that are told."""


class RedChecksParams(Params):
    """After how many days."""

    days: int = setting(
        "Red for",
        default=3,
        unit="working days",
        low=1,
        high=365,
        description="Days with red checks on the latest push after which it is flagged.",
    )


def judge(subject: Item, params: RedChecksParams, now: datetime) -> Verdict:
    if not subject.state.is_open:
        return clear("red-checks.done", values={"on": subject.closed_at})
    pull = subject.pull_request
    if pull is None:
        return skipped("red-checks.unread")
    if (reason := left_out(subject)) is not None:
        return reason
    if pull.draft:
        return skipped("red-checks.draft")
    if (reason := _not_red(subject, pull)) is not None:
        return reason
    since = pull.red_since
    if since is None:
        return skipped("red-checks.since-unknown")
    first = subject.project.calendar.add_working_days(since, params.days)
    dormant = dormant_at(subject.project, since)

    def look(at: datetime) -> Verdict:
        if at >= dormant:
            return clear("red-checks.dormant", values={"since": since})
        if at < first:
            return clear("red-checks.short", values={"since": since})
        return _flag(subject, pull, since=since, now=at)

    return with_recheck(look, instants=(first, dormant), now=now)


def _not_red(subject: Item, pull: PullRequest) -> Verdict | None:
    """Why its checks are no matter of its own, or None."""
    if pull.checks is Checks.UNKNOWN:
        return skipped("red-checks.unknown")
    if pull.checks is not Checks.RED:
        return clear("red-checks.not-red", values={"checks": pull.checks.value})
    for link in subject.links:
        below = link.kind is LinkKind.STACKED_ON and not link.inbound
        if below and link.other_state is not None and link.other_state.is_open and link.other_checks is Checks.RED:
            return skipped("red-checks.stacked", values={"base": link.other})
    return None


def _flag(subject: Item, pull: PullRequest, *, since: datetime, now: datetime) -> Verdict:
    evidence = []
    if pull.red_checks:
        names = ", ".join(pull.red_checks[:SHOWN])
        evidence.append(Said("red-checks.names", {"names": names, "more": len(pull.red_checks[SHOWN:])}))
    if pull.last_push is not None:
        evidence.append(Said("red-checks.last-push", {"step": pull.last_push}))
    return flagged(
        "red-checks.red",
        values={"quiet": days_between(subject.project, since=since, until=now), "since": since},
        since=since,
        evidence=tuple(evidence),
        helps=Said("red-checks.helps"),
        gist=since.isoformat(),
        reach=Reach.LABEL,
        refs=(subject.ref,),
    )


TYPE = RuleType(
    name="red-checks",
    title="Red checks",
    sentence="Open pull requests whose checks have been red for some days.",
    judges=Item,
    kinds=frozenset({Kind.PULL_REQUEST}),
    params=RedChecksParams,
    judge=judge,
    doc=__doc__,
    label="checks",
    label_color="d4d4d4",
    yields_to=("stalled-review",),
)
