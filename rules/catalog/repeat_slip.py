"""Work that is carried from one milestone or sprint to the next.

What it finds
    Open items in their third sprint, or in their third version or milestone with a date, and, where it is asked for,
    items whose own date a person has moved later so many times.

Why it matters
    Once is normal. From the third time on it is not a late item but one that nobody decides about: it is too big, waits
    for something, or is not wanted.

How it is judged
    What it went through is counted by kind: sprints with sprints, versions with versions. A stay of less than a working
    day, one in a sprint that had not begun, and one without a date do not count; neither does what it was finished in.
    It must be in one now. How often a milestone's own date moved is told with the milestone, not with each item in it.

What clears it
    Finishing it, splitting it, or taking it out of what it will not be done in.

When it is wrong
    When it is meant to go along with each release. Take it out, or answer that it is fine. What is on hold, waits, or
    is a container is left alone.

Example
    In its third milestone: 0.5.0, 0.6.0, now 0.7.0.
"""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise

from rules.catalog.common import known_from, left_out, setting, waiting_for
from rules.facts import Item, Kind, Planned
from rules.spec import Params, RuleType
from rules.verdict import Reach, Said, Verdict, clear, flagged, skipped

SHOWN = 4
"""Titles that a line names."""


class RepeatSlipParams(Params):
    """From which time on."""

    times: int = setting(
        "Milestones or sprints",
        default=3,
        unit="milestones",
        low=2,
        high=20,
        description="Flagged in the so manieth of them.",
    )
    date_moves: int = setting(
        "Moves of its own date",
        default=0,
        unit="moves",
        low=0,
        high=20,
        description="Flagged also when its own due date was moved later by people so many times; 0: not counted.",
    )


def judge(subject: Item, params: RepeatSlipParams, now: datetime) -> Verdict:
    if not subject.state.is_open:
        return clear("repeat-slip.done", values={"on": subject.closed_at})
    if (reason := left_out(subject)) is not None:
        return reason
    if (word := waiting_for(subject)) is not None:
        return skipped("common.waiting", values={"word": word})
    through = _through(subject)
    moves = _moves(subject)
    if params.date_moves and moves >= params.date_moves and subject.due is not None:
        return _flag(subject, "repeat-slip.date", through=through, moves=moves, now=now)
    if not through:
        return skipped("repeat-slip.not-planned")
    if len(through) >= params.times:
        return _flag(subject, "repeat-slip.carried", through=through, moves=moves, now=now)
    return clear("repeat-slip.few", values={"count": len(through)})


def _through(subject: Item) -> tuple[Planned, ...]:
    """The longest row of milestones of one kind that it went through and is in now."""
    kinds = sorted({one.kind for one in subject.planned if one.present})
    rows = [tuple(one for one in subject.planned if one.kind is kind) for kind in kinds]
    return max(rows, key=len, default=())


def _moves(subject: Item) -> int:
    """How often people moved its own date to a later one."""
    return sum(
        after.by_person and before.due is not None and after.due is not None and after.due > before.due
        for before, after in pairwise(subject.dues)
    )


def _flag(subject: Item, code: str, *, through: tuple[Planned, ...], moves: int, now: datetime) -> Verdict:
    kind = through[-1].kind.value if through else "milestone"
    reason = Said("repeat-slip.date", {"moves": moves, "due": subject.due})
    if code == "repeat-slip.carried":
        reason = Said("repeat-slip.carried", {"count": len(through), "kind": kind})
    titles = [one.title for one in through]
    shown = titles if len(titles) <= SHOWN else [titles[0], "…", *titles[-SHOWN + 2 :]]
    row = (Said("repeat-slip.through", {"titles": ", ".join(shown)}),) if len(titles) > 1 else ()
    known = known_from(subject)
    since = (Said("repeat-slip.known", {"known": known}),) if known is not None and known > subject.created_at else ()
    return flagged(
        reason.code,
        values=reason.values,
        since=through[-1].since if through and through[-1].since is not None else min(subject.state_since, now),
        evidence=(*row, *since),
        helps=Said("repeat-slip.helps"),
        gist=f"{kind}={','.join(str(one.id) for one in through)};moves={moves}",
        reach=Reach.LABEL,
        refs=(subject.ref,),
        weight=float(max(len(through), moves)),
    )


TYPE = RuleType(
    name="repeat-slip",
    title="Repeat slip",
    sentence="Work in its third sprint or milestone, and dates that people keep moving.",
    judges=Item,
    kinds=frozenset({Kind.ISSUE, Kind.PULL_REQUEST}),
    params=RepeatSlipParams,
    judge=judge,
    doc=__doc__,
    label="carried",
    label_color="d4d4d4",
    yields_to=("missed-due-date",),
)
