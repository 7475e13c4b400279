"""Work that waits for somebody's answer.

What it finds
    Open issues, sub-tasks and pull requests that a status or a label calls waiting, and those on which the last word is
    a question that nobody it was put to has answered, for some days.

Why it matters
    A question costs its answer a minute and its silence a week. Who asked has gone on to something else, and who was
    asked may not know of it.

How it is judged
    Two ways, each with its own number of working days. Called waiting: since the status or the label says so. Asked:
    somebody who works on it, reviews it or is a member, and did not write it, ends a comment or holds in it a question
    mark, outside quotes and code. The question is put to its author and its assignees; an answer of one of these, a
    push or a change of state ends it, and so does any later word that asks nothing. Asking again does not start anew. A
    bystander's "any news?" is no such question. Of a comment only whether it asks is kept. Where a quiet pull request
    is flagged already, that flag speaks: an unanswered question decides there whose turn it is.

What clears it
    An answer, another status, taking the label away, a push, or finishing it.

When it is wrong
    When the question was answered elsewhere, or was none. Answer it here in a word, or that it is wrong; where a date
    is known for the answer, say that it is expected then. After 90 days it is no longer flagged: by then it is a
    question for the backlog.

Example
    "Waiting for vendor" since Tuesday 24 November: 5 working days by the next Tuesday.
"""

from __future__ import annotations

from datetime import datetime

from rules.catalog.common import days_between, dormant_at, known_from, left_out, setting, waiting_for
from rules.catalog.timing import with_recheck
from rules.facts import Item, Kind
from rules.spec import Params, RuleType
from rules.verdict import Reach, Said, Verdict, clear, flagged, skipped


class WaitingForAnswerParams(Params):
    """After how many days."""

    called_days: int = setting(
        "Called waiting for",
        default=5,
        unit="working days",
        low=1,
        high=365,
        description="Days in a status, or with a label, that says so, after which it is flagged.",
    )
    asked_days: int = setting(
        "Asked for",
        default=3,
        unit="working days",
        low=1,
        high=365,
        description="Days for which a question stands unanswered, after which it is flagged.",
    )


def judge(subject: Item, params: WaitingForAnswerParams, now: datetime) -> Verdict:
    if not subject.state.is_open:
        return clear("waiting-for-answer.done", values={"on": subject.closed_at})
    if (reason := left_out(subject)) is not None:
        return reason
    word = waiting_for(subject)
    if word is not None and subject.waiting_since is None:
        return skipped("waiting-for-answer.since-unknown", values={"word": word})
    begun = subject.waiting_since if word is not None else subject.question.at if subject.question else None
    if begun is None:
        return clear("waiting-for-answer.none")
    since = _seen(subject, begun)
    calendar = subject.project.calendar
    first = calendar.add_working_days(since, params.asked_days if word is None else params.called_days)
    dormant = dormant_at(subject.project, since)

    def look(at: datetime) -> Verdict:
        if at >= dormant:
            return clear("waiting-for-answer.dormant", values={"since": since})
        if at < first:
            return clear("waiting-for-answer.short", values={"since": since})
        return _flag(subject, word, since=since, now=at)

    return with_recheck(look, instants=(first, dormant), now=now)


def _seen(subject: Item, at: datetime) -> datetime:
    """When it began, or since when we would have seen it end."""
    known = known_from(subject)
    return at if known is None else max(at, known)


def _flag(subject: Item, word: str | None, *, since: datetime, now: datetime) -> Verdict:
    evidence = []
    if word is not None:
        evidence.append(Said("waiting-for-answer.called", {"word": word}))
    if subject.question is not None:
        evidence.append(Said("waiting-for-answer.asked", {"step": subject.question}))
    asked = subject.question.at.isoformat() if subject.question is not None else None
    return flagged(
        "waiting-for-answer.waits",
        values={"quiet": days_between(subject.project, since=since, until=now), "since": since},
        since=since,
        evidence=tuple(evidence),
        helps=Said("waiting-for-answer.helps"),
        gist=f"called={word};asked={asked};since={since.isoformat()}",
        reach=Reach.LABEL,
        refs=(subject.ref,),
    )


TYPE = RuleType(
    name="waiting-for-answer",
    title="Waiting for an answer",
    sentence="Work that waits for somebody's answer, by its status, a label or a question.",
    judges=Item,
    kinds=frozenset({Kind.ISSUE, Kind.SUBTASK, Kind.PULL_REQUEST}),
    params=WaitingForAnswerParams,
    judge=judge,
    doc=__doc__,
    label="unanswered",
    label_color="d4d4d4",
    yields_to=("stalled-review",),
)
