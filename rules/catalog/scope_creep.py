"""A milestone that takes in more than was planned.

What it finds
    Milestones, versions, sprints and epics with a date that have grown since they were planned, net of what was taken
    out.

Why it matters
    Each addition is small and has a reason. Their sum is what moves the date, and nobody decides on the sum.

How it is judged
    The plan is what was in when it was made: when a person said so, one working day after the start, or a tenth of
    the way from the day the date was set to that date. Added since minus taken out since is the growth. Not growth:
    what was done before it joined or within a working day of joining; parts, splits and pull requests of what is in
    already; what an ended sprint or a released version left over; what moved between running sprints; labels such as
    "release". Something that was taken out and came back is no addition. An addition counts once it has been in for a
    working day. Flags when the growth reaches both a number and a share of the plan, or, where the team has eight
    finished milestones, a number and more than its own usual. Where at least 80 % of the items are sized the same
    share is also asked of the estimates.

What clears it
    Taking something out, or calling what is in now the new plan. Moving the date alone does not.

When it is wrong
    When planning was not over yet at the time the plan was read. Set the plan again and give the reason.

Example
    18 items were planned, 7 came in and 1 was taken out: 24 now, a third more.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from rules.baseline import (
    QUICK_DAYS,
    Growth,
    baseline_at,
    freezes_at,
    growth,
)
from rules.catalog.common import choice, known_from, setting
from rules.catalog.scope_creep_words import beside, evidence, headline, table
from rules.catalog.timing import with_recheck
from rules.facts import Baseline, Milestone
from rules.spec import Params, RuleType
from rules.verdict import Reach, Said, Severity, Verdict, clear, flagged, skipped


class ScopeCreepParams(Params):
    """From how much net growth on."""

    min_items: int = setting(
        "Items", default=3, unit="items, net", low=1, high=1000, description="At least so many items more than planned."
    )
    min_share: float = setting(
        "Share",
        default=0.2,
        unit="share of the planned items",
        low=0.0,
        high=10.0,
        description="And at least this share of the plan.",
    )
    either: bool = choice(
        "Either is enough",
        default=False,
        description="Flag when the items or the share is reached, not only when both are.",
    )
    own_usual: bool = choice(
        "The team's own usual",
        default=True,
        description="From eight finished milestones on: more growth than in three quarters of them.",
    )
    cut_off_days: int = setting(
        "Cut-off",
        default=0,
        unit="days before the date",
        low=0,
        high=365,
        description="On a train, where the date holds: additions count from this many days before it; 0: not at all.",
    )


def judge(subject: Milestone, params: ScopeCreepParams, now: datetime) -> Verdict:
    train = subject.project.settings.policy == "train"
    if not subject.open:
        return clear("scope-creep.closed", values={"on": subject.closed_at})
    if subject.gap:
        return skipped("common.gap")
    if subject.number is not None and subject.number in subject.project.settings.rolling_milestones:
        return skipped("common.rolling")
    stored = None if train else subject.baseline
    if subject.due is None and subject.start is None and (stored is None or stored.how != "command"):
        return skipped("common.bucket")
    if train and not (params.cut_off_days and subject.due):
        return skipped("scope-creep.train")
    freeze = stored.as_of if stored is not None else _freeze(subject, params, train=train)
    if freeze is None:
        return skipped("common.bucket")
    known = known_from(subject)
    if stored is None and known is not None and freeze < known:
        return skipped("common.known-since", values={"known": known})

    def look(at: datetime) -> Verdict:
        if at < freeze:
            return clear("scope-creep.not-planned-yet", values={"freezes": freeze})
        return _look(subject, params, baseline=stored or baseline_at(subject, freeze), now=at)

    calendar = subject.project.calendar
    joined = {m.joined_at for m in subject.members if m.joined_at is not None and m.joined_at > freeze}
    settled = [calendar.add_working_days(at, QUICK_DAYS) for at in joined]
    passed = [] if subject.due is None else [calendar.due_end(subject.due)]  # from then on it was due
    return with_recheck(look, instants=(freeze, *settled, *passed), now=now)


def _freeze(subject: Milestone, params: ScopeCreepParams, *, train: bool) -> datetime | None:
    if train and subject.due is not None:
        return subject.project.calendar.midnight(subject.due - timedelta(days=params.cut_off_days))
    return freezes_at(subject)


def _look(subject: Milestone, params: ScopeCreepParams, *, baseline: Baseline, now: datetime) -> Verdict:
    grown = growth(subject, baseline=baseline, now=now)
    if not grown.planned:
        return skipped("scope-creep.nothing-planned")
    by_items, by_estimates = _by_items(subject, params, grown), _by_estimates(params, grown)
    then = len(grown.planned)
    if not by_items and not by_estimates:
        return clear("scope-creep.within", values={"then": then, "now": then + grown.net})
    public = subject.project.public
    # In public nobody's effort is shown; growth that only the sizes show stays on the page.
    quiet = public and not by_items
    reason, rest = headline(subject, grown, by_items=by_items, now=now), beside(subject, grown)
    tables = subject.project.tracker == "github"
    return flagged(
        reason.code,
        values=reason.values,
        since=_since(grown, params),
        table=table(subject, grown) if tables else (),
        evidence=() if tables else evidence(subject, grown, beside=rest),
        below=(Said("scope-creep.below", {"parts": rest}),) if tables and rest else (),
        helps=Said("scope-creep.helps", {"title": subject.key}),
        footnote=Said("scope-creep.footnote", {"as_of": baseline.as_of, "how": _how(subject, baseline)})
        if tables
        else None,
        gist=_gist(subject, grown, reason),
        severity=Severity.NOTE if quiet else Severity.WARNING,
        reach=Reach.PAGE if quiet else Reach.COMMENT,
        refs=tuple(row.member.item for row in grown.added_counted),
        weight=float(grown.net),
    )


def _by_items(subject: Milestone, params: ScopeCreepParams, grown: Growth) -> bool:
    enough = grown.net >= params.min_items
    if params.own_usual and subject.own_p75_growth is not None:
        return enough and grown.share > subject.own_p75_growth
    much = grown.net > 0 and grown.share >= params.min_share
    return (enough or much) if params.either else (enough and much)


def _by_estimates(params: ScopeCreepParams, grown: Growth) -> bool:
    estimates = grown.estimates
    if estimates is None or estimates.share <= 0:
        return False
    much = estimates.share >= params.min_share
    return much and (params.either or estimates.changed >= params.min_items)


def _since(grown: Growth, params: ScopeCreepParams) -> datetime:
    """When the addition that made it enough joined; the time of the plan where the sizes alone have grown."""
    joined = sorted(row.member.joined_at for row in grown.added_counted if row.member.joined_at is not None)
    return joined[min(params.min_items, len(joined)) - 1] if joined else grown.as_of


def _how(subject: Milestone, baseline: Baseline) -> str:
    if baseline.how == "command":
        return "command"
    if subject.project.settings.policy == "train":
        return "cut-off"
    return "start" if subject.start is not None else "tenth"


def _gist(subject: Milestone, grown: Growth, reason: Said) -> str:
    added = ",".join(str(id_) for id_ in sorted(row.member.item.id for row in grown.added_counted))
    removed = ",".join(str(id_) for id_ in sorted(row.member.item.id for row in grown.removed))
    sizes = (
        f"{grown.estimates.then:g}>{grown.estimates.now:g}" if grown.estimates and not subject.project.public else ""
    )
    return f"as_of={grown.as_of.isoformat()};added={added};removed={removed};due={subject.due};sizes={sizes}" + (
        ";passed" if reason.values["was_due"] else ""
    )


TYPE = RuleType(
    name="scope-creep",
    title="Scope creep",
    sentence="Milestones that take in more than was planned.",
    judges=Milestone,
    params=ScopeCreepParams,
    judge=judge,
    doc=__doc__,
    label="grown",
    label_color="fbca04",
)
