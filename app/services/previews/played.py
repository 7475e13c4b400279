"""What a rule would have done over the past, against the version in force and against other numbers of days: one feed,
many runs. What is known is told as time passes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from statistics import median, quantiles

from app.services.backtest.feed import LOOKS_BACK, Feed
from app.services.backtest.run import SAME, sets_of, with_neighbours
from app.services.previews.told import Against, Early, Lead, Named, Past, Span
from app.services.previews.tried import Tried
from app.store import past, previews
from app.store.database import Database, Tx
from app.store.scratch import copy, scratch
from app.store.views.scope import Visible
from rules import engine
from rules.backtest.flags import Key, key_of
from rules.backtest.outcome import Became
from rules.backtest.report import RuleReport, Scored, is_needless, report
from rules.backtest.run import Found, Moment, Run
from rules.facts import Project
from rules.spec import Rule
from rules.verdict import Reach, Severity

MOST_CHANGES = 200_000
"""So much that happened is played in the time there is; where there was more, a shorter time is played."""
MOMENTS = 4_000
"""Where more than this happened, what lies near together is one moment: of 180 days what lies within an hour."""
EARLY_CHANGES = 20_000
"""Where more than this happened, other numbers of days are tried on a share of the items to which about so much did."""
SHORTER = (120, 90, 60, 30, 14, 7, 3)
TELL_EVERY = 2.0
NAMED = 100
ENOUGH = 10
COPYING = 0.3
"""The share of the work that copying takes."""
WAITS: Mapping[str, tuple[str, ...]] = {
    "stalled-work": ("quiet_days",),
    "stalled-review": ("author_days", "reviewer_days", "merger_days", "maintainers_days"),
    "waiting-for-answer": ("called_days", "asked_days"),
    "abandoned-assignment": ("quiet_days",),
    "red-checks": ("days",),
    "blocked-too-long": ("days",),
}
"""Types that flag an item after so many days without movement, and the parameters that say how many."""
DAYS = (2, 3, 5, 7, 10, 14, 30)
A_DAY = timedelta(days=1)
Beat = Callable[[float], bool]
"""Told how much of this part is done, from 0 to 1; whether there is time to go on."""


class _TimeIsUp(Exception):
    """It took so long to get ready that nothing can be told of the past."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known so far."""

    past: Past
    against: Against | None = None
    early: Early | None = None
    a_week: tuple[float, float] | None = None


