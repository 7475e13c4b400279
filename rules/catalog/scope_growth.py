"""One item that has become much bigger after work on it began.

What it finds
    Items whose check list, estimate or (for pull requests) changed lines have grown well beyond what they were at the
    start.

Why it matters
    An item that doubles while somebody works on it is a second item in disguise. Splitting it early is cheap; late it
    costs the date.

How it is judged
    An issue is measured against its size when work began: boxes of the check list (at least so many more, and so
    large a share) and the estimate. A check list that was first written after the start is planning, not growth, and
    boxes that come from a template are not counted. The text of the description is off by default, since it grows by
    logs and findings. A pull request is measured against its size at the first review: lines changed, by factor and
    by number. Tests and lock files cannot be told apart there.

What clears it
    Taking boxes out, a smaller estimate, splitting the item, or finishing it.

When it is wrong
    When review asked for the tests that make a pull request bigger, or when boxes are notes rather than work.

Example
    An item began with 6 boxes and has 10: 4 more, two thirds of what it was.
"""

from __future__ import annotations

from datetime import datetime

from rules.catalog.common import left_out, setting
from rules.facts import Item, Kind, Size
from rules.spec import Params, RuleType
from rules.verdict import Reach, Said, Severity, Verdict, clear, flagged, skipped


class ScopeGrowthParams(Params):
    """From how much growth on."""

    boxes_added: int = setting(
        "Boxes added",
        default=3,
        unit="boxes",
        low=1,
        high=100,
        description="At least so many more boxes than at the start.",
    )
    boxes_share: float = setting(
        "Share of boxes added",
        default=0.5,
        unit="share of the boxes at the start",
        low=0.0,
        high=10.0,
        description="And at least this share of what it had.",
    )
    estimate_share: float = setting(
        "Estimate raised by",
        default=0.5,
        unit="share of the estimate at the start; 0: off",
        low=0.0,
        high=10.0,
        description="Flags when the estimate has risen by this share.",
    )
    body_share: float = setting(
        "Description longer by",
        default=0.0,
        unit="share of the length at the start; 0: off",
        low=0.0,
        high=10.0,
        description="Flags when the description has grown by this share. Off: descriptions grow by logs and findings.",
    )
    pull_factor: float = setting(
        "Pull request, factor",
        default=2.0,
        unit="times the lines at the first review",
        low=1.0,
        high=100.0,
        description="Flags from this many times the lines changed at the first review,",
    )
    pull_lines: int = setting(
        "Pull request, lines", default=300, unit="lines", low=1, high=100_000, description="and so many lines more."
    )


def judge(subject: Item, params: ScopeGrowthParams, now: datetime) -> Verdict:
    if not subject.state.is_open:
        return clear("scope-growth.done", values={"on": subject.closed_at})
    if (reason := left_out(subject)) is not None:
        return reason
    if subject.kind is Kind.PULL_REQUEST:
        return _judge_pull(subject, params)
    if subject.started_at is None:
        return clear("scope-growth.not-started")
    if subject.at_start is None:
        return skipped("scope-growth.start-unknown")
    grown = _grown(subject.at_start, subject.size, params)
    if not grown:
        return clear("scope-growth.steady")
    private = subject.project.public and all(said.code == "scope-growth.estimate" for said in grown)
    shown = tuple(said for said in grown if not (subject.project.public and said.code == "scope-growth.estimate"))
    return flagged(
        "scope-growth.item",
        values={"since": subject.started_at},
        since=subject.started_at,
        evidence=shown or grown,
        helps=Said("scope-growth.helps"),
        gist=_gist(subject.size, grown),
        severity=Severity.NOTE if private else Severity.WARNING,
        reach=Reach.PAGE if private else Reach.COMMENT,
        refs=(subject.ref,),
        weight=float(subject.size.checklist_total),
    )


def _grown(start: Size, size: Size, params: ScopeGrowthParams) -> tuple[Said, ...]:
    """One line for each measure that has grown beyond its bound."""
    lines = []
    added = size.checklist_total - start.checklist_total
    if start.checklist_total and added >= max(params.boxes_added, params.boxes_share * start.checklist_total):
        values = {
            "added": added,
            "then": start.checklist_total,
            "now": size.checklist_total,
            "ticked": size.checklist_done,
        }
        lines.append(Said("scope-growth.boxes", values))
    then, estimate = start.estimate, size.estimate
    if params.estimate_share and then and estimate is not None and estimate >= then * (1 + params.estimate_share):
        lines.append(Said("scope-growth.estimate", {"then": then, "now": estimate}))
    longest = start.body_length * (1 + params.body_share)
    if params.body_share and start.body_length and size.body_length >= longest:
        lines.append(Said("scope-growth.body", {"then": start.body_length, "now": size.body_length}))
    return tuple(lines)


def _gist(size: Size, grown: tuple[Said, ...]) -> str:
    measures = {"scope-growth.boxes": size.checklist_total, "scope-growth.estimate": size.estimate}
    return ",".join(f"{said.code}={measures.get(said.code, '')}" for said in grown)


def _judge_pull(subject: Item, params: ScopeGrowthParams) -> Verdict:
    pull = subject.pull_request
    if pull is None or pull.first_review_at is None:
        return clear("scope-growth.not-reviewed")
    start = pull.size_at_first_review
    if start is None or start.lines is None or subject.size.lines is None:
        return skipped("scope-growth.start-unknown")
    then, lines = start.lines, subject.size.lines
    if lines < then * params.pull_factor or lines - then < params.pull_lines:
        return clear("scope-growth.steady")
    return flagged(
        "scope-growth.pull",
        values={"then": then, "now": lines, "since": pull.first_review_at},
        since=pull.first_review_at,
        evidence=(Said("scope-growth.unread"),),
        helps=Said("scope-growth.helps-pull"),
        # In hundreds: every push changes the exact number, and is no news.
        gist=f"lines={round(lines, -2)}",
        refs=(subject.ref,),
        weight=float(lines // 100),
    )


TYPE = RuleType(
    name="scope-growth",
    title="Scope growth",
    sentence="One item that has become much bigger after work on it began.",
    judges=Item,
    kinds=frozenset({Kind.ISSUE, Kind.SUBTASK, Kind.PULL_REQUEST}),
    params=ScopeGrowthParams,
    judge=judge,
    doc=__doc__,
    label="grown",
    label_color="fbca04",
)
