"""A pull request that has gone quiet, and whose turn it is.

What it finds
    Open pull requests of people that nobody has moved for some days: no push, review, comment of the author, a
    reviewer or a member.

Why it matters
    Most waiting in a project is waiting for a review or for an answer to one. The change ages, conflicts grow, and
    the author goes on to something else.

How it is judged
    The turn is read from the last word. It is the author's when a review or comment was not answered by a push or a
    reply, when checks fail or when the change conflicts; the reviewers' when the author spoke last or nobody has
    answered yet; the merger's when it is approved and nothing stands in the way; the maintainers' when checks wait
    for somebody's approval to run. Each turn has its own number of days. A draft is noted after a longer time, on the
    page only. A pull request stacked on another open one is not flagged: the other one is. In public repositories a
    flag at the reviewers' or maintainers' turn goes no further than a label. With a certainty set, the days of the
    turns do not count: after 30 quiet days it is flagged where the project's own past says that at least such a share
    of the like is not merged by itself (closed unmerged, or still open half a year later), and not otherwise. Where
    the past does not say that, the rule says so and flags nothing.

What clears it
    A push, a review, a comment of the author or of a reviewer, a merge, closing it, making it a draft, or a label
    such as "on hold".

When it is wrong
    When the next step was agreed elsewhere, or somebody is away. Answer with a snooze or an expected date. After 90
    quiet days it is no longer flagged: by then it is a question for the backlog.

Example
    A reviewer left comments on 24 November. By 8 December neither a push nor an answer has followed: quiet for 14
    days, the author's turn.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from enum import StrEnum

from rules.catalog.common import (
    choice,
    days_between,
    dormant_at,
    left_out,
    quiet_since,
    setting,
)
from rules.catalog.timing import with_recheck
from rules.facts import Checks, Item, Kind, Link, LinkKind, PullRequest, Review, Side
from rules.risk.model import Push
from rules.risk.pulls import NAME, QUIET, quiet_pull_inputs
from rules.risk.speak import stated, step_of, threshold_at
from rules.spec import Params, RuleType
from rules.verdict import Reach, Said, Severity, Verdict, clear, flagged, skipped


class Turn(StrEnum):
    AUTHOR = "author"
    REVIEWERS = "reviewers"
    MERGER = "merger"
    MAINTAINERS = "maintainers"
    DRAFT = "draft"


class StalledReviewParams(Params):
    """After how many days at whose turn, and how far the flag travels."""

    author_days: int = setting(
        "Author's turn",
        default=3,
        unit="working days",
        low=1,
        high=365,
        description="Quiet days after which it is flagged.",
    )
    author_comment_days: int = setting(
        "Author's turn, comment",
        default=3,
        unit="working days",
        low=1,
        high=365,
        description="Quiet days from which a comment may be written; before that a label only.",
    )
    reviewer_days: int = setting(
        "Reviewers' turn",
        default=2,
        unit="working days",
        low=1,
        high=365,
        description="Quiet days after which it is flagged.",
    )
    reviewer_reach: Reach = choice(
        "Reviewers' turn, reach",
        default=Reach.COMMENT,
        description="How far such a flag may travel; public: at most a label.",
    )
    merger_days: int = setting(
        "Merger's turn",
        default=2,
        unit="working days",
        low=1,
        high=365,
        description="Quiet days after which an approved pull request is flagged.",
    )
    merger_reach: Reach = choice(
        "Merger's turn, reach", default=Reach.COMMENT, description="How far such a flag may travel."
    )
    maintainers_days: int = setting(
        "Maintainers' turn",
        default=2,
        unit="working days",
        low=1,
        high=365,
        description="Quiet days after which checks that wait for approval are flagged.",
    )
    draft_days: int = setting(
        "Drafts",
        default=10,
        unit="working days",
        low=1,
        high=365,
        description="Quiet days after which a draft is noted on the page.",
    )
    certainty: float = setting(
        "Certainty",
        default=0.0,
        unit="share",
        low=0.0,
        high=0.9,
        description="Instead of days: flag after 30 quiet days where such a share is not merged by itself, going by "
        "the project's past. 60, 70, 80 or 90 %, rounded down; below 60 %: by days alone.",
    )


YES_OR_NO = {
    "approved": "stalled-review.input-approved",
    "reviewed": "stalled-review.input-reviewed",
    "author_last": "stalled-review.input-author-last",
    "unfinished": "stalled-review.input-unfinished",
}
AMOUNTS = {"unpushed": "stalled-review.input-unpushed", "text": "stalled-review.input-text"}
"""The phrase of each input of a quiet pull request."""
NAMED = 2
"""How many inputs are named."""


def turn_of(pull: PullRequest) -> Turn:
    """Whose turn it is; time does not change it."""
    if pull.draft:
        return Turn.DRAFT
    if pull.checks is Checks.AWAITING_APPROVAL:
        return Turn.MAINTAINERS
    if pull.checks is Checks.RED or pull.mergeable is False:
        return Turn.AUTHOR
    if pull.review is Review.APPROVED:
        return Turn.MERGER
    if pull.last_word is not None and pull.last_word.side is not Side.AUTHOR:
        return Turn.AUTHOR
    return Turn.REVIEWERS


def judge(subject: Item, params: StalledReviewParams, now: datetime) -> Verdict:
    pull = subject.pull_request
    if (reason := set_aside(subject)) is not None or pull is None:
        return reason or skipped("stalled-review.unread")
    turn, since, precision = turn_of(pull), fell_quiet(subject), step_of(params.certainty)
    first = (
        subject.project.calendar.add_working_days(since, _days(turn, params)) if precision is None else since + QUIET
    )
    loud = first
    if turn is Turn.AUTHOR and params.author_comment_days > params.author_days:
        loud = subject.project.calendar.add_working_days(since, params.author_comment_days)
    dormant = dormant_at(subject.project, since)

    def look(at: datetime) -> Verdict:
        if at >= dormant:
            return clear("stalled-review.dormant", values={"since": since})
        if at < first:
            return clear("stalled-review.moving", values={"kind": subject.last_movement.kind, "since": since})
        flag = _flag(subject, pull, turn, reach=_reach(subject, turn, params, loud=at >= loud), since=since, now=at)
        return flag if precision is None else _by_the_past(subject, flag, precision=precision, quiet_at=first)

    return with_recheck(look, instants=(first, loud, dormant), now=now)


def set_aside(subject: Item) -> Verdict | None:
    """Why a pull request is not looked at, however quiet it is; None: it is."""
    pull = subject.pull_request
    if not subject.state.is_open:
        return clear("stalled-review.done", values={"on": subject.closed_at})
    if pull is None:
        return skipped("stalled-review.unread")
    if (reason := left_out(subject)) is not None:
        return reason
    if pull.queued:
        return clear("stalled-review.queued")
    base = next((link.other for link in subject.links if _is_open_base(link)), None)
    return None if base is None else skipped("stalled-review.stacked", values={"base": base})


def fell_quiet(subject: Item) -> datetime:
    """Since when a pull request is quiet; one that was a draft not before it was ready."""
    pull, quiet = subject.pull_request, quiet_since(subject)
    return quiet if pull is None or pull.ready_at is None or pull.draft else max(quiet, pull.ready_at)


def _by_the_past(subject: Item, flag: Verdict, *, precision: float, quiet_at: datetime) -> Verdict:
    """A flag where the past says that the like is not merged by itself; asked once, as of `quiet_at`: the answer does
    not change while nothing else does.
    """
    risk, inputs = subject.project.risks.get(NAME), quiet_pull_inputs(subject, quiet_at)
    threshold = threshold_at(risk, precision)
    if risk is None or threshold is None or inputs is None:
        return skipped("stalled-review.no-threshold", values={"percent": round(100 * precision)})
    said = stated(risk, inputs)
    if said.chance < threshold:
        return clear("stalled-review.goes-on")
    if subject.project.public or not said.worse:  # no forecast where everybody may read
        return flag
    because = Said("stalled-review.because", {"inputs": tuple(_phrase(one) for one in said.worse[:NAMED])})
    return replace(flag, evidence=(*flag.evidence, because))


def _phrase(push: Push) -> Said:
    if push.name in AMOUNTS:
        return Said(AMOUNTS[push.name])
    return Said(YES_OR_NO[push.name], {"yes": push.value > 0})


def _is_open_base(link: Link) -> bool:
    stacked = link.kind is LinkKind.STACKED_ON and not link.inbound
    return stacked and link.other_state is not None and link.other_state.is_open


def _days(turn: Turn, params: StalledReviewParams) -> int:
    return {
        Turn.AUTHOR: params.author_days,
        Turn.REVIEWERS: params.reviewer_days,
        Turn.MERGER: params.merger_days,
        Turn.MAINTAINERS: params.maintainers_days,
        Turn.DRAFT: params.draft_days,
    }[turn]


def _reach(subject: Item, turn: Turn, params: StalledReviewParams, *, loud: bool) -> Reach:
    """How far a flag at this turn may travel: volunteers are not prodded in public to review."""
    asked = {Turn.REVIEWERS: params.reviewer_reach, Turn.MERGER: params.merger_reach, Turn.DRAFT: Reach.PAGE}.get(
        turn, Reach.COMMENT
    )
    if turn is Turn.AUTHOR and not loud:
        asked = Reach.LABEL
    if subject.project.public and turn in (Turn.REVIEWERS, Turn.MAINTAINERS):
        return min(asked, Reach.LABEL, key=lambda reach: reach.rank)
    return asked


def _flag(subject: Item, pull: PullRequest, turn: Turn, *, reach: Reach, since: datetime, now: datetime) -> Verdict:
    quiet = days_between(subject.project, since=since, until=now)
    evidence, helps = _words(subject, pull, turn)
    code = {
        Turn.AUTHOR: "stalled-review.author",
        Turn.REVIEWERS: "stalled-review.reviewers",
        Turn.MERGER: "stalled-review.merger",
        Turn.MAINTAINERS: "stalled-review.maintainers",
        Turn.DRAFT: "stalled-review.draft",
    }[turn]
    step = pull.last_word or subject.last_movement
    return flagged(
        code,
        values={"quiet": quiet},
        since=since,
        evidence=evidence,
        helps=Said(helps),
        gist=f"{turn.value}:{step.kind}:{step.at.isoformat()}",
        severity=Severity.NOTE if turn is Turn.DRAFT else Severity.WARNING,
        reach=reach,
        refs=(subject.ref,),
    )


def _words(subject: Item, pull: PullRequest, turn: Turn) -> tuple[tuple[Said, ...], str]:
    """The lines of evidence and the code of what helps."""
    step = pull.last_word or subject.last_movement
    checks = pull.checks.value if pull.checks in (Checks.GREEN, Checks.RED, Checks.PENDING) else None
    conflicts = None if pull.mergeable is None else not pull.mergeable
    state = Said("stalled-review.state", {"checks": checks, "conflicts": conflicts})
    if checks is None:
        state = Said("stalled-review.conflicts", {"conflicts": conflicts})
    last = Said("stalled-review.last-step", {"step": step})
    if turn is Turn.AUTHOR:
        if step.side is not Side.AUTHOR:
            last = Said("stalled-review.unanswered", {"step": step})
        return (last, state) if checks or conflicts is not None else (last,), "stalled-review.helps-author"
    if turn is Turn.REVIEWERS:
        answers = step.kind == "push" and pull.first_review_at is not None and step.at > pull.first_review_at
        said = Said("stalled-review.waits-from", {"step": step, "answers": answers, "checks": checks})
        return (said, Said("stalled-review.asked", {"asked": pull.review_requested})), "stalled-review.helps-reviewers"
    if turn is Turn.MERGER:
        return (last, state) if checks or conflicts is not None else (last,), "stalled-review.helps-merger"
    if turn is Turn.MAINTAINERS:
        return (last, Said("stalled-review.checks-wait", {"fork": pull.from_fork})), "stalled-review.helps-maintainers"
    return (last,), "stalled-review.helps-draft"


TYPE = RuleType(
    name="stalled-review",
    title="Stalled review",
    sentence="Open pull requests that have gone quiet, and whose turn it is.",
    judges=Item,
    kinds=frozenset({Kind.PULL_REQUEST}),
    params=StalledReviewParams,
    judge=judge,
    doc=__doc__,
    label="stalled",
    label_color="d4d4d4",
    uses=("risk",),
)