@dataclass(slots=True)
class Play:
    """One time being played: by the rule, by the version in force, and by the rule with other numbers of days."""

    db: Database
    tried: Tried
    visible: Visible
    where: Mapping[int, Project]
    now: datetime
    days: int
    main: Run = field(init=False)
    other: Run | None = field(init=False, default=None)
    early: dict[int, Run] = field(init=False, default_factory=dict)
    allowed: dict[Key, bool] = field(default_factory=dict)
    wanted: datetime = field(init=False)
    since: datetime = field(init=False)
    stopped: str = ""
    within: timedelta = SAME
    one_in: int = 1

    def __post_init__(self) -> None:
        before = self.tried.before
        beside = [one.rule for one in self.tried.beside]
        self.main = _run(self.tried.rule, beside)
        if before is not None and _prepared([before]):
            self.other = _run(before, beside)
        for days in _days_of(self.tried.rule):
            self.early[days] = _run(_after(self.tried.rule, days), beside)
        self.wanted = self.since = self.now - timedelta(days=self.days)

    @property
    def keys(self) -> frozenset[str]:
        return frozenset(project.key for project in self.where.values())

    def play(self, beat: Beat, tell: Callable[[Known], None]) -> None:
        """Play it, and tell now and then and at the end what is known. `beat` says whether there is time to go on; it
        may raise to stop at once.
        """
        with scratch() as tx, suppress(_TimeIsUp):
            self._copy(tx, beat)
            self._shorten(tx)
            self._through(tx, beat, tell)

    def _copy(self, tx: Tx, beat: Beat) -> None:
        """Copy what is played. Raises _TimeIsUp."""

        def heard() -> None:
            if not beat(0.0):
                raise _TimeIsUp

        with self.db.read() as live:
            ids = with_neighbours(live, self.keys)
            copy(tx, live, ids, heard=heard)

    def _shorten(self, tx: Tx) -> None:
        """Begin later where so much happened that it could not be played."""
        for days in (self.days, *(days for days in SHORTER if days < self.days)):
            self.since = self.now - timedelta(days=days)
            changes = past.changes_since(tx, self.since, settled_before=self.since - LOOKS_BACK)
            self.one_in = max(1, round(changes / EARLY_CHANGES))
            if changes > MOMENTS:
                self.within = max(SAME, (self.now - self.since) / MOMENTS)
            if changes <= MOST_CHANGES:
                break
            self.stopped = "much"

    def _through(self, tx: Tx, beat: Beat, tell: Callable[[Known], None]) -> None:
        runs = [self.main, *([self.other] if self.other is not None else [])]
        used = [self.tried.rule, *([self.tried.before] if self.tried.before is not None else [])]
        uses = {
            name
            for prepared in (self.tried.prepared, *self.tried.beside, *_prepared(used))
            for name in prepared.type.uses
        }
        feed = Feed(tx, since=self.since, until=self.now, within=self.within, uses=uses)
        last, pause, reached = time.monotonic(), TELL_EVERY, self.since
        for moment in feed.moments():
            for one in runs:
                one.take(moment)
            sample = self._sampled(moment)
            for one in self.early.values():
                one.take(sample)
            reached = moment.at
            part = (reached - self.since) / (self.now - self.since)
            if not beat(COPYING + (1 - COPYING) * part):
                self.stopped = "time"
                break
            if time.monotonic() - last > pause:
                began = time.monotonic()
                tell(self._known(reached, whole=False))
                last = time.monotonic()
                pause = max(TELL_EVERY, 10 * (last - began))
        if self.stopped == "time" and reached - self.since < A_DAY:
            raise _TimeIsUp  # so little says nothing
        tell(self._known(reached if self.stopped == "time" else self.now, whole=True))

    def _sampled(self, moment: Moment) -> Moment:
        """What other numbers of days are tried on."""
        if self.one_in == 1:
            return moment
        return replace(moment, subjects=tuple(one for one in moment.subjects if key_of(one)[1] % self.one_in == 0))

    # --- what is known

    def _known(self, until: datetime, *, whole: bool) -> Known:
        mine = self._report(self.main, self.tried.rule, until)
        past = _past(mine, since=self.since, until=until, wanted=self.wanted, whole=whole, stopped=self.stopped)
        if not whole:
            return Known(past)
        against = None
        if self.other is not None and self.tried.before is not None:
            theirs = self._report(self.other, self.tried.before, until)
            against = self._against(theirs, mine, self.tried.before)
        return Known(past, against, self._early(until), _a_week(mine))

    def _report(self, one: Run, rule: Rule, until: datetime) -> RuleReport:
        found = one.finish(until)
        seen = self._seen(found, rule.name)
        (told,) = report(seen, rules=[(rule.name, rule.type)], projects=self.keys).rules
        return told

    def _seen(self, found: Found, name: str) -> Found:
        """The flags of a rule on subjects that the asker may see."""
        flags = [flag for flag in found.flags if flag.rule == name]
        new = {flag.subject for flag in flags} - self.allowed.keys()
        if new:
            with self.db.read() as tx:
                for kind in ("item", "milestone"):
                    ids = [id_ for kind_, id_ in new if kind_ == kind]
                    seen = previews.seen(tx, kind, ids, visible=self.visible)
                    self.allowed |= {(kind, id_): id_ in seen for id_ in ids}
            self.allowed |= {key: key[1] in self.where for key in new if key[0] == "flow"}
        return replace(found, flags=[flag for flag in flags if self.allowed[flag.subject]])

    def _against(self, before: RuleReport, after: RuleReport, rule: Rule) -> Against:
        old, new = _first(before.flags), _first(after.flags)
        added, gone = [new[key] for key in new.keys() - old.keys()], [old[key] for key in old.keys() - new.keys()]
        return Against(
            version=rule.version,
            mode=rule.mode,
            added=len(added),
            removed=len(gone),
            both=len(old.keys() & new.keys()),
            added_named=self._named(added),
            removed_named=self._named(gone),
        )

    def _named(self, found: Iterable[Scored]) -> tuple[Named, ...]:
        ids = {project.key: id_ for id_, project in self.where.items()}
        latest = sorted(found, key=lambda one: (one.flag.opened_at, one.flag.subject), reverse=True)[:NAMED]
        return tuple(_of_flag(one, ids) for one in latest)

    def _early(self, until: datetime) -> Early | None:
        if not self.early:
            return None
        rows = []
        for days, one in sorted(self.early.items()):
            found = self._seen(one.finish(until), self.tried.rule.name)
            fresh = [flag for flag in found.flags if flag.subject[0] == "item" and flag.opened_at > self.since]
            rows.append((days, sum(is_needless(flag) for flag in fresh), len(fresh)))
        calendars = [project.calendar for project in self.where.values()]
        set_to = _set_to(self.tried)
        return Early(
            rows=tuple(rows),
            working=any(len(one.weekdays) < 7 for one in calendars),
            set_to=set_to.pop() if len(set_to) == 1 else 0,
            one_in=self.one_in,
        )


