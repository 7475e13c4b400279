"""A status that says something else than the pull requests that do the work.

What it finds
    Issues that stand before review although all their pull requests are merged, and issues that are done although
    none of theirs is.

Why it matters
    Whoever plans by the board plans work that is finished, or ships what was never merged.

How it is judged
    By the open and merged pull requests that close or implement the issue. All merged, and the issue not started or
    in progress: counted from the last merge. The issue done, none merged and one open that is no draft: counted from
    when both held. Some merged and some open is work under way. A pull request that was closed without a merge counts
    for nothing, nor does one that was reverted or reverts another. A status after review, such as QA, is where merged
    work belongs; and an issue whose state was changed since the merge says what somebody wants it to say. What is
    blocked, waits or is left out by a label is not judged. Where the pull requests are of a project that readers may
    not know of, it stays on the pages.

What clears it
    Moving the issue on, another pull request, merging or closing the one that is open, or opening the issue again.

When it is wrong
    When more is to come that nobody has linked yet, or a pull request only prepared the work. Answer that it is wrong.

Example
    Both pull requests of PAY-231 were merged by Tuesday; on Thursday it is still in progress.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from rules.catalog.common import (
    acted_on_there,
    called_blocked,
    dormant_at,
    known_from,
    left_out,
    open_blockers,
    pulls_of,
    setting,
    waiting_for,
)
from rules.catalog.timing import with_recheck
from rules.facts import Item, Kind, Link, State, fold
from rules.spec import Params, RuleType
from rules.verdict import Reach, Said, Verdict, clear, flagged, skipped


class StateMismatchParams(Params):
    """After how many days."""

    days: int = setting(
        "Apart for",
        default=2,
        unit="working days",
        low=1,
        high=90,
        description="Days after which status and pull requests should agree.",
    )


def judge(subject: Item, params: StateMismatchParams, now: datetime) -> Verdict:
    if subject.state is State.DROPPED:
        return clear("state-mismatch.dropped")
    if (reason := left_out(subject)) is not None:
        return reason
    pulls = [link for link in pulls_of(subject) if not link.other_reverted]
    merged = [link for link in pulls if link.other_state is State.DONE]
    waiting = [link for link in pulls if link.other_state is not None and link.other_state.is_open]
    if not merged and not waiting:
        return skipped("state-mismatch.no-pull")
    if merged and waiting:
        return clear("state-mismatch.under-way", values={"merged": len(merged), "open": len(waiting)})
    if subject.state is State.DONE:
        return _done(subject, waiting, params, now)
    return _merged(subject, merged, params, now)


def _merged(subject: Item, merged: list[Link], params: StateMismatchParams, now: datetime) -> Verdict:
    """An open issue: whether all its pull requests are merged and it does not show it."""
    late = subject.project.settings.after_review_statuses
    if not merged:
        return clear("state-mismatch.agrees")
    if subject.state is State.IN_REVIEW or fold(subject.status) in late:
        return clear("state-mismatch.after-review", values={"status": subject.status})
    if (word := waiting_for(subject)) is not None:
        return skipped("common.waiting", values={"word": word})
    if called_blocked(subject) is not None or open_blockers(subject):
        return skipped("state-mismatch.blocked")
    closed = [link.other_closed_at for link in merged if link.other_closed_at is not None]
    if len(closed) < len(merged):
        return skipped("state-mismatch.merge-unknown")
    last = max(closed)
    if subject.state_since >= last:
        return clear("state-mismatch.moved-since")

    def flag() -> Verdict:
        told = all(subject.project.may_tell(link.other) for link in merged)
        refs = tuple(link.other for link in merged)
        if not told:
            return _reduced(subject, merged, since=last)
        return flagged(
            "state-mismatch.merged",
            values={"pulls": len(merged), "on": last, "status": subject.status},
            since=last,
            evidence=(Said("state-mismatch.merged-pulls", {"pulls": refs}),),
            helps=Said("state-mismatch.helps-merged"),
            gist=f"merged={_ids(merged)};status={fold(subject.status)}",
            refs=(subject.ref,),
        )

    return _timed(subject, flag, params=params, since=last, now=now)


def _done(subject: Item, waiting: list[Link], params: StateMismatchParams, now: datetime) -> Verdict:
    """A closed issue: whether a pull request that is no draft still waits, and none was merged."""
    ready = [link for link in waiting if link.other_state is State.IN_REVIEW]
    if not ready:
        return clear("state-mismatch.agrees")
    done = subject.closed_at or subject.state_since
    opened = [link.other_opened_at for link in ready if link.other_opened_at is not None]
    since = max(done, min(opened, default=done))

    def flag() -> Verdict:
        told = all(subject.project.may_tell(link.other) for link in ready)
        refs = tuple(link.other for link in ready)
        if not told:
            verdict = _reduced(subject, ready, since=since)
        else:
            verdict = flagged(
                "state-mismatch.open",
                values={"pulls": len(ready), "on": done},
                since=since,
                evidence=(Said("state-mismatch.open-pulls", {"pulls": refs}),),
                helps=Said("state-mismatch.helps-open", {"pulls": len(ready)}),
                gist=f"open={_ids(ready)}",
                refs=(subject.ref,),
            )
        spoken = [link for link in ready if link.other_flag is not None]
        return acted_on_there(verdict, spoken[0]) if len(spoken) == len(ready) else verdict

    return _timed(subject, flag, params=params, since=since, now=now)


def _reduced(subject: Item, links: list[Link], *, since: datetime) -> Verdict:
    """The flag for readers who may not be told how things stand elsewhere."""
    named = tuple(link.other for link in links if subject.project.may_name(link.other))
    return flagged(
        "state-mismatch.look",
        values={"pulls": named or tuple(link.other for link in links)},
        since=since,
        helps=Said("state-mismatch.helps-look"),
        gist=f"look={_ids(links)};status={fold(subject.status)}",
        reach=Reach.COMMENT if named else Reach.PAGE,
        refs=(subject.ref,),
    )


def _ids(links: list[Link]) -> str:
    return ",".join(str(id_) for id_ in sorted(link.other.id for link in links))


def _timed(
    subject: Item, flag: Callable[[], Verdict], *, params: StateMismatchParams, since: datetime, now: datetime
) -> Verdict:
    """The flag, from some working days after `since` until it is a question for the backlog."""
    known = known_from(subject)
    first = subject.project.calendar.add_working_days(since, params.days)
    dormant = dormant_at(subject.project, since)
    if known is not None and since < known:
        return skipped("common.known-since", values={"known": known})

    def look(at: datetime) -> Verdict:
        if at >= dormant:
            return clear("state-mismatch.dormant")
        return clear("state-mismatch.just-now") if at < first else flag()

    return with_recheck(look, instants=(first, dormant), now=now)


TYPE = RuleType(
    name="state-mismatch",
    title="State mismatch",
    sentence="Issues whose status and whose pull requests say different things.",
    judges=Item,
    kinds=frozenset({Kind.ISSUE, Kind.SUBTASK}),
    params=StateMismatchParams,
    judge=judge,
    doc=__doc__,
    label="mismatch",
    label_color="d4d4d4",
)
