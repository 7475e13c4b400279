"""Work that has been blocked for some days.

What it finds
    Open issues, sub-tasks and pull requests that somebody has called blocked, by a status, a label or the flag, and
    work in progress or in a running sprint that is linked to something open that blocks it, in whichever tracker.

Why it matters
    Being blocked is a fact for a day and a decision after two: wait, go round it, or do something else first. And a
    blocker that is due later than what it blocks is needed moves a date that nobody has moved.

How it is judged
    Counted in the project's working days since the first of what still stands in the way: the day of the flag, label
    or status, or the day of the link, but not from before the work began. What has not begun and is in no running
    sprint is not blocked by its links: they are its plan. A blocker's own date is set against the earliest date that
    waits for this. What is on hold or waits for somebody outside is left alone, and containers are judged by their
    children. What only items that readers may not know of are in the way of stays on the pages. Where a note stands
    on every blocker already, this stays on the pages too, unless one of them is due too late.

What clears it
    Finishing the blocker, taking the link, the flag or the label away, another status, or finishing it.

When it is wrong
    When the link only says in which order things are to be done, or the waiting was agreed. Answer with a snooze or an
    expected date. After 90 days it is no longer flagged: by then it is a question for the backlog.

Example
    Blocked by PLAT-77 since Tuesday 24 November, which is due on 18 December; the release is planned for the 11th.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from rules.catalog.common import (
    acted_on_there,
    called_blocked,
    choice,
    days_between,
    dormant_at,
    known_from,
    left_out,
    open_blockers,
    setting,
    waiting_for,
)
from rules.catalog.timing import with_recheck
from rules.facts import Item, Kind, Link, State
from rules.spec import Params, RuleType
from rules.verdict import Reach, Said, Verdict, clear, flagged, skipped

SHOWN = 3
"""Lines of evidence."""


class BlockedTooLongParams(Params):
    """After how many days, and what counts as blocked."""

    days: int = setting(
        "Blocked for",
        default=2,
        unit="working days",
        low=1,
        high=365,
        description="Days after which it is flagged.",
    )
    links: bool = choice(
        "Links count",
        default=True,
        description="Judge also by links to what blocks it, not only by what it is called itself.",
    )


@dataclass(frozen=True, slots=True)
class Blockage:
    """What stands in the way: how the item itself is called blocked, and the open blockers; since when the first."""

    since: datetime
    called: tuple[str, str | None] | None
    links: tuple[Link, ...]


def judge(subject: Item, params: BlockedTooLongParams, now: datetime) -> Verdict:
    if not subject.state.is_open:
        return clear("blocked-too-long.done", values={"on": subject.closed_at})
    if (reason := left_out(subject, but=subject.project.settings.blocked_labels)) is not None:
        return reason
    if (word := waiting_for(subject)) is not None:
        return skipped("common.waiting", values={"word": word})
    blockage = _blockage(subject, params)
    if blockage is None:
        if called_blocked(subject) is not None:
            return skipped("blocked-too-long.since-unknown")
        begun = subject.state is not State.TODO or subject.sprint is not None or not open_blockers(subject)
        return clear("blocked-too-long.free") if begun else clear("blocked-too-long.planned")
    first = subject.project.calendar.add_working_days(blockage.since, params.days)
    dormant = dormant_at(subject.project, blockage.since)

    def look(at: datetime) -> Verdict:
        if at >= dormant:
            return clear("blocked-too-long.dormant", values={"since": blockage.since})
        if at < first:
            return clear("blocked-too-long.short", values={"since": blockage.since})
        return _flag(subject, blockage, now=at)

    return with_recheck(look, instants=(first, dormant), now=now)


def _blockage(subject: Item, params: BlockedTooLongParams) -> Blockage | None:
    """What stands in the way. What readers may not know of counts only where nothing else does."""
    called = called_blocked(subject) if subject.flagged_since is not None else None
    begun = subject.state is not State.TODO or subject.sprint is not None
    every = open_blockers(subject) if params.links and begun else ()
    links = tuple(link for link in every if subject.project.may_name(link.other))
    if called is None and not links:
        links = every
    since = [_since(subject, link) for link in links]
    if called is not None and subject.flagged_since is not None:
        since.append(subject.flagged_since)
    return Blockage(min(since), called, links) if since else None


def _since(subject: Item, link: Link) -> datetime:
    """From when on a link holds work up: since it was drawn, and not from before the work, or its sprint, began."""
    drawn = link.since
    if drawn is None:
        known = known_from(subject)
        drawn = subject.created_at if known is None else max(subject.created_at, known)
    if subject.state is not State.TODO:
        return max(drawn, subject.started_at or subject.state_since)
    if subject.sprint is not None and subject.sprint.starts is not None:
        return max(drawn, subject.project.calendar.midnight(subject.sprint.starts))
    return drawn


def _flag(subject: Item, blockage: Blockage, *, now: datetime) -> Verdict:
    named = [link for link in blockage.links if subject.project.may_name(link.other)]
    late = [link for link in named if _too_late(subject, link)]
    ids = ",".join(str(id_) for id_ in sorted(link.other.id for link in blockage.links))
    too_late = ",".join(str(id_) for id_ in sorted(link.other.id for link in late))
    how, word = blockage.called or ("links", None)
    verdict = flagged(
        "blocked-too-long.blocked",
        values={
            "quiet": days_between(subject.project, since=blockage.since, until=now),
            "since": blockage.since,
        },
        since=blockage.since,
        evidence=_evidence(subject, blockage),
        helps=Said("blocked-too-long.helps"),
        gist=f"{how}={word};by={ids};late={too_late}",
        reach=Reach.COMMENT if blockage.called is not None or named else Reach.PAGE,
        refs=(subject.ref,),
        weight=float(len(late)),
    )
    spoken = [link for link in blockage.links if link.other_flag is not None]
    if spoken and len(spoken) == len(blockage.links) and not late:
        return acted_on_there(verdict, spoken[0])
    return verdict


def _too_late(subject: Item, link: Link) -> bool:
    """Whether a blocker that readers may be told of is due after this is needed."""
    due, need = link.other_due, subject.needed_by
    return due is not None and need is not None and due > need and subject.project.may_tell(link.other)


def _evidence(subject: Item, blockage: Blockage) -> tuple[Said, ...]:
    """How it is called blocked, then what blocks it, what comes too late first; what has no room goes in one line."""
    lines = []
    if blockage.called is not None:
        how, word = blockage.called
        lines.append(Said("blocked-too-long.called", {"how": how, "word": word, "since": subject.flagged_since}))
    links = sorted(blockage.links, key=lambda link: (not _too_late(subject, link), link.other.key))
    room = SHOWN - len(lines)
    if len(links) > room:
        lines += [_line(subject, link) for link in links[: room - 1]]
        lines.append(Said("blocked-too-long.others", {"others": tuple(link.other for link in links[room - 1 :])}))
    else:
        lines += [_line(subject, link) for link in links]
    return tuple(lines)


def _line(subject: Item, link: Link) -> Said:
    if not subject.project.may_tell(link.other):
        return Said("blocked-too-long.by-key", {"blocker": link.other})
    need = subject.needed_by if _too_late(subject, link) else None
    state = link.other_state.value if link.other_state is not None else None
    return Said("blocked-too-long.by", {"blocker": link.other, "state": state, "due": link.other_due, "need": need})


TYPE = RuleType(
    name="blocked-too-long",
    title="Blocked too long",
    sentence="Work that has been blocked for some days, by what, and whether that comes too late.",
    judges=Item,
    kinds=frozenset({Kind.ISSUE, Kind.SUBTASK, Kind.PULL_REQUEST}),
    params=BlockedTooLongParams,
    judge=judge,
    doc=__doc__,
    label="blocked",
    label_color="d4d4d4",
    yields_to=("dependency-at-risk",),
)