def _run(rule: Rule, beside: Sequence[Rule]) -> Run:
    others = [replace(one, mode="live") for one in beside]
    mine = rule if rule.mode == "off" else replace(rule, mode="live")
    return Run(sets_of([mine, *others]), as_live=True)


def _prepared(rules: Iterable[Rule]) -> list[engine.PreparedRule]:
    found = []
    for rule in rules:
        try:
            found.append(engine.prepare(rule))
        except engine.RuleError:  # the one in force needs mending: it flags nothing
            continue
    return found


def _days_of(rule: Rule) -> tuple[int, ...]:
    return DAYS if rule.type in WAITS else ()


def _after(rule: Rule, days: int) -> Rule:
    """The rule with another number of days."""
    return replace(rule, params={**rule.params, **dict.fromkeys(WAITS[rule.type], days)})


def _set_to(tried: Tried) -> set[int]:
    return {int(getattr(tried.prepared.params, name)) for name in WAITS[tried.rule.type]}


def _first(flags: Sequence[Scored]) -> dict[Key, Scored]:
    found: dict[Key, Scored] = {}
    for one in flags:
        found.setdefault(one.flag.subject, one)
    return found


def _of_flag(one: Scored, ids: Mapping[str, int]) -> Named:
    flag = one.flag
    return Named(
        kind=flag.subject[0],
        id=flag.subject[1],
        project_id=ids[flag.project],
        project=flag.project,
        key=flag.name,
        title=flag.title,
        code=flag.code,
        opened_at=flag.opened_at,
        since=flag.since,
        moved_at=flag.moved_at,
        became="standing" if flag.is_open else one.end.became.value,
    )


def _way(one: Scored) -> str:
    """How a flag ended, each in one way."""
    if one.flag.is_open:
        return "standing"
    if one.is_needless:
        return "needless"
    if one.end.became.is_bad:
        return "late"
    return "in_time" if one.end.became is Became.IN_TIME else "unknown"


def _past(told: RuleReport, *, since: datetime, until: datetime, wanted: datetime, whole: bool, stopped: str) -> Past:
    fresh = [one for one in told.flags if one.flag.opened_at > since]
    counts = _counted(fresh)
    lead = [one.lead for one in fresh if one.lead is not None]
    closed = [one for one in fresh if not one.flag.is_open and one.flag.subject[0] == "item"]
    return Past(
        since=since,
        until=until,
        wanted=wanted,
        whole=whole,
        stopped=stopped,
        flags=len(fresh),
        before=len(told.flags) - len(fresh),
        needless_of=len(closed),
        lead=_lead(lead),
        weeks=_spans(fresh, since, until, _monday),
        months=_spans(fresh, since, until, _month),
        **counts,
    )


def _counted(found: Sequence[Scored]) -> dict[str, int]:
    ways = [_way(one) for one in found]
    return {way: ways.count(way) for way in ("late", "in_time", "needless", "standing", "unknown")}


def _lead(found: Sequence[float]) -> Lead | None:
    if len(found) < ENOUGH:
        return None
    low, _, high = quantiles(found, n=4)
    return Lead(median=median(found), low=low, high=high, of=len(found))


def _monday(at: datetime) -> date:
    return at.date() - timedelta(days=at.weekday())


def _month(at: datetime) -> date:
    return at.date().replace(day=1)


def _spans(
    found: Sequence[Scored], since: datetime, until: datetime, begin: Callable[[datetime], date]
) -> tuple[Span, ...]:
    """Flags by the week or the month in which they opened, also those without any."""
    firsts: dict[date, list[Scored]] = {}
    at = since
    while at <= until:
        firsts.setdefault(begin(at), [])
        at += timedelta(days=1)
    firsts.setdefault(begin(until), [])
    for one in found:
        firsts.setdefault(begin(one.flag.opened_at), []).append(one)
    return tuple(Span(first, **_counted(mine)) for first, mine in sorted(firsts.items()))


def _a_week(told: RuleReport) -> tuple[float, float] | None:
    """New comments a week: one for each item that a flag opening in this time would have been told on."""
    weeks = {week.monday: 0 for week in told.weeks[1:-1]}  # the first and the last are no whole ones
    if len(weeks) < 4:
        return None
    told_on: set[int] = set()
    for one in told.flags:
        flag = one.flag
        if flag.home is None or flag.home in told_on or flag.severity is Severity.NOTE:
            continue
        if flag.loudest is Reach.COMMENT:
            told_on.add(flag.home)
            monday = _monday(flag.loud_at)
            if monday in weeks:
                weeks[monday] += 1
    low, _, high = quantiles(weeks.values(), n=4)
    return low, high
